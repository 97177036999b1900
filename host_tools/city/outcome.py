"""The key figures of a run, with Islet and with idle batteries, from what was recorded."""

from typing import Any

import numpy as np
from sqlalchemy import func, select

from host_tools.aggregator.store import NUMBERED, ReportRow
from host_tools.city.baseline import Baseline, comparable, pv_share, run_baseline, supplied_share
from host_tools.city.commission import FEED_IN_PER_KWH
from host_tools.city.district import District
from host_tools.city.network import V_NOMINAL_V
from host_tools.city.recorder import Recorder
from host_tools.dashboard.results import Fault, Meta, Results, Side, Summary
from host_tools.plant.types import Bools, Floats
from islet.names import A_ACCEPTED

FEEDER = "IEEE European LV test feeder (pandapower)"
MINUTES = 1440


def results_of(district: District, recorder: Recorder) -> Results:
    """Return the results of a finished run; the same minutes are simulated once more with idle batteries."""
    baseline = run_baseline(district.load_w, district.pv_w, district.network, district.scenario)
    first = district.options.start_s // 60
    minutes = len(recorder.minutes("t_s"))
    series = recorder.series(list(baseline.transformer_va.sum(axis=1)[first : first + minutes]))
    buildings = recorder.buildings()
    islet = _islet_side(district, recorder)
    idle = _idle_side(district, baseline, slice(first, first + minutes))
    summary = Summary(
        islet=islet,
        baseline=idle,
        transformer_peak_ratio=islet.peak_va / idle.peak_va if idle.peak_va else 1.0,
        balance_error_w_max=district.plant.balance_error_w_max,
        critical_wh_lost=islet.critical_wh_lost,
        to_island_ms_max=_max_or_none(district.plant.to_island_max_ms),
        **_return(district, recorder),
        **_conduct(district),
    )
    return Results(_meta(district), series, buildings, recorder.events(), summary)


def _meta(district: District) -> Meta:
    options, outage = district.options, district.scenario.outage
    faults = [Fault("outage", outage.start_s, outage.end_s, "the feeder loses supply")] if outage else []
    faults += [
        Fault(f.kind, f.window.start_s, f.window.end_s, "out of order") for f in district.scenario.faults
    ]
    return Meta(
        seed=options.seed,
        date=district.homes.day.isoformat(),
        n=options.buildings,
        feeder=FEEDER,
        transformer_va=float(district.network.rated_va.sum()),
        virtual_s=float(options.end_s - options.start_s),
        faults=faults,
    )


def _windows(district: District, minutes: slice) -> tuple[Bools, Bools, Bools]:
    """Return three masks over the run's minutes: comparable, in the outage, reconnecting."""
    apart = ~comparable(district.scenario, MINUTES)[minutes]
    outage = district.scenario.outage
    t_s = 60.0 * np.arange(MINUTES)[minutes]
    during = apart & (t_s < outage.end_s) if outage else apart
    return ~apart, during, apart & ~during


def _peaks(va: Floats, district: District, minutes: slice) -> tuple[float, float | None, float | None]:
    """Return the highest power outside outage and reconnection, in the outage, while reconnecting."""
    quiet, during, back = _windows(district, minutes)
    top = [float(va[mask].max()) if mask.any() else None for mask in (quiet, during, back)]
    return top[0] or 0.0, top[1], top[2]


def _islet_side(district: District, recorder: Recorder) -> Side:
    va = np.array(recorder.minutes("transformer_va"))
    first = district.options.start_s // 60
    plant = district.plant
    peak, during, back = _peaks(va, district, slice(first, first + len(va)))
    v_min, v_max = recorder.band("v_min_pu", "v_max_pu")
    return Side(
        peak_va=peak,
        peak_outage_va=during,
        peak_reconnection_va=back,
        overload_s=recorder.overload_s,
        self_consumption_pu=_own_use(recorder.pv_sold_wh.sum(), plant.energy_j["pv"].sum() / 3600),
        import_wh=float(recorder.import_wh.sum()),
        export_wh=float(recorder.export_wh.sum()),
        cost=_cost(district, recorder.import_wh, recorder.export_wh),
        carbon_kg=_carbon(district, recorder.import_wh),
        v_min_pu=v_min,
        v_max_pu=v_max,
        critical_wh_lost=float((plant.sums.unserved_dark_j + plant.sums.unserved_shed_j)[:, 0].sum()) / 3600,
    )


