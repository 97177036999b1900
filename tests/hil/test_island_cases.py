"""The island's cases: every limit of every case kept, on the rig in memory; a handful on the unix port as well."""

import os
from pathlib import Path

import pytest

from host_tools.hil.case_batch import INPROCESS, UNIX, in_processes, read_all, streets, work
from host_tools.hil.case_file import Named
from host_tools.hil.case_output import words
from host_tools.hil.case_result import Result

FOLDER = Path(__file__).resolve().parents[1] / "cases" / "island"
CASES = {one.name: one for one in read_all(sorted(FOLDER.glob("*.toml")), None)}
ON_BOTH = {  # and how far frequency extremes may differ: the way into step depends on when Modbus is found again
    "matrix-unplanned-export-day-mqtt": 0.02,
    "matrix-unplanned-import-day-both": 0.25,
    "reboot-RESYNC": 0.02,
    "three_phases-all": 0.02,
    "battery_empty": 0.02,
}
ALIKE = {  # what two rigs may differ by: a back-off is drawn anew, so a cycle or a round of Modbus
    "v_min_pu": 0.01,
    "dark_s": 0.12,
    "gap_ms": 110.0,
    "soc_end_pu": 0.002,
    "openings": 0.0,
    "closings": 0.0,
    "shed_level_max": 0.0,
    "critical_wh_lost": 0.05,
}


class Outcomes:
    """The results of the cases that were asked for, worked off when the first is needed, streets in processes."""

    def __init__(self, wanted: list[Named]) -> None:
        self._wanted = wanted
        self._found: dict[str, Result] = {}

    def of(self, name: str) -> Result:
        """Return the result of a case."""
        if name not in self._found:
            groups = streets(self._wanted, INPROCESS)
            for results in in_processes(groups, INPROCESS, min(os.cpu_count() or 1, len(groups))):
                self._found |= {result.name: result for result in results}
        return self._found[name]


@pytest.fixture(scope="module")
def outcomes(request: pytest.FixtureRequest) -> Outcomes:
    """Give the results of all cases that this run of pytest has chosen."""
    asked = [getattr(item, "callspec", None) for item in request.session.items]
    names = {spec.params["name"] for spec in asked if spec and "name" in spec.params}
    return Outcomes([CASES[name] for name in sorted(names & CASES.keys())])


def complaints(result: Result) -> list[str]:
    """Return what went wrong, a line a limit."""
    lines = [
        f"{check.name} is {words(check.measured, check.unit)}, {check.op} {words(check.value)} ({check.source})"
        for check in result.limits
        if not check.passed
    ]
    return (
        lines + [f"never happened: {event}" for event in result.missed] + [result.error] * bool(result.error)
    )


@pytest.mark.parametrize("name", CASES)
def test_a_case_keeps_its_limits(name: str, outcomes: Outcomes) -> None:
    result = outcomes.of(name)
    assert not complaints(result), [f"{change.t_s} {change.state} {change.why}" for change in result.path]
    assert result.passed


@pytest.mark.needs("micropython")
@pytest.mark.parametrize("name", ON_BOTH)
def test_both_rigs_go_the_same_way(name: str, outcomes: Outcomes) -> None:
    """The same firmware on two Pythons, over real sockets or none: the same states for the same reasons."""
    here = outcomes.of(name)
    [there] = work([CASES[name]], UNIX)
    assert not complaints(there)
    assert [(c.state, c.why) for c in there.path] == [(c.state, c.why) for c in here.path]
    # until the first back-off is drawn the moments are the same; in RESYNC small noise moves the closing
    early = [c.state for c in here.path].index("ISLAND") + 1
    assert [c.t_s for c in there.path[:early]] == pytest.approx([c.t_s for c in here.path[:early]], abs=0.11)
    hz = ON_BOTH[name]
    for figure, tolerance in {**ALIKE, "freq_nadir_hz": hz, "freq_peak_hz": hz}.items():
        assert there.measured[figure] == pytest.approx(here.measured[figure], abs=tolerance), figure


def test_the_matrix_is_whole() -> None:
    """IEEE 2030.8's axes: 2 x 3 x 2 x 4."""
    assert len([name for name in CASES if name.startswith("matrix-")]) == 48


def test_every_limit_says_where_it_comes_from() -> None:
    for one in CASES.values():
        assert all(len(limit.source) > 3 for limit in one.case.limit), one.name
