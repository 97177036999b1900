"""ADS131M04: sets paced by DRDY, and the count of missed ones against a chip that counts what it dropped."""

import errno

from ads131m04_bench import Host, error_of, missed_by, numbers, started, window_of
from ads131m04_chip import Chip

from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_setup import ChipSetup


def test_sets_follow_each_other_without_a_gap():
    chip = Chip()
    driver = started(chip)
    window = window_of(100)
    seen = []
    for _ in range(5):
        assert driver.capture(window, 20, 80, chip.ready) == 0
        seen += numbers(window, 20, 80)
        assert not any(window[:80])
    assert seen == list(range(seen[0], seen[0] + 400))
    assert seen[0] >= 3
    assert driver.crc_errors == 0
    assert driver.status & 0xFF00 == 0x0100


def test_a_spoiled_set_is_replaced_by_the_one_before():
    chip = Chip()
    driver = started(chip)
    window = window_of(20)
    driver.capture(window, 0, 10, chip.ready)
    chip.arm(flip=(4, 40))
    assert driver.capture(window, 10, 10, chip.ready) == 1
    seen = numbers(window, 0, 20)
    assert seen[14] == seen[13] == seen[12] + 1
    assert seen[19] - seen[0] == 19
    driver = started(chip)
    driver.capture(window, 0, 1, chip.ready)
    chip.arm(flip=(0, 40))
    assert driver.capture(window, 0, 1, chip.ready) == 1
    assert list(window[:4]) == [32768] * 4


def test_missed_sets_are_counted_exactly_by_a_host_that_waits_for_drdy():
    for keeps_oldest in (False, True):
        chip = Chip(keeps_oldest=keeps_oldest)
        host = Host(chip)
        driver = started(chip, host.unpack)
        for tenths in range(0, 120, 3):
            missed, dropped, seen = missed_by(chip, host, driver, tenths / 10)
            assert missed == dropped, tenths
            assert seen[-1] - seen[0] == 39 + dropped, tenths
        assert chip.lost > 100


def test_sets_made_during_a_slow_frame_are_counted_too():
    differing = 0
    for poll_ns in (500, 8000):
        chip = Chip()
        chip.byte_ns = 8000  # a frame lasts 0.58 of a period
        chip.poll_ns = poll_ns
        host = Host(chip)
        driver = started(chip, host.unpack)
        for step in range(60):
            missed, dropped, seen = missed_by(chip, host, driver, 0.13 * step)
            assert seen[-1] - seen[0] == 39 + dropped, step
            assert abs(missed - dropped) <= 1, step
            differing += missed != dropped
    assert (
        differing <= 2
    )  # polled every 8 us, 3 % of the sets are made too near to a frame's end to be told apart


def test_a_busy_host_in_time_misses_nothing():
    for busy in (0.3, 0.6, 0.8, 0.86):  # of a period; the rest of the loop takes 0.12
        chip = Chip()
        host = Host(chip)
        driver = started(chip, host.unpack)
        missed, dropped, seen = missed_by(chip, host, driver, 0, busy)
        assert missed == dropped == 0, busy
        assert seen[-1] - seen[0] == 39


def test_a_busy_host_knows_a_gap_to_one_set():
    chip = Chip()
    host = Host(chip)
    driver = started(chip, host.unpack)
    for tenths in range(0, 120, 7):
        missed, dropped, _ = missed_by(chip, host, driver, tenths / 10, 0.85)
        assert abs(missed - dropped) <= 1, (tenths, missed, dropped)


def test_clocks_that_differ_do_not_add_up():
    for clkin_hz in (8_110_000, 8_274_000):  # 1 % off, while the driver believes 8.192 MHz
        chip = Chip(clkin_hz)
        host = Host(chip)
        driver = Ads131m04(chip, chip.cs, chip.ticks_us, ChipSetup(8_192_000), host.unpack)
        driver.start()
        host.busy_ns = int(0.85 * chip.period_ns)
        window = window_of(500)
        before = chip.lost
        assert driver.capture(window, 0, 500, chip.ready) == 0
        host.busy_ns = 0
        assert driver.capture(window, 0, 500, chip.ready) == 0
        seen = numbers(window, 0, 500)
        assert seen[-1] - seen[0] == 499
        assert chip.lost - before < 300  # only those while it settled


def test_a_host_too_slow_is_told():
    chip = Chip()
    host = Host(chip)
    driver = started(chip, host.unpack)
    host.busy_ns = 2 * chip.period_ns
    assert error_of(driver.capture, window_of(5), 0, 5, chip.ready) == errno.EIO


def test_no_drdy_and_drdy_that_stays():
    chip = Chip()
    driver = started(chip)
    window = window_of(50)
    driver.capture(window, 0, 5, chip.ready)
    chip.stopped = True
    assert error_of(driver.capture, window, 0, 50, chip.ready) == errno.ETIMEDOUT
    chip.stopped = False
    assert driver.capture(window, 0, 50, chip.ready) == 0  # settled anew
    chip.stuck_low = True
    assert error_of(driver.capture, window, 0, 50, chip.ready) == errno.EIO
    chip.stuck_low = False
    assert driver.capture(window, 0, 50, chip.ready) == 0


def test_a_resynchronisation_costs_the_sets_until_the_filter_settled():
    chip = Chip()
    driver = started(chip)
    window = window_of(30)
    driver.capture(window, 0, 30, chip.ready)
    chip.restart(3)
    missed = driver.capture(window, 0, 30, chip.ready)
    assert 3 <= missed <= 5
    assert driver.resyncs == 1
    seen = numbers(window, 0, 30)  # fails where a set is unsettled
    assert seen[29] - seen[0] == 29
