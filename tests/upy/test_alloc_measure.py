"""The hot parts of the meter and the energy counter allocate nothing; MicroPython only."""

from array import array

import micropython

from hal import kernels_viper
from islet.measure import kernels
from islet.measure.energy import EnergyCounter
from islet.measure.meter import Meter, Ratings

SQUARE = array("H", ([3000] * 36 * 4 + [1000] * 36 * 4) * 5)  # 50 Hz on all channels, 360 sets


def check_hot_parts(meter: Meter) -> None:
    meter.find(SQUARE, 360)  # once before, so that first use is behind us
    meter.grid.cycles.settle(SQUARE, 360)
    meter.bus.cycles.settle(SQUARE, 360)
    assert meter.bus.cycles.count == 4
    micropython.heap_lock()
    try:
        meter.find(SQUARE, 360)
        meter.accumulate(SQUARE)
    finally:
        micropython.heap_unlock()
    assert meter.bus.cycles.stop - meter.bus.cycles.first == 216


def test_native_sums_allocate_nothing() -> None:
    check_hot_parts(Meter(kernels_viper, Ratings(0.2, 0.05)))


def test_plain_sums_allocate_nothing() -> None:
    check_hot_parts(Meter(kernels, Ratings(0.2, 0.05)))


def test_energy_allocates_nothing() -> None:
    energy = EnergyCounter()
    micropython.heap_lock()
    try:
        for power_w in range(-20_000, 20_000, 1000):
            energy.add(power_w, 60_000)
    finally:
        micropython.heap_unlock()
    assert energy.import_wh == 3166  # sum of 1000..19000 is 190 kW minutes
    assert energy.export_wh == 3500  # and 210
