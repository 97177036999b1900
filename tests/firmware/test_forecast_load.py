"""Load forecast: what it learns, what it refuses, when yesterday is believed instead. By hand."""

import math
from array import array

from islet.forecast.load import LoadForecast

DAY = 86_400
SLOT = 1800
THURSDAY = 0  # 1 January 1970


def days_of(forecast, levels, first_s=THURSDAY):
    """Teach whole days of constant load, one level a day; return the second after the last."""
    for day, level in enumerate(levels):
        for slot in range(DAY // SLOT):
            forecast.learn(first_s + day * DAY + slot * SLOT, level)
    return first_s + len(levels) * DAY


def predicted(forecast, epoch_s, n=48):
    out = array("f", [-1.0] * n)
    forecast.predict(epoch_s, out)
    return list(out)


def test_knows_nothing_says_zero():
    assert predicted(LoadForecast(SLOT), 0) == [0.0] * 48


def test_constant_load_is_predicted():
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [750.0] * 3)
    forecast.frozen = False
    assert all(abs(w - 750.0) < 1e-3 for w in predicted(forecast, end))


def test_two_days_average_and_the_weekend_deviation():
    # Thursday 100, Friday 300: mean 200; the weekend deviation took 0.05 * -0.4 * (300 - 100) = -4, so a
    # weekday is 200 + -0.4 * -4 = 201.6 and a Saturday 200 - 4 = 196. Ten hours on, the last error has faded.
    forecast = LoadForecast(SLOT)
    for day, level in ((0, 100.0), (1, 300.0)):
        forecast.learn(day * DAY + 4 * 3600, level)
    monday = predicted(forecast, 4 * DAY + 4 * 3600, 1)[0]
    saturday = predicted(forecast, 2 * DAY + 4 * 3600, 1)[0]
    assert abs(monday - 201.6) < 0.1
    assert abs(saturday - 196.0) < 0.1


def test_last_error_carries_on_and_fades():
    # Three flat days of 500 W, then one hour of 900 W: two slots of error 400 make 0.5 * 400, then
    # 0.5 * 200 + 0.5 * 400 = 300; the next slot repeats 0.4 * 300 = 120 W, an hour on 0.7 of that.
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 501.0, 499.0])
    forecast.learn(end, 900.0)
    forecast.learn(end + SLOT, 900.0)
    out = predicted(forecast, end + 2 * SLOT, 6)
    assert abs(out[0] - 620.0) < 4.0
    assert abs((out[2] - 500.0) / (out[0] - 500.0) - 0.7) < 0.02


def test_night_without_reports_keeps_the_profile():
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 501.0, 499.0])
    forecast.learn(end + 5 * DAY, 520.0)
    assert all(480.0 < w < 530.0 for w in predicted(forecast, end + 5 * DAY + SLOT))


def test_implausible_readings_are_counted_not_learned():
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 501.0, 499.0])
    before = forecast.to_bytes()
    for wrong in (math.nan, -30.0, math.inf):
        forecast.learn(end, wrong)
    assert forecast.rejected == 3
    assert forecast.to_bytes() == before


def test_spike_moves_the_profile_little():
    # 8 mean errors (a few watts) + 1500 W is the most believed: 0.25 * 1500 W in the fourth day's mean.
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 501.0, 499.0])
    forecast.learn(end, 60_000.0)
    assert predicted(forecast, end + DAY, 1)[0] < 500.0 + 0.25 * 1500.0 + 20.0


def test_frozen_meter_is_flagged_after_twelve_hours_and_not_learned():
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 501.0, 499.0])
    for slot in range(24):
        forecast.learn(end + slot * SLOT, 333.0)
    assert not forecast.frozen
    forecast.learn(end + 24 * SLOT, 333.0)
    assert forecast.frozen
    before = forecast.to_bytes()
    forecast.learn(end + 25 * SLOT, 333.0)
    assert forecast.to_bytes() == before
    forecast.learn(end + 26 * SLOT, 334.0)
    assert not forecast.frozen


def test_growing_load_demotes_the_profile_to_yesterday():
    # +20 % a day: a mean over days lags ever more behind, yesterday lags one step.
    forecast = LoadForecast(SLOT)
    day_w = 200.0
    for day in range(14):
        day_w *= 1.2
        for slot in range(48):
            forecast.learn(day * DAY + slot * SLOT, day_w + slot)
    assert forecast.skill.demoted
    assert forecast.skill.value() < 0.0
    late = predicted(forecast, 14 * DAY + 47 * SLOT, 1)[0]
    assert abs(late - (day_w + 47)) < 1.0


def test_quantiles_enclose_eight_days_in_ten():
    # Uniform noise +-300 W on 1000 W from a linear congruential generator (Numerical Recipes constants).
    forecast = LoadForecast(SLOT)
    seed, inside, seen = 1, 0, 0
    expected, low, high = array("f", [0.0]), array("f", [0.0]), array("f", [0.0])
    for slot in range(60 * 48):
        seed = (seed * 1664525 + 1013904223) & 0xFFFFFFFF
        actual = 700.0 + 600.0 * (seed >> 8) / (1 << 24)
        if slot > 20 * 48:
            forecast.predict(slot * SLOT, expected)
            forecast.predict_quantiles(slot * SLOT, expected, low, high)
            inside += low[0] <= actual <= high[0]
            seen += 1
        forecast.learn(slot * SLOT, actual)
    assert 0.75 < inside / seen < 0.86


def test_state_survives_saving():
    forecast = LoadForecast(SLOT)
    end = days_of(forecast, [500.0, 700.0, 300.0])
    twin = LoadForecast(SLOT)
    twin.from_bytes(forecast.to_bytes())
    later = end + 10 * 3600
    one, two = predicted(twin, later), predicted(forecast, later)
    assert all(abs(one[i] - two[i]) < 3.0 for i in range(48))  # the last error is not saved, but gone by now
    assert twin.size_w(0) == forecast.size_w(0)


def test_damaged_state_is_refused_and_changes_nothing():
    forecast = LoadForecast(SLOT)
    days_of(forecast, [500.0, 700.0])
    good = forecast.to_bytes()
    flipped = bytearray(good)
    flipped[100] ^= 1
    for bad in (b"", good[:-1], b"XXXX" + good[4:], bytes(flipped)):
        try:
            forecast.from_bytes(bad)
            raised = False
        except ValueError:
            raised = True
        assert raised
        assert forecast.to_bytes() == good


def test_local_weekday_follows_the_offset():
    # Friday 20:00 UTC is Saturday in Tokyo (+9 h): the weekend deviation applies there only.
    here, tokyo = LoadForecast(SLOT), LoadForecast(SLOT, 9 * 3600)
    for forecast in (here, tokyo):
        for day, level in ((0, 100.0), (6, 100.0), (7, 300.0)):
            forecast.learn(day * DAY + 20 * 3600, level)
    friday = 8 * DAY + 20 * 3600
    assert predicted(tokyo, friday, 1)[0] < predicted(here, friday, 1)[0] - 1.0
