"""Energy in integers that carry their remainder: import, export and four quadrants of every measuring point."""

from array import array

from islet.measure.energy_file import MAX_FORMER, MAX_POINTS, WORDS, decode, encode, wrong_name
from islet.names import WH_J

IMPORT = 0
EXPORT = 1
Q1 = 2
Q2 = 3
Q3 = 4
Q4 = 5
UNDER = 1 << 20  # W or var: 1 MW and a little
LONGEST_MS = 1_000_000


def count(words, at: int, whole: int, thousandths: int, dt_ms: int) -> None:
    """Add whole + thousandths/1000 W (or var) over dt_ms to the register of three words from `at` on.

    The words are Wh, J below 3600 and microjoules below a million (varh and so on likewise). Exact, allocates
    nothing, and stays below 2**30 for 0 <= whole < 2**20, 0 <= thousandths <= 1000, 0 <= dt_ms <= 10**6:
    mj <= 1048575 * 999 + 10**6 = 1048526425, j <= 3599 + 1048575 * 1000 + 1048526 + 2 = 1049627127. The Wh
    stay small for 122 years at 1 MW.
    """
    s = dt_ms // 1000
    ms = dt_ms - s * 1000
    mj = whole * ms + thousandths * s
    uj = words[at + 2] + thousandths * ms + mj % 1000 * 1000
    j = words[at + 1] + whole * s + mj // 1000 + uj // 1_000_000
    words[at + 2] = uj % 1_000_000
    words[at + 1] = j % WH_J
    words[at] += j // WH_J


class Point:
    """The six registers of one measuring point, as three words each in `words`; none ever goes backwards."""

    def __init__(self, name: str, words=None) -> None:
        """Begin at zero, or take over the saved words."""
        self.name = name
        self.words = array("I", [0] * WORDS) if words is None else words

    def add(self, active_w: float, reactive_var: float, dt_ms: int) -> None:
        """Count mean powers over dt_ms, each rounded to a thousandth; active positive is import.

        Reactive positive means that the current lags. Q1 is import and lagging, Q2 export and lagging, Q3 export
        and leading, Q4 import and leading (IEC 62053-23). Raises ValueError for a time that runs
        backwards, and for a power that is nan or beyond 2**20 W or var.
        """
        if dt_ms < 0:
            raise ValueError("energy: time runs forward")
        if not (-UNDER < active_w < UNDER and -UNDER < reactive_var < UNDER):
            raise ValueError("energy: power out of range")
        lags = reactive_var >= 0
        if active_w >= 0:
            self._count(IMPORT, active_w, dt_ms)
            self._count(Q1 if lags else Q4, reactive_var, dt_ms)
        else:
            self._count(EXPORT, active_w, dt_ms)
            self._count(Q2 if lags else Q3, reactive_var, dt_ms)

    def _count(self, register: int, power: float, dt_ms: int) -> None:
        whole = int(power)
        thousandths = abs(round((power - whole) * 1000))  # the difference is exact, in 32-bit floats too
        whole = abs(whole)
        while dt_ms > LONGEST_MS:
            count(self.words, register * 3, whole, thousandths, LONGEST_MS)
            dt_ms -= LONGEST_MS
        count(self.words, register * 3, whole, thousandths, dt_ms)

    @property
    def import_wh(self) -> int:
        """Whole watt-hours imported."""
        return self.words[IMPORT * 3]

    @property
    def export_wh(self) -> int:
        """Whole watt-hours exported."""
        return self.words[EXPORT * 3]

    def varh(self, quadrant: int) -> int:
        """Return whole var-hours counted in quadrant 1 to 4."""
        return self.words[(Q1 + quadrant - 1) * 3]

    def rest_j(self, register: int) -> int:
        """Return the joules (0..3599) that do not make a watt-hour yet; register is IMPORT to Q4."""
        return self.words[register * 3 + 1]


class Energies:
    """The points of one meter by name, the time that is still to be counted, and what former points had counted."""

    def __init__(self, names) -> None:
        """Make a point at zero for each name; raises ValueError listing every error."""
        errors = [wrong_name(name) for name in names if wrong_name(name)]
        if len(set(names)) != len(names):
            errors.append("a name is given twice")
        if not 1 <= len(names) <= MAX_POINTS:
            errors.append("%d points, 1 to %d can be counted" % (len(names), MAX_POINTS))
        if errors:
            raise ValueError("energy: " + "; ".join(errors))
        self.points = [Point(name) for name in names]
        self.former: list = []  # the longest gone first
        self.dropped = 0  # former points that found no room
        self.saves = 0
        self.owed_ms = 0

    def index(self, name: str) -> int:
        """Return the number of a point for step(); raises ValueError for a name that is not counted."""
        for i, point in enumerate(self.points):
            if point.name == name:
                return i
        raise ValueError("energy: no point " + name)

    def point(self, name: str) -> Point:
        """Return a point by name; raises ValueError for a name that is not counted."""
        return self.points[self.index(name)]

    def due_ms(self, dt_ms: int, tail_ms: float) -> int:
        """Return the time to count now, given the step's length and what the window left over at its end.

        tail_ms is the begun cycle that the next window will measure as a part of its own; 0 when the next window
        does not follow on. The sum of all answers is the time passed less the last tail: nothing is counted
        twice or lost, and the rounding of the tail to a millisecond does not add up. Never negative. Raises
        ValueError for a time that runs backwards.
        """
        if dt_ms < 0:
            raise ValueError("energy: time runs forward")
        passed_ms = self.owed_ms + dt_ms
        self.owed_ms = min(passed_ms, max(0, round(tail_ms)))
        return passed_ms - self.owed_ms

    def step(self, index: int, active_w: float, reactive_var: float, dt_ms: int) -> None:
        """Count mean powers of one point over dt_ms, which due_ms() gave for all of them; see Point.add."""
        self.points[index].add(active_w, reactive_var, dt_ms)

    def to_bytes(self) -> bytes:
        """Return all counters, those of former points too, closed by a CRC-32."""
        return encode(self.saves, [(point.name, point.words) for point in self.former + self.points])

    def from_bytes(self, data: bytes) -> None:
        """Take over saved counters by name; raises ValueError, and changes nothing, when they are not whole.

        A point that the saved bytes do not know goes on from where it is. One that only they know is kept as
        former, is saved again, and goes on when its name comes back; beyond MAX_FORMER the longest gone drop out.
        """
        self.saves, saved = decode(data)
        mine = {point.name: point for point in self.points}
        former = []
        for name, words in saved:
            if name in mine:
                mine[name].words = words
            else:
                former.append(Point(name, words))
        self.dropped = max(0, len(former) - MAX_FORMER)
        self.former = former[self.dropped :]
