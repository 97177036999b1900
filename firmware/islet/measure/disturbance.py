"""One disturbance of the supply: what is known of it, its names in the standards, and how it begins and ends."""

SAG, SWELL, INTERRUPTION = 0, 1, 2
EVENT_NAMES = ("sag", "swell", "interruption")
_INSTANTANEOUS = 30  # cycles (IEEE 1159, table of categories)
_MOMENTARY_MS = 3000
_TEMPORARY_MS = 60_000
_SHORT_MS = 180_000  # EN 50160: an interruption up to three minutes


class Event:
    """One event of the supply; `phases` has bit n set when voltage n took part."""

    def __init__(self) -> None:
        self.kind = SAG
        self.begin_ms = 0  # milliseconds since the first step of Events; it does not wrap
        self.epoch_s = 0  # UTC of the beginning, 0 while no clock was valid
        self.duration_ms = 0
        self.extreme_v = (
            0.0  # residual voltage of a sag or interruption, highest of a swell, of the worst phase
        )
        self.phases = 0
        self.unsure_ms = 0  # how far the duration may be off; half a cycle when all was seen
        self.unseen_ms = 0  # not covered by any window: the worst voltage may have been there
        self.from_start = False  # it was there at the first value since boot: begun earlier
        self.interrupted = False  # this sag holds an interruption, which is kept as an event of its own

    def copy(self, other: "Event") -> None:
        """Take over all of the other event."""
        self.kind = other.kind
        self.begin_ms = other.begin_ms
        self.epoch_s = other.epoch_s
        self.duration_ms = other.duration_ms
        self.extreme_v = other.extreme_v
        self.phases = other.phases
        self.unsure_ms = other.unsure_ms
        self.unseen_ms = other.unseen_ms
        self.from_start = other.from_start
        self.interrupted = other.interrupted


def name_1159(event: Event, f0_hz: float = 50.0) -> str:
    """Return the name of IEEE 1159 by kind and duration, as `momentary sag` or `sustained interruption`."""
    ms = event.duration_ms
    if ms > _TEMPORARY_MS:
        return ("undervoltage", "overvoltage", "sustained interruption")[event.kind]
    span = "temporary" if ms > _MOMENTARY_MS else "momentary"
    if event.kind != INTERRUPTION and ms * f0_hz <= _INSTANTANEOUS * 1000:
        span = "instantaneous"
    return span + " " + EVENT_NAMES[event.kind]


def name_50160(event: Event) -> str:
    """Return the name of EN 50160: dip, swell, short or long interruption, and what lasts over a minute."""
    if event.kind == INTERRUPTION:
        return "long interruption" if event.duration_ms > _SHORT_MS else "short interruption"
    if event.duration_ms > _TEMPORARY_MS:
        return ("low voltage", "high voltage")[event.kind]
    return ("voltage dip", "voltage swell")[event.kind]


class Running:
    """The event of one kind that is going on, if `on`."""

    def __init__(self, kind: int, n_phases: int, enter_v: float, leave_v: float) -> None:
        """A phase is out from beyond enter_v until it is back at leave_v."""
        self.event = Event()
        self.event.kind = kind
        self.sign = 1.0 if kind == SWELL else -1.0
        self.enter_v = enter_v
        self.leave_v = leave_v
        self.whole = (1 << n_phases) - 1 if kind == INTERRUPTION else 0
        self.out = 0  # bits of the phases beyond their threshold
        self.on = False

    def put(self, phase: int, volts: float, at_ms: int, gap_ms: int, half_ms: int, first: bool) -> int:
        """Take one value; return 1 when the event begins with it, -1 when it ends, else 0."""
        bit = 1 << phase
        limit = self.leave_v if self.out & bit else self.enter_v
        beyond = volts > limit if self.sign > 0.0 else volts < limit
        self.out = self.out | bit if beyond else self.out & ~bit
        active = self.out == self.whole if self.whole else self.out != 0
        if active and not self.on:
            self._begin(volts, at_ms, gap_ms + half_ms, first)
            return 1
        if self.on:
            self._go_on(volts, at_ms, gap_ms)
            if not active:
                self.on = False
                self.event.unsure_ms += gap_ms
                return -1
        return 0

    def _begin(self, volts: float, at_ms: int, unsure_ms: int, first: bool) -> None:
        event = self.event
        event.begin_ms = at_ms
        event.epoch_s = event.duration_ms = event.unseen_ms = 0
        event.extreme_v = volts
        event.phases = self.out
        event.unsure_ms = unsure_ms
        event.from_start = first
        event.interrupted = False
        self.on = True

    def _go_on(self, volts: float, at_ms: int, gap_ms: int) -> None:
        event = self.event
        event.duration_ms = at_ms - event.begin_ms
        event.unseen_ms += gap_ms
        event.phases |= self.out
        if (volts - event.extreme_v) * self.sign > 0.0:
            event.extreme_v = volts
