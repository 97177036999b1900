"""The plain kernels: sums by hand, bounds at their edge, crossings with hysteresis."""

from array import array

from islet.measure import kernels
from islet.measure.kernels_rows import FOLD
from islet.measure.phasor import quadrature_table

SMALL_INT_MAX = 2**30 - 1  # 31-bit small int of the 32-bit boards
MID = 32768
PEAK = 32767  # of a valid code about MID


def window_of(stride: int, channels: dict, n_sets: int) -> array:
    """Return sets of codes about MID: channels by number, the others at zero."""
    window = array("H", [MID] * stride * n_sets)
    for channel in channels:
        for n in range(n_sets):
            window[stride * n + channel] = MID + channels[channel][n]
    return window


def test_linearise_drops_the_error_flag() -> None:
    table = array("H", [16 * k for k in range(4096)])
    out = array("H", [7] * 5)
    kernels.linearise(array("H", [3, 0x8000 | 4095, 2048, 9]), table, out, 1, 3)
    assert list(out) == [7, 48, 65520, 32768, 7]


def test_squares_by_hand() -> None:
    # Rows of sets 0..1 and 2: 300 - 200 = 100; 90000 + 40000 = 351 * 256 + 160 and 156 * 256 + 64; 7 and 49
    window = window_of(3, {2: (300, -200, 7)}, 3)
    out = array("i", [9] * 7)
    kernels.squares(window, 3, 2, array("H", [0, 2, 3]), 2, out)
    assert list(out) == [100, 351 + 156, 144 + 64, 7, 0, 49, 9]


def test_products_by_hand() -> None:
    # v = 1 2 3, i = 10 -20 30, over sets 1..2: v 5, i 10, ii 400 + 900, vi -40 + 90, vi[n-1] 20 - 60
    window = window_of(4, {1: (1, 2, 3), 2: (10, -20, 30)}, 3)
    out = array("i", [7] * 9)
    kernels.products(window, 4, 1, 2, array("H", [1, 3]), 1, out)
    # 400 = 256 + 144, 900 = 3 * 256 + 132; -40 = -256 + 216, 90; 20, -60 = -256 + 196
    assert list(out) == [5, 10, 1 + 3, 144 + 132, -1, 216 + 90, -1, 20 + 196, 7]


def test_a_voltage_some_sets_ago() -> None:
    # One set ago: v = 1 2 against i = -20 30 is -20 + 60; against the set before, 10 - 40.
    window = window_of(4, {1: (1, 2, 3), 2: (10, -20, 30)}, 3)
    out = array("i", [0] * 8)
    kernels.products(window, 4, 1 - 4, 2, array("H", [1, 3]), 1, out)
    assert 256 * out[4] + out[5] == 40
    assert 256 * out[6] + out[7] == -30


def test_rows_stay_small_ints_at_the_edge() -> None:
    n = kernels.MAX_SETS
    window = window_of(2, {0: [-PEAK] * (n + 1), 1: [PEAK] * (n + 1)}, n + 1)
    bounds = array("H", [1, n + 1])
    out = array("i", [0] * 8)
    kernels.products(window, 2, 0, 1, bounds, 1, out)
    # PEAK**2 = 4193 * 2**18 + ... : high 4194048, low 1; its negative: high -4194049, low 255
    assert list(out[2:6]) == [n * 4194048, n * 1, -n * 4194049, n * 255]
    assert n * (PEAK * PEAK + 256) // 256 <= SMALL_INT_MAX
    assert max(abs(word) for word in out) <= SMALL_INT_MAX
    assert 2 * PEAK * PEAK > SMALL_INT_MAX  # why a product is cut in two
    kernels.squares(window, 2, 0, bounds, 1, out)
    assert list(out[:3]) == [-n * PEAK, n * 4194048, n]


def test_correlate_stays_small_ints_at_the_edge() -> None:
    # No phase step: every set meets the same table entry, here the crest of the cosine.
    table = quadrature_table()
    n = kernels.MAX_SETS
    assert max(table) - MID == MID - min(table) == PEAK
    window = window_of(4, {3: [-PEAK] * n}, n)
    out = array("i", [0] * 4)
    kernels.correlate(window, 4, 3, array("H", [0, n]), 1, table, 0, out)
    assert 256 * out[0] + out[1] == -n * PEAK * PEAK
    assert abs(out[0]) <= SMALL_INT_MAX


