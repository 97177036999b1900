"""What a run is judged by, per building: closings, times, extremes, critical energy lost and why."""

import numpy as np

from host_tools.plant.types import Bools, Floats, Ints

_NAN = np.nan


class Record:
    """Arrays [N]; extremes and times out of band count while the island is formed, starts aside."""

    def __init__(
        self, n: int, v_band_pu: float = 0.1, hz_band: float = 1.0, settle_ms: float = 100.0
    ) -> None:
        """Bands about nominal; what is formed for less than settle_ms is not judged yet."""
        self._v_band, self._hz_band, self._settle_ms = v_band_pu, hz_band, settle_ms
        self.closings: Ints = np.zeros(n, dtype=np.int64)
        self.close_ms: Floats = np.full(n, _NAN)
        self.close_rad: Floats = np.full(n, _NAN)  # grid less bus, at the last contact of two living sides
        self.close_slip_hz: Floats = np.full(n, _NAN)
        self.close_dv_pu: Floats = np.full(n, _NAN)
        self.worst_rad: Floats = np.zeros(n)  # of all closings, absolute
        self.worst_slip_hz: Floats = np.zeros(n)
        self.worst_dv_pu: Floats = np.zeros(n)
        self.inrush_a: Floats = np.zeros(n)  # highest grid current in the 200 ms after a closing
        self.grid_lost_ms: Floats = np.full(n, _NAN)
        self.dead_ms: Floats = np.full(n, _NAN)  # the bus went dead
        self.open_ms: Floats = np.full(n, _NAN)  # the contacts parted
        self.energised_ms: Floats = np.full(n, _NAN)  # the bus was alive again
        self.gap_ms: Floats = np.zeros(n)  # bus dead, in all
        self.formed_ms: Floats = np.zeros(n)
        self.hz_min: Floats = np.full(n, np.inf)
        self.hz_max: Floats = np.full(n, -np.inf)
        self.v_min_pu: Floats = np.full(n, np.inf)
        self.v_max_pu: Floats = np.full(n, -np.inf)
        self.hz_out_s: Floats = np.zeros(n)
        self.v_out_s: Floats = np.zeros(n)
        self.backfeed_ms: Floats = np.zeros(n)  # own sources fed a grid side that had lost its own
        self.critical_gap_j: Floats = np.zeros(n)  # lost between losing the supply and having one again
        self.critical_shed_j: Floats = np.zeros(n)
        self.critical_dark_j: Floats = np.zeros(n)  # dark for more than the gap's limit
        self.gap_limit_ms = 10_000.0
        self._live: Bools = np.ones(n, dtype=np.bool_)
        self._closed: Bools = np.ones(n, dtype=np.bool_)
        self._grid: Bools = np.ones(n, dtype=np.bool_)
        self._dark_ms: Floats = np.zeros(n)
        self._formed_for_ms: Floats = np.zeros(n)

    @property
    def critical_lost_j(self) -> Floats:
        """Return critical energy not served outside the transfer gap, [N]."""
        return np.asarray(self.critical_shed_j + self.critical_dark_j, dtype=np.float64)

    def closing(self, made: Bools, t_ms: float, rad: Floats, slip_hz: Floats, dv_pu: Floats) -> None:
        """Note contacts that met between two living sides."""
        self.closings = self.closings + made
        for name, value in (("close_rad", rad), ("close_slip_hz", slip_hz), ("close_dv_pu", dv_pu)):
            setattr(self, name, np.where(made, value, getattr(self, name)))
        self.close_ms = np.where(made, t_ms, self.close_ms)
        for name, value in (("worst_rad", rad), ("worst_slip_hz", slip_hz), ("worst_dv_pu", dv_pu)):
            worst = getattr(self, name)
            setattr(self, name, np.where(made, np.maximum(worst, np.abs(value)), worst))

    def inrush(self, which: Bools, amps: Floats) -> None:
        """Note the highest current in the time after a closing."""
        self.inrush_a = np.where(which, np.maximum(self.inrush_a, amps), self.inrush_a)

    def edges(self, t_ms: float, live: Bools, closed: Bools, grid: Bools) -> None:
        """Note the instants at which bus, contacts or grid side changed."""
        if not ((self._live ^ live) | (self._closed ^ closed) | (self._grid ^ grid)).any():
            return
        for name, changed in (
            ("dead_ms", self._live & ~live),
            ("energised_ms", live & ~self._live),
            ("open_ms", self._closed & ~closed),
            ("grid_lost_ms", self._grid & ~grid),
        ):
            if changed.any():
                setattr(self, name, np.where(changed, t_ms, getattr(self, name)))
        self._live, self._closed, self._grid = live, closed, grid

    def island(self, formed: Bools, hz: Floats, v_low: Floats, v_high: Floats, span_ms: float) -> None:
        """Judge frequency (less nominal) and voltages (pu) where an island is formed."""
        self._formed_for_ms = (self._formed_for_ms + span_ms) * formed
        judged = formed & (self._formed_for_ms > self._settle_ms)
        if not judged.any():
            return
        self.formed_ms += span_ms * judged
        np.minimum(self.hz_min, hz, out=self.hz_min, where=judged)
        np.maximum(self.hz_max, hz, out=self.hz_max, where=judged)
        np.minimum(self.v_min_pu, v_low, out=self.v_min_pu, where=judged)
        np.maximum(self.v_max_pu, v_high, out=self.v_max_pu, where=judged)
        self.hz_out_s += span_ms * 1e-3 * (judged & (np.abs(hz) > self._hz_band))
        off = (v_low < 1.0 - self._v_band) | (v_high > 1.0 + self._v_band)
        self.v_out_s += span_ms * 1e-3 * (judged & off)

    def critical(self, wanted_w: Floats, kept: Bools, fed: Bools, span_ms: float) -> None:
        """Count critical demand that is not connected, by cause."""
        self._dark_ms = (self._dark_ms + span_ms) * ~fed
        if fed.all() and kept.all():
            return
        lost = wanted_w * (span_ms * 1e-3)
        self.gap_ms += span_ms * ~fed
        gap = ~fed & (self._dark_ms <= self.gap_limit_ms)
        self.critical_gap_j += lost * gap
        self.critical_dark_j += lost * (~fed & ~gap)
        self.critical_shed_j += lost * (fed & ~kept)
