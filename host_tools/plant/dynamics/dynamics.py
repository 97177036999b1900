"""The electromechanical plant: N buildings in small steps, quasi-static phasors, devices with their inner lags."""

import numpy as np

from host_tools.plant.dynamics.commands import Demand, DynCommands, asked, given
from host_tools.plant.dynamics.feeder import Feeder
from host_tools.plant.dynamics.grid import GridSamples, GridSide
from host_tools.plant.dynamics.laws import LIVE_PU, Laws
from host_tools.plant.dynamics.params import DynParams, Phasors
from host_tools.plant.dynamics.trace import DynTruth, Trace
from host_tools.plant.dynamics.truth import truth_of
from host_tools.plant.types import FORMING, Bools, Commands, Floats

_TWO_PI = 2.0 * np.pi
_INRUSH_MS = 200.0


class Dynamics(Laws):
    """advance() passes time and returns the trace; truth() tells the end as the device server wants it."""

    def __init__(self, params: DynParams, seed: int = 0, dt_ms: float = 1.0) -> None:
        """Start on a healthy grid, PV in service, batteries idle, contactors closed."""
        super().__init__(params, seed, dt_ms)
        n = params.n
        self.t_ms = 0.0
        self._grid_rad: Floats = np.zeros(n)
        self._y0 = 1.0 / params.grid_ohm
        self._feeder: Feeder | None = None
        self._close: Bools = np.ones(n, dtype=np.bool_)
        self._commands = DynCommands(**vars(Commands.idle(params.ratings.pv_rated_w)))
        self.bond: Bools = np.zeros(n, dtype=np.bool_)
        self._upstream_opens = False
        self._inrush_to_ms = 0.0
        self.pv_available_w: Floats = np.zeros(n)

    def advance(self, span_ms: float, demand: Demand, commands: Commands, grid: GridSide) -> Trace:
        """Pass span_ms with constant demand and commands under the grid's functions of time.

        Raises ValueError for bad shapes or a span that is no multiple of the step, PlantError when currents
        do not balance.
        """
        steps = round(span_ms / self.dt_ms)
        if steps < 1 or abs(steps * self.dt_ms - span_ms) > 1e-6:
            raise ValueError(f"{span_ms} ms is no multiple of the step of {self.dt_ms} ms")
        demand.check(self.params.n, self.params.phases)
        self._begin(demand, commands)
        t_ms: Floats = self.t_ms + self.dt_ms * np.arange(1.0, steps + 1.0)
        samples = grid.sample(t_ms, self.params.n, self.params.phases)
        p = self.params
        trace = Trace.of(t_ms, p.f0_hz, p.n, p.phases, p.i_third_pu)
        self._upstream_opens = bool(samples.opened.any())
        e = self._sources(samples)
        self._follow_feeder(grid, e)
        for k in range(steps):
            self.t_ms = float(t_ms[k])
            self._step(k, e[k], samples, trace)
        trace.grid_harmonics = grid.harmonic_rows(t_ms, p.n, p.harmonics_pu)
        own = {order: np.full((1, p.n), c, dtype=np.complex128) for order, c in p.harmonics_pu.items()}
        trace.bus_harmonics = own
        self._trace, self._end = trace, samples
        return trace

    def truth(self) -> DynTruth:
        """Return what is true now; advance at least once before."""
        return truth_of(self, self._trace)

    def _begin(self, demand: Demand, commands: Commands) -> None:
        n = self.params.n
        c = commands if isinstance(commands, DynCommands) else DynCommands(**vars(commands))
        self._commands, self._close = c, np.asarray(c.contactor_closed, dtype=np.bool_)
        self.bond = asked(c.bond, n)
        self.pv_available_w = np.array(demand.pv_available_w, dtype=np.float64)
        self.loads.begin(demand, c.shed_level)
        self.begin_formers(c)
        self.begin_followers(c, demand)
        if self.motor is not None:
            on = np.zeros(n, dtype=np.bool_) if demand.motor_on is None else demand.motor_on
            self.motor.begin(on & self.loads.kept[self.motor_tier])
        if self.genset is not None:
            hz = given(c.genset_hz, n, self.params.f0_hz)
            self.genset.begin(asked(c.genset_run, n), given(c.genset_w, n, 0.0), hz)

    def _sources(self, samples: GridSamples) -> Phasors:
        """Return the grid's voltage behind its impedance at each step, [K, phases, N]; keeps the phase."""
        p = self.params
        turn = np.cumsum((samples.hz - p.f0_hz) * (_TWO_PI * self.dt_ms * 1e-3), axis=0) + self._grid_rad
        self._grid_rad = np.remainder(turn[-1], _TWO_PI)
        aft = -_TWO_PI / 3.0 * np.arange(p.phases)[:, None]
        e = np.exp(1j * (turn[:, None] + samples.jump_rad + aft))
        return np.asarray(e * (samples.magnitude_pu * p.v_nominal_v), dtype=np.complex128)

    def _follow_feeder(self, grid: GridSide, e: Phasors) -> None:
        if grid.feeder is not None and self._feeder is None:
            p = self.params
            self._feeder = Feeder(grid.feeder, e[0], p.v_nominal_v, p.f0_hz, self.dt_ms * 1e-3)

    def _step(self, k: int, e: Phasors, samples: GridSamples, trace: Trace) -> None:
        """Pass one step to time t_ms: contacts, voltages, then what the devices make of them."""
        moved = self.contactor.step(self._close)
        contact = self.contactor.conducting
        if moved:
            self.all_shut, self.all_open = bool(contact.all()), not contact.any()
            if self.contactor.made.any():
                self._note_closing()
        opened = samples.opened[k]
        fed = contact & ~opened if self._upstream_opens else contact
        inject, siemens = self._grid_norton(e, opened)
        self._solve(inject, siemens, contact, fed)
        v = self.network.v
        grid_v = self._grid_side(inject, siemens, contact)
        grid_a = (inject - siemens * v) if self.all_shut else contact * (inject - siemens * v)
        if self.t_ms < self._inrush_to_ms:
            fresh = self.t_ms - self.record.close_ms < _INRUSH_MS
            self.record.inrush(fresh, np.asarray(np.abs(grid_a).max(axis=0)))
        self.turn_devices(v, grid_a)
        self._hertz(samples.hz[k], opened, fed)
        self._keep(k, trace, grid_v, grid_a)
        self.count = (self.count + 1) % self.control_steps
        if self.count == 0:
            self.check_currents(grid_a)
        self.trip_struck()
        if self.count == 0:
            self.control(grid_v, self._commands)
            self._judge_grid(e, opened, grid_a)

    def _grid_norton(self, e: Phasors, opened: Bools) -> tuple[Phasors, Phasors]:
        """Return current source and admittance on the grid's side of the contactor, [phases, N]."""
        if self._feeder is None:
            if not self._upstream_opens:
                return e * self._y0, np.full(e.shape, self._y0)
            y = np.broadcast_to(np.where(opened, 1e-9, self._y0), e.shape)
            return np.where(opened, 0.0, e * self._y0), y
        y = self._y0 * ~opened
        return e * y + self._feeder.drive(), y + self._feeder.admittance

    def _solve(self, inject: Phasors, siemens: Phasors, contact: Bools, fed: Bools) -> None:
        amps, y_load = self.inject(), self.load_siemens()
        if self.all_shut:
            self.network.solve(amps + inject, y_load + siemens)
        elif self.all_open:
            self.network.solve(amps, y_load)
        else:
            self.network.solve(amps + contact * inject, y_load + contact * siemens)
        if self._feeder is None and (self.all_open or not fed.all()):
            self.cap_voltage(fed)

    def _grid_side(self, inject: Phasors, siemens: Phasors, contact: Bools) -> Phasors:
        """Return the voltage on the grid's side; the feeder takes it."""
        v = self.network.v if self.all_shut else np.where(contact, self.network.v, inject / siemens)
        if self._feeder is not None:
            self._feeder.take(v)
        return v

    def _hertz(self, grid_hz: Floats, opened: Bools, fed: Bools) -> None:
        """Find the frequency of bus and grid side, less f0: of the sources by admittance, else of the loop."""
        f0 = self.params.f0_hz
        self.bus_offset_hz = self.source_offset_hz(grid_hz - f0, fed)
        self.grid_hz_now = grid_hz
        if self._upstream_opens:
            alone = 0.0 if self._feeder is None else self._feeder.loop.offset_hz + f0
            joined = np.where(self.contactor.conducting, self.bus_offset_hz + f0, alone)
            self.grid_hz_now = np.where(opened, joined, grid_hz)

    def _note_closing(self) -> None:
        """Compare the two sides as they were before the contacts met."""
        v0, bus, grid = self.params.v_nominal_v, self.network.v[0], self.grid_v[0]
        live = (np.abs(bus) > LIVE_PU * v0) & (np.abs(grid) > LIVE_PU * v0)
        slip = self.grid_hz_now - self.params.f0_hz - self.bus_offset_hz
        dv = (np.abs(grid) - np.abs(bus)) / v0
        made = self.contactor.made & live
        self._inrush_to_ms = self.t_ms + _INRUSH_MS
        self.record.closing(made, self.t_ms, np.angle(grid * bus.conj()), slip, dv)

    def _judge_grid(self, e: Phasors, opened: Bools, grid_a: Phasors) -> None:
        """Note own sources that feed a grid side which has lost its own."""
        lost = opened | (np.abs(e).max(axis=0) < LIVE_PU * self.params.v_nominal_v)
        if lost.any():
            out_w = -(self.network.v * grid_a.conj()).real.sum(axis=0)
            feeds = lost & self.contactor.closed & (out_w > 1.0) & (self.battery_state == FORMING)
            self.record.backfeed_ms += self.control_ms * feeds

    def _keep(self, k: int, trace: Trace, grid_v: Phasors, grid_a: Phasors) -> None:
        """Write the step into the trace."""
        v, va = self.network.v, self.va
        trace.bus_v[k], trace.grid_v[k] = v.T, grid_v.T
        trace.grid_a[k], trace.load_a[k] = grid_a.T, self.load_a.T
        product = v * grid_a.conj()
        trace.grid_va[k] = product[0] if len(v) == 1 else product.sum(axis=0)
        trace.load_va[k], trace.pv_va[k], trace.battery_va[k] = va["load"], va["pv"], va["battery"]
        if "ev" in va:
            trace.ev_va[k] = va["ev"]
        if "genset" in va:
            trace.genset_va[k] = va["genset"]
        self.grid_v = grid_v
        v0 = self.params.v_nominal_v
        size = self.network.size_v
        live = (size[0] if len(size) == 1 else size.max(axis=0)) > LIVE_PU * v0
        f0 = self.params.f0_hz
        trace.bus_hz[k] = (self.bus_offset_hz + f0) * live
        grid_live = np.abs(grid_v).max(axis=0) > 0.05 * v0
        trace.grid_hz[k] = self.grid_hz_now * grid_live
        trace.closed[k], trace.conducting[k] = self.contactor.closed, self.contactor.conducting
        trace.feedback[k], trace.energised[k] = self.contactor.feedback, live
        trace.battery_state[k] = self.battery_state
        if self.motor is not None:
            trace.motor_pu[k] = self.motor.speed_pu
        self.live = live
        self.record.edges(self.t_ms, live, self.contactor.closed, grid_live)
