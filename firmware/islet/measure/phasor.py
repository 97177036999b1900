"""The fundamental of a channel over whole cycles: amplitude and phase."""

from array import array
from math import atan2, pi, sin, sqrt

from islet.measure.frequency import Cycles
from islet.measure.kernels import CORRELATES, MID, TABLE_BITS

TABLE_PEAK = 32767


def wrap_rad(angle_rad: float) -> float:
    """Return the angle in -pi..pi."""
    return (angle_rad + pi) % (2.0 * pi) - pi


def quadrature_table() -> array:
    """Return a turn and a quarter of the sine as codes around MID, each at the middle of its step.

    A step is 3 mrad, so a phase is off by 1.5 mrad at the few frequencies whose sets fall on whole steps.
    """
    steps = 1 << TABLE_BITS
    table = array("H", bytes(2 * (steps + steps // 4)))
    for k in range(len(table)):
        table[k] = MID + round(TABLE_PEAK * sin(2.0 * pi * (k + 0.5) / steps))
    return table


class Phasor:
    """The fundamental of one channel over the cycles of a voltage, by quadrature."""

    def __init__(self, kernels, channel: int, skew: float, table: array, cycles: Cycles) -> None:
        """skew is how many sets after its set the channel is sampled; the table is quadrature_table(), shared."""
        self.kernels = kernels
        self.channel = channel
        self.skew = skew
        self.table = table
        self.sums = array("i", bytes(4 * CORRELATES * len(cycles.bounds)))
        self._totals = array("i", bytes(8 * CORRELATES))
        self.re = 0.0  # codes rms, at set 0 of the channel
        self.im = 0.0

    def accumulate(self, window: array, cycles: Cycles) -> None:
        """Sum the products with cosine and sine; allocates nothing."""
        self.kernels.correlate(
            window,
            cycles.stride,
            self.channel,
            cycles.bounds,
            cycles.rows,
            self.table,
            cycles.turn,
            self.sums,
        )
        self.kernels.fold(self.sums, CORRELATES, 0, cycles.rows, self._totals)

    def settle(self, cycles: Cycles) -> None:
        """Scale the sums to a phasor; floats."""
        scale = sqrt(2.0) / TABLE_PEAK
        self.re = scale * cycles.mean(self._totals, CORRELATES, 0)
        self.im = -scale * cycles.mean(self._totals, CORRELATES, 2)

    def rms(self) -> float:
        """Return the rms of the fundamental in codes."""
        return sqrt(self.re * self.re + self.im * self.im)

    def phase_rad(self, cycles: Cycles, n_sets: int) -> float:
        """Return the phase at the end of the window, -pi..pi, 0 at the crest (IEEE C37.118.1 4.2)."""
        at_end = cycles.rad_per_set * (n_sets - self.skew)
        return wrap_rad(atan2(self.im, self.re) + at_end)
