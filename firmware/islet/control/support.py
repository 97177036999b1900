"""Grid support by voltage on the grid: volt-var, volt-watt (IEEE 1547-2018, 5.3 and 5.4), and their like in Europe.

What devices do by curves of their own is left to them; for the others the node works out set-points.
"""

from math import sqrt

from islet.base import curves
from islet.control.band import NO_LIMIT_W
from islet.control.lag import Lag
from islet.names import R_VOLT_VAR, R_VOLT_WATT


class Support:
    """Writes reactive set-points and bounds active power by the voltage at the connection."""

    def __init__(self, s) -> None:
        self._v_nominal_v = s.v_nominal_v
        self._battery_va = s.battery_rated_w
        self._pv_va = s.pv_rated_w
        self._var_points, var_s = curves.volt_var(s.volt_var, s.grid_code)
        self._watt_points, watt_s = curves.volt_watt(s.volt_watt, s.grid_code)
        self._var = Lag(var_s)
        self._watt = Lag(watt_s, 1.0)
        self.var_pu = 0.0  # injects, of the rated apparent power
        self.watt_pu = 1.0  # the most of the rated power

    def step(self, image, now_ms: int, dt_ms: int) -> None:
        """Follow the voltage; without one, or off the grid, nothing is asked and nothing held back."""
        seen = image.contactor_closed and image.grid_v.usable(now_ms)
        v_pu = image.grid_v.value / self._v_nominal_v
        if self._var_points:
            self.var_pu = self._var.step(curves.along(self._var_points, v_pu) if seen else 0.0, dt_ms)
        if self._watt_points:
            self.watt_pu = self._watt.step(curves.along(self._watt_points, v_pu) if seen else 1.0, dt_ms)
        if not image.contactor_closed:
            self._var.reset(0.0)
            self._watt.reset(1.0)
            self.var_pu, self.watt_pu = 0.0, 1.0

    def limit(self, band, own: bool = False) -> None:
        """Shrink the battery's band by volt-watt and by what reactive power leaves of the apparent.

        own: the battery inverter has curves of its own.
        """
        if own:
            return
        if self.watt_pu < 1.0:
            band.shrink(-NO_LIMIT_W, self.watt_pu * self._battery_va, R_VOLT_WATT)
        if self.var_pu:
            left_w = self._battery_va * beside(self.var_pu)
            band.shrink(-left_w, left_w, R_VOLT_VAR)

    def apply(self, wishes, battery_own: bool = False, pv_own: bool = False) -> None:
        """Write battery_var and pv_var, and lower pv_limit_w; 0 var where devices have curves of their own."""
        wishes.battery_var = 0.0 if battery_own else self.var_pu * self._battery_va
        wishes.pv_var = 0.0 if pv_own else self.var_pu * self._pv_va
        if pv_own:
            return
        self._lower(wishes, self.watt_pu * self._pv_va, R_VOLT_WATT)
        if self.var_pu:
            self._lower(wishes, self._pv_va * beside(self.var_pu), R_VOLT_VAR)

    def _lower(self, wishes, limit_w: float, reason: str) -> None:
        if limit_w < wishes.pv_limit_w:
            wishes.pv_limit_w = limit_w
            wishes.pv_reason = reason


def volt_var(v_pu: float, points: tuple = curves.VOLT_VAR_B, vref_pu: float = 1.0) -> float:
    """Return var (pu of rated VA, injects) at a voltage; the curve moves with Vref (IEEE 1547-2018, 5.3.3)."""
    return curves.along(points, v_pu - (vref_pu - 1.0))


def volt_watt(v_pu: float, points: tuple = curves.VOLT_WATT) -> float:
    """Return the most active power (pu of the rating) at a voltage (IEEE 1547-2018, 5.4.2)."""
    return curves.along(points, v_pu)


def constant_power_factor(power_w: float, factor: float) -> float:
    """Return var (injects) for a power factor; a negative one absorbs (IEEE 1547-2018, 5.3.2)."""
    size = sqrt(1.0 - factor * factor) / abs(factor)
    return size * power_w if factor > 0 else -size * power_w


def beside(var_pu: float) -> float:
    """Return the active power (pu) that is left beside reactive power, which goes first (IEEE 1547-2018, 5.2)."""
    return sqrt(max(0.0, 1.0 - var_pu * var_pu))
