"""What happens to the district in a day: the outage of the supply, and faults of other things."""

import math
from dataclasses import dataclass

from host_tools.city.options import DAY_S, FAULTS, Options
from host_tools.errors import InputError

NOON_S = 12 * 3600
BROKER_DEAD_S = 600
FINE_BEFORE_S = 1.0
FINE_AFTER_S = 30.0


@dataclass(frozen=True)
class Window:
    """Local seconds of the day from start_s on, before end_s."""

    start_s: float
    end_s: float

    def holds(self, t_s: float) -> bool:
        """Whether the moment lies inside."""
        return self.start_s <= t_s < self.end_s


@dataclass(frozen=True)
class Fault:
    """One thing out of order for a while."""

    kind: str  # one of FAULTS
    window: Window


@dataclass(frozen=True)
class Scenario:
    """The day's outage and faults; every moment is a local second of the day."""

    outage: Window | None = None
    faults: tuple[Fault, ...] = ()

    def __post_init__(self) -> None:
        """Raise InputError for a window that lies wrong or a fault that is unknown."""
        if self.outage is not None:
            _check("outage", self.outage)
        for fault in self.faults:
            if fault.kind not in FAULTS:
                raise InputError(f"fault {fault.kind!r} is unknown; known faults: {', '.join(FAULTS)}")
            _check(f"fault {fault.kind}", fault.window)

    @classmethod
    def from_options(cls, options: Options) -> "Scenario":
        """Return the scenario a person asked for; raises InputError."""
        outage = None
        if options.outage_length_s != 0:
            outage = Window(options.outage_s, options.outage_s + options.outage_length_s)
        dead = Window(NOON_S, NOON_S + BROKER_DEAD_S)
        return cls(outage, tuple(Fault(kind, dead) for kind in options.faults))

    def grid_up(self, t_s: float) -> bool:
        """Whether the feeder has supply."""
        return self.outage is None or not self.outage.holds(t_s)

    def faulty(self, kind: str, t_s: float) -> bool:
        """Whether a fault of this kind is on."""
        return any(fault.kind == kind and fault.window.holds(t_s) for fault in self.faults)

    def fine(self, t_s: float) -> bool:
        """Whether a loss or return of supply is so near that steps must be short."""
        return any(window.holds(t_s) for window in self._fine_windows())

    def next_change_s(self, t_s: float) -> float:
        """Return the first moment after t_s at which grid_up, faulty or fine changes, else inf."""
        windows = [*self._fine_windows(), *(fault.window for fault in self.faults)]
        if self.outage is not None:
            windows.append(self.outage)
        edges = [edge for window in windows for edge in (window.start_s, window.end_s)]
        return min((edge for edge in edges if edge > t_s), default=math.inf)

    def _fine_windows(self) -> list[Window]:
        if self.outage is None:
            return []
        edges = (self.outage.start_s, self.outage.end_s)
        return [Window(max(edge - FINE_BEFORE_S, 0.0), edge + FINE_AFTER_S) for edge in edges]


def _check(what: str, window: Window) -> None:
    if not 0 <= window.start_s < window.end_s <= DAY_S:
        raise InputError(
            f"{what} from {_clock(window.start_s)} to {_clock(window.end_s)}: it must start and then end "
            "within the day"
        )


def _clock(t_s: float) -> str:
    if not math.isfinite(t_s):
        return str(t_s)
    minutes = math.floor(t_s / 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
