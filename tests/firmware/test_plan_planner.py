"""Planner: two-slot plans by hand, a plan for any input. Efficiency one way is sqrt(0.9) = 0.94868."""

import math
from array import array

from islet.names import R_CHARGE_CHEAP, R_IDLE, R_PRICE_DISCHARGE, R_RESERVE
from islet.plan.intent import Intent
from islet.plan.planner import Planner

ETA = math.sqrt(0.9)
TOU = [0.22] * 16 + [0.54] * 5 + [0.22] * 3


class Settings:
    def __init__(self, **changes):
        self.battery_rated_w = 5000.0
        self.battery_wh = 6400.0
        self.soc_min_pu = 0.05
        self.soc_max_pu = 1.0
        self.reserve_soc_pu = 0.30
        self.plan_slot_s = 1800
        self.feed_in_per_kwh = 0.05
        for name in changes:
            setattr(self, name, changes[name])


def small(**changes):
    """A lossy 1 kWh battery without reserve, hours as slots."""
    base = {"battery_rated_w": 2000.0, "battery_wh": 1000.0, "soc_min_pu": 0.0, "reserve_soc_pu": 0.0}
    base["plan_slot_s"] = 3600
    base.update(changes)
    return Settings(**base)


def two_slots(s, load_w, pv_w, first_price, second_price, soc_pu, **options):
    planner = Planner(s, slots=2, **options)
    price = [first_price, second_price] + [first_price] * 22
    planner.solve(0, array("f", load_w), array("f", pv_w), price, soc_pu)
    return planner


def near(a, b, tolerance):
    return abs(a - b) <= tolerance


def test_buys_cheap_and_uses_it_dear():
    # 1 kWh stored costs 0.10 / 0.94868 = 0.105 and later saves 0.94868 * 0.50 = 0.474; the load takes all.
    planner = two_slots(small(), [1000, 1000], [0, 0], 0.10, 0.50, 0.0, peak_weight=0.0, wear_per_kwh=0.0)
    assert near(planner.battery_w[0], -1000 / ETA, 1.0)
    assert near(planner.battery_w[1], 1000 * ETA, 1.0)
    assert near(planner.grid_w[0], 1000 + 1000 / ETA, 1.0)
    assert near(planner.grid_w[1], 1000 - 1000 * ETA, 1.0)
    assert planner.reason == [R_CHARGE_CHEAP, R_PRICE_DISCHARGE]


def test_losses_forbid_a_small_price_difference():
    # 0.20 / 0.9 = 0.222 a kWh delivered: not worth 0.21, worth 0.23.
    idle = two_slots(small(), [1000, 1000], [0, 0], 0.20, 0.21, 0.0, peak_weight=0.0, wear_per_kwh=0.0)
    busy = two_slots(small(), [1000, 1000], [0, 0], 0.20, 0.23, 0.0, peak_weight=0.0, wear_per_kwh=0.0)
    assert idle.reason[0] == R_IDLE
    assert busy.reason[0] == R_CHARGE_CHEAP


def test_wear_counts_on_both_ways():
    # 0.20 / 0.9 + 0.01 / 0.94868 * 2 = 0.2433 a kWh delivered.
    idle = two_slots(small(), [1000, 1000], [0, 0], 0.20, 0.24, 0.0, peak_weight=0.0, wear_per_kwh=0.01)
    busy = two_slots(small(), [1000, 1000], [0, 0], 0.20, 0.25, 0.0, peak_weight=0.0, wear_per_kwh=0.01)
    assert idle.reason[0] == R_IDLE
    assert busy.reason[0] == R_CHARGE_CHEAP


def test_stores_surplus_rather_than_sell():
    # 1 kW of surplus: 0.05 sold against 0.9 * 0.22 kept.
    planner = two_slots(small(), [0, 1000], [1000, 0], 0.22, 0.22, 0.0, peak_weight=0.0)
    assert near(planner.battery_w[0], -1000.0, 45.0)
    assert near(planner.battery_w[1], 1000.0 * 0.9, 45.0)


def test_peak_is_split_as_calculus_says():
    # Loads 0 and 2 kW, price p = 0.2, weight w = 0.5. With x kWh stored the cost
    # w (x/e)^2 + w (2 - e x)^2 + p (x/e - e x) is least at x (1/e^2 + e^2) = 2 e - p (1/e - e) / (2 w):
    # x = 0.9330 kWh, so 983 W in the first hour and 1115 W after.
    s = small(battery_wh=2000.0)
    planner = two_slots(s, [0, 2000], [0, 0], 0.2, 0.2, 0.0, peak_weight=0.5, wear_per_kwh=0.0, levels=33)
    assert near(planner.grid_w[0], 983.0, 35.0)
    assert near(planner.grid_w[1], 1115.0, 35.0)
    intent = Intent()
    planner.plan.fill_intent(0, intent)
    assert near(intent.grid_lo_w, 983.0, 35.0)


