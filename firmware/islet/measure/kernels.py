"""Integer sums over a window of codes: the plain reference of the native kernels.

A window is array('H'), `stride` channels interleaved: set n of channel c is window[stride * n + c]. Codes have 16
bits, zero volts at MID; the valid ones are 1..65535, so a code x about MID has |x| <= 32767. A product of two is at
most 32767**2 < 2**30: a small int on the 32-bit boards, but no two of them add up to one. So each product p goes to
two sums, p >> 8 and p & 255, and is exact: their value is 256 * high + low. Up to MAX_SETS of them fit, for
255 * 2**22 < 2**30. The caller keeps rows so short, and at least one set before the first of `products`.
The numbers below are written out in the loops, where a look-up costs.
"""

from array import array

from islet.measure.kernels_rows import fold, half_squares  # noqa: F401 - kernels like those below

MID = 32768  # code at zero volts
RAIL_LOW = 1  # codes where the converter is at its end
RAIL_HIGH = 65535
MAX_SETS = 255  # sets a row may add up without leaving small ints
SQUARES = 3  # words of a row: x, then x*x high and low
PRODUCTS = 8  # x, y, then y*y, x*y and x*y[n-1], each high and low
CORRELATES = 4  # x*cos and x*sin, each high and low
EXTREMES = 3  # lowest and highest code, how many at a rail
HALVES = 4  # x, then x*x, x*cos and x*sin, each in 256
TABLE_BITS = 11  # steps in a turn of the quadrature table
TURN_BITS = 24  # a turn of the phase accumulator; at most 63 turns in a window stay small ints


def linearise(raw: array, table: array, out: array, at: int, count: int) -> None:
    """Write table[code] of `count` raw codes of 12 bits to out[at:]; higher bits (error flags) are dropped."""
    for k in range(count):
        out[at + k] = table[raw[k] & 4095]


def straight(raw: array, _table, out: array, at: int, count: int) -> None:
    """As linearise() with the table of a converter without errors, linearise.plain_table(), but without it."""
    for k in range(count):
        code = (raw[k] & 4095) << 4
        out[at + k] = 1 if code == 0 else 65535 if code == 65520 else code


def squares(window: array, stride: int, channel: int, bounds: array, rows: int, out: array) -> None:
    """Write SQUARES sums of a channel a row to out; row r covers sets bounds[r]..bounds[r + 1] - 1."""
    at = 0
    k = stride * bounds[0] + channel
    for row in range(rows):
        total = high = low = 0
        for _ in range(bounds[row], bounds[row + 1]):
            x = window[k] - 32768
            k += stride
            p = x * x
            total += x
            high += p >> 8
            low += p & 255
        out[at] = total
        out[at + 1] = high
        out[at + 2] = low
        at += 3


def products(window: array, stride: int, v: int, i: int, bounds: array, rows: int, out: array) -> None:
    """Write PRODUCTS sums of x = v and y = i a row; v or i less a multiple of stride is that channel sets ago."""
    at = 0
    k = stride * bounds[0]
    before = window[k - stride + i] - 32768
    for row in range(rows):
        sum_x = sum_y = yy_high = yy_low = xy_high = xy_low = xp_high = xp_low = 0
        for _ in range(bounds[row], bounds[row + 1]):
            x = window[k + v] - 32768
            y = window[k + i] - 32768
            k += stride
            sum_x += x
            sum_y += y
            p = y * y
            yy_high += p >> 8
            yy_low += p & 255
            p = x * y
            xy_high += p >> 8
            xy_low += p & 255
            p = x * before
            xp_high += p >> 8
            xp_low += p & 255
            before = y
        out[at] = sum_x
        out[at + 1] = sum_y
        out[at + 2] = yy_high
        out[at + 3] = yy_low
        out[at + 4] = xy_high
        out[at + 5] = xy_low
        out[at + 6] = xp_high
        out[at + 7] = xp_low
        at += 8


def correlate(
    window: array, stride: int, channel: int, bounds: array, rows: int, table: array, turn: int, out: array
) -> None:
    """Write CORRELATES sums of a channel a row; turn is a set's phase step, the phase of set 0 is 0."""
    at = 0
    k = stride * bounds[0] + channel
    phase = bounds[0] * turn
    for row in range(rows):
        cos_high = cos_low = sin_high = sin_low = 0
        for _ in range(bounds[row], bounds[row + 1]):
            x = window[k] - 32768
            k += stride
            step = (phase >> 13) & 2047
            phase += turn
            p = x * (table[step + 512] - 32768)
            cos_high += p >> 8
            cos_low += p & 255
            p = x * (table[step] - 32768)
            sin_high += p >> 8
            sin_low += p & 255
        out[at] = cos_high
        out[at + 1] = cos_low
        out[at + 2] = sin_high
        out[at + 3] = sin_low
        at += 4


def crossings(
    window: array, stride: int, channel: int, first: int, stop: int, arm: int, out: array, room: int
) -> int:
    """Write the sets n where the channel rises through MID after being below -arm; return how many (<= room).

    The crossing lies after set n - 1 and not after set n; only sets first..stop-1 are looked at.
    """
    count = 0
    armed = 0
    k = stride * first + channel
    for n in range(first, stop):
        x = window[k] - 32768
        k += stride
        if x < -arm:
            armed = 1
        elif armed and x >= 0 and count < room:
            armed = 0
            out[count] = n
            count += 1
    return count


def extremes(window: array, stride: int, channel: int, first: int, stop: int, out: array) -> None:
    """Write EXTREMES of sets first..stop-1 of a channel to out: lowest code, highest code, how many at a rail."""
    lowest = 65535
    highest = 0
    railed = 0
    k = stride * first + channel
    for _ in range(first, stop):
        code = window[k]
        k += stride
        if code < lowest:
            lowest = code
        if code > highest:
            highest = code
        if code <= 1 or code == 65535:
            railed += 1
    out[0] = lowest
    out[1] = highest
    out[2] = railed


def half_cycle(
    window: array, stride: int, channel: int, first: int, stop: int, table: array, turn: int, phase: int, out: array,
) -> None:  # fmt: skip
    """Add HALVES sums of sets first..stop-1 of a channel to out; phase is that of set `first`, turn its step.

    Products count in whole 256, to the nearest: at most (32767**2 + 128) >> 8 = 4194048 each. So out stays a small
    int while it was cleared at most MAX_SETS sets ago: 255 * 4194048 < 2**30.
    """
    total = out[0]
    square = out[1]
    cosine = out[2]
    sine = out[3]
    k = stride * first + channel
    for _ in range(first, stop):
        x = window[k] - 32768
        k += stride
        step = (phase >> 13) & 2047
        phase += turn
        total += x
        square += (x * x + 128) >> 8
        cosine += (x * (table[step + 512] - 32768) + 128) >> 8
        sine += (x * (table[step] - 32768) + 128) >> 8
    out[0] = total
    out[1] = square
    out[2] = cosine
    out[3] = sine
