"""Integer sums over a window of ADC codes: the plain reference of the native kernels.

A window is array('H'), four channels round robin, 12-bit codes; set n of channel c is window[4 * n + c].
Codes are taken relative to MID, so |x| <= 2048 and a product of two is at most 2**22. A small int ends
at 2**30 - 1 on the 32-bit boards: 255 products fit (255 * 2**22 < 2**30), 256 do not. Callers hand in at
most MAX_SETS sets at a time, and at least one set lies before `first`. The numbers below are written out
in the loops, where a look-up costs.
"""

from array import array

CHANNELS = 4
MID = 2048  # code at zero volts
MAX_SETS = 255  # sets a call may add up without leaving small ints
SUMS = 6  # v, i, v*v, i*i, v*i, v*i[n-1]
TABLE_BITS = 10  # steps in a turn of the quadrature table
TURN_BITS = 24  # a turn of the phase accumulator; at most 63 turns in a window stay small ints


def sums(window: array, v: int, i: int, first: int, stop: int, out: array, at: int) -> None:
    """Write the SUMS sums of channels v and i over sets first..stop-1 to out[at:]; first >= 1."""
    sum_v = sum_i = sum_vv = sum_ii = sum_vi = sum_vp = 0
    before = window[4 * first - 4 + i] - 2048
    for k in range(4 * first, 4 * stop, 4):
        x = window[k + v] - 2048
        y = window[k + i] - 2048
        sum_v += x
        sum_i += y
        sum_vv += x * x
        sum_ii += y * y
        sum_vi += x * y
        sum_vp += x * before
        before = y
    out[at] = sum_v
    out[at + 1] = sum_i
    out[at + 2] = sum_vv
    out[at + 3] = sum_ii
    out[at + 4] = sum_vi
    out[at + 5] = sum_vp


def correlate(
    window: array, channel: int, first: int, stop: int, table: array, turn: int, out: array, at: int
) -> None:
    """Write the sums of x*cos and x*sin over sets first..stop-1 to out[at:]; turn is a set's phase step."""
    sum_cos = sum_sin = 0
    phase = first * turn
    for k in range(4 * first + channel, 4 * stop + channel, 4):
        x = window[k] - 2048
        step = (phase >> 14) & 1023
        sum_cos += x * (table[step + 256] - 2048)
        sum_sin += x * (table[step] - 2048)
        phase += turn
    out[at] = sum_cos
    out[at + 1] = sum_sin


def crossings(window: array, channel: int, n_sets: int, arm: int, out: array, room: int) -> int:
    """Write the sets n where the channel rises through MID after being below -arm; return how many (<= room).

    The crossing lies after set n - 1 and not after set n.
    """
    count = 0
    armed = 0
    for n in range(n_sets):
        x = window[4 * n + channel] - 2048
        if x < -arm:
            armed = 1
        elif armed and x >= 0 and count < room:
            armed = 0
            out[count] = n
            count += 1
    return count
