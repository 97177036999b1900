"""Synthetic samples: what they carry, and the path synth -> meter -> truth within the metering bound."""

from array import array
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from host_tools.plant import waveform
from host_tools.plant.waveform import WaveformSynth, power_bound_w, residual_bound_w
from islet.measure import kernels
from islet.measure.linearise import plain_table
from islet.measure.meter import Meter
from islet.measure.phasor import wrap_rad
from islet.measure.wiring import single_phase
from islet.names import NOT_IMPLEMENTED, OK
from islet.state.image import Image

N = 60


def truth_of(n: int = N, **changes: Any) -> Any:
    """Return buildings on a 60 A connection, importing and exporting, the bus out of step with the grid."""
    rng = np.random.default_rng(7)
    load_w = rng.uniform(0.0, 12_000.0, n)
    truth = SimpleNamespace(
        load_w=load_w,
        load_var=load_w * rng.uniform(0.0, 0.484, n),
        grid_w=rng.uniform(-10_000.0, 13_000.0, n),
        grid_var=rng.uniform(-500.0, 2000.0, n),
        grid_v=rng.uniform(205.0, 253.0, n),
        bus_v=rng.uniform(205.0, 253.0, n),
        grid_hz=np.full(n, 49.93),
        bus_hz=rng.uniform(47.5, 52.0, n),
        grid_phase_rad=rng.uniform(-np.pi, np.pi, n),
        bus_phase_rad=rng.uniform(-np.pi, np.pi, n),
        contactor_closed=np.ones(n, dtype=bool),
    )
    vars(truth).update(changes)
    return truth


def metered(synth: WaveformSynth, truth: Any) -> list[Image]:
    step = 16  # window codes in a code of the converter
    wiring = single_phase(
        waveform.VOLTS_PER_CODE / step, waveform.AMPS_PER_CODE / step, waveform.NOISE_CODES * step
    )
    meter = Meter(kernels, wiring)
    table = plain_table()
    images = []
    for codes in synth.windows(truth):
        image = Image()
        window = array("H", codes.tobytes())
        kernels.linearise(window, table, window, 0, len(window))
        meter.measure(window, 0, synth.n_sets, image, 0)
        images.append(image)
    return images


def values(images: list[Image], name: str) -> Any:
    assert all(getattr(image, name).quality == OK for image in images)
    return np.array([getattr(image, name).value for image in images])


def test_whole_path_within_the_metering_bound() -> None:
    truth = truth_of()
    images = metered(WaveformSynth(N, seed=11), truth)
    grid_w, load_w = values(images, "grid_w"), values(images, "metered_load_w")
    assert np.all(np.abs(grid_w - truth.grid_w) <= power_bound_w(truth.grid_w, truth.grid_var))
    assert np.all(np.abs(load_w - truth.load_w) <= power_bound_w(truth.load_w, truth.load_var))
    der_w = truth.load_w - truth.grid_w  # what the inverters report, exact
    assert np.all(np.abs(grid_w + der_w - load_w) <= residual_bound_w(truth))
    # Reactive power has the same gains, and the phase error turns P into it.
    assert np.all(
        np.abs(values(images, "grid_var") - truth.grid_var) <= power_bound_w(truth.grid_var, truth.grid_w)
    )
    assert np.abs(values(images, "grid_v") / truth.grid_v - 1.0).max() < waveform.VT_GAIN_PU + 0.0005
    assert np.abs(values(images, "bus_hz") - truth.bus_hz).max() < 0.015  # noise of two crossings: 3 mHz rms
    slip = values(images, "slip_rad") - (truth.grid_phase_rad - truth.bus_phase_rad)
    assert max(abs(wrap_rad(x)) for x in slip) < np.radians(0.5)


def test_ideal_path_is_far_inside_the_bound() -> None:
    # Without transducer errors what is left is quantisation (0.29 codes: 0.2 W) and rounding to whole watts.
    truth = truth_of()
    images = metered(WaveformSynth(N, seed=11, ideal=True), truth)
    for name, wanted in (
        ("grid_w", truth.grid_w),
        ("grid_var", truth.grid_var),
        ("metered_load_w", truth.load_w),
    ):
        assert np.abs(values(images, name) - wanted).max() < 2.0


