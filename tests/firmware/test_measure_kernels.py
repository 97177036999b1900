"""The plain kernels: sums by hand, bounds at their edge, crossings with hysteresis."""

from array import array

from islet.measure import kernels
from islet.measure.frequency import quadrature_table

SMALL_INT_MAX = 2**30 - 1  # 31-bit small int of the 32-bit boards


def test_sums_by_hand() -> None:
    # v = 1 2 3, i = 10 -20 30 about mid code, on channels 1 and 2; hand calculation over sets 1..2
    window = array("H", [2048] * 12)
    for n, (v, i) in enumerate(((1, 10), (2, -20), (3, 30))):
        window[4 * n + 1] = 2048 + v
        window[4 * n + 2] = 2048 + i
    out = array("i", [7] * 8)
    kernels.sums(window, 1, 2, 1, 3, out, 1)
    assert list(out) == [7, 5, 10, 13, 1300, 50, 2 * 10 + 3 * -20, 7]


def test_sums_stay_small_ints_at_the_edge() -> None:
    window = array("H", [0] * 4 * (kernels.MAX_SETS + 1))  # code 0 is the widest: -2048
    out = array("i", [0] * 6)
    kernels.sums(window, 0, 2, 1, kernels.MAX_SETS + 1, out, 0)
    assert max(out) == kernels.MAX_SETS * 2048 * 2048 <= SMALL_INT_MAX
    assert (kernels.MAX_SETS + 1) * 2048 * 2048 > SMALL_INT_MAX  # one more set would not fit


def test_correlate_stays_small_ints_at_the_edge() -> None:
    # No phase step: every set meets the same table entry, here the crest of the cosine.
    table = quadrature_table()
    assert max(table) - 2048 == 2048 - min(table) == 2047
    window = array("H", [0] * 4 * kernels.MAX_SETS)
    out = array("i", [0] * 2)
    kernels.correlate(window, 3, 0, kernels.MAX_SETS, table, 0, out, 0)
    assert out[0] == -kernels.MAX_SETS * 2048 * 2047
    assert abs(out[0]) <= SMALL_INT_MAX


def test_correlate_finds_the_quarter() -> None:
    # Codes 0 100 0 -100 at a quarter turn a set are a sine: sum(x * sin) = 2 * 100 * peak, sum(x * cos) = 0.
    table = quadrature_table()
    window = array("H", [0] * 16)
    for n in range(4):
        window[4 * n + 2] = (2048, 2148, 2048, 1948)[n]
    out = array("i", [0, 0])
    kernels.correlate(window, 2, 0, 4, table, 1 << 22, out, 0)
    assert out[1] == 2 * 100 * 2047
    assert abs(out[0]) <= 2 * 100 * 7  # the table's sine half a step from zero: 2047 * pi / 1024 = 6.3


def test_crossings_need_the_depth_and_the_rise() -> None:
    shape = [-5, 5, -30, -1, 0, -5, 5, 40, -40, 7]
    window = array("H", [2048] * 4 * len(shape))
    for n, x in enumerate(shape):
        window[4 * n] = 2048 + x
    out = array("H", [0] * 8)
    assert kernels.crossings(window, 0, len(shape), 20, out, 8) == 2
    assert list(out)[:2] == [4, 9]  # -5..5 is noise, 0 counts as risen
    assert kernels.crossings(window, 0, len(shape), 20, out, 1) == 1
    assert kernels.crossings(window, 1, len(shape), 20, out, 8) == 0
