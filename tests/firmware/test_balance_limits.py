"""What bounds the battery: each limit by a hand calculation, then who wins when they meet."""

import math

from islet.control.band import Band
from islet.control.limits import NO_LIMIT_W, Limits, net_load_w
from islet.names import (
    COMM,
    R_ENVELOPE,
    R_MAIN_FUSE,
    R_RATING,
    R_RESERVE,
    R_SOC_MAX,
    R_SOC_MIN,
    R_SOFT_RETURN,
)
from islet.state.image import Image

ETA = math.sqrt(0.9)


class Settings:
    battery_rated_w = 5000.0
    battery_wh = 6400.0
    pv_rated_w = 4000.0
    soc_min_pu = 0.05
    soc_max_pu = 1.0
    reserve_soc_pu = 0.30
    import_rated_w = 13_800.0
    export_rated_w = 10_000.0


def image(load_w=1000.0, pv_w=0.0, soc_pu=0.6):
    made = Image()
    made.metered_load_w.set(load_w, 0)
    made.pv_w.set(pv_w, 0)
    made.apart_w.set(0.0, 0)
    made.feeder_w.set(0.0, 0)
    made.soc_pu.set(soc_pu, 0)
    return made


def shrunk(made, import_w=NO_LIMIT_W, export_w=NO_LIMIT_W, soft_w=NO_LIMIT_W, dt_ms=100):
    band, limits = Band(), Limits(Settings)
    band.reset(-NO_LIMIT_W, NO_LIMIT_W)
    limits.shrink(band, made, 0, dt_ms, import_w, export_w, soft_w)
    return band, limits


def test_rating_bounds_both_ways():
    band, _ = shrunk(image())
    assert (band.lo, band.hi) == (-5000.0, 5000.0)
    assert (band.lo_reason, band.hi_reason) == (R_RATING, R_RATING)


def test_a_minute_cannot_overshoot_the_reserve_or_the_top():
    # 0.1 % of 6.4 kWh above the reserve is 6.4 Wh: * 0.94868 in one minute is 364.3 W, for shorter steps too.
    for dt_ms in (100, 60_000):
        band, _ = shrunk(image(soc_pu=0.301), dt_ms=dt_ms)
        assert abs(band.hi - 6.4 * ETA * 60) < 0.1
        assert band.hi_reason == R_RESERVE
        band, _ = shrunk(image(soc_pu=0.999), dt_ms=dt_ms)
        assert abs(band.lo + 6.4 / ETA * 60) < 0.1
        assert band.lo_reason == R_SOC_MAX


def test_longer_pause_holds_back_more():
    minute, _ = shrunk(image(soc_pu=0.301))
    ten, _ = shrunk(image(soc_pu=0.301), dt_ms=600_000)
    assert abs(ten.hi * 10 - minute.hi) < 0.01


def test_below_reserve_only_charging():
    band, _ = shrunk(image(soc_pu=0.2))
    assert (band.lo, band.hi, band.hi_reason) == (-5000.0, 0.0, R_RESERVE)


def test_empty_battery_says_so():
    band, _ = shrunk(image(soc_pu=0.05))
    assert (band.hi, band.hi_reason) == (0.0, R_SOC_MIN)


def test_unknown_charge_moves_nothing():
    made = image()
    made.soc_pu.degrade(COMM)
    band, _ = shrunk(made)
    assert (band.lo, band.hi) == (0.0, 0.0)


def test_import_envelope_orders_discharge():
    # 4 kW of load, 1 kW of PV, 2 kW admitted: at least 1 kW must come from the battery.
    band, _ = shrunk(image(4000.0, 1000.0), import_w=2000.0)
    assert (band.lo, band.lo_reason) == (1000.0, R_ENVELOPE)


def test_export_envelope_orders_charging_before_pv_is_cut():
    # 0.5 kW of load, 4 kW of PV, 1.5 kW admitted: 2 kW must be charged, and PV may give all it has.
    band, limits = shrunk(image(500.0, 4000.0), export_w=1500.0)
    assert (band.hi, band.hi_reason) == (-2000.0, R_ENVELOPE)
    assert limits.pv_allowed_w == 500.0 + 1500.0 + 5000.0


