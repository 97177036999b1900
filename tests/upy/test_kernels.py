"""The native kernels return the integers of their plain reference; MicroPython only."""

from array import array

from hal import ads131m04_viper
from hal import kernels_viper as native
from islet.drivers.ads131m04_link import crc_table, unpack
from islet.measure import kernels as plain
from islet.measure.linearise import plain_table
from islet.measure.phasor import quadrature_table

N_SETS = 300


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
        return max(1, (x >> 8) & 0xFFFF)


def windows():
    """Yield (stride, window of N_SETS sets): random codes, and the widest in every pairing."""
    draw = Draw()
    for stride in (4, 1, 15):
        yield stride, array("H", [draw.code() for _ in range(stride * N_SETS)])
    for even in (1, 65535):
        for odd in (1, 32768, 65535):
            yield 4, array("H", [even, odd, odd, even] * N_SETS)


def partitions():
    """Yield bounds of rows: one, several, single sets, none."""
    for bounds in ((1, 256), (1, 2, 255, 299, 300), (45, 300), (299, 300), (7, 7), (3, 4, 4, 9)):
        yield array("H", bounds), len(bounds) - 1


def pair() -> tuple:
    return array("i", [-1] * 50), array("i", [-1] * 50)


def test_linearise_is_equal() -> None:
    table = array("H", [(7 * k + 3) & 0xFFFF for k in range(4096)])
    a, b = array("H", [9] * 1300), array("H", [9] * 1300)
    for _, window in windows():
        for at, count in ((0, 300), (17, 1), (100, 0)):
            plain.linearise(window, table, a, at, count)
            native.linearise(window, table, b, at, count)
            assert a == b


def test_straight_is_equal_to_the_plain_table() -> None:
    a, b, c = (array("H", [9] * 4100) for _ in range(3))
    raw = array("H", [k | (k % 16 << 12) for k in range(4096)])  # with error flags
    plain.linearise(raw, plain_table(), a, 2, 4096)
    plain.straight(raw, None, b, 2, 4096)
    native.straight(raw, None, c, 2, 4096)
    assert a == b == c


def test_squares_are_equal() -> None:
    a, b = pair()
    for stride, window in windows():
        for bounds, rows in partitions():
            for channel in (0, stride - 1):
                plain.squares(window, stride, channel, bounds, rows, a)
                native.squares(window, stride, channel, bounds, rows, b)
                assert a == b


def test_products_are_equal() -> None:
    a, b = pair()
    for stride, window in windows():
        for bounds, rows in partitions():
            for v, i in ((0, stride - 1), (stride - 1, 0), (stride // 2 - stride, stride - 1)):
                plain.products(window, stride, v, i, bounds, rows, a)
                native.products(window, stride, v, i, bounds, rows, b)
                assert a == b


def test_correlate_is_equal() -> None:
    table = quadrature_table()
    a, b = pair()
    for stride, window in windows():
        for turn in (0, 1, 219036, 233017, 247000, 2900000):
            for bounds, rows in partitions():
                channel = turn % stride
                plain.correlate(window, stride, channel, bounds, rows, table, turn, a)
                native.correlate(window, stride, channel, bounds, rows, table, turn, b)
                assert a == b


def test_crossings_are_equal() -> None:
    a, b = array("H", [9] * 16), array("H", [9] * 16)
    for stride, window in windows():
        for channel in (0, stride - 1):
            for first, stop in ((0, N_SETS), (1, 40), (77, 77)):
                for arm in (1, 520, 32767, 32768):
                    for room in (16, 3, 0):
                        count = plain.crossings(window, stride, channel, first, stop, arm, a, room)
                        assert native.crossings(window, stride, channel, first, stop, arm, b, room) == count
                        assert a == b


def test_extremes_are_equal() -> None:
    a, b = pair()
    for stride, window in windows():
        for first, stop in ((0, N_SETS), (299, 300), (5, 5)):
            plain.extremes(window, stride, stride - 1, first, stop, a)
            native.extremes(window, stride, stride - 1, first, stop, b)
            assert a == b


def test_unpacked_frames_are_equal() -> None:
    # Frames of 18 bytes, random and with samples at either end; every second one with a CRC that fits.
    draw, table = Draw(), crc_table()
    a, b = array("H", [7] * 6), array("H", [7] * 6)
    taken = 0
    for n in range(400):
        frame = bytearray(draw.code() & 0xFF for _ in range(18))
        if n % 8 < 4:
            frame[3:6] = b"\x7f\xff\xff" if n % 8 < 2 else b"\x80\x00\x00"
        if n % 2:
            crc = 0xFFFF
            for byte in frame[:15]:
                crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ byte]
            frame[15], frame[16] = crc >> 8, crc & 0xFF
        told = unpack(frame, table, a, 1)
        assert ads131m04_viper.unpack(frame, table, b, 1) == told
        assert a == b
        taken += told
    assert taken == 200


def test_fold_is_equal() -> None:
    draw = Draw()
    sums = array("i", [draw.code() * 2000 - (1 << 26) for _ in range(96)])
    for width, singles in ((3, 1), (8, 2), (4, 0)):
        for rows in (1, 2, 7):
            a, b = pair()
            plain.fold(sums, width, singles, rows, a)
            native.fold(sums, width, singles, rows, b)
            assert a == b


def test_half_squares_are_equal() -> None:
    draw = Draw()
    halves = array("H", [100 + 36 * k + draw.code() % 3 for k in range(13)])
    places = array("I", [256 * (100 + 72 * k) + draw.code() % 256 for k in range(7)])
    sums = array("i", [draw.code() * 2000 for _ in range(39)])
    for told in (0, 250, 900, -90):
        for rows, count in ((12, 6), (11, 5), (13, 6), (2, 1)):
            seen = []
            for kernel in (plain, native):
                state = array("i", [told, 9000 if told else 0, 1 << 24, 0, 0])
                squares, ends = array("i", [0] * 14), array("H", [0] * 14)
                found = kernel.half_squares(halves, rows - 1, places, count, sums, state, squares, ends)
                seen.append((found, list(state), list(squares), list(ends)))
            assert seen[0] == seen[1]
