"""The plain half-cycle kernel: sums by hand, in pieces, and at the edge of a small int."""

from array import array

from islet.measure import kernels
from islet.measure.guard_rows import TenMinutes, root
from islet.measure.guard_voltage import UNIT, Halves
from islet.measure.phasor import quadrature_table

SMALL_INT_MAX = 2**30 - 1
MID, PEAK = 32768, 32767


def test_sums_by_hand_are_added():
    # x = 300, -200: 90000 and 40000 are 351.6 and 156.25 times 256. Table: cos 512, -256; sin 1024, 256.
    table = array("H", [MID] * 2560)
    table[512], table[513] = MID + 512, MID - 256
    table[0], table[1] = MID + 1024, MID + 256
    window = array("H", [7, MID, 7, MID + 300, 7, MID - 200])
    out = array("i", [10, 20, 30, 40])
    kernels.half_cycle(window, 2, 1, 1, 3, table, 1 << 13, 0, out)
    # 300 * 512 + 200 * 256 = 600 * 256 + 200 * 256; 300 * 1024 - 200 * 256 = 1200 * 256 - 200 * 256
    assert list(out) == [10 + 100, 20 + 352 + 156, 30 + 600 + 200, 40 + 1200 - 200]


def test_a_half_cycle_in_pieces_is_the_same():
    table = quadrature_table()
    window = array("H", [(k * 7919) % 65535 + 1 for k in range(200)])
    whole, parts = array("i", [0] * 4), array("i", [0] * 4)
    turn, phase = 233017, 116508
    kernels.half_cycle(window, 2, 1, 0, 100, table, turn, phase, whole)
    for first, stop in ((0, 17), (17, 17), (17, 81), (81, 100)):
        kernels.half_cycle(window, 2, 1, first, stop, table, turn, phase + first * turn, parts)
    assert list(parts) == list(whole)


def test_it_stays_a_small_int_at_the_edge():
    # No phase step; at a quarter turn the sine's crest, at none the cosine's: 32767**2 in 256 is 4194048, nearest.
    table = quadrature_table()
    n = kernels.MAX_SETS
    for code, sign in ((MID - PEAK, -1), (MID + PEAK, 1)):
        window = array("H", [code] * n)
        for phase, at in ((0, 2), (1 << 22, 3)):
            out = array("i", [0] * 4)
            kernels.half_cycle(window, 1, 0, 0, n, table, 0, phase, out)
            assert out[0] == sign * n * PEAK
            assert out[1] == n * 4194048
            assert out[at] == sign * n * 4194048
            assert max([abs(word) for word in out]) <= SMALL_INT_MAX
    assert PEAK * PEAK + 128 <= SMALL_INT_MAX


def test_roots_are_whole_and_never_too_large():
    for value in (0, 1, 2, 3, 4, 99, 100, 101, 1 << 20, (1 << 20) - 1, 1023 * 1023, 4_194_303, SMALL_INT_MAX):
        x = root(value)
        assert x * x <= value < (x + 1) * (x + 1), value


def test_half_cycles_are_whole_sets():
    for set_hz, f0, n_sets, ref_hz in (
        (3600.0, 50.0, 36, 50.0),
        (3600.0, 60.0, 30, 60.0),
        (4000.0, 60.0, 33, 60.606),
    ):
        halves = Halves(set_hz, f0)
        assert halves.n_sets == n_sets
        assert abs(halves.ref_hz - ref_hz) < 0.001
        assert abs(halves.turn * n_sets - (1 << 23)) <= n_sets
    assert Halves(3600.0, 50.0).count(25.0) == 3
    assert Halves(3600.0, 50.0).count(30.0) == 3


def test_the_mean_of_ten_minutes_moves_by_a_two_hundredth_in_three_seconds():
    mean = TenMinutes(Halves(3600.0, 50.0))
    for _ in range(300):
        mean.add(2 * UNIT)
    assert abs(mean.square - UNIT * 201 // 200) <= 16
    for _ in range(200 * 300):
        mean.add(3 * UNIT)
    assert abs(mean.square - 3 * UNIT) <= 16
