"""Energy counters: exact carry, quadrants, the year that a float would lose, and time counted once."""

import struct

from islet.measure.energy import EXPORT, IMPORT, LONGEST_MS, Q1, Q4, UNDER, Energies, Point, count

SMALL_INT_MAX = 2**30 - 1
START_WH = 4_380_000
YEAR_S = 365 * 86_400


def words(point, register: int) -> list:
    """Return [Wh, J, microjoules] of a register."""
    return list(point.words[register * 3 : register * 3 + 3])


def refuses(work, *arguments) -> bool:
    try:
        work(*arguments)
    except ValueError:
        return True
    return False


def test_a_32_bit_float_of_4380_kwh_does_not_move() -> None:
    # 500 W for 100 ms are 1.4e-5 kWh, half a step of the float at 4380 is 2.4e-4. What stands still once
    # stands still for ever, since each step adds the same.
    kwh = START_WH / 1000
    assert struct.unpack("f", struct.pack("f", kwh + 500 * 0.1 / 3.6e6))[0] == kwh
    assert struct.unpack("f", struct.pack("f", kwh + 5e-4))[0] > kwh  # the float itself can move


def test_a_period_of_500_w_returns_to_the_same_remainder() -> None:
    # 72 steps of 50 J are 1 Wh. The Wh are only ever added to, so a year is 4 380 000 times this period:
    # 315 360 000 steps, from 4380 kWh to 8760 kWh, with nothing over.
    assert YEAR_S * 10 == 72 * 4_380_000
    for wh in (0, START_WH, START_WH + 4_380_000 - 1, 2**29):
        point = Point("grid")
        point.words[0] = wh
        for k in range(72):
            assert words(point, IMPORT) == [wh, 50 * k, 0]
            point.add(500.0, 0.0, 100)
        assert words(point, IMPORT) == [wh + 1, 0, 0]


def test_a_day_of_500_w_in_steps_of_100_ms() -> None:
    point = Point("grid")
    point.words[0] = START_WH
    for _ in range(864_000):
        count(point.words, 0, 500, 0, 100)
    assert words(point, IMPORT) == [START_WH + 12_000, 0, 0]


