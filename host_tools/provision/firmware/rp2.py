"""Boards with an RP2 chip: MicroPython's port configured, compiled, linked and packed as UF2."""

import shutil
import sys
from pathlib import Path

from host_tools.errors import RunError
from host_tools.provision.firmware import definition, rom
from host_tools.provision.firmware.boardfile import Board
from host_tools.provision.firmware.sources import Tree
from host_tools.provision.firmware.steps import Steps

FAMILY = {"rp2040": "0xe48bff56", "rp2350": "0xe48bff59"}  # microsoft/uf2, utils/uf2families.json
FLASH_BASE = 0x10000000
ELF = "firmware.elf"


def configure(
    board: Board, tree: Tree, work: Path, manifest: Path, env: dict[str, str], steps: Steps
) -> None:
    """Configure the port's build in work/out, unless that was done."""
    if (work / "out" / "Makefile").exists():
        return
    definition.write(board, tree, work / "board")
    settings = {
        "MICROPY_BOARD": board.name.upper(),
        "MICROPY_BOARD_DIR": work / "board",
        "MICROPY_FROZEN_MANIFEST": manifest,
        "PICO_NO_PICOTOOL": 1,
        "PICO_BUILD_DOCS": 0,
    }
    command = ["cmake", "-S", str(tree.path / "ports" / "rp2"), "-B", str(work / "out")]
    with steps.step("configuring"):
        steps.run(command + [f"-D{name}={value}" for name, value in settings.items()], env=env)


def forget_frozen(out: Path) -> None:
    """Remove what was frozen before: the port's build does not see what is no longer in a manifest."""
    shutil.rmtree(out / "frozen_mpy", ignore_errors=True)
    (out / "frozen_content.c").unlink(missing_ok=True)


def keep_in_flash(out: Path, env: dict[str, str], steps: Steps) -> None:
    """Freeze, and add tables of what need not be made anew in RAM at each start."""
    steps.run(["make", "-C", str(out), "BUILD_FROZEN_CONTENT"], env=env)
    content, said = rom.extended((out / "frozen_content.c").read_text())
    target = out / "rom" / "frozen_content.c"
    target.parent.mkdir(exist_ok=True)
    if not (target.exists() and target.read_text() == content):
        target.write_text(content)
    steps.say(f"         {said}")


def pack(board: Board, tree: Tree, out: Path, target: Path, steps: Steps) -> None:
    """Write the UF2 file of what was linked; RunError when it reaches into the file system."""
    binary, flash = out / "firmware.bin", board.firmware.flash
    over = binary.stat().st_size - flash.filesystem_offset
    if over > 0:
        raise RunError(
            f"the image of {board.name} is {over} bytes too long: it would reach into the file system at "
            f"{flash.filesystem_offset:#x}; freeze less (boards/{board.name}/manifest.py)."
        )
    convert = [sys.executable, str(tree.path / "tools" / "uf2conv.py"), "-c"]
    family = FAMILY[board.firmware.chip]
    steps.run([*convert, "-f", family, "-b", f"{FLASH_BASE:#x}", "-o", str(target), str(binary)])
