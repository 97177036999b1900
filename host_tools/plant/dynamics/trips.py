"""When following inverters cease and come back: trip timers and enter service (IEEE 1547-2018, 6.4, 6.5, 4.10)."""

from collections.abc import Sequence

import numpy as np

from host_tools.plant.dynamics.params import TripParams, spread
from host_tools.plant.types import Bools, Floats

# rows: OV2 OV1 UV1 UV2 OF2 OF1 UF1 UF2
_SIGN = np.array([1.0, 1.0, -1.0, -1.0] * 2)[:, None, None]


class Watch:
    """Rows F of inverters in N buildings, each row with settings of its own."""

    def __init__(self, rows: Sequence[TripParams], n: int) -> None:
        """Start in service, ramps over."""
        at = np.array([[*p.v_pu, *p.hz] for p in rows]).T[:, :, None]
        self._signed = _SIGN * at
        self._clear_s = np.array([[*p.v_s, *p.hz_s] for p in rows]).T[:, :, None]
        self._cease_pu = np.array([p.cease_v_pu for p in rows])[:, None]
        self._v_low, self._v_high = (np.array([p.enter_v_pu[k] for p in rows])[:, None] for k in (0, 1))
        self._f_low, self._f_high = (np.array([p.enter_hz[k] for p in rows])[:, None] for k in (0, 1))
        self._enter_s = np.array([spread(p.enter_s, n) for p in rows])
        self._ramp_s = np.array([spread(p.ramp_s, n) for p in rows])
        self.on: Bools = np.ones((len(rows), n), dtype=np.bool_)
        self.passing: Bools = self.on.copy()  # on, and no momentary cessation
        self.ramp_pu: Floats = np.ones((len(rows), n))
        self._bad_s: Floats = np.zeros((8, len(rows), n))
        self._good_s: Floats = np.zeros((len(rows), n))
        self._seen = np.empty((8, 1, n))
        self.trips = np.zeros((len(rows), n), dtype=np.int64)

    def step(self, v_high: Floats, v_low: Floats, hz: Floats, span_s: float) -> None:
        """Pass span_s with the highest and lowest phase voltage in pu and the frequency, each [N]."""
        seen = self._seen
        seen[:2, 0], seen[2:4, 0] = v_high, v_low
        seen[4:, 0] = hz
        bad = seen * _SIGN > self._signed
        if bad.any():
            self._bad_s += span_s
            self._bad_s *= bad
            tripped = self.on & (self._bad_s >= self._clear_s - 1e-9).any(axis=0)
            self.on = self.on & ~tripped
            self.trips += tripped
        elif self._bad_s[0, 0, 0] >= 0.0:
            self._bad_s[:] = 0.0
        self._enter(v_high, v_low, hz, span_s)
        self.passing = self.on & (v_low >= self._cease_pu)

    def _enter(self, v_high: Floats, v_low: Floats, hz: Floats, span_s: float) -> None:
        if self.on.all():
            if self.ramp_pu.min() < 1.0:
                self._climb(span_s)
            return
        fit = (v_low >= self._v_low) & (v_high <= self._v_high) & (hz >= self._f_low) & (hz <= self._f_high)
        self._good_s = (self._good_s + span_s) * (fit & ~self.on)
        entered = ~self.on & (self._good_s >= self._enter_s - 1e-9) & fit
        self.on = self.on | entered
        self.ramp_pu = np.where(self.on, self.ramp_pu, 0.0)
        self._climb(span_s)

    def _climb(self, span_s: float) -> None:
        rise = span_s / np.maximum(self._ramp_s, 1e-6)
        self.ramp_pu = np.minimum(self.ramp_pu + rise * self.on, 1.0)
