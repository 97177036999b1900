"""The native kernels return the integers of their plain reference; MicroPython only."""

from array import array

from hal import kernels_viper as native
from islet.measure import kernels as plain
from islet.measure.frequency import quadrature_table


class Draw:
    """Marsaglia's xorshift32: the same codes on every port."""

    def __init__(self) -> None:
        self.state = 2463534242

    def code(self) -> int:
        x = self.state
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.state = x
        return (x >> 8) & 0xFFF


def windows():
    """Yield windows of 300 sets: random ones, and the widest codes in every pairing."""
    draw = Draw()
    for _ in range(3):
        yield array("H", [draw.code() for _ in range(1200)])
    for even in (0, 4095):
        for odd in (0, 2048, 4095):
            yield array("H", [even, odd, odd, even] * 300)


def spans() -> tuple:
    return ((1, 256), (1, 2), (45, 300), (299, 300), (7, 7))


def test_sums_are_equal() -> None:
    a, b = array("i", [-1] * 9), array("i", [-1] * 9)
    for window in windows():
        for v, i in ((0, 2), (1, 2), (1, 3), (3, 0)):
            for first, stop in spans():
                plain.sums(window, v, i, first, stop, a, 2)
                native.sums(window, v, i, first, stop, b, 2)
                assert a == b


def test_correlate_is_equal() -> None:
    table = quadrature_table()
    a, b = array("i", [-1] * 4), array("i", [-1] * 4)
    for window in windows():
        for turn in (0, 1, 219036, 233017, 247000, 2900000):
            for channel in range(4):
                for first, stop in spans():
                    plain.correlate(window, channel, first, stop, table, turn, a, 1)
                    native.correlate(window, channel, first, stop, table, turn, b, 1)
                    assert a == b


def test_crossings_are_equal() -> None:
    a, b = array("H", [9] * 16), array("H", [9] * 16)
    for window in windows():
        for channel in range(4):
            for arm in (1, 33, 2047, 2048):
                for room in (16, 3, 0):
                    count = plain.crossings(window, channel, 300, arm, a, room)
                    assert native.crossings(window, channel, 300, arm, b, room) == count
                    assert a == b
