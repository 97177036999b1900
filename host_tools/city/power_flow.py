"""Three-phase power flow of one feeder by power-grid-model; here positive means consumed."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from power_grid_model import (
    CalculationMethod,
    ComponentType,
    DatasetType,
    LoadGenType,
    PowerGridModel,
    WindingType,
    initialize_array,
)
from power_grid_model.errors import PowerGridBatchError, PowerGridError  # type: ignore[attr-defined]

from host_tools.city.feeder import HV_V, LV_V, Feeder, Transformer
from host_tools.errors import InputError
from host_tools.plant.types import Floats

SOURCE_SK_VA = 1e10  # as the test feeder's source
SOURCE_RX = 0.1
LINE_ID, TRANSFORMER_ID, SOURCE_ID, LOAD_ID = 10_000, 20_000, 20_001, 30_000
METHODS = (CalculationMethod.iterative_current, CalculationMethod.newton_raphson)  # fast, robust
TOLERANCE = 1e-7  # pu
THREADS = 2
NO_THREADS = -1
OUTPUT: dict[Any, Any] = {
    ComponentType.node: ["u"],
    ComponentType.transformer: ["s_to", "i_to"],
    ComponentType.line: ["i_from"],
}


@dataclass(frozen=True)
class Flow:
    """Solved states; T cases (one or many), H homes, L lines."""

    voltage_v: Floats  # [T, H] line to neutral
    transformer_va: Floats  # [T] apparent power on the low-voltage side, the phases' sum
    phase_a: Floats  # [T, 3] current of the low-voltage windings
    line_a: Floats  # [T, L, 3]


class PowerFlow:
    """A feeder whose first `homes` service points carry a home each; the solver keeps what stays."""

    def __init__(self, feeder: Feeder, transformer: Transformer, homes: int, source_pu: float) -> None:
        """Build the model; raises InputError when the data make no network."""
        self.node = feeder.service_node[:homes]
        self.phase = feeder.service_phase[:homes]
        data = {
            ComponentType.node: _nodes(feeder),
            ComponentType.line: _lines(feeder),
            ComponentType.transformer: _transformer(transformer),
            ComponentType.source: _source(source_pu),
            ComponentType.asym_load: _loads(self.node),
        }
        try:
            self.model = PowerGridModel(data, system_frequency=50.0)
        except PowerGridError as error:
            raise InputError(f"network: these data make no network ({error}); check source_pu") from None

    def solve(self, consumed_w: Floats, consumed_var: Floats) -> Flow:
        """Solve T cases [T, H]; raises InputError naming the case that has no solution."""
        cases, homes = consumed_w.shape
        update = initialize_array(DatasetType.update, ComponentType.asym_load, (cases, homes))
        update["id"] = LOAD_ID + np.arange(homes)
        update["p_specified"] = 0.0
        update["q_specified"] = 0.0
        each = np.arange(homes)
        update["p_specified"][:, each, self.phase] = consumed_w
        update["q_specified"][:, each, self.phase] = consumed_var
        try:
            output = self._calculate(update, METHODS[0])
        except PowerGridError:
            output = self._robust(update, consumed_w)
        return self._flow(output, cases)

    def _robust(self, update: Any, consumed_w: Floats) -> Any:
        try:
            return self._calculate(update, METHODS[1])
        except PowerGridBatchError as error:
            case = int(error.failed_scenarios[0])
        except PowerGridError:
            case = 0
        raise InputError(
            f"network: no power flow in case {case} with {consumed_w[case].sum() / 1000.0:.1f} kW drawn; "
            "lower the load or choose a larger transformer_kva"
        )

    def _calculate(self, update: Any, method: CalculationMethod) -> Any:
        """Run one case in place (the solver's warm path) or many as a batch."""
        batch: Any = None
        if len(update) == 1:
            self.model.update(update_data={ComponentType.asym_load: update[0]})
        else:
            batch = {ComponentType.asym_load: update}
        return self.model.calculate_power_flow(
            symmetric=False,
            error_tolerance=TOLERANCE,
            calculation_method=method,
            update_data=batch,
            threading=NO_THREADS if batch is None else THREADS,
            output_component_types=OUTPUT,
        )

    def _flow(self, output: Any, cases: int) -> Flow:
        transformer = output[ComponentType.transformer]
        voltage = output[ComponentType.node]["u"].reshape(cases, -1, 3)
        return Flow(
            voltage_v=voltage[:, self.node, self.phase],
            transformer_va=transformer["s_to"].reshape(cases, 3).sum(axis=1),
            phase_a=transformer["i_to"].reshape(cases, 3),
            line_a=output[ComponentType.line]["i_from"].reshape(cases, -1, 3),
        )


def _nodes(feeder: Feeder) -> Any:
    node = initialize_array(DatasetType.input, ComponentType.node, feeder.nodes)
    node["id"] = np.arange(feeder.nodes)
    node["u_rated"] = LV_V
    node["u_rated"][0] = HV_V
    return node


def _lines(feeder: Feeder) -> Any:
    line = initialize_array(DatasetType.input, ComponentType.line, len(feeder.line_to))
    line["id"] = LINE_ID + np.arange(len(feeder.line_to))
    line["from_node"], line["to_node"] = feeder.line_from, feeder.line_to
    line["r1"], line["x1"] = feeder.line_r1_ohm, feeder.line_x1_ohm
    line["r0"], line["x0"] = feeder.line_r0_ohm, feeder.line_x0_ohm
    line["i_n"] = feeder.line_rating_a
    for name in ("from_status", "to_status"):
        line[name] = 1
    for name in ("c1", "tan1", "c0", "tan0"):  # the test feeder neglects the cables' capacitance
        line[name] = 0.0
    return line


def _transformer(transformer: Transformer) -> Any:
    array = initialize_array(DatasetType.input, ComponentType.transformer, 1)
    values = {
        "id": TRANSFORMER_ID,
        "from_node": 0,
        "to_node": 1,
        "from_status": 1,
        "to_status": 1,
        "u1": HV_V,
        "u2": LV_V,
        "sn": transformer.rated_va,
        "uk": transformer.uk_pu,
        "pk": transformer.load_loss_w,
        "i0": 0.0,
        "p0": 0.0,
        "winding_from": WindingType.delta,
        "winding_to": WindingType.wye_n,
        "clock": 1,
        "tap_side": 0,
        "tap_pos": 0,
        "tap_min": 0,
        "tap_max": 0,
        "tap_nom": 0,
        "tap_size": 0.0,
    }
    for name, value in values.items():
        array[name] = value
    return array


def _source(source_pu: float) -> Any:
    source = initialize_array(DatasetType.input, ComponentType.source, 1)
    source["id"], source["node"], source["status"] = SOURCE_ID, 0, 1
    source["u_ref"], source["sk"], source["rx_ratio"] = source_pu, SOURCE_SK_VA, SOURCE_RX
    return source


def _loads(nodes: Any) -> Any:
    load = initialize_array(DatasetType.input, ComponentType.asym_load, len(nodes))
    load["id"] = LOAD_ID + np.arange(len(nodes))
    load["node"], load["status"], load["type"] = nodes, 1, LoadGenType.const_power
    load["p_specified"] = 0.0
    load["q_specified"] = 0.0
    return load
