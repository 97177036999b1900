"""The best battery schedule for the coming day, worked out in slices off the control path."""

import math
from array import array

from islet.names import R_IDLE, R_RESERVE
from islet.plan.intent import Intent, Plan
from islet.plan.worth import ETA, Worth

_FAR_W = 1e6  # an edge of the band that no building reaches
_NOTICED_W = 25.0  # smaller battery powers are called idle


def _finite(value: float, low: float, high: float) -> float:
    """Return value within low..high, and what is nearest to zero there when it is not a number."""
    if math.isnan(value):
        value = 0.0
    return max(low, min(value, high))


class Planner:
    """Plans in slices: begin(), advance() until True; solve() does both. Any input gives a plan."""

    def __init__(
        self,
        s,
        slots: int = 48,
        levels: int = 25,
        peak_weight: float = 0.3,
        wear_per_kwh: float = 0.03,
        reserve_per_kwh_h: float = 0.02,
    ) -> None:
        """peak_weight (currency per kWh and kW): each kW imported is 2 * peak_weight dearer than the last."""
        self.plan = Plan(slots)
        self._next = Plan(slots)
        self._s = s
        self._slots = slots
        self._peak = max(0.0, peak_weight)
        self._wear = max(0.0, wear_per_kwh)
        self._reserve = max(0.0, reserve_per_kwh_h)
        self._worth = Worth(s, slots, levels, self._peak, self._wear)
        self._hours = s.plan_slot_s / 3600
        self._net_w = array("f", [0.0] * slots)
        self._spread_w = array("f", [0.0] * slots)
        self._price = array("f", [0.0] * slots)
        self._intent = Intent()
        self._stage = 2 * slots  # the first `slots` stages go backward, the others forward
        self._position = 0.0  # state of charge in levels above the floor

    @property
    def grid_w(self) -> array:
        """Expected grid power (W, imports) per slot of the finished plan."""
        return self.plan.grid_w

    @property
    def battery_w(self) -> array:
        """Expected battery power (W, discharges) per slot of the finished plan."""
        return self.plan.battery_w

    @property
    def reason(self) -> list:
        """Reason code per slot of the finished plan."""
        return self.plan.reason

    def solve(
        self,
        start_slot: int,
        load_w: array,
        pv_w: array,
        price: list,
        soc_pu: float,
        spread_w: "array | None" = None,
    ) -> None:
        """Plan in one go; arguments as in begin."""
        self.begin(start_slot, load_w, pv_w, price, soc_pu, spread_w)
        while not self.advance(self._slots):
            pass

    def begin(
        self,
        start_slot: int,
        load_w: array,
        pv_w: array,
        price: list,
        soc_pu: float,
        spread_w: "array | None" = None,
    ) -> None:
        """Start at local slot of day start_slot; price: a day's list (per kWh); spread_w: mean error."""
        day_slots = max(1, int(24 / self._hours + 0.5))
        for k in range(self._slots):
            self._net_w[k] = _finite(load_w[k] - pv_w[k], -_FAR_W, _FAR_W)
            self._spread_w[k] = _finite(spread_w[k], 0.0, _FAR_W) if spread_w else 0.0
            hour = (start_slot + k) % day_slots * len(price) // day_slots
            self._price[k] = _finite(price[hour], -1e3, 1e3)
        self._next.start_slot = start_slot
        self._position = self._worth.set_levels(_finite(soc_pu, 0.0, 1.0))
        self._worth.set_terminal(min(self._price))
        self._stage = 0

    def advance(self, stages: int) -> bool:
        """Work off at most `stages` of the 2 * slots stages; True when the plan is finished and published."""
        end = min(self._stage + stages, 2 * self._slots)
        while self._stage < end:
            if self._stage < self._slots:
                self._go_backward(self._slots - 1 - self._stage)
            else:
                self._go_forward(self._stage - self._slots)
            self._stage += 1
            if self._stage == 2 * self._slots:
                self.plan, self._next = self._next, self.plan
        return self._stage == 2 * self._slots

    def _go_backward(self, k: int) -> None:
        self._worth.precede(k, self._net_w[k], self._spread_w[k], self._price[k])
        self._worth.penalise(k, self._s.reserve_soc_pu, self._reserve)

    def _go_forward(self, k: int) -> None:
        """Do in slot k what control will do: follow the band that the worth of energy gives; note it."""
        end = self._worth.end(k, self._net_w[k], self._price[k], self._position)
        self._set_band(k, self._worth.marginal(k + 1, end))
        power_w = self._possible_w(self._intent.battery_w(self._net_w[k]))
        out = self._next
        out.battery_w[k] = power_w
        out.grid_w[k] = self._net_w[k] - power_w
        out.soc_pu[k] = self._discharge(power_w)
        self._note_reason(k)

    def _possible_w(self, power_w: float) -> float:
        """Return power_w cut to the rating and to what the battery can give or take in a slot."""
        rated_w = max(0.0, self._s.battery_rated_w)
        step_wh = 1000 * self._worth.step_kwh
        most_w = self._position * step_wh * ETA / self._hours
        least_w = (self._position - self._worth.segments) * step_wh / ETA / self._hours
        return max(-rated_w, least_w, min(rated_w, most_w, power_w))

    def _discharge(self, power_w: float) -> float:
        """Move the position by a slot of power_w and return the state of charge there."""
        worth = self._worth
        if not worth.step_kwh:
            return worth.floor_pu
        stored_w = power_w / ETA if power_w > 0.0 else power_w * ETA
        position = self._position - stored_w * self._hours / 1000 / worth.step_kwh
        self._position = max(0.0, min(float(worth.segments), position))
        return worth.floor_pu + self._position * worth.step_kwh * 1000 / self._s.battery_wh

    def _set_band(self, k: int, worth: float) -> None:
        """Turn the worth of stored energy into the grid powers where charging, discharging begin to pay."""
        self._intent.set(
            self._grid_where(k, (worth - self._wear) * ETA),
            self._grid_where(k, (worth + self._wear) / ETA),
        )
        self._next.grid_lo_w[k] = self._intent.grid_lo_w
        self._next.grid_hi_w[k] = self._intent.grid_hi_w

    def _grid_where(self, k: int, marginal: float) -> float:
        """Return the grid power (W) at which one more kWh imported in slot k costs `marginal`."""
        price = self._price[k]
        if marginal <= min(max(0.0, self._s.feed_in_per_kwh), price):
            return -_FAR_W
        if marginal <= price:
            return 0.0
        return min(_FAR_W, (marginal - price) / (2 * self._peak) * 1000) if self._peak else _FAR_W

    def _note_reason(self, k: int) -> None:
        out = self._next
        battery_w = out.battery_w[k]
        if abs(battery_w) < _NOTICED_W:
            out.reason[k] = R_IDLE
        elif battery_w < 0.0 and out.soc_pu[k] < self._s.reserve_soc_pu:
            out.reason[k] = R_RESERVE
        else:
            out.reason[k] = self._intent.reason(battery_w)
