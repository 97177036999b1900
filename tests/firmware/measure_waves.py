"""Sampled waveforms for the metering tests, made sample by sample from their formula."""

from array import array
from math import cos, pi, sqrt

SET_HZ = 3600
VOLTS_PER_CODE = 0.2
AMPS_PER_CODE = 0.05


def sine(
    rms: float, hz: float = 50.0, phase_rad: float = 0.0, harmonics: list | tuple = (), offset: float = 0.0
):
    """Return f(t_s), t = 0 at the window's end; harmonics are (order, rms, phase_rad) of their own cosine."""
    parts = [(1, rms, phase_rad)] + [tuple(h) for h in harmonics]

    def wave(t_s: float) -> float:
        w = 2.0 * pi * hz * t_s
        return offset + sum([sqrt(2.0) * r * cos(n * w + p) for n, r, p in parts])

    return wave


def dead(t_s: float) -> float:
    """A channel at zero."""
    return 0.0


def sampled(v_grid, v_bus, i_grid, i_load, n_sets: int = 360) -> array:
    """Return the window an ADC delivers that samples the four channels in turn, ending at t = 0."""
    waves = (v_grid, v_bus, i_grid, i_load)
    scales = (VOLTS_PER_CODE, VOLTS_PER_CODE, AMPS_PER_CODE, AMPS_PER_CODE)
    window = array("H", bytes(8 * n_sets))
    for k in range(4 * n_sets):
        t_s = (k - 4 * n_sets) / (4 * SET_HZ)
        code = 2048 + round(waves[k % 4](t_s) / scales[k % 4])
        window[k] = min(4095, max(0, code))
    return window


def near(got: float, wanted: float, tolerance: float) -> bool:
    """Return whether got is within tolerance of wanted."""
    return abs(got - wanted) <= tolerance
