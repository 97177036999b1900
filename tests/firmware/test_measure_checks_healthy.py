"""What looks like a fault of the meter's wiring and is none: no code appears, through the real meter."""

from math import cos, sin

from check_world import LONG, SUMS_A, World, healthy, loads, single, solar, three, wave

from islet.measure.findings import M_CT_REVERSED
from islet.measure.phasing import Steps
from islet.measure.wiring import CIRCUIT_I, GRID_I, LOAD_I, SOURCE_I


def test_steady_current_at_sixty_degrees_says_nothing() -> None:
    # The same CT, one load that is not switched, or switched between two sums only: a motor could do so.
    world = World(three(CIRCUIT_I))
    assert world.play(loads(8.0, 300.0, 120.0, 240.0), 200) == []
    world = World(three(CIRCUIT_I))
    for k in range(40):
        assert world.play(loads(SUMS_A[k % 2], 300.0, 120.0, 240.0), 5) == []


def test_battery_may_go_both_ways() -> None:
    charging = healthy(grid=wave(10.0), load=wave(2.0), pv=wave(8.0, 180.0))
    assert World(solar()).play(charging, LONG) == [(M_CT_REVERSED, "pv")]
    assert World(solar(), two_way=("pv",)).play(charging, LONG) == []


def test_load_that_generates_at_times_is_not_reversed() -> None:
    world = World(single())
    assert world.play(healthy(load_i=wave(5.0, 20.0)), 100) == []
    assert world.play(healthy(load_i=wave(3.0, 180.0)), 600) == []  # a plug-in PV inverter on the circuit


def test_idle_pumps_of_many_angles() -> None:
    # Their mean is 60 degrees; but a load on the wrong phase would have 60 in every step.
    world = World(three(CIRCUIT_I))
    for k in range(40):
        lag = (42.0, 78.0, 55.0, 62.0)[k % 4]
        a = (8.0, 8.0, 3.0, 16.0)[k % 4]
        assert world.play(loads(a, lag, lag + 120.0, lag + 240.0), 5) == []
        assert world.play(healthy(), 3) == []


def test_inrush_is_no_step() -> None:
    # A motor starts at 75 degrees, window after window another current, and then runs at 20.
    steps = Steps(1.2)
    for k in range(60):
        running_a = (3.0, 6.0, 12.0)[k % 3]
        for a, angle in (
            (0.0, 0.0),
            (0.0, 0.0),
            (6.0, 1.31),
            (4.0, 1.25),
            (2.5, 1.0),
            (1.0, 0.35),
            (1.0, 0.35),
        ):
            steps.add(running_a * a * cos(angle), running_a * a * sin(angle))
    assert steps.tell()
    assert abs(steps.axis_deg() - 20.0) < 1.0  # 0.35 rad


def test_small_powers_prove_nothing() -> None:
    # 46 W at the grid of 60 A: an error of 1 % of full scale in each CT would do as much.
    waves = healthy(grid=wave(0.2, 180.0), load=wave(0.3), pv=wave(0.1))
    assert World(solar()).play(waves, LONG) == []


def test_inverters_at_night() -> None:
    # 2 A of reactive current of the filters, and some watts of consumption, at 60 A.
    assert World(three(SOURCE_I)).play(loads(2.0, 97.0, 217.0, 337.0), LONG) == []


def test_healthy_loads() -> None:
    for kind in (LOAD_I, CIRCUIT_I, GRID_I, SOURCE_I):
        for name, waves in (
            ("motor at 0.5", loads(10.0, 60.0, 180.0, 300.0)),
            ("idle motor", loads(4.0, 80.0, 200.0, 320.0)),
            ("leading electronics", loads(3.0, -45.0, 75.0, 195.0)),
            ("one phase only", loads(0.0, 0.0, 0.0, 0.0) | {"i2": wave(15.0, 125.0)}),
            ("tiny", loads(0.05, -85.0, 300.0, 60.0)),
            ("nothing", loads(0.0, 0.0, 0.0, 0.0)),
        ):
            found = World(three(kind)).play(waves, LONG)
            assert found == [], (kind, name, found)


def test_groups_of_ballasts() -> None:
    # Ballasts at 0.5 in four groups: exactly 60 degrees in every step, and 20 % of third harmonic.
    world = World(three(CIRCUIT_I))
    for k in range(40):
        waves = healthy(i1=wave(SUMS_A[k % 4], 60.0, ((3, 0.2),)))
        assert world.play(waves, 5) == []


def test_healthy_grid_and_waves() -> None:
    fifth = ((5, 0.4),)
    for name, waves, hz in (
        ("export at noon", healthy(grid=wave(8.0, 180.0), load=wave(2.0), pv=wave(10.0)), 50.0),
        ("inverter at night", healthy(grid=wave(2.1), load=wave(2.0), pv=wave(0.9, 97.0)), 50.0),
        ("fifth of 40 %", healthy(load=wave(10.0, 10.0, fifth), grid=wave(10.0, 10.0, fifth)), 50.0),
        ("brown-out", {"v": wave(150.0), "load": wave(10.0), "grid": wave(10.0)}, 50.0),
        ("island at 52 Hz", healthy(load=wave(10.0)), 52.0),
        ("half wave", healthy(load=wave(8.0, 0.0, ((2, 0.42), (4, -0.08)), 7.2), grid=wave(8.0)), 50.0),
        ("60 Hz", healthy(load=wave(10.0)), 60.0),
    ):
        found = World(solar()).play(waves, LONG, hz=hz)
        assert found == [], (name, found)


def test_load_that_switches_each_second() -> None:
    world = World(single())
    for _ in range(8):
        assert world.play(healthy(load_i=wave(13.0), grid_i=wave(13.0)), 10, sources_w=0.0) == []
        assert world.play(healthy(load_i=wave(0.3, -70.0), grid_i=wave(0.3, -70.0)), 10, sources_w=0.0) == []
