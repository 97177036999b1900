"""The synchronisation window against IEEE 1547-2018 table 5 and hand calculation."""

from math import pi

from island_world import Hand, settings

from islet.control.aim import Aim
from islet.control.sync_check import SyncCheck, angle_after, wrap_rad
from islet.names import (
    R_ANGLE,
    R_DWELL,
    R_NONE,
    R_SLIP,
    R_STALE_INPUT,
    R_SYNC_RELAY,
    R_VOLTAGE_DIFFERENCE,
    SUSPECT,
)

DEG = pi / 180


def check(slip_hz, angle_deg, dv=0.0, steps=4, **changed):
    """Return why closing is forbidden for a bus at 50 Hz and 230 V, after so many windows like this."""
    hand = Hand()
    hand.grid = (230.0 + dv, 50.0 + slip_hz)
    hand.slip_rad = angle_deg * DEG
    sync = SyncCheck(settings(**changed))
    for _ in range(steps):
        hand.see()
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


WIDE = {"sync_hz": 0.3, "sync_v_pu": 0.1, "sync_rad": 0.349, "sync_dwell_ms": 0}


def test_the_band_must_be_kept_for_the_dwell():
    assert [check(0.0, 0.0, steps=n) for n in (1, 2, 3, 4)] == [R_DWELL, R_DWELL, R_DWELL, R_NONE]  # 300 ms
    assert check(0.0, 0.0, steps=1, sync_dwell_ms=0) == R_NONE


def test_a_window_out_of_band_begins_the_dwell_anew():
    hand, sync = Hand(), SyncCheck(settings())
    said = []
    for angle_deg in (0.0, 0.0, 0.0, 2.9, 0.0, 0.0, 0.0, 0.0):  # the band ends at 0.05 rad, 2.86 degrees
        hand.slip_rad = angle_deg * DEG
        hand.see()
        sync.passes(hand.image, hand.now_ms)
        said.append(sync.blocked_by)
    assert said == [R_DWELL, R_DWELL, R_DWELL, R_ANGLE, R_DWELL, R_DWELL, R_DWELL, R_NONE]


def test_orders_at_the_step_that_comes_nearest_to_zero():
    # slip -0.02 Hz: 0.72 deg a step down; the contacts meet 50..150 ms later, 0.36..1.08 deg on
    assert check(-0.02, 1.75) == R_ANGLE  # 1.39 .. 0.67: the next step is nearer
    assert check(-0.02, 1.0) == R_NONE  # 0.64 .. -0.08
    assert check(-0.02, -0.3) == R_NONE  # -0.66 .. -1.38: leaving, but under a quarter of the band (0.72)
    assert check(-0.02, -0.5) == R_ANGLE  # -0.86 .. -1.58: over half of the band
    assert check(0.02, -1.0) == R_NONE
    assert check(0.02, 170.0) == R_ANGLE


def test_slip_and_voltage_limits():
    assert check(0.029, -0.5) == R_NONE  # 0.02 .. 1.07 deg; ordered up to 0.6 of 0.05 Hz
    assert check(0.031, -0.5) == R_SLIP
    assert check(0.051, -1.0) == R_SLIP
    assert check(-0.051, 1.0) == R_SLIP
    assert check(0.0, 0.0, dv=3.4) == R_NONE  # 0.75 of 2 % of 230 V is 3.45 V
    assert check(0.0, 0.0, dv=3.5) == R_VOLTAGE_DIFFERENCE
    assert check(0.0, 0.0, dv=-4.7) == R_VOLTAGE_DIFFERENCE


def test_window_follows_the_settings():
    assert check(0.0, 1.5) == R_ANGLE  # over half of 2.86
    assert check(0.17, -9.0, **WIDE) == R_NONE  # -5.9 .. 0.2 deg, under 10; 0.17 of 0.6 * 0.3 Hz
    assert check(0.19, -9.0, **WIDE) == R_SLIP
    assert check(0.17, 0.0, **WIDE) == R_NONE  # 3.1 .. 9.2 deg, leaving, now under a quarter of 20
    assert check(0.17, 2.0, **WIDE) == R_ANGLE


