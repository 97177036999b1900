"""Islanding: what must be ridden through and what must open, reclosings, all cases, the balanced feeder, IEEE 1547.

Each figure is judged by the plant's truth. The peer is EPRI's OpenDER for the functions of IEEE 1547-2018.
"""

import asyncio
import math
import warnings
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.hil.case_batch import Batch, read_all, streets
from host_tools.hil.case_file import Named
from host_tools.hil.case_result import Result
from host_tools.hil.trials import openings, reclosings, zone
from host_tools.hil.trials.openings import Opening
from host_tools.stability.opender_compare import compare

CASES = Path(__file__).resolve().parents[2] / "tests" / "cases" / "island"
PROCESSES = 2
SEED = 20_241_124
RIDDEN, FATAL, RECLOSED = 1000, 1000, 1000
QUICK_RIDDEN, QUICK_FATAL, QUICK_RECLOSED, QUICK_CASES = 120, 120, 24, 24
ALIKE = 48  # reclosings in one street
Numbers = Iterable[float]


def measure(quick: bool) -> dict[str, Any]:
    """Return the figures; percentiles over all trials and cases that measured them."""
    with ProcessPoolExecutor(PROCESSES) as pool:
        disturbed = _openings(pool, quick)
        closed = _reclosings(pool, quick)
        cases = _cases(pool, quick)
    found = zone.sweep(active=True, count=zone.QUICK_COUNT if quick else zone.COUNT)
    result = {
        **_of_openings(disturbed),
        **_of_reclosings(closed),
        **_of_cases(cases),
        **_of_islands([*closed, *cases]),
        **_of_gaps([*closed, *(one for one in cases if _limits(one, "gap_ms") < math.inf)]),
        "balanced_detect_ms_max": round(found.balanced_ms, 1),
        "zone_missed_pct": round(100.0 * found.missed_pu, 2),
        "opender_max_error_pct": round(compare(), 4),
    }
    _tell(result, [one for one in [*closed, *cases] if not one.passed])
    return result


def _gather(what: str, jobs: Sequence[Future[list[Any]]]) -> list[Any]:
    """Return all results in the order of the jobs, telling how far they are."""
    for done, _ in enumerate(as_completed(jobs), start=1):
        print(f"\r{what}: {done} of {len(jobs)} parts", end="\n" if done == len(jobs) else "", flush=True)
    return [one for job in jobs for one in job.result()]


def _openings(pool: ProcessPoolExecutor, quick: bool) -> list[Opening]:
    counts = ((QUICK_RIDDEN, False), (QUICK_FATAL, True)) if quick else ((RIDDEN, False), (FATAL, True))
    groups = [
        group for count, fatal in counts for group in openings.batches(openings.drawn(count, SEED, fatal))
    ]
    return _gather("disturbances", [pool.submit(openings.play, group, k) for k, group in enumerate(groups)])


def _reclosings(pool: ProcessPoolExecutor, quick: bool) -> list[Result]:
    drawn = reclosings.drawn(QUICK_RECLOSED if quick else RECLOSED, SEED)
    drawn.sort(key=lambda one: one.case.case.duration_s)  # those of one street end together
    groups = [drawn[k : k + ALIKE] for k in range(0, len(drawn), ALIKE)]
    return _gather("reclosings", [pool.submit(_play, group) for group in groups])


def _cases(pool: ProcessPoolExecutor, quick: bool) -> list[Result]:
    every = read_all(sorted(CASES.glob("*.toml")), None)
    chosen = sorted(every, key=lambda one: one.case.case.duration_s)[:QUICK_CASES] if quick else every
    return _gather("cases", [pool.submit(_play, group) for group in streets(chosen, "inprocess")])


def _play(cases: Sequence[Named]) -> list[Result]:
    """Run cases in a process of its own."""
    warnings.simplefilter("ignore")
    return [result for _, result in asyncio.run(Batch(cases).execute())]


