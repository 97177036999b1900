"""The order of the ladder: cars, sources, groups, and the limits of phases and fuse. Of 5 kW 4500 W are used."""

from shed_world import Home

from islet.names import (
    GRID,
    ISLAND,
    OPENING,
    R_BATTERY_EMPTY,
    R_EV_FIRST,
    R_MAIN_FUSE,
    R_OVERLOAD,
    R_PHASE_RATING,
    R_SURPLUS,
    R_TIMEOUT,
)


def test_cars_stop_in_the_step_that_leaves_the_grid():
    home = Home()
    home.run(GRID, times=20)
    assert not home.wishes.ev_stop
    home.lose_grid()
    home.run(OPENING)
    assert home.wishes.ev_stop
    assert home.ladder.sources.ev_reason == R_EV_FIRST
    assert home.wishes.shed_level == 0


def test_a_car_that_charges_is_reckoned_with_until_it_has_stopped():
    # 1000 W of house and 4000 W of car are more than 4500 W; 750 and 4000 W too; alone the house is no matter
    home = Home()
    home.car_w = -4000.0
    home.run(GRID, times=20)
    assert (home.shed.ready_level, home.shed.ready_reason) == (2, R_OVERLOAD)
    home.car_w = -3700.0  # 4450 W with deferrable load gone
    home.run(GRID)
    assert home.shed.ready_level == 1
    assert home.islanded() == 1


def test_a_load_that_was_shed_for_a_car_comes_back():
    home = Home()
    home.car_w = -3700.0
    home.islanded()
    home.car_w = 0.0
    assert home.run(ISLAND, times=290, dt_ms=1000) == 1
    assert home.shed.blocked_by == R_TIMEOUT
    assert home.run(ISLAND, times=20, dt_ms=1000) == 0
    assert home.wishes.shed_reason == R_SURPLUS


def test_critical_load_waits_for_a_genset_that_is_on_its_way():
    home = Home(soc_pu=0.16, genset_w=3000)
    home.islanded()
    home.soc_pu = 0.05
    assert home.run(ISLAND) == 2
    assert home.wishes.genset_run
    assert home.run(ISLAND, times=50) == 2  # the genset starts
    home.soc_pu = 0.03
    assert home.run(ISLAND) == 3  # too long
    assert home.wishes.shed_reason == R_BATTERY_EMPTY


def test_critical_load_comes_back_as_soon_as_something_generates():
    home = Home(soc_pu=0.16, genset_w=3000)
    home.islanded()
    home.soc_pu = 0.03
    home.run(ISLAND, times=30)
    assert home.wishes.shed_level == 3
    home.genset_w = 3000.0
    assert home.run(ISLAND, times=110) == 2
    home.genset_w = 0.0


def test_a_genset_that_is_ready_saves_groups_from_the_budget():
    # 0.20: 911 Wh for 2 h of 1000 W are not enough; with 3 kW of a genset they are
    home = Home(soc_pu=0.20)
    assert home.islanded() == 2
    home = Home(soc_pu=0.20, genset_w=3000)
    assert home.islanded() == 0
    assert not home.wishes.genset_run
    home.soc_pu = 0.15
    home.run(ISLAND)
    assert home.wishes.genset_run


def test_a_phase_sheds_though_the_whole_would_fit():
    # 9 kW on three phases: 3000 W each, 2700 W used; 3200 W, 0.9 of them on one: 2880 W, without deferrable 2160 W
    home = Home((1120.0, 1280.0, 800.0), battery_rated_w=9000, battery_wh=20_000)
    home.phases = (0.9, 0.05, 0.05)
    assert home.islanded() == 1
    assert home.wishes.shed_reason == R_PHASE_RATING
    home = Home((1120.0, 1280.0, 800.0), battery_rated_w=9000, battery_wh=20_000)
    home.phases = (0.4, 0.3, 0.3)
    assert home.islanded() == 0
    home.phases = (0.9, 0.05, 0.05)
    assert home.run(ISLAND) == 1


def test_the_main_fuse_sheds_deferrable_load_on_the_grid_as_the_last_resort():
    home = Home(main_fuse_a=25)
    for k in range(60):
        home.image.phase_grid_a[0].set(40.0, home.now_ms)
        home.run(GRID)
        if k == 30:
            assert (home.wishes.ev_stop, home.wishes.shed_level) == (True, 0)
            assert home.ladder.sources.ev_reason == R_MAIN_FUSE
    for _ in range(70):  # 16 / (2.56 - 1.1025) = 11 s in all
        home.image.phase_grid_a[0].set(40.0, home.now_ms)
        home.run(GRID)
    assert (home.wishes.shed_level, home.wishes.shed_reason) == (1, R_MAIN_FUSE)
    home.image.phase_grid_a[0].set(10.0, home.now_ms)
    assert home.run(GRID, times=280, dt_ms=1000) == 1  # its minimum off time
    home.image.phase_grid_a[0].set(10.0, home.now_ms)
    assert home.run(GRID, times=30, dt_ms=1000) == 0
