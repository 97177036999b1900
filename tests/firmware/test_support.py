"""Volt-var and volt-watt against the points of IEEE 1547-2018 tables 8 and 10, and by hand between them."""

from island_world import Hand, settings

from islet.base import curves
from islet.control.band import Band
from islet.control.support import Support, beside, constant_power_factor, volt_var, volt_watt
from islet.names import R_NONE, R_RATING, R_VOLT_VAR, R_VOLT_WATT, SUSPECT


def near(got, wanted, tolerance=1e-5):
    return abs(got - wanted) <= tolerance


def test_volt_var_a_and_b():
    """A: 2.5 % of S for each percent of voltage; B: 44 % within 6 %, nothing from 0.98 to 1.02."""
    for v_pu, a, b in (
        (0.80, 0.25, 0.44),
        (0.90, 0.25, 0.44),
        (0.95, 0.125, 0.22),
        (0.98, 0.05, 0.0),
        (1.00, 0.0, 0.0),
        (1.02, -0.05, 0.0),
        (1.05, -0.125, -0.22),
        (1.08, -0.20, -0.44),
        (1.10, -0.25, -0.44),
        (1.20, -0.25, -0.44),
    ):
        assert near(volt_var(v_pu, curves.VOLT_VAR_A), a), v_pu
        assert near(volt_var(v_pu, curves.VOLT_VAR_B), b), v_pu
    assert near(
        volt_var(1.05, curves.VOLT_VAR_B, vref_pu=1.02), -0.44 * 0.01 / 0.06
    )  # the curve moved with Vref


def test_volt_watt():
    for v_pu, most in ((0.9, 1.0), (1.06, 1.0), (1.07, 0.8), (1.08, 0.6), (1.10, 0.2), (1.2, 0.2)):
        assert near(volt_watt(v_pu), most), v_pu


def test_european_curves():
    # 0.436 is sqrt(1 - 0.9**2), 0.312 sqrt(1 - 0.95**2)
    assert near(curves.volt_var("b", "vde4105")[0][0][1], (1 - 0.9**2) ** 0.5, 0.0005)
    assert near(curves.volt_var("a", "en50549")[0][0][1], (1 - 0.95**2) ** 0.5, 0.0005)
    assert near(volt_var(1.05, curves.volt_var("b", "en50549")[0]), -0.218)
    assert curves.volt_var("b", "ieee1547_2") == (curves.VOLT_VAR_B, 5.0)
    assert curves.volt_watt("on", "en50549")[0] == curves.P_U
    assert curves.volt_var("off", "site") == ((), 0.0)


def test_constant_power_factor():
    assert near(constant_power_factor(4000.0, 0.8), 3000.0, 0.01)
    assert near(constant_power_factor(4000.0, -0.8), -3000.0, 0.01)
    assert constant_power_factor(4000.0, 1.0) == 0.0


def seen(support, hand, v, times=1, dt_ms=60_000):
    for _ in range(times):
        hand.grid = (v, 50.0)
        hand.see(dt_ms)
        support.step(hand.image, hand.now_ms, dt_ms)
    hand.wishes.pv_limit_w = 4000.0
    hand.wishes.pv_reason = R_NONE
    support.apply(hand.wishes)
    return hand.wishes


def test_set_points_for_devices_without_curves():
    """5 kVA and 4 kVA at 1.05 pu with curve B: -22 % each; PV may give sqrt(1 - 0.22**2) = 97.55 %."""
    support, hand = Support(settings(volt_var="b")), Hand()
    wishes = seen(support, hand, 241.5)
    assert near(wishes.battery_var, -1100.0, 0.5)
    assert near(wishes.pv_var, -880.0, 0.5)
    assert near(wishes.pv_limit_w, 3902.0, 0.5)
    assert wishes.pv_reason == R_VOLT_VAR
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    support.limit(band)
    assert near(band.hi, 4877.5, 0.5)
    assert near(band.lo, -4877.5, 0.5)
    assert (band.hi_reason, band.lo_reason) == (R_VOLT_VAR, R_VOLT_VAR)


def test_volt_watt_lowers_the_limit_and_the_battery():
    support, hand = Support(settings(volt_watt="on")), Hand()
    wishes = seen(support, hand, 1.08 * 230.0)
    assert near(wishes.pv_limit_w, 2400.0, 0.5)
    assert wishes.pv_reason == R_VOLT_WATT
    assert (wishes.battery_var, wishes.pv_var) == (0.0, 0.0)
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    support.limit(band)
    assert near(band.hi, 3000.0, 0.5)
    assert (band.lo, band.hi_reason) == (-5000.0, R_VOLT_WATT)
    hand.wishes.pv_limit_w = 1000.0  # another holds it lower
    support.apply(hand.wishes)
    assert hand.wishes.pv_limit_w == 1000.0


def test_90_pct_after_the_response_time():
    for name, samples in (("a", 100), ("b", 50)):
        support, hand = Support(settings(volt_var=name)), Hand()
        seen(support, hand, 230.0)
        seen(support, hand, 0.9 * 230.0, samples, 100)
        assert near(support.var_pu, 0.9 * curves.volt_var(name, "site")[0][0][1], 0.001), name


def test_off_and_devices_with_curves_of_their_own():
    support, hand = Support(settings()), Hand()
    wishes = seen(support, hand, 260.0)
    assert (wishes.battery_var, wishes.pv_var, wishes.pv_limit_w) == (0.0, 0.0, 4000.0)
    support = Support(settings(volt_var="b", volt_watt="on"))
    seen(support, hand, 1.08 * 230.0)
    wishes.pv_limit_w = 4000.0
    support.apply(wishes, battery_own=True, pv_own=True)
    assert (wishes.battery_var, wishes.pv_var, wishes.pv_limit_w) == (0.0, 0.0, 4000.0)
    band = Band()
    band.reset(-5000.0, 5000.0, R_RATING)
    support.limit(band, own=True)
    assert (band.lo, band.hi) == (-5000.0, 5000.0)


def test_blind_it_goes_back_by_its_response_and_in_the_island_at_once():
    support, hand = Support(settings(volt_var="b", volt_watt="on")), Hand()
    seen(support, hand, 1.08 * 230.0)
    hand.image.grid_v.degrade(SUSPECT)
    support.step(hand.image, hand.now_ms, 5000)
    assert near(support.var_pu, -0.044, 0.0005)  # a tenth of 0.44
    seen(support, hand, 1.08 * 230.0)
    hand.image.contactor_closed = False
    support.step(hand.image, hand.now_ms, 100)
    assert (support.var_pu, support.watt_pu) == (0.0, 1.0)


def test_reactive_power_goes_first():
    assert near(beside(0.44), 0.898, 0.0005)
    assert near(beside(-0.6), 0.8)
    assert beside(1.2) == 0.0
