"""How long an island lasts: stored energy and cautious sun against the load, looked at over the whole span."""

from array import array

from islet.base.clock import elapsed_ms
from islet.control.limits import ETA

POINTS = 8  # of the span, at which the energy so far must have been enough
AGAIN_MS = 10_000  # how often the forecast is asked
UNKNOWN_H = -1.0
MOST_H = 168.0  # a week, and whatever is beyond it
LEAST_S = 60.0
HOUR_S = 3600.0


class Autonomy:
    """`bearable_w` is the mean load that lasts for autonomy_s; `hours_left` is how long the present one lasts.

    Sun that comes late does not help a battery that is empty before: each part of the span is held against what
    there is until then. Beyond the span no sun is counted.
    """

    def __init__(self, s) -> None:
        self._capacity_wh = s.battery_wh * ETA
        self._soc_min_pu = s.soc_min_pu
        self._span_s = max(LEAST_S, s.autonomy_s)
        self._pv_wh = array("f", [0.0] * POINTS)  # expected until the end of each part
        self._asked_ms = 0
        self._asked = False
        self.known = False
        self.energy_wh = 0.0  # above soc_min, as delivered
        self.bearable_w = 0.0
        self.hours_left = UNKNOWN_H

    def step(self, image, load_w: float, source_w: float, outlook, now_ms: int) -> None:
        """Work out the budget; load_w: mean at the present level, source_w: what other sources add all the time."""
        self._ask(outlook, image.epoch_s, now_ms)
        self.known = image.soc_pu.usable(now_ms)
        if not self.known:
            self.hours_left = UNKNOWN_H
            return
        self.energy_wh = max(0.0, image.soc_pu.value - self._soc_min_pu) * self._capacity_wh
        self.bearable_w = self._bearable_w() + source_w
        self.hours_left = self._hours_left(load_w - source_w)

    def _ask(self, outlook, epoch_s: int, now_ms: int) -> None:
        """Refresh what is expected of PV; without an outlook nothing is."""
        if self._asked and 0 <= elapsed_ms(now_ms, self._asked_ms) < AGAIN_MS:
            return
        self._asked, self._asked_ms = True, now_ms
        for k in range(POINTS):
            span_s = self._span_s * (k + 1) / POINTS
            self._pv_wh[k] = 0.0 if outlook is None else max(0.0, outlook.pv_low_wh(epoch_s, span_s))

    def _bearable_w(self) -> float:
        part_h = self._span_s / HOUR_S / POINTS
        least_w = (self.energy_wh + self._pv_wh[0]) / part_h
        for k in range(1, POINTS):
            least_w = min(least_w, (self.energy_wh + self._pv_wh[k]) / (part_h * (k + 1)))
        return least_w

    def _hours_left(self, load_w: float) -> float:
        """Return when the energy is used up, the sun taken as even within each part."""
        if load_w <= 0.0:
            return MOST_H
        part_h = self._span_s / HOUR_S / POINTS
        left_wh, sun_wh = self.energy_wh, 0.0
        for k in range(POINTS):
            gain_wh = self._pv_wh[k] - sun_wh - load_w * part_h
            if left_wh + gain_wh < 0.0:
                return (k + left_wh / -gain_wh) * part_h
            left_wh, sun_wh = left_wh + gain_wh, self._pv_wh[k]
        return min(MOST_H, POINTS * part_h + left_wh / load_w)
