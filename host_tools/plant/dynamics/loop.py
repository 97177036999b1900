"""Phase-locked loops: the angle and frequency by which following inverters know the voltage."""

import numpy as np

from host_tools.plant.dynamics.params import LoopParams, Phasors
from host_tools.plant.types import Bools, Floats

LIVE_PU = 0.05  # below this of nominal a loop coasts


class Loop:
    """N loops of second order on a phasor in the frame at f0; damping and natural frequency as set."""

    def __init__(self, n: int, params: LoopParams, v_nominal_v: float, dt_s: float) -> None:
        """Start locked on angle 0 at nominal frequency."""
        self._floor_v = LIVE_PU * v_nominal_v
        self._kp = 2.0 * params.damping * params.natural_rad_per_s
        self._ki_dt = params.natural_rad_per_s**2 * dt_s
        self._span = 2.0 * np.pi * params.span_hz
        self._half_dt = 0.5j * dt_s
        self.v_gain = 1.0 - np.exp(-dt_s / params.v_lag_s)
        self.unit: Phasors = np.ones(n, dtype=np.complex128)
        self.offset_rad_per_s: Floats = np.zeros(n)  # frequency less f0, without the proportional part
        self.v_v: Floats = np.full(n, v_nominal_v)  # rms, lagged
        self._speed: Floats = np.zeros(n)

    @property
    def offset_hz(self) -> Floats:
        """Return frequency less f0 [N]."""
        return np.asarray(self.offset_rad_per_s * (0.5 / np.pi), dtype=np.float64)

    def turn(self) -> None:
        """Go on by one step at the present speed, so that currents have the angle of the step's end."""
        half = self._half_dt * self._speed
        self.unit *= (1.0 + half) / (1.0 - half)  # of modulus 1 exactly; off by x**3/12 in angle

    def lock(self, v: Phasors, size_v: Floats) -> None:
        """Take the voltage at the step's end; size_v is its modulus, [N]."""
        error = (v * self.unit.conj()).imag
        error /= np.maximum(size_v, self._floor_v)
        self.offset_rad_per_s += self._ki_dt * error
        np.clip(self.offset_rad_per_s, -self._span, self._span, out=self.offset_rad_per_s)
        np.multiply(error, self._kp, out=self._speed)
        self._speed += self.offset_rad_per_s
        self.v_v += self.v_gain * (size_v - self.v_v)

    def restart(self, which: Bools, v: Phasors, size_v: Floats) -> None:
        """Take the angle of a voltage that has just come, at nominal frequency."""
        unit = v / np.where(size_v > 0.0, size_v, 1.0)
        np.copyto(self.unit, unit, where=which)
        self.offset_rad_per_s[which] = 0.0
        self._speed[which] = 0.0
