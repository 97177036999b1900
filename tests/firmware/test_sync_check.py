"""The synchronisation window against IEEE 1547-2018 table 5 and hand calculation."""

from math import pi

from island_world import Hand, settings

from islet.control.sync_check import Aim, SyncCheck, angle_after, wrap_rad
from islet.names import R_ANGLE, R_NONE, R_SLIP, R_STALE_INPUT, R_VOLTAGE_DIFFERENCE, SUSPECT

DEG = pi / 180


def check(slip_hz, angle_deg, dv=0.0, **changed):
    """Return why closing is forbidden for a bus at 50 Hz and 230 V."""
    hand = Hand()
    hand.grid = (230.0 + dv, 50.0 + slip_hz)
    hand.slip_rad = angle_deg * DEG
    hand.see()
    sync = SyncCheck(settings(**changed))
    assert sync.passes(hand.image, hand.now_ms) == (sync.blocked_by == R_NONE)
    return sync.blocked_by


def test_at_0_3_hz_the_20_degree_window_lasts_370_ms():
    # 360 deg * 0.3 Hz = 108 deg/s, and 40 deg / 108 deg/s = 370.37 ms
    assert abs(angle_after(-20 * DEG, 0.3, 370) - 20 * DEG) < 0.05 * DEG
    assert angle_after(-20 * DEG, 0.3, 371) > 20 * DEG


def test_breaker_advance_angle():
    # 360 deg * 0.1 Hz * 50 ms = 1.8 deg
    assert abs(angle_after(0.0, 0.1, 50) - 1.8 * DEG) < 1e-6
    assert abs(angle_after(179 * DEG, 0.1, 100) + 177.4 * DEG) < 1e-5  # over the half turn
    assert abs(wrap_rad(3 * pi) + pi) < 1e-5


def test_orders_at_the_step_that_comes_nearest_to_zero():
    # slip -0.1 Hz: 3.6 deg a step down; the contacts meet 50..150 ms later, 1.8..5.4 deg on
    assert check(-0.1, 7.0) == R_ANGLE  # 5.2 .. 1.6: the next step is nearer
    assert check(-0.1, 3.7) == R_ANGLE  # 1.9 .. -1.7: just so
    assert check(-0.1, 3.5) == R_NONE  # 1.7 .. -1.9
    assert check(-0.1, -0.5) == R_NONE  # -2.3 .. -5.9: leaving, but under a quarter of the window
    assert check(-0.1, -3.0) == R_ANGLE  # -4.8 .. -8.4: the way back brings better
    assert check(0.1, -3.5) == R_NONE
    assert check(0.1, 170.0) == R_ANGLE


def test_both_ends_of_the_latency_lie_in_the_window():
    assert check(-0.29, 9.5) == R_NONE  # 4.3 .. -6.2 deg
    assert check(-0.29, 6.0) == R_NONE  # 0.8 .. -9.7 deg
    assert check(-0.29, 5.5) == R_ANGLE  # 0.3 .. -10.2 deg, over the setting's 10


def test_slip_and_voltage_limits():
    assert check(0.29, -9.0) == R_NONE  # -3.8 .. 6.7 deg
    assert check(0.31, -9.0) == R_SLIP
    assert check(-0.31, 9.0) == R_SLIP
    assert check(0.0, 0.0, dv=22.9) == R_NONE  # 10 % of 230 V is 23.0 V
    assert check(0.0, 0.0, dv=23.1) == R_VOLTAGE_DIFFERENCE
    assert check(0.0, 0.0, dv=-23.1) == R_VOLTAGE_DIFFERENCE
    assert check(0.08, 0.0, sync_hz=0.05) == R_SLIP


def test_window_follows_the_setting():
    assert check(-0.29, 5.0) == R_ANGLE  # -0.2 .. -10.7 deg
    assert check(-0.29, 5.0, sync_rad=0.349) == R_NONE
    assert check(0.0, 3.0) == R_ANGLE  # standing still over a quarter of the window: the aim will move it
    assert check(0.0, 3.0, sync_rad=0.349) == R_NONE


def test_doubtful_or_old_readings_forbid_closing():
    names = ("slip_rad", "grid_hz", "bus_hz", "grid_v", "bus_v")
    for name in names:
        hand = Hand()
        hand.see()
        getattr(hand.image, name).degrade(SUSPECT)
        sync = SyncCheck(settings())
        assert not sync.passes(hand.image, hand.now_ms)
        assert sync.blocked_by == R_STALE_INPUT
    hand = Hand()
    hand.see()
    sync = SyncCheck(settings())
    assert sync.passes(hand.image, hand.now_ms)
    assert not sync.passes(hand.image, hand.now_ms + 300)  # the image still calls it usable


def test_aim_takes_the_shorter_way_and_turns_after_a_miss():
    hand, aim = Hand(), Aim(settings())
    hand.grid = (225.0, 50.04)
    hand.slip_rad = 1.0  # the bus lags: it must run faster
    hand.see()
    aim.start(hand.image, hand.now_ms)
    assert abs(aim.hz - 50.14) < 1e-4
    assert aim.v == 225.0
    for angle, offset in ((0.2, 0.1), (-0.5, 0.1), (-0.53, -0.1), (-0.2, -0.1), (0.6, 0.1), (-3.0, 0.1)):
        hand.slip_rad = angle  # 3 * sync_rad is 0.5235
        hand.see()
        aim.step(hand.image, hand.now_ms)
        assert abs(aim.offset_hz - offset) < 1e-6, angle
    hand.slip_rad = -1.0
    hand.see()
    aim.start(hand.image, hand.now_ms)
    assert abs(aim.hz - 49.94) < 1e-4
