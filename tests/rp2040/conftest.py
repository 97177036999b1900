"""The emulated RP2040 for these tests: its image from ISLET_RP2040_IMAGE, its code through mpy-cross."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from rp2040_board import HAL, HERE, ROOT, Compile, Counter

from host_tools.hil.case_batch import IMAGE
from host_tools.hil.rp2040.rig import BOARD, Rig

CLEAN = """
halt()
for name in [name for name in globals() if name not in plain and name != "plain"]:
    del globals()[name]
"""


@pytest.fixture(scope="session")
def image() -> Path:
    """Return the MicroPython image of the plain Pico; skip when none is named."""
    named = os.environ.get("ISLET_RP2040_IMAGE")
    if not named:
        pytest.skip("ISLET_RP2040_IMAGE names no MicroPython image (.uf2) of the plain Pico")
    path = Path(named)
    assert path.exists(), f"ISLET_RP2040_IMAGE: {path} does not exist"
    return path


@pytest.fixture(scope="session")
def board_image() -> Path:
    """Return the emulated board's image, ISLET_BOARD_IMAGE or what the Makefile made; skip when there is none."""
    path = Path(os.environ.get("ISLET_BOARD_IMAGE", IMAGE))
    if not path.exists():
        pytest.skip(f"{path} is missing; make it with 'make rp2040-image'")
    return path


@pytest.fixture(scope="module")
def board(board_image: Path) -> Iterator[Rig]:
    """Yield a running board at its prompt, its flash without a node's files."""
    with Rig(board_image, {"note": b"left here"}, BOARD) as rig:
        rig.run("import gc, machine, os, time")
        yield rig


@pytest.fixture(scope="session")
def compiled(program: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Return a function from a source to its bytecode for the chip."""
    folder = tmp_path_factory.mktemp("mpy")

    def of(source: Path) -> bytes:
        target = folder / "module.mpy"
        command = [program("mpy-cross"), "-march=armv6m", "-s", source.name, "-o", str(target), str(source)]
        subprocess.run(command, check=True, capture_output=True)
        return target.read_bytes()

    return of


@pytest.fixture(scope="session")
def sampler_files(compiled: Compile) -> dict[str, bytes]:
    """Return the flash of a board with the sampler and the tests' own helper."""
    hal = {f"hal/{name}.mpy": compiled(ROOT / "boards/hal" / f"{name}.py") for name in HAL}
    return {**hal, "on_board.mpy": compiled(HERE / "on_board.py")}


@pytest.fixture(scope="session")
def one_rig(image: Path, sampler_files: dict[str, bytes]) -> Iterator[Rig]:
    """Yield one running board for all tests of the sampler."""
    with Rig(image, sampler_files) as rig:
        rig.run("from on_board import *\nplain = set(globals())")
        yield rig


@pytest.fixture
def rig(one_rig: Rig) -> Rig:
    """Return the board at rest, its memory free, with counting inputs, no errors, no conversion counted yet."""
    one_rig.analog.flagged = lambda number: False
    one_rig.run(CLEAN)
    one_rig.analog.wave = Counter()
    one_rig.analog.clear()
    return one_rig
