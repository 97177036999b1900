"""Self-checks of the meter: each fault provoked, through the real meter; and what looks like one and is none.

Angles: I on the phase of U is 0; a CT on the next phase reads 120 degrees; one that is turned over reads 180 more.
"""

from check_world import LONG, SUMS_A, VOLTS, World, healthy, loads, single, solar, split, three, wave

from islet.measure.findings import (
    CODES,
    M_CLIPPED,
    M_CT_REVERSED,
    M_CT_WRONG_PHASE,
    M_CT_WRONG_PHASE_REVERSED,
    M_FREQUENCY,
    M_MISSING,
    M_NOISE,
    M_OFFSET,
    M_SEQUENCE,
    M_SETS_LOST,
    M_VOLTAGE_ANGLES,
    M_VOLTAGES_DIFFER,
    Findings,
)
from islet.measure.phasing import ENOUGH
from islet.measure.wiring import CIRCUIT_I, GRID_I, LOAD_I, SOURCE_I


def test_reversed_ct_single_phase() -> None:
    world = World(single())
    assert world.play(healthy(grid_i=wave(10.0), load_i=wave(10.0, 180.0)), ENOUGH) == []
    assert world.play(healthy(grid_i=wave(10.0), load_i=wave(10.0, 180.0)), 20) == [(M_CT_REVERSED, "load_i")]
    code, name, since_ms, angle_deg = world.checks.details()[0]
    assert (code, name) == (M_CT_REVERSED, "load_i")
    assert abs(abs(angle_deg) - 180.0) < 1.0
    # 2 s before the wrap of 2**30, 59 windows of 100 ms: ENOUGH of them, then ten of evidence.
    assert since_ms == (ENOUGH + 9) * 100 - 2000


def test_reversed_ct_clears_after_it_was_turned() -> None:
    world = World(single())
    assert world.play(healthy(load_i=wave(10.0, 180.0)), LONG) != []
    assert world.play(healthy(load_i=wave(10.0)), 4000) == []


def test_three_phases_tell_reversed_from_wrong_phase() -> None:
    for kind in (LOAD_I, CIRCUIT_I, SOURCE_I):
        for i1, i2, i3, code, name in (
            (0.0, 120.0, 240.0, None, ""),
            (10.0, 310.0, 250.0, M_CT_REVERSED, "i2"),  # 120 + 180, and 10 degrees of lag
            (0.0, 120.0, 0.0, M_CT_WRONG_PHASE, "i3"),
            (240.0, 120.0, 240.0, M_CT_WRONG_PHASE, "i1"),
            (15.0, 255.0, 255.0, M_CT_WRONG_PHASE, "i2"),
        ):
            found = World(three(kind)).play(loads(10.0, i1, i2, i3), LONG)
            assert found == ([(code, name)] if code else []), (kind, i1, i2, i3, found)


def test_wrong_phase_and_reversed() -> None:
    # i1 sits on L2 (lags by 120) and is turned over: -60. Plain loads, switched between four sums.
    world = World(three(CIRCUIT_I))
    found: list = []
    for k in range(24):
        found = world.play(loads(SUMS_A[k % 4], 300.0, 120.0, 240.0), 5)
    assert found == [(M_CT_WRONG_PHASE_REVERSED, "i1")]
    # Harmonics hide it, but prove nothing; loads on their own phase do.
    assert world.play(loads(8.0, 300.0, 120.0, 240.0, ((3, 0.3),)), 600) == found
    for k in range(150):
        found = world.play(loads(SUMS_A[k % 4], 0.0, 120.0, 240.0), 5)
    assert found == []


def test_grid_ct_on_wrong_phase_by_its_axis() -> None:
    # CTs of L1 and L2 swapped, import and export of cos phi 1: 120 or -60, and -120 or 60.
    world = World(three(GRID_I))
    found: list = []
    for k in range(24):
        lags = (120.0, 0.0, 240.0) if k % 3 else (300.0, 180.0, 60.0)
        found = world.play(loads(SUMS_A[k % 4], lags[0], lags[1], lags[2]), 5)
    assert found == [(M_CT_WRONG_PHASE, "i1"), (M_CT_WRONG_PHASE, "i2")]
    assert world.play(loads(8.0, 120.0, 0.0, 240.0, ((3, 0.3),)), 600) == found


