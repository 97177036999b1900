"""Grid-support functions of following inverters: frequency-watt, volt-watt, volt-var (IEEE 1547-2018)."""

import numpy as np
from numpy.typing import ArrayLike

from host_tools.plant.dynamics.commands import Curves
from host_tools.plant.types import Floats

_TO_90 = np.log(10.0)  # open-loop response time is the time to 90 %, of a first-order lag


def along(x: Floats, at: ArrayLike, level: ArrayLike) -> Floats:
    """Return the curve through points (at, level), each [M] or [M, N], at x [N]; constant outside."""
    xs, ys = np.asarray(at, dtype=np.float64), np.asarray(level, dtype=np.float64)
    out = np.zeros_like(x) + ys[0]
    for k in range(1, len(xs)):
        width = np.maximum(xs[k] - xs[k - 1], 1e-9)
        out = out + (ys[k] - ys[k - 1]) * np.clip((x - xs[k - 1]) / width, 0.0, 1.0)
    return np.asarray(out, dtype=np.float64)


def freq_watt_w(hz: Floats, pre_w: Floats, rated_w: Floats, f0_hz: float, c: Curves) -> Floats:
    """Return W asked by the frequency-droop from pre_w, the output before (6.5.2.7): above less, below more."""
    over = np.maximum(hz - f0_hz - np.asarray(c.dbof_hz), 0.0) / (f0_hz * np.asarray(c.kof))
    under = np.maximum(f0_hz - np.asarray(c.dbuf_hz) - hz, 0.0) / (f0_hz * np.asarray(c.kuf))
    return np.asarray(pre_w + (under - over) * rated_w, dtype=np.float64)


class Support:
    """The functions of one row of following inverters, [N], with their open-loop response time."""

    def __init__(self, rated_w: Floats, va: Floats, f0_hz: float, v0_v: float, law_s: Floats) -> None:
        """Start at nominal conditions."""
        n = len(rated_w)
        self._rated_w, self._va, self._f0_hz, self._v0_v, self._law_s = rated_w, va, f0_hz, v0_v, law_s
        self._pre_w: Floats = np.zeros(n)
        self._shift_w: Floats = np.zeros(n)  # lagged: what frequency adds
        self._var: Floats = np.zeros(n)
        self._ceiling_pu: Floats = np.ones(n)
        self.curves = Curves()

    def watt(self, set_w: Floats, hz: Floats, v_v: Floats, span_s: float) -> Floats:
        """Return the active power that is asked, before it is limited by what there is."""
        c, gain = self.curves, 1.0 - np.exp(-span_s * _TO_90 / np.maximum(self._law_s, 1e-6))
        out = set_w
        if np.any(c.freq_watt):
            calm = (hz <= self._f0_hz + np.asarray(c.dbof_hz)) & (hz >= self._f0_hz - np.asarray(c.dbuf_hz))
            self._pre_w = np.where(calm, set_w, self._pre_w)
            goal = freq_watt_w(hz, self._pre_w, self._rated_w, self._f0_hz, c) - self._pre_w
            self._shift_w += gain * (np.where(c.freq_watt, goal, 0.0) - self._shift_w)
            over = self._shift_w < 0.0
            out = np.where(over, np.minimum(out, self._pre_w + self._shift_w), out + self._shift_w)
        if np.any(c.volt_watt):
            goal = np.where(c.volt_watt, along(v_v / self._v0_v, c.vw_v_pu, c.vw_w_pu), 1.0)
            self._ceiling_pu += gain * (goal - self._ceiling_pu)
            out = np.minimum(out, self._ceiling_pu * self._rated_w)
        return np.asarray(out, dtype=np.float64)

    def var(self, set_var: Floats, v_v: Floats, span_s: float) -> Floats:
        """Return the reactive power that is asked, injecting positive."""
        c = self.curves
        if not np.any(c.volt_var):
            return set_var
        gain = 1.0 - np.exp(-span_s * _TO_90 / np.maximum(self._law_s, 1e-6))
        self._var += gain * (along(v_v / self._v0_v, c.vv_v_pu, c.vv_var_pu) * self._va - self._var)
        return np.where(c.volt_var, self._var, set_var)
