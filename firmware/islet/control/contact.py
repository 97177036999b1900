"""Is the contactor closed: its feedback, checked against the voltages on both sides of it."""

from islet.control.presence import count_ms

STUCK_NONE = 0
STUCK_OPEN = 1  # the feedback says open while the bus is one with the grid
STUCK_CLOSED = 2  # the feedback says closed while the bus goes its own way
DEAD_PU = 0.10
LIVE_PU = 0.50
SAME_PU = 0.02
SAME_RAD = 0.05
SAME_HZ = 0.03
APART_RAD = 0.35  # 20 degrees, and moving: a fixed angle may be a meter wired to another phase
APART_HZ = 0.02
JOINED_MS = 1000  # joined for so long: what says open is wrong
APART_MS = 300
FORMED_MS = 15_000  # while we form, a bus may lie on the grid's angle by chance
PROBE_MS = 10_000  # after which it is asked to leave it
PROBE_HZ = 0.1
PROOF_MS = 10_000  # how long a proof of being apart is good, with a feedback known as stuck
CLEAR_MS = 10_000  # the feedback agrees again for so long: it is trusted anew
DARK_MS = 1000


class Contact:
    """`closed` is what the machine goes by; without readings that contradict it that is the feedback."""

    def __init__(self, s) -> None:
        v = s.v_nominal_v
        self._dead_v, self._live_v, self._same_v = DEAD_PU * v, LIVE_PU * v, SAME_PU * v
        self.closed = True
        self.feedback = True
        self.stuck = STUCK_NONE
        self.joined = False  # both sides live and one, by the last readings
        self.apart = False  # they prove that the contact is open
        self.dark = False  # said to be closed, but the grid does not come through
        self._against = STUCK_NONE
        self._against_ms = -1
        self._agrees_ms = -1
        self._proof_ms = PROOF_MS  # since the last proof of being apart
        self._dark_ms = -1

    def step(self, image, now_ms: int, gap_ms: int, forming: bool, aiming: bool) -> None:
        """Judge; `forming`: we form the bus, `aiming`: it is led to the grid's angle, where it proves nothing."""
        self.feedback = image.contactor_closed
        self._compare(image, now_ms)
        self._proof_ms = 0 if self.apart else count_ms(self._proof_ms, gap_ms)
        self._contradict(gap_ms, FORMED_MS if forming else JOINED_MS, aiming)
        self._agree(gap_ms)
        if self.feedback:
            proven = self.stuck == STUCK_CLOSED and self._proof_ms < PROOF_MS
            self.closed = not (proven or (forming and self.apart))
        else:
            self.closed = self.stuck == STUCK_OPEN and self.joined

    def open_for_sure(self, image, now_ms: int) -> bool:
        """Return whether forming is safe; a feedback that was caught lying needs a proof."""
        if self.closed or (not self.feedback and self.joined):
            return False
        if self.stuck != STUCK_OPEN:
            return True
        return self.apart or self.dark_now(image, now_ms)

    def probe_hz(self) -> float:
        """Return by how much a formed bus shall run beside its target, to show that it is not tied to the grid."""
        tied = self._against == STUCK_OPEN and self._against_ms >= PROBE_MS
        return PROBE_HZ if tied or self.stuck == STUCK_CLOSED else 0.0

    def dark_now(self, image, now_ms: int) -> bool:
        """Return whether a live grid meets a dead bus: it does not come through."""
        if not (image.grid_v.usable(now_ms) and image.bus_v.usable(now_ms)):
            return False
        return image.grid_v.value > self._live_v and image.bus_v.value < self._dead_v

    def _compare(self, image, now_ms: int) -> None:
        self.joined = self.apart = False
        if not (image.grid_v.usable(now_ms) and image.bus_v.usable(now_ms)):
            return
        grid_v, bus_v = image.grid_v.value, image.bus_v.value
        if bus_v <= self._live_v:
            return
        if grid_v < self._dead_v:
            self.apart = True
            return
        hz_known = image.grid_hz.usable(now_ms) and image.bus_hz.usable(now_ms)
        if grid_v <= self._live_v or not hz_known or not image.slip_rad.usable(now_ms):
            return
        angle_rad, slip_hz = abs(image.slip_rad.value), abs(image.grid_hz.value - image.bus_hz.value)
        self.apart = angle_rad > APART_RAD and slip_hz > APART_HZ
        self.joined = angle_rad < SAME_RAD and slip_hz < SAME_HZ and abs(grid_v - bus_v) < self._same_v

    def _contradict(self, gap_ms: int, joined_ms: int, aiming: bool) -> None:
        against = STUCK_NONE
        if self.feedback and self.apart:
            against = STUCK_CLOSED
        elif self.joined and not self.feedback and not aiming:
            against = STUCK_OPEN
        if against != self._against:
            self._against_ms = -1
        self._against = against
        if against == STUCK_NONE:
            return
        self._against_ms = count_ms(self._against_ms, gap_ms)
        if self._against_ms >= (APART_MS if against == STUCK_CLOSED else joined_ms):
            self.stuck = against

    def _agree(self, gap_ms: int) -> None:
        """Trust the feedback again once it has moved, and agrees with the voltages."""
        moved = self.feedback if self.stuck == STUCK_OPEN else not self.feedback
        fits = self.joined if self.feedback else self.apart
        if self.stuck == STUCK_NONE or not (moved and fits):
            self._agrees_ms = -1
            return
        self._agrees_ms = count_ms(self._agrees_ms, gap_ms)
        if self._agrees_ms >= CLEAR_MS:
            self.stuck = STUCK_NONE

    def watch_dark(self, image, now_ms: int, gap_ms: int) -> None:
        """Notice a closed contact that lets nothing through."""
        through = self.feedback and self.dark_now(image, now_ms)
        self._dark_ms = count_ms(self._dark_ms, gap_ms) if through else -1
        self.dark = self._dark_ms >= DARK_MS
