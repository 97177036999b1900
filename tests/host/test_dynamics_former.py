"""Forming inverters of the electromechanical plant against their laws, worked by hand."""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig

from host_tools.plant.dynamics import BatteryParams, FormerParams, GridSide, LoadParams
from host_tools.plant.params import PlantParams
from host_tools.plant.types import FAULT, FOLLOWING, FORMING, OFF

IMPEDANCE = LoadParams(zip_pu=(1.0, 0.0, 0.0), var_per_w=0.0)


def test_droop_in_the_steady_state() -> None:
    # f = f0 - m f0 P / Prated, terminal V = E - Z I with E = V0 (1 - n Q / Srated); 2 % of 50 Hz at 5 kW
    rig = DynamicsRig(load_w=(2500.0, 0.0, 0.0), loads=LoadParams(zip_pu=(1.0, 0.0, 0.0), var_per_w=0.4))
    rig.c.droop_pu[:] = 0.02
    trace = rig.to_island(2000)
    s, v = trace.battery_va[-1, 0], trace.bus_v[-1, 0, 0]
    assert trace.bus_hz[-1, 0] == pytest.approx(50.0 - 0.02 * 50.0 * s.real / 5000.0, abs=1e-5)
    z_ohm = (0.01 + 0.05j) * 230.0**2 / 5000.0
    e_v = abs(v + z_ohm * np.conj(s / v))
    assert e_v == pytest.approx(230.0 * (1.0 - 0.02 * s.imag / 5000.0), abs=1e-3)
    assert s.imag / s.real == pytest.approx(0.4, abs=1e-6)


@pytest.mark.parametrize("share", [(0.5, 0.5), (0.75, 0.25), (0.5, 0.3, 0.2)])
def test_inverters_in_parallel_share_by_rating(share: tuple[float, ...]) -> None:
    # equal per-unit droop and impedance: each carries its share of the building's rating, P and Q
    rig = DynamicsRig(load_w=(3000.0, 0.0, 0.0), former_share=share)
    rig.to_island(3000)
    dyn = rig.dyn
    assert (dyn.batteries.state == FORMING).all()
    part = dyn.formers.s[:, 0] / dyn.formers.s.sum()
    assert part == pytest.approx(np.array(share), abs=1e-4)


def test_set_points_move_the_shared_frequency() -> None:
    # P* = 1 kW: at 1 kW of load the frequency is the set one
    rig = DynamicsRig(load_w=(1000.0, 0.0, 0.0), loads=IMPEDANCE)
    rig.c.form_w = np.array([1000.0])
    rig.c.droop_pu[:] = 0.02
    trace = rig.to_island(2000)
    slack_w = trace.battery_va[-1, 0].real - 1000.0
    assert trace.bus_hz[-1, 0] == pytest.approx(50.0 - 0.02 * 50.0 * slack_w / 5000.0, abs=1e-6)


@pytest.mark.parametrize("filter_s", [0.02, 0.05, 0.2])
def test_a_load_step_is_seen_through_the_power_filter(filter_s: float) -> None:
    # df(t) = df_end (1 - exp(-t / T)); the step of power itself takes no time on an impedance
    former = FormerParams(p_filter_s=filter_s, q_filter_s=filter_s)
    rig = DynamicsRig(load_w=(500.0, 0.0, 0.0), former=former, loads=IMPEDANCE)
    rig.to_island(3000)
    rig.demand.load_w = np.array([[2500.0, 0.0, 0.0]])
    hz = rig.run(2000).bus_hz[:, 0]
    before, after = rig.dyn.params.f0_hz - 0.01 * 50.0 * 0.1, hz[-1]
    k = round(filter_s * 1000.0)
    assert (before - hz[k - 1]) / (before - after) == pytest.approx(1.0 - np.exp(-1.0), abs=0.01)


def test_a_former_holds_its_current_limit_and_trips_in_time() -> None:
    # 12 kW of impedance on 5 kW with 1.5 pu: I = 1.5 * 5000 / 230 = 32.6 A, V = I R = 32.6 * 230**2 / 12000
    rig = DynamicsRig(
        load_w=(1000.0, 0.0, 0.0), loads=LoadParams(zip_pu=(1.0, 0.0, 0.0), var_per_w=0.0, drop_pu=0.1)
    )
    rig.to_island()
    rig.demand.load_w = np.array([[12_000.0, 0.0, 0.0]])
    trace = rig.run(1000)
    limit_a = 1.5 * 5000.0 / 230.0
    assert np.abs(trace.load_a[:, 0, 0]) == pytest.approx(limit_a, abs=1e-6)
    assert np.abs(trace.bus_v[-1, 0, 0]) == pytest.approx(limit_a * 230.0**2 / 12_000.0, abs=1e-3)
    trace = rig.run(1000)
    first = int(np.argmax(trace.battery_state[:, 0] == FAULT))
    assert 500 - 10 <= first <= 500 + 10  # limit_ms = 1500


