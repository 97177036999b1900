"""A device on the simulated bench: `device.py PORT HOME`, JSON lines on standard input and output; MicroPython."""

import json
import sys
from array import array

from hal import kernels_viper
from hal.store import Store
from host_tools.calibrate.upy.reader import Reader
from host_tools.calibrate.upy.samples import WINDOW_SETS, Samples, bench_wiring
from host_tools.calibrate.upy.service import Service, serve
from islet.measure import calibration
from islet.measure.linearise import GENERIC_WIDTHS, WIDE_CODES
from islet.measure.meter import Meter


def table_of(found: dict[str, object]) -> "array[int]":
    """Return the table of the converter: measured widths, or those of a typical one."""
    table: array[int] = calibration.table(found, WIDE_CODES, GENERIC_WIDTHS)
    return table


def main(port: int, home: str) -> None:
    """Serve until the input ends."""
    wiring = bench_wiring()
    reader = Reader(
        kernels_viper, Meter(kernels_viper, wiring, WINDOW_SETS), Samples(port, wiring, kernels_viper)
    )
    service = Service("simulated", reader, Store(home), table_of)
    serve(service, sys.stdin.buffer, lambda answer: print(json.dumps(answer)))


main(int(sys.argv[1]), sys.argv[2])
