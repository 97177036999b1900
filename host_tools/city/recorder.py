"""Turns lockstep intervals into the results: minute series, one row a building, key figures."""

from collections import defaultdict

import numpy as np
from sqlalchemy import select

from host_tools.aggregator.store import EventRow
from host_tools.city.district import District, Step
from host_tools.city.network import V_NOMINAL_V
from host_tools.dashboard.results import Building, Event, Series
from host_tools.plant.types import FORMING, Floats
from host_tools.plant.waveform import residual_bound_w

MINUTE_MS = 60_000
MEANS = ("transformer_va", "load_w", "pv_w", "battery_w", "grid_w")


class Recorder:
    """Adds up intervals; `series()` and `buildings()` are read at the end."""

    def __init__(self, district: District) -> None:
        self.district = district
        n = district.options.buildings
        self._sums: dict[str, float] = defaultdict(float)
        self._minute: dict[str, list[float | None]] = defaultdict(list)
        self._low: dict[str, float] = {}
        self._high: dict[str, float] = {}
        self.pv_sold_wh: Floats = np.zeros(n)
        self.overload_s = 0.0  # with any transformer above its rating
        self.import_wh = np.zeros((24, n))  # by hour, for price and carbon
        self.export_wh = np.zeros((24, n))
        self.returned_s: Floats = np.full(n, np.nan)  # when the contactor closed again
        self.residual_w: Floats = np.zeros(n)
        self.bound_w: Floats = np.full(n, np.inf)
        self._worst_pu: Floats = np.zeros(n)
        self._was_closed = np.ones(n, dtype=np.bool_)

    def add(self, step: Step) -> None:
        """Add one interval; a minute is written when its last interval comes."""
        span_s = (step.t1_ms - step.t0_ms) / 1000
        self._add_means(step, span_s)
        self._add_extremes(step)
        self._add_energy(step, span_s)
        self._note_return(step)
        if step.t1_ms % MINUTE_MS == 0:
            self._close_minute(step)

    def _add_means(self, step: Step, span_s: float) -> None:
        truth = step.truth
        values = (step.network.transformer_va, truth.load_w, truth.pv_w, truth.battery_w, truth.grid_w)
        for name, value in zip(MEANS, values, strict=True):
            self._sums[name] += float(value.sum()) * span_s
        self._sums["span_s"] += span_s
        sold_w = np.minimum(
            np.maximum(-truth.grid_w, 0.0), truth.pv_w
        )  # the rest of an export is the battery's
        self.pv_sold_wh += sold_w * span_s / 3600
        self.overload_s += span_s * bool((step.network.transformer_pu > 1.0).any())

    def _add_extremes(self, step: Step) -> None:
        truth = step.truth
        on_grid = truth.contactor_closed & truth.energised
        forming = truth.battery_state == FORMING
        self._stretch("v", truth.bus_v[on_grid] / V_NOMINAL_V)
        self._stretch("island_v", truth.bus_v[forming] / V_NOMINAL_V)
        self._stretch("island_hz", truth.bus_hz[forming])

    def _stretch(self, name: str, values: Floats) -> None:
        if values.size:
            self._low[name] = min(self._low.get(name, np.inf), float(values.min()))
            self._high[name] = max(self._high.get(name, -np.inf), float(values.max()))

    def _add_energy(self, step: Step, span_s: float) -> None:
        hour = min(step.t0_ms // 3_600_000, 23)
        grid_wh = step.truth.grid_w * span_s / 3600
        self.import_wh[hour] += np.maximum(grid_wh, 0.0)
        self.export_wh[hour] += np.maximum(-grid_wh, 0.0)

    def _note_return(self, step: Step) -> None:
        closed = step.truth.contactor_closed
        self.returned_s[closed & ~self._was_closed] = step.t1_ms / 1000
        self._was_closed = closed.copy()

    def _close_minute(self, step: Step) -> None:
        minute, span_s = self._minute, self._sums["span_s"]
        minute["t_s"].append(step.t1_ms / 1000 - 60)
        for name in MEANS:
            minute[name].append(self._sums[name] / span_s)
        soc = step.truth.soc_pu
        for name, value in (("mean", soc.mean()), ("min", soc.min()), ("max", soc.max())):
            minute[f"soc_{name}_pu"].append(float(value))
        pairs = (("v_min_pu", "v_max_pu", "v"), ("island_min_hz", "island_max_hz", "island_hz"))
        for low, high, name in (*pairs, ("island_v_min_pu", "island_v_max_pu", "island_v")):
            minute[low].append(self._low.get(name))
            minute[high].append(self._high.get(name))
        minute["islanded"].append(float((~step.truth.contactor_closed).sum()))
        now_s = self.district.homes.epoch_s + step.t1_ms // 1000
        minute["envelopes"].append(float(self.district.coordinator.in_force(now_s)))
        self._check_residual(step)
        self._sums.clear()
        self._low.clear()
        self._high.clear()

    def _check_residual(self, step: Step) -> None:
        """Keep each node's worst residual, measured against the bound of its meter's class at that power."""
        if step.t1_ms - step.t0_ms < MINUTE_MS:
            return  # powers and meters are of one instant only in quiet
        fleet, bound = self.district.fleet, residual_bound_w(step.truth)
        for k, key in enumerate(self.district.keys):
            state = fleet.nodes.get(key)
            residual = state.report.residual_w if state and state.report else None
            if residual is not None and abs(residual) / bound[k] > self._worst_pu[k]:
                self._worst_pu[k] = abs(residual) / bound[k]
                self.residual_w[k], self.bound_w[k] = abs(residual), bound[k]

    def minutes(self, name: str) -> list[float]:
        """Return a minute curve that has no gaps, such as t_s or transformer_va."""
        return [value for value in self._minute[name] if value is not None]

    def band(self, low: str, high: str) -> tuple[float, float]:
        """Return the lowest of one curve and the highest of another."""
        return min(self.minutes(low), default=0.0), max(self.minutes(high), default=0.0)

    def series(self, baseline_va: list[float | None]) -> Series:
        """Return the minute curves."""
        return Series(baseline_va=baseline_va, **self._minute)

    def buildings(self) -> list[Building]:
        """Return one row a building."""
        return [self._row(k) for k in range(self.district.options.buildings)]

    def _row(self, k: int) -> Building:
        district, plant = self.district, self.district.plant
        wh = {name: float(joules[k]) / 3600 for name, joules in plant.energy_j.items()}
        state = district.fleet.nodes[district.keys[k]]
        counted = (state.report.import_wh, state.report.export_wh) if state.report else (0, 0)
        outage = district.scenario.outage
        back = self.returned_s[k] - outage.end_s if outage else np.nan
        return Building(
            id=district.keys[k][1],
            load_wh=wh["load"],
            pv_wh=wh["pv"],
            import_wh=wh["grid_import"],
            export_wh=wh["grid_export"],
            self_consumption_pu=1.0 - float(self.pv_sold_wh[k]) / wh["pv"] if wh["pv"] > 0 else None,
            soc_end_pu=float(plant.store.soc_pu[k]),
            to_island_ms=_known(plant.to_island_max_ms[k]),
            reconnect_s=_known(back),
            closing_angle_deg=_known(np.degrees(plant.closing_angle_rad[k])),
            closing_dv_pu=_known(plant.closing_dv_pu[k]),
            closing_slip_hz=_known(plant.closing_slip_hz[k]),
            critical_wh_lost=float(plant.sums.unserved_dark_j[k, 0] + plant.sums.unserved_shed_j[k, 0])
            / 3600,
            critical_wh_gap=float(plant.unserved_gap_j[k, 0]) / 3600,
            shed_wh=float(plant.sums.unserved_shed_j[k].sum()) / 3600,
            residual_w_max=float(self.residual_w[k]),
            metering_bound_w=float(self.bound_w[k]) if np.isfinite(self.bound_w[k]) else 0.0,
            import_error_wh=counted[0] - wh["grid_import"],
            export_error_wh=counted[1] - wh["grid_export"],
        )

    def events(self) -> list[Event]:
        """Return every transition as the nodes told it, in order of time and node."""
        query = select(EventRow).order_by(EventRow.t, EventRow.node, EventRow.seq)
        start_s = self.district.homes.epoch_s
        return [
            Event(float(r.t - start_s), r.node, r.was, r.to, r.why) for r in self.district.store.all(query)
        ]


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
