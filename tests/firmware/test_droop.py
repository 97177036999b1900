"""Frequency-watt against OpenDER's figure and restoration against the delay bound of sampled integrals."""

from island_world import Hand, settings

from islet.control.band import Band
from islet.control.droop import GAIN, Droop, frequency_watt, gain_bound
from islet.names import R_DROOP, R_RATING, SUSPECT


def near(got, wanted, tolerance):
    return abs(got - wanted) <= tolerance


def test_frequency_watt_equals_openders_figure():
    # 10 kW plant at 8 kW, 60.5 Hz, db 0.036 Hz, k 0.05: 8000 - 10000 * (60.5 - 60.036) / 3 = 6453.33 W
    assert near(frequency_watt(60.5, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0), 6453.33, 0.05)
    # the mirror image: 8000 - ... upward is 8000 + 10000 * (59.964 - 59.5) / 3 = 9546.67 W
    assert near(frequency_watt(59.5, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0), 9546.67, 0.05)


def test_frequency_watt_stays_within_its_limits():
    assert frequency_watt(60.03, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0) == 8000.0
    assert frequency_watt(63.1, 60.0, 8000.0, 10_000.0, 0.0, 10_000.0) == 0.0
    assert frequency_watt(57.0, 60.0, 8000.0, 10_000.0, 0.0, 9000.0) == 9000.0


def limited(droop, hand, hz, battery_w=None):
    """Return the band that droop leaves of -5000..5000 W."""
    hand.grid = (230.0, hz)
    hand.see()
    if battery_w is not None:
        hand.image.battery_w.set(battery_w, hand.now_ms)
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    droop.limit(hand.image, band, hand.now_ms)
    return band


def test_over_frequency_lowers_from_the_power_at_leaving_the_dead_band():
    droop, hand = Droop(settings()), Hand()
    band = limited(droop, hand, 50.03, 2000.0)
    assert (band.lo, band.hi) == (-5000.0, 5000.0)
    band = limited(droop, hand, 50.2, 2000.0)
    assert near(band.hi, 1672.0, 0.5)
    assert band.lo == -5000.0
    assert band.hi_reason == R_DROOP
    band = limited(droop, hand, 50.5, 1672.0)
    assert near(band.hi, 1072.0, 0.5)  # still from 2000 W: 2000 - 5000 * 0.464 / 2.5
    band = limited(droop, hand, 50.0, 1072.0)
    assert band.hi == 5000.0
    assert near(limited(droop, hand, 50.2, 1000.0).hi, 672.0, 0.5)  # latched anew


def test_under_frequency_raises_within_what_is_available():
    droop, hand = Droop(settings()), Hand()
    band = limited(droop, hand, 49.8, -1000.0)
    assert near(band.lo, -672.0, 0.5)
    assert band.lo_reason == R_DROOP
    assert band.hi == 5000.0
    band = Band()
    band.reset(-5000.0, 0.0, R_RATING)  # nothing to discharge with
    hand.grid = (230.0, 49.0)
    hand.see()
    droop.limit(hand.image, band, hand.now_ms)
    assert (band.lo, band.hi) == (0.0, 0.0)


def test_no_answer_without_a_trusted_frequency_or_power():
    droop, hand = Droop(settings()), Hand()
    assert limited(droop, hand, 50.5).hi == 5000.0  # the battery was never read
    hand.image.battery_w.set(2000.0, hand.now_ms)
    hand.see()
    hand.image.grid_hz.degrade(SUSPECT)
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    droop.limit(hand.image, band, hand.now_ms)
    assert band.hi == 5000.0
    assert not droop.active


def test_gain_bound_of_sampled_integrals():
    # 2 sin(pi / (2 (2d + 1))) is 2 sin of 90, 30, 18 and 12.86 degrees
    for delay, bound in ((0, 2.0), (1, 1.0), (2, 0.618), (3, 0.445)):
        assert near(gain_bound(delay), bound, 0.0005)
    assert near(GAIN, gain_bound(2) / 3, 0.01)


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
    trim = loop.droop.trim_hz
    for _ in range(10):
        loop.droop.restore(loop.image, loop.wishes, 50.0, loop.now_ms)
    assert loop.droop.trim_hz == trim


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
    assert loop.droop.trim_hz == 0.0
    assert loop.droop.forward_hz == 0.0
