"""Meters windows from a file on MicroPython: per window a line [plain_us, native_us, equal, readings ...]."""

import json
import sys
from array import array
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from hal import kernels_viper
from islet.measure import kernels
from islet.measure.meter import Meter, Ratings
from islet.state.image import Image

READINGS = ("grid_hz", "bus_hz", "grid_v", "bus_v", "grid_w", "metered_load_w")


def timed(meter: Meter, window: "array[int]", n_sets: int, image: Image) -> tuple[int, list[float]]:
    """Measure one window; return µs and the readings."""
    start = ticks_us()
    meter.measure(window, n_sets, image, 0)
    spent = ticks_diff(ticks_us(), start)
    return spent, [getattr(image, name).value for name in READINGS]


def main(path: str, n_sets: int, ratings: list[float]) -> None:
    """Measure each window of the file with both kernels in turn."""
    volts, amps, noise = ratings
    meters = [Meter(k, Ratings(volts, amps, noise_codes=noise)) for k in (kernels, kernels_viper)]
    image = Image()
    window = array("H", bytes(8 * n_sets))
    with open(path, "rb") as file:
        while file.readinto(window) == len(window) * 2:
            plain_us, plain = timed(meters[0], window, n_sets, image)
            native_us, native = timed(meters[1], window, n_sets, image)
            print(json.dumps([plain_us, native_us, plain == native] + native))


main(sys.argv[1], int(sys.argv[2]), json.loads(sys.argv[3]))
