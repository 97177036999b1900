"""The meter on MicroPython: native kernels against plain ones, and readings against the truth of the samples."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from host_tools.hil.script import run_script_on
from host_tools.plant.types import Floats
from host_tools.plant.waveform import (
    AMPS_PER_CODE,
    N_SETS,
    NOISE_CODES,
    VOLTS_PER_CODE,
    WaveformSynth,
    power_bound_w,
)

SCRIPT = Path(__file__).parent / "upy" / "meter.py"
SETTLE = 3  # windows before the times count


def measure(quick: bool) -> dict[str, Any]:
    """Return ms a window of 100 ms for both kernels, and the worst errors over all windows."""
    n = 200 if quick else 3000
    truth = connections(n, seed=5)
    windows = WaveformSynth(n, seed=11).windows(truth)
    ratings = json.dumps([VOLTS_PER_CODE, AMPS_PER_CODE, NOISE_CODES])
    rows = run_script_on(windows.tobytes(), SCRIPT, N_SETS, ratings)
    times = np.array([row[:2] for row in rows[SETTLE:]]) / 1000.0
    result = {
        "windows": len(rows),
        "plain_ms": round(float(np.median(times[:, 0])), 3),
        "native_ms": round(float(np.median(times[:, 1])), 3),
        "native_speedup": round(float(np.median(times[:, 0] / times[:, 1])), 2),
        "kernels_equal": all(row[2] for row in rows),
        **errors(truth, np.array([row[3:] for row in rows])),
    }
    tell(result)
    return result


def connections(n: int, seed: int) -> Any:
    """Return the truth of n buildings: 60 A connections in and out of step with the grid, importing, exporting."""
    rng = np.random.default_rng(seed)
    load_w = rng.uniform(0.0, 12_000.0, n)
    return SimpleNamespace(
        load_w=load_w,
        load_var=load_w * rng.uniform(0.0, 0.484, n),
        grid_w=rng.uniform(-10_000.0, 13_000.0, n),
        grid_var=rng.uniform(-500.0, 2000.0, n),
        grid_v=rng.uniform(205.0, 253.0, n),
        bus_v=rng.uniform(205.0, 253.0, n),
        grid_hz=rng.uniform(49.0, 51.0, n),
        bus_hz=rng.uniform(47.5, 52.0, n),
        grid_phase_rad=rng.uniform(-np.pi, np.pi, n),
        bus_phase_rad=rng.uniform(-np.pi, np.pi, n),
        contactor_closed=np.ones(n, dtype=np.bool_),
    )


def errors(truth: Any, readings: Floats) -> dict[str, float]:
    """Return the worst error of power as share of its bound, of frequency and of voltage."""
    grid_hz, bus_hz, grid_v, bus_v, grid_w, load_w = readings.T
    grid_pu = np.abs(grid_w - truth.grid_w) / power_bound_w(truth.grid_w, truth.grid_var)
    load_pu = np.abs(load_w - truth.load_w) / power_bound_w(truth.load_w, truth.load_var)
    hz = np.abs(np.concatenate([grid_hz - truth.grid_hz, bus_hz - truth.bus_hz]))
    volt_pu = np.abs(np.concatenate([grid_v / truth.grid_v, bus_v / truth.bus_v]) - 1.0)
    return {
        "power_error_of_bound_max": round(float(np.maximum(grid_pu, load_pu).max()), 3),
        "frequency_error_hz_max": round(float(hz.max()), 5),
        "frequency_error_hz_median": round(float(np.median(hz)), 5),
        "voltage_error_pu_max": round(float(volt_pu.max()), 5),
    }


def tell(result: dict[str, Any]) -> None:
    """Print the result in words."""
    print(
        f"Meter.measure of 360 sets of 4 channels on the unix port of this machine, {result['windows']} windows: "
        f"{result['plain_ms']} ms with the plain kernels, {result['native_ms']} ms with the native ones; "
        f"worst power error {result['power_error_of_bound_max']:.0%} of what the transducers allow."
    )