def test_grid_ct_reversed_by_the_balance() -> None:
    # 3 A of PV, 10 A of load: the grid gives 7 A.
    world = World(solar())
    right = healthy(grid=wave(7.0), load=wave(10.0), pv=wave(3.0))
    assert world.play(right, LONG) == []
    world = World(solar())
    turned = healthy(grid=wave(7.0, 180.0), load=wave(10.0), pv=wave(3.0))
    assert world.play(turned, LONG) == [(M_CT_REVERSED, "grid")]
    assert world.play(right, 500) == []
    # Export of 8 A, read as import.
    world = World(solar())
    assert world.play(healthy(grid=wave(8.0), load=wave(2.0), pv=wave(10.0)), LONG) == [
        (M_CT_REVERSED, "grid")
    ]


def test_grid_ct_by_sources_that_were_told() -> None:
    # 2300 W of load, 690 W of PV: 1610 W from the grid. Without the sources nothing can be said.
    turned = healthy(grid_i=wave(7.0, 180.0), load_i=wave(10.0))
    assert World(single()).play(turned, LONG) == []
    assert World(single()).play(turned, LONG, sources_w=690.0) == [(M_CT_REVERSED, "grid_i")]


def test_reversed_load_does_not_blame_the_grid() -> None:
    # Without a source the balance fits with either of them turned; the load's angle tells which.
    turned = healthy(grid_i=wave(10.0), load_i=wave(10.0, 180.0))
    assert World(single()).play(turned, LONG, sources_w=0.0) == [(M_CT_REVERSED, "load_i")]


def test_one_of_three_grid_cts_reversed() -> None:
    world = World(three(GRID_I))
    balance = world.checks._balance
    world.measure(loads(10.0, 0.0, 300.0, 240.0))  # i2 turned; true: 6900 W
    for _ in range(ENOUGH):
        balance.add(-6900.0)
    assert [balance.turned(k) for k in range(3)] == [0, 1, 0]


def test_clipped() -> None:
    # 90 A rms are 127 A crest, the converter ends at 98 A.
    world = World(single())
    assert world.play(healthy(load_i=wave(90.0)), 4) == []
    assert world.play(healthy(load_i=wave(90.0)), 1) == [(M_CLIPPED, "load_i")]
    share_pct = world.checks.details()[0][3]
    assert 25.0 < share_pct < 60.0  # acos(98 / 127) * 2 / pi = 44 %
    assert world.play(healthy(load_i=wave(20.0)), 25) == []


def test_stuck_channel() -> None:
    for dc, name in ((200.0, "load_i"), (-200.0, "load_i"), (30.0, "grid_i")):
        found = World(single()).play(healthy(**{name: wave(0.0, dc=dc, noise=0.0)}), 20)
        assert found == [(M_MISSING, name)], (dc, found)
    # At the middle too, where noise is known to be.
    assert World(single()).play(healthy(load_i=wave(0.0, noise=0.0)), 20) == [(M_MISSING, "load_i")]
    world = World(single())
    for channel in world.wiring.channels:
        channel.noise_codes = 0.0
    assert world.play(healthy(load_i=wave(0.0, noise=0.0), grid_i=wave(0.0, noise=0.0)), LONG) == []
    assert world.play(healthy(load_i=wave(0.0, dc=30.0, noise=0.0)), LONG) == [(M_MISSING, "load_i")]


def test_dead_voltage_while_others_live() -> None:
    waves = loads(5.0, 0.0, 120.0, 240.0)
    waves["v2"] = wave(0.0)
    assert World(three()).play(waves, 19) == []
    assert World(three()).play(waves, 20) == [(M_MISSING, "v2")]
    # Across the closed contactor; behind the open one it is an island.
    world = World(single())
    assert world.play(healthy(grid_v=wave(0.0)), LONG) == [(M_MISSING, "grid_v")]
    assert World(single()).play(healthy(grid_v=wave(0.0)), LONG, closed=False) == []
    assert World(single()).play({}, LONG) == []  # all dark


def test_grid_current_while_the_contactor_is_open() -> None:
    # Imax 60 A, Ib 6 A, starting current 24 mA.
    assert World(single()).play(healthy(grid_i=wave(0.015)), LONG, closed=False) == []
    world = World(single())
    assert world.play(healthy(grid_i=wave(0.2)), LONG, closed=False) == [(M_OFFSET, "grid_i")]
    assert abs(world.checks.details()[0][3] - 0.2) < 0.02
    assert world.play(healthy(grid_i=wave(0.2)), LONG) == [(M_OFFSET, "grid_i")]  # closed: cannot be known
    assert world.play(healthy(), LONG, closed=False) == []


