"""Samples made from a trace: what they carry, and that windows join without a seam."""

import numpy as np
import pytest
from dynamics_rig import DynamicsRig
from numpy.typing import NDArray

from host_tools.plant.dynamics import GridSide, LoadParams, Series, Waves

UNIT = (0.2, 0.05)  # volt and ampere a code


def fitted(codes: NDArray[np.uint16], channel: int, channels: int, hz: float, first_set: int = 0) -> complex:
    """Return the rms phasor in codes, in the frame at 50 Hz of time 0, by least squares."""
    values = codes.reshape(-1, channels)[:, channel] - 2048.0
    t_s = ((first_set + np.arange(len(values))) * channels + channel) / (channels * 3600.0)
    angle = 2.0 * np.pi * hz * t_s
    basis = np.stack([np.cos(angle), -np.sin(angle)], axis=1)
    real, imag = np.linalg.lstsq(basis, values, rcond=None)[0]
    return complex(real, imag) / np.sqrt(2.0)


@pytest.mark.parametrize("hz", [50.0, 50.5, 49.0])
def test_rms_and_angle_are_the_phasors(hz: float) -> None:
    rig = DynamicsRig(load_w=(3000.0, 0.0, 0.0), harmonics_pu={}, i_third_pu=0.0, grid=GridSide(hz=hz))
    waves = Waves(rig.params, ideal=True)
    trace = rig.run(2000)
    codes = waves.window(trace)
    assert codes.shape == (1, 4 * 7200)
    late = codes[0, 4 * 3600 :]
    for channel, line in enumerate((trace.grid_v, trace.bus_v, trace.grid_a, trace.load_a)):
        got = fitted(late, channel, 4, hz, first_set=3600) * UNIT[channel // 2]
        want = line[-1, 0, 0] * np.exp(-2j * np.pi * (hz - 50.0) * 2.0)
        assert abs(got) == pytest.approx(abs(want), rel=2e-3, abs=0.02)
        assert np.angle(got / want) == pytest.approx(0.0, abs=0.01)


def test_harmonics_are_there_with_their_amplitude_and_phase() -> None:
    grid = GridSide(harmonics={5: 0.06 * np.exp(0.7j)})
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), grid=grid)
    codes = Waves(rig.params, ideal=True).window(rig.run(1000))[0]
    base = fitted(codes, 0, 4, 50.0)
    fifth = fitted(codes, 0, 4, 250.0)
    assert abs(fifth) / abs(base) == pytest.approx(0.06, abs=5e-4)
    assert np.angle(fifth / (base / abs(base)) ** 5) == pytest.approx(0.7, abs=0.01)


def test_windows_of_any_length_join_without_a_seam() -> None:
    grid = GridSide(hz=Series.of((0, 49.5), (1000, 50.5)), magnitude_pu=Series.of((0, 1), (400, 0.7)))
    whole, parts = (DynamicsRig(pv_w=1000.0, grid=grid) for _ in range(2))
    once = Waves(whole.params, ideal=True).window(whole.run(1000))
    waves = Waves(parts.params, ideal=True)
    pieces = [waves.window(parts.run(span)) for span in (10, 10, 1, 79, 100, 300, 7, 493)]
    assert pieces[0].shape == (1, 4 * 36)
    joined = np.concatenate(pieces, axis=1)
    assert np.abs(joined.astype(int) - once).max() <= 1


def test_a_jump_is_over_within_a_step() -> None:
    grid = GridSide(magnitude_pu=Series.of((0, 1), (500, 1), (500, 0)))
    rig = DynamicsRig(load_w=(0.0, 0.0, 0.0), grid=grid)
    codes = Waves(rig.params, ideal=True).window(rig.run(600))[0].reshape(-1, 4)
    t_ms = np.arange(len(codes)) / 3.6
    assert np.abs(codes[t_ms > 500.0, 0] - 2048.0).max() <= 1.0
    assert np.abs(codes[(t_ms > 488.0) & (t_ms < 499.0), 0] - 2048.0).max() > 1500.0


def test_three_phases_have_twelve_channels_in_order() -> None:
    rig = DynamicsRig(phases=3, loads=LoadParams(var_per_w=0.0), harmonics_pu={}, i_third_pu=0.0)
    rig.demand.load_w = np.zeros((1, 3, 3))
    rig.demand.load_w[0, 0] = [1000.0, 2000.0, 3000.0]
    waves = Waves(rig.params, ideal=True)
    trace = rig.run(1000)
    codes = waves.window(trace)[0]
    assert waves.channels == 12
    for channel in range(12):
        got = fitted(codes, channel, 12, 50.0) * UNIT[channel // 6]
        line = (trace.grid_v, trace.bus_v, trace.grid_a, trace.load_a)[channel // 3]
        assert got == pytest.approx(line[-1, 0, channel % 3], rel=5e-3, abs=0.05)


def test_noise_is_seeded_by_building() -> None:
    ids = np.array([4, 9])
    two, one = DynamicsRig(2, ids=ids), DynamicsRig(1, ids=ids[1:])
    a, b = (Waves(rig.params, seed=5).window(rig.run(100)) for rig in (two, one))
    assert np.array_equal(a[1], b[0])
    rig = DynamicsRig(2, ids=ids)
    assert not np.array_equal(Waves(rig.params, seed=6).window(rig.run(100)), a)
    rig = DynamicsRig(2, ids=ids)
    quiet = Waves(rig.params, ideal=True).window(rig.run(100))
    off = (a.astype(int) - quiet).reshape(2, -1, 4)[:, :, 2:]
    assert 1.0 < off.std() < 2.5  # 1.5 codes of noise, gain errors on the small current aside
