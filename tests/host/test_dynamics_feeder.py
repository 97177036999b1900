"""The balanced island of IEEE 1547.1: a resonant load and generation behind an open feeder breaker."""

from typing import Any

import numpy as np
import pytest
from dynamics_rig import DynamicsRig
from scipy.optimize import brentq

from host_tools.plant.dynamics import FeederParams, GridSide, Series, Trace


def opened(**feeder: Any) -> tuple[DynamicsRig, Trace]:
    """Return what follows the opening at 500 ms; the building neither takes nor gives."""
    grid = GridSide(feeder=FeederParams(**feeder), feeder_open=Series.of((0, 0), (500, 0), (500, 1)))
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), grid=grid)
    rig.run(499)
    return rig, rig.run(3000)


@pytest.mark.parametrize("gen_w", [9500.0, 10_000.0, 10_500.0])
@pytest.mark.parametrize("quality", [0.5, 1.0, 2.5])
def test_voltage_is_where_the_resistor_takes_the_power(gen_w: float, quality: float) -> None:
    # P = V**2 / R, so V = V0 sqrt(Pgen / Pload)
    _, trace = opened(load_w=10_000.0, gen_w=gen_w, quality=quality)
    v_pu = np.abs(trace.bus_v[-1, 0, 0]) / 230.0
    assert v_pu == pytest.approx(np.sqrt(gen_w / 10_000.0), rel=2e-3)


@pytest.mark.parametrize("mismatch", [-0.05, -0.02, 0.02, 0.05])
@pytest.mark.parametrize("quality", [1.0, 2.5])
def test_frequency_is_where_the_reactive_power_balances(mismatch: float, quality: float) -> None:
    # at unity power factor: w0 C (f/f0) = (f0/f) / (w0 L), so f = f0 sqrt((Qf + dq) / Qf)
    _, trace = opened(load_w=10_000.0, gen_w=10_000.0, quality=quality, load_var=mismatch * 10_000.0)
    hz = 50.0 * np.sqrt((quality + mismatch) / quality)
    assert trace.grid_hz[-1, 0] == pytest.approx(hz, abs=5e-3)
    turned = np.angle(trace.bus_v[-1, 0, 0] / trace.bus_v[-101, 0, 0]) / (2.0 * np.pi * 0.1)
    assert 50.0 + turned == pytest.approx(hz, abs=5e-3)  # the voltage itself turns as fast


def test_a_slow_frequency_shift_settles_where_load_and_current_angles_meet() -> None:
    # current leads by pi/2 (c + K df); the load's angle is atan(Qf (f/f0 - f0/f)): a gain of 0.01 is stable
    chop, gain, quality = 0.02, 0.01, 1.0
    _, trace = opened(
        load_w=10_000.0, gen_w=10_000.0, quality=quality, shift_chop_pu=chop, shift_gain_per_hz=gain
    )

    def off(hz: float) -> float:
        lead = 0.5 * np.pi * (chop + gain * (hz - 50.0))
        return float(np.arctan(quality * (hz / 50.0 - 50.0 / hz)) - lead)

    assert trace.grid_hz[-1, 0] == pytest.approx(brentq(off, 49.0, 55.0), abs=0.01)


@pytest.mark.parametrize("quality", [1.0, 2.5])
def test_active_anti_islanding_ends_a_balanced_island_within_two_seconds(quality: float) -> None:
    # IEEE 1547-2018 8.1: 2 s. Unstable as pi/2 K > 2 Qf / f0: 0.157 > 0.04 and 0.1 rad/Hz
    rig, trace = opened(
        load_w=10_000.0, gen_w=10_000.0, quality=quality, shift_chop_pu=0.01, shift_gain_per_hz=0.1
    )
    dead = np.argmax(np.abs(trace.grid_v[:, 0, 0]) < 23.0)
    assert 0 < dead < 2000
    assert not rig.dyn._feeder.on[0]  # type: ignore[union-attr]


def test_without_it_the_balanced_island_stays() -> None:
    rig, trace = opened(load_w=10_000.0, gen_w=10_000.0)
    assert np.abs(trace.grid_v[-1, 0, 0]) == pytest.approx(230.0, rel=0.01)
    assert rig.dyn._feeder.on[0]  # type: ignore[union-attr]


def test_a_feeder_without_generation_rings_down_as_its_circuit_does() -> None:
    # parallel RLC: |V| falls with exp(-t / (2 R C)) = exp(-t w0 / (2 Qf)): 15.9 ms for Qf = 2.5
    _, trace = opened(load_w=10_000.0, quality=2.5)
    v = np.abs(trace.grid_v[:, 0, 0])
    fall = np.log(v[10] / v[60]) / 0.050
    assert fall == pytest.approx(2.0 * np.pi * 50.0 / 5.0, rel=0.05)


def test_the_buildings_own_generation_can_hold_the_feeder() -> None:
    grid = GridSide(feeder=FeederParams(load_w=3000.0), feeder_open=Series.of((0, 0), (500, 0), (500, 1)))
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), pv_w=3000.0, grid=grid)
    rig.run(499)
    trace = rig.run(1500)
    assert trace.energised.all()
    assert np.abs(trace.bus_v[-1, 0, 0]) == pytest.approx(230.0, rel=0.01)
    assert trace.grid_va[-1, 0].real == pytest.approx(-3000.0, rel=0.02)
