"""What the firmware notices beside the quantities: events of the grid's voltages, and findings of its self-checks."""

from array import array
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from host_tools.replay.windows import Window
from islet.base.clock import elapsed_ms
from islet.measure.checks import Checks
from islet.measure.disturbance import EVENT_NAMES, Event, name_1159, name_50160
from islet.measure.events import KEPT, Events
from islet.measure.meter import Meter
from islet.measure.wiring import GRID_V


@dataclass
class EventReading:
    """One sag, swell or interruption; `begin_s` after the first sample, known to `unsure_s`."""

    event: str
    ieee_1159: str
    en_50160: str
    begin_s: float
    time: str | None
    duration_s: float
    unsure_s: float
    unseen_s: float  # of the duration, in gaps of the recording
    extreme_v: float  # residual voltage of a sag or interruption, highest of a swell
    channels: list[str]
    from_start: bool  # it was there when the recording began
    ongoing: bool  # it was there when the recording ended


@dataclass
class FindingReading:
    """A code of the self-checks that stands, or stood; docs/meter_checks.md says what it means."""

    code: str
    channel: str | None  # None: the meter as a whole
    since_s: float
    time: str | None
    evidence: float
    stands: bool  # at the end


class Watch:
    """The firmware's Events, if the meter has grid voltages, and its Checks."""

    def __init__(self, meter: Meter, two_way: tuple[str, ...], start: datetime | None) -> None:
        """The events are those of all grid voltages together; start is the time of the first sample."""
        self._meter = meter
        self._start = start
        self._names = [v.channel.name for v in meter.voltages if v.channel.kind == GRID_V]
        self._events = Events(len(self._names), meter.wiring.v_nominal_v) if self._names else None
        self._checks = Checks(meter, two_way)
        self._ever: dict[tuple[str, str], FindingReading] = {}
        self._told = 0
        self._now_ms = 0
        self._end_s = 0.0
        self._first_s: float | None = None  # end of the first window, from which the events count their time

    @property
    def sees_events(self) -> bool:
        """Whether there is a grid voltage to have events."""
        return self._events is not None

    def step(self, codes: "array[int]", window: Window, now_ms: int, end_s: float) -> list[EventReading]:
        """Take in the meter's last window, which ended at now_ms, end_s; return the events that ended in it.

        The contactor counts as closed.
        """
        self._now_ms, self._end_s = now_ms, end_s
        self._first_s = end_s if self._first_s is None else self._first_s
        self._checks.step(codes, window.kept, window.n_sets, now_ms, True, window.lost_sets)
        if self._checks.found_in.any():
            self._ever |= {(finding.code, finding.channel or ""): finding for finding in self.findings()}
        events = self._events
        if events is None:
            return []
        events.step(self._meter, now_ms, 0)
        fresh = range(max(self._told, events.count - KEPT), events.count)
        self._told = events.count
        return [self._reading(events.get(n), ongoing=False) for n in fresh]

    def findings(self) -> list[FindingReading]:
        """Return what stands now."""
        if not self._checks.found_in.any():
            return []
        return [self._finding(*row) for row in self._checks.details()]

    def all_findings(self) -> list[FindingReading]:
        """Return what stood at any time, each as it was last."""
        now = {(code, channel) for code, channel in self._checks.found()}
        return [replace(finding, stands=key in now) for key, finding in self._ever.items()]

    def ongoing(self) -> list[EventReading]:
        """Return the events that have not ended."""
        running = self._events.running if self._events else ()
        return [self._reading(one.event, ongoing=True) for one in running if one.on]

    def _finding(self, code: str, channel: str, since_ms: int, evidence: float) -> FindingReading:
        since_s = self._end_s - elapsed_ms(self._now_ms, since_ms) / 1000
        return FindingReading(
            code, channel or None, since_s, moment(self._start, since_s), evidence, stands=True
        )

    def _reading(self, event: Event, ongoing: bool) -> EventReading:
        begin_s = (self._first_s or 0.0) + event.begin_ms / 1000
        return EventReading(
            event=EVENT_NAMES[event.kind],
            ieee_1159=name_1159(event, self._meter.wiring.f0_hz),
            en_50160=name_50160(event),
            begin_s=begin_s,
            time=moment(self._start, begin_s),
            duration_s=event.duration_ms / 1000,
            unsure_s=event.unsure_ms / 1000,
            unseen_s=event.unseen_ms / 1000,
            extreme_v=event.extreme_v,
            channels=[name for n, name in enumerate(self._names) if event.phases >> n & 1],
            from_start=event.from_start,
            ongoing=ongoing,
        )


def moment(start: datetime | None, t_s: float) -> str | None:
    """Return the time t_s after the start, UTC to the millisecond; None without a start."""
    if start is None:
        return None
    return (start + timedelta(seconds=t_s)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