def test_a_hardware_relay_must_permit_too_where_one_is_fitted():
    assert check(0.0, 0.0, sync_relay=1) == R_SYNC_RELAY
    hand, sync = Hand(), SyncCheck(settings(sync_relay=1, sync_dwell_ms=0))
    hand.image.sync_relay_ok = True
    hand.see()
    assert sync.passes(hand.image, hand.now_ms)
    hand.slip_rad = 1.0
    hand.see()
    assert not sync.passes(hand.image, hand.now_ms)  # its word alone does not do


def test_doubtful_or_old_readings_forbid_closing():
    names = ("slip_rad", "grid_hz", "bus_hz", "grid_v", "bus_v")
    for name in names:
        hand = Hand()
        hand.see()
        getattr(hand.image, name).degrade(SUSPECT)
        sync = SyncCheck(settings(sync_dwell_ms=0))
        assert not sync.passes(hand.image, hand.now_ms)
        assert sync.blocked_by == R_STALE_INPUT
    hand = Hand()
    hand.see()
    sync = SyncCheck(settings(sync_dwell_ms=0))
    assert sync.passes(hand.image, hand.now_ms)
    assert not sync.passes(hand.image, hand.now_ms + 300)  # the image still calls it usable


def approach(angles, hz=50.04):
    """Return the aim after windows of these angles, the bus at 50 Hz."""
    hand, aim = Hand(), Aim(settings())
    hand.grid, hand.bus = (225.0, hz), (225.0, hz)
    hand.slip_rad = angles[0]
    hand.see()
    aim.start(hand.image, hand.now_ms)
    for angle_rad in angles:
        hand.slip_rad = angle_rad
        hand.see()
        aim.step(hand.image, hand.now_ms)
    return aim


def test_the_aim_is_fast_when_far_and_slow_when_near():
    # 0.4 / s * angle / 2 pi with no slip: 3 rad 0.191 Hz, 1 rad 0.0637 Hz; 0.2 Hz/s are there after 1 s
    assert abs(approach([3.0] * 20).offset_hz - 0.191) < 1e-3
    assert abs(approach([-3.0] * 20).offset_hz + 0.191) < 1e-3
    assert abs(approach([1.0] * 20).offset_hz - 0.0637) < 1e-3
    assert abs(approach([1.0] * 20).hz - 50.1037) < 1e-3
    assert approach([0.0] * 20).offset_hz == 0.0
    assert abs(approach([3.0] * 5).offset_hz - 0.1) < 1e-6  # on the way


def test_the_aim_goes_on_over_half_a_turn():
    # 3.0, then 3.3 (-2.98 wrapped): still the same way
    assert approach([3.0] * 10 + [3.3 - 2 * pi] * 10).offset_hz > 0.15
    assert (
        approach([3.0, 3.6 - 2 * pi, 4.1 - 2 * pi] + [4.1 - 2 * pi] * 20).offset_hz < 0
    )  # the other is shorter


def test_the_aim_takes_out_what_is_left_of_the_voltage():
    hand, aim = Hand(), Aim(settings())
    hand.grid, hand.bus = (225.0, 50.0), (221.0, 50.0)
    hand.see()
    aim.start(hand.image, hand.now_ms)
    assert aim.v == 225.0
    for _ in range(10):
        hand.see()
        aim.step(hand.image, hand.now_ms)
    assert abs(aim.v - 225.8) < 1e-3  # 0.2 / s of 4 V for a second
    for _ in range(1000):
        hand.see()
        aim.step(hand.image, hand.now_ms)
    assert abs(aim.v - 236.5) < 1e-3  # at most 5 % of 230 V
