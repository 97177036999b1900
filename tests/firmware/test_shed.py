"""Load shedding by hand calculation: 0.9 * 5 kW = 4500 W, 6400 Wh * sqrt(0.9) = 6071.6 Wh."""

from shed_world import House

from islet.names import (
    BLACK_START,
    FAULT,
    GRID,
    ISLAND,
    NEVER,
    R_AUTONOMY,
    R_BATTERY_EMPTY,
    R_NONE,
    R_OVERLOAD,
    R_STALE_INPUT,
    R_SURPLUS,
    R_TIMEOUT,
    SOFT_RETURN,
    SUSPECT,
)


def test_level_is_ready_before_the_outage():
    # energy for 2 h at soc 1.0: 0.95 * 6071.6 = 5768 Wh, enough for 2884 W; power: 4500 W
    cases = (
        (2800.0, 1.0, 0, R_NONE),
        (2950.0, 1.0, 1, R_AUTONOMY),
        (3900.0, 1.0, 2, R_AUTONOMY),  # 0.75 * 3900 = 2925 W
        (900.0, 0.30, 1, R_AUTONOMY),  # 0.25 * 6071.6 = 1518 Wh, 759 W
        (700.0, 0.30, 0, R_NONE),
        (500.0, 0.05, 3, R_BATTERY_EMPTY),
    )
    for load_w, soc_pu, level, reason in cases:
        house = House(load_w, soc_pu)
        assert house.run(GRID, times=3) == 0
        assert (house.shed.ready_level, house.shed.ready_reason) == (level, reason), (load_w, soc_pu)


def test_power_decides_where_energy_is_plenty():
    for load_w, level in ((4490.0, 0), (4510.0, 1), (5990.0, 1), (6010.0, 2), (20_000.0, 2)):
        house = House(load_w, autonomy_s=60)
        house.run(GRID, times=3)
        assert house.shed.ready_level == level, load_w
        assert house.shed.ready_reason == (R_OVERLOAD if level else R_NONE)


def test_expected_pv_counts_as_energy():
    house = House(900.0, 0.30)
    house.pv_w_low = 150.0  # 1518 + 300 > 1800 Wh
    house.run(GRID)
    assert house.shed.ready_level == 0


def test_sheds_in_the_first_step_by_the_load_before_the_outage():
    house = House(5000.0, autonomy_s=60)
    assert house.islanded() == 1
    assert house.wishes.shed_reason == R_OVERLOAD


def test_a_short_peak_decides_power_but_not_energy():
    house = House(500.0)
    house.run(GRID, times=600)
    house.load_w = 4400.0  # a kettle on top: within the rating, and 10 s of it hardly move the mean
    house.run(GRID, times=100)
    assert house.shed.ready_level == 0
    house.load_w = 4600.0
    house.run(GRID)
    assert house.shed.ready_level == 1


def test_unknown_load_or_charge_means_critical_only():
    house = House(500.0)
    assert (house.shed.ready_level, house.shed.ready_reason) == (2, R_STALE_INPUT)
    house.soc_pu = None
    house.run(GRID, times=10)
    assert house.shed.ready_level == 2


def test_infers_the_whole_load_while_shedding():
    house = House(5000.0, autonomy_s=60)
    house.islanded()
    house.run(ISLAND, times=20)
    assert abs(house.loads.total_w - 5000.0) < 1.0  # 3750 W / 0.75


def test_overload_in_the_island_sheds_as_far_as_needed_in_one_step():
    house = House(1000.0, autonomy_s=60)
    assert house.islanded() == 0
    house.run(ISLAND, times=20)
    house.load_w = 5000.0
    assert house.run(ISLAND) == 1
    assert house.wishes.shed_reason == R_OVERLOAD
    house.load_w = 7000.0  # 5250 W at level 1; nothing more until the meters show the change
    assert house.run(ISLAND, times=9) == 1
    assert house.run(ISLAND) == 2
    house = House(1000.0, autonomy_s=60)
    house.islanded()
    house.run(ISLAND, times=20)
    house.load_w = 8000.0  # level 1 would leave 6000 W
    assert house.run(ISLAND) == 2


def test_pv_relieves_the_inverter():
    house = House(1000.0, autonomy_s=60)
    house.islanded()
    house.run(ISLAND, times=20)
    house.load_w, house.pv_w = 6000.0, 2000.0
    assert house.run(ISLAND, times=10) == 0


def test_shortage_sheds_and_surplus_restores_with_hysteresis():
    house = House(700.0, 0.30)  # 1518 Wh for 1400 Wh
    assert house.islanded() == 0
    house.run(ISLAND, times=20)
    house.soc_pu = 0.27  # 1336 Wh
    assert house.run(ISLAND) == 1
    assert house.wishes.shed_reason == R_AUTONOMY
    house.soc_pu = 0.34  # 1761 Wh < 1.3 * 1400
    assert house.run(ISLAND, 1000, 400) == 1
    house.soc_pu = 0.36  # 1882 Wh
    assert house.run(ISLAND) == 0
    assert house.wishes.shed_reason == R_SURPLUS


