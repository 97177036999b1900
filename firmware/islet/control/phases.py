"""Limits by phase: the forming inverter's in an island, the main fuse's on the grid."""

from islet.control.band import NO_LIMIT_W
from islet.control.fuse import BATTERY_HEAT, EV_HEAT, SHED_HEAT, Heat
from islet.control.loads import ALIVE_PU
from islet.control.presence import count_ms
from islet.names import EV_LEAST_A, EV_MOST_A, GRID, NEVER, R_MAIN_FUSE, R_NONE, SOFT_RETURN

PHASES = 3
NO_LIMIT_A = 1e9
USE = 0.95  # of the fuse that is aimed at while something is held back
RETRY = 0.8  # of the fuse under which cars are tried again
FOLLOW_MS = 4000  # time constant of the battery's help: a bus and its inverter take about a second
MOST_SHARE = 0.5  # of the error that one step takes up, however long
EV_FOLLOW_MS = 30_000
EV_BACK_OFF = 4  # doublings of the time without cars


class Phases:
    """On the grid: what cars, battery, PV and load groups must do for the fuse. Off it: the worst phase's load.

    A phase without an input is taken to be in order. Where the groups and the devices hang is not known: the
    battery is taken to be shared evenly by the phases, a group to hang on the worst.
    """

    def __init__(self, s) -> None:
        self._fuse_a = s.main_fuse_a
        self._v = s.v_nominal_v
        self._battery_w = s.battery_rated_w
        self._phase_w = s.phase_rated_w
        self._off_ms = int(s.shed_min_off_s * 1000)
        self._heat = [Heat() for _ in range(PHASES)]
        self.count = 1  # phases with an input for their load
        self.worst_w = 0.0  # load of the worst phase
        self.known = False  # whether that is known
        self.heat = 0.0  # of the worst phase
        self.worst_a = 0.0
        self.exports = False  # the worst phase gives power to the grid
        self.ev_stop = False
        self.ev_limit_a = NO_LIMIT_A
        self.grid_level = 0  # of load groups that must go on the grid
        self.battery_lo_w, self.battery_hi_w = -NO_LIMIT_W, NO_LIMIT_W
        self.pv_cap_w = NO_LIMIT_W
        self.reason = R_NONE
        self._ev_ms = 0  # since cars were stopped or let go
        self._ev_stops = 0

    def step(self, image, state: int, group_a: float, now_ms: int, dt_ms: int) -> None:
        """Judge the phases; group_a: the current that load given back on the grid would draw, at most."""
        self._measure(image, now_ms)
        if self._fuse_a <= 0.0 or state not in (GRID, SOFT_RETURN) or not image.contactor_closed:
            self._let_go()
            return
        self._heat_up(image, now_ms, dt_ms)
        self._hold_cars(dt_ms)
        self._hold_battery(image, now_ms, dt_ms)
        self._hold_groups(group_a)
        acts = self.ev_stop or self.grid_level > 0 or self.heat >= BATTERY_HEAT
        self.reason = R_MAIN_FUSE if acts else R_NONE

    def rated_w(self) -> float:
        """Return what the forming inverter may give to one phase (W)."""
        return self._phase_w if self._phase_w > 0.0 else self._battery_w / self.count

    def _measure(self, image, now_ms: int) -> None:
        """Find the phase that draws most, as last seen alive; with one input the total tells it all already."""
        if not (image.bus_v.usable(now_ms) and image.bus_v.value >= ALIVE_PU * self._v):
            return
        count, worst_w, known = 0, 0.0, True
        for k in range(PHASES):
            load = image.phase_load_w[k]
            if load.quality == NEVER:
                continue
            count += 1
            known = known and load.usable(now_ms)
            worst_w = max(worst_w, load.value)
        self.count = max(1, count)
        self.known = known and (count > 1 or (count == 1 and self._phase_w > 0.0))
        if self.known:
            self.worst_w = worst_w

    def _heat_up(self, image, now_ms: int, dt_ms: int) -> None:
        self.heat = self.worst_a = 0.0
        for k in range(PHASES):
            current = image.phase_grid_a[k]
            if not current.usable(now_ms):  # a blind phase keeps its heat
                self.heat = max(self.heat, self._heat[k].value)
                continue
            self.heat = max(self.heat, self._heat[k].step(current.value / self._fuse_a, dt_ms))
            if current.value >= self.worst_a:
                self.worst_a = current.value
                power = image.phase_grid_w[k]
                self.exports = power.usable(now_ms) and power.value < 0.0

    def _hold_cars(self, dt_ms: int) -> None:
        """Stop cars first; give them back what is left after a time, longer each time it was too early."""
        self._ev_ms = count_ms(self._ev_ms, dt_ms)
        if self.ev_stop:
            wait_ms = self._off_ms << min(self._ev_stops - 1, EV_BACK_OFF)
            if self._ev_ms >= wait_ms and self.heat <= 0.0 and self.worst_a <= RETRY * self._fuse_a:
                self.ev_stop, self._ev_ms = False, 0
                self.ev_limit_a = max(EV_LEAST_A, USE * self._fuse_a - self.worst_a)
        elif self.heat >= EV_HEAT and not self.exports:
            self._ev_stops = self._ev_stops + 1 if self._ev_ms < 2 * self._off_ms else 1
            self.ev_stop, self._ev_ms = True, 0
        elif self.ev_limit_a < NO_LIMIT_A:
            self._follow_cars(dt_ms)

    def _follow_cars(self, dt_ms: int) -> None:
        """Move the cars' limit with what the worst phase has left, until it does not matter any more."""
        share = min(MOST_SHARE, dt_ms / EV_FOLLOW_MS)
        limit_a = self.ev_limit_a + share * (USE * self._fuse_a - self.worst_a)
        self.ev_limit_a = max(EV_LEAST_A, limit_a) if limit_a < EV_MOST_A else NO_LIMIT_A

    def _hold_battery(self, image, now_ms: int, dt_ms: int) -> None:
        """Then move the battery's bound by what the worst phase lacks; cut PV where it is export that heats."""
        begins = self.heat >= BATTERY_HEAT
        share = min(MOST_SHARE, dt_ms / FOLLOW_MS)
        most_a = USE * self._fuse_a
        current_a = -self.worst_a if self.exports else self.worst_a
        watts_per_a = self._v * self._inputs(image)
        battery_w = image.battery_w.value if image.battery_w.usable(now_ms) else 0.0
        if self.battery_lo_w > -NO_LIMIT_W or (begins and not self.exports):
            old_w = self.battery_lo_w if self.battery_lo_w > -NO_LIMIT_W else battery_w
            lo_w = min(self._battery_w, old_w + share * watts_per_a * (current_a - most_a))
            self.battery_lo_w = lo_w if lo_w > -self._battery_w else -NO_LIMIT_W
        if self.battery_hi_w < NO_LIMIT_W or (begins and self.exports):
            old_w = self.battery_hi_w if self.battery_hi_w < NO_LIMIT_W else battery_w
            hi_w = max(-self._battery_w, old_w + share * watts_per_a * (current_a + most_a))
            self.battery_hi_w = hi_w if hi_w < self._battery_w else NO_LIMIT_W
        self._hold_pv(image, watts_per_a * (self.worst_a - most_a), now_ms)

    def _hold_pv(self, image, over_w: float, now_ms: int) -> None:
        """Cap PV at what the fuse bears when the battery was not enough."""
        if self.exports and self.heat >= SHED_HEAT and image.pv_w.usable(now_ms):
            self.pv_cap_w = max(0.0, image.pv_w.value - over_w)
        elif self.heat <= 0.0:
            self.pv_cap_w = NO_LIMIT_W

    def _inputs(self, image) -> int:
        """Return how many phases of the connection are measured."""
        count = 0
        for k in range(PHASES):
            count += 1 if image.phase_grid_a[k].quality != NEVER else 0
        return count

    def _hold_groups(self, group_a: float) -> None:
        """At last shed deferrable load, until it fits on the worst phase alone."""
        if self.heat >= SHED_HEAT and not self.exports:
            self.grid_level = 1
        elif self.grid_level and self.heat <= 0.0 and self.worst_a + group_a <= USE * self._fuse_a:
            self.grid_level = 0

    def _let_go(self) -> None:
        """Off the grid, or without a fuse: nothing is held back, and a fuse cools."""
        for k in range(PHASES):
            self._heat[k].value = 0.0
        self.heat = self.worst_a = 0.0
        self.ev_stop = self.exports = False
        self.ev_limit_a = NO_LIMIT_A
        self.grid_level = 0
        self.battery_lo_w, self.battery_hi_w = -NO_LIMIT_W, NO_LIMIT_W
        self.pv_cap_w = NO_LIMIT_W
        self.reason = R_NONE
        self._ev_stops = 0
