"""Native twins of islet.measure.kernels: same names, same integers; MicroPython only.

The compiler knows `micropython.viper` and the pointer types by name. Bounds are the
caller's duty as in the reference: a pointer does not check them.
"""
# ruff: noqa: F401, F821
# mypy: disable-error-code="name-defined"

from hal.kernels_rows import fold, half_squares


@micropython.viper
def linearise(raw: ptr16, table: ptr16, out: ptr16, at: int, count: int):
    """Write table[code] of `count` raw codes of 12 bits to out[at:]; higher bits (error flags) are dropped."""
    k = 0
    while k < count:
        out[at + k] = table[raw[k] & 4095]
        k += 1


@micropython.viper
def straight(raw: ptr16, _table, out: ptr16, at: int, count: int):
    """Write 16 times `count` raw codes of 12 bits to out[at:], the rails as 1 and 65535."""
    k = 0
    while k < count:
        code = (raw[k] & 4095) << 4
        if code == 0:
            code = 1
        elif code == 65520:
            code = 65535
        out[at + k] = code
        k += 1


@micropython.viper
def squares(window: ptr16, stride: int, channel: int, bounds: ptr16, rows: int, out: ptr32):
    """Write three sums of a channel a row to out; row r covers sets bounds[r]..bounds[r + 1] - 1."""
    at = 0
    row = 0
    k = stride * bounds[0] + channel
    while row < rows:
        row += 1
        end = stride * bounds[row] + channel
        total = 0
        high = 0
        low = 0
        while k < end:
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


@micropython.viper
def products(window: ptr16, stride: int, v: int, i: int, bounds: ptr16, rows: int, out: ptr32):
    """Write eight sums of x = v and y = i a row; v or i less a multiple of stride is that channel sets ago."""
    at = 0
    row = 0
    k = stride * bounds[0] + i
    skew = v - i
    before = window[k - stride] - 32768
    while row < rows:
        row += 1
        end = stride * bounds[row] + i
        sum_x = sum_y = 0
        yy_high = yy_low = 0
        xy_high = xy_low = 0
        xp_high = xp_low = 0
        while k < end:
            x = window[k + skew] - 32768
            y = window[k] - 32768
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


@micropython.viper
def correlate(
    window: ptr16, stride: int, channel: int, bounds: ptr16, rows: int, table: ptr16, turn: int, out: ptr32
):
    """Write four sums of a channel a row; turn is a set's phase step, the phase of set 0 is 0."""
    at = 0
    row = 0
    k = stride * bounds[0] + channel
    phase = bounds[0] * turn
    while row < rows:
        row += 1
        end = stride * bounds[row] + channel
        cos_high = 0
        cos_low = 0
        sin_high = 0
        sin_low = 0
        while k < end:
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


@micropython.viper
def crossings(
    window: ptr16, stride: int, channel: int, first: int, stop: int, arm: int, out: ptr16, room: int
) -> int:
    """Write the sets where the channel rises through mid code after being below -arm; return how many."""
    count = 0
    armed = 0
    n = first
    k = stride * first + channel
    while n < stop:
        x = window[k] - 32768
        k += stride
        if x < 0 - arm:
            armed = 1
        elif armed != 0 and x >= 0 and count < room:
            armed = 0
            out[count] = n
            count += 1
        n += 1
    return count


@micropython.viper
def extremes(window: ptr16, stride: int, channel: int, first: int, stop: int, out: ptr32):
    """Write lowest code, highest code and how many at a rail, of sets first..stop-1 of a channel, to out."""
    lowest = 65535
    highest = 0
    railed = 0
    k = stride * first + channel
    end = stride * stop + channel
    while k < end:
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


@micropython.viper
def half_cycle(
    window: ptr16, stride: int, channel: int, first: int, stop: int, table: ptr16, turn: int, phase: int, out: ptr32,
):  # fmt: skip
    """Add four sums of sets first..stop-1 of a channel to out; phase is that of set `first`, turn its step."""
    total = out[0]
    square = out[1]
    cosine = out[2]
    sine = out[3]
    k = stride * first + channel
    end = stride * stop + channel
    while k < end:
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
