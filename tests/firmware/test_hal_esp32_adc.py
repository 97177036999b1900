"""The sampler over an ADS131M04, against the chip's registers: no gap in a window, every missing set told."""

import asyncio
from math import pi, sin

from ads131m04_bench import numbers
from ads131m04_chip import Chip
from guard_world import Opener
from island_world import settings

from hal.esp32_adc import Sampler
from islet.base.clock import elapsed_ms
from islet.control import grid_code
from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_setup import ChipSetup
from islet.measure import kernels
from islet.measure.guard import Guard
from islet.measure.wiring import single_phase

OSR = 4096  # 1000 sets a second at 8.192 MHz
KEEP = 30


class Host:
    """A processor whose interrupt comes whenever DRDY is low and it is not busy."""

    def __init__(self, source=None):
        self.chip = Chip(source=source) if source else Chip()
        driver = Ads131m04(self.chip, self.chip.cs, self.chip.ticks_us, ChipSetup(osr=OSR))
        self.sampler = Sampler(driver, self.chip.ready, self.ticks_ms, keep_sets=KEEP)
        self.sampler.start()
        self.given = []  # numbers of the new sets of all windows
        self.lost = 0

    def ticks_ms(self):
        return self.chip.now_ns // 1_000_000 & (1 << 30) - 1

    def run(self, ms):
        """Let time pass with an interrupt every tenth of a millisecond."""
        end_ns = self.chip.now_ns + 1_000_000 * ms
        while self.chip.now_ns < end_ns:
            self.chip.advance(100_000)
            self.sampler.on_ready()

    def busy(self, ms):
        """Let time pass without an interrupt: a collection, an erase of flash."""
        self.chip.advance(1_000_000 * ms)
        self.sampler.on_ready()

    def take(self):
        """Take a window if there is one, check what it tells, and return whether there was."""
        sampler = self.sampler
        if not sampler.take(self.ticks_ms()):
            return False
        found = numbers(sampler.window, 0, sampler.n_sets)
        if sampler.kept:
            assert sampler.lost == 0
            assert found[: sampler.kept] == self.given[-sampler.kept :]
        self.lost += sampler.lost
        self.given += found[sampler.kept :]
        return True

    def drain(self):
        while self.take():
            pass


def even(found):
    return all(found[k + 1] - found[k] == 1 for k in range(len(found) - 1))


def test_windows_follow_on_each_other():
    host = Host()
    host.run(10)
    before = host.chip.lost  # while the filter settled
    for _ in range(20):
        host.run(100)
        host.drain()
    assert even(host.given)
    assert 1900 <= len(host.given) <= 2000
    assert (host.sampler.lost_sets, host.sampler.overruns, host.sampler.restarts) == (0, 0, 0)
    assert host.chip.lost == before
    assert (host.sampler.kept, host.sampler.n_sets) == (KEEP, KEEP + 100)
    assert host.sampler.set_hz == 1000.0


def test_the_end_of_a_window_is_told_in_time():
    """A reader that is late by 40 ms is told when the last set of its window was made, within 2 ms."""
    host = Host()
    host.run(100)
    host.drain()
    ends = []
    for late in (0, 40, 15):
        while host.sampler.due_ms():
            host.run(1)
        whole_ms = host.ticks_ms()
        host.run(late)
        assert host.take()
        assert abs(elapsed_ms(host.sampler.end_ms, whole_ms)) <= 3, late
        ends.append(host.sampler.end_ms)
    assert [abs(elapsed_ms(ends[k + 1], ends[k]) - 100) <= 2 for k in range(2)] == [True, True]


def test_a_long_pause_costs_what_the_chip_dropped_and_cuts_the_window():
    for pause in (4, 11, 46):
        host = Host()
        host.run(250)
        host.drain()
        host.run(37)
        dropped = host.chip.lost
        host.busy(pause)
        host.run(63)
        dropped = host.chip.lost - dropped
        assert dropped >= pause - 4
        assert host.take()
        assert even(host.given)  # it ends before the gap
        before_ms = elapsed_ms(host.ticks_ms(), host.sampler.end_ms)
        assert abs(before_ms - 63 - pause) <= 4, before_ms
        assert host.sampler.n_sets - host.sampler.kept < 100
        host.run(100)
        assert host.take()
        assert host.sampler.kept == 0
        assert host.sampler.lost == dropped
        missing = [b - a - 1 for a, b in zip(host.given, host.given[1:]) if b - a != 1]  # noqa: B905 - MicroPython
        assert missing == [dropped]
        host.run(100)
        assert host.take()
        assert host.sampler.kept == KEEP


