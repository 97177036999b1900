"""Trip rows timed in half cycles, in integers."""

from array import array

from islet.measure.guard_voltage import UNIT, Halves
from islet.names import ABOVE, TRIP_HZ, TRIP_SHIFT, TRIP_V, TRIP_V_MEAN

LOW, HIGH, SLOW, FAST, MEAN, SHIFT = range(6)  # of the worst phase: squares, advances, square, jump
NONE = 1 << 29  # as a limit: never reached
_V_BACK_PU, _HZ_BACK = (
    0.005,
    0.02,
)  # so far inside the limit a row is forgotten; between, its time stands still
_MEAN_BLOCKS = 200  # of three seconds in ten minutes (EN 50160)


def square_of(pu: float) -> int:
    """Return the square of a voltage in UNITs."""
    return int(pu * pu * UNIT + 0.5)


def advance_of(hz: float, ref_hz: float) -> int:
    """Return by how much a phase advances in four half cycles of the reference, in 1/65536 turn."""
    return round((hz - ref_hz) / ref_hz * 131072.0)


class TripRows:
    """Counts for each row the half cycles beyond its limit. `low` and `high` are the continuous band."""

    def __init__(self, rows, halves: Halves) -> None:
        """rows: (quantity, side, limit, ride_ms, clear_ms, open_ms, slope_ms_per_pu, floor_ms)."""
        count = len(rows)
        self._count = count
        self._source = array("b", [0] * count)
        self._side = array("b", [row[1] for row in rows])
        self._limit = array("i", [0] * count)
        self._back = array("i", [0] * count)
        # One half cycle more: the first is beyond the limit in part only.
        self._need = array("i", [halves.count(row[5]) + 1 for row in rows])
        self._floor = array("i", [halves.count(row[7]) + 1 for row in rows])
        self._slope = array("i", [int(row[6] / halves.half_ms + 0.5) for row in rows])
        self._edge = array("i", [0] * count)  # of a sloped row, in 1/1024 of nominal
        self._beyond = array("i", [0] * count)
        self.counting = False
        self.band = array("i", [-NONE, NONE, -NONE, NONE, NONE, NONE])
        for k in range(count):
            self._convert(k, rows[k], halves.ref_hz)

    def _convert(self, k: int, row, ref_hz: float) -> None:
        quantity, side, limit = row[0], row[1], row[2]
        above = side == ABOVE
        if quantity == TRIP_HZ:
            source, value = FAST if above else SLOW, advance_of(limit, ref_hz)
            back = advance_of(limit - side * _HZ_BACK, ref_hz)
        elif quantity == TRIP_SHIFT:
            source, value = SHIFT, round(limit * 65536.0 / 360.0)
            back = value
        else:
            source = MEAN if quantity == TRIP_V_MEAN else HIGH if above else LOW
            value, back = square_of(limit), square_of(limit - side * _V_BACK_PU)
            self._edge[k] = int(1024.0 * limit + 0.5)
            if quantity not in (TRIP_V, TRIP_V_MEAN):
                raise ValueError("trip row: %r is no quantity" % quantity)
        self._source[k], self._limit[k], self._back[k] = source, value, back
        band = self.band
        band[source] = min(band[source], value) if above else max(band[source], value)
        if source == MEAN:
            band[HIGH] = min(band[HIGH], value)

    def has(self, source: int) -> bool:
        """Return whether any row looks at that."""
        return source in list(self._source)

    def within(self, seen) -> bool:
        """Return whether all seen is in the band."""
        band = self.band
        if seen[LOW] < band[LOW] or seen[HIGH] > band[HIGH] or seen[MEAN] > band[MEAN]:
            return False
        return band[SLOW] <= seen[SLOW] and seen[FAST] <= band[FAST] and seen[SHIFT] <= band[SHIFT]

    def judge(self, seen, frequency: bool) -> int:
        """Count a half cycle; return the row whose time is up, or -1. Rows of frequency wait while there is none."""
        up = -1
        self.counting = False
        for k in range(self._count):
            source, side = self._source[k], self._side[k]
            if not frequency and (source == SLOW or source == FAST):  # noqa: SIM109
                self.counting = self.counting or self._beyond[k] > 0
                continue
            value = seen[source]
            if (value - self._limit[k]) * side > 0:
                self._beyond[k] = min(self._beyond[k] + 1, NONE)
            elif (value - self._back[k]) * side < 0:
                self._beyond[k] = 0
            if self._beyond[k]:
                self.counting = True
                if up < 0 and self._beyond[k] >= self._needed(k, value):
                    up = k
        return up

    def _needed(self, k: int, square: int) -> int:
        """Return the half cycles row k takes, at this voltage if it is a slope."""
        slope = self._slope[k]
        if not slope:
            return self._need[k]
        under = max(0, self._edge[k] - root(square))
        return max(self._floor[k], self._need[k] - (slope * under >> 10))

    def side(self, k: int) -> int:
        """Return ABOVE or BELOW of row k."""
        return self._side[k]

    def source(self, k: int) -> int:
        """Return what row k looks at."""
        return self._source[k]

    def clear(self) -> None:
        """Forget all counts."""
        self.counting = False
        for k in range(self._count):
            self._beyond[k] = 0


class TenMinutes:
    """The mean square of the last ten minutes in blocks of three seconds; what was not seen counts as nominal."""

    def __init__(self, halves: Halves) -> None:
        self._length = halves.count(3000.0)
        self._blocks = array("i", [UNIT >> 4] * _MEAN_BLOCKS)
        self._total = _MEAN_BLOCKS * (UNIT >> 4)
        self._sum = self._halves = self._at = 0
        self.square = UNIT

    def add(self, square: int) -> None:
        """Take in a half cycle's square, under 2**22."""
        self._sum += min(square, 4 * UNIT) >> 4
        self._halves += 1
        if self._halves < self._length:
            return
        block = self._sum // self._length
        self._total += block - self._blocks[self._at]
        self._blocks[self._at] = block
        self._at = (self._at + 1) % _MEAN_BLOCKS
        self._sum = self._halves = 0
        self.square = self._total // _MEAN_BLOCKS << 4


def root(square: int) -> int:
    """Return the whole root of an integer under 2**30, by Newton's way."""
    if square < 2:
        return max(square, 0)
    x = 1024
    while True:
        y = (x + square // x) >> 1
        if abs(y - x) < 2:
            return min(x, y) if min(x, y) * min(x, y) <= square else min(x, y) - 1
        x = y