def test_correlate_finds_the_quarter() -> None:
    # Codes 0 100 0 -100 at a quarter turn a set are a sine: sum(x * sin) = 2 * 100 * peak, sum(x * cos) = 0.
    table = quadrature_table()
    window = window_of(4, {2: (0, 100, 0, -100)}, 4)
    out = array("i", [0] * 4)
    kernels.correlate(window, 4, 2, array("H", [0, 4]), 1, table, 1 << 22, out)
    assert 256 * out[2] + out[3] == 2 * 100 * PEAK
    # the table's sine half a step from zero: 32767 * pi / 2048 = 50.3
    assert abs(256 * out[0] + out[1]) <= 2 * 100 * 51


def test_correlate_goes_on_from_row_to_row() -> None:
    table = quadrature_table()
    window = window_of(1, {0: (5, -700, 90, 4000, -123, 17)}, 6)
    whole, parts = array("i", [0] * 4), array("i", [0] * 8)
    kernels.correlate(window, 1, 0, array("H", [1, 6]), 1, table, 233017, whole)
    kernels.correlate(window, 1, 0, array("H", [1, 3, 6]), 2, table, 233017, parts)
    assert [parts[k] + parts[4 + k] for k in range(4)] == list(whole)


def test_crossings_need_the_depth_and_the_rise() -> None:
    shape = [-5, 5, -30, -1, 0, -5, 5, 40, -40, 7]
    window = window_of(4, {0: shape}, len(shape))
    out = array("H", [0] * 8)
    assert kernels.crossings(window, 4, 0, 0, len(shape), 20, out, 8) == 2
    assert list(out)[:2] == [4, 9]  # -5..5 is noise, 0 counts as risen
    assert kernels.crossings(window, 4, 0, 0, len(shape), 20, out, 1) == 1
    assert kernels.crossings(window, 4, 1, 0, len(shape), 20, out, 8) == 0
    assert kernels.crossings(window, 4, 0, 3, len(shape), 20, out, 8) == 1  # not armed by set 2
    assert out[0] == 9


def test_extremes_count_the_rails() -> None:
    window = array("H", [9, 40_000, 9, 65535, 9, 1, 9, 30_000])
    out = array("i", [0] * 3)
    kernels.extremes(window, 2, 1, 0, 4, out)
    assert list(out) == [1, 65535, 2]
    kernels.extremes(window, 2, 1, 3, 4, out)
    assert list(out) == [30_000, 30_000, 0]


def test_fold_by_hand() -> None:
    # Three rows of a sum and a pair: 1 + 2 + 4; highs 3, 2000, -5 and lows 7, 8, 9. 2000 = 1024 + 976 and
    # -5 = -1024 + 1019: 256 * (3 + 976 + 1019) + 24. Ends are the first and the last row.
    out = array("i", [9] * 7)
    kernels.fold(array("i", [1, 3, 7, 2, 2000, 8, 4, -5, 9]), 3, 1, 3, out)
    assert list(out) == [7, 1 + 0 - 1, 256 * 1998 + 24, 5, -1, 256 * 1022 + 16, 9]
    assert FOLD * out[1] + out[2] == 256 * (3 + 2000 - 5) + 24


def test_fold_stays_small_at_the_edge() -> None:
    rows, high, low = 512, 255 << 22, 255 * 255  # far more rows than any window has
    out = array("i", [0] * 4)
    kernels.fold(array("i", [high, low] * rows), 2, 0, rows, out)
    assert max(out) <= SMALL_INT_MAX
    assert FOLD * out[0] + out[1] == rows * (256 * high + low)


def test_half_squares_by_hand() -> None:
    # Two cycles of four sets, halves of two: squares 4, 8, 12, 20 in 256 codes squared a half. Each cycle's mean is
    # over four sets, 1024 parts, halves counted as 512: (4 + 8) * 512 / 1024 = 6 in 256 for every 512 parts.
    halves, places = array("H", [10, 12, 14, 16, 18]), array("I", [2560, 3584, 4608])
    sums = array("i", [0, 4 << 9, 0, 0, 8 << 9, 0, 0, 12 << 9, 0, 0, 20 << 9, 0])
    state, squares, ends = array("i", [12, 512, 2 << 9, 0, 0]), array("i", [0] * 5), array("H", [0] * 5)
    found = kernels.half_squares(halves, 4, places, 2, sums, state, squares, ends)
    assert found == 3  # the half cycle that ends at 12 was told
    assert list(squares)[:3] == [(4 + 8) * 128, (8 + 12) * 128, (12 + 20) * 128]
    assert list(ends)[:3] == [14, 16, 18]
    assert list(state) == [18, 512, 20 << 9, (4 + 8) * 128, (12 + 20) * 128]
