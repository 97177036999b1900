"""The devices of N buildings joined on their bus: what they inject, how they go on, their laws."""

import numpy as np

from host_tools.plant.dynamics.batteries import Batteries
from host_tools.plant.dynamics.commands import Demand, DynCommands, asked, given
from host_tools.plant.dynamics.contactor import Contactor
from host_tools.plant.dynamics.followers import Followers
from host_tools.plant.dynamics.former import Formers
from host_tools.plant.dynamics.genset import Genset
from host_tools.plant.dynamics.loads import Loads
from host_tools.plant.dynamics.loop import Loop
from host_tools.plant.dynamics.motor import Motor
from host_tools.plant.dynamics.network import LEAK_S, Network
from host_tools.plant.dynamics.params import DynParams, Phasors, spread
from host_tools.plant.dynamics.record import Record
from host_tools.plant.types import FOLLOWING, FORMING, Bools, Floats

CAP_PU = 1.5  # what current sources without any voltage source can reach


class Devices:
    """State of all devices; Dynamics drives it."""

    def __init__(self, params: DynParams, seed: int, dt_ms: float) -> None:
        """Start on a healthy grid."""
        n, p = params.n, params
        self.params, self.seed, self.dt_ms = p, seed, dt_ms
        dt_s = dt_ms * 1e-3
        self.dt_s = dt_s
        self.contactor = Contactor(p, seed, dt_ms)
        self.faults = self.contactor.faults
        self.formers, self.followers = Formers(p, dt_s), Followers(p, dt_s)
        self.batteries, self.loads = Batteries(p, seed), Loads(p)
        self.motor = Motor(p, p.motor) if p.motor else None
        self.motor_tier = p.motor.tier if p.motor else 0
        self.genset = Genset(p, p.genset, dt_s) if p.genset else None
        self.aft = np.exp(-2j * np.pi / 3.0 * np.arange(p.phases))[:, None]
        v: Phasors = np.asarray(np.repeat(self.aft, n, axis=1) * p.v_nominal_v, dtype=np.complex128)
        self.network = Network(v, self.formers)
        self.loop = Loop(n, p.loop, p.v_nominal_v, dt_s)
        self.record = Record(n)
        self.control_steps = max(1, round(p.loop.control_ms / dt_ms))
        self.control_ms = self.control_steps * dt_ms
        self.count = 0
        self.all_shut, self.all_open = True, False
        self.va: dict[str, Phasors] = {}
        self.load_a: Phasors = v
        self.grid_v: Phasors = v
        self.bus_offset_hz: Floats = np.zeros(n)
        self.grid_hz_now: Floats = np.full(n, p.f0_hz)
        self.live: Bools = np.ones(n, dtype=np.bool_)
        self.battery_state = self.batteries.building_state
        self.awake: Bools = np.ones(n, dtype=np.bool_)
        self.phase_v: Floats = np.abs(v)
        self.battery_ws: Floats = np.zeros(n)
        self.y_grid_s = abs(1.0 / p.grid_ohm)
        self._y_former_s: Floats = np.abs(self.formers.y_on)

    def begin_formers(self, c: DynCommands) -> None:
        """Take what forming inverters are told."""
        n = self.params.n
        q_droop = (
            given(c.q_droop_pu, n, 0.0) if len(c.q_droop_pu) else spread(self.params.former.q_droop_pu, n)
        )
        set_va = given(c.form_w, n, 0.0) + 1j * given(c.form_var, n, 0.0)
        self.formers.begin(c.form_hz, c.form_v, c.droop_pu, q_droop, set_va)

    def begin_followers(self, c: DynCommands, demand: Demand) -> None:
        """Take what following inverters are told."""
        n, f = self.params.n, self.followers
        k = f.pv_row
        share = f.rated_w[:k] / f.rated_w[:k].sum(axis=0)
        self.set_va = np.zeros((f.rows, n), dtype=np.complex128)
        battery_w = np.where(c.battery_enabled, c.battery_w, 0.0)
        self.set_va[:k] = (battery_w + 1j * given(c.battery_var, n, 0.0)) * share
        limit = np.clip(c.pv_limit_w, 0.0, f.rated_w[k])
        self.pv_free_w = np.minimum(demand.pv_available_w, limit)
        self.set_va[k] = self.pv_free_w + 1j * given(c.pv_var, n, 0.0)
        if f.rows > k + 1:
            plugged = asked(demand.ev_plugged if demand.ev_plugged is not None else np.zeros(0, np.bool_), n)
            self.set_va[k + 1] = given(c.ev_w, n, 0.0)
            f.enabled[k + 1] = plugged
        for row, support in enumerate(f.support):
            support.curves = c.battery_curves if row < k else c.pv_curves if row == k else c.ev_curves
        self.share = share

    def inject(self) -> Phasors:
        """Return the current into the bus from all that is not former, grid or load; [phases, N]."""
        self.loop.turn()
        amps = self.followers.drive(self.loop.unit, self.loop.v_v, self.loop.offset_hz)
        if self.genset is not None and not self.genset.idle:
            amps = amps + self.genset.e * self.aft * (self.genset.y * self.genset.connected)
        return amps

    def load_siemens(self) -> Phasors:
        """Return the admittance of loads, motor, and machine where it is connected."""
        y = self.loads.admittance(self.network.size_v) + LEAK_S
        if self.motor is not None and not self.motor.idle:
            y += self.motor.admittance(
                self.bus_offset_hz + self.params.f0_hz, np.asarray(self.loads.connected.any(axis=0))
            )
        self._y_load = y
        if self.genset is not None and not self.genset.idle:
            return np.asarray(y + self.genset.y * self.genset.connected, dtype=np.complex128)
        return y

    def cap_voltage(self, on_grid: Bools) -> None:
        """Hold what current sources alone would raise; their currents shrink with the voltage."""
        size, cap = self.network.size_v, CAP_PU * self.params.v_nominal_v
        high = size > cap
        if not high.any():
            return
        alone = ~on_grid & ~self.formers.forming.any(axis=0)
        if self.genset is not None:
            alone &= ~self.genset.connected
        scale = np.where(alone, np.minimum(1.0, cap / size.max(axis=0)), 1.0)
        self.network.v = self.network.v * scale
        self.network.size_v = size * scale
        self.followers.amps = self.followers.amps * scale

    def turn_devices(self, v: Phasors, grid_a: Phasors) -> None:
        """Let every device go on by one step under the voltages found; keeps the powers in va."""
        size, f, va = self.network.size_v, self.followers, self.va
        self.load_a = self._y_load * v
        power = v * self.load_a.conj()
        va["load"] = power[0] if len(v) == 1 else power.sum(axis=0)
        rows = f.terminal_va(v)
        k = f.pv_row
        va["pv"], va["battery"] = rows[k], rows[0] if k == 1 else rows[:k].sum(axis=0)
        if f.rows > k + 1:
            va["ev"] = rows[k + 1]
        f.settle()
        v1 = v[0] if len(v) == 1 else (v * self.aft.conj()).mean(axis=0)
        size1 = size[0] if len(v) == 1 else np.abs(v1)
        self.loop.lock(v1, size1)
        if len(v) > 1:
            self.phase_v += self.loop.v_gain * (size - self.phase_v)
        if self.formers.any:
            va["battery"] = va["battery"] + self.formers.step(v, self.network.former_a).sum(axis=0)
        self.battery_ws += va["battery"].real
        if self.motor is not None and not self.motor.idle:
            self.motor.turn(size, self.dt_s)
        if self.genset is not None and not self.genset.idle:
            self._turn_genset(v, size)

    def _turn_genset(self, v: Phasors, size: Floats) -> None:
        genset = self.genset
        assert genset is not None
        amps = genset.amps = (genset.e * self.aft - v) * (genset.y * genset.connected)
        self.va["genset"] = (v * amps.conj()).sum(axis=0)
        genset.step(v, size, amps, self.bus_offset_hz)

    def source_offset_hz(self, grid_offset_hz: Floats, on_grid: Bools) -> Floats:
        """Return the bus's frequency less f0: of its sources weighed by admittance, else of the loop."""
        genset = self.genset
        running = genset is not None and not genset.idle
        if not self.formers.any and not running and on_grid.all():
            return grid_offset_hz
        weight = self.y_grid_s * on_grid
        total = weight * grid_offset_hz
        if self.formers.any:
            y = self._y_former_s * self.formers.forming
            weight = weight + y.sum(axis=0)
            total = total + (y * self.formers.offset_hz).sum(axis=0)
        if genset is not None and running:
            y = np.abs(genset.y) * genset.connected
            weight = weight + y
            total = total + y * (genset.speed_pu - 1.0) * self.params.f0_hz
        alone = weight == 0.0
        out = total / np.where(alone, 1.0, weight)
        return np.where(alone, self.loop.offset_hz, out) if alone.any() else np.asarray(out)

    def trip_struck(self) -> None:
        """Trip forming inverters whose prospective current passed their limit, from the next step on."""
        if self.formers.any and self.network.struck.any():
            self.batteries.fault(self.network.struck & self.formers.forming, "current")
            self.switch()

    def switch(self) -> None:
        """Bring sources and followers in line with the inverters' states."""
        b, f = self.batteries, self.followers
        forming = b.state == FORMING
        if not np.array_equal(forming, self.formers.forming):
            ends = self.formers.forming & ~forming & (b.state == FOLLOWING)
            f.s[: f.pv_row] = np.where(ends, self.formers.s, f.s[: f.pv_row])
            self.formers.switch(forming)
            self.network.former_a = self.network.former_a * forming[:, None]
        f.enabled[: f.pv_row] = b.state == FOLLOWING
        self.battery_state = b.building_state
