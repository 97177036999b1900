"""Island, restoration and synchronisation check closed over a ten-line island: how well the contacts meet."""

from math import pi

from island_world import Hand, settings

from islet.control.droop import Droop
from islet.control.island import Island
from islet.control.sync_check import wrap_rad
from islet.names import CLOSING, ISLAND

LOAD_W = 1500.0
CLOSE_MS = 50
DEG = pi / 180


class Plant(Hand):
    """A forming inverter with droop and a 200 ms lag beside a grid; commands arrive one step late."""

    def __init__(self, grid_hz, angle_rad):
        Hand.__init__(self, Island(settings(enter_service_s=10)))
        self.droop = Droop(settings())
        self.to_island()
        self.grid_hz = grid_hz
        self.angle_rad = angle_rad  # grid minus bus
        self.hz = 50.0
        self.commanded_hz = 50.0
        self.grid = (231.0, grid_hz)

    def run(self):
        """Advance 100 ms and step; return whether the contactor has been ordered to close."""
        before = self.hz
        self.hz += 0.4 * (self.commanded_hz - 0.01 * 50.0 * LOAD_W / 5000.0 - self.hz)
        mean_hz = (before + self.hz) / 2
        self.angle_rad = wrap_rad(self.angle_rad + 2 * pi * (self.grid_hz - mean_hz) * 0.1)
        self.slip_rad, self.bus = self.angle_rad, (self.machine.target_v, mean_hz)
        self.commanded_hz = self.wishes.form_hz
        self.image.battery_w.set(LOAD_W, self.now_ms)
        self.step()
        self.droop.restore(self.image, self.wishes, self.machine.target_hz, self.now_ms)
        return self.machine.state == CLOSING

    def close(self):
        """Return (seconds in RESYNC, closing angle in rad) for contacts that meet CLOSE_MS later."""
        while self.machine.state == ISLAND:
            assert not self.run()
        steps = 1
        while not self.run():
            steps += 1
            assert steps < 600
        meeting = self.angle_rad + 2 * pi * (self.grid_hz - self.hz) * CLOSE_MS / 1000
        return steps / 10, wrap_rad(meeting)


def test_meets_within_limits_from_any_phase_and_grid_frequency():
    worst_s = worst_rad = 0.0
    for tenth_mhz in range(499_000, 501_001, 250):  # 49.9 .. 50.1 Hz
        for k in range(4):
            angle = wrap_rad(2.399 * (k + tenth_mhz / 250))  # the golden angle: no phase is favoured
            seconds, meeting = Plant(tenth_mhz / 10_000, angle).close()
            worst_s, worst_rad = max(worst_s, seconds), max(worst_rad, abs(meeting))
    assert worst_s <= 15.0, worst_s
    assert worst_rad < 5 * DEG, worst_rad / DEG  # IEEE 1547-2018 table 5 allows 20


def test_the_slip_at_closing_is_within_limits():
    plant = Plant(50.05, 2.0)
    plant.close()
    assert abs(plant.machine.sync.slip_hz) <= 0.15
    assert abs(plant.machine.sync.dv_pu) <= 0.1
