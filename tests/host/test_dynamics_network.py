"""The whole plant: balance at every step, contactor timing, determinism, independence of the others."""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig

from host_tools.plant.dynamics import (
    ContactorParams,
    Demand,
    Dynamics,
    DynCommands,
    DynParams,
    FeederParams,
    FollowerParams,
    GensetParams,
    GridSide,
    LoadParams,
    MotorParams,
    Series,
    Trace,
)
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer


def story(ids: list[int], seed: int = 3, phases: int = 1, dt_ms: float = 1.0) -> tuple[Dynamics, list[Trace]]:
    """Return a run with everything in it: sag, loss, island, motor, genset, return out of step."""
    n = len(ids)
    params = DynParams(
        PlantParams.uniform(n),
        phases=phases,
        ids=np.array(ids),
        former_share=(0.6, 0.4),
        motor=MotorParams(rated_w=400.0),
        genset=GensetParams(start_s=0.3, min_run_s=0.5, sync_rad=1.0, sync_hz=1.0),
        ev=FollowerParams(),
        loads=LoadParams(cold_pu=(1.0, 1.5, 2.0)),
    )
    dyn = Dynamics(params, seed, dt_ms)
    c = DynCommands.idle(params.ratings.pv_rated_w)
    assert isinstance(c, DynCommands)
    wants = 300.0 + 100.0 * np.array(ids, dtype=np.float64)
    demand = Demand(np.stack([wants, wants * 0.5, wants * 0.2], axis=1), 2.0 * wants)
    grid = GridSide(
        magnitude_pu=Series.of((0, 1), (200, 1), (200, 0.6), (300, 0.6), (300, 0.0), (2500, 0), (2500, 1))
    )
    traces = [dyn.advance(400, demand, c, grid)]
    c.contactor_closed[:] = False
    c.form[:] = True
    traces.append(dyn.advance(600, demand, c, grid))
    demand.motor_on = np.ones(n, dtype=np.bool_)
    demand.ev_plugged = np.ones(n, dtype=np.bool_)
    c.genset_run, c.genset_w, c.ev_w = np.ones(n, dtype=np.bool_), np.full(n, 500.0), np.full(n, -800.0)
    traces.append(dyn.advance(1500, demand, c, grid))
    c.contactor_closed[:] = True
    traces.append(dyn.advance(500, demand, c, grid))
    return dyn, traces


@pytest.mark.parametrize("phases", [1, 3])
def test_sources_equal_loads_at_every_step(phases: int) -> None:
    _, traces = story([0, 1, 2, 3], phases=phases)
    for trace in traces:
        va = np.abs(trace.load_va).max() + 1.0
        assert trace.balance_w().max() < 1e-9 * va
        assert not np.abs(trace.grid_a[~trace.conducting]).any()
    assert np.abs(traces[2].genset_va).max() > 100.0  # everything was in it
    assert traces[2].motor_pu.max() > 0.9
    assert traces[2].ev_va.real.min() < -500.0


def test_losses_are_what_the_impedances_take() -> None:
    # the grid's own power less what arrives is |I|**2 R of its Thevenin impedance
    rig = DynamicsRig(load_w=(4000.0, 0.0, 0.0), grid_ohm=0.4 + 0.3j)
    trace = rig.run(300)
    e, v, i = 230.0, trace.bus_v[:, 0, 0], trace.grid_a[:, 0, 0]
    sent = (e * i.conj()).real
    assert sent - (v * i.conj()).real == pytest.approx(0.4 * np.abs(i) ** 2, abs=1e-6)


def test_the_same_seed_gives_the_same_and_another_does_not() -> None:
    first, again, other = (story([0, 1], seed)[1] for seed in (3, 3, 4))
    for a, b in zip(first, again, strict=True):
        assert np.array_equal(a.bus_v, b.bus_v)
    assert not np.array_equal(first[1].bus_v, other[1].bus_v)


@pytest.mark.parametrize("alone", [0, 2, 5])
def test_a_building_does_not_know_of_the_others(alone: int) -> None:
    together = story([0, 1, 2, 5])[1]
    single = story([alone])[1]
    row = [0, 1, 2, 5].index(alone)
    for a, b in zip(together, single, strict=True):
        assert a.bus_v[:, row] == pytest.approx(b.bus_v[:, 0], abs=1e-7)
        assert a.bus_hz[:, row] == pytest.approx(b.bus_hz[:, 0], abs=1e-9)
        assert np.array_equal(a.conducting[:, row], b.conducting[:, 0])


def test_cutting_the_time_otherwise_changes_nothing() -> None:
    rigs = DynamicsRig(pv_w=2000.0), DynamicsRig(pv_w=2000.0)
    for rig in rigs:
        rig.grid = GridSide(hz=Series.of((0, 50.0), (1000, 50.5)), magnitude_pu=Series.of((0, 1), (500, 0.8)))
    whole = rigs[0].run(1000).bus_v
    parts = np.concatenate([rigs[1].run(span).bus_v for span in (10, 90, 400, 500)])
    assert whole == pytest.approx(parts, abs=1e-9)


def test_a_finer_step_tells_the_same_story() -> None:
    coarse, fine = (DynamicsRig(dt_ms=dt, contactor=ContactorParams(jitter_ms=0.0)) for dt in (1.0, 0.25))
    for rig in (coarse, fine):
        rig.to_island(500)
        rig.demand.load_w = np.array([[3000.0, 0.0, 0.0]])
    a, b = coarse.run(200), fine.run(200)
    assert a.bus_hz[:, 0] == pytest.approx(b.bus_hz[3::4, 0], abs=2e-3)
    assert np.abs(a.bus_v[:, 0, 0]) == pytest.approx(np.abs(b.bus_v[3::4, 0, 0]), abs=1.0)


