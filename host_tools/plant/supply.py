"""What energises each bus: contactor, state of the battery inverter, phases, and the clock of an outage."""

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.params import PlantParams
from host_tools.plant.timers import CONTACTOR, CRASH, FORM, GAP, Timers
from host_tools.plant.types import FAULT, FOLLOWING, FORMING, OFF, Bools, Commands, Floats, Ints, Truth

DARK, GRID, ISLAND = 0, 1, 2
CAUSES = ("none", "overload", "empty", "out_of_phase", "onto_dead_grid")
SENSED_PU = 0.05  # below this the grid side shows no frequency


def wrapped(rad: Floats) -> Floats:
    """Return an angle in -pi..pi."""
    return np.asarray(rad - 2.0 * np.pi * np.round(rad / (2.0 * np.pi)), dtype=np.float64)


class Supply:
    """Per building [N]: closed (feedback), state, source, energised, phases; counts of trips and closings."""

    def __init__(self, params: PlantParams, timers: Timers, rng: np.random.Generator) -> None:
        """Start connected to the grid; rng places the phase each forming inverter starts at."""
        n = params.n
        self._p = params
        self._timers = timers
        self._start_phase_rad: Floats = rng.uniform(-np.pi, np.pi, n)
        self._rotation_rad: Floats = np.zeros(n)
        self.closed: Bools = np.ones(n, dtype=np.bool_)
        self.state: Ints = np.full(n, FOLLOWING)
        self.source: Ints = np.full(n, GRID)
        self.energised: Bools = np.ones(n, dtype=np.bool_)
        self.bus_phase_rad: Floats = np.zeros(n)
        self.to_island_ms: Floats = np.full(n, np.nan)
        self.to_island_max_ms: Floats = np.full(n, np.nan)
        self._outage_ms: Floats = np.full(n, np.nan)  # since the grid was lost, NaN once there was an island
        self.closing_angle_rad: Floats = np.full(n, np.nan)  # grid minus bus, of the last closing
        self.closing_slip_hz: Floats = np.full(n, np.nan)
        self.closing_dv_pu: Floats = np.full(n, np.nan)
        self.closings: Ints = np.zeros(n, dtype=np.int64)
        self.trips: Ints = np.zeros(n, dtype=np.int64)
        self.trip_cause: Ints = np.zeros(n, dtype=np.int64)  # index into CAUSES, of the last trip

    @property
    def in_gap(self) -> Bools:
        """Return where the grid was lost and no island is there yet, for at most gap_limit_ms."""
        return self._timers.running(GAP)

    @property
    def grid_phase_rad(self) -> Floats:
        """Return the phase of the grid side, -pi..pi."""
        return wrapped(self._rotation_rad + self._angle_rad)

    def begin(
        self, grid_v: NDArray[np.float64] | NDArray[np.complex128], grid_hz: float, commands: Commands
    ) -> None:
        """Take the grid side and the commands of the coming interval."""
        self.grid_v: Floats = np.abs(grid_v).astype(np.float64)
        self._angle_rad: Floats = np.angle(grid_v)
        sensed = self.grid_v >= SENSED_PU * self._p.v_nominal_v
        self.grid_hz: Floats = np.where(sensed, grid_hz, 0.0)
        self._grid_live = self.grid_v >= self._p.dead_pu * self._p.v_nominal_v
        self._form: Bools = np.array(commands.form, dtype=np.bool_)
        self._close: Bools = np.array(commands.contactor_closed, dtype=np.bool_)

    def settle(self) -> None:
        """Bring inverter state, source and countdowns in line with contactor, grid and commands."""
        timers = self._timers
        state = self.state
        released = ~self._form & ((state == FORMING) | (state == FAULT))
        state = np.where(released, OFF, state)
        on_grid = self.closed & self._grid_live & ~timers.running(CRASH)
        state = np.where(on_grid & (state == OFF), FOLLOWING, state)
        state = np.where(~on_grid & (state == FOLLOWING), OFF, state)
        self.state = state
        opening_ms = np.where(self.closed, self._p.open_ms, self._p.close_ms)
        timers.run(CONTACTOR, self._close != self.closed, opening_ms)
        timers.run(FORM, self._form & ~self.closed & (state == OFF), self._p.form_ms)
        self._note(np.where(on_grid, GRID, np.where(state == FORMING, ISLAND, DARK)))

    def _note(self, source: Ints) -> None:
        """Change the source and keep the clock of the outage."""
        if (source == self.source).all():
            return
        lost = (self.source == GRID) & (source == DARK)
        self._outage_ms = np.where(lost, 0.0, self._outage_ms)
        self.to_island_ms = np.where(lost, np.nan, self.to_island_ms)
        self._timers.run(GAP, lost | (self.in_gap & (source == DARK)), self._p.gap_limit_ms)
        formed = (source == ISLAND) & ~np.isnan(self._outage_ms)
        self.to_island_ms = np.where(formed, self._outage_ms, self.to_island_ms)
        self.to_island_max_ms = np.fmax(self.to_island_max_ms, self.to_island_ms)
        self._outage_ms = np.where(source == DARK, self._outage_ms, np.nan)
        self.source = source
        self.energised = source != DARK

    def pass_ms(self, bus_hz: Floats, span_ms: Floats) -> None:
        """Turn the phases on and let the outage clock run for span_ms [N]."""
        turn_rad = span_ms * (2.0 * np.pi * 1e-3)
        self._rotation_rad = wrapped(self._rotation_rad + self.grid_hz * turn_rad)
        turned = wrapped(self.bus_phase_rad + bus_hz * turn_rad)
        self.bus_phase_rad = np.where(self.source == GRID, self.grid_phase_rad, turned)
        self._outage_ms = self._outage_ms + span_ms

    def fault(self, which: Bools, cause: str) -> None:
        """Trip the battery inverters that were forming."""
        if not which.any():
            return
        self.state = np.where(which, FAULT, self.state)
        self.trips = self.trips + which
        self.trip_cause = np.where(which, CAUSES.index(cause), self.trip_cause)

    def form(self, which: Bools) -> None:
        """Let inverters start forming, at a phase of their own."""
        self.state = np.where(which, FORMING, self.state)
        self.bus_phase_rad = np.where(which, self._start_phase_rad, self.bus_phase_rad)

    def move(self, due: Bools, truth: Truth) -> None:
        """Let the contactors that are due change over; truth is the state just before."""
        moving = due[CONTACTOR]
        if not moving.any():
            return
        onto = moving & ~self.closed & (self.state == FORMING)
        self.closed = self.closed ^ moving
        if onto.any():
            self._join(onto, truth)

    def _join(self, onto: Bools, truth: Truth) -> None:
        """Connect formed buses to the grid side, whatever is there."""
        live = onto & self._grid_live
        angle_rad = wrapped(self.grid_phase_rad - self.bus_phase_rad)
        dv_pu = (self.grid_v - truth.bus_v) / self._p.v_nominal_v
        self.closing_angle_rad = np.where(live, angle_rad, self.closing_angle_rad)
        self.closing_slip_hz = np.where(live, self.grid_hz - truth.bus_hz, self.closing_slip_hz)
        self.closing_dv_pu = np.where(live, dv_pu, self.closing_dv_pu)
        self.closings = self.closings + live
        crash = live & (np.abs(angle_rad) > self._p.close_angle_max_rad)
        self.state = np.where(live, FOLLOWING, self.state)
        self.fault(crash, "out_of_phase")
        self.fault(onto & ~live, "onto_dead_grid")
        self._timers.left_ms[CRASH] = np.where(crash, self._p.crash_dark_ms, self._timers.left_ms[CRASH])
