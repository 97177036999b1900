"""The island machine: in which state the building is, and what that asks of contactor and inverter."""

from islet.control import interlock, islanded, pace, transitions
from islet.control.aim import Aim
from islet.control.band import NO_LIMIT_W
from islet.control.bus_watch import BusWatch
from islet.control.changes import Changes
from islet.control.contact import STUCK_CLOSED, STUCK_NONE, STUCK_OPEN, Contact
from islet.control.planned import Planned
from islet.control.presence import Presence, count_ms
from islet.control.states import AIMS, BONDS, CLOSED, FORMS, GENSET, PENDING
from islet.control.sync_check import SyncCheck
from islet.names import (
    BLACK_START,
    GRID,
    ISLAND,
    LOSS_NONE,
    OPENING,
    R_BOND,
    R_BOOT,
    R_NO_FEEDBACK,
    R_NONE,
    R_WELDED,
    RESYNC,
    SOFT_RETURN,
    STATE_NAMES,
)

RETRY_MS = 10_000  # first back-off, doubled with each failure
TRIES_MAX = 6  # so the back-off ends at 320 s

# When each state ends, in the order of STATE_NAMES.
RULES = (
    transitions.grid,
    transitions.opening,
    islanded.forming,
    islanded.island,
    islanded.resync,
    transitions.closing,
    transitions.soft_return,
    islanded.black_start,
    islanded.fault,
)


