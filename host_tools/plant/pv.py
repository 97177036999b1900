"""The PV inverter's laws: frequency-watt on the grid, island profile, health of its terminals."""

import numpy as np

from host_tools.plant.params import PlantParams
from host_tools.plant.types import Bools, Floats


def over_frequency_w(
    hz: Floats, pre_w: Floats, rated_w: Floats, f0_hz: float, dbof_hz: float, kof: float
) -> Floats:
    """Return W left by over-frequency droop from pre_w, the output before it (IEEE 1547-2018 6.5.2.7)."""
    fall_pu = np.maximum(hz - (f0_hz + dbof_hz), 0.0) / (f0_hz * kof)
    return np.asarray(np.maximum(pre_w - fall_pu * rated_w, 0.0), dtype=np.float64)


def island_ceiling_w(hz: Floats, rated_w: Floats, params: PlantParams) -> Floats:
    """Return W the island profile allows: all to island_free_hz above nominal, 0 from island_zero_hz."""
    width_hz = params.island_zero_hz - params.island_free_hz
    part = (params.f0_hz + params.island_zero_hz - hz) / width_hz
    return np.asarray(rated_w * np.minimum(np.maximum(part, 0.0), 1.0), dtype=np.float64)


def must_trip(v: Floats, hz: Floats, params: PlantParams) -> Bools:
    """Return where the terminals are dead or outside what the inverter stays on for; v in volts."""
    low = v < params.dead_pu * params.v_nominal_v
    high = v > params.pv_v_max_pu * params.v_nominal_v
    return np.asarray(low | high | (hz < params.pv_hz_min) | (hz > params.pv_hz_max), dtype=np.bool_)


def may_enter(v: Floats, hz: Floats, params: PlantParams) -> Bools:
    """Return where the terminals are healthy enough to enter service (IEEE 1547-2018 4.10)."""
    v_pu = v / params.v_nominal_v
    v_good = (v_pu >= params.enter_v_min_pu) & (v_pu <= params.enter_v_max_pu)
    return np.asarray(v_good & (hz >= params.enter_hz_min) & (hz <= params.enter_hz_max), dtype=np.bool_)
