"""A case on the emulated chip: the board's image in step with the plant; the grid is lost, then the power."""

import asyncio
from pathlib import Path

import pytest

from host_tools.errors import InputError
from host_tools.hil import case_batch
from host_tools.hil.case_result import Result

CASE = """
[case]
title = "The grid fails, then the board's power"
source = "own"
duration_s = 5
[site.settings]
enter_service_s = 3
[start]
soc_pu = 0.6
load_w = [800, 300, 100]
[[event]]
at_s = 2.5
do = "grid_lost"
[[event]]
at_s = 3.5
do = "reboot"
off_s = 0.5
[[limit]]
name = "detect_ms"
op = "max"
value = 120
unit = "ms"
source = "a cycle and a half of the fast path, and two erases of 45 ms that it may fall into"
[[limit]]
name = "openings"
op = "equal"
value = 1
source = "one loss of the grid"
[[limit]]
name = "states"
op = "contains"
value = ["GRID", "FORMING"]
source = "the way into the island"
"""


def run(path: Path, image: Path) -> tuple[Result, "case_batch.Run"]:
    """Return what came of a case on the chip, and its run."""
    done = asyncio.run(case_batch.execute(case_batch.read_all([path], None), case_batch.RP2040, image=image))
    return done[0][1], done[0][0]


def test_the_grid_is_lost_and_then_the_power(board_image: Path, tmp_path: Path) -> None:
    """The pin opens the contactor; after the power cut the firmware starts again on its flash."""
    path = tmp_path / "lost.toml"
    path.write_text(CASE)
    result, one = run(path, board_image)
    assert result.error == ""
    assert all(check.passed for check in result.limits), result.limits
    bench = one._bench
    assert bench.rig.flash.commands > 0
    assert b"boot" in bench.saved("island.json")
    assert bench.rig.analog.wave.slips == 0


def test_a_missing_image_is_told_with_what_to_do(tmp_path: Path) -> None:
    """The sentence names the file and the command that makes it."""
    with pytest.raises(InputError, match=r"none\.uf2 is missing; make it with 'make rp2040-image'"):
        case_batch.run_all([], case_batch.RP2040, True, None, 1, tmp_path / "none.uf2")


def test_three_phases_are_refused(board_image: Path, tmp_path: Path) -> None:
    """The board has three inputs for one phase; the case fails with the reason."""
    path = tmp_path / "three.toml"
    path.write_text(
        CASE.replace("[site.settings]", "[site]\nphases = 3\n[site.settings]").replace(
            "load_w = [800, 300, 100]", "load_w = [800, 300, 100]\nload_share = [0.4, 0.3, 0.3]"
        )
    )
    assert "measures one phase" in run(path, board_image)[0].error
