"""What inverters decide every few milliseconds: states, charge, following laws, trips; and the run's record."""

import numpy as np

from host_tools.plant.dynamics.commands import DynCommands
from host_tools.plant.dynamics.devices import Devices
from host_tools.plant.dynamics.followers import Seen
from host_tools.plant.dynamics.params import Phasors, spread
from host_tools.plant.types import Bools, Floats, PlantError

LIVE_PU = 0.5  # what counts as a living side
_AWAKE_PU = 0.3
TOLERANCE_W = 1e-6
TOLERANCE_PU = 1e-9
_ROUNDING = 1e-14  # of the difference of two voltages over the impedance of the grid


class Laws(Devices):
    """Devices with their slow part."""

    def control(self, grid_v: Phasors, c: DynCommands) -> None:
        """Run what inverters and contactors decide every control_ms."""
        p, span_ms, b = self.params, self.control_ms, self.batteries
        span_s = span_ms * 1e-3
        size, v0 = self.network.size_v, p.v_nominal_v
        battery_w = self.battery_ws / self.control_steps
        b.pass_power(battery_w, span_s)
        self.battery_ws = np.zeros_like(battery_w)
        self.loads.control(size, span_ms)
        if self.formers.any:
            b.watch(self.formers, self.network, battery_w, span_ms)
        self._states(np.abs(grid_v), c)
        self._laws(size, v0, span_s)
        self._judge(size / v0, span_ms)

    def _states(self, grid_size: Floats, c: DynCommands) -> None:
        p, b = self.params, self.batteries
        on_grid = self.contactor.closed & (grid_size.min(axis=0) > LIVE_PU * p.v_nominal_v)
        genset = self.genset.connected if self.genset is not None else np.zeros(p.n, dtype=np.bool_)
        form = np.asarray(c.form, dtype=np.bool_)
        begins = b.control(form, ~self.contactor.feedback, on_grid, genset, self.control_ms)
        self._begin_forming(begins)
        self.switch()

    def _begin_forming(self, begins: Bools) -> None:
        if begins.any():
            self.formers.start(begins, self.batteries.start_angle_rad(), self.network.v[0])

    def _laws(self, size: Floats, v0: float, span_s: float) -> None:
        """Following inverters: what they see, what they want."""
        p, loop, f = self.params, self.loop, self.followers
        lagged = loop.v_v[None] if len(size) == 1 else self.phase_v
        awake = size.max(axis=0) > _AWAKE_PU * v0
        woke = awake & ~self.awake
        if woke.any():
            v = self.network.v
            v1 = v[0] if len(v) == 1 else (v * self.aft.conj()).mean(axis=0)
            loop.restart(woke, v1, np.abs(v1))
        self.awake = awake
        hz = np.where(awake, loop.offset_hz, 0.0) + p.f0_hz
        seen = Seen(loop.v_v, lagged.max(axis=0) / v0, lagged.min(axis=0) / v0, hz)
        charge_w, give_w = self.batteries.limits_w()
        low, high = np.zeros_like(f.rated_w), f.rated_w.copy()
        low[: f.pv_row], high[: f.pv_row] = -charge_w * self.share, give_w * self.share
        high[f.pv_row] = np.minimum(self.pv_free_w, self._island_ceiling_w(hz))
        low[f.pv_row + 1 :] = -f.rated_w[f.pv_row + 1 :]
        f.control(self.set_va, low, high, seen, span_s)

    def _island_ceiling_w(self, hz: Floats) -> Floats:
        """Return what the steep profile of an island leaves of PV, while the contactor is open."""
        p, rated_w = self.params.pv, self.followers.rated_w[self.followers.pv_row]
        if self.all_shut:
            return np.asarray(rated_w, dtype=np.float64)
        free, zero = spread(p.island_free_hz, len(hz)), spread(p.island_zero_hz, len(hz))
        part = np.clip((self.params.f0_hz + zero - hz) / (zero - free), 0.0, 1.0)
        part = np.where(self.contactor.closed, 1.0, part)
        return np.asarray(part * rated_w, dtype=np.float64)

    def check_currents(self, grid_a: Phasors) -> None:
        """Raise PlantError where the currents into a bus do not sum to zero."""
        amps = grid_a + self.followers.bus_a() + self.network.former_a.sum(axis=0) - self.load_a
        if self.genset is not None and not self.genset.idle:
            amps = amps + self.genset.amps
        error_w = np.abs(amps) * self.network.size_v
        rounding_w = _ROUNDING * self.y_grid_s * self.network.size_v**2
        good = error_w <= TOLERANCE_PU * np.abs(self.load_a * self.network.v) + TOLERANCE_W + rounding_w
        if not good.all():
            phase, building = np.argwhere(~good)[0]
            raise PlantError(
                f"building {building}, phase {phase}: {error_w[phase, building]} W come from nowhere;"
                f" bus {self.network.v[phase, building]} V, grid {grid_a[phase, building]} A,"
                f" load {self.load_a[phase, building]} A"
            )

    def _judge(self, size_pu: Floats, span_ms: float) -> None:
        own = self.formers.forming.any(axis=0)
        if self.genset is not None:
            own = own | self.genset.connected
        formed = own & ~self.contactor.closed
        if formed.any():
            offset = self.bus_offset_hz
            self.record.island(formed, offset, size_pu.min(axis=0), size_pu.max(axis=0), span_ms)
        wanted = self.loads.wanted[0].real.sum(axis=0)
        self.record.critical(
            wanted, self.loads.kept[0], np.asarray(self.loads.connected.all(axis=0)), span_ms
        )
