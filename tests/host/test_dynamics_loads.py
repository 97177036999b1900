"""Loads and motor of the electromechanical plant against closed forms."""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig

from host_tools.plant.dynamics import GridSide, LoadParams, MotorParams, Series

STIFF = 1e-4 + 0j


@pytest.mark.parametrize("mix", [(1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0), (0.4, 0.3, 0.3)])
@pytest.mark.parametrize("v_pu", [0.8, 1.0, 1.1])
def test_zip_loads_follow_the_voltage(mix: tuple[float, float, float], v_pu: float) -> None:
    rig = DynamicsRig(load_w=(1000.0, 0.0, 0.0), loads=LoadParams(zip_pu=mix), grid_ohm=STIFF)
    rig.grid = GridSide(magnitude_pu=v_pu)
    va = rig.run(50).load_va[-1, 0]
    watt = 1000.0 * (mix[0] * v_pu**2 + mix[1] * v_pu + mix[2])
    assert va == pytest.approx(watt * (1.0 + 0.2j), rel=1e-3)


def test_loads_fall_out_at_half_voltage_and_come_back() -> None:
    rig = DynamicsRig(grid_ohm=STIFF)
    rig.grid = GridSide(magnitude_pu=Series.of((0, 1), (100, 1), (100, 0.45), (300, 0.45), (300, 1)))
    w = rig.run(400).load_va[:, 0].real
    assert w[110] > 100.0  # held for drop_ms
    assert w[130:299] == pytest.approx(0.0, abs=1e-3)
    assert w[310] == pytest.approx(1000.0, rel=1e-3)


def test_shedding_drops_the_last_tiers() -> None:
    rig = DynamicsRig(grid_ohm=STIFF)
    for level, watt in ((0, 1000.0), (1, 800.0), (2, 500.0), (3, 0.0)):
        rig.c.shed_level[:] = level
        assert rig.run(10).load_va[-1, 0].real == pytest.approx(watt, rel=1e-3, abs=1e-3)


def test_a_load_on_one_phase_stays_there() -> None:
    rig = DynamicsRig(phases=3, grid_ohm=STIFF)
    rig.demand.load_w = np.zeros((1, 3, 3))
    rig.demand.load_w[0, 0] = [900.0, 0.0, 300.0]
    amps = np.abs(rig.run(20).load_a[-1, 0])
    assert amps == pytest.approx(
        np.array([900.0, 0.0, 300.0]) * np.hypot(1.0, 0.2) / 230.0, rel=1e-3, abs=1e-4
    )


def test_a_load_comes_back_cold_and_warms_up() -> None:
    # excess 1 (1 - exp(-off / T)) after being off, then decaying with its own time constant
    loads = LoadParams(zip_pu=(1.0, 0.0, 0.0), cold_pu=(1.0, 1.0, 2.0), cold_off_s=4.0, cold_on_s=2.0)
    rig = DynamicsRig(load_w=(0.0, 0.0, 1000.0), loads=loads, grid_ohm=STIFF)
    rig.run(1000)
    rig.c.shed_level[:] = 1
    rig.run(6000)
    rig.c.shed_level[:] = 0
    w = rig.run(6000).load_va[:, 0].real
    excess = 1.0 - np.exp(-6.0 / 4.0)
    t_s = np.arange(1, 6001) * 1e-3
    assert w == pytest.approx(1000.0 * (1.0 + excess * np.exp(-t_s / 2.0)), rel=5e-3)


def test_a_motor_starts_with_the_current_of_its_standstill_impedance() -> None:
    # |I| = V / |z1 + (jxm || (r2 + jx2))|: 5.6 times the rated current for the defaults
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), motor=MotorParams(), grid_ohm=STIFF)
    rig.run(10)
    rig.demand.motor_on = np.array([True])
    start_a = abs(rig.run(1).load_a[0, 0, 0])
    rotor, main = 0.04 + 0.08j, 2.5j
    z = 0.03 + 0.08j + rotor * main / (rotor + main)
    rated_a = 1500.0 / 0.7 / 230.0
    assert start_a == pytest.approx(rated_a / abs(z), rel=1e-3)
    assert 5.0 < start_a / rated_a < 7.0


@pytest.mark.parametrize(("r2", "h_s"), [(0.03, 0.2), (0.05, 0.2), (0.08, 0.5)])
def test_a_motor_accelerates_in_the_time_of_kloss(r2: float, h_s: float) -> None:
    # without stator resistance, magnetising branch and load: T = V**2 / (2 X) * 2 / (s/sm + sm/s), sm = r2 / X,
    # so from standstill to slip s: t = 2 H X / V**2 * ((1 - s**2) / (2 sm) + sm ln(1 / s))
    motor = MotorParams(r1_pu=0.0, xm_pu=1e6, r2_pu=r2, x1_pu=0.1, x2_pu=0.1, h_s=h_s, torque_pu=0.0)
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), motor=motor, grid_ohm=STIFF, dt_ms=0.5)
    rig.demand.motor_on = np.array([True])
    speed = rig.run(8000).motor_pu[:, 0]
    sm, slip = r2 / 0.2, 0.1
    wanted_s = 2.0 * h_s * 0.2 * ((1.0 - slip**2) / (2.0 * sm) + sm * np.log(1.0 / slip))
    assert np.argmax(speed >= 1.0 - slip) * 0.5e-3 == pytest.approx(wanted_s, rel=0.01)


def test_a_running_motor_balances_its_torque() -> None:
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), motor=MotorParams(), grid_ohm=STIFF)
    rig.demand.motor_on = np.array([True])
    trace = rig.run(5000)
    motor = rig.dyn.motor
    assert motor is not None
    speed = trace.motor_pu[-1, 0]
    assert motor.torque_pu[0] == pytest.approx(0.7 * speed**2, rel=1e-4)
    # shaft and rotor and stator losses are what is taken: P = T + |I1|**2 r1, all per unit of the base
    amps_pu = abs(trace.load_a[-1, 0, 0]) * 230.0 / motor.base_va[0]
    watt_pu = trace.load_va[-1, 0].real / motor.base_va[0]
    assert watt_pu == pytest.approx(motor.torque_pu[0] + 0.03 * amps_pu**2, rel=1e-3)


def test_a_motor_start_sags_an_island_that_limits_its_current() -> None:
    rig = DynamicsRig(load_w=(500.0, 0.0, 0.0), motor=MotorParams(rated_w=1200.0))
    rig.to_island()
    rig.demand.motor_on = np.array([True])
    trace = rig.run(3000)
    assert 0.5 < np.abs(trace.bus_v).min() / 230.0 < 0.95
    assert trace.motor_pu[-1, 0] > 0.9
    assert rig.dyn.batteries.trips[0] == 0