def _of_openings(found: list[Opening]) -> dict[str, Any]:
    ridden, fatal = ([one for one in found if one.trial.ridden is wanted] for wanted in (True, False))
    dead = [one.suspect_ms if one.suspect_ms is not None else math.inf for one in fatal if one.trial.dead]
    return {
        "detect_ms_p50": _percentile(dead, 50),
        "detect_ms_p99": _percentile(dead, 99),
        "false_trips": sum(not one.passed for one in ridden),
        "ride_through_cases": len(ridden),
        "late_trips": sum(not one.passed for one in fatal),
        "must_trip_cases": len(fatal),
    }


def _of_reclosings(found: list[Result]) -> dict[str, Any]:
    return {
        "close_angle_deg_max": _worst(found, "close_angle_deg", max),
        "close_slip_hz_max": _worst(found, "close_slip_hz", max),
        "close_dv_pct_max": _worst(found, "close_dv_pct", max),
        "resync_s_p50": _percentile(_values(found, "resync_s"), 50),
        "resync_s_p99": _percentile(_values(found, "resync_s"), 99),
        "reclosings": len(found),
        "reclosings_passed": sum(one.passed for one in found),
    }


def _of_cases(found: list[Result]) -> dict[str, Any]:
    return {"cases": len(found), "cases_passed": sum(one.passed for one in found)}


def _of_islands(found: list[Result]) -> dict[str, Any]:
    """Return figures over all islands whose case does not ask for something else: those that passed say so."""
    lost = [one for one in found if _limits(one, "critical_wh_lost") <= 0.0]
    return {
        "open_to_stable_ms_p99": _percentile(_values(found, "open_to_stable_ms"), 99),
        "freq_nadir_hz_min": _worst(found, "freq_nadir_hz", min),
        "freq_peak_hz_max": _worst(found, "freq_peak_hz", max),
        "v_band_violation_s": round(sum(_values(found, "v_out_of_band_s")), 3),
        "critical_wh_lost": round(sum(_values(lost, "critical_wh_lost")), 4),
    }


def _of_gaps(found: list[Result]) -> dict[str, Any]:
    """Return the length of the transfer where a battery could carry the building at once."""
    return {
        "gap_ms_p50": _percentile(_values(found, "gap_ms"), 50),
        "gap_ms_max": _worst(found, "gap_ms", max),
        "critical_wh_gap": round(sum(_values(found, "critical_wh_gap")), 3),
    }


def _limits(one: Result, name: str) -> float:
    """Return what a case allows of a figure, infinity where it sets no limit."""
    allowed = [check.value for check in one.limits if check.name == name and isinstance(check.value, float)]
    return min(allowed, default=math.inf)


def _values(found: Iterable[Result], name: str) -> list[float]:
    values = (one.measured.get(name) for one in found)
    return [value for value in values if isinstance(value, float)]


def _worst(found: Iterable[Result], name: str, pick: Callable[[Numbers], float]) -> float | None:
    values = _values(found, name)
    return round(pick(values), 4) if values else None


def _percentile(values: Sequence[float], share: int) -> float | None:
    return round(float(np.percentile(values, share)), 2) if values else None


def _tell(result: dict[str, Any], failed: list[Result]) -> None:
    for one in failed:
        wrong = ", ".join(f"{check.name} {check.measured}" for check in one.limits if not check.passed)
        print(f"failed: {one.name}: {one.error or wrong}")
    print(
        f"{result['ride_through_cases']} disturbances to ride through: {result['false_trips']} opened. "
        f"{result['must_trip_cases']} that must open: {result['late_trips']} late; a dead grid is suspected within "
        f"{result['detect_ms_p99']} ms (99 %). {result['reclosings']} reclosings: at most "
        f"{result['close_angle_deg_max']} deg, {result['close_slip_hz_max']} Hz, {result['close_dv_pct_max']} %. "
        f"{result['cases_passed']} of {result['cases']} cases passed. All of it is simulated."
    )
