"""The oracle of the network: pandapower's three-phase power flow on the same feeder, and its cases.

`python -m tests.host.pandapower_feeder` writes tests/cases/network/*/case.json anew.
"""

import json
from pathlib import Path

import numpy as np

from host_tools.bench.network import CACHE, HOMES, PandapowerFeeder
from host_tools.city.feeder import Feeder, Transformer, load_feeder, transformer_for
from host_tools.city.network import SOURCE_PU

CASES = Path(__file__).parents[1] / "cases" / "network"
SOURCE = (
    "pandapower 3.5.6, runpp_3ph on ieee_european_lv_asymmetric with an 11/0.4 kV transformer of 50 kVA, "
    "written by tests/host/pandapower_feeder.py"
)


def evening() -> np.ndarray:
    """Return the imports of a hot evening, W."""
    return np.linspace(1000.0, 5000.0, HOMES)[::-1].copy()


def noon() -> np.ndarray:
    """Return exports of a spring noon, some homes still importing, W."""
    return np.where(np.arange(HOMES) % 5 == 4, 900.0, -np.linspace(2000.0, 4000.0, HOMES))


def one_phase(phase: np.ndarray) -> np.ndarray:
    """Return 6 kW at each home of phase B, while phase C exports 2 kW and A rests, W."""
    return np.select([phase == 1, phase == 2], [6000.0, -2000.0], 0.0)


def solve(
    feeder: Feeder, transformer: Transformer, source_pu: float, grid_w: np.ndarray, consumed_var: np.ndarray
) -> dict[str, list[float]]:
    """Return pandapower's voltage at each home (V) and current of each low-voltage winding (A)."""
    net = PandapowerFeeder(feeder, transformer, source_pu, len(grid_w))
    net.set_loads(grid_w, consumed_var)
    volts, amps = net.solve()
    return {"voltage_v": volts.tolist(), "phase_a": amps.tolist()}


def write_cases() -> None:
    """Write each case's input, parameters and pandapower's answer."""
    feeder, transformer = load_feeder(CACHE), transformer_for(HOMES)
    phase = feeder.service_phase[:HOMES]
    for name, grid_w in {"evening": evening(), "noon": noon(), "one_phase": one_phase(phase)}.items():
        consumed_var = 0.2 * np.abs(grid_w)
        case = {
            "source": SOURCE,
            "parameters": {"source_pu": SOURCE_PU, "transformer_kva": transformer.rated_va / 1000.0},
            "service_node": feeder.service_node[:HOMES].tolist(),
            "service_phase": phase.tolist(),
            "grid_w": grid_w.tolist(),
            "consumed_var": consumed_var.tolist(),
            "expected": solve(feeder, transformer, SOURCE_PU, grid_w, consumed_var),
        }
        (CASES / name).mkdir(parents=True, exist_ok=True)
        (CASES / name / "case.json").write_text(json.dumps(case, indent=1) + "\n")


if __name__ == "__main__":
    write_cases()
