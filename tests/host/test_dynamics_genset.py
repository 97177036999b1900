"""The genset against its swing equation, its governor in closed form, and andes."""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig
from scipy.linalg import expm

from host_tools.plant.dynamics import GensetParams, LoadParams, Trace
from host_tools.plant.dynamics.genset import IDLING, ON, STOPPED, TRIPPED

POWER = LoadParams(zip_pu=(0.0, 0.0, 1.0), var_per_w=0.0)
PLAIN = {"damping_pu": 0.0, "avr_gain": 0.0, "r_pu": 0.0, "start_s": 0.1, "min_run_s": 0.0}


def started(load_w: float, **changes: float) -> DynamicsRig:
    """Return a building fed by its genset alone, with constant power as load, in the steady state."""
    rig = DynamicsRig(load_w=(load_w, 0.0, 0.0), loads=POWER, genset=GensetParams(**{**PLAIN, **changes}))  # type: ignore[arg-type]
    rig.c.contactor_closed[:] = False
    rig.c.genset_run = np.array([True])
    rig.run(20_000)
    assert rig.dyn.genset is not None
    assert rig.dyn.genset.connected[0]
    return rig


def step(rig: DynamicsRig, load_w: float, span_ms: float = 5000.0) -> Trace:
    rig.demand.load_w = np.array([[load_w, 0.0, 0.0]])
    return rig.run(span_ms)


@pytest.mark.parametrize(("h_s", "step_pu"), [(0.8, 0.2), (2.0, 0.2), (1.0, -0.1)])
def test_first_the_frequency_falls_as_inertia_says(h_s: float, step_pu: float) -> None:
    # df/dt = dP f0 / (2 H): 20 % at H = 1 s lose 1 Hz in 200 ms; the slow governor does nothing in 5 ms
    rig = started(2400.0, h_s=h_s, governor_s=1.0, droop_pu=0.04)
    trace = step(rig, 2400.0 + step_pu * 8000.0, 10)
    slope = (trace.bus_hz[6, 0] - trace.bus_hz[1, 0]) / 0.005
    assert slope == pytest.approx(-step_pu * 50.0 / (2.0 * h_s), rel=0.01)


def test_the_governors_droop_in_the_steady_state() -> None:
    rig = started(2400.0)
    trace = step(rig, 2400.0)
    # f = f0 (1 - R P): 4 % droop, 0.3 pu; and the same 0.3 pu in the valve
    assert trace.bus_hz[-1, 0] == pytest.approx(50.0 * (1.0 - 0.04 * 0.3), abs=1e-4)
    assert trace.genset_va[-1, 0].real == pytest.approx(2400.0, abs=0.1)


@pytest.mark.parametrize(
    ("h_s", "governor_s", "droop"), [(0.8, 0.15, 0.04), (2.0, 0.3, 0.05), (1.0, 0.6, 0.1)]
)
def test_nadir_and_course_of_the_linear_system(h_s: float, governor_s: float, droop: float) -> None:
    # 2H w' = p - e, T p' = -w / R - p: exact by the matrix exponential, from the steady state before
    rig = started(1600.0, h_s=h_s, governor_s=governor_s, droop_pu=droop)
    hz = step(rig, 3200.0).bus_hz[:, 0]
    system = np.array(
        [[0.0, 0.5 / h_s, -0.5 * 0.2 / h_s], [-1.0 / (droop * governor_s), -1.0 / governor_s, 0.0], [0, 0, 0]]
    )
    turn, x, course = expm(system * 1e-3), np.array([0.0, 0.0, 1.0]), []
    for _ in range(len(hz)):
        x = turn @ x
        course.append(50.0 * x[0])
    course_hz = hz[0] - course[0] + np.array(course)
    assert hz == pytest.approx(course_hz, abs=0.02)
    assert hz.min() == pytest.approx(course_hz.min(), abs=0.01)
    assert np.argmin(hz) == pytest.approx(np.argmin(course_hz), abs=8)
    assert hz[0] - hz[-1] == pytest.approx(50.0 * droop * 0.2, abs=0.02)


def test_valve_limits_and_underfrequency_trip() -> None:
    rig = started(2400.0)
    trace = step(rig, 9600.0, 8000)  # 1.2 pu: never balanced
    assert rig.dyn.genset is not None
    assert rig.dyn.genset.state[0] == TRIPPED
    # 0.2 pu missing at H = 0.8 s once the valve is open: 6.25 Hz/s, so 45 Hz is passed within 2 s
    assert np.argmax(trace.genset_va[:, 0] == 0.0) < 2000


def test_the_voltage_regulator_holds_the_voltage() -> None:
    loads = LoadParams(zip_pu=(1.0, 0.0, 0.0), var_per_w=0.75)
    held, loose = (
        DynamicsRig(load_w=(4000.0, 0.0, 0.0), loads=loads, genset=GensetParams(avr_gain=gain, start_s=0.1))
        for gain in (50.0, 0.0)
    )
    volts = []
    for rig in (held, loose):
        rig.c.contactor_closed[:] = False
        rig.c.genset_run = np.array([True])
        volts.append(abs(rig.run(5000).bus_v[-1, 0, 0]) / 230.0)
    # e = 1 + K (1 - v) and v = e |Zload / (Zload + jx)|, by hand for both gains
    z = 1.0 / (0.5 - 0.375j)
    ratio = abs(z / (z + 0.01 + 0.25j))
    for v, gain in zip(volts, (50.0, 0.0), strict=True):
        assert v == pytest.approx(ratio * (1.0 + gain) / (1.0 + gain * ratio), abs=2e-3)


def test_it_starts_takes_a_dead_bus_runs_its_minimum_and_stops() -> None:
    rig = DynamicsRig(genset=GensetParams(start_s=2.0, min_run_s=3.0))
    genset = rig.dyn.genset
    assert genset is not None
    rig.c.contactor_closed[:] = False
    rig.c.genset_run = np.array([True])
    rig.run(1900)
    assert not genset.live[0]
    rig.run(200)
    assert genset.state[0] == ON
    rig.c.genset_run = np.array([False])
    rig.run(2500)
    assert genset.state[0] == ON
    rig.run(600)
    assert genset.state[0] == STOPPED
    assert not rig.dyn.live[0]


def test_it_synchronises_with_a_formed_bus_by_itself() -> None:
    rig = DynamicsRig(genset=GensetParams(start_s=0.2))
    rig.to_island(1000)
    rig.c.genset_run, rig.c.genset_w = np.array([True]), np.array([600.0])
    rig.run(250)
    genset = rig.dyn.genset
    assert genset is not None
    assert genset.state[0] in (IDLING, ON)
    trace = rig.run(15_000)
    assert genset.state[0] == ON
    assert rig.dyn.batteries.trips[0] == 0
    # both droops meet at one frequency: 600 W + (f0 - f)/(f0 R) S = load - (f0 - f)/(f0 m) Pb
    part = (trace.load_va[-1, 0].real - 600.0) / (8000.0 / 0.04 + 5000.0 / 0.01)
    assert trace.bus_hz[-1, 0] == pytest.approx(50.0 * (1.0 - part), abs=2e-3)
