"""Whole cycles and frequency of a voltage, from its rising zero crossings."""

from array import array
from math import ceil, pi

from islet.measure.kernels import MAX_SETS, MID, TURN_BITS
from islet.measure.kernels_rows import FOLD

PARTS = 256  # of a set
HIGHEST_HZ = 70.0
_LONGEST, _SHORTEST = 1.35, 0.72  # periods that are a frequency: 37 to 69 Hz in a 50 Hz system
_EVEN = 10  # a period off the mean by more than a tenth is a dip that hid a crossing, or a jump of phase


def cycles_room(n_sets: int, set_hz: float) -> int:
    """Return how many crossings a window may hold, its two ends included."""
    return ceil(n_sets * HIGHEST_HZ / set_hz) + 2


class Cycles:
    """The whole cycles of one voltage channel: sets first..stop-1, `length` sets long, `count` of them.

    The cycles of a window begin where those of the window before ended (`joined`), so that every cycle is measured
    once. `hz` is that of the crossings inside the newest sets; it is 0 when there is no regular voltage, and the
    cycles then are nominal ones. What lies behind the last cycle, `tail` sets, is left to the next window.
    """

    def __init__(
        self, kernels, channel: int, stride: int, set_hz: float, f0_hz: float, arm: int, room: int
    ) -> None:
        """arm is the hysteresis of a crossing in codes; room is cycles_room()."""
        self.kernels = kernels
        self.channel = channel
        self.stride = stride
        self.set_hz = set_hz
        self.f0_hz = f0_hz
        self.arm = arm
        self._nominal = set_hz / f0_hz
        self._room = room
        self._found = array("H", bytes(2 * room))
        self._crossed = 0
        self._first = 0
        self._begin = 0.0  # of the cycles, in sets
        self._end = -1.0
        self._real = False  # the end is a crossing, not a guess
        self.joined = False
        self.edges = array("H", bytes(2 * (room + 1)))  # first set of each cycle, and the one after the last
        self.places = array("I", bytes(4 * (room + 1)))  # where exactly it begins, in parts of a set
        self.count = 0
        self.first = 1
        self.stop = 2
        self.length = 1.0
        self.excess = 0.0
        self.bend = self.bend_0 = 0.0
        self.tail = 0.0
        self.hz = 0.0
        self.turn = 0
        self.rad_per_set = 0.0
        self.bounds = array("H", bytes(2 * (room * ceil(set_hz / 40.0) // MAX_SETS + 5)))
        self.rows = 0

    def find(self, window: array, kept: int, n_sets: int, margin: int, moved: int) -> None:
        """Look for rising crossings; the last window is `moved` sets back.

        At least `margin` sets lie before the cycles.
        """
        self._end -= moved
        self.joined = kept > 0 and self._end >= margin - 1
        self._first = max(margin, self.stop - moved if self.joined else kept)
        last = n_sets - 1  # a crossing is placed with the set after it
        self._crossed = self.kernels.crossings(
            window, self.stride, self.channel, self._first, last, self.arm, self._found, self._room
        )

    def settle(self, window: array, n_sets: int) -> None:
        """Turn the crossings into cycles and frequency; floats."""
        regular = self._regular(n_sets)
        self.joined = self.joined and (self._real or not regular)
        if regular:
            self._cross(window)
        else:
            self.hz = 0.0
            self._guess(self._end if self.joined else float(self._first), n_sets)
        self._real = regular
        self.first = self.edges[0]
        self.stop = self.edges[self.count]
        self.length = self._end - self._begin
        self.excess = self.length - (self.stop - self.first)
        self.tail = n_sets - self._end
        self._tune(self.hz or self.f0_hz)
        self._bend()
        self._partition()

    def _position(self, window: array, n: int) -> float:
        """Return where the voltage crosses MID near set n: on a line through four sets, for less noise."""
        stride = self.stride
        k = stride * n + self.channel
        after = window[k] - MID
        before = window[k - stride] - MID
        earlier = window[k - 2 * stride] - MID
        later = window[k + stride] - MID
        rise = 3 * (later - earlier) + after - before
        if rise <= 0:  # no line to speak of
            return n - after / (after - before)
        return n - 0.5 - 2.5 * (earlier + before + after + later) / rise

    def _regular(self, n_sets: int) -> bool:
        """Return whether there are evenly spaced crossings, from where the cycles begin to the window's end."""
        last = self._crossed - 1
        if last < 1:
            return False
        found = self._found
        longest = int(_LONGEST * self._nominal)
        mean = (found[last] - found[0]) // last
        if not int(_SHORTEST * self._nominal) <= mean <= longest or n_sets - found[last] > longest:
            return False
        for k in range(last):
            if not -mean < _EVEN * (found[k + 1] - found[k] - mean) < mean:
                return False
        return found[0] - self._first <= longest

    def _cross(self, window: array) -> None:
        """Take the crossings as cycles, from the last one of the window before if there was one."""
        found = self._found
        last = self._crossed - 1
        edges = self.edges
        places = self.places
        skip = 0
        if self.joined:
            skip = 1
            edges[0] = self._first
            places[0] = int(PARTS * self._end)
        oldest = newest = 0.0
        for k in range(self._crossed):
            newest = self._position(window, found[k])
            if k == 0:
                oldest = newest
            edges[k + skip] = found[k]
            places[k + skip] = int(PARTS * newest)
        self.hz = last * self.set_hz / (newest - oldest)
        self.count = last + skip
        self._begin = self._end if self.joined else oldest
        self._end = newest

    def _guess(self, begin: float, n_sets: int) -> None:
        """Lay nominal cycles from `begin` on, one at least; where none went before, they fill the window."""
        period = self._nominal
        span = n_sets - begin
        count = max(1, min(int(span / period), self._room))
        if not self.joined or period > span:
            period = span / count
        for k in range(count + 1):
            self.edges[k] = min(n_sets, ceil(begin + k * period))
            self.places[k] = int(PARTS * (begin + k * period))
        self.count = count
        self._begin = begin
        self._end = begin + count * period

    def _tune(self, hz: float) -> None:
        self.turn = round(hz / self.set_hz * (1 << TURN_BITS))
        self.rad_per_set = self.turn * (2.0 * pi / (1 << TURN_BITS))

    def _bend(self) -> None:
        """Find what the ends of the cycles add to a sum by their curvature, as a share of the mean.

        A sum over sets is the integral from half a set before the first to half a set before the one after the
        last; u and w are how far these lie behind the true ends. Of a product at twice the fundamental's speed r,
        the second derivative is 4 r**2 times mean less value: the term of third order, which `excess` leaves out.
        """
        u = self.first - self._begin - 0.5
        w = self.stop - self._end - 0.5
        unit = 2.0 * self.rad_per_set * self.rad_per_set / self.length
        self.bend_0 = unit * (u * u * u - w * w * w) / 3.0
        self.bend = self.bend_0 - unit * 0.5 * (u - w) * (u * u + w * w + u - w + 0.5)

    def _partition(self) -> None:
        """Cut the cycles into rows: the first set, parts of at most MAX_SETS, the last set."""
        bounds = self.bounds
        bounds[0] = self.first
        n = self.first + 1
        row = 1
        while n < self.stop - 1:
            bounds[row] = n
            row += 1
            n += MAX_SETS
        bounds[row] = self.stop - 1
        bounds[row + 1] = self.stop
        self.rows = row + 1

    def mean(self, totals: array, width: int, column: int) -> float:
        """Return the mean over the cycles of a product: kernels.fold of its rows, a pair from `column` on.

        Both ends lie at the same phase, so what the sets miss of the cycles (or have too much) is `excess`
        sets of the value there, and the first and the last set average to that phase.
        """
        ends = 0.5 * (FOLD * totals[width + column] + totals[width + column + 1])
        mean = (FOLD * totals[column] + totals[column + 1] + self.excess * ends) / self.length
        return mean + self.bend * (mean - ends)

    def mean_code(self, totals: array, width: int, column: int) -> float:
        """Return the mean over the cycles of a channel: kernels.fold of its rows."""
        return (totals[column] + self.excess * 0.5 * totals[width + column]) / self.length
