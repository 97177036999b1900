"""The same day without Islet, to compare with: batteries idle, no islands, homes dark in the outage."""

from dataclasses import dataclass

import numpy as np

from host_tools.city.network import V_NOMINAL_V, Network
from host_tools.city.scenario import Scenario
from host_tools.plant.types import Bools, Floats

MINUTE_S = 60.0
VAR_PER_W = 0.2  # reactive power of the load, as in the plant
ENTER_SERVICE_S = 300.0  # PV waits after the return of supply, IEEE 1547-2018 4.10.3
SETTLE_S = 900.0  # after it Islet's homes have returned in turn and ramped back


@dataclass(frozen=True)
class Baseline:
    """One day by minute; T minutes, N homes, F feeders."""

    grid_w: Floats  # [T, N] mean over the minute, imports
    transformer_va: Floats  # [T, F] while energised
    transformer_pu: Floats  # [T, F]
    phase_pu: Floats  # [T, F, 3] winding currents
    voltage_v: Floats  # [T, N] line to neutral, zero when dark
    import_wh: Floats  # [N] sum of importing minutes
    export_wh: Floats  # [N] sum of exporting minutes
    unserved_wh: Floats  # [N]

    @property
    def voltage_band_pu(self) -> tuple[float, float]:
        """Lowest and highest voltage at a meter while energised; zeros when never."""
        live = self.voltage_v[self.voltage_v > 0.0] / V_NOMINAL_V
        return (float(live.min()), float(live.max())) if live.size else (0.0, 0.0)

    def peak_va(self, minutes: Bools) -> float:
        """Largest load of any transformer in the chosen minutes [T]."""
        return float(self.transformer_va[minutes].max(initial=0.0))


def run_baseline(load_w: Floats, pv_w: Floats, network: Network, scenario: Scenario) -> Baseline:
    """Simulate the day for load and PV [N, T] per minute; raises InputError without a power flow."""
    load, pv = load_w.T, pv_w.T
    supplied, sunny = supplied_share(scenario, len(load)), pv_share(scenario, len(load))
    grid = load * supplied[:, np.newaxis] - pv * sunny[:, np.newaxis]
    live = supplied > 0.0
    while_live = np.divide(grid, supplied[:, np.newaxis], out=np.zeros_like(grid), where=live[:, np.newaxis])
    state = network.solve_series(while_live, VAR_PER_W * load * live[:, np.newaxis], live)
    hours = MINUTE_S / 3600.0
    return Baseline(
        grid_w=grid,
        transformer_va=state.transformer_va,
        transformer_pu=state.transformer_pu,
        phase_pu=state.phase_pu,
        voltage_v=state.voltage_v,
        import_wh=np.maximum(grid, 0.0).sum(axis=0) * hours,
        export_wh=np.maximum(-grid, 0.0).sum(axis=0) * hours,
        unserved_wh=(load * (1.0 - supplied)[:, np.newaxis]).sum(axis=0) * hours,
    )


def supplied_share(scenario: Scenario, minutes: int) -> Floats:
    """Return [minutes] the share of each minute with supply, 0..1."""
    if scenario.outage is None:
        return np.ones(minutes)
    return 1.0 - _share(scenario.outage.start_s, scenario.outage.end_s, minutes)


def pv_share(scenario: Scenario, minutes: int) -> Floats:
    """Return [minutes] the share of each minute in which PV is connected, 0..1."""
    if scenario.outage is None:
        return np.ones(minutes)
    return 1.0 - _share(scenario.outage.start_s, scenario.outage.end_s + ENTER_SERVICE_S, minutes)


def comparable(scenario: Scenario, minutes: int, settle_s: float = SETTLE_S) -> Bools:
    """Return [minutes] false in outage and reconnection, so that peaks of both worlds compare."""
    if scenario.outage is None:
        return np.ones(minutes, dtype=np.bool_)
    touched = _share(scenario.outage.start_s, scenario.outage.end_s + settle_s, minutes)
    apart: Bools = touched == 0.0
    return apart


def _share(start_s: float, end_s: float, minutes: int) -> Floats:
    """Return [minutes] how much of each minute lies in the window, 0..1."""
    begin = MINUTE_S * np.arange(minutes)
    inside = np.minimum(begin + MINUTE_S, end_s) - np.maximum(begin, start_s)
    share: Floats = np.clip(inside / MINUTE_S, 0.0, 1.0)
    return share
