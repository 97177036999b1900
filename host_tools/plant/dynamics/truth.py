"""What is true at the end of a stretch, in the form the device server takes."""

from typing import TYPE_CHECKING

import numpy as np

from host_tools.plant.dynamics.trace import DynTruth, Trace
from host_tools.plant.types import GROUPS, Bools, Floats

if TYPE_CHECKING:
    from host_tools.plant.dynamics.dynamics import Dynamics

_SYNC_RAD, _SYNC_HZ, _SYNC_PU = np.radians(10.0), 0.2, 0.1  # of the sync relay


def truth_of(dyn: "Dynamics", trace: Trace) -> DynTruth:
    """Return the truth at the trace's last step."""
    n, f, genset = dyn.params.n, dyn.followers, dyn.genset
    bus, grid = trace.bus_v[-1], trace.grid_v[-1]
    wanted = dyn.loads.wanted.real.sum(axis=1).T
    off = np.zeros(n, dtype=np.bool_)
    return DynTruth(
        **_powers(trace),
        pv_available_w=dyn.pv_available_w.copy(),
        demand_w=wanted,
        served_w=_served(dyn, trace.load_va[-1].real),
        bus_v=np.abs(bus).mean(axis=1),
        bus_hz=trace.bus_hz[-1].copy(),
        bus_phase_rad=np.angle(bus[:, 0]),
        grid_v=np.abs(grid).mean(axis=1),
        grid_hz=trace.grid_hz[-1].copy(),
        grid_phase_rad=np.angle(grid[:, 0]),
        soc_pu=dyn.batteries.soc_pu.copy(),
        contactor_closed=trace.feedback[-1].copy(),
        battery_state=trace.battery_state[-1].astype(np.int64),
        pv_on=f.watch.on[f.pv_row].copy(),
        energised=trace.energised[-1].copy(),
        genset_live=off if genset is None else genset.live,
        genset_on=off if genset is None else genset.connected.copy(),
        chp_hz=np.zeros(n) if genset is None else genset.hz,
        bond_closed=dyn.bond.copy(),
        sync_relay_ok=_in_step(dyn, trace),
        really_closed=trace.closed[-1].copy(),
        bus_phase_v=np.abs(bus),
        grid_phase_v=np.abs(grid),
        load_phase_a=np.abs(trace.load_a[-1]),
    )


def _powers(trace: Trace) -> dict[str, Floats]:
    kinds = {
        "grid": trace.grid_va,
        "pv": trace.pv_va,
        "battery": trace.battery_va,
        "load": trace.load_va,
        "ev": trace.ev_va,
        "chp": trace.genset_va,
    }
    watts = {f"{kind}_w": va[-1].real.copy() for kind, va in kinds.items()}
    return watts | {f"{kind}_var": va[-1].imag.copy() for kind, va in kinds.items()}


def _served(dyn: "Dynamics", load_w: Floats) -> Floats:
    """Return what each tier got, [N, 3]; motor and leak count to the motor's tier, so that they sum to load_w."""
    tiers = dyn.loads.tiers_va(dyn.network.size_v).real.sum(axis=1).T.copy()
    tiers[:, min(dyn.motor_tier, GROUPS - 1)] += load_w - tiers.sum(axis=1)
    return np.asarray(tiers, dtype=np.float64)


def _in_step(dyn: "Dynamics", trace: Trace) -> Bools:
    """Return what a synchronising relay across the contactor says, [N] bool."""
    bus, grid, v0 = trace.bus_v[-1, :, 0], trace.grid_v[-1, :, 0], dyn.params.v_nominal_v
    live = (np.abs(bus) > 0.5 * v0) & (np.abs(grid) > 0.5 * v0)
    near = np.abs(np.angle(grid * bus.conj())) < _SYNC_RAD
    slow = np.abs(trace.bus_hz[-1] - trace.grid_hz[-1]) < _SYNC_HZ
    level = np.abs(np.abs(bus) - np.abs(grid)) < _SYNC_PU * v0
    return np.asarray(live & near & slow & level, dtype=np.bool_)
