"""Loads of three tiers as admittances: ZIP mix, dropout at low voltage, cold-load pickup."""

import numpy as np

from host_tools.plant.dynamics.commands import Demand
from host_tools.plant.dynamics.params import DynParams, Phasors, spread
from host_tools.plant.types import GROUPS, Bools, Floats, Ints


class Loads:
    """Admittance to neutral of N buildings, [phases, N]; power at a voltage follows exactly from it."""

    def __init__(self, params: DynParams) -> None:
        """Start with nothing wanted, all connected and warm."""
        p, n = params.loads, params.n
        self._p, self._n, self._phases, self._v0_v = p, n, params.phases, params.v_nominal_v
        self._z, self._i, self._s = p.zip_pu
        self._plain = self._i == 0.0 and self._s == 0.0
        self._var_per_w = spread(p.var_per_w, n)
        self.connected: Bools = np.ones((params.phases, n), dtype=np.bool_)
        self._low_ms: Floats = np.zeros((params.phases, n))
        self._has_cold = max(p.cold_pu) > 1.0
        self._cold_max = np.array(p.cold_pu)[:, None] - 1.0
        self.cold: Floats = np.zeros((GROUPS, n))  # load above the warm one, per unit
        self.kept: Bools = np.ones((GROUPS, n), dtype=np.bool_)
        self.wanted: Phasors = np.zeros((GROUPS, params.phases, n), dtype=np.complex128)  # VA at nominal
        self._y_nominal: Phasors = np.zeros((params.phases, n), dtype=np.complex128)

    def begin(self, demand: Demand, shed_level: Ints) -> None:
        """Take what is wanted, and drop tiers by the shed level (1: the last, 3: all)."""
        self.kept = np.arange(GROUPS)[:, None] < GROUPS - np.clip(shed_level, 0, GROUPS)
        watt = self._spread(demand.load_w)
        var = self._var_per_w * watt if demand.load_var is None else self._spread(demand.load_var)
        self.wanted = watt + 1j * var
        self._build()

    def _spread(self, values: Floats) -> Floats:
        """Return [3, phases, N] of [N, 3] or [N, 3, phases]."""
        array = np.asarray(values, dtype=np.float64)
        if array.ndim == 3:
            return np.transpose(array, (1, 2, 0))
        return np.repeat(array.T[:, None] / self._phases, self._phases, axis=1)

    def _build(self) -> None:
        warm = self.kept * (1.0 + self.cold) if self._has_cold else self.kept * 1.0
        self._tiers = self.wanted * warm[:, None]
        self._y_nominal = self._tiers.sum(axis=0).conj() / self._v0_v**2
        self._y_on = self._y_nominal * self.connected

    def admittance(self, size_v: Floats) -> Phasors:
        """Return siemens at the present rms voltages, [phases, N]."""
        if self._plain:
            return self._y_on * self._z
        return self._y_on * self._mix(size_v)

    def _mix(self, size_v: Floats) -> Floats:
        over = self._v0_v / np.maximum(size_v, self._p.soft_pu * self._v0_v)
        return np.asarray(self._z + over * (self._i + self._s * over), dtype=np.float64)

    def tiers_va(self, size_v: Floats) -> Phasors:
        """Return VA taken per tier at the voltages, [3, phases, N]."""
        scale = (size_v / self._v0_v) ** 2 * self._mix(size_v) * self.connected
        return self._tiers * scale

    def control(self, size_v: Floats, span_ms: float) -> None:
        """Drop out where the voltage is low, come back where it is not, warm up or cool down."""
        low = size_v < self._p.drop_pu * self._v0_v
        if low.any() or not self.connected.all():
            self._low_ms = (self._low_ms + span_ms) * low
            back = size_v > self._p.pick_pu * self._v0_v
            self.connected = (self.connected & (self._low_ms < self._p.drop_ms)) | back
            self._y_on = self._y_nominal * self.connected
        if self._has_cold:
            self._weather(span_ms * 1e-3)

    def _weather(self, span_s: float) -> None:
        """Let tiers without supply get cold, and those with supply warm."""
        off = ~(self.kept & self.connected.any(axis=0))
        cooler = self._cold_max - (self._cold_max - self.cold) * np.exp(-span_s / self._p.cold_off_s)
        warmer = self.cold * np.exp(-span_s / self._p.cold_on_s)
        cold = np.where(off, cooler, warmer)
        if not np.array_equal(cold, self.cold):
            self.cold = cold
            self._build()
