"""Randomised ways back: an island of any load and charge meets a grid of any phase, frequency and voltage."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.hil.case_batch import Batch
from host_tools.hil.case_file import Named, check
from host_tools.hil.case_result import Result

LOST_S = 1.0
BACK_S = 4.0
DURATION_S = 32.0
STEPPED_S = 40.0  # with load steps it takes longer
STEP_WITHIN_S = 1.2
ENTER_S = 1.0  # enter service shortened: what is tried here is what comes after it
# "table 5" is that of IEEE 1547-2018, up to 500 kVA
CLOSE_DEG, CLOSE_HZ, CLOSE_PCT = 3.0, 0.05, 2.0
GRID_HZ = (49.6, 50.05)  # within the enter-service limits, 49.5 to 50.1 Hz
GRID_PU = (0.93, 1.04)  # within 0.917 to 1.05 pu
WANDER_HZ = 0.08
WANDER_S = 8.0
LIMITS: list[dict[str, Any]] = [
    {"name": "close_angle_deg", "op": "max", "value": CLOSE_DEG, "unit": "deg", "source": "practice; table 5 has 20"},
    {"name": "close_slip_hz", "op": "max", "value": CLOSE_HZ, "unit": "Hz", "source": "practice; table 5 has 0.3"},
    {"name": "close_dv_pct", "op": "max", "value": CLOSE_PCT, "unit": "%", "source": "practice; table 5 has 10"},
    {"name": "closings", "op": "equal", "value": 1.0, "source": "it comes back, once"},
    {"name": "freq_out_of_band_s", "op": "max", "value": 0.0, "unit": "s", "source": "EN 50160, island"},
    {"name": "critical_wh_lost", "op": "max", "value": 0.0, "unit": "Wh", "source": "generation carries it"},
]  # fmt: skip


def drawn(count: int, seed: int) -> list[Named]:
    """Return so many cases; a seed gives the same ones again."""
    rng = np.random.default_rng(seed)
    return [_case(k, rng) for k in range(count)]


def _case(k: int, rng: np.random.Generator) -> Named:
    load_w = float(rng.uniform(200.0, 3500.0))
    parts = load_w * rng.dirichlet((4.0, 3.0, 2.0))
    hz, pu = float(rng.uniform(*GRID_HZ)), float(rng.uniform(*GRID_PU))
    steps = _steps(rng, load_w)
    table: dict[str, Any] = {
        "case": {
            "title": f"reclosing {k}",
            "source": "drawn at random",
            "duration_s": STEPPED_S if steps else DURATION_S,
            "seed": int(rng.integers(1 << 30)),
        },
        "site": {"settings": {"enter_service_s": ENTER_S, "soft_return_s": 1.0}},
        "devices": {
            "form_ms": float(rng.uniform(40.0, 100.0)),
            "close_ms": 50.0,
            "jitter_ms": float(rng.uniform(0.0, 2.0)),
        },
        "start": {
            "soc_pu": float(rng.uniform(0.35, 0.9)),
            "load_w": parts.tolist(),
            "pv_w": float(rng.choice((0.0, 500.0, 2500.0))),
        },
        "event": [
            {"at_s": LOST_S + float(rng.uniform(0.0, 0.02)), "do": "grid_lost"},
            {"at_s": BACK_S, "do": "grid_back", "hz": hz, "pu": pu, "deg": float(rng.uniform(-180.0, 180.0))},
            *_wander(rng, hz),
            *steps,
        ],
        "limit": LIMITS,
    }
    return Named(f"reclosing-{k}", Path(__file__), check(table))


def _wander(rng: np.random.Generator, hz: float) -> list[dict[str, Any]]:
    """Return a frequency that wanders, as a small grid's does; half of the grids stand still."""
    if rng.uniform() < 0.5:
        return []
    low, high = GRID_HZ
    return [
        {
            "at_s": at_s,
            "do": "grid_frequency",
            "hz": float(np.clip(hz + rng.uniform(-WANDER_HZ, WANDER_HZ), low, high)),
            "over_s": WANDER_S,
        }
        for at_s in np.arange(BACK_S + 1.0, DURATION_S - 1.0, WANDER_S).tolist()
    ]


def _steps(rng: np.random.Generator, load_w: float) -> list[dict[str, Any]]:
    """Return load steps of up to 25 % of what runs, in a third of the islands, before and while they find the grid.

    None falls into the contactor's travel, where nothing can be done about it: tests/cases/island/late_step.toml
    has that.
    """
    if rng.uniform() < 0.67:
        return []
    step_w = float(rng.uniform(0.1, 0.25)) * load_w
    before_s, within_s = float(rng.uniform(0.3, 2.5)), float(rng.uniform(0.0, STEP_WITHIN_S))
    return [
        {"in_state": "ISLAND", "after_s": before_s, "do": "load_step", "w": step_w, "tier": "critical"},
        {"in_state": "RESYNC", "after_s": within_s, "do": "load_step", "w": -step_w, "tier": "critical"},
    ]


async def play(cases: Sequence[Named]) -> list[Result]:
    """Run cases side by side, on this Python."""
    return [result for _, result in await Batch(cases).execute()]