def test_a_year_of_500_w_in_steps_of_a_minute() -> None:
    point = Point("grid")
    point.words[0] = START_WH
    for _ in range(YEAR_S // 60):
        count(point.words, 0, 500, 0, 60_000)
    assert words(point, IMPORT) == [2 * START_WH, 0, 0]  # 500 W * 8760 h = 4380 kWh


def test_hours_of_changing_power_equal_unbounded_integers() -> None:
    # Powers are eighths of a watt: exact as floats of 32 bits, and in milliwatts.
    point = Point("grid")
    sums_uj = [0] * 6
    seed = 1
    span_ms = 0
    for _ in range(20_000):
        seed = (seed * 16_807) % 2_147_483_647  # Park and Miller
        active = seed % 400_001 - 200_000
        reactive = seed // 7 % 40_001 - 20_000
        dt_ms = seed // 13 % 1000 + 1
        span_ms += dt_ms
        point.add(active / 8, reactive / 8, dt_ms)
        sums_uj[0 if active >= 0 else 1] += 125 * abs(active) * dt_ms
        quadrant = (1 if active >= 0 else 2) if reactive >= 0 else (4 if active >= 0 else 3)
        sums_uj[1 + quadrant] += 125 * abs(reactive) * dt_ms
    assert span_ms > 2 * 3_600_000
    for register in range(6):
        j, uj = divmod(sums_uj[register], 1_000_000)
        assert j > 360_000  # enough for every carry
        assert words(point, register) == [j // 3600, j % 3600, uj]


def test_a_standby_of_0_4_w_counts() -> None:
    point = Point("grid")
    for _ in range(9000):
        point.add(0.4, -0.0004, 1000)
    assert words(point, IMPORT) == [1, 0, 0]
    assert words(point, Q4) == [0, 0, 0]  # under half a thousandth is nothing


def test_powers_are_rounded_to_the_nearest_thousandth() -> None:
    for power, j, uj in ((0.0006, 0, 1000), (0.9996, 1, 0), (1.0006, 1, 1000), (499.9994, 499, 999_000)):
        point = Point("grid")
        point.add(power, 0.0, 1000)
        point.add(-power, 0.0, 1000)
        assert words(point, IMPORT) == words(point, EXPORT) == [0, j, uj]


def test_whole_numbers_are_taken_too() -> None:
    point = Point("grid")
    for _ in range(1001):
        point.add(7, 0, 143)  # 1.001 J each: 1002.001 J
    assert words(point, IMPORT) == [0, 1002, 1000]
    assert point.rest_j(IMPORT) == 1002


def test_quadrants() -> None:
    # IEC 62053-23, annex C: counter-clockwise from import and lagging (inductive).
    for active_w, reactive_var, register, quadrant in (
        (3600.0, 1800.0, IMPORT, 1),
        (-3600.0, 1800.0, EXPORT, 2),
        (-3600.0, -1800.0, EXPORT, 3),
        (3600.0, -1800.0, IMPORT, 4),
        (0.0, -1800.0, IMPORT, 4),
        (-0.5, 0.0, EXPORT, 2),
    ):
        point = Point("grid")
        point.add(active_w, reactive_var, 3_600_000)
        expected = [0] * 18
        for r, power in ((register, abs(active_w)), (Q1 + quadrant - 1, abs(reactive_var))):
            expected[r * 3] = int(power)
            expected[r * 3 + 1] = 1800 if power == 0.5 else 0
        assert list(point.words) == expected
        assert point.varh(quadrant) == abs(reactive_var)
        assert point.import_wh + point.export_wh == int(abs(active_w))


def test_registers_never_go_backwards() -> None:
    energies = Energies(("grid", "load"))
    for power_w, imported, exported in ((3600, 60, 0), (-7200, 60, 120), (0, 60, 120), (-60, 60, 121)):
        energies.step(0, power_w, 0.0, 60_000)
        grid = energies.point("grid")
        assert (grid.import_wh, grid.export_wh) == (imported, exported)
    assert not any(energies.point("load").words)
    before = list(grid.words)
    limit = float(UNDER)
    for bad in (float("nan"), float("inf"), limit, -limit):
        assert refuses(energies.step, 0, bad, 0.0, 100)
        assert refuses(energies.step, 0, 100.0, bad, 100)
    assert refuses(energies.step, 0, 100.0, 0.0, -1)
    assert list(grid.words) == before


class Small:
    """An integer of a board: a result that needs more than 31 bits is an error."""

    def __init__(self, value) -> None:
        self.value = value.value if isinstance(value, Small) else value
        if not -SMALL_INT_MAX - 1 <= self.value <= SMALL_INT_MAX:
            raise OverflowError(self.value)

    def __add__(self, other):
        return Small(self.value + Small(other).value)

    def __sub__(self, other):
        return Small(self.value - Small(other).value)

    def __mul__(self, other):
        return Small(self.value * Small(other).value)

    def __floordiv__(self, other):
        return Small(self.value // Small(other).value)

    def __mod__(self, other):
        return Small(self.value % Small(other).value)


def test_intermediate_results_are_small_ints_at_the_edge() -> None:
    full = (2**29, 3599, 999_999)
    for dt_ms in (LONGEST_MS, LONGEST_MS - 1, 999):
        small = [Small(word) for word in full]
        count(small, 0, Small(UNDER - 1), Small(1000), Small(dt_ms))
        uj = full[2] + ((UNDER - 1) * 1000 + 1000) * dt_ms
        j = full[1] + uj // 1_000_000
        assert [word.value for word in small] == [full[0] + j // 3600, j % 3600, uj % 1_000_000]
    try:  # it would have been noticed
        count([Small(0), Small(0), Small(0)], 0, Small(1_100_000), Small(0), Small(999))
    except OverflowError:
        return
    raise AssertionError("a product beyond 31 bits passed")


def test_a_long_step_is_counted_in_parts() -> None:
    point = Point("grid")
    point.add(1_000_000.0, 0.0, 2 * LONGEST_MS + 1)  # 2000.001 s at 1 MW: 2 000 001 000 J
    assert words(point, IMPORT) == [555_555, 3000, 0]


def test_contiguous_windows_count_each_cycle_once() -> None:
    # Windows of 100 ms of a wave of 22 ms, beginning with a cycle: 4 whole ones end at 88; then 5 more at 198,
    # 4 at 286, 5 at 396. What a window leaves over is measured by the next.
    energies = Energies(("grid",))
    assert [energies.due_ms(100, tail) for tail in (12, 2, 14, 4)] == [88, 110, 88, 110]
    assert energies.owed_ms == 4
    assert energies.due_ms(100, 0) == 104  # the next window does not follow on: no time is left to it
    assert energies.due_ms(60_000, 0) == 60_000


def test_no_time_is_lost_or_negative() -> None:
    energies = Energies(("grid",))
    assert energies.due_ms(10, 25.0) == 0  # no whole cycle yet
    assert energies.due_ms(10, 15.4) == 5
    assert energies.due_ms(0, -3.0) == 15
    assert energies.due_ms(0, 5) == 0
    assert refuses(energies.due_ms, -1, 0)
    passed_ms = counted_ms = 0
    for i in range(1000):  # 16.667 ms tails rounded a thousand times do not add up
        passed_ms += 100
        due_ms = energies.due_ms(100, i % 7 * 16.667 / 7)
        assert due_ms >= 0
        counted_ms += due_ms
    assert passed_ms - counted_ms == energies.owed_ms == round(999 % 7 * 16.667 / 7)


def test_names_are_checked_together() -> None:
    try:
        Energies(("grid", "grid", "", "a name of 17 byte"))
    except ValueError as error:
        text = str(error)
    assert "twice" in text
    assert "''" in text
    assert "'a name of 17 byte'" in text
    assert refuses(Energies, ())
    assert refuses(Energies, ["c%d" % i for i in range(17)])
    energies = Energies(["c%d" % i for i in range(16)])
    assert energies.index("c15") == 15
    assert refuses(energies.index, "c16")
