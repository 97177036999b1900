"""What stored energy is worth at each moment of the plan, by going backward through the day.

Both the cost of a slot and the cost to go are convex in the charge, so one stage of the dynamic programme
is an infimal convolution: its slopes are the two lists of slopes merged in order (Rockafellar, Convex
Analysis, theorem 16.4). A stage costs levels + moves, not levels * moves, and optima may lie between levels.
"""

import math
from array import array

ETA = math.sqrt(0.9)  # one way
_TERMINAL = 0.8  # of the cheapest price: own energy is used before it is kept beyond the plan


class Worth:
    """Slopes of the cost to go, per slot and level of charge; levels run from the reserve to the top."""

    def __init__(self, s, slots: int, levels: int, peak_weight: float, wear_per_kwh: float) -> None:
        """peak_weight: currency per kWh and kW; wear_per_kwh: currency per kWh stored or taken; both >= 0."""
        self.segments = levels - 1
        self.floor_pu = 0.0
        self.step_kwh = 0.0  # energy between two levels
        self._s = s
        self._slots = slots
        self._hours = s.plan_slot_s / 3600
        self._peak = peak_weight / self._hours
        self._wear = wear_per_kwh
        self._value = array("f", [0.0] * (self.segments * (slots + 1)))  # per level, as slots begin
        self._move = array("f", [0.0] * (2 * self.segments))  # slopes of a slot's cost, per level discharged
        self._up = 0  # most levels charged in a slot
        self._down = 0

    def set_levels(self, soc_pu: float) -> float:
        """Lay the levels from the reserve, or a lower charge, to the top; return where soc_pu lies."""
        s = self._s
        self.floor_pu = min(max(s.reserve_soc_pu, s.soc_min_pu), soc_pu)
        span_kwh = (max(s.soc_max_pu, soc_pu) - self.floor_pu) * s.battery_wh / 1000
        self.step_kwh = span_kwh / self.segments
        self._up = self._down = 0
        if not self.step_kwh > 1e-6:
            self.step_kwh = 0.0
            return 0.0
        slot_kwh = max(0.0, s.battery_rated_w) * self._hours / 1000
        self._up = min(self.segments, int(slot_kwh * ETA / self.step_kwh))
        self._down = min(self.segments, int(slot_kwh / ETA / self.step_kwh))
        return (soc_pu - self.floor_pu) * s.battery_wh / 1000 / self.step_kwh

    def set_terminal(self, cheapest: float) -> None:
        """Value what is left after the last slot by the cheapest price (per kWh)."""
        base = self._slots * self.segments
        for j in range(self.segments):
            self._value[base + j] = -_TERMINAL * max(0.0, cheapest) * self.step_kwh

    def precede(self, k: int, net_w: float, spread_w: float, price: float) -> None:
        """Go back over slot k: the mean of a high and a low net load, as control will see which it is."""
        if spread_w > 0.0:
            self._merge(k, net_w - spread_w, price, 0.5, False)
            self._merge(k, net_w + spread_w, price, 0.5, True)
        else:
            self._merge(k, net_w, price, 1.0, False)

    def penalise(self, k: int, reserve_soc_pu: float, per_kwh_h: float) -> None:
        """Charge for each hour below the reserve, so that the battery returns there, but in no hurry."""
        missing_kwh = (reserve_soc_pu - self.floor_pu) * self._s.battery_wh / 1000
        below = int(missing_kwh / self.step_kwh + 0.99) if self.step_kwh else 0
        base = k * self.segments
        for j in range(min(below, self.segments)):
            self._value[base + j] -= per_kwh_h * self._hours * self.step_kwh

    def marginal(self, k: int, position: float) -> float:
        """Return what one more stored kWh is worth at the begin of slot k, between the nearest slopes."""
        if not self.step_kwh:
            return 0.0
        last = self.segments - 1
        x = max(0.0, min(position - 0.5, float(last)))
        j = min(int(x), last - 1) if last > 0 else 0
        base = k * self.segments
        low = self._value[base + j]
        high = self._value[base + min(j + 1, last)]
        return -(low + (high - low) * (x - j)) / self.step_kwh

    def end(self, k: int, net_w: float, price: float, position: float) -> float:
        """Return the position (levels) at the end of slot k that is best from `position` at its begin."""
        moves = self._price_moves(net_w, price)
        move = self._move
        value = self._value
        after = (k + 1) * self.segments
        left = position + self._up
        i = 0
        j = 0
        while left > 1e-6 and (j < self.segments or i < moves):
            if j < self.segments and (i >= moves or value[after + j] < move[i]):
                if left < 1.0:
                    return j + left
                j += 1
            else:
                i += 1
            left -= 1.0
        return float(j)

    def _price_moves(self, net_w: float, price: float) -> int:
        """Fill the slopes of a slot's cost from full charging to full discharging; return their number."""
        move = self._move
        step = self.step_kwh
        feed_in = min(max(0.0, self._s.feed_in_per_kwh), max(0.0, price))
        eta = ETA if price > 0.0 else 1.0  # losses that earn money would not be convex
        peak = self._peak
        wear = self._wear * step
        net = net_w * self._hours / 1000  # kWh in this slot, as all below
        steepest = -1e9
        grid = net + self._up * step / eta
        cost = grid * (price + peak * grid) if grid > 0.0 else grid * feed_in
        i = 0
        for level in range(1 - self._up, self._down + 1):
            grid = net - level * step * (eta if level > 0 else 1.0 / eta)
            after = grid * (price + peak * grid) if grid > 0.0 else grid * feed_in
            slope = after - cost + (wear if level > 0 else -wear)
            cost = after
            if slope > steepest:
                steepest = slope
            move[i] = steepest
            i += 1
        return i

    def _merge(self, k: int, net_w: float, price: float, weight: float, add: bool) -> None:
        """Merge the slopes of slot k's cost with those of the value after it, into the value before it."""
        moves = self._price_moves(net_w, price)
        move = self._move
        value = self._value
        after = (k + 1) * self.segments
        end = after + self.segments
        base = k * self.segments - self._up
        i = 0
        for taken in range(self._up + self.segments):
            if after >= end or (i < moves and move[i] <= value[after]):
                slope = move[i] if i < moves else 0.0
                i += 1
            else:
                slope = value[after]
                after += 1
            if taken >= self._up:
                value[base + taken] = slope * weight + (value[base + taken] if add else 0.0)