def _idle_side(district: District, baseline: Baseline, minutes: slice) -> Side:
    va = baseline.transformer_va.sum(axis=1)[minutes]
    peak, during, back = _peaks(va, district, minutes)
    hourly = np.zeros((2, 24, district.options.buildings))
    hour = np.arange(MINUTES)[minutes] // 60
    grid_wh = baseline.grid_w[minutes] / 60.0
    np.add.at(hourly[0], hour, np.maximum(grid_wh, 0.0))
    np.add.at(hourly[1], hour, np.maximum(-grid_wh, 0.0))
    live = baseline.voltage_v[minutes]
    live = live[live > 0.0] / V_NOMINAL_V
    dark = 1.0 - supplied_share(district.scenario, MINUTES)[minutes]
    return Side(
        peak_va=peak,
        peak_outage_va=during,
        peak_reconnection_va=back,
        overload_s=60.0 * float((baseline.transformer_pu[minutes] > 1.0).any(axis=1).sum()),
        self_consumption_pu=_own_use(hourly[1].sum(), _idle_pv_wh(district, minutes)),
        import_wh=float(hourly[0].sum()),
        export_wh=float(hourly[1].sum()),
        cost=_cost(district, hourly[0], hourly[1]),
        carbon_kg=_carbon(district, hourly[0]),
        v_min_pu=float(live.min()),
        v_max_pu=float(live.max()),
        critical_wh_lost=float((district.demand_w[:, minutes, 0] * dark).sum()) / 60.0,
    )


def _idle_pv_wh(district: District, minutes: slice) -> float:
    return float((district.pv_w * pv_share(district.scenario, MINUTES))[:, minutes].sum()) / 60.0


def _own_use(sold_wh: float, pv_wh: float) -> float | None:
    return 1.0 - float(sold_wh) / float(pv_wh) if pv_wh > 0 else None


def _cost(district: District, import_wh: Floats, export_wh: Floats) -> float:
    price = district.homes.price_per_kwh
    return float((import_wh.sum(axis=1) * price - export_wh.sum(axis=1) * FEED_IN_PER_KWH).sum()) / 1000.0


def _carbon(district: District, import_wh: Floats) -> float:
    return float((import_wh.sum(axis=1) * district.homes.carbon_kg_per_kwh).sum()) / 1000.0


def _return(district: District, recorder: Recorder) -> dict[str, Any]:
    outage = district.scenario.outage
    back = _max_or_none(recorder.returned_s)
    return {
        "reconnection_start_s": outage.end_s if outage and outage.end_s < district.options.end_s else None,
        "reconnection_end_s": back,
    }


def _conduct(district: District) -> dict[str, int]:
    store, answers = district.store, district.desk.answers()
    received = sum(store.rows(select(func.count()).select_from(row))[0][0] for row in NUMBERED)
    backfilled = store.rows(select(func.count()).select_from(ReportRow).where(ReportRow.bf == 1))[0][0]
    lost = sum(store.missing().values()) + sum(state.lost for state in district.fleet.nodes.values())
    accepted = answers.get(A_ACCEPTED, 0)
    return {
        "reports_received": received,
        "reports_lost": lost,
        "reports_backfilled": backfilled,
        "reports_duplicate": district.fleet.duplicates,
        "commands_issued": district.coordinator.issued,
        "commands_accepted": accepted,
        "commands_refused": sum(answers.values()) - accepted,
    }


def _max_or_none(values: Floats) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else None
