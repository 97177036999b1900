"""The measure layer's kernels in numpy: equal to islet.measure.kernels in every word, for long recordings.

As on the boards, the meter is handed its kernels; these take the place that hal.kernels_viper has there.
"""

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from islet.measure.kernels import (
    CORRELATES,
    MID,
    PRODUCTS,
    RAIL_HIGH,
    RAIL_LOW,
    SQUARES,
    TABLE_BITS,
    TURN_BITS,
    straight,
)
from islet.measure.kernels_rows import fold, half_squares

if TYPE_CHECKING:
    from array import array

__all__ = (
    "correlate", "crossings", "extremes", "fold", "half_cycle", "half_squares", "linearise", "products", "squares",
    "straight",
)  # fmt: skip

Ints = NDArray[np.int64]
Words: TypeAlias = "array[int]"

_QUARTER = 1 << TABLE_BITS - 2
_MASK = (1 << TABLE_BITS) - 1


def linearise(raw: Words, table: Words, out: Words, at: int, count: int) -> None:
    """As kernels.linearise."""
    codes = np.frombuffer(raw, np.uint16, count)
    np.frombuffer(out, np.uint16)[at : at + count] = np.frombuffer(table, np.uint16)[codes & 4095]


def squares(window: Words, stride: int, channel: int, bounds: Words, rows: int, out: Words) -> None:
    """As kernels.squares."""
    x = _channel(window, stride, channel, bounds[0], bounds[rows])
    square = x * x
    _write(out, SQUARES, bounds, rows, [x, square >> 8, square & 255])


def products(window: Words, stride: int, v: int, i: int, bounds: Words, rows: int, out: Words) -> None:
    """As kernels.products."""
    first, stop = bounds[0], bounds[rows]
    x = _channel(window, stride, v, first, stop)
    earlier = _channel(window, stride, i, first - 1, stop)
    y = earlier[1:]
    words = [x, y]
    for product in (y * y, x * y, x * earlier[:-1]):
        words += [product >> 8, product & 255]
    _write(out, PRODUCTS, bounds, rows, words)


def correlate(
    window: Words, stride: int, channel: int, bounds: Words, rows: int, table: Words, turn: int, out: Words
) -> None:
    """As kernels.correlate."""
    first, stop = bounds[0], bounds[rows]
    x = _channel(window, stride, channel, first, stop)
    step = (np.arange(first, stop) * turn >> TURN_BITS - TABLE_BITS) & _MASK
    wave = np.frombuffer(table, np.uint16).astype(np.int64) - MID
    words = []
    for product in (x * wave[step + _QUARTER], x * wave[step]):
        words += [product >> 8, product & 255]
    _write(out, CORRELATES, bounds, rows, words)


def crossings(
    window: Words, stride: int, channel: int, first: int, stop: int, arm: int, out: Words, room: int
) -> int:
    """As kernels.crossings."""
    x = _channel(window, stride, channel, first, stop)
    side = (x >= 0).astype(np.int8) - (x < -arm)  # 1 above, -1 below, 0 within the hysteresis
    at = np.flatnonzero(side)
    rises = at[1:][(side[at[1:]] > 0) & (side[at[:-1]] < 0)][:room] + first
    for k, n in enumerate(rises.tolist()):
        out[k] = n
    return len(rises)


def extremes(window: Words, stride: int, channel: int, first: int, stop: int, out: Words) -> None:
    """As kernels.extremes."""
    codes = np.frombuffer(window, np.uint16)[stride * first + channel : stride * stop : stride]
    out[0] = int(codes.min(initial=RAIL_HIGH))
    out[1] = int(codes.max(initial=0))
    out[2] = int(np.count_nonzero((codes <= RAIL_LOW) | (codes == RAIL_HIGH)))


def half_cycle(
    window: Words, stride: int, channel: int, first: int, stop: int, table: Words, turn: int, phase: int, out: Words,
) -> None:  # fmt: skip
    """As kernels.half_cycle."""
    x = _channel(window, stride, channel, first, stop)
    step = (np.arange(stop - first) * turn + phase >> TURN_BITS - TABLE_BITS) & _MASK
    wave = np.frombuffer(table, np.uint16).astype(np.int64) - MID
    out[0] += int(x.sum())
    for k, other in enumerate((x, wave[step + _QUARTER], wave[step])):
        out[k + 1] += int((x * other + 128 >> 8).sum())


def _channel(window: Words, stride: int, channel: int, first: int, stop: int) -> Ints:
    """Return a channel's codes about zero volts, sets first..stop-1; channel less a stride is a set earlier."""
    begin = stride * first + channel
    codes = np.frombuffer(window, np.uint16)[begin : begin + stride * (stop - first) : stride]
    return codes.astype(np.int64) - MID


def _write(out: Words, width: int, bounds: Words, rows: int, words: list[Ints]) -> None:
    """Write the sums of each word over each row."""
    if not rows:
        return
    starts = np.frombuffer(bounds, np.uint16, rows + 1).astype(np.int64) - bounds[0]
    padded = np.zeros((width, len(words[0]) + 1), np.int64)  # so that an empty last row has a place to begin
    padded[:, :-1] = words
    sums = np.add.reduceat(padded, starts[:-1], axis=1)
    sums[:, starts[1:] == starts[:-1]] = 0  # where reduceat gives the first of the next row
    np.frombuffer(out, np.int32)[: width * rows] = sums.T.ravel()
