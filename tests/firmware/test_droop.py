"""Restoration of frequency and voltage against the delay bound of sampled integrals, and the droop laws."""

from island_world import Hand, settings

from islet.base.bound import check, gain_bound, smooth_bound
from islet.control.droop import Droop, droop_hz, droop_v, reverse_hz
from islet.names import SUSPECT


def near(got, wanted, tolerance):
    return abs(got - wanted) <= tolerance


def test_gain_bound_of_sampled_integrals():
    # 2 sin(pi / (2 (2d + 1))) is 2 sin of 90, 30, 18 and 12.86 degrees
    for delay, bound in ((0, 2.0), (1, 1.0), (2, 0.618), (3, 0.445)):
        assert near(gain_bound(delay), bound, 0.0005)


def test_the_bound_of_a_response_without_overshoot():
    # d**d / (d+1)**(d+1): 1, 1/4, 4/27, 27/256
    for delay, bound in ((0, 1.0), (1, 0.25), (2, 0.148148), (3, 0.105469)):
        assert near(smooth_bound(delay), bound, 1e-5)


def test_settings_beyond_the_bound_are_refused():
    good = settings(restore_gain=0.61, restore_delay_samples=2)
    assert check(good) == []
    good.restore_gain = 0.62  # the bound is 0.618
    assert check(good) == [
        "restore_gain is 0.62, must be below 0.618 to be stable with restore_delay_samples 2"
    ]
    good.restore_delay_samples = 1.5
    assert len(check(good)) == 1
    assert "whole number" in check(good)[0]


def peak_after(gain, delay, samples=400):
    """Return the largest error late in a loop e[n+1] = e[n] - gain * e[n-delay] that began at 1."""
    errors = [1.0] * (delay + 1)
    for _ in range(samples):
        errors.append(errors[-1] - gain * errors[-1 - delay])
    return max([abs(e) for e in errors[-20:]])


def test_the_bound_separates_decay_from_growth():
    for delay in range(4):
        assert peak_after(0.95 * gain_bound(delay), delay) < 0.1
        assert peak_after(1.05 * gain_bound(delay), delay) > 1.0


class Loop(Hand):
    """An island whose inverter droops by 0.01 * 50 Hz at 5 kW and hears of form_hz two samples late."""

    def __init__(self, told_droop_pu=0.01):
        Hand.__init__(self)
        self.droop = Droop(settings(droop_pu=told_droop_pu))
        self.image.contactor_closed = False
        self.wishes.forming = True
        self.sent = [50.0, 50.0]

    def run(self, load_w, target_hz, times, dt_ms=100):
        for _ in range(times):
            self.bus = (230.0, self.sent.pop(0) - 0.01 * 50.0 * load_w / 5000.0)
            self.see(dt_ms)
            self.image.battery_w.set(load_w, self.now_ms)
            self.droop.restore(self.image, self.wishes, target_hz, self.now_ms)
            self.sent.append(self.wishes.form_hz)
        return self.bus[1]


def test_restores_50_hz_at_every_pace():
    for dt_ms, times in ((100, 40), (1000, 40), (60_000, 40)):
        assert near(Loop().run(4000.0, 50.0, times, dt_ms), 50.0, 0.002), dt_ms


def test_restores_where_the_inverters_droop_is_not_the_setting():
    loop = Loop(told_droop_pu=0.005)
    assert loop.run(4000.0, 50.0, 60) > 49.995
    assert near(loop.run(4000.0, 49.95, 60), 49.95, 0.005)  # follows a target
    assert near(loop.run(-3000.0, 50.0, 60), 50.0, 0.005)  # charging


def test_form_hz_is_bounded_and_does_not_wind_up():
    loop = Loop()
    for _ in range(300):
        loop.sent = [48.0, 48.0]  # an inverter that does not follow
        loop.run(4000.0, 50.0, 1)
        assert loop.wishes.form_hz <= 51.0 + 1e-4
    loop.sent = [51.0, 51.0]
    assert near(loop.run(4000.0, 50.0, 40), 50.0, 0.005)


def test_a_full_battery_that_lets_the_bus_rise_is_forgotten_soon():
    loop = Loop()
    for _ in range(300):
        loop.sent = [51.0, 51.0]  # PV is throttled by the frequency, form_hz has no say
        loop.run(0.0, 50.0, 1)
    loop.sent = [loop.wishes.form_hz] * 2
    assert loop.run(0.0, 50.0, 1) > 49.69
    assert near(loop.run(0.0, 50.0, 40), 50.0, 0.005)


