"""The planner against a linear programme (HiGHS in SciPy) that knows the same day, on real homes."""

from array import array

import numpy as np
import pytest
from home_rig import SLOT_S, SLOTS, TOU, settings, year_or_skip
from scipy.optimize import linprog

from host_tools.plant.types import Floats
from islet.plan.planner import ETA, Planner

YEAR = year_or_skip()
HOURS = SLOT_S / 3600
FEED_IN, PEAK, WEAR, FLOOR, TERMINAL = 0.05, 0.3, 0.03, 0.30, 0.8 * 0.22
TANGENTS = np.linspace(0.0, 12.0, 49)  # kW; the parabola from below
PRICE = np.repeat(TOU, 2)


def cost(grid_kw: Floats, battery_kw: Floats, soc_pu: float) -> float:
    """Return the planner's objective for a path, from its definition (currency)."""
    energy = np.where(grid_kw > 0, PRICE, FEED_IN) * grid_kw
    stored_kw = np.where(battery_kw > 0, battery_kw / ETA, -battery_kw * ETA)
    peak = PEAK * np.maximum(grid_kw, 0) ** 2
    left = TERMINAL * (soc_pu - FLOOR) * 6.4
    return float(np.sum(energy + peak + WEAR * stored_kw) * HOURS - left)


def least_cost(net_kw: Floats, soc_pu: float) -> float:
    """Return a lower bound; columns, by slot: charge, discharge, import, export, square of import."""
    n = SLOTS
    eye, zero = np.eye(n), np.zeros((n, n))
    wear_c, wear_d = WEAR * ETA * HOURS, WEAR / ETA * HOURS
    left_c, left_d = TERMINAL * ETA * HOURS, -TERMINAL / ETA * HOURS
    objective = np.concatenate(
        [
            np.full(n, wear_c - left_c),
            np.full(n, wear_d - left_d),
            PRICE * HOURS,
            np.full(n, -FEED_IN * HOURS),
            np.full(n, PEAK * HOURS),
        ]
    )
    balance = np.hstack([-eye, eye, eye, -eye, zero])  # discharge - charge + import - export = net
    total = np.tril(np.ones((n, n))) * HOURS
    energy = np.hstack([total * ETA, -total / ETA, zero, zero, zero])
    room, held = (1.0 - soc_pu) * 6.4, (soc_pu - FLOOR) * 6.4
    above = [np.hstack([zero, zero, 2 * g * eye, zero, -eye]) for g in TANGENTS]
    found = linprog(
        objective,
        A_ub=np.vstack([energy, -energy, *above]),
        b_ub=np.concatenate([np.full(n, room), np.full(n, held), *(np.full(n, g * g) for g in TANGENTS)]),
        A_eq=balance,
        b_eq=net_kw,
        bounds=[(0, 5)] * (2 * n) + [(0, None)] * (3 * n),
        method="highs",
    )
    assert found.status == 0
    return float(found.fun) - TERMINAL * held


@pytest.mark.parametrize("day", [5, 15, 165, 240])
@pytest.mark.parametrize("home", [1, 5, 9, 17])
def test_plan_costs_hardly_more_than_the_optimum(home: int, day: int) -> None:
    """Of what the battery can save on the day, at most 3 % is lost."""
    hours = slice(day * 24, (day + 1) * 24)
    load_w = YEAR.load_wh[home - 1, hours].repeat(2)
    pv_w = YEAR.pv_wh[home - 1, hours].repeat(2)
    planner = Planner(settings(), peak_weight=PEAK, wear_per_kwh=WEAR)
    planner.solve(0, array("f", load_w), array("f", pv_w), TOU, 0.5)
    ours = cost(np.array(planner.grid_w) / 1000, np.array(planner.battery_w) / 1000, planner.plan.soc_pu[-1])
    best = least_cost((load_w - pv_w) / 1000, 0.5)
    idle = cost((load_w - pv_w) / 1000, np.zeros(SLOTS), 0.5)
    print(f"\nhome {home} day {day}: idle {idle:.3f} ours {ours:.3f} optimum {best:.3f}")
    assert best - 1e-6 <= ours
    assert ours - best <= 0.03 * (idle - best)
