"""A board as MicroPython's build reads it: the port's own definition, with our options and flash layout over it."""

import os
from pathlib import Path

from host_tools.errors import InputError
from host_tools.provision.firmware.boardfile import BOARDS, LACKING, Board
from host_tools.provision.firmware.sources import Tree

SOURCE_DATE = "1746374438"  # 2025-05-04: the date in every image, so that the same content is the same bytes
SHARED = BOARDS / "rp2_build"  # of all boards with an RP2 chip


def need(board: Board, tree: Tree) -> None:
    """Raise InputError when the tree lacks what the board needs."""
    for part in board.firmware.needs:
        place, what = LACKING[part]
        if not (tree.path / place).exists():
            raise InputError(
                f"{board.name} needs {part} ({what}), which Debian does not package; set MICROPYTHON_SRC to a "
                "MicroPython checkout with its submodules (git clone --recurse-submodules)."
            )
    if not (upstream(board, tree) / "mpconfigboard.cmake").exists():
        raise InputError(
            f"boards/{board.name}/firmware.toml: this MicroPython has no board {board.firmware.upstream}."
        )


def upstream(board: Board, tree: Tree) -> Path:
    """Return the folder of the port's definition."""
    return tree.path / "ports" / board.firmware.port / "boards" / board.firmware.upstream


def inputs() -> list[Path]:
    """Return our files that a definition is made of."""
    return sorted(path for path in SHARED.rglob("*") if path.suffix in {".c", ".h", ".cmake"})


def write(board: Board, tree: Tree, folder: Path) -> None:
    """Write the definition into `folder`: includes only, so that each setting stands in one file."""
    folder.mkdir(parents=True, exist_ok=True)
    base, size = upstream(board, tree), board.firmware.flash.filesystem_bytes
    parts = [SHARED / "ppp", SHARED / "options"] if board.firmware.network == "ppp" else [SHARED / "options"]
    header = [
        f'#include "{base}/mpconfigboard.h"',
        "#undef MICROPY_HW_FLASH_STORAGE_BYTES",
        f"#define MICROPY_HW_FLASH_STORAGE_BYTES ({size})",
        *(f'#include "{part}.h"' for part in parts),
    ]
    cmake = [f"include({base}/mpconfigboard.cmake)", *(f"include({part}.cmake)" for part in parts)]
    (folder / "mpconfigboard.h").write_text("\n".join(header) + "\n")
    (folder / "mpconfigboard.cmake").write_text("\n".join(cmake) + "\n")
    if (base / "pins.csv").exists():
        (folder / "pins.csv").write_bytes((base / "pins.csv").read_bytes())


def env(tree: Tree, work: Path) -> dict[str, str]:
    """Return the environment of a build: fixed date, and no place of this machine in the image."""
    maps = " ".join(f"-ffile-prefix-map={place}=." for place in (work, tree.path, BOARDS))
    date = os.environ.get("SOURCE_DATE_EPOCH", SOURCE_DATE)
    flags = {"CFLAGS": maps, "CXXFLAGS": maps, "ASMFLAGS": maps}
    same = {"SOURCE_DATE_EPOCH": date, "PYTHONHASHSEED": "0"}  # the port's scripts go through sets of names
    return {**tree.env(), **flags, **same}
