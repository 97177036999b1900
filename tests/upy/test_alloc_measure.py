"""The hot parts of the meter allocate nothing; MicroPython only."""

from array import array

import micropython

from hal import kernels_viper
from islet.measure import kernels
from islet.measure.linearise import plain_table
from islet.measure.meter import Meter
from islet.measure.wiring import BUS_V, CIRCUIT_I, THREE, Channel, Wiring, single_phase
from islet.state.image import Image

N_SETS = 360


def square(stride: int) -> array:
    """Return 50 Hz on all channels."""
    return array("H", ([48_000] * 36 * stride + [16_000] * 36 * stride) * 5)


def full_house() -> Wiring:
    """Return three voltages and twelve currents."""
    channels = [Channel("v%d" % p, BUS_V, p, 0.0125, 230.0) for p in (1, 2, 3)]
    channels += [Channel("i%d" % n, CIRCUIT_I, n % 3 + 1, 0.003, 60.0) for n in range(12)]
    return Wiring(channels, THREE)


def check_hot_parts(meter: Meter) -> None:
    window = square(meter.wiring.stride)
    meter.measure(window, 0, N_SETS, Image(), 0)  # first use is behind us
    out = array("i", [0] * 3)
    table = plain_table()
    micropython.heap_lock()
    try:
        meter.accumulate(window)
        meter.kernels.extremes(window, meter.wiring.stride, 0, 0, N_SETS, out)
        meter.kernels.linearise(window, table, window, 0, N_SETS)
    finally:
        micropython.heap_unlock()
    assert meter.bus.cycles.count == 4 - 1
    assert meter.bus.cycles.stop - meter.bus.cycles.first == 216


def test_native_sums_allocate_nothing() -> None:
    check_hot_parts(Meter(kernels_viper, single_phase(0.2 / 16, 0.05 / 16)))
    check_hot_parts(Meter(kernels_viper, full_house()))


def test_plain_sums_allocate_nothing() -> None:
    check_hot_parts(Meter(kernels, single_phase(0.2 / 16, 0.05 / 16)))