def test_the_bound_is_needed() -> None:
    # The worst corner of the error terms, by hand at 10 kW and PF 0.9: (1.005 * 1.003 - 1) * 10 kW
    # + 0.00352 * 4843 var = 80.2 + 17.0 W, and the floor: one per cent of reading.
    assert power_bound_w(10_000.0, 4843.0) - waveform.FLOOR_W == pytest.approx(97.3, abs=0.3)
    truth = truth_of()
    images = metered(WaveformSynth(N, seed=11), truth)
    error = np.abs(values(images, "metered_load_w") - truth.load_w)
    assert (error / power_bound_w(truth.load_w, truth.load_var)).max() > 0.4  # not a bound nobody comes near


def test_open_contactor_and_dead_voltages() -> None:
    dead = np.zeros(N)
    images = metered(
        WaveformSynth(N, 3), truth_of(contactor_closed=np.zeros(N, dtype=bool), grid_v=dead, grid_hz=dead)
    )
    assert np.abs(values(images, "grid_w")).max() <= waveform.FLOOR_W  # no current, whatever the grid offers
    assert values(images, "grid_v").max() < 1.0
    assert {image.grid_hz.quality for image in images} == {NOT_IMPLEMENTED}
    assert {image.slip_rad.quality for image in images} == {NOT_IMPLEMENTED}
    assert {image.bus_hz.quality for image in images} == {OK}
    images = metered(WaveformSynth(N, 3), truth_of(bus_v=dead, bus_hz=dead))
    assert np.abs(values(images, "metered_load_w")).max() <= 1.0
    assert {image.bus_hz.quality for image in images} == {NOT_IMPLEMENTED}


def test_samples_are_the_formula() -> None:
    # Hand: at the window's end both voltages are at their crest; the last set was taken 4, 3, 2 and 1
    # conversions of 1/14400 s = 1.25 deg before: 230 * sqrt(2) / 0.2 * cos(5 deg) = 1620.2, cos(3.75 deg):
    # 1622.9; currents of 10 A and 5 A in phase: 10 * sqrt(2) / 0.05 * cos(2.5 deg) = 282.6, and 141.4.
    at = np.array([50.0])
    zero, rms = np.zeros(1), np.array([230.0])
    truth = truth_of(1, grid_v=rms, bus_v=rms, grid_hz=at, bus_hz=at, grid_phase_rad=zero, bus_phase_rad=zero)
    vars(truth).update(grid_w=10.0 * rms, grid_var=zero, load_w=5.0 * rms, load_var=zero)
    window = WaveformSynth(1, 0, ideal=True).windows(truth)
    assert window.shape == (1, 1440)
    assert window.dtype == np.uint16
    assert list(window[0, -4:].astype(int) - 2048) == [1620, 1623, 283, 141]


def test_voltage_has_the_rms_and_the_harmonics_asked_for() -> None:
    # numpy's FFT of five whole cycles is the other tool: lines at 5, 25 and 35.
    truth = truth_of(4, grid_hz=np.full(4, 50.0))
    codes = WaveformSynth(4, 5).windows(truth).reshape(4, 360, 4)[:, :, 0].astype(float) - 2048.0
    lines = np.abs(np.fft.rfft(codes))
    assert lines[:, 25] / lines[:, 5] == pytest.approx(0.03, abs=0.001)
    assert lines[:, 35] / lines[:, 5] == pytest.approx(0.015, abs=0.001)
    rms_v = codes.std(axis=1) * waveform.VOLTS_PER_CODE
    assert rms_v == pytest.approx(truth.grid_v, rel=waveform.VT_GAIN_PU + 0.0005)


def test_noise_is_gaussian_of_the_stated_size() -> None:
    dead = np.zeros(N)
    codes = WaveformSynth(N, 9).windows(truth_of(grid_v=dead))[:, ::4].astype(float) - 2048.0
    assert codes.std() == pytest.approx(
        np.hypot(waveform.NOISE_CODES, 12**-0.5), rel=0.02
    )  # and quantisation
    assert abs(codes.mean()) < 0.05


def test_a_seed_is_a_set_of_meters() -> None:
    truth = truth_of()
    one, same, other = WaveformSynth(N, 1), WaveformSynth(N, 1), WaveformSynth(N, 2)
    first = one.windows(truth)
    assert np.array_equal(first, same.windows(truth))
    assert not np.array_equal(first, other.windows(truth))
    assert not np.array_equal(first, one.windows(truth))  # noise goes on
    assert not np.array_equal(one.ct_gain_pu, other.ct_gain_pu)
    assert np.abs(one.ct_gain_pu).max() <= waveform.CT_GAIN_PU
