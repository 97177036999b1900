"""Battery inverters while they form the voltage: droop, power filters, voltage loop, current limit."""

import numpy as np

from host_tools.plant.dynamics.params import DynParams, Phasors, spread
from host_tools.plant.types import Bools, Floats


class Formers:
    """Rows K in parallel over N buildings: sources e behind an impedance, on each phase alike."""

    def __init__(self, params: DynParams, dt_s: float) -> None:
        """Start switched off."""
        p, n, k = params.former, params.n, len(params.former_share)
        self._p, self._dt_s, self._f0_hz, self._v0_v = p, dt_s, params.f0_hz, params.v_nominal_v
        self.rated_w: Floats = np.outer(params.former_share, params.ratings.battery_rated_w)
        self._phase_a = self.rated_w / params.phases / self._v0_v
        z_pu = spread(p.r_pu, n) + 1j * spread(p.x_pu, n)
        self.y_on: Phasors = np.asarray(self._phase_a / self._v0_v / z_pu, dtype=np.complex128)
        self._p_gain, self._q_gain = (
            1.0 - np.exp(-dt_s / spread(t, n)) for t in (p.p_filter_s, p.q_filter_s)
        )
        self._same = bool((self._p_gain == self._q_gain).all())
        self._v_gain = 1.0 - np.exp(-dt_s / spread(p.v_loop_s, n))
        self.i_max_a: Floats = (self._phase_a * spread(p.i_max_pu, n))[:, None]
        self.i_trip_a: Floats = (self._phase_a * spread(p.trip_pu, n))[:, None]
        self._n_p = spread(p.v_droop_pu, n) * self._v0_v / self.rated_w
        self._raise_pu = spread(p.raise_hz_per_s, n)
        self._raise_max_hz = spread(p.raise_hz, n)
        self._aft = np.exp(-2j * np.pi / 3.0 * np.arange(params.phases))[:, None]
        self.forming: Bools = np.zeros((k, n), dtype=np.bool_)
        self.any = False
        self.delta_rad: Floats = np.zeros((k, n))
        self.em_v: Floats = np.zeros((k, n))
        self.s: Phasors = np.zeros((k, n), dtype=np.complex128)  # filtered P + jQ
        self.raise_hz: Floats = np.zeros((k, n))
        self.offset_hz: Floats = np.zeros((k, n))  # frequency less f0
        self.y: Phasors = np.zeros((k, n), dtype=np.complex128)

    def begin(self, hz: Floats, v: Floats, droop_pu: Floats, q_droop_pu: Floats, set_va: Phasors) -> None:
        """Take frequency and voltage at set_va (P* + jQ* of the building), and the droops, each [N]."""
        p, f0 = self._p, self._f0_hz
        n = len(hz)
        self._set_hz = np.clip(hz, f0 - spread(p.hz_span, n), f0 + spread(p.hz_span, n)) - f0
        low, high = (self._v0_v * (1.0 + sign * spread(p.v_span_pu, n)) for sign in (-1.0, 1.0))
        self._set_v = np.clip(v, low, high)
        self._m = np.maximum(droop_pu, 0.0) * f0 / self.rated_w
        self._n = np.maximum(q_droop_pu, 0.0) * self._v0_v / self.rated_w
        self._set_s = set_va * (self.rated_w / self.rated_w.sum(axis=0))

    def start(self, which: Bools, angle_rad: Floats, v: Phasors) -> None:
        """Let rows [K, N] form: at an angle of their own on a dead bus, else with the bus's voltage v [N]."""
        size = np.abs(v)
        live = size > 0.5 * self._v0_v
        self.delta_rad = np.where(which, np.where(live, np.angle(v), angle_rad), self.delta_rad)
        self.em_v = np.where(which, np.where(live, size, 0.0), self.em_v)
        self.s = np.where(which, 0.0, self.s)
        self.raise_hz = np.where(which, 0.0, self.raise_hz)
        self.switch(self.forming | which)

    def switch(self, forming: Bools) -> None:
        """Set which rows form."""
        self.forming = forming
        self.any = bool(forming.any())
        self.y = self.y_on * forming

    def sources(self) -> Phasors:
        """Return e [K, phases, N]."""
        e: Phasors = np.asarray(self.em_v * np.exp(1j * self.delta_rad), dtype=np.complex128)
        return e[:, None] if len(self._aft) == 1 else e[:, None] * self._aft

    def step(self, v: Phasors, amps: Phasors) -> Phasors:
        """Pass one step with bus voltages [phases, N] and own currents [K, phases, N]; returns P + jQ [K, N]."""
        product = v * amps.conj()
        power = product[:, 0] if len(self._aft) == 1 else product.sum(axis=1)
        if self._same:
            self.s += self._p_gain * (power - self.s)
        else:
            off = power - self.s
            self.s += self._p_gain * off.real + 1j * (self._q_gain * off.imag)
        off = self.s - self._set_s
        self.offset_hz = self._set_hz - self._m * off.real + self.raise_hz
        self.delta_rad += self.offset_hz * (2.0 * np.pi * self._dt_s)
        want = self._set_v - self._n * off.imag
        if self._n_p.any():
            want = want - self._n_p * off.real
        self.em_v += self._v_gain * (want - self.em_v)
        return np.asarray(power, dtype=np.complex128)

    def worst_phase_va(self, amps: Phasors) -> Floats:
        """Return what the building would take if all phases carried the current of the worst, [K, N]."""
        va = np.abs(amps).max(axis=1) * (self._v0_v * len(self._aft))
        return np.asarray(va, dtype=np.float64)

    def hold_back(self, charge_max_w: Floats, span_s: float) -> Floats:
        """Raise the frequency while more is charged than the battery takes; returns the excess, pu [K, N]."""
        share = self.rated_w / self.rated_w.sum(axis=0)
        excess = (-self.s.real - charge_max_w * share) / self.rated_w
        moved = self.raise_hz + self._raise_pu * excess * span_s
        self.raise_hz = np.clip(moved, 0.0, self._raise_max_hz) * self.forming
        return np.asarray(excess * self.forming, dtype=np.float64)
