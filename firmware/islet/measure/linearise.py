"""Tables from 12-bit codes of a converter to window codes, and the widths of codes that they are made of.

A table is array('H') of 4096 entries: entry k is the window code (16 bits, zero volts at 32768) of raw code k.
Codes 0 and 4095 become the rails, 1 and 65535. The RP2040's converter has four codes far wider than the rest
(erratum RP2040-E11 of its datasheet: spikes of the differential nonlinearity at 0x200, 0x600, 0xa00, 0xe00).
Boards measured in public have them one code lower and miss a code at mid scale. Histogram finds both.
"""

from array import array

CODES = 4096
STEP = 16  # window codes in one 12-bit code
WIDE_CODES = (511, 1535, 2559, 3583)
MIDDLE = 2047
# Widths in LSB where none were measured: means of six boards, that differ by up to 2.7 LSB. Five: what code and
# neighbours are too wide in the ramps of github.com/kitanokitsune/rp2040adc_correction (actual_adc_data), mean 11.1,
# 10.1, 10.1, 11.0. One: 1 + DNL, as acooke.org/cute/RaspberryP1.html reads it from pico-adc.markomo.me: 10, 8.25,
# 8.5, 9.
GENERIC_WIDTHS = (10.9, 9.8, 9.8, 10.7)
BOARD_CODES = (511, 1535, 2047, 2559, 3583)  # the erratum, and the code that those boards miss at mid scale
BOARD_WIDTHS = (10.9, 9.8, -0.3, 9.8, 10.7)
WIDTH_MIN, WIDTH_MAX = -4.0, 40.0  # LSB; a missing code whose neighbours are narrow too counts below 0
MAX_PLACES = 8
REACH = 64  # codes beside a place that are counted
BEFORE, AFTER = 3, 4  # codes beside a place whose excess is counted to it: with it two whole fours
NEED = 800  # counts of an ordinary code for a standard error of 4.3 / sqrt(NEED) = 0.15 LSB of a wide one
_ROW = 2 * REACH + 1
_HALF = 36  # the last code of the near band of ordinary codes; bands of whole fours, for every fourth code is narrow
_EVEN = 0.25  # by how much the density may differ between the bands
_PEAK = 2.5  # how much more often than the mean an ordinary code may come
_MISSING = 0.6  # LSB that mid scale must differ from an ordinary code to be counted as a place


def plain_table() -> array:
    """Return the table of a converter without errors: entry k is 16 * k."""
    return _railed(array("H", [STEP * k for k in range(CODES)]))


def wide_code_table(widths, codes=WIDE_CODES) -> array:
    """Return the table of a converter whose `codes` span `widths` LSB; raises ValueError when they cannot.

    All other codes share the rest of the full scale evenly. An entry is the centre of its code's span; widths
    of 1 give plain_table().
    """
    check_widths(widths, codes)
    rest = (CODES - sum(widths)) / (CODES - len(codes))
    table = array("H", bytes(2 * CODES))
    below, begin = 0.0, 0  # what the wide codes below begin add, the first code of this stretch
    for wide, width in zip(codes, widths):  # noqa: B905 - MicroPython's zip has no strict
        _fill(table, begin, wide, rest, below)
        table[wide] = _entry(rest * wide + below, width)
        below += width - rest
        begin = wide + 1
    _fill(table, begin, CODES, rest, below)
    return _railed(table)


def generic_table() -> array:
    """Return the table of an RP2040 that was never measured: the means of the boards that were, BOARD_WIDTHS."""
    return wide_code_table(BOARD_WIDTHS, BOARD_CODES)


def check_widths(widths, codes=WIDE_CODES) -> None:
    """Raise ValueError unless there is a plausible width for each of a few rising codes."""
    for values in (widths, codes):
        if not isinstance(values, (tuple, list)) or not 0 < len(values) <= MAX_PLACES:
            raise ValueError("widths and codes must be lists of 1 to %d" % MAX_PLACES)
    if len(widths) != len(codes):
        raise ValueError("%d widths for %d codes" % (len(widths), len(codes)))
    last = REACH - 1
    for code, width in zip(codes, widths):  # noqa: B905 - MicroPython's zip has no strict
        if type(code) is not int or not last < code < CODES - REACH:
            raise ValueError(
                "code %r must be a number that rises from %d to %d" % (code, REACH, CODES - REACH - 1)
            )
        if type(width) not in (int, float) or not WIDTH_MIN <= width <= WIDTH_MAX:
            raise ValueError(
                "width of code %d is %r, must be %g to %g LSB" % (code, width, WIDTH_MIN, WIDTH_MAX)
            )
        last = code


