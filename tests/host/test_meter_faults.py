"""Every fault of a meter is found by its own code, and nothing healthy raises one."""

from pathlib import Path

import pytest

from host_tools.plant.meter_faults import Scenario, run, scenarios
from islet.measure.findings import CODES

ALL = scenarios()
PAGE = Path(__file__).resolve().parents[2] / "docs" / "meter_checks.md"


@pytest.mark.parametrize("scenario", ALL, ids=lambda scenario: scenario.name)
def test_scenario(scenario: Scenario) -> None:
    """Codes and channels are exactly those expected, at the end of every window."""
    assert run(scenario) == scenario.expected


def test_every_code_has_a_scenario() -> None:
    """And the healthy ones are not outnumbered."""
    provoked = {code for scenario in ALL for code, _ in scenario.expected}
    assert provoked == set(CODES)
    assert sum(not scenario.expected for scenario in ALL) >= 20
    assert len({scenario.name for scenario in ALL}) == len(ALL)


def test_every_code_is_told() -> None:
    """Each has a row of its own in the page for the electrician."""
    text = PAGE.read_text(encoding="utf-8")
    assert [code for code in CODES if f"| `{code}` |" not in text] == []
