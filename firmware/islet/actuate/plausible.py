"""Did the plant obey: what was asked against what is measured."""

from islet.base.clock import elapsed_ms
from islet.names import R_NONE, R_NOT_OBEYED

SETTLE_MS = 5000  # a device on a bus has this long to follow
CONTACT_MS = 1000  # a contactor this long
TOLERANCE_PU = 0.05  # of rating
TOLERANCE_MIN_W = 100.0
NEAR_FULL_PU = 0.98  # beyond these a battery may rightly decline to charge or discharge
NEAR_EMPTY_PU = 0.02


class Followed:
    """Compares a reading with the range its set-point had over the last one to two windows of settle_ms.

    A device may lag behind a moving set-point but not lie outside all it was asked; after settle_ms outside
    (at most three settle_ms after a step in the set-point) `broken` is set and `count` grows, once a stay.
    With only_above a reading below the set-point is in order: the set-point is a ceiling.
    """

    def __init__(self, settle_ms: int, tolerance: float, only_above: bool = False) -> None:
        self.broken = False
        self.count = 0
        self._settle_ms = settle_ms
        self._tolerance = tolerance
        self._only_above = only_above
        self._low = self._high = 0.0  # asked in this window
        self._old_low = self._old_high = 0.0  # and in the one before
        self._window_ms = 0
        self._outside_ms = 0
        self._outside = False
        self._started = False

    def check(self, measured: float, now_ms: int) -> bool:
        """Judge a reading against what was asked before it; return whether the device obeys."""
        if not self._started or self._inside(measured):
            self.excuse()
        elif not self._outside:
            self._outside, self._outside_ms = True, now_ms
        elif not self.broken and elapsed_ms(now_ms, self._outside_ms) >= self._settle_ms:
            self.broken = True
            self.count += 1
        return not self.broken

    def _inside(self, measured: float) -> bool:
        above = measured > max(self._high, self._old_high) + self._tolerance
        below = measured < min(self._low, self._old_low) - self._tolerance
        return not above and (self._only_above or not below)

    def excuse(self) -> None:
        """Judge nothing now: the device obeys, need not, or cannot be seen."""
        self._outside = False
        self.broken = False

    def ask(self, asked: float, now_ms: int) -> None:
        """Note what is asked from now on."""
        if not self._started:
            self._started = True
            self._old_low = self._old_high = self._low = self._high = asked
            self._window_ms = now_ms
        if elapsed_ms(now_ms, self._window_ms) >= self._settle_ms:
            self._old_low, self._old_high = self._low, self._high
            self._low = self._high = asked
            self._window_ms = now_ms
        self._low = min(self._low, asked)
        self._high = max(self._high, asked)


class Plausible:
    """Watches contactor, battery and PV; `reason` is R_NOT_OBEYED while one of them does not obey."""

    def __init__(self, s) -> None:
        """Take the settings' ratings in watts."""
        self.contactor = Followed(CONTACT_MS, 0.5)
        self.battery = Followed(SETTLE_MS, max(TOLERANCE_MIN_W, TOLERANCE_PU * s.battery_rated_w))
        self.pv = Followed(SETTLE_MS, max(TOLERANCE_MIN_W, TOLERANCE_PU * s.pv_rated_w), only_above=True)
        self._has_battery = s.battery_rated_w > 0  # one of no rating is read only: there is nothing to obey
        self.reason = R_NONE

    def step(self, wishes, image, now_ms: int) -> None:
        """Compare the image with the earlier wishes, then note these; call after the door."""
        self.contactor.check(1.0 if image.contactor_closed else 0.0, now_ms)
        self._check_battery(wishes, image, now_ms)
        self._check_pv(image, now_ms)
        self.contactor.ask(1.0 if wishes.contactor_closed else 0.0, now_ms)
        self.battery.ask(wishes.battery_w, now_ms)
        self.pv.ask(wishes.pv_limit_w, now_ms)
        broken = self.contactor.broken or self.battery.broken or self.pv.broken
        self.reason = R_NOT_OBEYED if broken else R_NONE

    def _check_battery(self, wishes, image, now_ms: int) -> None:
        """Judge the battery while it follows and is neither full nor empty."""
        seen = image.contactor_closed and image.battery_w.usable(now_ms)
        if self._has_battery and seen and not _may_decline(wishes, image, now_ms):
            self.battery.check(image.battery_w.value, now_ms)
        else:
            self.battery.excuse()

    def _check_pv(self, image, now_ms: int) -> None:
        """Judge PV for giving more than its limit; less is the sun's business."""
        if image.pv_w.usable(now_ms):
            self.pv.check(image.pv_w.value, now_ms)
        else:
            self.pv.excuse()


def _may_decline(wishes, image, now_ms: int) -> bool:
    """Return whether the state of charge lets the battery refuse, as far as it is known."""
    if not image.soc_pu.usable(now_ms):
        return True
    soc_pu = image.soc_pu.value
    return soc_pu >= NEAR_FULL_PU if wishes.battery_w < 0.0 else soc_pu <= NEAR_EMPTY_PU