class Histogram:
    """Counts of raw codes about the wide codes and mid scale, for widths by code density (IEEE 1241-2010, 4.2).

    The signal may be any that sweeps over the codes, as mains voltage does; its own density is told by the
    ordinary codes beside each place. 5 * 129 counters, good for 2**30 counts each.
    """

    def __init__(self) -> None:
        self._counts = array("I", bytes(4 * _ROW * (len(WIDE_CODES) + 1)))
        self.total = 0
        self.lowest = CODES - 1
        self.highest = 0

    def add(self, raw: array, channel: int, stride: int, count: int) -> None:
        """Count `count` samples of a channel in a window of raw codes; allocates nothing."""
        counts = self._counts
        low, high = self.lowest, self.highest
        k = channel
        for _ in range(count):
            code = raw[k] & 4095
            k += stride
            shifted = code + 577  # 513 + REACH: the wide codes come every 1024
            place = shifted & 1023
            if place < 129:
                counts[((shifted >> 10) - 1) * 129 + place] += 1
            elif 1983 <= code <= 2111:
                counts[code - 1467] += 1  # 4 * 129 - 1983
            if code < low:
                low = code
            if code > high:
                high = code
        self.lowest, self.highest = low, high
        self.total += count

    def widths(self, need: int = NEED):
        """Return (codes, widths in LSB), both tuples; raises ValueError that says why they cannot be known yet.

        Four places, five with mid scale when a code is missing there. An ordinary code needs `need` counts.
        """
        self._check_swing()
        rows = range(len(WIDE_CODES) + 1)
        ordinary = [self._ordinary(row) for row in rows]
        if min(ordinary) < need:
            raise ValueError("%d counts a code, %d are needed: go on" % (min(ordinary), need))
        higher = sum([self._at(row, 1) > self._at(row, 0) for row in range(len(WIDE_CODES))])
        shift = 1 if higher > 2 else 0
        parts = [self._width(row, shift, ordinary[row]) for row in rows]
        places = [(WIDE_CODES[row] + shift, parts[row]) for row in range(len(WIDE_CODES))]
        if abs(parts[-1] - 1.0) > _MISSING:
            places = sorted(places + [(MIDDLE + shift, parts[-1])])
        # widths come in ordinary codes, which are themselves a little narrower than an LSB
        lsb = CODES / (CODES - len(places) + sum([width for _, width in places]))
        return tuple([code for code, _ in places]), tuple([lsb * width for _, width in places])

    def _check_swing(self) -> None:
        first, last = WIDE_CODES[0] - REACH, WIDE_CODES[-1] + REACH
        if self.total == 0:
            raise ValueError("nothing was counted")
        if self.lowest == 0 or self.highest == CODES - 1:
            raise ValueError("the signal is clipped: lower it")
        if self.lowest >= first or self.highest <= last:
            swing = (self.lowest, self.highest, first, last)
            raise ValueError("the signal swings from code %d to %d, must go beyond %d and %d" % swing)

    def _at(self, row: int, offset: int) -> int:
        return self._counts[_ROW * row + REACH + offset]

    def _band(self, row: int, side: int, first: int, last: int) -> float:
        return sum([self._at(row, side * k) for k in range(first, last + 1)]) / (last - first + 1)

    def _ordinary(self, row: int) -> float:
        """Density at the place: from two bands on each side, what bends it (a sine near its crest) taken out."""
        sides = [self._band(row, side, AFTER + 1, _HALF) for side in (-1, 1)]
        sides += [self._band(row, side, _HALF + 1, REACH) for side in (-1, 1)]
        near, far = (sides[0] + sides[1]) / 2, (sides[2] + sides[3]) / 2
        slope = max(sides) - min(sides) > 2 * _EVEN * near + 8 * near**0.5
        peak = self._highest(row) > _PEAK * near + 8 * near**0.5
        if near == 0 or slope or peak or far > (1 + _EVEN) * near:
            code = WIDE_CODES[row] if row < len(WIDE_CODES) else MIDDLE
            raise ValueError(
                "the signal sweeps code %d unevenly: it is low, or locked to the sampling" % code
            )
        square_near = _mean_square(AFTER + 1, _HALF)
        square_far = _mean_square(_HALF + 1, REACH)
        return (square_far * near - square_near * far) / (square_far - square_near)

    def _highest(self, row: int) -> int:
        """Counts of the ordinary code that came most often; narrow and missing ones are no fault."""
        return max([max(self._at(row, -k), self._at(row, k)) for k in range(AFTER + 1, REACH + 1)])

    def _width(self, row: int, shift: int, ordinary: float) -> float:
        span = range(shift - BEFORE, shift + AFTER + 1)
        return sum([self._at(row, offset) for offset in span]) / ordinary - BEFORE - AFTER


def _mean_square(first: int, last: int) -> float:
    return sum([k * k for k in range(first, last + 1)]) / (last - first + 1)


def _fill(table: array, begin: int, stop: int, rest: float, below: float) -> None:
    """Entries of evenly wide codes; each from its number, for a running sum in 32 bits would drift."""
    for code in range(begin, stop):
        table[code] = _entry(rest * code + below, rest)


def _entry(begin: float, width: float) -> int:
    """Window code of a span's centre, both in LSB; half a code down, so that code 2048 alone is zero volts."""
    return min(65534, max(2, int(STEP * (begin + width / 2) - STEP / 2 + 0.5)))


def _railed(table: array) -> array:
    table[0], table[CODES - 1] = 1, 65535
    return table
