"""Following inverters of N buildings as rows F: batteries first, then PV, then a car; currents behind one loop."""

import numpy as np

from host_tools.plant.dynamics.curves import Support
from host_tools.plant.dynamics.params import DynParams, FollowerParams, Phasors, spread
from host_tools.plant.dynamics.trips import Watch
from host_tools.plant.types import Bools, Floats

_V_FLOOR_PU = 0.2


class Followers:
    """Rows of current sources; s is what flows, P + jQ injected, at the loop's voltage."""

    def __init__(self, params: DynParams, dt_s: float) -> None:
        """Start in service at no power."""
        n, k = params.n, len(params.former_share)
        self.batteries, self.pv_row = k, k
        kinds = [params.battery_follow] * k + [params.pv] + ([params.ev] if params.ev else [])
        battery_w = [share * params.ratings.battery_rated_w for share in params.former_share]
        ratings = battery_w + [params.ratings.pv_rated_w] + [spread(params.ev_rated_w, n)] * bool(params.ev)
        self.rated_w: Floats = np.array(ratings)
        self.kinds, self.rows = kinds, len(kinds)
        self._v0_v = params.v_nominal_v
        self.va = self.rated_w * _column([p.va_pu for p in kinds], n)
        self._i_max = self.rated_w * _column([p.i_max_pu for p in kinds], n) / self._v0_v
        self._gain = 1.0 - np.exp(-dt_s / _column([p.lag_s for p in kinds], n))
        self._shift(kinds, n)
        self.shares: Phasors = np.array([_share(p, params.phases) for p in kinds], dtype=np.complex128)
        self._aft = np.exp(-2j * np.pi / 3.0 * np.arange(params.phases))[:, None]
        self.s: Phasors = np.zeros((self.rows, n), dtype=np.complex128)
        self.want: Phasors = self.s.copy()
        self.present: Bools = self.rated_w > 0.0
        self.enabled: Bools = self.present.copy()  # by the battery's state, by the plug
        self.watch = Watch([p.trips for p in kinds], n)
        law = [spread(p.law_s, n) for p in kinds]
        self.support = [
            Support(self.rated_w[r], self.va[r], params.f0_hz, self._v0_v, law[r]) for r in range(self.rows)
        ]
        self.amps: Phasors = self.s.copy()

    def _shift(self, kinds: list[FollowerParams], n: int) -> None:
        self._shift_gain = 0.5 * np.pi * _column([p.shift_gain_per_hz for p in kinds], n)
        self._shift_chop = 0.5 * np.pi * _column([p.shift_chop_pu for p in kinds], n)
        self._shifts = bool(self._shift_gain.any() or self._shift_chop.any())

    def drive(self, unit: Phasors, v_v: Floats, offset_hz: Floats) -> Phasors:
        """Return the current into the bus, [phases, N], at the loop's angle."""
        amps = self.s.conj() / np.maximum(v_v, _V_FLOOR_PU * self._v0_v)
        size = np.abs(amps)
        if (size > self._i_max).any():
            amps *= np.minimum(1.0, self._i_max / np.maximum(size, 1e-9))
        amps *= unit
        if self._shifts:
            amps *= np.exp(1j * (self._shift_chop + self._shift_gain * offset_hz))
        self.amps = amps
        return self.bus_a()

    def bus_a(self) -> Phasors:
        """Return the current of all rows into the bus, [phases, N]."""
        if len(self._aft) == 1:
            return np.asarray(np.add.reduce(self.amps, axis=0, keepdims=True))
        return np.asarray(self._aft * (self.shares.T @ self.amps), dtype=np.complex128)

    def terminal_va(self, v: Phasors) -> Phasors:
        """Return P + jQ that each row injects at the bus voltages [phases, N]; [F, N]."""
        seen = v if len(v) == 1 else self.shares @ (v * self._aft.conj())
        return np.asarray(seen * self.amps.conj(), dtype=np.complex128)

    def settle(self) -> None:
        """Let powers follow what is wanted, by one step."""
        self.s += self._gain * (self.want - self.s)

    def control(self, set_va: Phasors, low_w: Floats, high_w: Floats, seen: "Seen", span_s: float) -> None:
        """Find what is wanted of each row [F, N], set-points limited to low..high, var first, then trips."""
        self.watch.step(seen.high_pu, seen.low_pu, seen.hz, span_s)
        watt, var = set_va.real.copy(), set_va.imag.copy()
        for row, support in enumerate(self.support):
            watt[row] = support.watt(watt[row], seen.hz, seen.v_v, span_s)
            var[row] = support.var(var[row], seen.v_v, span_s)
        np.clip(var, -self.va, self.va, out=var)
        room = np.sqrt(self.va**2 - var * var)
        watt = np.clip(watt, np.maximum(low_w, -room), np.minimum(high_w, room))
        ceiling = self.rated_w * self.watch.ramp_pu
        watt = np.clip(watt, -ceiling, ceiling)
        gate = self.watch.passing & self.enabled
        self.want = (watt + 1j * var) * gate
        self.s *= gate


class Seen:
    """What following inverters measure: rms voltage of the loop, extremes of the phases, frequency; [N]."""

    def __init__(self, v_v: Floats, high_pu: Floats, low_pu: Floats, hz: Floats) -> None:
        """Keep the arrays."""
        self.v_v, self.high_pu, self.low_pu, self.hz = v_v, high_pu, low_pu, hz


def _column(values: list[float | Floats], n: int) -> Floats:
    return np.array([spread(value, n) for value in values])


def _share(p: FollowerParams, phases: int) -> list[float]:
    """Return how the current is split over the phases."""
    return [1.0 / phases if p.phase < 0 else float(p.phase == k) for k in range(phases)]
