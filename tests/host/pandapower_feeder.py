"""The oracle of the network: pandapower's three-phase power flow on the same feeder, and its cases.

`python -m tests.host.pandapower_feeder` writes tests/cases/network/*/case.json anew.
"""

import json
import logging
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.city.feeder import LV_V, Feeder, Transformer, load_feeder, transformer_for
from host_tools.city.network import SOURCE_PU

CASES = Path(__file__).parents[1] / "cases" / "network"
CACHE = Path(__file__).parents[2] / "build" / "cache"
HOMES = 17
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
    warnings.simplefilter("ignore")
    logging.getLogger("pandapower").setLevel(logging.ERROR)
    import pandapower
    import pandapower.networks

    net = pandapower.networks.ieee_european_lv_asymmetric()
    _replace_transformer(net, transformer, source_pu)
    _place_homes(net, feeder, grid_w, consumed_var)
    pandapower.runpp_3ph(net, calculate_voltage_angles=True, tolerance_mva=1e-10, numba=False)
    node, phase = feeder.service_node[: len(grid_w)], feeder.service_phase[: len(grid_w)]
    pu = net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()[node, phase]
    amps = net.res_trafo_3ph[["i_a_lv_ka", "i_b_lv_ka", "i_c_lv_ka"]].to_numpy()[0] * 1000.0
    return {"voltage_v": (pu * LV_V / np.sqrt(3.0)).tolist(), "phase_a": amps.tolist()}


def _replace_transformer(net: Any, transformer: Transformer, source_pu: float) -> None:
    loss_percent = 100.0 * transformer.load_loss_w / transformer.rated_va
    net.trafo["sn_mva"] = transformer.rated_va / 1e6
    net.trafo["vn_lv_kv"] = LV_V / 1000.0
    for name, value in (("vk", 100.0 * transformer.uk_pu), ("vkr", loss_percent)):
        net.trafo[f"{name}_percent"] = net.trafo[f"{name}0_percent"] = value
    # power-grid-model has no zero-sequence magnetising branch: the delta closes that path. The test feeder's
    # value of 100 % would halve pandapower's zero-sequence impedance and move voltages by 0.005 pu.
    net.trafo["mag0_percent"] = 1e6
    net.bus.loc[1:, "vn_kv"] = LV_V / 1000.0
    net.ext_grid["vm_pu"] = source_pu


def _place_homes(net: Any, feeder: Feeder, grid_w: np.ndarray, consumed_var: np.ndarray) -> None:
    load = net.asymmetric_load
    for letter in "abc":
        load[f"p_{letter}_mw"] = 0.0
        load[f"q_{letter}_mvar"] = 0.0
    row_at = {int(bus): row for row, bus in load.bus.items()}
    for home, (watts, reactive) in enumerate(zip(grid_w, consumed_var, strict=True)):
        row, letter = row_at[int(feeder.service_node[home])], "abc"[int(feeder.service_phase[home])]
        load.loc[row, f"p_{letter}_mw"] = watts / 1e6
        load.loc[row, f"q_{letter}_mvar"] = reactive / 1e6


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
