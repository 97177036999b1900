"""How many load groups an island can feed, known before it is needed and given back slowly."""

from math import isnan, sqrt

from islet.control.limits import feeder_load_w
from islet.control.presence import count_ms
from islet.names import (
    BLACK_START,
    FAULT,
    GRID,
    ISLAND,
    R_AUTONOMY,
    R_BATTERY_EMPTY,
    R_NONE,
    R_OVERLOAD,
    R_STALE_INPUT,
    R_SURPLUS,
    RESYNC,
    SOFT_RETURN,
)

NORMAL_SHARE = 0.40
DEFERRABLE_SHARE = 0.25
# share of the load that a level leaves
SERVED = (1.0, 1.0 - DEFERRABLE_SHARE, 1.0 - DEFERRABLE_SHARE - NORMAL_SHARE, 0.0)
LEVEL_CRITICAL = 2
LEVEL_NOTHING = 3
RATING_USE = 0.9
MARGIN = 1.3  # of energy before a level is given back
RESTORE_MS = 300_000
HOLD_MS = 1000  # after a change the meters still show the load before it
PEAK_USE = 1.1  # of the rating that a load as large as the last peak may take: inverters trip at 1.2
PEAK_MS = 14_400_000  # time constant in which a peak is forgotten: appliances come back
MEAN_MS = 900_000  # time constant of the load that the stored energy is held against
ETA = sqrt(0.9)  # battery, one way
IDLE_PU = 0.01  # of the rating: less is no discharge
ALIVE_PU = 0.85  # a load metered at less voltage says nothing