def test_an_overload_below_the_limit_trips_after_its_time() -> None:
    rig = DynamicsRig(load_w=(6000.0, 0.0, 0.0), former=FormerParams(overload_ms=2000.0), loads=IMPEDANCE)
    rig.to_island(1500)
    assert rig.dyn.batteries.state[0, 0] == FORMING
    rig.run(1000)
    assert rig.dyn.batteries.state[0, 0] == FAULT
    rig.c.form[:] = False
    rig.run(20)
    assert rig.dyn.batteries.state[0, 0] == OFF


def test_closing_out_of_phase_trips_the_inverter_by_its_current() -> None:
    # |E - V| = 2 V sin(180 deg / 2); behind 0.51 ohm of its own and 0.22 of the grid: far over 4 * 21.7 A
    def close(angle_rad: float) -> DynamicsRig:
        rig = DynamicsRig()
        rig.to_island(500)
        trace = rig.run(1)
        now = np.angle(trace.grid_v[-1, 0, 0] / trace.bus_v[-1, 0, 0])
        slip = trace.bus_hz[-1, 0] - 50.0
        travel = 2.0 * np.pi * slip * 0.05
        rig.grid = GridSide(jump_rad=angle_rad - now + travel)
        rig.c.contactor_closed[:] = True
        rig.run(400)
        return rig

    good, bad = close(0.05), close(3.0)
    assert abs(good.dyn.record.close_rad[0] - 0.05) < 0.02
    assert good.dyn.batteries.state[0, 0] == FOLLOWING
    assert good.dyn.batteries.trips[0] == 0
    assert abs(abs(bad.dyn.record.close_rad[0]) - 3.0) < 0.02
    assert bad.dyn.batteries.trips[0] == 1
    # inrush at once: |dE| / |Z| with the load beside it, limited by the inverter to 1.5 * 21.7 A
    assert bad.dyn.record.inrush_a[0] > 30.0


def test_an_empty_battery_ends_the_island_and_a_full_one_raises_the_frequency() -> None:
    empty = DynamicsRig(load_w=(2000.0, 0.0, 0.0), battery=BatteryParams(soc_start_pu=1e-4))
    empty.to_island(3000)
    assert empty.dyn.batteries.state[0, 0] == FAULT
    full = DynamicsRig(load_w=(500.0, 0.0, 0.0), pv_w=3000.0, battery=BatteryParams(soc_start_pu=1.0))
    full.run(300)
    full.c.contactor_closed[:] = False
    trace = full.to_island(5000)
    assert full.dyn.batteries.state[0, 0] == FORMING
    # the battery takes nothing: PV is down to the load at f0 + 0.2 + (1 - 500/4000) Hz of its steep profile
    assert trace.pv_va[-1, 0].real == pytest.approx(trace.load_va[-1, 0].real, abs=0.02 * 5000.0)
    part = trace.pv_va[-1, 0].real / 4000.0
    assert trace.bus_hz[-1, 0] == pytest.approx(50.2 + 1.0 - part, abs=0.02)


def test_forming_takes_its_delay_after_feedback_and_command() -> None:
    rig = DynamicsRig(former=FormerParams(form_ms=60.0))
    rig.run(100)
    rig.c.contactor_closed[:] = False
    rig.c.form[:] = True
    trace = rig.run(300)
    opened = int(np.argmax(~trace.feedback[:, 0]))
    formed = int(np.argmax(trace.battery_state[:, 0] == FORMING))
    assert 55 <= formed - opened <= 70
    rig.c.form[:] = False
    trace = rig.run(50)
    assert trace.battery_state[-1, 0] == OFF
    assert np.abs(trace.bus_v[-1, 0, 0]) < 1.0


def test_a_former_refuses_while_the_feedback_says_closed() -> None:
    rig = DynamicsRig()
    rig.grid.magnitude_pu = 0.0
    rig.dyn.faults.welded[:] = True
    rig.c.contactor_closed[:] = False
    rig.c.form[:] = True
    rig.run(500)
    assert rig.dyn.batteries.state[0, 0] == OFF
    rig.dyn.faults.feedback_stuck[:] = 0  # a lie: now it forms onto the short of the grid, and trips
    rig.run(500)
    assert rig.dyn.batteries.trips[0] == 1


def test_three_phases_have_a_limit_each() -> None:
    ratings = PlantParams.uniform(1, battery_w=9000.0)
    rig = DynamicsRig(ratings=ratings, phases=3, loads=IMPEDANCE, former=FormerParams(overload_ms=300.0))
    rig.demand.load_w = np.zeros((1, 3, 3))
    rig.demand.load_w[0, 0] = [3600.0, 300.0, 300.0]  # 1.2 of the 3 kW a phase may carry, 0.47 in all
    trace = rig.to_island(200)
    angle = np.angle(trace.bus_v[-1, 0] / trace.bus_v[-1, 0, 0])
    assert np.degrees(angle) == pytest.approx([0.0, -120.0, 120.0], abs=4.0)
    rig.run(500)
    assert rig.dyn.batteries.state[0, 0] == FAULT
