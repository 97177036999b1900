"""Island, restoration and synchronisation check closed over a small island: when and how well the contacts meet.

The bus is an inverter of second order (1 Hz, damping 0.8) with 1 % of droop behind a bus that carries commands and
powers late. Angle noise is 0.2 degrees, frequency noise 4 mHz, the contactor's travel 50 ms with 5 ms of spread.
"""

from math import pi, sin, sqrt

from island_world import Hand, settings

from islet.control.droop import Droop
from islet.control.island import Island
from islet.control.sync_check import wrap_rad
from islet.names import CLOSING, ISLAND

DT_S = 0.01
OMEGA_PER_S = 6.0
DAMPING = 0.8
RATED_W = 5000.0
DROOP_HZ = 0.5  # at the rating
DEG = pi / 180
ANGLE_NOISE_RAD = 0.2 * DEG
HZ_NOISE = 0.004
CLOSE_S, CLOSE_SPREAD_S = 0.05, 0.005


class Dice:
    """Random numbers that are the same on every Python (a linear congruence, Numerical Recipes)."""

    def __init__(self, seed):
        self._x = seed

    def share(self):
        self._x = (1664525 * self._x + 1013904223) % 4294967296
        return self._x / 4294967296

    def between(self, low, high):
        return low + (high - low) * self.share()

    def normal(self):
        return sum([self.share() for _ in range(12)]) - 6.0  # of variance 1


def gain(delay):
    """Return a third of the bound 2 sin(pi / (2 (2 d + 1)))."""
    return min(0.2, 2 * sin(pi / (2 * (2 * delay + 1))) / 3)


class Late:
    """What was put in comes out after a while."""

    def __init__(self, span_s, value):
        self._kept = [value] * int(span_s / DT_S + 1)
        self._at = 0

    def turn(self, value):
        self._at = (self._at + 1) % len(self._kept)
        old = self._kept[self._at]
        self._kept[self._at] = value
        return old


class Plant(Hand):
    """A home in its island beside a grid that wanders; `late_s` is what the bus to the inverter takes each way."""

    def __init__(self, seed, late_s, wander_hz_per_s=0.02, load_s=0.0, grid_hz=None):
        delay = int(late_s / 0.1 + 3)
        s = settings(
            enter_service_s=2, restore_delay_samples=delay, restore_gain=gain(delay), resync_timeout_s=300
        )
        Hand.__init__(self, Island(s))
        self.dice = Dice(seed)
        self.droop = Droop(s)
        self.to_island()
        self.wander = wander_hz_per_s
        self.drift = self.dice.between(-wander_hz_per_s, wander_hz_per_s)
        self.load_s = load_s
        self.load = self.dice.between(0.1, 0.6)
        self.grid_hz = self.dice.between(49.9, 50.1) if grid_hz is None else grid_hz
        self.true_rad = self.dice.between(-pi, pi)
        self.hz, self.pull = 50.0, 0.0
        self.form_hz = 50.0 + DROOP_HZ * self.load
        self.commands = Late(late_s, self.form_hz)
        self.powers = Late(late_s, self.load)
        self.power = self.load
        self.slips = []

    def advance(self, steps):
        """Let 10 ms pass, so many times; return the mean frequencies."""
        bus = grid = 0.0
        for _ in range(steps):
            self.shake()
            asked = self.commands.turn(self.form_hz) - DROOP_HZ * self.load
            self.power = self.powers.turn(self.load)
            self.pull += DT_S * (
                OMEGA_PER_S * OMEGA_PER_S * (asked - self.hz) - 2 * DAMPING * OMEGA_PER_S * self.pull
            )
            self.hz += DT_S * self.pull
            self.true_rad = wrap_rad(self.true_rad + 2 * pi * (self.grid_hz - self.hz) * DT_S)
            bus += self.hz / steps
            grid += self.grid_hz / steps
        return bus, grid

    def shake(self):
        """Move the grid's frequency, and at times the load by 10 to 25 % of the rating."""
        dice = self.dice
        if self.wander:
            self.grid_hz += self.drift * DT_S
            if abs(self.grid_hz - 50.0) > 0.1 and (self.grid_hz - 50.0) * self.drift > 0:
                self.drift = -self.drift
            elif dice.share() < DT_S / 5:
                self.drift = dice.between(-self.wander, self.wander)
        if self.load_s and dice.share() < DT_S / self.load_s:
            step = dice.between(0.10, 0.25) * (1 if dice.share() < 0.5 else -1)
            self.load = max(0.05, min(0.85, self.load + step))

    def run(self):
        """Advance 100 ms, measure and step; return whether the contactor has been ordered to close."""
        bus, grid = self.advance(10)
        noise = self.dice.normal
        self.grid = (231.0, grid + HZ_NOISE * noise())
        self.bus = (self.machine.target_v, bus + HZ_NOISE * noise())
        self.slip_rad = wrap_rad(self.true_rad + ANGLE_NOISE_RAD * noise())
        self.image.battery_w.set(self.power * RATED_W, self.now_ms)
        self.step()
        self.droop.restore(
            self.image, self.wishes, self.machine.target_hz, self.now_ms, self.machine.target_v
        )
        self.form_hz = self.wishes.form_hz
        return self.machine.state == CLOSING

    def close(self):
        """Return (seconds in RESYNC, angle in degrees and slip in Hz as the contacts meet)."""
        while self.machine.state == ISLAND:
            assert not self.run()
        steps = 1
        while not self.run():
            steps += 1
            assert steps < 2400, "no synchronism in 240 s"
        self.advance(int((CLOSE_S + CLOSE_SPREAD_S * self.dice.normal()) / DT_S + 0.5))
        return steps / 10, abs(self.true_rad) / DEG, abs(self.grid_hz - self.hz)


