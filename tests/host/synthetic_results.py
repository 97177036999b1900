"""Made-up results of the right shape for tests; nothing here was simulated or measured."""

import math
import random

from host_tools.dashboard.results import Building, Event, Fault, Meta, Results, Run, Series, Side, Summary

OUTAGE_S = (18.5 * 3600, 19.75 * 3600)
BACK_S = OUTAGE_S[1] + 900


def synthetic(n: int = 17, seed: int = 1) -> Results:
    """Return a plausible day of n buildings with one outage in the evening."""
    dice = random.Random(seed)
    return Results(
        meta=Meta(
            seed, "2022-07-12", n, "IEEE European LV test feeder", 100_000.0, 86_400.0, "USD",
            [Fault("outage", *OUTAGE_S, "synthetic: medium-voltage supply lost"),
             Fault("broker", 12 * 3600.0, 12.5 * 3600.0, "synthetic: broker unreachable")],
        ),
        series=_series(n, dice),
        buildings=[_building(i, dice) for i in range(n)],
        events=[event for i in range(n) for event in _events(i, dice)],
        summary=_summary(),
        run=Run(wall_s=42.0, speed=86_400 / 42.0),
    )  # fmt: skip


def _series(n: int, dice: random.Random) -> Series:
    series = Series()
    for minute in range(1440):
        t_s = minute * 60.0
        out = OUTAGE_S[0] <= t_s < OUTAGE_S[1]
        apart = OUTAGE_S[0] <= t_s < BACK_S
        sun = max(0.0, math.sin((t_s / 3600 - 6) / 13 * math.pi)) if 6 < t_s / 3600 < 19 else 0.0
        evening = math.exp(-(((t_s / 3600 - 19.5) / 2.2) ** 2))
        load_w = n * (900 + 2600 * evening + 60 * dice.random()) * (0.7 if apart else 1.0)
        pv_w = n * 2900 * sun
        want_w = n * (1500 * evening - 1900 * sun**2)
        battery_w = load_w - pv_w if out else want_w
        grid_w = 0.0 if out else load_w - pv_w - battery_w
        swing = 0.03 * dice.random()
        rebound = 1.0 + 0.8 * math.exp(-(t_s - OUTAGE_S[1]) / 1500) if t_s >= OUTAGE_S[1] else 1.0
        soc = 0.25 + 0.7 * min(1.0, max(0.0, (t_s / 3600 - 8) / 6)) - 0.5 * max(0.0, (t_s / 3600 - 17) / 7)
        row = {
            "t_s": t_s, "transformer_va": abs(grid_w) * 1.04, "load_w": load_w, "pv_w": pv_w,
            "baseline_va": 0.0 if out else abs(load_w - pv_w) * 1.05 * rebound,
            "battery_w": battery_w, "grid_w": grid_w, "soc_mean_pu": soc, "soc_min_pu": max(0.05, soc - 0.15),
            "soc_max_pu": min(1.0, soc + 0.08),
            "v_min_pu": None if out else 0.985 - 0.03 * evening - swing / 9,
            "v_max_pu": None if out else 1.005 + 0.02 * sun + swing / 9,
            "island_min_hz": 49.97 - swing if apart else None,
            "island_max_hz": 50.02 + swing if apart else None,
            "island_v_min_pu": 0.985 - swing / 4 if apart else None,
            "island_v_max_pu": 1.004 + swing / 4 if apart else None,
            "islanded": float(n) if out else (float(int(n * (BACK_S - t_s) / 900)) if apart else 0.0),
            "envelopes": float(n // 2) if 17 < t_s / 3600 < 18.5 or 20 < t_s / 3600 < 22 else 0.0,
        }  # fmt: skip
        for name, value in row.items():
            getattr(series, name).append(value)
    return series


def _building(i: int, dice: random.Random) -> Building:
    return Building(
        f"b{i + 1:02d}", 31_000 + 900.0 * i, 26_000.0, 9_000.0 + 100 * i, 4_000.0, 0.71 + 0.01 * (i % 9),
        0.31, 140.0 + dice.random() * 60, 300 + 35.0 * i, dice.uniform(-8, 8), dice.uniform(0.002, 0.03),
        dice.uniform(0.01, 0.08), 0.0, 0.03 + 0.01 * dice.random(), 700.0 * (i % 4), 40 + 9 * dice.random(),
        120.0, dice.uniform(-6, 6), dice.uniform(-3, 3),
    )  # fmt: skip


def _events(i: int, dice: random.Random) -> list[Event]:
    start, back = OUTAGE_S[0] + dice.random(), OUTAGE_S[1] + 300 + 35.0 * i
    steps = [
        (start, "GRID", "OPENING", "undervoltage"), (start + 0.1, "OPENING", "FORMING", "contactor_open"),
        (start + 0.3, "FORMING", "ISLAND", "formed"), (back - 14, "ISLAND", "RESYNC", "grid_healthy"),
        (back - 0.1, "RESYNC", "CLOSING", "in_sync"), (back, "CLOSING", "SOFT_RETURN", "contactor_closed"),
        (back + 300, "SOFT_RETURN", "GRID", "ramp_done"),
    ]  # fmt: skip
    return [Event(t_s, f"b{i + 1:02d}", was, to, why) for t_s, was, to, why in steps]


def _summary() -> Summary:
    return Summary(
        islet=Side(61_000, 0.0, 48_000, 0.0, 0.74, 2.2e5, 0.7e5, 61.2, 54.0, 0.951, 1.031, 0.0),
        baseline=Side(118_000, 0.0, 112_000, 2_940, 0.41, 3.6e5, 2.0e5, 104.9, 88.0, 0.902, 1.058, 4310.0),
        transformer_peak_ratio=61 / 118, balance_error_w_max=0.0003, critical_wh_lost=0.0,
        to_island_ms_max=198.0,
        reconnection_start_s=OUTAGE_S[1], reconnection_end_s=BACK_S, reports_received=24_480, reports_lost=0,
        reports_backfilled=510, reports_duplicate=3, commands_issued=1_204, commands_accepted=1_200,
        commands_refused=4,
    )  # fmt: skip
