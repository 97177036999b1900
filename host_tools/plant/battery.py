"""Stored energy of N batteries: what they can give now, when they run empty or full, exact charge in time."""

import numpy as np

from host_tools.plant.params import PlantParams
from host_tools.plant.types import Bools, Floats

MS_PER_H = 3_600_000.0


class Store:
    """State of charge [N] behind a one-way efficiency; power at the terminals, discharge positive."""

    def __init__(self, params: PlantParams) -> None:
        """Start every battery at params.soc_start_pu."""
        self.soc_pu: Floats = np.full(params.n, params.soc_start_pu)
        self._rated_w = params.battery_rated_w
        self._efficiency = params.one_way_efficiency
        self._wms = params.battery_wh * MS_PER_H  # capacity in watt-milliseconds

    def limits_w(self) -> tuple[Floats, Floats]:
        """Return (charge_max_w, discharge_max_w), both >= 0: the rating, 0 when full or empty."""
        return self._rated_w * (self.soc_pu < 1.0), self._rated_w * (self.soc_pu > 0.0)

    def follow_w(self, set_w: Floats) -> Floats:
        """Return the power a following inverter delivers for a set-point."""
        charge_max_w, discharge_max_w = self.limits_w()
        return np.minimum(np.maximum(set_w, -charge_max_w), discharge_max_w)

    def bound_ms(self, battery_w: Floats) -> Floats:
        """Return ms until empty or full at this power, inf when idle."""
        slope = self._slope(battery_w)
        room_pu = np.where(slope > 0.0, 1.0 - self.soc_pu, self.soc_pu)
        out = np.full(len(slope), np.inf)
        np.divide(room_pu, np.abs(slope), out=out, where=slope != 0.0)
        return out

    def pass_ms(self, battery_w: Floats, span_ms: Floats) -> None:
        """Move the charge by span_ms at constant power."""
        self.soc_pu = np.minimum(np.maximum(self.soc_pu + self._slope(battery_w) * span_ms, 0.0), 1.0)

    def pin(self, reached: Bools, battery_w: Floats) -> None:
        """Put batteries that reached their bound exactly on it."""
        self.soc_pu = np.where(reached, np.where(battery_w > 0.0, 0.0, 1.0), self.soc_pu)

    def _slope(self, battery_w: Floats) -> Floats:
        """Return per unit of charge per ms."""
        stored_w = np.where(battery_w > 0.0, battery_w / self._efficiency, battery_w * self._efficiency)
        return np.asarray(-stored_w / self._wms, dtype=np.float64)