def closings(count, **kind):
    """Return the sorted times, angles and slips of so many."""
    found = [Plant(seed, **kind).close() for seed in range(1, count + 1)]
    return [sorted([one[k] for one in found]) for k in range(3)]


def check(count, p50_s, p99_s, **kind):
    """Hold so many closings to their time, and each to 3 degrees and 0.05 Hz (table 5 allows 20 and 0.3)."""
    seconds, degrees, slips = closings(count, **kind)
    assert seconds[count // 2] <= p50_s, seconds
    assert seconds[-1] <= p99_s, seconds
    assert degrees[-1] <= 3.0, degrees
    assert slips[-1] <= 0.05, slips


def test_a_quick_inverter():
    check(24, 10.0, 40.0, late_s=0.1)


def test_modbus_takes_half_a_second():
    check(24, 12.0, 50.0, late_s=0.5)


def test_modbus_takes_a_second():
    check(24, 15.0, 60.0, late_s=1.0)


def test_load_steps_in_the_island():
    check(24, 15.0, 60.0, late_s=0.5, load_s=12.0)


def settled(late_s):
    """Return the largest of the angles (degrees) 30 s after RESYNC began, and their rms, never closed."""
    plant = Plant(5, late_s, wander_hz_per_s=0.0, grid_hz=50.07)
    plant.machine.sync._dwell_ms = 1_000_000_000
    while plant.machine.state == ISLAND:
        plant.run()
    for _ in range(300):
        plant.run()
    most = squares = 0.0
    for _ in range(600):
        plant.run()
        most = max(most, abs(plant.true_rad) / DEG)
        squares += plant.true_rad * plant.true_rad
    return most, sqrt(squares / 600) / DEG


def test_a_held_angle_does_not_hunt():
    # noise alone: 4 mHz * sqrt(2) in the lead of 1 s is 2 degrees of what the loop asks, most of it filtered
    for late_s in (0.1, 0.5, 1.0):
        most, rms = settled(late_s)
        assert rms < 1.0, (late_s, most, rms)
        assert most < 3.0, (late_s, most, rms)