def test_a_reading_counts_once():
    loop = Loop()
    loop.run(4000.0, 50.0, 3)
    trim = loop.droop.hz.trim
    for _ in range(10):
        loop.droop.restore(loop.image, loop.wishes, 50.0, loop.now_ms)
    assert loop.droop.hz.trim == trim


def test_blind_holds_and_the_end_of_forming_forgets():
    loop = Loop(told_droop_pu=0.005)
    loop.run(4000.0, 50.0, 60)
    held = loop.wishes.form_hz
    loop.image.bus_hz.degrade(SUSPECT)
    loop.wishes.form_hz = 50.0
    loop.droop.restore(loop.image, loop.wishes, 50.0, loop.now_ms)
    assert loop.wishes.form_hz == held
    loop.wishes.forming = False
    loop.droop.restore(loop.image, loop.wishes, 50.0, loop.now_ms)
    assert loop.droop.hz.trim == 0.0
    assert loop.droop.hz.forward == 0.0


class Timed(Loop):
    """The same island at 100 ms, its battery's power read once in 10 readings of the bus, voltage falling too.

    Delay in samples as in base/bound.py: a reading shows what was asked for 1 + delay samples before.
    """

    def __init__(self, delay=2, gain=0.14, **changed):
        Loop.__init__(self)
        self.droop = Droop(settings(restore_gain=gain, restore_delay_samples=delay, droop_pu=0.01, **changed))
        self.sent = [50.0] * (delay + 1)
        self.sent_v = [230.0] * (delay + 1)
        self.count = 0

    def second(self, load_w, target_hz, target_v=230.0, times=1, fall_v=0.0):
        """Run 10 samples a time; return [(hz, v), ...] as measured."""
        seen = []
        for _ in range(10 * times):
            hz = self.sent.pop(0) - 0.01 * 50.0 * load_w / 5000.0
            self.bus = (self.sent_v.pop(0) - fall_v, hz)
            self.see(100)
            if self.count % 10 == 7:
                self.image.battery_w.set(load_w, self.now_ms)
            self.count += 1
            self.droop.restore(self.image, self.wishes, target_hz, self.now_ms, target_v)
            self.sent.append(self.wishes.form_hz)
            self.sent_v.append(self.wishes.form_v)
            seen.append((hz, self.bus[0]))
        return seen


def test_a_new_target_is_reached_by_its_delay_without_overshoot():
    loop = Timed()
    loop.second(2000.0, 50.0, times=10)
    seen = [hz for hz, _ in loop.second(2000.0, 50.25, times=3)]
    assert near(seen[2], 50.0, 0.002)  # three samples until a reading shows it
    assert all(near(hz, 50.25, 0.002) for hz in seen[3:])


def test_a_load_step_is_taken_back_without_overshoot_and_within_3_s():
    """2500 W more: 0.25 Hz down at once, within 0.01 Hz after 3 s, and never above the target by more than a mHz.

    The power is told up to a second later, when the integral has done nearly all.
    """
    for begin in range(10):
        loop = Timed()
        loop.second(1000.0, 50.0, times=10)
        loop.count = begin
        seen = [hz for hz, _ in loop.second(3500.0, 50.0, times=6)]
        assert near(seen[0], 49.75, 0.002)
        assert max(seen) <= 50.0 + 0.005, (begin, max(seen))
        assert all(near(hz, 50.0, 0.01) for hz in seen[30:]), begin


def test_the_voltage_comes_back_too():
    """4 V lost behind the inverter: back within 0.2 V in 3 s, bounded at 10 % of nominal."""
    loop = Timed()
    loop.second(0.0, 50.0, times=2)
    seen = [v for _, v in loop.second(0.0, 50.0, times=4, fall_v=4.0)]
    assert near(seen[0], 226.0, 0.01)
    assert all(near(v, 230.0, 0.2) for v in seen[30:])
    assert max(seen) < 230.01
    loop.second(0.0, 50.0, 231.5, times=4, fall_v=4.0)
    assert near(loop.bus[0], 231.5, 0.05)  # follows a target
    loop.second(0.0, 50.0, times=60, fall_v=80.0)
    assert near(loop.wishes.form_v, 230.0 + 0.05 * 230.0, 0.01)  # the trim ends there, the bound at 253 V
    assert loop.droop.v.trim <= 0.05 * 230.0 + 1e-3


