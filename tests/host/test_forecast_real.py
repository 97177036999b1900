"""Forecasts on the 17 real homes, 24 h ahead by hours, against yesterday and the mean of seven days."""

from array import array
from collections.abc import Callable

import numpy as np
import pytest
from home_rig import FIRST_S, year_or_skip

from host_tools.plant.types import Floats
from islet.forecast.load import LoadForecast
from islet.forecast.profile import DayForecast
from islet.forecast.pv import PvForecast

YEAR = year_or_skip()
TAUGHT_H = 60 * 24
SCORED_H = 60 * 24
EVERY_H = 7  # origins at all hours of the day


def nrmse(series_w: Floats, make: Callable[[int], DayForecast]) -> Floats:
    """Return [home, (ours, yesterday, seven days)]: root mean square error over mean, in per cent."""
    rows = []
    for h, actual_w in enumerate(series_w):
        forecast = make(h)
        out = array("f", [0.0] * 24)
        errors: list[list[float]] = [[], [], []]
        means = []
        for hour in range(TAUGHT_H + SCORED_H):
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


def test_load_beats_yesterday_in_every_home_and_seven_days_in_the_median() -> None:
    """Ours, yesterday and seven days, as NRMSE per cent."""
    scores = nrmse(YEAR.load_wh, lambda h: LoadForecast(3600))
    print("\nload NRMSE %: ours, yesterday, seven days", np.median(scores, axis=0).round(1))
    assert np.all(scores[:, 0] < scores[:, 1])
    assert np.median(scores[:, 0]) < np.median(scores[:, 2])


def test_pv_beats_yesterday_but_on_the_dead_roof() -> None:
    """Home 15 has a PV series that is nearly dead."""
    scores = nrmse(YEAR.pv_wh, lambda h: PvForecast(3600, float(YEAR.pv_rated_w[h])))
    print("\nPV NRMSE %: ours, yesterday, seven days", np.median(scores, axis=0).round(1))
    living = [h for h in range(17) if h != 14]
    assert np.all(scores[living, 0] < scores[living, 1])


@pytest.mark.parametrize(("home", "frozen"), [(12, True), (15, True), (1, False), (7, False)])
def test_homes_with_a_dead_load_meter_are_flagged(home: int, frozen: bool) -> None:
    """Meters 12 and 15 stand still for 15 and 17 h, real homes repeat an hour for 8 h at most."""
    forecast = LoadForecast(3600)
    seen = False
    for hour in range(len(YEAR.load_wh[0])):
        forecast.learn(FIRST_S + hour * 3600, float(YEAR.load_wh[home - 1][hour]))
        seen = seen or forecast.frozen
    assert seen == frozen
