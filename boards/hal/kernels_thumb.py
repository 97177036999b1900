"""Assembler twins of hal.kernels_viper for chips with Thumb code (RP2040, RP2350): same names, same integers.

Each function works out addresses and hands them to a loop in assembler. A loop takes four arguments at most, and one
costs as much as several samples, so most of what it needs goes in by the words of `out` that its sums then overwrite.
Nothing is shared: any may be interrupted by any, itself too, as long as their `out` differ. Nothing is allocated: an
address in the memory of these chips is a small int. Bounds are the caller's duty as in the reference; a set has less
than 16 kB, and crossings looks at less than 65536.
"""
# ruff: noqa: F401, F821
# mypy: disable-error-code="name-defined"

from hal.kernels_rows import fold, half_squares
from hal.kernels_thumb_scans import _crossings, _extremes, _linearise, _straight
from hal.kernels_thumb_sums import _correlate, _half_cycle, _products, _squares


@micropython.viper
def linearise(raw: ptr16, table: ptr16, out: ptr16, at: int, count: int):
    """Write table[code] of `count` raw codes of 12 bits to out[at:]; higher bits (error flags) are dropped."""
    size = 2 * count
    _linearise(int(raw) + size, int(table), int(out) + 2 * at + size, 0 - size)


@micropython.viper
def straight(raw: ptr16, _table, out: ptr16, at: int, count: int):
    """Write 16 times `count` raw codes of 12 bits to out[at:], the rails as 1 and 65535."""
    size = 2 * count
    _straight(int(raw) + size, int(out) + 2 * at + size, 0 - size)


@micropython.viper
def squares(window: ptr16, stride: int, channel: int, bounds: ptr16, rows: int, out: ptr32):
    """Write three sums of a channel a row to out; row r covers sets bounds[r]..bounds[r + 1] - 1."""
    if rows > 0:
        out[0] = int(bounds) + 2 * rows
        out[1] = int(window) + 2 * channel
        out[2] = 2 * stride
        _squares(int(out), int(bounds))


@micropython.viper
def products(window: ptr16, stride: int, v: int, i: int, bounds: ptr16, rows: int, out: ptr32):
    """Write eight sums of x = v and y = i a row; v or i less a multiple of stride is that channel sets ago."""
    row = 0
    step = 2 * stride
    sums = out
    while row < rows:
        first = bounds[row]
        row += 1
        stop = bounds[row]
        end = int(window) + step * stop
        before = window[stride * (first - 1) + i]
        sums[0] = end + 2 * i
        sums[1] = end + 2 * v
        sums[2] = step * (first - stop)
        sums[3] = step
        sums[4] = before
        _products(int(sums))
        # With M = 32768 and codes a, b: (a - M) * (b - M) = a*b - M * (a + b) + M * M, so the low bytes stay.
        x = sums[0]
        y = sums[1]
        middle = (stop - first) << 15
        square = middle << 7
        sums[0] = x - middle
        sums[1] = y - middle
        high = sums[2]
        sums[3] = sums[3] - (high << 8)
        sums[2] = high - (y << 8) + square
        high = sums[4]
        sums[5] = sums[5] - (high << 8)
        sums[4] = high - ((x + y) << 7) + square
        high = sums[6]
        sums[7] = sums[7] - (high << 8)
        y += before - window[stride * (stop - 1) + i]  # of the sets before
        sums[6] = high - ((x + y) << 7) + square
        sums = ptr32(int(sums) + 32)


@micropython.viper
def correlate(
    window: ptr16, stride: int, channel: int, bounds: ptr16, rows: int, table: ptr16, turn: int, out: ptr32
):
    """Write four sums of a channel a row; turn is a set's phase step, the phase of set 0 is 0."""
    row = 0
    step = 2 * stride
    sums = out
    while row < rows:
        first = bounds[row]
        row += 1
        stop = bounds[row]
        sums[0] = int(window) + step * stop + 2 * channel
        sums[1] = step
        sums[2] = turn << 8
        sums[3] = (first * turn) << 8
        _correlate(int(sums), int(table), step * (first - stop))
        sums[1] = sums[1] - (sums[0] << 8)
        sums[3] = sums[3] - (sums[2] << 8)
        sums = ptr32(int(sums) + 16)


@micropython.viper
def crossings(
    window: ptr16, stride: int, channel: int, first: int, stop: int, arm: int, out: ptr16, room: int
) -> int:
    """Write the sets where the channel rises through mid code after being below -arm; return how many."""
    if room < 1 or stop <= first:
        return 0
    kept = out[0]
    out[0] = 2 * room if room < 32768 else 65534  # 65535 sets cannot cross more often
    end = int(window) + 2 * (stride * stop + channel)
    count = (int(_crossings(end, int(out), stride << 17 | stop - first, 32768 - arm)) - int(out)) >> 1
    if count == 0:
        out[0] = kept
    k = 0
    while k < count:
        out[k] = first + out[k]
        k += 1
    return count


@micropython.viper
def extremes(window: ptr16, stride: int, channel: int, first: int, stop: int, out: ptr32):
    """Write lowest code, highest code and how many at a rail, of sets first..stop-1 of a channel, to out."""
    out[0] = int(window) + 2 * (stride * stop + channel)
    out[1] = 2 * stride * (first - stop)
    out[2] = 2 * stride
    _extremes(int(out))


@micropython.viper
def half_cycle(
    window: ptr16, stride: int, channel: int, first: int, stop: int, table: ptr16, turn: int, phase: int, out: ptr32,
):  # fmt: skip
    """Add four sums of sets first..stop-1 of a channel to out; phase is that of set `first`, turn its step."""
    if first < stop:
        total = out[0]
        square = out[1]
        cosine = out[2]
        sine = out[3]
        out[0] = int(window) + 2 * (stride * stop + channel)
        out[1] = 2 * stride
        out[2] = turn << 8
        out[3] = phase << 8
        _half_cycle(int(out), int(table), 2 * stride * (first - stop))
        middle = out[0] << 7  # the table's codes are 32768 too much: that times x, in 256
        out[0] = total + out[0]
        out[1] = square + out[1]
        out[2] = cosine + out[2] - middle
        out[3] = sine + out[3] - middle