def test_intent_follows_the_worth_of_energy_not_the_plan():
    # Energy is worth 0.474 next hour: now, at 0.10, charge whatever the load; then bring the grid to zero.
    planner = two_slots(small(), [1000, 1000], [0, 0], 0.10, 0.50, 0.0, peak_weight=0.0, wear_per_kwh=0.0)
    intent = Intent()
    planner.plan.fill_intent(0, intent)
    assert intent.battery_w(1000.0) < -5000.0
    assert intent.reason(-1.0) == R_CHARGE_CHEAP
    planner.plan.fill_intent(1, intent)
    assert intent.battery_w(1700.0) == 1700.0
    assert intent.reason(1.0) == R_PRICE_DISCHARGE
    planner.plan.fill_intent(99, intent)
    assert intent.battery_w(300.0) == 300.0


def day(planner, soc_pu, load=1000.0, start=0, spread=None):
    planner.solve(start, array("f", [load] * 48), array("f", [0.0] * 48), TOU, soc_pu, spread)
    return planner.plan


def test_dear_hours_are_served_from_the_battery_and_the_reserve_is_kept():
    # 6.4 kWh from 30 % to 100 % hold 4.48 kWh, 4.25 kWh of it delivered; 5 h at 1 kW want 5 kWh.
    plan = day(Planner(Settings(), peak_weight=0.0), 0.30)
    dear = sum(plan.battery_w[k] for k in range(32, 42)) / 2000
    assert near(dear, 4.48 * ETA, 0.02)
    assert min(plan.soc_pu) > 0.30 - 1e-4
    assert near(plan.soc_pu[31], 1.0, 0.01)
    assert near(plan.soc_pu[41], 0.30, 0.01)


def test_charge_in_the_plan_adds_up():
    plan = day(Planner(Settings()), 0.55)
    soc = 0.55
    for k in range(48):
        power = plan.battery_w[k]
        soc -= power * (1.0 / ETA if power > 0 else ETA) * 0.5 / 6400
        assert near(plan.soc_pu[k], soc, 1e-3)
        assert near(plan.grid_w[k], 1000.0 - power, 0.1)
        assert abs(power) <= 5000.0


def test_reserve_is_refilled_but_not_in_the_dear_hours():
    plan = day(Planner(Settings()), 0.10, start=36)  # 18:00, three dear hours to go
    assert all(plan.battery_w[k] > -25.0 for k in range(6))
    assert plan.soc_pu[20] > 0.299
    assert R_RESERVE in plan.reason


def test_slices_give_the_same_plan_and_publish_only_at_the_end():
    whole, sliced = Planner(Settings()), Planner(Settings())
    expected = day(whole, 0.4)
    load, pv = array("f", [1000.0] * 48), array("f", [0.0] * 48)
    sliced.begin(0, load, pv, TOU, 0.4)
    slices = 1
    while not sliced.advance(5):
        assert list(sliced.grid_w) == [0.0] * 48
        slices += 1
    assert slices == 20  # 96 stages
    assert list(sliced.battery_w) == list(expected.battery_w)
    assert sliced.advance(5)


def test_spread_keeps_the_plan_sane():
    plan = day(Planner(Settings()), 0.5, spread=array("f", [600.0] * 48))
    assert min(plan.soc_pu) > 0.30 - 1e-4
    assert max(plan.soc_pu) < 1.0 + 1e-4


def test_any_input_gives_a_plan():
    nan = math.nan
    cases = (
        (Settings(battery_wh=0.0), 500.0, 0.5, TOU),
        (Settings(battery_rated_w=0.0), 500.0, 0.5, TOU),
        (Settings(soc_max_pu=0.3), 500.0, 0.3, TOU),
        (Settings(feed_in_per_kwh=0.9), 500.0, 0.5, TOU),
        (Settings(), nan, nan, [nan] * 24),
        (Settings(), math.inf, 7.0, [-0.3] * 24),
        (Settings(), -1e30, -1.0, [1e30] * 24),
        (Settings(battery_rated_w=1e6), 500.0, 0.05, TOU),
    )
    for s, load, soc, price in cases:
        planner = Planner(s)
        spread = array("f", [load] * 48)
        planner.solve(47, array("f", [load] * 48), array("f", [nan] * 48), price, soc, spread)
        plan = planner.plan
        for k in range(48):
            assert not math.isnan(plan.grid_w[k] + plan.soc_pu[k] + plan.grid_lo_w[k] + plan.grid_hi_w[k])
            assert abs(plan.battery_w[k]) <= s.battery_rated_w + 1e-3
            assert plan.grid_lo_w[k] <= plan.grid_hi_w[k]


def test_negative_price_charges_fully():
    planner = two_slots(small(), [0, 0], [0, 0], -0.20, 0.20, 0.0, peak_weight=0.0)
    assert planner.battery_w[0] < -990.0
