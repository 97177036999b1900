"""The main job twice with one seed: a day of 17 homes with an outage; equal digests, and its key figures."""

import asyncio
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from host_tools.city.demo import simulate
from host_tools.city.options import Options
from host_tools.dashboard.results import Building, Results

QUICK = Options(start_s=63_000, end_s=66_600, outage_length_s=600)  # 17:30 to 18:30, out for ten minutes
COUNTED_WH = 1000.0  # registers count whole watt-hours: less than this has no share worth telling


def measure(quick: bool) -> dict[str, Any]:
    """Return the figures of the first run, its wall time, and whether a second run equals it."""
    options = QUICK if quick else Options()
    first, second = (_run(options) for _ in range(2))
    summary = first.summary
    result = {
        "buildings": first.meta.n,
        "virtual_s": round(first.meta.virtual_s),
        "wall_s": round(min(first.run.wall_s, second.run.wall_s), 1),
        "balance_error_w_max": float(f"{summary.balance_error_w_max:.2g}"),
        "critical_wh_lost": summary.critical_wh_lost,
        "to_island_ms_max": summary.to_island_ms_max,
        "transformer_peak_ratio": round(summary.transformer_peak_ratio, 4),
        "reproducible": first.digest() == second.digest(),
        "speed": round(max(first.run.speed, second.run.speed)),
        **_conduct(first),
    }
    _tell(result)
    return result


def _run(options: Options) -> Results:
    with tempfile.TemporaryDirectory(prefix="islet-bench-") as folder:
        return asyncio.run(simulate(replace(options, out=Path(folder)), Console(quiet=True)))


def _conduct(results: Results) -> dict[str, Any]:
    summary, homes = results.summary, results.buildings
    return {
        "residual_pu_max": round(max(_residual_pu(home) for home in homes), 3),
        "energy_counter_error_pu_max": round(max(_counter_error_pu(home) for home in homes), 4),
        "critical_wh_gap": round(sum(home.critical_wh_gap for home in homes), 2),
        "reports_received": summary.reports_received,
        "reports_lost": summary.reports_lost,
        "overload_s": round(summary.islet.overload_s, 1),
        "baseline_overload_s": round(summary.baseline.overload_s, 1),
        "cost_over_baseline": round(summary.islet.cost / summary.baseline.cost, 4),
    }


def _residual_pu(home: Building) -> float:
    return home.residual_w_max / home.metering_bound_w if home.metering_bound_w else 0.0


def _counter_error_pu(home: Building) -> float:
    """Return the larger error of the two registers as share of what truly flowed."""
    registers = ((home.import_error_wh, home.import_wh), (home.export_error_wh, home.export_wh))
    return max((abs(error) / wh for error, wh in registers if wh >= COUNTED_WH), default=0.0)


def _tell(result: dict[str, Any]) -> None:
    print(
        f"{result['buildings']} homes, {result['virtual_s']} s in {result['wall_s']} s ({result['speed']} times real "
        f"time), run twice: {'equal' if result['reproducible'] else 'UNEQUAL'} digests. Balance of the plant within "
        f"{result['balance_error_w_max']} W; {result['critical_wh_lost']} Wh of critical load lost beyond the "
        f"transfer, {result['critical_wh_gap']} Wh in it; residuals up to {result['residual_pu_max']:.0%} of what "
        f"metering allows, counters off by at most {result['energy_counter_error_pu_max']:.2%}. Transformer's peak "
        f"{result['transformer_peak_ratio']} of that with idle batteries, overloaded for {result['overload_s']} s "
        f"instead of {result['baseline_overload_s']} s."
    )
