"""The one door to outputs: interlocks, clamps and ramps every wish, then drives the pins."""

from islet.base.ramp import Ramp
from islet.names import GROUP_NAMES, R_INTERLOCK, R_NONE, R_RATING

RAMP_PU_PER_S = 0.5  # of the battery's rating
SLACK_STEP_PU = 0.05  # off the grid the prepared set-point moves in steps, to spare the bus
CLOSE_RAD_MAX = 0.349  # 20 degrees, IEEE 1547-2018 table 5 up to 500 kVA: the last word
DEAD_PU = 0.1  # a bus or grid below this share of nominal carries no voltage


class Door:
    """Holds wishes to what devices and interlocks allow, in place, so that drivers carry out what passed.

    A controller's error ends here: nothing forms before the contactor is seen open, and a live bus meets a
    live grid only inside CLOSE_RAD_MAX. `blocked_by` is the reason of a refusal, `refusals` counts the steps
    that had one.
    """

    def __init__(self, outputs, s) -> None:
        """Take outputs (set_contactor(bool), set_shed(level 0..3)) and the settings' ratings in watts."""
        self._outputs = outputs
        self._battery_rated_w = s.battery_rated_w
        self._pv_rated_w = s.pv_rated_w
        self._dead_v = DEAD_PU * s.v_nominal_v
        self._ramp = Ramp(max(1.0, RAMP_PU_PER_S * s.battery_rated_w))
        self.blocked_by = R_NONE
        self.refusals = 0

    def apply(self, wishes, image, now_ms: int, dt_ms: int) -> None:
        """Hold wishes to the limits and drive the pins; dt_ms since the last call sets the ramp's reach."""
        self._interlock(wishes, image, now_ms)
        self._hold_battery(wishes, image, now_ms, dt_ms)
        self._hold_rest(wishes)
        self._drive(wishes)

    def safe(self, wishes, image) -> None:
        """Declare and drive the safe values: contactor and forming as they are, battery idle, PV free.

        On the grid nothing stays shed; in an island shed groups stay shed, for whoever restores them must
        know that the battery can carry them.
        """
        wishes.contactor_closed = image.contactor_closed
        wishes.forming = wishes.forming and not image.contactor_closed
        wishes.battery_w = 0.0
        wishes.pv_limit_w = self._pv_rated_w
        if image.contactor_closed:
            wishes.shed_level = 0
        self._ramp.reset(0.0)
        self._hold_rest(wishes)
        self._drive(wishes)

    def _interlock(self, wishes, image, now_ms: int) -> None:
        """Take back what must never happen: closing out of phase, forming on the grid."""
        self.blocked_by = R_NONE
        if wishes.contactor_closed and not image.contactor_closed and not self._may_close(image, now_ms):
            wishes.contactor_closed = False
            self.blocked_by = R_INTERLOCK
        if wishes.forming and image.contactor_closed:
            wishes.forming = False
            self.blocked_by = R_INTERLOCK
        if self.blocked_by != R_NONE:
            self.refusals += 1

    def _may_close(self, image, now_ms: int) -> bool:
        """Return whether closing joins no two live sides out of phase; an unknown bus counts as live."""
        if not image.bus_v.usable(now_ms):
            return False
        if image.bus_v.value < self._dead_v:
            return True
        if not image.grid_v.usable(now_ms) or image.grid_v.value < self._dead_v:
            return False
        return image.slip_rad.usable(now_ms) and abs(image.slip_rad.value) <= CLOSE_RAD_MAX

    def _hold_battery(self, wishes, image, now_ms: int, dt_ms: int) -> None:
        """Clamp and ramp the set-point; off the grid the ramp follows the slack, to come back from there."""
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
        wishes.battery_w = self._ramp.value

    def _hold_rest(self, wishes) -> None:
        limit_w = _clamp(wishes.pv_limit_w, 0.0, self._pv_rated_w)
        if limit_w != wishes.pv_limit_w:
            wishes.pv_reason = R_RATING
            wishes.pv_limit_w = limit_w
        wishes.shed_level = int(_clamp(wishes.shed_level, 0, len(GROUP_NAMES)))

    def _drive(self, wishes) -> None:
        self._outputs.set_contactor(wishes.contactor_closed)
        self._outputs.set_shed(wishes.shed_level)


def _clamp(value: float, low: float, high: float) -> float:
    """Return value held to low..high; what is not a number becomes the value nearest to 0."""
    if value != value:
        value = 0.0
    return min(max(value, low), high)
