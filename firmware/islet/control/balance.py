"""Keeps the building's grid power where the plan's intent wants it, with what the battery may do."""

import math

from islet.control.limits import net_load_w
from islet.names import R_STALE_INPUT

SAFE_RAMP_MS = 10_000  # from the rating to zero when the inputs are lost


class Balance:
    """Chooses wishes.battery_w from the latest load and PV alone: it has no memory that could wind up."""

    def __init__(self, s) -> None:
        self._rated_w = s.battery_rated_w

    def step(
        self,
        image,
        wishes,
        band,
        intent,
        now_ms: int,
        dt_ms: int,
    ) -> None:
        """Write wishes.battery_w (W, discharges) inside band, with the reason of the layer that decided."""
        net_w = net_load_w(image, now_ms)
        if math.isnan(net_w) or not image.soc_pu.usable(now_ms):
            self._retreat(wishes, dt_ms)
            return
        wanted_w = intent.battery_w(net_w)
        wishes.battery_w = band.clamp(wanted_w)
        wishes.battery_reason = band.reason(wanted_w, intent.reason(wanted_w))

    def _retreat(self, wishes, dt_ms: int) -> None:
        """Go to zero by a ramp: what cannot be seen cannot be balanced."""
        most_w = self._rated_w * dt_ms / SAFE_RAMP_MS
        wishes.battery_w -= max(-most_w, min(most_w, wishes.battery_w))
        wishes.battery_reason = R_STALE_INPUT
