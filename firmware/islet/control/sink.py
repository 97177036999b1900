"""Cars as a sink in an island: they may charge with the sun that a full battery would have curtailed."""

from math import isnan

from islet.control.loads import house_load_w
from islet.control.presence import count_ms
from islet.names import EV_LEAST_A, R_NONE, R_SURPLUS

BEGIN_PU = 0.93  # of charge: below where PV gives only what the load takes (CEILING_PU of Carry)
END_PU = 0.88
LEAST_W = EV_LEAST_A * 230.0  # of one phase
MARGIN = 0.9  # of the sun that is left over
MOST_SHARE = 0.5  # of the battery inverter's rating: it must carry the car when a cloud comes
ON_MS = 300_000
OFF_MS = 300_000
FOLLOW_MS = 30_000
LIT_PU = 0.1  # of the PV rating: there is sun


class Sink:
    """Clears wishes.ev_stop and sets wishes.ev_w below 0: what cars may take. The battery buffers clouds."""

    def __init__(self, s) -> None:
        self._pv_rated_w = s.pv_rated_w
        self._most_w = MOST_SHARE * s.battery_rated_w
        self._held_ms = OFF_MS
        self.on = False
        self.reason = R_NONE
        self.power_w = 0.0

    def reset(self) -> None:
        """Forget: the building is on the grid."""
        self.on = False
        self.power_w = 0.0
        self.reason = R_NONE
        self._held_ms = OFF_MS

    def step(self, image, wishes, level: int, now_ms: int, dt_ms: int) -> None:
        """Let cars charge when all groups are served (level 0), the battery is nearly full and the sun has more."""
        self._held_ms = count_ms(self._held_ms, dt_ms)
        self._switch(image, level, wishes.ev_w, now_ms)
        if not self.on:
            self.power_w = 0.0
            return
        share = dt_ms / (dt_ms + FOLLOW_MS)
        self.power_w += share * (self._left_w(image, now_ms) - self.power_w)
        wishes.ev_stop = False
        wishes.ev_w = -max(LEAST_W, self.power_w)

    def _switch(self, image, level: int, ev_w: float, now_ms: int) -> None:
        known = image.soc_pu.usable(now_ms) and image.pv_w.usable(now_ms)
        if not known or level > 0 or ev_w > 0.0 or self._most_w < LEAST_W:
            self._turn(False)
        elif self.on:
            strained = image.battery_w.usable(now_ms) and image.battery_w.value > self._most_w
            dim = self._held_ms >= ON_MS and not self._lit(image)
            if strained or dim or image.soc_pu.value <= END_PU:
                self._turn(False)
        elif (
            self._held_ms >= OFF_MS
            and image.soc_pu.value >= BEGIN_PU
            and self._left_w(image, now_ms) >= LEAST_W
        ):
            self._turn(True)

    def _turn(self, on: bool) -> None:
        if on != self.on:
            self.on = on
            self._held_ms = 0
        self.reason = R_SURPLUS if on else R_NONE

    def _lit(self, image) -> bool:
        return image.pv_w.value >= LIT_PU * self._pv_rated_w

    def _left_w(self, image, now_ms: int) -> float:
        """Return what the sun has beyond the house (W); where PV cannot tell, the least of a car if it is lit."""
        house_w = house_load_w(image, now_ms)
        if isnan(house_w):
            return 0.0
        if image.pv_available_w.usable(now_ms):
            left_w = MARGIN * (image.pv_available_w.value - house_w)
        else:
            left_w = LEAST_W if self._lit(image) else 0.0
        return max(0.0, min(self._most_w, left_w))
