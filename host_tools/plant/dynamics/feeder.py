"""What hangs on the feeder upstream of the building: a resonant load and following inverters (IEEE 1547.1)."""

from dataclasses import dataclass, field

import numpy as np

from host_tools.plant.dynamics.loop import Loop
from host_tools.plant.dynamics.params import LoopParams, Phasors, Value, spread
from host_tools.plant.types import Bools, Floats


@dataclass(frozen=True)
class FeederParams:
    """A parallel RLC load and generation of one phase, at nominal voltage; live on when the breaker opens."""

    load_w: Value
    quality: Value = 1.0  # Qf = R sqrt(C / L)
    load_var: Value = 0.0  # what the inductor takes above the capacitor
    gen_w: Value = 0.0
    gen_var: Value = 0.0  # injects
    gen_i_max_pu: Value = 1.2
    gen_lag_s: float = 0.02
    shift_gain_per_hz: Value = 0.0  # Sandia frequency shift: chopping fraction per Hz; 0 is off
    shift_chop_pu: Value = 0.0
    trip_pu: tuple[float, float] = (0.5, 1.2)  # the generation ceases outside
    trip_hz: tuple[float, float] = (56.5 / 1.2, 62.0 / 1.2)
    trip_s: float = 0.16
    loop: LoopParams = field(default_factory=LoopParams)


class Feeder:
    """Node equation of N feeders by backward Euler in the frame at f0: adds to numerator and admittance."""

    def __init__(self, p: FeederParams, e: Phasors, v0_v: float, f0_hz: float, dt_s: float) -> None:
        """Start in the steady state of the voltages e, [phases, N]."""
        self._p = p
        n = e.shape[1]
        w0 = 2.0 * np.pi * f0_hz
        load_w = spread(p.load_w, n)
        y_c = load_w / v0_v**2 * spread(p.quality, n)  # w0 C = Qf / R
        y_l = y_c + spread(p.load_var, n) / v0_v**2
        self._c_h = y_c / (w0 * dt_s)  # C / h
        turn = 1.0 + 1j * w0 * dt_s
        live = np.where(y_l > 0.0, y_l, 1.0)
        self._g_l = np.where(y_l > 0.0, 1.0 / (turn / (live * w0 * dt_s)), 0.0)
        self._keep_l = 1.0 / turn  # g_l * L / h
        whole = load_w / v0_v**2 + self._c_h * turn + self._g_l
        self.admittance: Phasors = np.asarray(whole, dtype=np.complex128)
        self._v = e.copy()
        self._i_l: Phasors = np.asarray(-1j * y_l * e, dtype=np.complex128)
        self._gen(n, e, v0_v, f0_hz, dt_s)

    def _gen(self, n: int, e: Phasors, v0_v: float, f0_hz: float, dt_s: float) -> None:
        p = self._p
        self.has_gen = bool(np.any(np.asarray(p.gen_w) > 0.0))
        self.loop = Loop(n, p.loop, v0_v, dt_s)
        self.loop.restart(np.ones(n, dtype=np.bool_), e[0], np.abs(e[0]))
        self._s = spread(p.gen_w, n) - 1j * spread(p.gen_var, n)
        self._out: Phasors = np.asarray(self._s / v0_v, dtype=np.complex128)
        self._i_max = spread(p.gen_i_max_pu, n) * np.abs(self._s) / v0_v
        self._gain = 1.0 - np.exp(-dt_s / p.gen_lag_s)
        self._shift = 0.5 * np.pi * spread(p.shift_gain_per_hz, n)
        self._chop = 0.5 * np.pi * spread(p.shift_chop_pu, n)
        self._aft = np.exp(-2j * np.pi / 3.0 * np.arange(e.shape[0]))[:, None]
        self._v0_v, self._f0_hz, self._dt_s = v0_v, f0_hz, dt_s
        self.on: Bools = np.ones(n, dtype=np.bool_)
        self._bad_s: Floats = np.zeros(n)

    def drive(self) -> Phasors:
        """Return the current into the node before the step is solved, [phases, N]."""
        known = self._c_h * self._v - self._keep_l * self._i_l
        if self.has_gen:
            self.loop.turn()
            shift = self._chop + self._shift * self.loop.offset_hz
            known = known + self._aft * (self._out * self.on * self.loop.unit * np.exp(1j * shift))
        return known

    def take(self, v: Phasors) -> None:
        """Take the node's voltages at the step's end."""
        self._i_l = self._g_l * v + self._keep_l * self._i_l
        self._v = v
        if self.has_gen:
            self._control(v)

    def _control(self, v: Phasors) -> None:
        p, loop = self._p, self.loop
        v1 = v[0] if len(v) == 1 else (v * self._aft.conj()).mean(axis=0)
        loop.lock(v1, np.abs(v1))
        want = self._s / np.maximum(loop.v_v, 0.1 * self._v0_v)
        size = np.abs(want)
        want *= np.minimum(1.0, self._i_max / np.maximum(size, 1e-9))
        self._out += self._gain * (want - self._out)
        pu, hz = loop.v_v / self._v0_v, loop.offset_hz + self._f0_hz
        bad = (pu < p.trip_pu[0]) | (pu > p.trip_pu[1])
        bad |= (hz < p.trip_hz[0]) | (hz > p.trip_hz[1])
        self._bad_s = (self._bad_s + self._dt_s) * bad
        self.on = self.on & (self._bad_s < p.trip_s)
