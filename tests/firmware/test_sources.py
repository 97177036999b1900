"""Cars and gensets in the ladder: car of 3 kW, followed with 10 s, judged after 30 s at half of what was asked."""

from math import exp

from island_world import Hand, settings

from islet.control.sources import Sources
from islet.names import GRID, ISLAND, R_AUTONOMY, R_EV_FIRST, R_NONE, R_OVERLOAD, R_SOFT_RETURN, SOFT_RETURN


class Garage(Hand):
    """A house of load_w whose car gives what it is asked, while it is willing."""

    def __init__(self, load_w=2000.0, **changed):
        Hand.__init__(self)
        changed.setdefault("ev_discharge_w", 3000)
        self.sources = Sources(settings(**changed))
        self.load_w, self.pv_w, self.car_pu, self.chp_w = load_w, 0.0, 0.8, 0.0
        self.willing, self.overload, self.short = True, False, False

    def run(self, seconds, state=ISLAND, dt_ms=1000):
        """Let seconds pass; return what is asked of cars (W)."""
        for _ in range(int(seconds * 1000 // dt_ms)):
            self.see(dt_ms)
            given_w = self.wishes.ev_w if self.willing else 0.0
            self.image.ev_w.set(given_w, self.now_ms)
            self.image.chp_w.set(self.chp_w, self.now_ms)
            self.image.battery_w.set(self.load_w - self.pv_w - given_w - self.chp_w, self.now_ms)
            self.wishes.genset_run = False
            self.sources.step(
                self.image, self.wishes, state, self.overload, self.short, self.now_ms, dt_ms, self.car_pu
            )
        return self.wishes.ev_w


def test_cars_stop_off_the_grid_and_during_the_soft_return():
    garage = Garage()
    garage.run(1, GRID)
    assert (garage.wishes.ev_stop, garage.sources.ev_reason) == (False, R_NONE)
    garage.run(1)
    assert (garage.wishes.ev_stop, garage.sources.ev_reason) == (True, R_EV_FIRST)
    garage.run(1, SOFT_RETURN)
    assert (garage.wishes.ev_stop, garage.sources.ev_reason) == (True, R_SOFT_RETURN)


def test_nothing_is_asked_without_need():
    garage = Garage()
    assert garage.run(300) == 0.0
    assert garage.sources.reason() == R_NONE


def test_a_car_takes_over_what_the_battery_gives():
    garage = Garage()
    garage.short = True
    garage.run(100, dt_ms=100)
    assert garage.sources.reason() == R_AUTONOMY
    # 2000 W, approached with 10 s: after 100 s all but exp(-10)
    assert abs(garage.run(1, dt_ms=100) - 2000.0) < 2000.0 * exp(-9)
    assert abs(garage.sources.firm_w - 0.9 * 2000.0) < 1.0
    garage.load_w = 5000.0
    assert abs(garage.run(200) - 3000.0) < 0.1  # its most


def test_one_battery_never_charges_the_other():
    garage = Garage()
    garage.short = True
    garage.run(100)
    garage.pv_w = 2500.0
    assert garage.run(200) < 1.0


def test_a_load_too_large_asks_after_half_a_minute():
    garage = Garage()
    garage.overload = True
    assert garage.run(30) == 0.0
    assert garage.run(2) > 0.0
    assert garage.sources.reason() == R_OVERLOAD


def test_a_drained_car_is_left_alone_until_it_has_charged():
    garage = Garage()
    garage.short = True
    garage.run(100)
    garage.car_pu = 0.50
    assert garage.run(1) == 0.0
    garage.car_pu = 0.54
    assert garage.run(10) == 0.0
    garage.car_pu = 0.55
    assert garage.run(10) > 0.0


def test_a_car_that_does_not_tell_its_charge_is_asked():
    garage = Garage()
    garage.short, garage.car_pu = True, -1.0
    assert garage.run(100) > 1900.0
    assert garage.sources.spare_w == 1500.0  # but counts half


def test_a_car_that_gives_nothing_is_no_source():
    garage = Garage()
    garage.short, garage.willing = True, False
    garage.run(20)
    assert garage.sources.pending
    garage.run(20)
    assert garage.sources.ev_failed
    assert not garage.sources.pending
    assert (garage.wishes.ev_w, garage.sources.spare_w) == (0.0, 0.0)
    assert garage.run(1700) == 0.0
    garage.willing = True
    assert garage.run(120) > 0.0  # tried again after half an hour


def test_on_the_grid_nothing_is_asked_and_nothing_is_firm():
    garage = Garage()
    garage.short = garage.overload = True
    garage.chp_w = 1000.0  # led by heat
    assert garage.run(100, GRID) == 0.0
    assert garage.sources.firm_w == 0.0
    garage.run(1)
    assert abs(garage.sources.firm_w - 900.0) < 0.1
    assert not garage.wishes.genset_run


def test_what_a_car_counts_for_falls_with_its_charge():
    # 0.2 of charge above 0.50 count in full, 0.1 half
    for car_pu, spare_w in ((0.9, 3000.0), (0.70, 3000.0), (0.60, 1500.0), (0.50, 0.0)):
        garage = Garage()
        garage.car_pu = car_pu
        garage.run(1)
        assert abs(garage.sources.spare_w - spare_w) < 0.1, car_pu


def test_without_cars_that_give_back_none_is_asked():
    garage = Garage(ev_discharge_w=0)
    garage.short = garage.overload = True
    assert garage.run(100) == 0.0
    assert not garage.sources.pending
