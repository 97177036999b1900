"""Native twins of islet.measure.kernels: same names, same integers; MicroPython only.

The compiler knows `micropython.viper` and the pointer types by name; nothing is imported. Bounds are the
caller's duty as in the reference: a pointer does not check them.
"""
# ruff: noqa: F821
# mypy: disable-error-code="name-defined"


@micropython.viper
def sums(window: ptr16, v: int, i: int, first: int, stop: int, out: ptr32, at: int):
    """Write the six sums of channels v and i over sets first..stop-1 to out[at:]; first >= 1."""
    sum_v = 0
    sum_i = 0
    sum_vv = 0
    sum_ii = 0
    sum_vi = 0
    sum_vp = 0
    k = 4 * first
    end = 4 * stop
    before = window[k - 4 + i] - 2048
    while k < end:
        x = window[k + v] - 2048
        y = window[k + i] - 2048
        sum_v += x
        sum_i += y
        sum_vv += x * x
        sum_ii += y * y
        sum_vi += x * y
        sum_vp += x * before
        before = y
        k += 4
    out[at] = sum_v
    out[at + 1] = sum_i
    out[at + 2] = sum_vv
    out[at + 3] = sum_ii
    out[at + 4] = sum_vi
    out[at + 5] = sum_vp


@micropython.viper
def correlate(
    window: ptr16, channel: int, first: int, stop: int, table: ptr16, turn: int, out: ptr32, at: int
):
    """Write the sums of x*cos and x*sin over sets first..stop-1 to out[at:]; turn is a set's phase step."""
    sum_cos = 0
    sum_sin = 0
    phase = first * turn
    k = 4 * first + channel
    end = 4 * stop + channel
    while k < end:
        x = window[k] - 2048
        step = (phase >> 14) & 1023
        sum_cos += x * (table[step + 256] - 2048)
        sum_sin += x * (table[step] - 2048)
        phase += turn
        k += 4
    out[at] = sum_cos
    out[at + 1] = sum_sin


@micropython.viper
def crossings(window: ptr16, channel: int, n_sets: int, arm: int, out: ptr16, room: int) -> int:
    """Write the sets where the channel rises through mid code after being below -arm; return how many."""
    count = 0
    armed = 0
    n = 0
    while n < n_sets:
        x = window[4 * n + channel] - 2048
        if x < 0 - arm:
            armed = 1
        elif armed != 0 and x >= 0 and count < room:
            armed = 0
            out[count] = n
            count += 1
        n += 1
    return count
