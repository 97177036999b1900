"""Rates, back-off, budget and recovery of a bus in virtual time; numbers by hand, START_MS is 5 s before the wrap."""

import asyncio

from bus_world import (
    FOREIGN,
    LATE,
    REFUSES,
    SILENT,
    TURN_MS,
    Always,
    Device,
    Grouped,
    Line,
    make_bus,
    run,
    spaces,
)

from islet.drivers.bus_budget import PROBE_SHARE, Budget, backoff_ms

LEAST_RATE = 0.9  # of a device beside one that fails


def _rate(fault, until_ms: int = 120_000, period_ms: int = 20, bad: int = 1, **options) -> tuple:
    """Return (readings of three good devices, the line) in until_ms, beside `bad` devices with a fault."""
    line = Line()
    devices = [Device(line, unit) for unit in range(1, 4 + bad)]
    for unit in range(4, 4 + bad):
        line.faults[unit] = fault
    bus = make_bus(line, devices, period_ms, **options)
    run(bus, line, until_ms)
    return sum(member.polls for member in bus.members[:3]), line


def test_each_group_keeps_its_period():
    line = Line()
    device = Grouped(line, 1)
    bus = make_bus(line, [device])
    run(bus, line, 60_000, 50)
    # in a minute 120 times every 0.5 s, 6 times every 10 s, once an hour
    assert [len(seen) for seen in device.seen] == [120, 6, 1]
    assert bus.counters()["polls"] == 127
    run(bus, line, 3_660_000, 250)
    assert [len(seen) for seen in device.seen] == [7320, 366, 2]


def test_a_declared_period_is_a_grid_and_an_undeclared_one_a_pause():
    line = Line()
    grouped, plain = Grouped(line, 1), Device(line, 2)
    bus = make_bus(line, [grouped, plain], 500, ticks_ms=None)
    for k in range(200):  # every 300 ms
        asyncio.run(bus.poll(300 * k))
    # grid: 0, 600 (500), 1200 (1000), 1500, 2100 (2000) ...; pause: 0, 600, 1200 ...
    assert len(grouped.seen[0]) == 120
    assert bus.members[1].polls == 100


def test_a_reading_that_is_a_period_late_is_not_made_up_for():
    line = Line()
    device = Grouped(line, 1)
    bus = make_bus(line, [device], ticks_ms=None)
    asyncio.run(bus.poll(0))
    for now_ms in (1700, 1750, 2150, 2200):  # missed 500, 1000, 1500: one reading, and on from there
        asyncio.run(bus.poll(now_ms))
    assert len(device.seen[0]) == 3


