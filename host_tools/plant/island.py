"""Balance of a formed island: battery as slack on its droop, PV held back by frequency."""

import numpy as np

from host_tools.plant.params import PlantParams
from host_tools.plant.types import Floats

HZ_SPAN = 5.0  # the inverter clamps its set-points: nominal +-5 Hz
V_SPAN_PU = 0.2


def solve(
    params: PlantParams,
    load_w: Floats,
    pv_free_w: Floats,
    charge_max_w: Floats,
    form_hz: Floats,
    droop_pu: Floats,
) -> tuple[Floats, Floats, Floats]:
    """Return (pv_w, battery_w, bus_hz), each [N], at the equilibrium of droop and island frequency-watt.

    pv_free_w is what PV gives without a frequency limit, charge_max_w >= 0 what the battery takes.
    On droop alone hz = form_hz - k*(load - pv) and pv = R*(f0 + zero - hz)/width, linear in pv.
    Beyond charge_max_w the inverter raises the frequency until PV is down to load + charge_max_w.
    """
    rated = params.pv_rated_w
    zero_hz = params.f0_hz + params.island_zero_hz
    width_hz = params.island_zero_hz - params.island_free_hz
    k = np.maximum(droop_pu, 0.0) * params.f0_hz / params.battery_rated_w
    set_hz = np.clip(form_hz, params.f0_hz - HZ_SPAN, params.f0_hz + HZ_SPAN)
    crossing = rated * (zero_hz - set_hz + k * load_w) / (width_hz + rated * k)
    pv = np.minimum(pv_free_w, np.clip(crossing, 0.0, rated))
    pv = np.minimum(pv, load_w + charge_max_w)
    battery = load_w - pv
    hz = set_hz - k * battery
    held = pv < pv_free_w  # only frequency holds PV back here, so it tells the frequency
    raised = zero_hz - width_hz * pv / np.maximum(rated, 1.0)
    return pv, battery, np.where(held, np.maximum(hz, raised), hz)


def formed_v(params: PlantParams, form_v: Floats, battery_w: Floats) -> Floats:
    """Return the formed bus voltage [N]: the set-point, clamped to nominal +-20 %, less a small droop."""
    low, high = (1.0 - V_SPAN_PU) * params.v_nominal_v, (1.0 + V_SPAN_PU) * params.v_nominal_v
    fall = params.v_droop_pu * battery_w / params.battery_rated_w
    return np.asarray(np.clip(form_v, low, high) * (1.0 - fall), dtype=np.float64)
