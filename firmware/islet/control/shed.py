"""How many load groups an island can feed, known before it is needed and given back slowly."""

from islet.control.group_shares import GROUPS
from islet.control.levels import LEVEL_CRITICAL, LEVEL_NOTHING
from islet.control.presence import CAP_MS, count_ms
from islet.names import (
    BLACK_START,
    CRITICAL,
    FAULT,
    GRID,
    ISLAND,
    R_AUTONOMY,
    R_BATTERY_EMPTY,
    R_COLD_LOAD,
    R_MAIN_FUSE,
    R_NONE,
    R_OVERLOAD,
    R_PHASE_RATING,
    R_STALE_INPUT,
    R_SURPLUS,
    R_TIMEOUT,
    RESYNC,
    SOFT_RETURN,
)

TRIP_PU = 1.2  # of the rating: inverters give up there
MARGIN = 1.3  # of energy before a level is given back
HOLD_MS = 1000  # after a change the meters still show the load before it
SPACING_MS = 10_000  # at least between two groups given back
IDLE_PU = 0.01  # of the rating: less is no discharge
GRACE_PU = 0.02  # of charge below soc_min while a source is on its way


class Shed:
    """Chooses wishes.shed_level: 0 all served .. 2 critical only, 3 when nothing is left to serve with.

    An unknown charge or load means critical only on islanding, and later forbids to give groups back.
    """

    def __init__(self, s, levels) -> None:
        """Levels has what is known of loads, phases, autonomy and sources."""
        self.levels = levels
        self._loads, self._phases = levels.loads, levels.phases
        self._autonomy, self._sources = levels.autonomy, levels.sources
        self._trip_w = TRIP_PU * s.battery_rated_w
        self._idle_w = IDLE_PU * s.battery_rated_w
        self._soc_min_pu = s.soc_min_pu
        self._min_off_ms = int(s.shed_min_off_s * 1000)
        self._min_on_ms = int(s.shed_min_on_s * 1000)
        self.level = 0  # applied
        self.reason = R_NONE
        self.ready_level = LEVEL_CRITICAL  # what islanding would apply now; in an island what would fit now
        self.ready_reason = R_STALE_INPUT
        self.blocked_by = R_NONE  # why the next group is not given back
        self.heavy = False  # all groups together are too much power for the battery alone
        self.short = False  # or too much energy for the stored one
        self.islanded = False
        self._since_ms = CAP_MS  # the last change of level
        self._held_ms = [CAP_MS, CAP_MS, CAP_MS]  # each group as it is, on or off

    def step(self, image, wishes, state: int, dark: bool, now_ms: int, dt_ms: int) -> None:
        """Set wishes.shed_level; dark: the bus is seen without voltage."""
        self._since_ms = count_ms(self._since_ms, dt_ms)
        for group in range(GROUPS):
            self._held_ms[group] = count_ms(self._held_ms[group], dt_ms)
        self._loads.step(image, self.level, self._since_ms >= HOLD_MS, now_ms, dt_ms)
        if state in (GRID, SOFT_RETURN):
            self.islanded = False
        self._prepare(image)
        if state in (GRID, SOFT_RETURN):
            self._serve()
        elif not self.islanded:
            self.islanded = True
            self._raise(self.ready_level, self.ready_reason)
        elif state in (FAULT, BLACK_START):  # the load may be why the bus fell
            self._raise(LEVEL_CRITICAL, R_OVERLOAD)
        elif state in (ISLAND, RESYNC):
            self._hold_up(image, dark, now_ms)
        wishes.shed_level = self.level
        wishes.shed_reason = self.reason

    def _prepare(self, image) -> None:
        """Know which level fits: for power, for the phases, for energy; with cars that may not have stopped yet."""
        if not self._loads.known:
            return
        car_w = max(0.0, -image.ev_w.value) if not self.islanded else 0.0
        power, phase = self.levels.power(car_w), self.levels.phase()
        energy = self.levels.energy() if self._autonomy.known else LEVEL_CRITICAL
        self.ready_level = max(power, phase, energy)
        self.ready_reason = R_NONE if self.ready_level == 0 else R_OVERLOAD
        if energy > max(power, phase):
            self.ready_reason = R_BATTERY_EMPTY if energy == LEVEL_NOTHING else R_AUTONOMY
        elif phase > power:
            self.ready_reason = R_PHASE_RATING
        self.heavy = self._loads.load_w(0) > self.levels.limit_w
        bearable_w = self._autonomy.bearable_w - self._sources.spare_w
        self.short = self._autonomy.known and self._loads.mean_w > bearable_w

    def _serve(self) -> None:
        """On the grid: give everything back, but never a group that was dropped just now, nor against the fuse."""
        least = self._phases.grid_level
        if self.level < least:
            self._apply(least, R_MAIN_FUSE)
        elif self.level == LEVEL_NOTHING:
            self._apply(LEVEL_CRITICAL, R_NONE)
        elif self.level > least and self._rested() and self._since_ms >= SPACING_MS:
            self._apply(self.level - 1, R_NONE)

    def _hold_up(self, image, dark: bool, now_ms: int) -> None:
        """While islanded: up at once, down one level when there is room for it."""
        if dark:  # tripped: whatever forms again finds little load
            if self.level < LEVEL_CRITICAL and not self._empty(image, now_ms):
                self._loads.tripped(self.level, self._trip_w)
            self._raise(LEVEL_CRITICAL, R_OVERLOAD)
        elif self._since_ms >= HOLD_MS:
            self._adjust(image, now_ms)

    def _adjust(self, image, now_ms: int) -> None:
        given = image.battery_w.usable(now_ms)
        battery_w = image.battery_w.value if given else self._loads.load_w(self.level)
        if battery_w > self.levels.limit_w:
            self._raise(self.levels.relief(self.level, battery_w), R_OVERLOAD)
        elif not self.levels.phase_carries(self.level):
            self._raise(min(self.level + 1, LEVEL_CRITICAL), R_PHASE_RATING)
        elif image.soc_pu.usable(now_ms):
            self._adjust_energy(image, battery_w, now_ms)

    def _adjust_energy(self, image, battery_w: float, now_ms: int) -> None:
        empty = self._empty(image, now_ms)
        if empty and battery_w > self._idle_w:
            self._run_empty(image)
        elif self._may_restore(image, empty, now_ms):
            self._apply(self.level - 1, R_SURPLUS)
        else:
            self._raise_rested(min(self.levels.energy(), LEVEL_CRITICAL), R_AUTONOMY)

    def _run_empty(self, image) -> None:
        """The charge is used up: critical load goes last, and not while a source is on its way."""
        if self.level < LEVEL_CRITICAL:
            self._raise(LEVEL_CRITICAL, R_BATTERY_EMPTY)
        elif not (self._sources.pending and image.soc_pu.value > self._soc_min_pu - GRACE_PU):
            self._raise(LEVEL_NOTHING, R_BATTERY_EMPTY)

    def _empty(self, image, now_ms: int) -> bool:
        return image.soc_pu.usable(now_ms) and image.soc_pu.value <= self._soc_min_pu

    def _may_restore(self, image, empty: bool, now_ms: int) -> bool:
        """Return whether the next group may come back; why not is in `blocked_by`."""
        self.blocked_by = R_NONE
        if self.level == 0:
            return False
        level = self.level - 1
        if self.level == LEVEL_NOTHING and self.levels.generation_carries(image, now_ms):
            return self._since_ms >= SPACING_MS
        if not self._rested() or self._since_ms < max(SPACING_MS, self._min_on_ms):
            self.blocked_by = R_TIMEOUT
        elif level < LEVEL_CRITICAL and not self._loads.fresh:
            self.blocked_by = R_STALE_INPUT
        elif empty or self.levels.energy(MARGIN, MARGIN) > level:
            self.blocked_by = R_AUTONOMY
        elif level < LEVEL_CRITICAL and not self.levels.carries(level):
            self.blocked_by = R_COLD_LOAD if self.levels.carries_warm(level) else R_OVERLOAD
        elif level < LEVEL_CRITICAL and not self.levels.phase_carries(level):
            self.blocked_by = R_PHASE_RATING
        return self.blocked_by == R_NONE

    def _rested(self) -> bool:
        """Return whether the next group to come back has been off for its minimum; critical load need not wait."""
        group = GROUPS - self.level
        return group == CRITICAL or self._held_ms[group] >= self._min_off_ms

    def _raise_rested(self, level: int, reason: str) -> None:
        """Raise as far as the groups concerned have been on for their minimum."""
        reached = self.level
        while reached < level and self._held_ms[GROUPS - 1 - reached] >= self._min_on_ms:
            reached += 1
        self._raise(reached, reason)

    def _raise(self, level: int, reason: str) -> None:
        if level > self.level:
            self._apply(level, reason)

    def _apply(self, level: int, reason: str) -> None:
        """Change the level; groups that change their place start their time anew."""
        for group in range(GROUPS):
            if (group < GROUPS - level) != (group < GROUPS - self.level):
                self._held_ms[group] = 0
        if level != self.level:
            self._loads.changed(self.level)
            self._since_ms = 0
            self.reason = reason
        self.level = level
