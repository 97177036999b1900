"""The planner against a linear programme (HiGHS in SciPy) that knows the same day, on real homes."""

from array import array

import numpy as np
import pytest
from home_rig import year_or_skip

from host_tools.bench.plan import PEAK, SLOTS, TOU, WEAR, cost, day_of, least_cost, settings
from islet.plan.planner import Planner

YEAR = year_or_skip()


@pytest.mark.parametrize("day", [5, 15, 165, 240])
@pytest.mark.parametrize("home", [1, 5, 9, 17])
def test_plan_costs_hardly_more_than_the_optimum(home: int, day: int) -> None:
    """Of what the battery can save on the day, at most 3 % is lost."""
    load_w, pv_w = day_of(YEAR, home - 1, day)
    planner = Planner(settings(), peak_weight=PEAK, wear_per_kwh=WEAR)
    planner.solve(0, array("f", load_w), array("f", pv_w), TOU, 0.5)
    ours = cost(np.array(planner.grid_w) / 1000, np.array(planner.battery_w) / 1000, planner.plan.soc_pu[-1])
    best = least_cost((load_w - pv_w) / 1000, 0.5)
    idle = cost((load_w - pv_w) / 1000, np.zeros(SLOTS), 0.5)
    print(f"\nhome {home} day {day}: idle {idle:.3f} ours {ours:.3f} optimum {best:.3f}")
    assert best - 1e-6 <= ours
    assert ours - best <= 0.03 * (idle - best)
