"""The firmware's own meter over a MeterSignal, window after window as a sampler hands them over."""

from array import array
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from host_tools.plant import adc, meter_points, meter_reference
from host_tools.plant.meter_points import Point
from host_tools.plant.meter_signal import Adc, Codes, MeterSignal, Wave
from host_tools.plant.types import Floats
from islet.base.clock import add_ms
from islet.measure import kernels, linearise
from islet.measure.interval import Interval
from islet.measure.meter import Meter
from islet.measure.wiring import BUS_V, Channel, Wiring
from islet.state.image import Image

WINDOW_SETS = 360  # 100 ms at 3600 sets a second
WINDOWS_S = 10  # windows in a second
SETTLE = 3  # windows before an interval
TEN_S, LONGEST_S = 10, 60  # of an interval
TABLE_S = 1500  # of mains voltage, for the widths of a converter's codes


class Converter(NamedTuple):
    """A converter, the table that takes its codes to window codes, and the gains of a calibration at one point."""

    adc: Adc
    table: NDArray[np.uint16]
    calibration: dict[str, dict[str, float]]


class Figure(NamedTuple):
    """Errors at a point, by the firmware and by numpy on the same codes; standard error of P, and the time."""

    p_pct: float
    numpy_p_pct: float
    pf: float
    numpy_pf: float
    volts: float
    numpy_volts: float
    amps: float
    numpy_amps: float
    spread_pct: float
    seconds: int

    @classmethod
    def worst(cls, figures: Iterable["Figure"]) -> "Figure":
        """Return the largest absolute value of each."""
        return cls(*np.abs(np.array(list(figures))).max(axis=0).tolist())


