"""Sampled waveforms for the metering tests, made sample by sample from their formula."""

from array import array
from math import cos, pi, sqrt

SET_HZ = 3600
STEP = 16  # window codes in a code of 12 bits
VOLTS_PER_CODE = 0.2 / STEP
AMPS_PER_CODE = 0.05 / STEP


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


def coded(channels: list | tuple, n_sets: int = 360, end_s: float = 0.0, together: bool = False) -> array:
    """Return the window of a 12-bit converter that samples (wave, scale) channels in turn, ending at end_s."""
    stride = len(channels)
    window = array("H", bytes(2 * stride * n_sets))
    for k in range(stride * n_sets):
        wave, scale = channels[k % stride]
        place = k // stride * stride if together else k
        t_s = end_s + (place - stride * n_sets) / (stride * SET_HZ)
        code = 2048 + round(wave(t_s) / (STEP * scale))
        window[k] = min(65535, max(1, STEP * code))
    return window


def sampled(v_grid, v_bus, i_grid, i_load, n_sets: int = 360, end_s: float = 0.0) -> array:
    """Return the window of the four channels of a single-phase building."""
    volts, amps = VOLTS_PER_CODE, AMPS_PER_CODE
    channels = ((v_grid, volts), (v_bus, volts), (i_grid, amps), (i_load, amps))
    return coded(channels, n_sets, end_s)


def near(got: float, wanted: float, tolerance: float) -> bool:
    """Return whether got is within tolerance of wanted."""
    return abs(got - wanted) <= tolerance


class Stream:
    """Consecutive windows of channels (wave, scale), handed over as a sampler does: with history."""

    def __init__(self, channels, history: int, n_sets: int = 360, together: bool = False) -> None:
        """Waves get the time since the stream began, so frequencies may change in it."""
        self.channels = channels
        self.history = history
        self.n_sets = n_sets
        self.together = together
        self.kept = 0
        self.sets = 0  # since the beginning
        self.window = array("H")

    def next(self) -> array:
        """Return the next window; `kept` of its sets were in the last one."""
        self.sets += self.n_sets
        new = coded(self.channels, self.n_sets, self.sets / SET_HZ, self.together)
        stride = len(self.channels)
        self.kept = min(self.history, len(self.window) // stride)
        self.window = self.window[len(self.window) - stride * self.kept :] + new
        return self.window

    def feed(self, meter, image, now_ms: int = 0) -> None:
        """Let a meter measure the next window."""
        window = self.next()
        meter.measure(window, self.kept, len(window) // len(self.channels), image, now_ms)