def test_contacts_take_their_time_and_bounce() -> None:
    n = 200
    rig = DynamicsRig(n, contactor=ContactorParams(open_ms=20.0, close_ms=50.0, jitter_ms=2.0, bounce_ms=4.0))
    rig.run(10)
    rig.c.contactor_closed[:] = False
    trace = rig.run(100)
    opened = np.argmax(~trace.closed, axis=0) + 1
    assert opened.min() >= 18
    assert opened.max() <= 22
    assert len(set(opened)) > 2
    assert (np.argmax(~trace.feedback, axis=0) + 1 - opened == 5).all()
    rig.c.contactor_closed[:] = True
    trace = rig.run(100)
    shut = np.argmax(trace.closed, axis=0) + 1
    assert shut.min() >= 48
    assert shut.max() <= 52
    flickers = (trace.closed & ~trace.conducting).sum(axis=0)
    assert flickers.max() >= 2
    assert flickers.max() <= 4
    for building in range(n):
        assert trace.conducting[shut[building] + 4 :, building].all()


def test_a_pin_that_goes_back_calls_the_contacts_back() -> None:
    rig = DynamicsRig()
    rig.c.contactor_closed[:] = False
    rig.run(10)
    rig.c.contactor_closed[:] = True
    assert rig.run(100).closed.all()


def test_faults_of_the_contactor() -> None:
    rig = DynamicsRig(5)
    faults = rig.dyn.faults
    faults.welded[0] = faults.refuses[1] = faults.feedback_inverted[2] = True
    faults.feedback_stuck[3] = 1
    rig.c.contactor_closed[:] = False
    opened = rig.run(100)
    assert opened.closed[-1].tolist() == [True, False, False, False, False]
    assert opened.feedback[-1].tolist() == [True, False, True, True, False]
    rig.c.contactor_closed[:] = True
    shut = rig.run(100)
    assert shut.closed[-1].tolist() == [True, False, True, True, True]
    assert shut.feedback[-1].tolist() == [True, False, False, True, True]


def test_a_phase_jump_and_a_frequency_of_the_grid_reach_the_bus() -> None:
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0))
    rig.grid = GridSide(
        hz=Series.of((0, 50.2), (500, 50.2)), jump_rad=Series.of((0, 0), (400, 0), (400, 0.5))
    )
    bus = rig.run(500).bus_v[:, 0, 0]
    turned = np.angle(bus[1:] / bus[:-1])
    jump = turned[398]
    assert np.delete(turned, 398) == pytest.approx(2.0 * np.pi * 0.2e-3, abs=1e-6)
    assert jump == pytest.approx(0.5 + 2.0 * np.pi * 0.2e-3, abs=1e-6)


def test_truth_is_published_and_commands_come_back() -> None:
    rig = DynamicsRig(2, pv_w=1000.0)
    server = DeviceServer(2, rig.params.ratings)
    server.commands(rig.c)
    rig.run(100)
    truth = rig.dyn.truth()
    server.publish(truth)
    assert server.battery.get(701, "LNV") / 10.0 == pytest.approx(truth.bus_v, abs=0.1)
    total = truth.grid_w + truth.pv_w + truth.battery_w + truth.ev_w + truth.chp_w
    assert total == pytest.approx(truth.load_w, abs=1e-6)
    assert truth.served_w.sum(axis=1) == pytest.approx(truth.load_w, abs=1e-9)


def test_a_feeder_that_opens_with_nothing_on_it_leaves_generation_capped() -> None:
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), pv_w=3000.0)
    rig.grid = GridSide(feeder_open=Series.of((0, 0), (300, 0), (300, 1)))
    trace = rig.run(700)
    assert np.abs(trace.bus_v).max() <= 1.5 * 230.0 + 1e-6
    assert not rig.dyn.followers.watch.on[1, 0]  # overvoltage trip


def test_forming_onto_a_street_that_lost_its_supply_is_noted() -> None:
    rig = DynamicsRig(
        grid=GridSide(feeder=FeederParams(load_w=500.0), feeder_open=Series.of((0, 0), (200, 0), (200, 1)))
    )
    rig.dyn.faults.welded[:] = True
    rig.dyn.faults.feedback_stuck[:] = 0
    rig.c.contactor_closed[:] = False
    rig.c.form[:] = True
    rig.run(1000)
    assert rig.dyn.record.backfeed_ms[0] > 300.0


def test_wrong_inputs_are_refused() -> None:
    rig = DynamicsRig(2)
    with pytest.raises(ValueError, match="multiple"):
        rig.run(0.5)
    rig.demand = Demand(np.zeros((1, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="do not fit"):
        rig.run(1)
    rig.demand = Demand(np.full((2, 3), -1.0), np.zeros(2))
    with pytest.raises(ValueError, match="never negative"):
        rig.run(1)
    for bad in ({"phases": 2}, {"former_share": (0.5, 0.4)}, {"grid_ohm": 0j}, {"ids": np.arange(3)}):
        with pytest.raises(ValueError):  # noqa: PT011
            DynParams(PlantParams.uniform(2), **bad)  # type: ignore[arg-type]
