"""Cars as a sink in an island, by hand: battery 5 kW, PV 4 kW; begins at a charge of 0.93, ends at 0.88."""

from island_world import Hand, settings

from islet.control.sink import Sink
from islet.names import R_NONE, R_SURPLUS


class Roof(Hand):
    """An island with sun."""

    def __init__(self, soc_pu=0.94, load_w=500.0, pv_w=600.0, available_w=None):
        Hand.__init__(self)
        self.sink = Sink(settings())
        self.soc_pu, self.load_w, self.pv_w, self.available_w = soc_pu, load_w, pv_w, available_w
        self.battery_w, self.level, self.ev_w = 0.0, 0, 0.0

    def run(self, seconds, dt_ms=1000):
        """Let seconds pass; return whether cars may charge."""
        image = self.image
        for _ in range(int(seconds * 1000 // dt_ms)):
            self.see(dt_ms)
            image.metered_load_w.set(self.load_w, self.now_ms)
            image.pv_w.set(self.pv_w, self.now_ms)
            image.battery_w.set(self.battery_w, self.now_ms)
            if self.available_w is not None:
                image.pv_available_w.set(self.available_w, self.now_ms)
            self.wishes.ev_stop, self.wishes.ev_w = True, self.ev_w  # as the ladder leaves them
            self.sink.step(image, self.wishes, self.level, self.now_ms, dt_ms)
        return not self.wishes.ev_stop


def test_a_nearly_full_battery_lets_cars_charge():
    roof = Roof()
    assert roof.run(1)
    assert roof.wishes.ev_w == -1380.0  # 6 A
    assert roof.sink.reason == R_SURPLUS


def test_not_below_nor_at_night():
    assert not Roof(0.92).run(600)
    assert not Roof(0.99, pv_w=399.0).run(600)  # a tenth of 4 kW is daylight


def test_it_takes_what_pv_tells_to_be_left():
    # 0.9 * (3500 - 500) = 2700 W, held to half of the battery inverter: 2500 W; 0.9 * (2500 - 500) = 1800 W
    roof = Roof(available_w=3500.0)
    roof.run(300)
    assert abs(roof.wishes.ev_w + 2500.0) < 5.0
    roof.available_w = 2500.0
    roof.run(300)
    assert abs(roof.wishes.ev_w + 1800.0) < 5.0
    assert not Roof(available_w=2000.0).run(60)  # 1350 W are not enough for a car


def test_a_car_behind_the_load_ct_is_not_the_house():
    roof = Roof(load_w=2500.0, available_w=3500.0)
    roof.image.feeder_w.set(-2000.0, roof.now_ms)  # the car's 2 kW: the house takes 500 W
    roof.image.feeder_w.max_age_ms = 1_000_000
    roof.run(300)
    assert abs(roof.wishes.ev_w + 2500.0) < 5.0


def test_it_ends_with_the_charge_and_waits_before_the_next():
    roof = Roof()
    roof.run(10)
    roof.soc_pu = 0.89
    assert roof.run(100)
    roof.soc_pu = 0.88
    assert not roof.run(1)
    roof.soc_pu = 0.95
    assert not roof.run(299)
    assert roof.run(2)


def test_a_cloud_is_borne_for_five_minutes():
    roof = Roof()
    roof.run(10)
    roof.pv_w = 0.0
    assert roof.run(280)
    assert not roof.run(20)


def test_it_ends_at_once_when_the_battery_is_strained_or_groups_are_shed():
    roof = Roof()
    roof.run(10)
    roof.battery_w = 2600.0  # half of its rating
    assert not roof.run(1)
    roof = Roof()
    roof.run(10)
    roof.level = 1
    assert not roof.run(1)
    roof = Roof()
    roof.run(10)
    roof.ev_w = 1000.0  # the ladder asks cars to give
    assert not roof.run(1)
    assert roof.wishes.ev_w == 1000.0


def test_reset_forgets():
    roof = Roof()
    roof.run(10)
    roof.sink.reset()
    assert (roof.sink.on, roof.sink.reason) == (False, R_NONE)
    assert roof.run(1)