def test_back_off_doubles_to_a_minute_with_half_of_it_drawn():
    # 500 ms doubling, at most 60 s; 50 % when the draw is 0, under 100 % when it is almost 1
    full = [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]
    assert [backoff_ms(n + 1, Always(0.0)) for n in range(10)] == [pause // 2 for pause in full]
    for n in range(10):
        assert full[n] * 0.997 < backoff_ms(n + 1, Always(0.999)) < full[n]
    assert backoff_ms(1000, Always(0.0)) == 30_000


def test_budget_by_hand():
    budget = Budget()
    assert budget.owed_ms(0) == 0
    budget.charge(1000, 1000)
    assert budget.owed_ms(1000) == 15_000  # 1 s of 16 s
    assert budget.owed_ms(15_999) == 1
    budget.charge(100, 15_999)
    assert budget.owed_ms(15_999) == 1501
    assert budget.owed_ms(17_500) == 0
    budget.charge(0, 17_500)
    assert budget.owed_ms(17_500) == 0
    budget.charge(1 << 29, 20_000)  # whatever happens, a minute later it is over
    assert budget.owed_ms(20_000) == 60_000
    wrapped = Budget()
    wrapped.charge(1000, (1 << 30) - 1)
    assert wrapped.owed_ms(9999) == 5000
    assert wrapped.owed_ms(14_999) == 0


def test_tries_of_a_silent_device_are_spaced_by_budget_then_by_back_off():
    _, line = _rate(SILENT, 300_000)
    times = line.times(4)
    gaps = spaces(times)
    # back-offs 0.375, 0.75, 1.5, 3, 6, 12 s are under the 15 s owed for 1 s; then 24 and 45 s are over; the next
    # one's 20 ms are charged too
    wanted = [16_300] * 6 + [25_000] + [46_000] * 3
    assert len(gaps) == len(wanted)
    for i, least in enumerate(wanted):
        assert least <= gaps[i] <= least + 4 * TURN_MS, gaps


def test_no_fault_of_one_device_costs_the_others_a_tenth():
    for period_ms in (20, 500, 1000):  # 20 ms: the line is never idle
        alone, _ = _rate(None, period_ms=period_ms, bad=0)
        assert alone > 300
        for fault in (SILENT, LATE, FOREIGN, REFUSES):
            beside, line = _rate(fault, period_ms=period_ms)
            assert beside >= LEAST_RATE * alone, (fault, period_ms, beside, alone)
            assert line.times(4)


def test_several_dead_devices_share_one_budget():
    alone, _ = _rate(None, 600_000, bad=0)
    beside, line = _rate(SILENT, 600_000, bad=5)
    assert beside >= LEAST_RATE * alone
    tries = [line.times(unit) for unit in range(4, 9)]
    assert all(len(times) > 3 for times in tries)  # and each has its turn
    every = sorted(at_ms for times in tries for at_ms in times)[5:]  # five die in one moment
    assert min(spaces(every)) >= PROBE_SHARE * line.timeout_ms


def test_a_device_that_answers_every_other_time_is_held_to_the_share():
    line = Line()
    devices = [Device(line, unit) for unit in (1, 2)]
    bus = make_bus(line, devices)

    def alternate(line):
        line.faults[2] = SILENT if len(line.times(2)) % 4 > 1 else None

    run(bus, line, 60_000, each=alternate)
    assert bus.members[1].polls > 1
    assert bus.budget.lost_ms >= 2000
    assert bus.budget.lost_ms <= 60_000 / PROBE_SHARE + 1000
    assert len(line.times(1)) >= LEAST_RATE * 60_000 / (2 * TURN_MS)


def test_a_device_that_returns_is_used_at_once_and_in_full():
    line = Line()
    good, other = Grouped(line, 1), Grouped(line, 2)
    bus = make_bus(line, [good, other])
    run(bus, line, 5000, 50)
    line.faults[2] = SILENT
    run(bus, line, 40_000, 50)
    assert other.lost >= 2
    line.faults[2] = None
    read = [len(seen) for seen in other.seen]
    run(bus, line, 100_000, 50)
    back_ms = next(at_ms for at_ms in other.seen[0] if at_ms > 40_000)
    assert other.seen[1][read[1]] - back_ms == TURN_MS  # what was degraded is read anew at once
    assert other.seen[2][read[2]] - back_ms == 2 * TURN_MS
    later = [at_ms for at_ms in other.seen[0] if at_ms >= back_ms]
    assert abs(len(later) - (100_000 - back_ms) / 500) <= 1


def test_without_others_nothing_but_the_back_off_holds_a_device_back():
    line = Line()
    line.faults[1] = SILENT
    bus = make_bus(line, [Device(line, 1)])
    run(bus, line, 60_000)
    times = line.times(1)
    # 1 s of silence and 0.375, 0.75, 1.5 ... s of pause, seen every 10 ms
    wanted = [1375, 1750, 2500, 4000, 7000, 13_000, 25_000]
    gaps = spaces(times)
    for i, pause in enumerate(wanted):
        assert pause <= gaps[i] <= pause + 30, gaps
    assert bus.budget.lost_ms == 0


def test_a_late_answer_of_another_is_not_held_against_a_device():
    line = Line()
    victim, late = Device(line, 1), Device(line, 2)
    bus = make_bus(line, [late, victim])
    run(bus, line, 2000)
    line.faults[2] = LATE
    run(bus, line, 60_000)
    # 1 s of silence and 1 s spoiled are owed 16-fold: tries at 2 s and 34 s
    assert bus.counters()["repeats"] == 2
    assert victim.lost == 0
    assert bus.members[1].errors == 0


def test_a_line_that_is_gone_is_tried_for_all_at_once():
    line = Line()
    devices = [Device(line, unit) for unit in (1, 2, 3)]
    bus = make_bus(line, devices, 500)
    run(bus, line, 2000)
    assert line.connects == 1
    line.reachable = False
    run(bus, line, 62_000)
    assert all(device.lost > 2 for device in devices)
    # pauses of 0.375 s doubling to 45 s: at most 9 tries in a minute, for three devices together
    assert 6 <= line.connects <= 9
    line.reachable = True
    run(bus, line, 130_000)
    first = [min(at_ms for at_ms in line.times(unit) if at_ms > 62_000) for unit in (1, 2, 3)]
    assert max(first) - min(first) <= 6 * TURN_MS  # each is found, read and written to
    assert all(member.healthy() for member in bus.members)


def test_a_failure_ends_a_measured_round_so_that_the_bus_comes_round_in_time():
    line = Line()
    for unit in range(1, 6):
        line.faults[unit] = SILENT
    bus = make_bus(line, [Device(line, unit) for unit in range(1, 6)])
    asyncio.run(bus.poll(line.ticks_ms()))
    assert len(line.log) == 1
    for _ in range(4):
        asyncio.run(bus.poll(line.ticks_ms()))
    assert [unit for _, unit, _ in line.log][:5] == [1, 2, 3, 4, 5]


def test_a_period_out_of_bounds_is_refused():
    for period_ms in (0, -1, 1 << 29):
        try:
            make_bus(Line(), [Device(Line(), 1)], period_ms)
        except ValueError:
            continue
        raise AssertionError(period_ms)