def test_noise_without_a_current() -> None:
    # 24 codes are known, 240 are there: 0.72 A of nothing.
    world = World(single())
    assert world.play(healthy(load_i=wave(0.0, noise=240.0)), LONG) == [(M_NOISE, "load_i")]
    assert world.play(healthy(), LONG) == []


def test_sets_lost_again_and_again() -> None:
    world = World(single())
    world.measure(healthy())
    world.step(1, lost=40)
    world.step(200)
    assert world.checks.found() == []  # once, as after a reboot
    for _ in range(4):
        world.step(1, lost=3)
        world.step(9)
    assert world.checks.found() == [(M_SETS_LOST, "")]
    world.step(101)
    assert world.checks.found() == []


def test_frequency_implausible() -> None:
    assert World(single()).play(healthy(), LONG, hz=42.0) == [(M_FREQUENCY, n) for n in ("grid_v", "bus_v")]
    world = World(single())
    found: list = []
    for _ in range(10):
        found = world.play(healthy(), 1, hz=48.0)
        found = world.play(healthy(), 1, hz=52.0)
    assert found == [(M_FREQUENCY, "grid_v"), (M_FREQUENCY, "bus_v")]
    # A live voltage without a frequency: white noise of 110 V.
    world = World(single())
    found = []
    for _ in range(12):
        found = world.play(healthy(grid_v=wave(0.0, noise=150.0 / VOLTS)), 1)
    assert (M_FREQUENCY, "grid_v") in found


def test_phase_sequence_reversed() -> None:
    waves = healthy(v2=wave(230.0, 240.0), v3=wave(230.0, 120.0))
    assert World(three()).play(waves, LONG) == [(M_SEQUENCE, "v1")]


def test_voltage_angles() -> None:
    same = healthy(v2=wave(230.0, 0.0))  # L1 twice
    assert World(three()).play(same, LONG) == [(M_VOLTAGE_ANGLES, "v1")]
    turned = healthy(v3=wave(230.0, 60.0))  # transformer the wrong way round
    assert World(three()).play(turned, LONG) == [(M_VOLTAGE_ANGLES, "v1")]
    assert World(split()).play({"v1": wave(120.0), "v2": wave(120.0)}, LONG) == [(M_VOLTAGE_ANGLES, "v1")]


def test_grid_and_bus_differ() -> None:
    crossed = healthy(b2=wave(230.0, 240.0), b3=wave(230.0, 120.0))
    found = World(three(both_sides=True)).play(crossed, LONG)
    assert found == [(M_SEQUENCE, "b1"), (M_VOLTAGES_DIFFER, "b2"), (M_VOLTAGES_DIFFER, "b3")]
    assert World(single()).play(healthy(bus_v=wave(210.0)), LONG) == [(M_VOLTAGES_DIFFER, "bus_v")]
    assert World(single()).play(healthy(bus_v=wave(210.0)), LONG, closed=False) == []
    assert World(single()).play(healthy(bus_v=wave(225.0)), LONG) == []


def test_split_phase_tells_reversed_only() -> None:
    volts = {"v1": wave(120.0), "v2": wave(120.0, 180.0)}
    on_other_leg = dict(volts, i1=wave(10.0, 180.0), i2=wave(10.0, 180.0))
    assert World(split()).play(on_other_leg, LONG) == [(M_CT_REVERSED, "i1")]
    right = dict(volts, i1=wave(10.0), i2=wave(10.0, 180.0))
    assert World(split()).play(right, LONG) == []


def test_findings_need_evidence_in_a_row() -> None:
    findings = Findings(2)
    for _ in range(100):
        findings.note(3, 1, True, 5.0, 1000)
        for _ in range(9):
            findings.note(3, 1, False, 0.0, 2000)
    assert not findings.any()
    for k in range(5):
        findings.note(3, 1, True, 7.0, 3000 + k)
    assert findings.any()
    assert findings.on(3, 1)
    assert not findings.on(3, 0)
    assert not findings.on(2, 1)
    assert len(CODES) == 12
