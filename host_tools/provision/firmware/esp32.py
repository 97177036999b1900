"""Boards with an ESP32: the port's own build, in a shell where Espressif's ESP-IDF is set up."""

import os
import shutil
from pathlib import Path

from host_tools.errors import InputError
from host_tools.provision.firmware.boardfile import Board
from host_tools.provision.firmware.sources import Tree

ELF = "micropython.elf"


def need(board: Board) -> None:
    """Raise InputError when what only Espressif and MicroPython give is missing."""
    missing = [name for name in ("MICROPYTHON_SRC", "IDF_PATH") if not os.environ.get(name)]
    if missing:
        raise InputError(
            f"{board.name} has an {board.firmware.chip}: set {' and '.join(missing)}; its image needs a checkout of "
            "MicroPython with submodules and Espressif's ESP-IDF (run its export.sh first), which no package has."
        )
    if shutil.which("idf.py") is None:
        raise InputError("idf.py is not on the PATH; run '. $IDF_PATH/export.sh' in this shell first.")


def identity() -> str:
    """Return what tells one ESP-IDF from another."""
    version = Path(os.environ["IDF_PATH"]) / "version.txt"
    return version.read_text() if version.exists() else os.environ.get("ESP_IDF_VERSION", "")


def command(board: Board, tree: Tree, manifest: Path, out: Path) -> list[str]:
    """Return the command that builds the image in `out`."""
    settings = {"BOARD": board.firmware.upstream, "BUILD": out, "FROZEN_MANIFEST": manifest}
    if board.firmware.variant:
        settings["BOARD_VARIANT"] = board.firmware.variant
    return [
        "make",
        "-C",
        str(tree.path / "ports" / "esp32"),
        *(f"{name}={value}" for name, value in settings.items()),
    ]
