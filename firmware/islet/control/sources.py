"""Sources beside battery and sun in an island: cars that give back, then a genset or cogeneration."""

from islet.control.genset import Genset
from islet.control.presence import count_ms
from islet.names import GRID, ISLAND, R_AUTONOMY, R_EV_FIRST, R_NONE, R_OVERLOAD, R_SOFT_RETURN, SOFT_RETURN

FIRM_PU = 0.9  # of what a source gives now, counted on
EV_FOLLOW_MS = 10_000  # time constant in which a car takes over what the battery gives
EV_LEAST_PU = 0.1  # of ev_discharge_w: less is not judged
EV_OBEY_PU = 0.5  # of what is asked must come
EV_OBEY_MS = 30_000  # within this
EV_AGAIN_MS = 1_800_000  # after a car that gave nothing
EV_RESTORE_PU = 0.05  # above ev_soc_min_pu before a car that was drained serves again
EV_SPAN_PU = 0.2  # of charge over which a car counts for less and less
EV_UNKNOWN = 0.5  # what a car of unknown charge counts for
OVERLOAD_MS = 30_000  # a load too large for the battery alone for so long asks for sources


class Sources:
    """Sets wishes.ev_stop, ev_w and genset_run; `firm_w` is given now, `spare_w` could be for hours."""

    def __init__(self, s) -> None:
        self.genset = Genset(s)
        self.firm_w = 0.0
        self.spare_w = 0.0
        self.ev_reason = R_NONE  # why cars do not charge
        self.ev_asked_w = 0.0
        self.ev_failed = False
        self._ev_most_w = s.ev_discharge_w
        self._ev_min_pu = s.ev_soc_min_pu
        self._drained = False
        self._idle_ms = 0  # the car has not given what was asked for so long
        self._failed_ms = 0
        self._overload_ms = -1

    @property
    def pending(self) -> bool:
        """Return whether a source was asked and may still come."""
        return self.genset.starting or (self.ev_asked_w > 0.0 and not self.ev_failed)

    def step(
        self,
        image,
        wishes,
        state: int,
        overload: bool,
        short: bool,
        now_ms: int,
        dt_ms: int,
        ev_soc_pu: float,
    ) -> None:
        """Ask for sources; overload, short: with all groups served, power or energy would not do without them."""
        self._overload_ms = count_ms(self._overload_ms, dt_ms) if overload else -1
        long_overload = self._overload_ms >= OVERLOAD_MS
        self._stop_charging(wishes, state)
        able_w = self._ev_able_w(state, ev_soc_pu, dt_ms)
        self._discharge(image, wishes, able_w, long_overload or short, now_ms, dt_ms)
        self.genset.step(image, wishes, state, long_overload, now_ms, dt_ms)
        self._count(image, state, able_w, ev_soc_pu, now_ms)

    def _stop_charging(self, wishes, state: int) -> None:
        """Cars are the first load to go, and the last to come back."""
        wishes.ev_stop = state != GRID
        self.ev_reason = R_NONE
        if wishes.ev_stop:
            self.ev_reason = R_SOFT_RETURN if state == SOFT_RETURN else R_EV_FIRST

    def _ev_able_w(self, state: int, ev_soc_pu: float, dt_ms: int) -> float:
        """Return what cars could be asked for now (W); an unknown charge (below 0) is left to the car's own limit."""
        if 0.0 <= ev_soc_pu <= self._ev_min_pu:
            self._drained = True
        elif not 0.0 <= ev_soc_pu < self._ev_min_pu + EV_RESTORE_PU:
            self._drained = False
        if state in (GRID, SOFT_RETURN):
            self.ev_failed = False
        if self.ev_failed:
            self._failed_ms = count_ms(self._failed_ms, dt_ms)
            self.ev_failed = self._failed_ms < EV_AGAIN_MS
        return self._ev_most_w if state == ISLAND and not (self._drained or self.ev_failed) else 0.0

    def _discharge(self, image, wishes, able_w: float, wanted: bool, now_ms: int, dt_ms: int) -> None:
        """Let a car take over what the battery gives: one battery never charges the other."""
        asked_w = 0.0
        if wanted and able_w > 0.0 and image.battery_w.usable(now_ms):
            given_w = max(0.0, image.ev_w.value) if image.ev_w.usable(now_ms) else 0.0
            goal_w = max(0.0, min(able_w, image.battery_w.value + given_w))
            asked_w = self.ev_asked_w + dt_ms / (dt_ms + EV_FOLLOW_MS) * (goal_w - self.ev_asked_w)
            self._judge(given_w, dt_ms)
        else:
            self._idle_ms = 0
        self.ev_asked_w = wishes.ev_w = 0.0 if self.ev_failed else asked_w

    def _judge(self, given_w: float, dt_ms: int) -> None:
        """A car that does not give what is asked is no source."""
        obeys = given_w >= EV_OBEY_PU * self.ev_asked_w
        idle = not obeys and self.ev_asked_w >= EV_LEAST_PU * self._ev_most_w
        self._idle_ms = count_ms(self._idle_ms, dt_ms) if idle else 0
        if self._idle_ms >= EV_OBEY_MS:
            self.ev_failed = True
            self._failed_ms = self._idle_ms = 0

    def _count(self, image, state: int, able_w: float, ev_soc_pu: float, now_ms: int) -> None:
        """Work out what may be counted on at once, and for hours; what feeds a grid may not survive its loss."""
        given_w = made_w = 0.0
        if state not in (GRID, SOFT_RETURN):
            given_w = max(0.0, image.ev_w.value) if image.ev_w.usable(now_ms) else 0.0
            made_w = max(0.0, image.chp_w.value) if image.chp_w.usable(now_ms) else 0.0
        self.firm_w = FIRM_PU * (given_w + made_w)
        part = EV_UNKNOWN
        if ev_soc_pu >= 0.0:
            part = max(0.0, min(1.0, (ev_soc_pu - self._ev_min_pu) / EV_SPAN_PU))
        self.spare_w = able_w * part + max(self.genset.spare_w, FIRM_PU * made_w)

    def reason(self) -> str:
        """Return why a source is asked for."""
        if self.genset.wanted:
            return self.genset.reason
        if self.ev_asked_w <= 0.0:
            return R_NONE
        return R_OVERLOAD if self._overload_ms >= OVERLOAD_MS else R_AUTONOMY
