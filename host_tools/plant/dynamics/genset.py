"""A genset or CHP unit: swing equation, governor, voltage regulator, start, synchronising, minimum run."""

import numpy as np

from host_tools.plant.dynamics.params import DynParams, GensetParams, Phasors, spread
from host_tools.plant.types import Bools, Floats, Ints

STOPPED, STARTING, IDLING, ON, TRIPPED = range(5)
_SPEED_S = 0.3  # an idling machine is led to a speed with this lag
_SEEK_HZ_PER_RAD = 0.5
_TWO_PI = 2.0 * np.pi
_DEAD_PU = 0.1


class Genset:
    """N machines, per unit of their rated VA; the source is e behind r + j xd on each phase."""

    def __init__(self, params: DynParams, p: GensetParams, dt_s: float) -> None:
        """Start stopped."""
        n = params.n
        self._p, self._dt_s, self._f0_hz, self._v0_v = p, dt_s, params.f0_hz, params.v_nominal_v
        self.rated_va = spread(p.rated_va, n)
        self._phase_va = self.rated_va / params.phases
        z_base = self._v0_v**2 / self._phase_va
        z_pu = spread(p.r_pu, n) + 1j * spread(p.xd_pu, n)
        self.y: Phasors = np.asarray(1.0 / (z_base * z_pu), dtype=np.complex128)
        self._two_h, self._damping = 2.0 * spread(p.h_s, n), spread(p.damping_pu, n)
        self._droop, self._gov = spread(p.droop_pu, n), dt_s / spread(p.governor_s, n)
        self._avr_gain, self._avr = spread(p.avr_gain, n), dt_s / spread(p.avr_s, n)
        self._e_max, self._i_trip = spread(p.e_max_pu, n), spread(p.i_trip_pu, n)
        self._p_min, self._p_max = spread(p.p_min_pu, n), spread(p.p_max_pu, n)
        self._start_s, self._min_run_s = spread(p.start_s, n), spread(p.min_run_s, n)
        self.state: Ints = np.zeros(n, dtype=np.int64)
        self.connected: Bools = np.zeros(n, dtype=np.bool_)
        self.speed_pu: Floats = np.ones(n)
        self.delta_rad: Floats = np.zeros(n)
        self.valve_pu: Floats = np.zeros(n)  # mechanical power
        self.e_pu: Floats = np.ones(n)
        self.run_s: Floats = np.zeros(n)
        self.e: Phasors = np.full(n, self._v0_v + 0j)
        self.amps: Phasors = np.zeros((params.phases, n), dtype=np.complex128)
        self.idle = True

    @property
    def live(self) -> Bools:
        """Return where the machine turns and has voltage."""
        return np.asarray((self.state == IDLING) | (self.state == ON))

    @property
    def hz(self) -> Floats:
        """Return frequency [N], 0 where it stands."""
        return np.where(self.live, self.speed_pu * self._f0_hz, 0.0)

    def begin(self, run: Bools, p_w: Floats, hz: Floats) -> None:
        """Take the commands: run, active power set-point and the frequency that belongs to it."""
        self._run = np.asarray(run, dtype=np.bool_)
        self._p_set, self._hz_set = p_w / self.rated_va, hz / self._f0_hz
        self.idle = not (self._run.any() or bool(((self.state != STOPPED) & (self.state != TRIPPED)).any()))

    def step(self, v: Phasors, size_v: Floats, amps: Phasors, bus_offset_hz: Floats) -> None:
        """Pass one step with terminal voltage v, its rms, own current [phases, N] and the bus's frequency less f0."""
        dead = size_v.max(axis=0) < _DEAD_PU * self._v0_v
        power_pu = (v * amps.conj()).real.sum(axis=0) / self.rated_va
        loss_pu = (np.abs(amps) ** 2).sum(axis=0) * (1.0 / self.y).real / self.rated_va
        off_rad = np.where(dead, 0.0, np.angle(self.e * v[0].conj()))
        slip_hz = (self.speed_pu - 1.0) * self._f0_hz - bus_offset_hz
        fits = dead | self._in_step(off_rad, slip_hz, size_v[0])
        self._swing(power_pu + loss_pu, np.where(dead, self._hz_set, self._led_to(off_rad, bus_offset_hz)))
        self._regulate(size_v.mean(axis=0) / self._v0_v)
        self.e = self.e_pu * self._v0_v * np.exp(1j * self.delta_rad)
        over = np.abs(amps).max(axis=0) * self._v0_v > self._i_trip * self._phase_va
        off_hz = self.connected & (np.abs(self.speed_pu - 1.0) * self._f0_hz > self._p.hz_trip)
        self._sequence(fits, over | off_hz)

    def _swing(self, electric_pu: Floats, idle_pu: Floats) -> None:
        """Turn: 2H dw/dt = Pm - Pe - D (w - w0) while connected, else towards the speed idle_pu."""
        on = self.connected
        want = self._p_set + (self._hz_set - self.speed_pu) / self._droop
        valve = np.clip(self.valve_pu + self._gov * (want - self.valve_pu), self._p_min, self._p_max)
        self.valve_pu = valve * on
        pull = self.valve_pu - electric_pu - self._damping * (self.speed_pu - 1.0)
        rise = np.where(on, pull / self._two_h, (idle_pu - self.speed_pu) / _SPEED_S)
        self.speed_pu = np.where(self.live, self.speed_pu + rise * self._dt_s, self._hz_set)
        self.delta_rad = self.delta_rad + (self.speed_pu - 1.0) * (_TWO_PI * self._f0_hz * self._dt_s)

    def _led_to(self, off_rad: Floats, bus_offset_hz: Floats) -> Floats:
        """Return the speed at which an idling machine comes into step with a living bus."""
        limit = 0.9 * self._p.sync_hz
        seek_hz = np.clip(-off_rad * _SEEK_HZ_PER_RAD, -limit, limit)
        return 1.0 + (bus_offset_hz + seek_hz) / self._f0_hz

    def _in_step(self, off_rad: Floats, slip_hz: Floats, size_v: Floats) -> Bools:
        """Return where machine and bus are near enough in voltage, angle and frequency to connect."""
        p = self._p
        level = np.abs(size_v / self._v0_v - self.e_pu) < p.sync_pu
        return np.asarray(level & (np.abs(off_rad) < p.sync_rad) & (np.abs(slip_hz) < p.sync_hz))

    def _regulate(self, v_pu: Floats) -> None:
        """Follow the voltage regulator: e towards 1 + gain (1 - v), and 1 without load."""
        want = np.where(self.connected, 1.0 + self._avr_gain * (1.0 - v_pu), 1.0)
        self.e_pu = self.e_pu + self._avr * (np.clip(want, 0.0, self._e_max) - self.e_pu)

    def _sequence(self, fits: Bools, trip: Bools) -> None:
        """Start, connect where it fits, stop after the minimum run, stay tripped until told to stop."""
        state = self.state
        self.run_s = np.where(state == STOPPED, 0.0, self.run_s + self._dt_s)
        stop = ~self._run & (self.run_s >= self._min_run_s + self._start_s)
        state = np.where((state == TRIPPED) & ~self._run, STOPPED, state)
        state = np.where((state == STOPPED) & self._run, STARTING, state)
        state = np.where((state == STARTING) & (self.run_s >= self._start_s), IDLING, state)
        state = np.where((state == IDLING) & fits & ~stop, ON, state)
        state = np.where(stop & (state != TRIPPED), STOPPED, state)
        state = np.where(trip & (state == ON), TRIPPED, state)
        self.run_s = np.where((state == STOPPED) | (state == TRIPPED), 0.0, self.run_s)
        self.state = state
        self.connected = state == ON