def test_groups_come_back_after_five_minutes_and_a_minute_apart_at_any_pace():
    for dt_ms in (100, 1000, 60_000):
        house = House(700.0, 0.15)  # 607 Wh: critical only
        assert house.islanded() == 2
        house.soc_pu = 1.0
        house.run(ISLAND, times=2)  # islanding itself was 300 ms ago
        spent_ms = 300
        while house.run(ISLAND, dt_ms) == 2:
            spent_ms += dt_ms
        assert abs(spent_ms - 300_000) <= dt_ms, dt_ms
        assert house.wishes.shed_level == 1
        assert house.run(ISLAND, dt_ms, 59_000 // dt_ms) == 1  # the group given back has 60 s to prove itself
        assert house.shed.blocked_by == (R_TIMEOUT if dt_ms < 60_000 else R_NONE)
        assert house.run(ISLAND, dt_ms, 1000 // dt_ms + 1) == 0


def test_empty_battery_ends_service_only_while_it_discharges():
    house = House(700.0, 0.15)
    house.islanded()
    house.run(ISLAND, times=20)
    house.soc_pu, house.pv_w = 0.05, 300.0  # critical load is 245 W
    assert house.run(ISLAND, times=20) == 2
    house.pv_w = 0.0
    assert house.run(ISLAND) == 3
    assert house.wishes.shed_reason == R_BATTERY_EMPTY
    house.soc_pu = 0.06  # 60.7 Wh < 1.3 * 490 Wh
    assert house.run(ISLAND, 60_000, 20) == 3
    house.soc_pu = 0.16  # 668 Wh
    assert house.run(ISLAND, 60_000, 1) == 2


def test_lost_charge_reading_in_the_island_changes_nothing():
    house = House(700.0, 0.30)
    house.islanded()
    house.run(ISLAND, times=20)
    house.soc_pu = None
    house.image.soc_pu.degrade(SUSPECT)
    assert house.run(ISLAND, 60_000, 20) == 0


def test_failed_forming_leaves_critical_load_only():
    for state in (FAULT, BLACK_START):
        house = House(500.0)
        assert house.islanded() == 0
        assert house.run(state) == 2
        assert house.wishes.shed_reason == R_OVERLOAD


def test_everything_is_served_on_the_grid_again_but_no_group_within_its_minimum_off_time():
    house = House(5000.0, autonomy_s=60)
    house.islanded()  # level 1 since 200 ms
    assert house.run(SOFT_RETURN, dt_ms=1000, times=299) == 1
    assert house.run(SOFT_RETURN, dt_ms=1000) == 0
    assert house.wishes.shed_reason == R_NONE
    house = House(5000.0, autonomy_s=60, shed_min_off_s=0)
    house.islanded()
    assert house.run(SOFT_RETURN, dt_ms=1000, times=9) == 1  # 10 s after the last change
    assert house.run(SOFT_RETURN, dt_ms=1000) == 0


def test_critical_load_is_served_on_the_grid_at_once():
    house = House(700.0, 0.05)
    assert house.islanded() == 3
    assert house.run(SOFT_RETURN) == 2


def test_load_is_not_measured_on_a_failing_voltage():
    house = House(2000.0)
    house.run(GRID, times=10)
    house.bus = (190.0, 50.0)  # under 0.85 pu
    house.load_w = 500.0
    house.run(GRID, times=10)
    assert house.loads.total_w == 2000.0
    house.bus = (230.0, 50.0)
    house.image.metered_load_w.degrade(NEVER)
    house.run(GRID)
    assert house.loads.total_w == 500.0


def test_a_peak_of_the_last_hours_keeps_large_loads_off_an_island():
    # 1.1 * 5 kW = 5500 W: after 7 kW, 0.75 * 7000 = 5250 W fits and 7000 W does not; after 9 kW only 0.35 * 9000 does
    for peak_w, level in ((5400.0, 0), (7000.0, 1), (9000.0, 2)):
        house = House(peak_w)
        house.run(GRID, times=2)
        house.load_w = 300.0
        house.run(GRID, dt_ms=60_000, times=3)  # the mean, 300 W in the end, takes a while
        house.loads.mean_w = 300.0
        house.run(GRID)
        assert house.shed.ready_level == level, peak_w


def test_a_peak_is_forgotten():
    # 7 kW fade to 5500 W in about 4 h * ln(7000 / 5500) = 58 minutes
    house = House(7000.0)
    house.run(GRID)
    house.load_w = 300.0
    house.run(GRID, dt_ms=60_000, times=55)
    assert house.loads.peak_w > 5500.0
    house.run(GRID, dt_ms=60_000, times=6)
    assert house.loads.peak_w < 5500.0
