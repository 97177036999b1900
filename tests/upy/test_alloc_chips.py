"""Reading the metering chips allocates nothing; MicroPython only."""

import sys
from array import array

import micropython

sys.path.append(__file__.rsplit("/", 2)[0] + "/firmware")  # the emulators live beside the drivers' tests

import ads131m04_chip
import atm90e32_chip

from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_setup import ChipSetup as ConverterSetup
from islet.drivers.atm90e32 import Atm90e32
from islet.drivers.atm90e32_setup import ChipSetup, PhaseSetup


def test_fetching_from_the_atm90e32_allocates_nothing() -> None:
    chip = atm90e32_chip.Chip()
    driver = Atm90e32(chip, chip.cs, ChipSetup((PhaseSetup(), PhaseSetup(), PhaseSetup())))
    for now_ms in (0, 60, 1000):
        try:
            driver.read(now_ms)
        except OSError:
            continue
    chip.put(0xB1, -3_125_000)
    chip.regs[0x74] = 0x2000
    for address in range(0x81, 0x90):
        chip.regs[address] = 1000
    chip.arm(flip=(42, 3))  # one transfer is done again
    micropython.heap_lock()
    try:
        driver.fetch(1500)
    finally:
        micropython.heap_unlock()
    assert driver.stamp_ms == 1500
    assert driver.link.retries == 1
    assert driver.phases[2].reactive_neg.wh == 3  # 1000 x 11.25 J


def converter(chip: ads131m04_chip.Chip) -> Ads131m04:
    driver = Ads131m04(chip, chip.cs, chip.ticks_us, ConverterSetup())
    driver.start()
    return driver


def test_a_set_of_the_ads131m04_allocates_nothing() -> None:
    chip = ads131m04_chip.Chip()
    driver = converter(chip)
    window = array("H", bytes(16))
    micropython.heap_lock()
    try:
        good = driver.read_set(window, 4)
    finally:
        micropython.heap_unlock()
    assert good
    assert not any(window[:4])
    assert window[4] >= 24576


def test_capturing_a_window_allocates_nothing() -> None:
    chip = ads131m04_chip.Chip()
    driver = converter(chip)
    window = array("H", bytes(8 * 200))
    ready = chip.ready  # made before the lock: a bound method is an object
    chip.tick_ns = 0
    micropython.heap_lock()
    try:
        missed = driver.capture(window, 0, 100, ready)
        chip.arm(flip=(7, 50))
        chip.advance(5 * chip.period_ns)
        more = driver.capture(window, 100, 100, ready)
    finally:
        micropython.heap_unlock()
    assert missed == 0
    assert more == 3 + 1  # five were made, two kept; one frame was spoiled
    assert window[796] - window[400] == 99
