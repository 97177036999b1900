"""PV forecast: dark nights, learned shape, clouds that last, a roof that is dead. Hand calculations."""

import math
from array import array

from islet.forecast.pv import PvForecast

DAY = 86_400
SLOT = 1800


def sun(slot):
    """Clear-sky power (W) of a 4 kW roof: half a sine from 06:00 to 18:00, 3000 W at noon."""
    return 3000.0 * math.sin(math.pi * (slot - 12) / 24) if 12 < slot < 36 else 0.0


def taught(days=5, clearness=1.0):
    forecast = PvForecast(SLOT, 4000.0)
    for day in range(days):
        for slot in range(48):
            forecast.learn(day * DAY + slot * SLOT, clearness * sun(slot))
    return forecast


def predicted(forecast, epoch_s, n=48):
    out = array("f", [-1.0] * n)
    forecast.predict(epoch_s, out)
    return list(out)


def test_shape_is_learned_and_night_is_zero():
    out = predicted(taught(), 5 * DAY)
    assert all(abs(out[slot] - sun(slot)) < 1.0 for slot in range(48))
    assert out[0] == 0.0
    assert out[47] == 0.0


def test_cloudy_morning_lowers_the_afternoon_and_not_tomorrow():
    forecast = taught()
    clear = predicted(forecast, 5 * DAY)
    for slot in range(20):
        forecast.learn(5 * DAY + slot * SLOT, 0.3 * sun(slot))
    out = predicted(forecast, 5 * DAY + 20 * SLOT, 40)
    assert out[0] < 0.75 * clear[20]
    assert out[0] / clear[20] < out[10] / clear[30] < 1.0
    assert out[28 + 10] == 0.0


def test_never_above_best_seen_or_rating():
    forecast = taught(clearness=2.0)
    out = predicted(forecast, 5 * DAY)
    assert max(out) == 4000.0


def test_curtailed_slots_are_not_learned():
    forecast = taught()
    before = forecast.to_bytes()
    for slot in range(48):
        forecast.learn(5 * DAY + slot * SLOT, 100.0, True)
    assert forecast.to_bytes() == before


def test_dead_roof_is_zero_and_never_demotes():
    forecast = taught(clearness=0.0)
    assert predicted(forecast, 5 * DAY) == [0.0] * 48
    assert not forecast.skill.demoted


def test_nonsense_is_counted():
    forecast = taught()
    for wrong in (math.nan, -5.0):
        forecast.learn(5 * DAY, wrong)
    assert forecast.rejected == 2


def test_quantiles_stay_around_and_above_zero():
    forecast = PvForecast(SLOT, 4000.0)
    for day in range(8):
        for slot in range(48):
            forecast.learn(day * DAY + slot * SLOT, (1.0 if day % 2 else 0.4) * sun(slot))
    expected = array("f", [0.0] * 48)
    low, high = array("f", expected), array("f", expected)
    forecast.predict(8 * DAY, expected)
    forecast.predict_quantiles(8 * DAY, expected, low, high)
    assert 0.0 <= low[24] < expected[24] < high[24] <= 4000.0
    assert low[0] == 0.0
    assert high[0] == 0.0


def test_state_of_one_kind_is_refused_by_the_other():
    from islet.forecast.load import LoadForecast

    try:
        taught().from_bytes(LoadForecast(SLOT).to_bytes())
        raised = False
    except ValueError:
        raised = True
    assert raised


def test_saved_state_predicts_the_same():
    forecast, twin = taught(), PvForecast(SLOT, 4000.0)
    twin.from_bytes(forecast.to_bytes())
    assert predicted(twin, 5 * DAY) == predicted(forecast, 5 * DAY)
