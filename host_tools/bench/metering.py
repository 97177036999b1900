"""The meter at the points of IEC 62053-21 and beyond, beside numpy on the same samples; its sums on MicroPython."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.hil.script import run_script_on
from host_tools.plant import meter_faults, meter_points
from host_tools.plant.meter_figures import Collected, collect
from host_tools.plant.meter_points import Point
from host_tools.plant.meter_run import WINDOW_SETS, ideal
from host_tools.plant.meter_signal import MeterSignal, Wave

SCRIPT = Path(__file__).parent / "upy" / "metering.py"
SETTLE = 3  # windows before the times count


def measure(quick: bool) -> dict[str, Any]:
    """Return the worst errors, the native sums against the plain ones, and how many scenarios were told right."""
    all_figures = collect(quick)
    scenarios = meter_faults.scenarios()
    wrong = [scenario.name for scenario in scenarios if meter_faults.run(scenario) != scenario.expected]
    result = {
        **errors(all_figures),
        **native(20 if quick else 200),
        "selfcheck_found": len(scenarios) - len(wrong),
        "selfcheck_total": len(scenarios),
    }
    tell(result)
    if wrong:
        print(f"Told wrong: {', '.join(wrong)}.")
    return result


def errors(found: Collected) -> dict[str, float]:
    """Return the worst of the even converter, and of the RP2040's with its own table (e11) and the generic one."""
    numbers = {
        "p_error_pct_max": found.ideal.upper.p_pct,
        "p_error_pct_5": found.ideal.five.p_pct,
        "numpy_error_pct_max": found.ideal.upper.numpy_p_pct,
        "numpy_error_pct_5": found.ideal.five.numpy_p_pct,
        "pf_error_max": max(found.ideal.worst.pf, found.own.worst.pf),
        "f_error_mhz_max": 1000.0 * max(found.steady_hz.ours, found.own_steady_hz.ours),
        "f_step_error_mhz_max": 1000.0 * max(found.step_hz.ours, found.own_step_hz.ours),
        "e11_error_pct_max": found.own.upper.p_pct,
        "e11_error_pct_5": found.own.five.p_pct,
        "e11_numpy_pct_max": found.own.upper.numpy_p_pct,
        "e11_generic_pct_max": found.generic.upper.p_pct,
        "e11_generic_pct_5": found.generic.five.p_pct,
        "influence_of_limit_max": max(pair.ours / pair.limit_pct for pair in found.influences.values()),
    }
    return {
        **{name: round(value, 5) for name, value in numbers.items()},
        "integration_s": max(part.worst.seconds for part in (found.ideal, found.own, found.generic)),
        "sweep_windows": found.sweep_windows,
        "drop_outs": found.drop_outs,
    }


def windows(count: int) -> tuple[bytes, int, int]:
    """Return windows of four live channels with their history, the sets of each, and how many of them are kept."""
    wiring, table = meter_points.wiring(), ideal().table
    waves = Point(10.0, 0.5).waves() | {"grid_i": Wave(5.0)}
    signal, kept = MeterSignal(wiring, waves, seed=2), wiring.history()
    codes = table[signal.codes(kept + count * WINDOW_SETS)]
    starts = range(0, count * WINDOW_SETS, WINDOW_SETS)
    return b"".join(codes[n : n + kept + WINDOW_SETS].tobytes() for n in starts), kept + WINDOW_SETS, kept


def native(count: int) -> dict[str, Any]:
    """Return times in ms of a window's sums, the ratio of plain to native, and the bytes they allocate."""
    data, n_sets, kept = windows(count)
    ratings = [meter_points.VOLTS_PER_CODE, meter_points.AMPS_PER_CODE, meter_points.NOISE_CODES]
    rows = run_script_on(data, SCRIPT, n_sets, kept, json.dumps(ratings))
    times = np.array([row[:2] for row in rows[SETTLE:]]) / 1000.0
    return {
        "windows": len(rows),
        "plain_ms": round(float(np.median(times[:, 0])), 3),
        "native_ms": round(float(np.median(times[:, 1])), 4),
        "kernel_speedup_viper": round(float(np.median(times[:, 0] / times[:, 1])), 1),
        "kernels_equal": all(row[2] for row in rows),
        "alloc_bytes_per_window": max(row[3] for row in rows),
    }


def tell(result: dict[str, Any]) -> None:
    """Print the result in words."""
    print(
        f"Active power within {result['p_error_pct_max']:.3f} % from 10 % of Imax up "
        f"(numpy {result['numpy_error_pct_max']:.3f} %), with an RP2040's converter "
        f"{result['e11_error_pct_max']:.3f} %; frequency within {result['f_error_mhz_max'] / 1000.0:.5f} Hz; "
        f"{result['selfcheck_found']} of {result['selfcheck_total']} scenarios told right; "
        f"native sums {result['kernel_speedup_viper']:.0f} times as fast as bytecode."
    )
