"""The one door to outputs: interlocks, clamps and ramps every wish, then drives the pins."""

from islet.actuate.sides import Sides
from islet.base.ramp import Ramp
from islet.names import (
    GROUP_NAMES,
    OVERRIDE_OPEN,
    R_BOND,
    R_GENSET,
    R_INTERLOCK,
    R_NONE,
    R_OVERRIDE,
    R_RATING,
)

RAMP_PU_PER_S = 0.5  # of the battery's rating
SLACK_STEP_PU = 0.05  # off the grid the prepared set-point moves in steps, to spare the bus


class Door:
    """Holds wishes to what devices and interlocks allow, in place, so that drivers carry out what passed.

    A controller's error ends here: nothing forms before the contactor is seen open, a live bus meets a live grid
    only inside the limits of IEEE 1547-2018, table 5, the switch on the wall is obeyed, no genset meets the grid,
    and neutral is tied to earth here only off the grid. `blocked_by` is the reason of a refusal, `refusals`
    counts the steps that had one.
    """

    def __init__(self, outputs, s) -> None:
        """Take outputs (set_contactor(bool), set_shed(level 0..3)) and the settings.

        set_bond(bool) is called where the board has the contact, set_genset(bool) where there is a genset, and
        set_contactor only where the board owns the transfer.
        """
        self._outputs = outputs
        self._battery_rated_w = s.battery_rated_w
        self._pv_rated_w = s.pv_rated_w
        self._owns = s.transfer_owner == "board"
        self._bonds = s.neutral_bond == "board"
        self._has_genset = s.genset_w > 0
        self._sides = Sides(s)
        self._ramp = Ramp(max(1.0, RAMP_PU_PER_S * s.battery_rated_w))
        self._ordered = False  # the contactor was told to close, or found closed
        self._started = False
        self.blocked_by = R_NONE
        self.refusals = 0

    def apply(self, wishes, image, now_ms: int, dt_ms: int) -> None:
        """Hold wishes to the limits and drive the pins; dt_ms since the last call sets the ramp's reach."""
        self._sides.step(wishes, image, now_ms, dt_ms)
        self._interlock(wishes, image, now_ms)
        self._hold_battery(wishes, image, now_ms, dt_ms)
        self._hold_rest(wishes)
        self._drive(wishes)

    def safe(self, wishes, image) -> None:
        """Declare and drive the safe values: contactor and forming as they are, battery idle, PV free.

        On the grid nothing stays shed; in an island shed groups stay shed, for whoever restores them must
        know that the battery can carry them. A genset that carries the island goes on, and neutral stays tied
        to earth there; at the grid neither.
        """
        wishes.contactor_closed = image.contactor_closed
        wishes.forming = wishes.forming and not image.contactor_closed
        wishes.bond_closed = image.bond_closed and not image.contactor_closed
        wishes.genset_run = (wishes.genset_run or image.genset_live) and not image.contactor_closed
        wishes.battery_w = 0.0
        wishes.pv_limit_w = self._pv_rated_w
        if image.contactor_closed:
            wishes.shed_level = 0
        self._ramp.reset(0.0)
        self._hold_rest(wishes)
        self._drive(wishes)

    def _interlock(self, wishes, image, now_ms: int) -> None:
        """Take back what must never happen."""
        self.blocked_by = R_NONE
        if not self._started:
            self._started = True
            self._ordered = image.contactor_closed
        if self._owns and wishes.contactor_closed:
            self._forbid(wishes, self._closing_forbidden(wishes, image, now_ms))
        if wishes.forming and not self._sides.open:
            wishes.forming = False
            self.blocked_by = R_INTERLOCK
        if wishes.forming and self._has_genset and image.genset_live:
            wishes.forming = False
            self.blocked_by = R_GENSET
        if wishes.bond_closed and not (self._bonds and self._sides.open):
            wishes.bond_closed = False
            self.blocked_by = R_BOND
        if wishes.genset_run and not (self._has_genset and self._sides.open):
            wishes.genset_run = False
            self.blocked_by = R_GENSET
        if self.blocked_by != R_NONE:
            self.refusals += 1
        self._ordered = wishes.contactor_closed

    def _forbid(self, wishes, why: str) -> None:
        if why != R_NONE:
            wishes.contactor_closed = False
            self.blocked_by = why

    def _closing_forbidden(self, wishes, image, now_ms: int) -> str:
        """Return why the contactor may not be closed, or may not stay so; what is closed stays without readings."""
        if image.override == OVERRIDE_OPEN:
            return R_OVERRIDE
        if image.guard_open and not self._sides.bypassed:
            return R_INTERLOCK
        if self._ordered and image.contactor_closed:
            return R_NONE
        if self._bonds and image.bond_closed:
            return R_BOND
        if self._has_genset and image.genset_live:
            return R_GENSET
        if self._ordered and not self._sides.apart:  # under way: a bus just joined has no frequency yet
            return R_NONE
        return R_NONE if self._sides.may_join(image, now_ms) else R_INTERLOCK

    def _hold_battery(self, wishes, image, now_ms: int, dt_ms: int) -> None:
        """Clamp and ramp the set-point; off the grid the ramp follows the slack, to come back from there.

        While the first battery forms, the set-point is for those that follow in the island.
        """
        rated_w = self._battery_rated_w
        wished_w = _clamp(wishes.battery_w, -rated_w, rated_w)
        if wished_w != wishes.battery_w:
            wishes.battery_reason = R_RATING
        if image.contactor_closed:
            wishes.battery_w = self._ramp.step(wished_w, dt_ms)
            return
        slack_w = _clamp(image.battery_w.value, -rated_w, rated_w) if image.battery_w.usable(now_ms) else 0.0
        if abs(slack_w - self._ramp.value) > SLACK_STEP_PU * rated_w:
            self._ramp.reset(slack_w)
        wishes.battery_w = wished_w if wishes.forming else self._ramp.value

    def _hold_rest(self, wishes) -> None:
        limit_w = _clamp(wishes.pv_limit_w, 0.0, self._pv_rated_w)
        if limit_w != wishes.pv_limit_w:
            wishes.pv_reason = R_RATING
            wishes.pv_limit_w = limit_w
        wishes.shed_level = int(_clamp(wishes.shed_level, 0, len(GROUP_NAMES)))

    def _drive(self, wishes) -> None:
        """Drive the pins; what parts goes before what joins."""
        outputs = self._outputs
        if self._bonds and not wishes.bond_closed:
            outputs.set_bond(False)
        if self._has_genset:
            outputs.set_genset(wishes.genset_run)
        if self._owns:
            outputs.set_contactor(wishes.contactor_closed)
        if self._bonds and wishes.bond_closed:
            outputs.set_bond(True)
        outputs.set_shed(wishes.shed_level)


def _clamp(value: float, low: float, high: float) -> float:
    """Return value held to low..high; what is not a number becomes the value nearest to 0."""
    if value != value:
        value = 0.0
    return min(max(value, low), high)
