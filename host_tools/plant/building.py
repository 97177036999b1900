"""The physics of N buildings over an interval: supply, flows, trips and events at their exact instants."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from host_tools.plant import island, pv
from host_tools.plant.battery import Store
from host_tools.plant.params import PlantParams
from host_tools.plant.sums import TOLERANCE_W, Sums
from host_tools.plant.supply import GRID, ISLAND, Supply
from host_tools.plant.timers import BOUND, FORM, OVERLOAD, PV_ENTER, SLACK_MS, Timers
from host_tools.plant.types import FOLLOWING, FORMING, GROUPS, Bools, Commands, Floats, PlantError, Truth

TICK_MASK = (1 << 30) - 1
EVENTS_MAX = 64  # of one building in one interval


class Plant:
    """N buildings with PV inverter, battery inverter and contactor; deterministic for a seed."""

    def __init__(self, params: PlantParams, seed: int = 0) -> None:
        """Start on the grid, PV on, battery idle; the seed places the phase a forming inverter starts at."""
        self.params = params
        self.sums = Sums(params.n)
        self.store = Store(params)
        self._timers = Timers(params.n)
        self.supply = Supply(params, self._timers, np.random.default_rng(seed))
        self._pv_on: Bools = np.ones(params.n, dtype=np.bool_)
        self._pv_before_w: Floats = np.zeros(params.n)  # output before an over-frequency event

    @property
    def energy_j(self) -> dict[str, Floats]:
        """Return integrals by name (sums.NAMES), each [N], all >= 0."""
        return self.sums.energy_j

    @property
    def unserved_j(self) -> Floats:
        """Return the demand not served for any cause, [N, 3]; sums has it by cause."""
        return self.sums.unserved_j

    @property
    def unserved_gap_j(self) -> Floats:
        """Return the demand not served between losing the grid and having an island, [N, 3]."""
        return self.sums.unserved_gap_j

    @property
    def balance_error_w_max(self) -> float:
        """Return the worst imbalance ever seen."""
        return self.sums.balance_error_w_max

    @property
    def to_island_ms(self) -> Floats:
        """Return ms from the last loss of the grid to the island being energised [N], NaN before."""
        return self.supply.to_island_ms

    @property
    def to_island_max_ms(self) -> Floats:
        """Return the longest to_island_ms of all outages [N], NaN before."""
        return self.supply.to_island_max_ms

    @property
    def closing_angle_rad(self) -> Floats:
        """Return grid minus bus phase at the last closing of a formed bus [N], NaN before."""
        return self.supply.closing_angle_rad

    @property
    def closing_slip_hz(self) -> Floats:
        """Return grid minus bus frequency at that closing [N]."""
        return self.supply.closing_slip_hz

    @property
    def closing_dv_pu(self) -> Floats:
        """Return grid minus bus voltage at that closing [N], per unit of nominal."""
        return self.supply.closing_dv_pu

    def advance(
        self,
        t0_ms: int,
        t1_ms: int,
        demand_w: ArrayLike,
        pv_available_w: ArrayLike,
        grid_v: NDArray[np.float64] | NDArray[np.complex128],
        grid_hz: float,
        commands: Commands,
    ) -> Truth:
        """Pass (t0, t1] with constant inputs and return what is true at t1.

        demand_w is [N, 3] per load group, pv_available_w [N], grid_v [N] volts (a complex one gives the phase
        too); ticks may have wrapped. Raises PlantError when powers do not balance, ValueError for bad inputs.
        """
        self._begin(demand_w, pv_available_w, commands)
        self.supply.begin(grid_v, grid_hz, commands)
        left_ms = np.full(self.params.n, float(self._span_ms(t0_ms, t1_ms)))
        for _ in range(EVENTS_MAX):
            truth = self._settle()
            self.sums.check(truth, t1_ms - float(left_ms.max()))
            span_ms = self._timers.next_ms(left_ms)
            due = self._pass(truth, span_ms)
            left_ms -= span_ms
            left_ms[left_ms <= SLACK_MS] = 0.0
            if due is None and not left_ms.any():
                return self._at_end(truth)
        busy = int(np.argmax(left_ms))
        raise PlantError(f"more than {EVENTS_MAX} events up to {t1_ms} ms in building {busy}")

    def _span_ms(self, t0_ms: int, t1_ms: int) -> int:
        span_ms = (t1_ms - t0_ms) & TICK_MASK
        if span_ms == 0:
            raise ValueError(f"an interval from {t0_ms} to {t1_ms} ms has no length")
        return span_ms

    def _begin(self, demand_w: ArrayLike, pv_available_w: ArrayLike, commands: Commands) -> None:
        self._demand_w = np.array(demand_w, dtype=np.float64)
        self._pv_available_w = np.array(pv_available_w, dtype=np.float64)
        n = self.params.n
        if self._demand_w.shape != (n, GROUPS) or self._pv_available_w.shape != (n,):
            shapes = f"demand {self._demand_w.shape} and pv {self._pv_available_w.shape}"
            raise ValueError(f"{shapes} do not fit {n} buildings")
        if (self._demand_w < 0.0).any() or (self._pv_available_w < 0.0).any():
            raise ValueError("demand and available PV are never negative")
        kept = GROUPS - np.clip(commands.shed_level, 0, GROUPS)
        self._kept_w = self._demand_w * (np.arange(GROUPS) < kept[:, None])
        limit_w = np.minimum(np.maximum(commands.pv_limit_w, 0.0), self.params.pv_rated_w)
        self._pv_free_w = np.minimum(self._pv_available_w, limit_w)
        self._follow_w = np.where(commands.battery_enabled, commands.battery_w, 0.0)
        self._form_hz = np.array(commands.form_hz, dtype=np.float64)
        self._form_v = np.array(commands.form_v, dtype=np.float64)
        self._droop_pu = np.array(commands.droop_pu, dtype=np.float64)

    def _settle(self) -> Truth:
        """Return the flows once nothing trips any more at this instant."""
        for _ in range(4):  # battery, then PV that loses the bus, then the bus it leaves
            self.supply.settle()
            truth = self._flows()
            if not self._trip(truth):
                self._arm(truth)
                return truth
        raise PlantError("devices keep tripping at one instant")

    def _sources(self, load_w: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """Return PV and battery power, bus voltage and frequency that the present supply leads to."""
        supply = self.supply
        on_grid = supply.source == GRID
        pv_w = np.where(on_grid, self._pv_on_grid_w(on_grid), 0.0)
        following = supply.state == FOLLOWING
        battery_w = np.where(following, self.store.follow_w(self._follow_w), 0.0)
        bus_v = np.where(on_grid, supply.grid_v, 0.0)
        bus_hz = np.where(on_grid, supply.grid_hz, 0.0)
        formed = supply.source == ISLAND
        if formed.any():
            pv_free_w = self._pv_free_w * self._pv_on
            charge_max_w = self.store.limits_w()[0]
            solved = island.solve(self.params, load_w, pv_free_w, charge_max_w, self._form_hz, self._droop_pu)
            pv_w = np.where(formed, solved[0], pv_w)
            battery_w = np.where(formed, solved[1], battery_w)
            bus_hz = np.where(formed, solved[2], bus_hz)
            bus_v = np.where(formed, island.formed_v(self.params, self._form_v, battery_w), bus_v)
        return pv_w, battery_w, bus_v, bus_hz

    def _flows(self) -> Truth:
        """Return all that is true with the present supply."""
        supply = self.supply
        on_grid = supply.source == GRID
        served_w = self._kept_w * supply.energised[:, None]
        load_w = served_w.sum(axis=1)
        load_var = self.params.load_var_per_w * load_w
        pv_w, battery_w, bus_v, bus_hz = self._sources(load_w)
        return Truth(
            grid_w=np.where(on_grid, load_w - pv_w - battery_w, 0.0),
            grid_var=np.where(on_grid, load_var, 0.0),
            pv_w=pv_w,
            pv_available_w=self._pv_available_w,
            battery_w=battery_w,
            battery_var=np.where(supply.source == ISLAND, load_var, 0.0),
            load_w=load_w,
            load_var=load_var,
            demand_w=self._demand_w,
            served_w=served_w,
            bus_v=bus_v,
            bus_hz=bus_hz,
            bus_phase_rad=supply.bus_phase_rad,
            grid_v=supply.grid_v,
            grid_hz=supply.grid_hz,
            grid_phase_rad=supply.grid_phase_rad,
            soc_pu=self.store.soc_pu,
            contactor_closed=supply.closed,
            battery_state=supply.state,
            pv_on=self._pv_on,
            energised=supply.energised,
        )

    def _pv_on_grid_w(self, on_grid: Bools) -> Floats:
        """Return PV output behind the grid's frequency, latching the output before an event."""
        p = self.params
        hz = self.supply.grid_hz
        high = hz > p.f0_hz + p.dbof_hz
        self._pv_before_w = np.where(on_grid & ~high, self._pv_free_w, self._pv_before_w)
        if not high.any():
            return np.asarray(self._pv_free_w * self._pv_on, dtype=np.float64)
        droop_w = pv.over_frequency_w(hz, self._pv_before_w, p.pv_rated_w, p.f0_hz, p.dbof_hz, p.kof)
        return np.asarray(np.minimum(self._pv_free_w, droop_w) * self._pv_on, dtype=np.float64)

    def _trip(self, truth: Truth) -> bool:
        """Trip what cannot stay on with these flows; return whether anything did."""
        pv_trips = self._pv_on & pv.must_trip(truth.bus_v, truth.bus_hz, self.params)
        self._pv_on = self._pv_on & ~pv_trips
        asked_w = np.where(truth.battery_state == FORMING, truth.battery_w, 0.0)
        over = asked_w > self.params.trip_pu * self.params.battery_rated_w
        empty = (truth.soc_pu <= 0.0) & (asked_w > TOLERANCE_W)
        self.supply.fault(over, "overload")
        self.supply.fault(empty, "empty")
        return bool((pv_trips | over | empty).any())

    def _arm(self, truth: Truth) -> None:
        """Start, continue or stop the countdowns that hang on the flows."""
        p = self.params
        waiting = ~self._pv_on & pv.may_enter(truth.bus_v, truth.bus_hz, p)
        self._timers.run(PV_ENTER, waiting, p.pv_reconnect_s * 1e3)
        over = (truth.battery_state == FORMING) & (truth.battery_w > p.battery_rated_w + TOLERANCE_W)
        self._timers.run(OVERLOAD, over, p.overload_ms)
        self._timers.left_ms[BOUND] = self.store.bound_ms(truth.battery_w)

    def _pass(self, truth: Truth, span_ms: Floats) -> Bools | None:
        """Integrate span_ms [N] and let the events at its end happen; return what was due, if anything."""
        self.sums.add(truth, self.supply.in_gap, span_ms)
        self.store.pass_ms(truth.battery_w, span_ms)
        self.supply.pass_ms(truth.bus_hz, span_ms)
        due = self._timers.pass_ms(span_ms)
        if due is not None:
            self.store.pin(due[BOUND], truth.battery_w)
            self._pv_on = self._pv_on | due[PV_ENTER]
            self.supply.fault(due[OVERLOAD], "overload")
            self.supply.form(due[FORM])
            self.supply.move(due, truth)
        return due

    def _at_end(self, truth: Truth) -> Truth:
        """Return truth with what moved on during the last stretch."""
        truth.soc_pu = self.store.soc_pu
        truth.bus_phase_rad = self.supply.bus_phase_rad
        truth.grid_phase_rad = self.supply.grid_phase_rad
        return truth
