"""The meter's integer sums over windows from a file on MicroPython, plain and native: a line of JSON a window.

A line is [plain_us, native_us, equal, bytes allocated, readings ...]. The time is that of the sums and the search for
crossings, all of a window; what the floats around them take is not in it.
"""

import gc
import json
import sys
from array import array
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from hal import kernels_viper
from islet.measure import kernels
from islet.measure.meter import Meter
from islet.measure.wiring import single_phase
from islet.state.image import Image

REPEAT = 20  # of the native sums, for a clock of microseconds


class Work:
    """A meter and the integer work of its window: the search for crossings, then all sums over the cycles."""

    def __init__(self, meter: Meter) -> None:
        self.meter = meter
        self.found = array("H", bytes(64))

    def once(self, window: "array[int]", kept: int, n_sets: int) -> None:
        """Search and add up as measure() has just done; allocates nothing."""
        crossings = self.meter.kernels.crossings
        for voltage in self.meter.voltages:
            cycles = voltage.cycles
            crossings(window, cycles.stride, cycles.channel, kept, n_sets, cycles.arm, self.found, 32)
        self.meter.accumulate(window)

    def timed(self, window: "array[int]", kept: int, n_sets: int, repeat: int) -> float:
        """Return µs of one window."""
        start = ticks_us()
        for _ in range(repeat):
            self.once(window, kept, n_sets)
        return float(ticks_diff(ticks_us(), start) / repeat)

    def allocated(self, window: "array[int]", kept: int, n_sets: int) -> int:
        """Return the bytes that one window takes from the heap."""
        gc.collect()
        gc.disable()  # so that nothing is freed meanwhile
        before = gc.mem_alloc()  # type: ignore[attr-defined]
        self.once(window, kept, n_sets)
        taken = gc.mem_alloc() - before  # type: ignore[attr-defined]
        gc.enable()
        return int(taken)


def readings(meter: Meter) -> list[float]:
    """Return what the window read."""
    bus = meter.bus
    load = meter.currents[-1]
    return [bus.rms_v, bus.hz, bus.phase_rad, load.rms_a, load.active_w, load.reactive_var, load.thd_pu]


def main(path: str, n_sets: int, kept: int, ratings: list[float]) -> None:
    """Measure each window of the file with both kernels in turn."""
    works = [Work(Meter(k, single_phase(*ratings), n_sets - kept)) for k in (kernels, kernels_viper)]
    image = Image()
    window = array("H", bytes(8 * n_sets))
    first = True
    with open(path, "rb") as file:
        while file.readinto(window) == len(window) * 2:
            for work in works:
                work.meter.measure(window, 0 if first else kept, n_sets, image, 0)
            first = False
            plain, native = [readings(work.meter) for work in works]
            times = [works[0].timed(window, kept, n_sets, 1), works[1].timed(window, kept, n_sets, REPEAT)]
            taken = works[1].allocated(window, kept, n_sets)
            print(json.dumps(times + [plain == native, taken] + native))


main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), json.loads(sys.argv[4]))