class MeterRun:
    """Meter and Interval with the plain kernels; each step is one window of new sets and the history before it."""

    def __init__(self, signal: MeterSignal, table: NDArray[np.uint16]) -> None:
        """The table turns raw codes of the signal's converter into window codes (islet.measure.linearise)."""
        self.signal = signal
        self.meter = Meter(kernels, signal.wiring)
        self.interval = Interval(self.meter)
        self.image = Image()
        self._raw: list[Codes] = []
        self._table = table
        self._history = np.zeros((0, signal.wiring.stride), dtype=np.uint16)
        self._ms = 0

    def step(self) -> Meter:
        """Measure the next window; return the meter."""
        raw = self.signal.codes(WINDOW_SETS)
        self._raw.append(raw)
        window = np.vstack([self._history, self._table[raw]])
        self._ms = add_ms(self._ms, 1000 // WINDOWS_S)
        kept = len(self._history)
        self.meter.measure(array("H", window.tobytes()), kept, len(window), self.image, self._ms)
        self.interval.add()
        self._history = window[-self.signal.wiring.history() :]
        return self.meter

    def windows(self, count: int) -> Iterator[Meter]:
        """Yield the meter after each of so many windows."""
        for _ in range(count):
            yield self.step()

    def clear(self) -> None:
        """Begin a new interval and forget the codes of the last."""
        self.interval.reset()
        self._raw = []

    def units(self) -> Floats:
        """Return V and A of all samples since clear(), through table and gains, [n_sets, stride]."""
        return meter_reference.in_units(self.signal.wiring, np.vstack(self._raw), self._table)

    def place(self, current: str) -> int:
        """Return the place of a current in the meter's and the interval's lists."""
        return [one.channel.name for one in self.meter.currents].index(current)


def ideal() -> Converter:
    """Return 12 even bits with one LSB of noise."""
    return Converter(Adc(12, 1.0), np.array(linearise.plain_table(), dtype=np.uint16), {})


def rp2040(seed: int, own: bool) -> Converter:
    """Return a board's converter behind the table the firmware makes of it (or the generic one), calibrated at Ib."""
    widths = adc.board_widths(seed)
    table = own_table(widths) if own else linearise.generic_table()
    return calibrated(Converter(adc.rp2040(widths), np.array(table, dtype=np.uint16), {}), seed)


def own_table(widths: Floats) -> Any:
    """Return the table from the firmware's Histogram of mains voltage at 253 V, TABLE_S long."""
    wiring = Wiring([Channel("v", BUS_V, 1, meter_points.VOLTS_PER_CODE)])
    v = Wave(1.1 * meter_points.NOMINAL_V, 0.0, ((5.0, 0.03, 0.0), (7.0, 0.015, 0.0)))
    signal = MeterSignal(wiring, {"v": v}, hz=49.983, seed=7, adc=adc.rp2040(widths))
    histogram = linearise.Histogram()
    for _ in range(TABLE_S):
        histogram.add(array("H", signal.codes(3600).tobytes()), 0, 1, 3600)
    codes, own = histogram.widths()
    return linearise.wide_code_table(own, codes)


def calibrated(converter: Converter, seed: int) -> Converter:
    """Return the converter with the gains that make voltage and power right at Ib, PF 1."""
    point = Point(meter_points.BASE_A)
    run = started(point, converter, seed + 1000)
    for _ in run.windows(TEN_S * WINDOWS_S):
        pass
    v_gain = point.volts / run.interval.rms_v(1)
    p_w, _ = run.signal.true_power("load_i")
    i_gain = p_w / run.interval.active_w(run.place("load_i")) / v_gain
    gains = {"grid_v": {"gain": v_gain}, "bus_v": {"gain": v_gain}, "load_i": {"gain": i_gain}}
    return converter._replace(calibration=gains)


def started(point: Point, converter: Converter, seed: int) -> MeterRun:
    """Return a run at a point, calibrated and settled."""
    wiring = meter_points.wiring()
    wiring.calibrate(converter.calibration)
    run = MeterRun(MeterSignal(wiring, point.waves(), point.hz, seed, converter.adc), converter.table)
    for _ in run.windows(SETTLE):
        pass
    run.clear()
    return run


def measure(point: Point, converter: Converter, limit_pct: float, seed: int = 1) -> Figure:
    """Return the errors over 10 s, or longer until the spread is under a third of the limit."""
    run = started(point, converter, seed)
    place, powers = run.place("load_i"), []
    p_w, _ = run.signal.true_power("load_i")
    while True:
        powers += [meter.currents[place].active_w for meter in run.windows(TEN_S * WINDOWS_S)]
        seconds = len(powers) // WINDOWS_S
        means = np.reshape(powers, (seconds, WINDOWS_S)).mean(axis=1)
        spread_pct = float(100.0 * means.std(ddof=1) / np.sqrt(seconds) / p_w)
        if spread_pct < limit_pct / 3.0 or seconds >= LONGEST_S:
            break
    numpy_p, numpy_v, numpy_i, numpy_pf = meter_reference.read(
        run.signal.wiring, run.units(), "bus_v", "load_i"
    )
    rms_v, rms_a = _rms(point.voltage()), _rms(point.current())
    pf = p_w / (rms_v * rms_a)
    mean = run.interval
    return Figure(
        100.0 * (mean.active_w(place) / p_w - 1.0),
        100.0 * (numpy_p / p_w - 1.0),
        mean.power_factor(place) - pf,
        numpy_pf - pf,
        mean.rms_v(1) - rms_v,
        numpy_v - rms_v,
        mean.rms_a(place) - rms_a,
        numpy_i - rms_a,
        spread_pct,
        seconds,
    )


def _rms(wave: Wave) -> float:
    if wave.half_wave:  # without its DC, as behind a transformer: sqrt(2) (1/4 - 1/pi**2)**0.5
        return float(wave.rms * np.sqrt(2.0 * (0.25 - 1.0 / np.pi**2)))
    share = wave.burst[0] / sum(wave.burst)
    return float(wave.rms * np.sqrt(share * (1.0 + sum(pu**2 for _, pu, _ in wave.harmonics))))