class Island:
    """Owns the contactor and the forming inverter; every other controller reads `state`.

    The contactor feedback is taken as debounced. Nothing forms before the contactor is seen open.
    """

    def __init__(self, s) -> None:
        self.presence = Presence(s)
        self.bus = BusWatch(s)
        self.contact = Contact(s)
        self.sync = SyncCheck(s)
        self.aim = Aim(s)
        self.planned = Planned(s)
        self.times = transitions.Times(s)
        self.changed = Changes()
        self.follows = s.transfer_owner != "board"
        self.bonds = s.neutral_bond == "board"
        self.f0_hz = s.f0_hz
        self.state = GRID
        self.reason = R_BOOT
        self.entered_ms = 0
        self.in_state_ms = 0  # held at a day
        self.hold_ms = 0  # back-off: in this state before the next attempt
        self.tries = 0  # failures since the last steady state
        self.refused = 0  # closings in a row that the contactor did not carry out
        self.target_hz = s.f0_hz  # what the bus shall have while forming
        self.target_v = s.v_nominal_v
        self.return_cap_pu = 1.0  # share of the power allowed after coming back: 0..1 in SOFT_RETURN
        self.exchange_w_limit = NO_LIMIT_W  # at the contactor, before a planned opening
        self.ramp_ms = 0
        self.unload_ms = -1
        self.unbond_ms = -1  # since neutral and earth were told to part, -1 while they need not
        self.genset_ms = -1
        self.dark_close = False  # closing onto a dead bus: nothing to synchronise
        self.waiting = False  # for charge
        self.may_close = True
        self.returning = False  # the grid is fit, the genset must go first
        self.by_plan = False  # this island is or was wanted
        self.genset_wanted = False
        self.welded = False
        self.held = R_NONE  # who rules in the machine's place: R_OVERRIDE, R_FOLLOWED
        self.bypassed = False  # the switch on the wall says: stay on the grid
        self.loss = LOSS_NONE  # what the last opening was for
        self._nominal_v = s.v_nominal_v
        self._bond_seen = True
        self._booting = True

    @property
    def fault(self) -> str:
        """The standing fault of the contactor or the bond, R_NONE without one."""
        if self.welded:
            return R_WELDED
        if self.contact.stuck != STUCK_NONE or self.contact.dark:
            return R_NO_FEEDBACK
        return R_NONE if self._bond_seen else R_BOND

    @property
    def pending(self) -> bool:
        """Whether a transition is under way that a delay of a cycle would be felt in."""
        return PENDING[self.state]

    @property
    def genset_forbidden(self) -> bool:
        """Whether no genset may run now: the building is at the grid, or about to go there."""
        return not GENSET[self.state] or self.returning or self.contact.closed

    def genset_carries(self, image) -> bool:
        """Return whether a genset holds the bus, so that the inverter follows it."""
        return self.times.has_genset and image.genset_live and not self.contact.closed

    def dump(self) -> dict:
        """Return what must outlive a reboot."""
        return {
            "state": STATE_NAMES[self.state],
            "why": self.reason,
            "tries": self.tries,
            "refused": self.refused,
            "welded": self.welded,
            "stuck": self.contact.stuck,
            "by_plan": self.by_plan,
            "planned": self.planned.dump(),
        }

    def load(self, saved: dict) -> None:
        """Take a dump as a hint: the first step trusts what it sees more. Raises ValueError or KeyError."""
        state = STATE_NAMES.index(saved["state"])
        tries, refused, stuck = int(saved["tries"]), int(saved.get("refused", 0)), int(saved.get("stuck", 0))
        why = saved["why"]
        if not isinstance(why, str) or stuck not in (STUCK_NONE, STUCK_OPEN, STUCK_CLOSED):
            raise ValueError("island: not what was dumped")
        if "planned" in saved:
            self.planned.load(saved["planned"])
        self.state, self.reason = state, why
        self.tries = max(0, min(TRIES_MAX, tries))
        self.refused = max(0, refused)
        self.contact.stuck = stuck
        self.welded = bool(saved.get("welded", False))
        self.by_plan = bool(saved.get("by_plan", False))

    def step(self, image, wishes, now_ms: int, dt_ms: int) -> None:
        """Advance to now and set contactor_closed, forming, bond_closed, genset_run, form_hz, form_v."""
        self.presence.step(image, now_ms, dt_ms)
        gap_ms = self.presence.gap_ms
        self.bus.step(image, now_ms, gap_ms)
        state = self.state
        self.contact.step(image, now_ms, gap_ms, FORMS[state], AIMS[state])
        self.contact.watch_dark(image, now_ms, gap_ms)
        self.planned.step(image, state, self.presence.healthy, now_ms, gap_ms)
        if self._booting:
            self._boot(image, now_ms)
        self.in_state_ms = count_ms(self.in_state_ms, gap_ms)
        self._rule(image, now_ms)
        if (
            self.state == OPENING and state != OPENING
        ):  # it may find the contactor open already: no step is lost
            self._rule(image, now_ms)
        self._wish(image, wishes)

    def pace_ms(self, now_ms: int) -> int:
        """Return ms from now until the step this machine wants next, 100..60000."""
        return pace.next_ms(self, now_ms)

    def go(self, state: int, why: str, now_ms: int) -> None:
        """Enter a state; what belonged to the one before is forgotten."""
        self.changed.put(self.state, state, why, now_ms)
        self.state = state
        self.reason = why
        self.entered_ms = now_ms
        self.in_state_ms = self.hold_ms = self.ramp_ms = 0
        self.unload_ms = self.unbond_ms = self.genset_ms = -1
        self.waiting = self.dark_close = self.returning = self.genset_wanted = False
        self.exchange_w_limit = NO_LIMIT_W
        self.return_cap_pu = 1.0 if state == GRID else 0.0
        if not AIMS[state]:
            self.target_hz = self.f0_hz
            self.target_v = self._nominal_v
        if state == OPENING:
            self.presence.restart()
            self.loss = self.presence.kind
        elif state == GRID:
            self.by_plan = False
        elif state == SOFT_RETURN:
            self.refused = 0

    def fail(self, state: int, why: str, now_ms: int) -> None:
        """Enter the state the next attempt starts from, and stay there for the back-off."""
        self.go(state, why, now_ms)
        self.hold_ms = RETRY_MS << min(self.tries, TRIES_MAX - 1)
        self.tries = min(self.tries + 1, TRIES_MAX)

    def resync(self, why: str, image, now_ms: int) -> None:
        """Enter RESYNC with a fresh aim and no dwell."""
        self.go(RESYNC, why, now_ms)
        self.sync.restart()
        self.aim.start(image, now_ms)
        self.follow_aim()

    def follow_aim(self) -> None:
        """Ask the bus for the frequency and voltage that lead to synchronism."""
        self.target_hz = self.aim.hz
        self.target_v = self.aim.v

    def _rule(self, image, now_ms: int) -> None:
        if not interlock.ruled(self, image, now_ms):
            RULES[self.state](self, image, now_ms)

    def _wish(self, image, wishes) -> None:
        state, contact = self.state, self.contact
        if not contact.feedback and not contact.closed:
            self.welded = False
        closed = contact.feedback if self.follows else CLOSED[state]
        forms = not contact.closed and (self.follows or (FORMS[state] and not self.dark_close))
        bonded = self.bonds and BONDS[state] and not contact.closed and self.unbond_ms < 0
        self._bond_seen = image.bond_closed or not (bonded and state == ISLAND)
        unearthed = self.bonds and state != ISLAND and bonded and not image.bond_closed
        wishes.contactor_closed = closed
        wishes.bond_closed = bonded
        wishes.forming = forms and not unearthed and not self.genset_carries(image)
        wishes.genset_run = self.genset_wanted and not self.genset_forbidden
        wishes.form_hz = self.target_hz
        wishes.form_v = self.target_v

    def _boot(self, image, now_ms: int) -> None:
        """Find the state that fits what is seen: a reboot must not drop a living island."""
        self._booting = False
        self.entered_ms = now_ms
        tied = (
            self.contact.joined and not FORMS[self.state]
        )  # whatever the feedback says: nothing of ours forms it
        if self.contact.closed or (tied and CLOSED[self.state]):
            on_the_way = self.state == OPENING and self.planned.wanted
            found = GRID if self.state == GRID or on_the_way else SOFT_RETURN
        elif self.bus.alive(image, now_ms) or (self.bus.dark_ms < 0 and FORMS[self.state]):
            found = ISLAND
        else:
            found = BLACK_START
        if found != self.state:
            self.go(found, R_BOOT, now_ms)
