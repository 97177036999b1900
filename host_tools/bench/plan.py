"""The planner on MicroPython against a linear programme (HiGHS in SciPy) that knows the same day."""

import json
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.optimize import linprog  # type: ignore[import-untyped]

from host_tools.city.dataset import Year, load_year
from host_tools.hil.script import run_script
from host_tools.plant.types import Floats
from islet.plan.worth import ETA

SCRIPT = Path(__file__).parent / "upy" / "plan.py"
SLOT_S = 1800
SLOTS = 48
HOURS = SLOT_S / 3600
TOU = [0.22] * 16 + [0.54] * 5 + [0.22] * 3  # of the data set's summer weekdays
FEED_IN, PEAK, WEAR, FLOOR, TERMINAL = 0.05, 0.3, 0.03, 0.30, 0.8 * 0.22
BATTERY_KWH, BATTERY_KW, START_PU = 6.4, 5.0, 0.5
TANGENTS = np.linspace(0.0, 12.0, 49)  # kW; the parabola from below
PRICE = np.repeat(TOU, SLOTS // 24)


def settings(**changes: object) -> SimpleNamespace:
    """Return the part of a node's settings that plan and balance read."""
    base: dict[str, object] = {
        "battery_rated_w": 1000.0 * BATTERY_KW,
        "battery_wh": 1000.0 * BATTERY_KWH,
        "soc_min_pu": 0.05,
        "soc_max_pu": 1.0,
        "reserve_soc_pu": FLOOR,
        "import_rated_w": 13_800.0,
        "export_rated_w": 10_000.0,
        "plan_slot_s": SLOT_S,
        "feed_in_per_kwh": FEED_IN,
    }
    return SimpleNamespace(**{**base, **changes})


def cost(grid_kw: Floats, battery_kw: Floats, soc_pu: float) -> float:
    """Return the planner's objective for a path, from its definition (currency)."""
    energy = np.where(grid_kw > 0, PRICE, FEED_IN) * grid_kw
    stored_kw = np.where(battery_kw > 0, battery_kw / ETA, -battery_kw * ETA)
    peak = PEAK * np.maximum(grid_kw, 0) ** 2
    left = TERMINAL * (soc_pu - FLOOR) * BATTERY_KWH
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
    room, held = (1.0 - soc_pu) * BATTERY_KWH, (soc_pu - FLOOR) * BATTERY_KWH
    above = [np.hstack([zero, zero, 2 * g * eye, zero, -eye]) for g in TANGENTS]
    found = linprog(
        objective,
        A_ub=np.vstack([energy, -energy, *above]),
        b_ub=np.concatenate([np.full(n, room), np.full(n, held), *(np.full(n, g * g) for g in TANGENTS)]),
        A_eq=balance,
        b_eq=net_kw,
        bounds=[(0, BATTERY_KW)] * (2 * n) + [(0, None)] * (3 * n),
        method="highs",
    )
    if found.status:
        raise ArithmeticError(f"linear programme: {found.message}")
    return float(found.fun) - TERMINAL * held


def day_of(year: Year, home: int, day: int) -> tuple[Floats, Floats]:
    """Return load and PV (W) by slot of one home (0 is the first) and day of the year of data."""
    hours = slice(day * 24, (day + 1) * 24)
    return year.load_wh[home, hours].repeat(SLOTS // 24), year.pv_wh[home, hours].repeat(SLOTS // 24)


def measure(quick: bool) -> dict[str, Any]:
    """Return what the plans lose of the batteries' possible saving, and ms a plan, over homes and days."""
    year = load_year()
    days = range(5, 365, 90 if quick else 15)
    chosen = [day_of(year, home, day) for day in days for home in range(len(year.names))]
    plans = _plans(chosen)
    began = time.perf_counter()
    best = np.array([least_cost((load - pv) / 1000, START_PU) for load, pv in chosen])
    lp_ms = 1000 * (time.perf_counter() - began) / len(chosen)
    ours = np.array([_cost_of(plan) for plan in plans])
    idle = np.array([cost((load - pv) / 1000, np.zeros(SLOTS), START_PU) for load, pv in chosen])
    plan_ms = float(np.median([plan["ms"] for plan in plans]))
    lost_pu = (ours - best) / (idle - best)
    result = {
        "plans": len(plans),
        "saving_lost_pu_mean": round(float((ours - best).sum() / (idle - best).sum()), 4),
        "saving_lost_pu_p95": round(float(np.percentile(lost_pu, 95)), 4),
        "saving_lost_pu_max": round(float(lost_pu.max()), 4),
        "cost_over_optimum": round(float(ours.sum() / best.sum()), 4),
        "idle_over_optimum": round(float(idle.sum() / best.sum()), 4),
        "plan_ms": round(plan_ms, 2),
        "linear_programme_ms": round(lp_ms, 1),
        "speedup_over_linear_programme": round(lp_ms / plan_ms, 1),
    }
    _tell(result)
    return result


def _plans(days: list[tuple[Floats, Floats]]) -> list[Any]:
    head = {"settings": vars(settings()), "peak_weight": PEAK, "wear_per_kwh": WEAR}
    asked = [
        {"load_w": load.tolist(), "pv_w": pv.tolist(), "price": TOU, "soc_pu": START_PU} for load, pv in days
    ]
    return run_script(SCRIPT, lines="".join(json.dumps(each) + "\n" for each in (head, *asked)))


def _cost_of(plan: Any) -> float:
    return cost(np.array(plan["grid_w"]) / 1000, np.array(plan["battery_w"]) / 1000, plan["soc_pu"])


def _tell(result: dict[str, Any]) -> None:
    print(
        f"Planner.solve, 48 slots, {result['plans']} days of real homes known in advance: the plans cost "
        f"{result['cost_over_optimum']} of the optimum, idle batteries {result['idle_over_optimum']}; of what a "
        f"battery can save, {result['saving_lost_pu_mean']:.1%} is lost. {result['plan_ms']} ms a plan on the unix "
        f"port, {result['linear_programme_ms']} ms for the linear programme (HiGHS)."
    )
