"""An induction motor behind its equivalent circuit: current and torque by slip, speed by its inertia."""

import numpy as np

from host_tools.plant.dynamics.params import DynParams, MotorParams, Phasors, spread
from host_tools.plant.types import Bools, Floats

_SLIP_MIN = 1e-4


class Motor:
    """One motor a building, [N]; speed in per unit of synchronous speed at f0."""

    def __init__(self, params: DynParams, p: MotorParams) -> None:
        """Start at rest, switched off."""
        n = params.n
        self._p, self._f0_hz, self._v0_v = p, params.f0_hz, params.v_nominal_v
        base_va = spread(p.rated_w, n) / spread(p.efficiency_pf, n) / params.phases
        self._y_base = base_va / self._v0_v**2
        self.base_va = base_va * params.phases
        self._z1 = spread(p.r1_pu, n) + 1j * spread(p.x1_pu, n)
        self._ym = -1j / spread(p.xm_pu, n)
        self._r2, self._jx2 = spread(p.r2_pu, n), 1j * spread(p.x2_pu, n)
        self._two_h, self._load = 2.0 * spread(p.h_s, n), spread(p.torque_pu, n)
        self.speed_pu: Floats = np.zeros(n)
        self.torque_pu: Floats = np.zeros(n)  # of the air gap
        self.on: Bools = np.zeros(n, dtype=np.bool_)
        self._split: Phasors = np.zeros(n, dtype=np.complex128)
        self.idle = True

    def begin(self, on: Bools) -> None:
        """Switch motors on or off."""
        self.on = np.asarray(on, dtype=np.bool_)
        self.idle = not (self.on.any() or bool((self.speed_pu > 0.0).any()))

    def admittance(self, bus_hz: Floats, connected: Bools) -> Phasors:
        """Return siemens of one phase [N]; keeps what torque needs."""
        sync = np.where(bus_hz > 0.0, bus_hz, self._f0_hz) / self._f0_hz
        slip = 1.0 - self.speed_pu / sync
        slip = np.where(np.abs(slip) < _SLIP_MIN, _SLIP_MIN, slip)
        self._r2_s = self._r2 / slip
        y2 = 1.0 / (self._r2_s + self._jx2)
        self._split = y2 / (self._ym + y2)  # share of the current that is in the rotor
        self._live = self.on & connected
        self._y_pu: Phasors = self._live / (self._z1 + 1.0 / (self._ym + y2))
        return np.asarray(self._y_pu * self._y_base, dtype=np.complex128)

    def turn(self, size_v: Floats, dt_s: float) -> None:
        """Pass one step at the rms voltages [phases, N]."""
        v_square = (size_v * size_v).mean(axis=0) / self._v0_v**2
        rotor = self._y_pu * self._split
        self.torque_pu = v_square * (rotor.real**2 + rotor.imag**2) * self._r2_s
        power = self._p.torque_power
        load = self._load * (self.speed_pu if power == 1.0 else self.speed_pu**power)
        if power == 0.0:
            load = np.where(self._live | (self.speed_pu > 0.0), load, 0.0)
        self.speed_pu = np.maximum(self.speed_pu + (self.torque_pu - load) * (dt_s / self._two_h), 0.0)
