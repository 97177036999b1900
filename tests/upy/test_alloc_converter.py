"""The interrupt that takes sets from an external converter allocates nothing; MicroPython only."""

import sys

import micropython

sys.path.append(__file__.rsplit("/", 2)[0] + "/firmware")  # the emulator lives beside the driver's tests

import ads131m04_chip
from guard_world import Opener
from island_world import settings

from hal.esp32_adc import Sampler
from islet.control import grid_code
from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_setup import ChipSetup
from islet.measure import kernels
from islet.measure.guard import Guard
from islet.measure.wiring import single_phase


def test_sets_gaps_and_half_cycles_allocate_nothing() -> None:
    chip = ads131m04_chip.Chip(source=lambda _n, channel: channel)
    driver = Ads131m04(chip, chip.cs, chip.ticks_us, ChipSetup(osr=4096))
    sampler = Sampler(driver, chip.ready, lambda: 0, keep_sets=30)
    wiring = single_phase(0.0163, 0.0061, set_hz=1000.0, simultaneous=True)
    sampler.guard = Guard(kernels, wiring, grid_code.rows(settings()), 0.5, 0.0, 500, Opener())
    sampler.start()
    chip.advance(chip.period_ns)
    sampler.on_ready()  # settles the filter
    chip.tick_ns = 0
    before = sampler._count
    micropython.heap_lock()
    try:
        for _ in range(600):  # past the end of the ring
            chip.advance(chip.period_ns)
            sampler.on_ready()
        chip.advance(9 * chip.period_ns)
        sampler.on_ready()
    finally:
        micropython.heap_unlock()
    assert sampler._running
    assert sampler._count - before >= 602
    assert sampler._gaps_in >= 1