def test_many_gaps_are_all_told():
    host = Host()
    host.run(100)
    before = host.chip.lost
    for k in range(40):
        host.run(3 + k)
        host.busy(3 + k % 7)
        if k % 3 == 0:
            host.drain()
    host.run(300)
    host.drain()
    sampler = host.sampler
    assert sampler.restarts == sampler.overruns == 0
    first, last = host.given[0], host.given[-1]
    assert last - first + 1 == len(host.given) + host.lost
    assert host.lost >= host.chip.lost - before > 50


def test_a_spoiled_frame_repeats_the_set_before_and_goes_on():
    host = Host()
    host.run(205)
    host.drain()
    host.chip.arm(flip=(10, 40))
    host.run(150)
    sampler = host.sampler
    assert sampler.take(host.ticks_ms())
    found = numbers(sampler.window, 0, sampler.n_sets)
    steps = [found[k + 1] - found[k] for k in range(len(found) - 1)]
    assert sorted(steps)[:2] == [0, 1]
    assert sorted(steps)[-2:] == [1, 2]
    assert sum(steps) == len(steps)
    assert (sampler.spoiled, sampler.lost_sets) == (1, 0)


def test_a_spoiled_frame_at_the_rings_begin_repeats_the_last_of_its_end():
    host = Host()
    sampler = host.sampler
    while sampler._count < 512:
        host.run(1)
        host.drain()
    host.chip.arm(flip=(0, 40))
    assert sampler._count == 512
    host.run(2)
    assert sampler.spoiled == 1
    assert list(sampler._ring[4:8]) == list(sampler._ring[4 * 512 :])


def test_a_reader_far_behind_gets_the_latest_sets():
    host = Host()
    host.run(200)
    host.drain()
    host.run(900)
    assert host.take()
    assert host.sampler.overruns == 1
    assert host.sampler.kept == 0
    assert abs(elapsed_ms(host.ticks_ms(), host.sampler.end_ms)) <= 2
    host.run(100)
    host.drain()
    assert host.given[-1] - host.given[0] + 1 == len(host.given) + host.lost


def test_a_chip_that_died_is_started_anew():
    host = Host()
    host.run(200)
    host.drain()
    host.chip.absent = 0xFF
    host.run(50)

    async def world():
        for k in range(1 << 20):
            if k == 20:
                host.chip.absent = -1
                host.chip.power_up()
            host.run(10)
            await asyncio.sleep(0.01)

    async def main():
        others = asyncio.create_task(world())
        await host.sampler.ready()
        others.cancel()

    asyncio.run(main())
    assert host.sampler.restarts >= 1
    assert host.sampler.take(host.ticks_ms())
    assert host.sampler.kept == 0
    assert even(numbers(host.sampler.window, 0, host.sampler.n_sets))


def test_windows_that_do_not_fit_are_refused():
    driver = Ads131m04(None, None, None, ChipSetup(osr=OSR))
    for room, new in ((256, 120), (500, 100), (512, 3)):
        try:
            Sampler(driver, None, lambda: 0, new, KEEP, room)
        except ValueError:
            continue
        raise AssertionError((room, new))


class House:
    """230 V on both sides until the grid dies at set `dies`."""

    def __init__(self, dies):
        self.dies = dies

    def __call__(self, n, channel):
        if channel > 1 or (n >= self.dies and channel == 0):
            return 0
        return int(325.27 / 0.0163 * sin(2 * pi * n / 20)) << 8


def test_the_fast_path_opens_within_25_ms_of_the_grids_death():
    for dies in range(700, 720, 3):  # at any phase
        host = Host(House(dies))
        wiring = single_phase(0.0163, 0.0061, set_hz=1000.0, simultaneous=True)
        opener = Opener()
        guard = Guard(kernels, wiring, grid_code.rows(settings()), 0.5, 0.0, 500, opener)
        guard.armed = True
        host.sampler.guard = guard
        while host.chip.made < dies:
            host.run(1)
            host.sampler.take(host.ticks_ms())
        assert opener.count == 0
        made = host.chip.made
        while not opener.count:
            host.run(1)
            assert host.chip.made - made < 25, dies


def test_a_gap_alone_opens_nothing():
    host = Host(House(1 << 20))
    wiring = single_phase(0.0163, 0.0061, set_hz=1000.0, simultaneous=True)
    opener = Opener()
    host.sampler.guard = guard = Guard(kernels, wiring, grid_code.rows(settings()), 0.5, 0.0, 500, opener)
    guard.armed = True
    host.run(600)
    assert abs(guard.hz() - 50.0) < 0.05
    assert abs(guard.volts_pu() - 1.0) < 0.01
    for pause in (3, 11, 17, 46, 400):
        host.busy(pause)
        host.run(130)
    assert opener.count == 0
