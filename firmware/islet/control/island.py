"""The island machine: in which state the building is, and what that asks of contactor and inverter."""

from islet.base.clock import elapsed_ms
from islet.control import transitions
from islet.control.bus_watch import BusWatch
from islet.control.changes import Changes
from islet.control.presence import Presence, count_ms
from islet.control.sync_check import Aim, SyncCheck
from islet.names import (
    BLACK_START,
    FAULT,
    GRID,
    ISLAND,
    OPENING,
    R_BOOT,
    SOFT_RETURN,
    STATE_NAMES,
)

STEP_MS = 100
QUIET_MS = 60_000
SETTLE_MS = 5000  # after forming: at full pace
CHANGE_MS = 1000  # after the grid went or came: at full pace
RETRY_MS = 10_000  # first back-off, doubled with each failure
TRIES_MAX = 6  # so the back-off ends at 320 s

# What each state asks for and when it ends, in the order of STATE_NAMES.
CLOSED = (True, False, False, False, False, True, True, False, False)
FORMS = (False, False, True, True, True, True, False, False, False)
AIMS = (False, False, False, False, True, True, False, False, False)  # at the grid's frequency and voltage
QUIET = (True, False, False, False, False, False, True, False, False)  # nothing to do but wait for a change
RULES = (
    transitions.grid,
    transitions.opening,
    transitions.forming,
    transitions.island,
    transitions.resync,
    transitions.closing,
    transitions.soft_return,
    transitions.black_start,
    transitions.fault,
)


class Island:
    """Owns the contactor and the forming inverter; every other controller reads `state`.

    The contactor feedback is taken as debounced. Nothing forms before the contactor is seen open.
    """

    def __init__(self, s) -> None:
        self.presence = Presence(s)
        self.bus = BusWatch(s)
        self.sync = SyncCheck(s)
        self.aim = Aim(s)
        self.times = transitions.Times(s)
        self.changed = Changes()
        self.state = GRID
        self.reason = R_BOOT
        self.entered_ms = 0
        self.in_state_ms = 0  # held at a day
        self.hold_ms = 0  # back-off: in this state before the next attempt
        self.tries = 0  # failures since the last steady state
        self.target_hz = s.f0_hz  # what the bus shall have while forming
        self.target_v = s.v_nominal_v
        self.return_cap_pu = 1.0  # share of the power allowed after coming back: 0..1 in SOFT_RETURN
        self.ramp_ms = 0
        self.dark_close = False  # closing onto a dead bus: nothing to synchronise
        self.waiting = False  # for charge
        self._f0_hz, self._nominal_v = s.f0_hz, s.v_nominal_v
        self._booting = True

    def dump(self) -> dict:
        """Return what must outlive a reboot."""
        return {"state": STATE_NAMES[self.state], "why": self.reason, "tries": self.tries}

    def load(self, saved: dict) -> None:
        """Take a dump as a hint: the first step trusts what it sees more. Raises ValueError or KeyError."""
        state = STATE_NAMES.index(saved["state"])
        self.tries = max(0, min(TRIES_MAX, int(saved["tries"])))
        self.state = state
        self.reason = saved["why"]

    def step(self, image, wishes, now_ms: int, dt_ms: int) -> None:
        """Advance to now and set contactor_closed, forming and the open-loop form_hz and form_v."""
        self.presence.step(image, now_ms, dt_ms)
        self.bus.step(image, now_ms, self.presence.gap_ms)
        if self._booting:
            self._boot(image, now_ms)
        self.in_state_ms = count_ms(self.in_state_ms, self.presence.gap_ms)
        RULES[self.state](self, image, now_ms)
        if self.state == OPENING:  # it may find the contactor open already: no step is lost
            RULES[OPENING](self, image, now_ms)
        wishes.contactor_closed = CLOSED[self.state]
        wishes.forming = FORMS[self.state] and not self.dark_close
        wishes.form_hz = self.target_hz
        wishes.form_v = self.target_v

    def pace_ms(self, now_ms: int) -> int:
        """Return ms from now until the step this machine wants next, 100..60000."""
        p = self.presence
        wait_ms = self._wait_ms()
        if (p.suspect and p.blind_ms < SETTLE_MS) or p.since_change_ms < CHANGE_MS:
            wait_ms = STEP_MS
        return max(STEP_MS, min(QUIET_MS, wait_ms - elapsed_ms(now_ms, p.stepped_ms)))

    def go(self, state: int, why: str, now_ms: int) -> None:
        """Enter a state; what belonged to the one before is forgotten."""
        self.changed.put(self.state, state, why, now_ms)
        self.state = state
        self.reason = why
        self.entered_ms = now_ms
        self.in_state_ms = 0
        self.hold_ms = 0
        self.ramp_ms = 0
        self.waiting = False
        self.dark_close = False
        self.return_cap_pu = 1.0 if state == GRID else 0.0
        if not AIMS[state]:
            self.target_hz = self._f0_hz
            self.target_v = self._nominal_v
        if state == OPENING:
            self.presence.restart()

    def fail(self, state: int, why: str, now_ms: int) -> None:
        """Enter the state the next attempt starts from, and stay there for the back-off."""
        self.go(state, why, now_ms)
        self.hold_ms = RETRY_MS << min(self.tries, TRIES_MAX - 1)
        self.tries = min(self.tries + 1, TRIES_MAX)

    def follow_aim(self) -> None:
        """Ask the bus for the frequency and voltage that lead to synchronism."""
        self.target_hz = self.aim.hz
        self.target_v = self.aim.v

    def _boot(self, image, now_ms: int) -> None:
        """Find the state that fits what is seen: a reboot must not drop a living island."""
        self._booting = False
        self.entered_ms = now_ms
        if image.contactor_closed:
            found = GRID if self.state == GRID else SOFT_RETURN
        elif self.bus.alive(image, now_ms) or (self.bus.dark_ms < 0 and FORMS[self.state]):
            found = ISLAND
        else:
            found = BLACK_START
        if found != self.state:
            self.go(found, R_BOOT, now_ms)

    def _wait_ms(self) -> int:
        if self.state == ISLAND:
            return self._island_wait_ms()
        if self.state == FAULT:
            return self.hold_ms - self.in_state_ms
        return QUIET_MS if QUIET[self.state] or self.waiting else STEP_MS

    def _island_wait_ms(self) -> int:
        if self.in_state_ms < SETTLE_MS or self.bus.dark_ms >= 0:
            return STEP_MS
        if not self.presence.healthy:
            return QUIET_MS
        return max(self.times.reconnect_ms - self.presence.healthy_ms, self.hold_ms - self.in_state_ms)
