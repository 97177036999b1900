"""Forecasts on the real homes, 24 h ahead by hours, against yesterday and the mean of seven days."""

import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np

from host_tools.city.dataset import FIRST_DAY, load_year
from host_tools.plant.types import Floats
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast

FIRST_S = int(datetime(FIRST_DAY.year, FIRST_DAY.month, FIRST_DAY.day, tzinfo=UTC).timestamp())
TAUGHT_H = 60 * 24
QUICK_H = 60 * 24  # scored
FULL_H = 300 * 24
EVERY_H = 7  # origins at all hours of the day
DEAD_ROOF = 14  # home 15: a PV series that is nearly dead has no error worth a ratio


def nrmse(
    series_w: Floats, make: Callable[[int], LoadForecast | PvForecast], scored_h: int = QUICK_H
) -> Floats:
    """Return [home, (ours, yesterday, seven days)]: root mean square error over mean, in per cent."""
    rows = []
    for h, actual_w in enumerate(series_w):
        forecast = make(h)
        out = array("f", [0.0] * 24)
        errors: list[list[float]] = [[], [], []]
        means = []
        for hour in range(TAUGHT_H + scored_h):
            if hour >= TAUGHT_H and hour % EVERY_H == 0:
                truth = actual_w[hour : hour + 24]
                forecast.predict(FIRST_S + hour * 3600, out)
                week = np.mean([actual_w[hour - 24 * d : hour - 24 * d + 24] for d in range(1, 8)], axis=0)
                guesses = (np.array(out), actual_w[hour - 24 : hour], week)
                for kept, guess in zip(errors, guesses, strict=True):
                    kept.append(float(np.mean((guess - truth) ** 2)))
                means.append(truth.mean())
            forecast.learn(FIRST_S + hour * 3600, float(actual_w[hour]))
        rows.append([100 * np.sqrt(np.mean(kept)) / np.mean(means) for kept in errors])
    return np.array(rows)


def measure(quick: bool) -> dict[str, Any]:
    """Return the error of load and PV, and its ratio to both naive guesses: median home and worst home."""
    year = load_year()
    scored_h = QUICK_H if quick else FULL_H
    began = time.perf_counter()
    load = nrmse(year.load_wh, lambda h: LoadForecast(3600), scored_h)
    pv = nrmse(year.pv_wh, lambda h: PvForecast(3600, float(year.pv_rated_w[h])), scored_h)
    pv = np.delete(pv, DEAD_ROOF, axis=0)
    result = {"homes": len(load), "scored_days": scored_h // 24, **_ratios("load", load), **_ratios("pv", pv)}
    print(
        f"Forecast of the next 24 h at {scored_h // EVERY_H} hours of {scored_h // 24} days, {len(load)} homes "
        f"({len(pv)} roofs), median NRMSE: load {result['load_nrmse_pu']:.0%} (yesterday again "
        f"{result['load_yesterday_nrmse_pu']:.0%}, mean of seven days {result['load_seven_days_nrmse_pu']:.0%}), "
        f"PV {result['pv_nrmse_pu']:.0%} ({result['pv_yesterday_nrmse_pu']:.0%}, "
        f"{result['pv_seven_days_nrmse_pu']:.0%}); {time.perf_counter() - began:.0f} s."
    )
    return result


def _ratios(name: str, percent: Floats) -> dict[str, float]:
    ours, yesterday, week = np.median(percent, axis=0) / 100
    to_yesterday, to_week = percent[:, 0] / percent[:, 1], percent[:, 0] / percent[:, 2]
    values = {
        "nrmse_pu": ours,
        "yesterday_nrmse_pu": yesterday,
        "seven_days_nrmse_pu": week,
        "over_yesterday_median": np.median(to_yesterday),
        "over_yesterday_worst": to_yesterday.max(),
        "over_seven_days_median": np.median(to_week),
        "over_seven_days_worst": to_week.max(),
    }
    return {f"{name}_{key}": round(float(value), 4) for key, value in values.items()}