class Shed:
    """Chooses wishes.shed_level: 0 all served .. 2 critical only, 3 when nothing is left to serve with.

    An unknown charge or load means critical only on islanding, and later forbids to give groups back.
    """

    def __init__(self, s) -> None:
        self._limit_w = RATING_USE * s.battery_rated_w
        self._peak_limit_w = PEAK_USE * s.battery_rated_w
        self._capacity_wh = s.battery_wh * ETA
        self._soc_min_pu = s.soc_min_pu
        self._autonomy_h = s.autonomy_s / 3600
        self._alive_v = ALIVE_PU * s.v_nominal_v
        self._idle_w = IDLE_PU * s.battery_rated_w
        self.level = 0  # applied
        self.reason = R_NONE
        self.ready_level = LEVEL_CRITICAL  # what islanding would apply now
        self.ready_reason = R_STALE_INPUT
        self.total_w = 0.0  # load with all groups served, inferred from the shares while some are not
        self.mean_w = 0.0
        self.peak_w = 0.0  # the highest total of the last hours, fading
        self._known = False
        self._since_ms = 0  # the last change of level
        self._islanded = False

    def step(self, image, wishes, state: int, now_ms: int, dt_ms: int, pv_wh: float = 0.0) -> None:
        """Set wishes.shed_level; pv_wh: PV energy expected within the autonomy time (Wh, >= 0)."""
        self._since_ms = count_ms(self._since_ms, dt_ms)
        self._measure(image, now_ms, dt_ms)
        if state in (GRID, SOFT_RETURN):
            self._islanded = False
            self._apply(0, R_NONE)
            self._prepare(image, now_ms, pv_wh)
        elif not self._islanded:
            self._islanded = True
            self._apply(self.ready_level, self.ready_reason)
        elif state in (FAULT, BLACK_START):  # the load may be why the bus fell
            self._raise(LEVEL_CRITICAL, R_OVERLOAD)
        elif state in (ISLAND, RESYNC) and self._since_ms >= HOLD_MS:
            self._adjust(image, now_ms, pv_wh)
        wishes.shed_level = self.level
        wishes.shed_reason = self.reason

    def _measure(self, image, now_ms: int, dt_ms: int) -> None:
        """Infer the load of all groups from what the served ones draw."""
        load_w = feeder_load_w(image, now_ms)
        alive = image.bus_v.usable(now_ms) and image.bus_v.value >= self._alive_v
        served = SERVED[self.level]
        settled = not self._islanded or self._since_ms >= HOLD_MS
        if not (alive and not isnan(load_w) and served > 0 and settled):
            return
        self.total_w = max(0.0, load_w) / served
        share = dt_ms / (dt_ms + MEAN_MS) if self._known else 1.0
        self.mean_w += share * (self.total_w - self.mean_w)
        self.peak_w *= PEAK_MS / (dt_ms + PEAK_MS)
        if self.level == 0:  # what is inferred from a share is no peak seen
            self.peak_w = max(self.peak_w, self.total_w)
        self._known = True

    def _prepare(self, image, now_ms: int, pv_wh: float) -> None:
        if not self._known:
            return
        power = self._power_level()
        energy = LEVEL_CRITICAL  # of an unknown charge
        if image.soc_pu.usable(now_ms):
            energy = self._energy_level(self._energy_wh(image, pv_wh))
        self.ready_level = max(power, energy)
        self.ready_reason = R_NONE if self.ready_level == 0 else R_OVERLOAD
        if energy > power:
            self.ready_reason = R_BATTERY_EMPTY if energy == LEVEL_NOTHING else R_AUTONOMY

    def _adjust(self, image, now_ms: int, pv_wh: float) -> None:
        """While islanded: up at once, down one level when there is room for it."""
        battery_w = image.battery_w.value if image.battery_w.usable(now_ms) else self._load_w(self.level)
        if battery_w > self._limit_w:
            self._raise(self._relief_level(battery_w), R_OVERLOAD)
            return
        if not image.soc_pu.usable(now_ms):
            return
        energy_wh = self._energy_wh(image, pv_wh)
        empty = image.soc_pu.value <= self._soc_min_pu
        if empty and battery_w > self._idle_w:
            self._raise(LEVEL_NOTHING, R_BATTERY_EMPTY)
        elif not empty and self._may_restore(energy_wh):
            self._apply(self.level - 1, R_SURPLUS)
        else:
            self._raise(min(self._energy_level(energy_wh), LEVEL_CRITICAL), R_AUTONOMY)

    def _energy_wh(self, image, pv_wh: float) -> float:
        """Return what can be delivered above soc_min (Wh)."""
        return max(0.0, image.soc_pu.value - self._soc_min_pu) * self._capacity_wh + pv_wh

    def _power_level(self) -> int:
        """Return the lowest level within the rating; critical load alone is always tried."""
        for level in (0, 1):
            if self._carries(level):
                return level
        return LEVEL_CRITICAL

    def _relief_level(self, battery_w: float) -> int:
        """Return the lowest level above the present one that ends the overload."""
        for level in range(self.level + 1, LEVEL_CRITICAL):
            if battery_w - self._load_w(self.level) + self._load_w(level) <= self._limit_w:
                return level
        return LEVEL_CRITICAL

    def _energy_level(self, energy_wh: float) -> int:
        """Return the lowest level that lasts; critical load is served while there is any energy at all."""
        for level in (0, 1):
            if self._need_wh(level) <= energy_wh:
                return level
        return LEVEL_CRITICAL if energy_wh > 0 else LEVEL_NOTHING

    def _may_restore(self, energy_wh: float) -> bool:
        if self.level == 0 or self._since_ms < RESTORE_MS:
            return False
        level = self.level - 1
        enough = energy_wh >= MARGIN * self._need_wh(level)
        return enough and (level == LEVEL_CRITICAL or self._carries(level))

    def _carries(self, level: int) -> bool:
        """Return whether the inverter carries a level's load now, and would if the last peak came again."""
        return self._load_w(level) <= self._limit_w and self.peak_w * SERVED[level] <= self._peak_limit_w

    def _need_wh(self, level: int) -> float:
        return self.mean_w * SERVED[level] * self._autonomy_h

    def _load_w(self, level: int) -> float:
        return self.total_w * SERVED[level]

    def _raise(self, level: int, reason: str) -> None:
        if level > self.level:
            self._apply(level, reason)

    def _apply(self, level: int, reason: str) -> None:
        if level != self.level:
            self._since_ms = 0
            self.reason = reason
        self.level = level
