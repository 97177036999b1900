"""What the meter says of a window, or of a mean over several."""

from dataclasses import dataclass, field
from math import atan2, isnan

from host_tools.replay.watch import EventReading, FindingReading
from islet.measure.interval import Interval
from islet.measure.meter import Meter
from islet.measure.wiring import GRID_I, LOAD_I


@dataclass
class VoltageReading:
    """A voltage input; half_* are the lowest and highest rms of one cycle (IEC 61000-4-30: Urms(1/2))."""

    rms_v: float
    fundamental_v: float
    hz: float | None
    phase_rad: float | None
    thd_pu: float | None
    half_min_v: float | None
    half_max_v: float | None


@dataclass
class CurrentReading:
    """A current input; power is positive along its arrow, reactive power when it lags, energy since the start."""

    rms_a: float
    active_w: float
    reactive_var: float
    apparent_va: float
    power_factor: float | None
    fundamental_w: float
    angle_rad: float | None
    thd_pu: float | None
    import_wh: float
    export_wh: float


@dataclass
class Reading:
    """All quantities of a span that ends `t_s` after the first sample; None where there is no such value."""

    t_s: float
    time: str | None
    span_s: float
    windows: int
    lost_sets: int
    hz: float | None
    hz_1s: float | None
    rocof_hz_per_s: float | None
    grid_w: float | None
    grid_var: float | None
    load_w: float | None
    import_wh: float | None
    export_wh: float | None
    voltages: dict[str, VoltageReading] = field(default_factory=dict)
    currents: dict[str, CurrentReading] = field(default_factory=dict)
    events: list[EventReading] = field(default_factory=list)  # that ended in the span
    findings: list[FindingReading] = field(default_factory=list)  # that stand at its end


class Extremes:
    """The lowest and highest of what was told; None before."""

    def __init__(self) -> None:
        self.low: float | None = None
        self.high: float | None = None

    def add(self, value: float) -> None:
        """Take in one value."""
        self.low = value if self.low is None else min(self.low, value)
        self.high = value if self.high is None else max(self.high, value)


class Mean:
    """A weighted mean that leaves out what is not a number; None before anything was told."""

    def __init__(self) -> None:
        self._total = self._weight = 0.0

    def add(self, value: float, weight: float) -> None:
        """Take in one value."""
        if not isnan(value):
            self._total += value * weight
            self._weight += weight

    def value(self) -> float | None:
        """Return the mean."""
        return self._total / self._weight if self._weight else None


class Span:
    """Collects windows: the firmware's Interval, and beside it what that does not keep."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._interval = Interval(meter)
        self.clear()

    def clear(self) -> None:
        """Begin anew."""
        voltages, currents = self._meter.voltages, self._meter.currents
        self._interval.reset()
        self.n_sets = 0
        self.lost_sets = 0
        self.hz = Extremes()
        self._cycles = [0.0 for _ in voltages]
        self._length = [0.0 for _ in voltages]
        self.rms = [Extremes() for _ in voltages]
        self.half = [Extremes() for _ in voltages]
        self._fundamental_v = [Mean() for _ in voltages]
        self._thd_v = [Mean() for _ in voltages]
        self._thd_a = [Mean() for _ in currents]
        self._grid_w, self._grid_var, self._load_w = Mean(), Mean(), Mean()

    @property
    def windows(self) -> int:
        """How many windows are in it."""
        return int(self._interval.windows)

    def add(self, new: int, lost: int, halves: list[list[float]]) -> None:
        """Take in the window that the meter has just measured: `new` sets, `lost` ones missing before.

        halves: extremes of the half cycles' rms of each voltage, none where none ended.
        """
        meter = self._meter
        self._interval.add()
        self.n_sets += new
        self.lost_sets += lost
        if meter.bus.alive():
            self.hz.add(meter.bus.cycles.count * meter.wiring.set_hz / meter.bus.cycles.length)
        for k, voltage in enumerate(meter.voltages):
            self.rms[k].add(voltage.rms_v)
            self._fundamental_v[k].add(voltage.fundamental_v, new)
            if voltage.alive():
                self._cycles[k] += voltage.cycles.count
                self._length[k] += voltage.cycles.length
            self._thd_v[k].add(voltage.thd_pu if voltage.alive() else float("nan"), new)
            for half_v in halves[k]:
                self.half[k].add(half_v)
        for k, current in enumerate(meter.currents):
            self._thd_a[k].add(current.thd_pu, new)
        self._grid_w.add(meter.grid_w, new)
        self._grid_var.add(meter.grid_var, new)
        self._load_w.add(meter.load_w, new)

    def powers(self) -> tuple[float | None, float | None, float | None]:
        """Return the means of grid_w, grid_var and load_w, None where no current is of that kind."""
        kinds = [current.channel.kind for current in self._meter.currents]
        grid, load = GRID_I in kinds, LOAD_I in kinds
        return (
            self._grid_w.value() if grid else None,
            self._grid_var.value() if grid else None,
            self._load_w.value() if load else None,
        )

    def frequency_hz(self, k: int) -> float | None:
        """Return the frequency of a voltage over the cycles of its live windows, None when there is none."""
        length = self._length[k]
        return self._cycles[k] * self._meter.wiring.set_hz / length if length else None

    def bus_hz(self) -> float | None:
        """Return the frequency of the bus, None when it was dead throughout."""
        return self.frequency_hz(self._meter.voltages.index(self._meter.bus))

    def voltage(self, k: int) -> VoltageReading:
        """Return the reading of the voltage at a place in meter.voltages; its phase is that of the last window."""
        voltage, half = self._meter.voltages[k], self.half[k]
        return VoltageReading(
            rms_v=self._interval.rms_v(k),
            fundamental_v=self._fundamental_v[k].value() or 0.0,
            hz=self.frequency_hz(k),
            phase_rad=voltage.phase_rad if voltage.alive() else None,
            thd_pu=self._thd_v[k].value(),
            half_min_v=half.low,
            half_max_v=half.high,
        )

    def current(self, k: int, energy_wh: tuple[float, float]) -> CurrentReading:
        """Return the reading of the current at a place in meter.currents."""
        interval = self._interval
        power_factor = interval.power_factor(k)
        across, along = interval.reactive_var(k), interval.fundamental_w(k)
        return CurrentReading(
            rms_a=interval.rms_a(k),
            active_w=interval.active_w(k),
            reactive_var=across,
            apparent_va=interval.apparent_va(k),
            power_factor=None if isnan(power_factor) else power_factor,
            fundamental_w=along,
            angle_rad=atan2(across, along) if across or along else None,
            thd_pu=self._thd_a[k].value(),
            import_wh=energy_wh[0],
            export_wh=energy_wh[1],
        )


def half_extremes(meter: Meter) -> list[list[float]]:
    """Return the lowest and highest half_v of each voltage in the last window, [] where no half cycle ended."""
    all_of = [[voltage.half_v(n) for n in range(voltage.half_count)] for voltage in meter.voltages]
    return [[min(values), max(values)] if values else [] for values in all_of]
