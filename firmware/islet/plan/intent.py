"""A finished plan, and what it means when the forecast turns out wrong."""

from array import array

from islet.names import (
    R_CHARGE_CHEAP,
    R_CHARGE_SURPLUS,
    R_IDLE,
    R_NO_PLAN,
    R_PEAK_SHAVE,
    R_PRICE_DISCHARGE,
    R_SELF_CONSUME,
)


class Intent:
    """A band of grid power: the battery charges only below grid_lo_w, discharges only above grid_hi_w."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Without a plan: hold the grid at zero, which uses the building's own energy first."""
        self.grid_lo_w = 0.0
        self.grid_hi_w = 0.0
        self.charge_reason = R_SELF_CONSUME
        self.discharge_reason = R_SELF_CONSUME
        self.idle_reason = R_NO_PLAN

    def set(self, grid_lo_w: float, grid_hi_w: float) -> None:
        """Take a band of grid power (W, imports) from a plan; the reasons follow from where it lies."""
        self.grid_lo_w = grid_lo_w
        self.grid_hi_w = max(grid_lo_w, grid_hi_w)
        self.charge_reason = R_CHARGE_CHEAP if grid_lo_w > 0.0 else R_CHARGE_SURPLUS
        self.discharge_reason = R_PEAK_SHAVE if grid_hi_w > 0.0 else R_PRICE_DISCHARGE
        self.idle_reason = R_IDLE

    def battery_w(self, net_w: float) -> float:
        """Return the power (W, discharges) that brings net_w (load - pv) to the band's edge, 0 inside it."""
        if net_w > self.grid_hi_w:
            return net_w - self.grid_hi_w
        if net_w < self.grid_lo_w:
            return net_w - self.grid_lo_w
        return 0.0

    def reason(self, battery_w: float) -> str:
        """Return why the battery does battery_w (W, discharges) under this intent."""
        if battery_w > 0.0:
            return self.discharge_reason
        return self.charge_reason if battery_w < 0.0 else self.idle_reason


class Plan:
    """Per slot: expected grid_w (imports), battery_w (discharges), soc_pu at its end, reason, band."""

    def __init__(self, slots: int) -> None:
        self.start_slot = 0
        self.slots = slots
        self.grid_w = array("f", [0.0] * slots)
        self.battery_w = array("f", [0.0] * slots)
        self.soc_pu = array("f", [0.0] * slots)
        self.grid_lo_w = array("f", [0.0] * slots)
        self.grid_hi_w = array("f", [0.0] * slots)
        self.reason = [R_NO_PLAN] * slots

    def fill_intent(self, slot: int, intent: Intent) -> None:
        """Fill intent with what the plan wants in slot `slot`, 0 the first; past the end the last holds."""
        slot = max(0, min(slot, self.slots - 1))
        intent.set(self.grid_lo_w[slot], self.grid_hi_w[slot])
