"""Whole cycles, frequency and phase of a voltage from its samples."""

from array import array
from math import atan2, pi, sin, sqrt

from islet.measure.kernels import MAX_SETS, MID, TABLE_BITS, TURN_BITS

TABLE_PEAK = 2047  # 2048 * 2047 * MAX_SETS stays a small int
EDGES = 2  # rows of sums that hold one set each: the first and the last of the cycles
_ROOM = 16  # crossings kept of a window


def wrap_rad(angle_rad: float) -> float:
    """Return the angle in -pi..pi."""
    return (angle_rad + pi) % (2.0 * pi) - pi


def quadrature_table() -> array:
    """Return a turn and a quarter of the sine as codes around MID, each at the middle of its step.

    A step is 6 mrad, so a phase is off by 3 mrad at the few frequencies whose sets fall on whole steps.
    """
    steps = 1 << TABLE_BITS
    table = array("H", bytes(2 * (steps + steps // 4)))
    for k in range(len(table)):
        table[k] = MID + round(TABLE_PEAK * sin(2.0 * pi * (k + 0.5) / steps))
    return table


class Cycles:
    """The whole cycles of one voltage channel in a window: sets first..stop-1, `length` sets long.

    `hz` is 0 when the window holds no regular voltage; the cycles then are the whole window at nominal
    frequency.
    """

    def __init__(self, kernels, channel: int, set_hz: float, f0_hz: float, arm: int) -> None:
        """Channel k is sampled k/4 of a set after channel 0; arm is the hysteresis in codes."""
        self.kernels = kernels
        self.channel = channel
        self.set_hz = set_hz
        self.f0_hz = f0_hz
        self.arm = arm
        self.count = 0
        self.crossings = array("H", bytes(2 * _ROOM))
        self.first = 1
        self.stop = 2
        self.length = 1.0
        self.excess = 0.0
        self.hz = 0.0
        self.turn = 0
        self.rad_per_set = 0.0

    def find(self, window: array, n_sets: int) -> None:
        """Look for rising zero crossings; allocates nothing."""
        self.count = self.kernels.crossings(window, self.channel, n_sets, self.arm, self.crossings, _ROOM)

    def settle(self, window: array, n_sets: int) -> None:
        """Turn the crossings into cycles and frequency; floats."""
        self.hz = 0.0
        if self.count >= 2:
            self._between(window, n_sets)
        if self.hz == 0.0:
            self.first = 1
            self.stop = n_sets
            self.length = float(n_sets - 1)
            self.excess = 0.0
        self._tune(self.hz or self.f0_hz)

    def _between(self, window: array, n_sets: int) -> None:
        start = self._position(window, 0)
        end = self._position(window, self.count - 1)
        period = (end - start) / (self.count - 1)
        # A dip hides crossings: a period off by a fifth, or silence at an end of the window, is no frequency.
        regular = 0.8 < period * self.f0_hz / self.set_hz < 1.25
        if regular and start < 1.25 * period and n_sets - end < 1.25 * period:
            self.hz = self.set_hz / period
            self.first = self.crossings[0]
            self.stop = self.crossings[self.count - 1]
            self.length = end - start
            self.excess = self.length - (self.stop - self.first)

    def _position(self, window: array, index: int) -> float:
        n = self.crossings[index]
        after = window[4 * n + self.channel] - MID
        before = window[4 * n - 4 + self.channel] - MID
        return n - after / (after - before)

    def _tune(self, hz: float) -> None:
        self.turn = round(hz / self.set_hz * (1 << TURN_BITS))
        self.rad_per_set = self.turn * (2.0 * pi / (1 << TURN_BITS))

    def mean(self, rows: array, width: int, column: int) -> float:
        """Return the mean over the cycles of a summed product, the part of a set at their ends included.

        Both ends lie at the same phase, so what the sets miss of the cycles (or have too much) is `excess`
        sets of the product there, and the first and the last set average to that phase.
        """
        total = 0.0
        at = EDGES * width + column
        for _ in range(self.first, self.stop, MAX_SETS):
            total += rows[at]
            at += width
        edge = 0.5 * (rows[column] + rows[width + column])
        return (total + self.excess * edge) / self.length


def rows_for(max_sets: int, width: int) -> array:
    """Return room for the sums of the edges and of each MAX_SETS of max_sets."""
    return array("i", bytes(4 * width * (EDGES + (max_sets + MAX_SETS - 1) // MAX_SETS)))


class Phasor:
    """The fundamental of one channel over the cycles of a voltage, by quadrature."""

    def __init__(self, kernels, channel: int, table: array, max_sets: int) -> None:
        """The table is quadrature_table(), shared."""
        self.kernels = kernels
        self.channel = channel
        self.table = table
        self.rows = rows_for(max_sets, 2)
        self.re = 0.0  # codes rms, at set 0 of the channel
        self.im = 0.0

    def accumulate(self, window: array, cycles: Cycles) -> None:
        """Sum the products with cosine and sine; allocates nothing."""
        add = self.kernels.correlate
        first = cycles.first
        stop = cycles.stop
        a = first
        at = EDGES * 2
        while a < stop:  # a range with a named step would be an object on the heap
            b = min(a + MAX_SETS, stop)
            add(window, self.channel, a, b, self.table, cycles.turn, self.rows, at)
            a = b
            at += 2
        add(window, self.channel, first, first + 1, self.table, cycles.turn, self.rows, 0)
        add(window, self.channel, stop - 1, stop, self.table, cycles.turn, self.rows, 2)

    def settle(self, cycles: Cycles) -> None:
        """Scale the sums to a phasor; floats."""
        scale = sqrt(2.0) / TABLE_PEAK
        self.re = scale * cycles.mean(self.rows, 2, 0)
        self.im = -scale * cycles.mean(self.rows, 2, 1)

    def phase_rad(self, cycles: Cycles, n_sets: int) -> float:
        """Return the phase at the end of the window, -pi..pi, 0 at the crest (IEEE C37.118.1 4.2)."""
        at_end = cycles.rad_per_set * (n_sets - self.channel / 4)
        return wrap_rad(atan2(self.im, self.re) + at_end)
