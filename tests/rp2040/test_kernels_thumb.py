"""The assembler's kernels on the emulated chip: the integers of the plain reference, and what they cost."""

from collections.abc import Iterator
from pathlib import Path

import on_board_kernels
import pytest
from rp2040_board import HERE, ROOT, Compile

from host_tools.hil.rp2040.rig import Rig
from islet.measure import kernels as plain

HAL = (
    "__init__",
    "kernels_rows",
    "kernels_viper",
    "kernels_thumb",
    "kernels_thumb_scans",
    "kernels_thumb_sums",
)
START = "import json\nimport on_board_kernels as work\nfrom hal import kernels_thumb, kernels_viper\n"


@pytest.fixture(scope="module")
def board(image: Path, compiled: Compile) -> Iterator[Rig]:
    """Yield a running board with both families of kernels."""
    files = {f"hal/{name}.mpy": compiled(ROOT / f"boards/hal/{name}.py") for name in HAL}
    files["on_board_kernels.mpy"] = compiled(HERE / "on_board_kernels.py")
    with Rig(image, files) as rig:
        rig.run(START)
        yield rig


@pytest.mark.parametrize("stride", on_board_kernels.STRIDES)
def test_integers_are_those_of_the_reference(board: Rig, stride: int) -> None:
    """Random and extreme windows, empty rows, every arm and room: check sums of all outputs, one by one."""
    found = board.json(f"print(json.dumps(work.integers(kernels_thumb, {stride})))")
    assert found == on_board_kernels.integers(plain, stride)
    assert len(set(found)) > 100  # the cases differ


def test_linearised_codes_are_those_of_the_reference(board: Rig) -> None:
    """Flags in the upper bits are dropped; what is outside stays; it may write onto its input."""
    found = board.json("print(json.dumps(work.straight(kernels_thumb)))")
    assert found == on_board_kernels.straight(plain)


def test_any_may_be_interrupted_by_any(board: Rig) -> None:
    """A hard interrupt locks the heap, so an allocation would end it; nothing of the two may be shared."""
    wrong, interrupts, wrong_there = board.json("print(json.dumps(work.Interrupted(kernels_thumb).run(600)))")
    assert (wrong, wrong_there) == (0, 0)
    assert interrupts > 100


def test_assembler_is_faster(board: Rig, capsys: pytest.CaptureFixture[str]) -> None:
    """Four times, without what a call costs that finds nothing to do; three where there are but 36 samples."""
    found = board.json("print(json.dumps(work.times(kernels_viper, kernels_thumb)))")
    slow = []
    with capsys.disabled():
        print("\nus a call, emulated RP2040: samples    idle   viper   thumb   times without idle")
        for name, samples, idle_us, viper_us, thumb_us in found:
            gain = (viper_us - idle_us) / (thumb_us - idle_us)
            print(f"{name:>26} {samples:9d} {idle_us:7.1f} {viper_us:7.1f} {thumb_us:7.1f} {gain:7.1f}")
            slow += [name] if gain < (4.0 if samples > 100 else 3.0) else []
    assert not slow
