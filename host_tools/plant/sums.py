"""Integrals of N buildings in joules, and the balance that must hold at every instant."""

import numpy as np

from host_tools.plant.types import GROUPS, Bools, Floats, PlantError, Truth

TOLERANCE_W = 1e-6
NAMES = (
    "load",
    "grid_import",
    "grid_export",
    "pv",
    "pv_available",
    "battery_charge",
    "battery_discharge",
)


class Sums:
    """energy_j[name] is [N], unserved is [N, 3] per load group, split by cause; they only grow."""

    def __init__(self, n: int) -> None:
        """Start at zero."""
        self.energy_j: dict[str, Floats] = {name: np.zeros(n) for name in NAMES}
        self.unserved_gap_j: Floats = np.zeros((n, GROUPS))  # between losing the grid and having an island
        self.unserved_dark_j: Floats = np.zeros((n, GROUPS))  # no supply for any other cause
        self.unserved_shed_j: Floats = np.zeros((n, GROUPS))  # supply there, group dropped
        self.balance_error_w_max = 0.0

    @property
    def unserved_j(self) -> Floats:
        """Return the energy not served for any cause, [N, 3]."""
        return self.unserved_gap_j + self.unserved_dark_j + self.unserved_shed_j

    @property
    def curtailed_j(self) -> Floats:
        """Return PV energy that was available and not fed in, [N]."""
        return self.energy_j["pv_available"] - self.energy_j["pv"]

    def add(self, truth: Truth, in_gap: Bools, span_ms: Floats) -> None:
        """Add span_ms [N] of constant powers."""
        s = span_ms * 1e-3
        energy = self.energy_j
        energy["load"] += truth.load_w * s
        energy["grid_import"] += np.maximum(truth.grid_w, 0.0) * s
        energy["grid_export"] += np.maximum(-truth.grid_w, 0.0) * s
        energy["pv"] += truth.pv_w * s
        energy["pv_available"] += truth.pv_available_w * s
        energy["battery_charge"] += np.maximum(-truth.battery_w, 0.0) * s
        energy["battery_discharge"] += np.maximum(truth.battery_w, 0.0) * s
        self._add_unserved(truth, in_gap, s)

    def _add_unserved(self, truth: Truth, in_gap: Bools, s: Floats) -> None:
        missing_j = (truth.demand_w - truth.served_w) * s[:, None]
        if not missing_j.any():
            return
        self.unserved_gap_j += missing_j * (in_gap & ~truth.energised)[:, None]
        self.unserved_dark_j += missing_j * (~in_gap & ~truth.energised)[:, None]
        self.unserved_shed_j += missing_j * truth.energised[:, None]

    def check(self, truth: Truth, t_ms: float) -> None:
        """Raise PlantError where powers differ, come from nowhere, or pass an open contactor or dead bus."""
        served_w = truth.served_w.sum(axis=1)
        error_w = np.abs(truth.grid_w + truth.pv_w + truth.battery_w - served_w)
        through_w = np.where(truth.contactor_closed & truth.energised, 0.0, np.abs(truth.grid_w))
        dead_w = np.where(truth.energised, 0.0, np.abs(truth.pv_w) + np.abs(truth.battery_w) + served_w)
        excess_w = np.maximum(truth.pv_w - truth.pv_available_w, 0.0)
        worst_w = error_w + through_w + dead_w + excess_w
        self.balance_error_w_max = max(self.balance_error_w_max, float(error_w.max()))
        good = worst_w <= TOLERANCE_W  # false for NaN too
        if not good.all():
            raise PlantError(_complaint(truth, int(np.argmin(good)), t_ms))


def _complaint(truth: Truth, b: int, t_ms: float) -> str:
    """Say what does not balance in building b."""
    return (
        f"building {b} at {t_ms:.1f} ms: grid {truth.grid_w[b]} + pv {truth.pv_w[b]}"
        f" (available {truth.pv_available_w[b]}) + battery {truth.battery_w[b]} W,"
        f" load {truth.served_w[b].sum()} W,"
        f" contactor closed {bool(truth.contactor_closed[b])}, energised {bool(truth.energised[b])}"
    )
