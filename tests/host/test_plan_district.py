"""Seventeen real homes, each planning for itself on its own forecast: what their transformer sees."""

import numpy as np
import pytest
from home_rig import day_of_homes, idle_of_homes, year_or_skip

YEAR = year_or_skip()
OUTAGE = (36, 37)  # slots of 18:00-19:00, left out as the scenario's outage


@pytest.mark.parametrize("day", [15, 120, 240])
def test_transformer_peak_falls_and_no_new_one_appears(day: int) -> None:
    """The day's highest half hour is at most 0.85 of the one with idle batteries, all day long."""
    grid_w, homes = day_of_homes(YEAR, day)
    idle_w = np.delete(idle_of_homes(YEAR, day), OUTAGE)
    grid_w = np.delete(grid_w, OUTAGE)
    print(f"\nday {day}: peak {idle_w.max() / 1000:.1f} kW idle, {grid_w.max() / 1000:.1f} kW planned")
    assert grid_w.max() <= 0.85 * idle_w.max()
    assert all(home.soc_pu >= 0.30 - 0.002 for home in homes)
