"""What numpy and scipy make of the same codes in float64: the reference beside the firmware's meter.

Nothing of islet is used. Powers come from one weighted mean over all samples, after the currents were brought to the
voltage's instants by a fractional delay; the frequency from a least-squares fit of the fundamental and its harmonics.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from scipy.signal import fftconvolve  # type: ignore[import-untyped]
from scipy.signal.windows import kaiser, tukey  # type: ignore[import-untyped]

from host_tools.plant.types import Floats

MID = 32768.0
TAPS = 81  # of the fractional delay
TAPS_BETA = 10.0  # Kaiser: ripple under 1e-5 up to three quarters of half the sampling rate
TAPER = 0.1  # of the window of the means: what is left of 2 f falls with its third power
HARMONICS = 15  # of the fit of a frequency
FIT_STEPS = 8  # of Gauss and Newton; four are enough from 1 Hz off


class Reading(NamedTuple):
    """One voltage and one current over the whole record."""

    p_w: float
    rms_v: float
    rms_a: float
    power_factor: float


def in_units(wiring: Any, codes: ArrayLike, table: ArrayLike) -> Floats:
    """Return V and A about zero, [n_sets, stride], of raw codes through a table to 16-bit codes."""
    scales = np.array([channel.per_code * getattr(channel, "gain", 1.0) for channel in wiring.channels])
    values: Floats = (np.asarray(table, dtype=np.float64)[np.asarray(codes)] - MID) * scales
    return values


def delayed(samples: Floats, sets: float) -> Floats:
    """Return the samples `sets` later (|sets| < 1) by a windowed sinc, without the ends it spoils."""
    n = np.arange(TAPS) - TAPS // 2
    taps = np.sinc(n - sets) * kaiser(TAPS, TAPS_BETA)
    moved: Floats = fftconvolve(samples, taps / taps.sum(), mode="valid")
    return moved


def read(wiring: Any, values: Floats, voltage: str, current: str) -> Reading:
    """Return P, V, I and PF of two channels in [n_sets, stride]; the noise the wiring tells is taken out of rms."""
    names = [channel.name for channel in wiring.channels]
    v, i = names.index(voltage), names.index(current)
    skew = 0.0 if wiring.simultaneous else (i - v) / wiring.stride  # the current is sampled so much later
    volts = delayed(values[:, v], 0.0)
    amps = delayed(values[:, i], skew)
    weights = tukey(len(volts), TAPER)
    weights /= weights.sum()
    p_w = float(weights @ (volts * amps) - (weights @ volts) * (weights @ amps))
    rms_v, rms_a = (_rms(wiring.channels[k], values[:, k]) for k in (v, i))
    return Reading(p_w, rms_v, rms_a, p_w / (rms_v * rms_a) if rms_v * rms_a else float("nan"))


def _rms(channel: Any, samples: Floats) -> float:
    weights = tukey(len(samples), TAPER)
    weights /= weights.sum()
    variance = weights @ samples**2 - (weights @ samples) ** 2 - (channel.noise_codes * channel.per_code) ** 2
    return float(np.sqrt(max(0.0, variance)))


def frequency_hz(samples: Floats, set_hz: float, near_hz: float) -> float:
    """Return the frequency of a voltage: IEEE 1057's sine fit in four parameters, with harmonics beside it.

    Gauss-Newton from near_hz, which must be within half a turn over the record.
    """
    t = (np.arange(len(samples)) - 0.5 * (len(samples) - 1)) / set_hz
    orders = np.array([n for n in range(1, HARMONICS + 1) if n * near_hz < 0.45 * set_hz])
    hz, fit = near_hz, None
    for _ in range(FIT_STEPS):
        angles = 2.0 * np.pi * hz * np.outer(t, orders)
        cosines, sines = np.cos(angles), np.sin(angles)
        columns = np.hstack([cosines, sines, np.ones((len(t), 1))])
        if fit is None:
            fit = _least_squares(columns, samples)
        a, b = fit[: len(orders)], fit[len(orders) : 2 * len(orders)]
        slope = 2.0 * np.pi * t * ((sines * -a + cosines * b) @ orders)
        fit = _least_squares(np.column_stack([columns, slope]), samples)
        hz += float(fit[-1])
        if abs(fit[-1]) < 1e-7:
            break
    return hz


def _least_squares(columns: Floats, samples: Floats) -> Floats:
    """By the normal equations: waves over many cycles are as good as orthogonal."""
    found: Floats = np.linalg.solve(columns.T @ columns, columns.T @ samples).astype(np.float64)
    return found
