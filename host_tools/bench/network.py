"""Our three-phase power flow of the feeder (power-grid-model) against pandapower's on the same feeder."""

import logging
import time
import warnings
from typing import Any

import numpy as np

from host_tools.city.feeder import LV_V, Feeder, Transformer, transformer_for
from host_tools.city.network import SOURCE_PU, V_NOMINAL_V, Network
from host_tools.city.options import ROOT
from host_tools.plant.types import Floats

CACHE = ROOT / "build" / "cache"
HOMES = 17
TIMED = 200  # of our solves a case: one is too short to time


class PandapowerFeeder:
    """The same feeder, transformer and homes in pandapower; the oracle of the network."""

    def __init__(self, feeder: Feeder, transformer: Transformer, source_pu: float, homes: int) -> None:
        """Build the net; importing pandapower takes seconds."""
        warnings.simplefilter("ignore")
        logging.getLogger("pandapower").setLevel(logging.ERROR)
        import pandapower  # type: ignore[import-untyped]
        import pandapower.networks  # type: ignore[import-untyped]

        self._run = pandapower.runpp_3ph
        self.net = pandapower.networks.ieee_european_lv_asymmetric()
        self.node, self.phase = feeder.service_node[:homes], feeder.service_phase[:homes]
        self._replace_transformer(transformer, source_pu)

    def _replace_transformer(self, transformer: Transformer, source_pu: float) -> None:
        net = self.net
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

    def set_loads(self, grid_w: Floats, consumed_var: Floats) -> None:
        """Place what each home imports (W, var) at its service point and phase."""
        load = self.net.asymmetric_load
        for letter in "abc":
            load[f"p_{letter}_mw"] = 0.0
            load[f"q_{letter}_mvar"] = 0.0
        row_at = {int(bus): row for row, bus in load.bus.items()}
        for home, (watts, reactive) in enumerate(zip(grid_w, consumed_var, strict=True)):
            row, letter = row_at[int(self.node[home])], "abc"[int(self.phase[home])]
            load.loc[row, f"p_{letter}_mw"] = watts / 1e6
            load.loc[row, f"q_{letter}_mvar"] = reactive / 1e6

    def solve(self) -> tuple[Floats, Floats]:
        """Return the voltage at each home (V) and the current of each low-voltage winding (A)."""
        self._run(self.net, calculate_voltage_angles=True, tolerance_mva=1e-10, numba=False)
        pu = self.net.res_bus_3ph[["vm_a_pu", "vm_b_pu", "vm_c_pu"]].to_numpy()[self.node, self.phase]
        amps = self.net.res_trafo_3ph[["i_a_lv_ka", "i_b_lv_ka", "i_c_lv_ka"]].to_numpy()[0] * 1000.0
        return pu * LV_V / np.sqrt(3.0), amps


def measure(quick: bool) -> dict[str, Any]:
    """Return ms a solve of both, their ratio, and the largest difference of a voltage, over random evenings."""
    network = Network(HOMES, CACHE)
    oracle = PandapowerFeeder(network.feeder, transformer_for(HOMES), SOURCE_PU, HOMES)
    rng = np.random.default_rng(3)
    rows = [_compare(network, oracle, rng.uniform(-4000.0, 5000.0, HOMES)) for _ in range(3 if quick else 20)]
    ours_ms, theirs_ms, _, _ = np.median(rows, axis=0)
    worst_pu, worst_a = np.max(rows, axis=0)[2:]
    speedup = np.median([theirs / ours for ours, theirs, _, _ in rows])
    result = {
        "nodes": network.feeder.nodes,
        "cases": len(rows),
        "solve_ms": round(float(ours_ms), 3),
        "pandapower_ms": round(float(theirs_ms), 1),
        "speedup_over_pandapower": round(float(speedup), 1),
        "voltage_difference_pu_max": float(f"{worst_pu:.2g}"),
        "current_difference_a_max": float(f"{worst_a:.2g}"),
    }
    print(
        f"Three-phase power flow of {result['nodes']} nodes, {HOMES} homes, {len(rows)} random cases: "
        f"{result['solve_ms']} ms by Network.solve (power-grid-model), {result['pandapower_ms']} ms by pandapower's "
        f"runpp_3ph without numba; their voltages differ by at most {result['voltage_difference_pu_max']} pu."
    )
    return result


def _compare(network: Network, oracle: PandapowerFeeder, grid_w: Floats) -> tuple[float, float, float, float]:
    """Return ms ours, ms theirs, difference of voltage in pu and of current in A."""
    consumed_var = 0.2 * np.abs(grid_w)
    oracle.set_loads(grid_w, consumed_var)
    began = time.perf_counter()
    volts, amps = oracle.solve()
    theirs_ms = 1000 * (time.perf_counter() - began)
    times = []
    for k in range(TIMED):  # a different power each time, as in the run; the last is the one compared
        scale = 1.0 - 0.1 * (TIMED - 1 - k) / TIMED
        began = time.perf_counter()
        state = network.solve(scale * grid_w, scale * consumed_var)
        times.append(1000 * (time.perf_counter() - began))
    voltage_pu = np.abs(state.voltage_v - volts).max() / V_NOMINAL_V
    current_a = np.abs(state.phase_pu[0] * network.rated_a[0] - amps).max()
    return float(np.median(times)), theirs_ms, float(voltage_pu), float(current_a)