def test_full_battery_cuts_pv_to_load_and_export():
    band, limits = shrunk(image(500.0, 4000.0, soc_pu=1.0), export_w=1500.0)
    assert (band.lo, band.hi) == (0.0, 0.0)
    assert limits.pv_allowed_w == 2000.0
    assert limits.pv_reason == R_ENVELOPE


def test_reserve_goes_before_the_envelope():
    band, _ = shrunk(image(4000.0, soc_pu=0.25), import_w=2000.0)
    assert (band.hi, band.hi_reason) == (0.0, R_RESERVE)


def test_breaker_goes_before_the_reserve():
    # 15 kW of load on a 13.8 kW connection: 1.2 kW from the battery although it is below its reserve.
    band, _ = shrunk(image(15_000.0, soc_pu=0.25), import_w=2000.0)
    assert (band.lo, band.hi, band.lo_reason) == (1200.0, 1200.0, R_RATING)


def test_soft_return_holds_charging_back():
    band, _ = shrunk(image(1000.0, soc_pu=0.2), soft_w=1300.0)
    assert (band.lo, band.hi, band.lo_reason) == (-300.0, 0.0, R_SOFT_RETURN)


def test_metered_load_is_preferred_and_derived_load_stands_in():
    made = image(1000.0, 400.0)
    made.load_w.set(1500.0, 0)
    assert net_load_w(made, 0) == 600.0
    made.metered_load_w.degrade(COMM)
    assert net_load_w(made, 0) == 1100.0
    made.pv_w.degrade(COMM)
    assert math.isnan(net_load_w(made, 0))


def test_unknown_net_load_leaves_rating_and_charge():
    made = image(soc_pu=0.2)
    made.pv_w.degrade(COMM)
    band, limits = shrunk(made, import_w=0.0, export_w=0.0)
    assert (band.lo, band.hi) == (-5000.0, 0.0)
    assert limits.pv_allowed_w == 0.0  # the export limit alone: a load is never below 0
    _, limits = shrunk(made, import_w=0.0, export_w=3000.0)
    assert limits.pv_allowed_w == 3000.0


def test_a_reserve_may_be_raised():
    band, limits = Band(), Limits(Settings)
    assert limits.reserve_pu == 0.30
    limits.reserve_pu = 0.90
    band.reset(-NO_LIMIT_W, NO_LIMIT_W)
    limits.shrink(band, image(soc_pu=0.6), 0, 100, NO_LIMIT_W, NO_LIMIT_W)
    assert (band.hi, band.hi_reason) == (0.0, R_RESERVE)


def test_the_main_fuse_goes_before_the_reserve_and_after_the_charge():
    for soc_pu, lo_w, reason in ((0.2, 1500.0, R_MAIN_FUSE), (0.05, 0.0, R_SOC_MIN)):
        band, limits = Band(), Limits(Settings)
        limits.hold_fuse(1500.0, NO_LIMIT_W, NO_LIMIT_W)
        band.reset(-NO_LIMIT_W, NO_LIMIT_W)
        limits.shrink(band, image(soc_pu=soc_pu), 0, 100, NO_LIMIT_W, NO_LIMIT_W)
        assert (band.lo, band.lo_reason) == (lo_w, reason)


def test_the_main_fuse_holds_export_back_and_caps_pv():
    band, limits = Band(), Limits(Settings)
    limits.hold_fuse(-NO_LIMIT_W, -800.0, 375.0)
    band.reset(-NO_LIMIT_W, NO_LIMIT_W)
    limits.shrink(band, image(500.0, 4000.0), 0, 100, NO_LIMIT_W, NO_LIMIT_W)
    assert (band.hi, band.hi_reason) == (-800.0, R_MAIN_FUSE)
    assert (limits.pv_allowed_w, limits.pv_reason) == (375.0, R_MAIN_FUSE)
