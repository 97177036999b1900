"""Hours of autonomy by hand: 6400 Wh * sqrt(0.9) = 6071.6 Wh, soc_min 0.05, two hours in parts of 15 minutes."""

from island_world import settings

from islet.control.autonomy import MOST_H, UNKNOWN_H, Autonomy
from islet.state.image import Image

FULL_WH = 6400 * 0.9**0.5


class Sun:
    """PV of power_w from begin_s on, counted from epoch 1000 s."""

    def __init__(self, power_w=0.0, begin_s=0):
        self.power_w, self.begin_s, self.asked = power_w, begin_s, 0

    def pv_low_wh(self, epoch_s, span_s):
        self.asked += 1
        assert epoch_s == 1000
        return max(0.0, span_s - self.begin_s) * self.power_w / 3600


def budget(soc_pu, load_w, sun=None, source_w=0.0, **changed):
    image = Image()
    image.epoch_s = 1000
    if soc_pu is not None:
        image.soc_pu.set(soc_pu, 0)
    autonomy = Autonomy(settings(**changed))
    autonomy.step(image, load_w, source_w, sun, 0)
    return autonomy


def test_energy_over_load():
    made = budget(0.30, 500.0)
    assert abs(made.energy_wh - 0.25 * FULL_WH) < 0.1
    assert abs(made.hours_left - 0.25 * FULL_WH / 500.0) < 0.01  # 3.04 h
    assert abs(made.bearable_w - 0.25 * FULL_WH / 2.0) < 0.1  # 759 W


def test_an_unknown_charge_has_no_hours():
    made = budget(None, 500.0)
    assert not made.known
    assert made.hours_left == UNKNOWN_H


def test_even_sun_adds_up():
    made = budget(0.30, 900.0, Sun(150.0))
    assert abs(made.bearable_w - (0.25 * FULL_WH / 2.0 + 150.0)) < 0.1
    assert abs(made.hours_left - 2.0 - (0.25 * FULL_WH + 300.0 - 1800.0) / 900.0) < 0.01


def test_sun_that_comes_late_does_not_help_before():
    # 1 kW from 1 h 30 on: until then 1517.9 Wh in 1.5 h are 1011.9 W, though 2 h have 1008.9 W; 1 kW lasts, 1.1 not
    made = budget(0.30, 1100.0, Sun(1000.0, 5400))
    assert abs(made.bearable_w - (0.25 * FULL_WH + 500.0) / 2.0) < 0.1
    assert abs(made.hours_left - 0.25 * FULL_WH / 1100.0) < 0.01  # 1.38 h: empty before
    # 4 kW from then on: all of it would be 1759 W, but what is there before is all that counts
    made = budget(0.30, 1100.0, Sun(4000.0, 5400))
    assert abs(made.bearable_w - 0.25 * FULL_WH / 1.5) < 0.1


def test_beyond_the_span_no_sun_is_counted():
    made = budget(0.30, 200.0, Sun(300.0))
    assert abs(made.hours_left - 2.0 - (0.25 * FULL_WH + 600.0 - 400.0) / 200.0) < 0.01


def test_a_source_carries_its_power_for_ever():
    made = budget(0.30, 900.0, None, 2000.0)
    assert made.hours_left == MOST_H
    assert abs(made.bearable_w - 0.25 * FULL_WH / 2.0 - 2000.0) < 0.1
    made = budget(0.30, 900.0, None, 400.0)
    assert abs(made.hours_left - 0.25 * FULL_WH / 500.0) < 0.01


def test_nothing_left():
    made = budget(0.04, 500.0)
    assert made.hours_left == 0.0
    assert made.bearable_w == 0.0


def test_a_week_is_the_most():
    assert budget(1.0, 1.0).hours_left == MOST_H
    assert budget(1.0, 0.0).hours_left == MOST_H


def test_the_forecast_is_asked_every_ten_seconds():
    sun, image = Sun(100.0), Image()
    image.epoch_s = 1000
    image.soc_pu.set(0.5, 0)
    autonomy = Autonomy(settings())
    for k in range(200):  # 100 ms each, across the wrap of ticks
        autonomy.step(image, 500.0, 0.0, sun, ((1 << 30) - 5000 + 100 * k) & ((1 << 30) - 1))
    assert sun.asked == 2 * 8