def test_droops_are_wished_and_without_a_voltage_target_none_is_written():
    loop = Loop()
    loop.wishes.form_v = 7.0
    loop.run(1000.0, 50.0, 3)
    assert loop.wishes.form_v == 7.0
    assert near(loop.wishes.form_droop_pu, 0.01, 1e-6)
    assert near(loop.wishes.form_v_droop_pu, 0.02, 1e-6)


def test_in_a_resistive_network_power_takes_voltage():
    """2 % of 230 V at 5 kW: 2.76 V are fed forward for 3 kW, and no hertz."""
    loop = Timed(island_network="resistive", v_droop_pu=0.02)
    loop.image.battery_w.set(3000.0, loop.now_ms)
    loop.second(3000.0, 50.0)
    assert near(loop.droop.v.forward, 2.76, 0.001)
    assert loop.droop.hz.forward == 0.0


def test_the_laws():
    # 3 kW of 5 kW at 1 %: 0.3 Hz of 50 Hz; 1 kvar of 5 kVA at 2 %: 0.92 V; reverse 1 kvar at 1 %: 0.1 Hz up
    assert near(droop_hz(50.0, 0.01, 3000.0, 5000.0, 50.1), 49.8, 1e-4)
    assert near(droop_v(230.0, 0.02, 1000.0, 5000.0, 231.0), 230.08, 1e-3)
    assert near(reverse_hz(50.0, 0.01, 1000.0, 5000.0, 50.0), 50.1, 1e-4)


def followed(former_w, follower_w, load_w, seconds=60, delay=10, **changed):
    """Return what followers take of a load, when their power is `delay` samples late and the bus droops exactly."""
    hand, droop = Hand(), Droop(settings(restore_gain=0.0, restore_delay_samples=0, **changed))
    hand.image.contactor_closed = False
    hand.wishes.forming = True
    droop.hz.hold(50.0)
    droop.v.hold(230.0)
    late, powers = [0.0] * delay, []
    for _ in range(10 * seconds):
        taken_pu = (load_w - late.pop(0)) / former_w
        hand.bus = (230.0 - 0.02 * 230.0 * taken_pu, 50.0 - 0.01 * 50.0 * taken_pu)
        hand.see(100)
        powers.append(droop.follow(hand.image, hand.wishes, former_w, follower_w, hand.now_ms))
        late.append(powers[-1])
    return powers


def test_followers_take_the_same_part_of_their_rating():
    # 6 kW on 5 kW + 2.5 kW: each 80 %, so 2 kW; on 1 kW + 4 kW with 2 kW: 1.6 kW; charging the same
    for former_w, follower_w, load_w, wanted_w in (
        (5000.0, 2500.0, 6000.0, 2000.0),
        (1000.0, 4000.0, 2000.0, 1600.0),
        (5000.0, 5000.0, -3000.0, -1500.0),
    ):
        powers = followed(former_w, follower_w, load_w)
        assert near(powers[-1], wanted_w, 0.01 * abs(wanted_w)), (former_w, powers[-1])
        assert max([abs(w) for w in powers]) <= 1.02 * abs(wanted_w)  # no overshoot with a second of delay
    by_volts = followed(5000.0, 2500.0, 6000.0, island_network="resistive")
    assert near(by_volts[-1], 2000.0, 20.0)


def test_followers_are_bound_to_their_rating_and_idle_without_an_island():
    assert near(followed(1000.0, 1000.0, 9000.0)[-1], 1000.0, 1.0)
    hand, droop = Hand(), Droop(settings())
    hand.see()
    assert droop.follow(hand.image, hand.wishes, 5000.0, 5000.0, hand.now_ms) == 0.0  # on the grid
    hand.image.contactor_closed = False
    hand.wishes.forming = True
    assert droop.follow(hand.image, hand.wishes, 5000.0, 0.0, hand.now_ms) == 0.0
    hand.bus = (230.0, 49.9)
    hand.see()
    droop.hz.hold(50.0)
    taken_w = droop.follow(hand.image, hand.wishes, 5000.0, 5000.0, hand.now_ms)
    assert near(taken_w, 25.0, 0.5)  # 0.1 of 0.5 Hz is 20 %, of which 0.05 / 2 at the first reading
    hand.image.bus_hz.degrade(SUSPECT)
    assert droop.follow(hand.image, hand.wishes, 5000.0, 5000.0, hand.now_ms) == taken_w  # blind: as it was
