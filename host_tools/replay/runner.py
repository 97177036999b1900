"""Runs the firmware's meter over a recording, window by window, as a node would."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import floor
from typing import Any

from host_tools.errors import InputError
from host_tools.replay import kernels_numpy
from host_tools.replay.reader import Recording
from host_tools.replay.reading import Reading, Span, half_extremes
from host_tools.replay.watch import EventReading, FindingReading, Watch, moment
from host_tools.replay.windows import Window, Windows
from islet.measure.energy import EXPORT, IMPORT, Energies
from islet.measure.meter import Meter
from islet.state.image import Image

WINDOW_MS = 100
WINDOW_MS_MIN, WINDOW_MS_MAX = 60, 1000
WH_J = 3600.0
EVENTS_KEPT = 1000  # in a reading, or in the summary
GRID = "=grid"  # the energy of all grid currents; no channel can have this name
TICKS = 1 << 30  # milliseconds wrap here on the boards


@dataclass
class Summary:
    """The whole recording: means, extremes of the windows, energy, and what was missing."""

    rows: int
    windows: int
    measured_s: float
    lost_sets: int
    gaps: int
    unmeasured_sets: int
    hz_min: float | None
    hz_max: float | None
    rms_v_min: dict[str, float | None]  # of windows, by channel
    rms_v_max: dict[str, float | None]
    events_count: int | None  # that ended; None without a grid voltage
    mean: Reading  # over the recording, with its first EVENTS_KEPT events


class Replay:
    """A recording under way: `readings` yields a Reading an interval, then `summary` has the whole."""

    def __init__(
        self,
        recording: Recording,
        window_ms: int = WINDOW_MS,
        interval_s: float | None = None,
        kernels: Any = kernels_numpy,
    ) -> None:
        """interval_s is the time over which a Reading is the mean; None: one window each."""
        self._recording = recording
        header = recording.header
        self._set_hz = header.set_hz
        self._start = header.start
        new = round(header.set_hz * window_ms / 1000)
        self._interval_sets = (interval_s or 0.0) * header.set_hz - 0.5
        wiring = header.wiring()
        self.meter = Meter(kernels, wiring, new)
        self.windows = Windows(header, wiring.history(), new, kernels)
        self._image = Image()
        self._span, self._whole = Span(self.meter), Span(self.meter)
        self._energies = Energies([GRID, *(current.channel.name for current in self.meter.currents)])
        self._watch = Watch(self.meter, header.two_way, header.start)
        self._events: list[EventReading] = []  # of this span
        self._all_events: list[EventReading] = []
        self._events_count = 0
        self._end_set = 0

    def readings(self, tell: Callable[[int], None] = lambda rows: None) -> Iterator[Reading]:
        """Go through the recording once, `tell` how many rows; InputError when it is wrong or too short."""
        for window in self.windows.cut(self._recording.blocks()):
            tell(self.windows.rows)
            self._measure(window)
            if self._span.n_sets >= self._interval_sets:
                yield self._take()
        if not self._whole.windows:
            self._refuse()
        if self._span.windows:
            yield self._take()

    def summary(self) -> Summary:
        """Return what there is to say about the whole; after the last reading."""
        whole, windows, voltages = self._whole, self.windows, self.meter.voltages
        return Summary(
            rows=windows.rows,
            windows=whole.windows,
            measured_s=whole.n_sets / self._set_hz,
            lost_sets=windows.lost_sets,
            gaps=windows.gaps,
            unmeasured_sets=windows.unmeasured_sets,
            hz_min=whole.hz.low,
            hz_max=whole.hz.high,
            rms_v_min={v.channel.name: whole.rms[k].low for k, v in enumerate(voltages)},
            rms_v_max={v.channel.name: whole.rms[k].high for k, v in enumerate(voltages)},
            events_count=self._events_count if self._watch.sees_events else None,
            mean=self._reading(whole, self._all_events + self._watch.ongoing(), self._watch.all_findings()),
        )

    def _measure(self, window: Window) -> None:
        new = window.n_sets - window.kept
        begin_ms = floor(1000 * (window.end_set - new) / self._set_hz)
        end_ms = floor(1000 * window.end_set / self._set_hz)
        self._end_set = window.end_set
        self.meter.measure(self.windows.codes, window.kept, window.n_sets, self._image, end_ms % TICKS)
        self._count(window, end_ms - begin_ms)
        halves = half_extremes(self.meter)
        for span in (self._span, self._whole):
            span.add(new, window.lost_sets, halves)
        self._note(
            self._watch.step(self.windows.codes, window, end_ms % TICKS, window.end_set / self._set_hz)
        )

    def _count(self, window: Window, dt_ms: int) -> None:
        meter, energies = self.meter, self._energies
        if not window.kept:
            energies.owed_ms = 0  # what was left over before a gap is not measured any more
        due_ms = energies.due_ms(dt_ms, meter.tail_ms)
        try:
            energies.step(0, meter.grid_w, meter.grid_var, due_ms)
            for k, current in enumerate(meter.currents, 1):
                energies.step(k, current.active_w, current.reactive_var, due_ms)
        except ValueError as error:
            raise InputError(
                f"{self._recording.path}: the power before {window.end_set / self._set_hz:.3f} s cannot be counted "
                f"({error}); correct the channels' scales."
            ) from error

    def _note(self, events: list[EventReading]) -> None:
        self._events += events[: EVENTS_KEPT - len(self._events)]
        self._events_count += len(events)
        self._all_events += events[: EVENTS_KEPT - len(self._all_events)]

    def _take(self) -> Reading:
        """Return the reading of the span, and begin the next."""
        reading = self._reading(self._span, self._events, self._watch.findings())
        self._span.clear()
        self._events = []
        return reading

    def _reading(self, span: Span, events: list[EventReading], findings: list[FindingReading]) -> Reading:
        meter = self.meter
        grid_w, grid_var, load_w = span.powers()
        import_wh, export_wh = self._energy_wh(0)
        return Reading(
            t_s=self._end_set / self._set_hz,
            time=moment(self._start, self._end_set / self._set_hz),
            span_s=span.n_sets / self._set_hz,
            windows=span.windows,
            lost_sets=span.lost_sets,
            hz=span.bus_hz(),
            hz_1s=meter.hz_1s or None,
            rocof_hz_per_s=meter.rocof_hz_per_s if meter.hz_1s else None,
            grid_w=grid_w,
            grid_var=grid_var,
            load_w=load_w,
            import_wh=None if grid_w is None else import_wh,
            export_wh=None if grid_w is None else export_wh,
            voltages={v.channel.name: span.voltage(k) for k, v in enumerate(meter.voltages)},
            currents={
                c.channel.name: span.current(k, self._energy_wh(k + 1)) for k, c in enumerate(meter.currents)
            },
            events=events,
            findings=findings,
        )

    def _energy_wh(self, index: int) -> tuple[float, float]:
        point = self._energies.points[index]
        imported_wh, exported_wh = point.import_wh, point.export_wh
        return imported_wh + point.rest_j(IMPORT) / WH_J, exported_wh + point.rest_j(EXPORT) / WH_J

    def _refuse(self) -> None:
        least_s = self.windows.least / self._set_hz
        rows = self.windows.rows
        if not rows:
            raise InputError(
                f"{self._recording.path} has no rows below its header; write a row of codes a set."
            )
        raise InputError(
            f"{self._recording.path} has {rows} rows and nowhere {self.windows.least} of them ({least_s:.3f} s) "
            "without a gap; a window needs as many, record for longer."
        )
