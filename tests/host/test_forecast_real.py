"""Forecasts on the 17 real homes, 24 h ahead by hours, against yesterday and the mean of seven days."""

import numpy as np
import pytest
from home_rig import year_or_skip

from host_tools.bench.forecast import FIRST_S, nrmse
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast

YEAR = year_or_skip()


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
