"""What the registers of the PV and battery inverters mean: set up, shown the truth, what they ask of the plant."""

from typing import Any

import numpy as np

from host_tools.plant.params import PlantParams
from host_tools.plant.register_curves import COUNTS, MODELS, DeviceCurves
from host_tools.plant.register_unit import Unit
from host_tools.plant.types import Bools, Commands, Floats, Truth

PV_MODELS = (1, 101, 120, 123)
BATTERY_MODELS = (1, 701, 702, 704, 713, 64900)
_FORM = 64900
_DROOP_PU = 0.01
_V_DROOP_PU = 0.02
_DROOP_RAW_MAX = 1000  # 0.1
_VAR_PU = 0.44  # of the rating: category B of IEEE 1547-2018 table 7

# states of model 101 and 701
_ST_OFF, _ST_SLEEPING, _ST_MPPT, _ST_THROTTLED = 1, 2, 4, 5
_INV_OFF, _INV_RUNNING, _INV_FAULT = 0, 3, 6
_VARS = 4  # VarSetMod
_WMAX_PCT = 1  # VArPct_Mod

# writing one of these begins the reversion time anew
_PV_TIMER = ("WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena")
_PV_VAR_TIMER = ("VArWMaxPct", "VArPct_RvrtTms", "VArPct_Ena")
_BATTERY_TIMER = ("WSetEna", "WSetRvrtTms")
_BATTERY_VAR_TIMER = ("VarSetEna", "VarSetRvrtTms")


class PvDevice:
    """A PV inverter of each building: models 101, 120 and 123."""

    def __init__(self, n: int, ratings: PlantParams) -> None:
        """Ratings are arrays [n]."""
        self._rated_w = ratings.pv_rated_w
        self.unit = Unit(PV_MODELS, n)
        pv, rated_w = self.unit, self._rated_w
        pv.put(101, A_SF=-2, V_SF=-1, W_SF=0, Hz_SF=-2, VAr_SF=0, WH_SF=0, Tmp_SF=0, St=_ST_SLEEPING)
        pv.put(101, Evt1=0, Evt2=0)
        pv.put(120, DERTyp=4, WRtg=rated_w, WRtg_SF=0, VARtg=rated_w, VARtg_SF=0, VArRtg_SF=0)
        pv.put(120, VArRtgQ1=_VAR_PU * rated_w, VArRtgQ4=-_VAR_PU * rated_w)
        self._reset(np.ones(n, dtype=np.bool_))
        self._limit_timer = pv.timer(123, _PV_TIMER)
        self._var_timer = pv.timer(123, _PV_VAR_TIMER)
        for name in ("WMaxLimPct", "VArPct"):
            for part, most in (("WinTms", 300), ("RvrtTms", 28_800), ("RmpTms", 300)):
                pv.allow(123, f"{name}_{part}", 0, most)
        pv.allow(123, "WMaxLimPct", 0, 10_000)
        pv.allow(123, "WMaxLim_Ena", 0, 1)
        pv.allow(123, "VArWMaxPct", -10_000 * _VAR_PU, 10_000 * _VAR_PU)
        pv.allow(123, "VArPct_Mod", _WMAX_PCT, _WMAX_PCT)
        pv.allow(123, "VArPct_Ena", 0, 1)

    def _reset(self, where: Bools) -> None:
        raw = {"Conn": 1, "WMaxLimPct": 10_000, "WMaxLimPct_SF": -2, "WMaxLim_Ena": 0, "OutPFSet_Ena": 0}
        raw |= {"VArWMaxPct": 0, "VArPct_SF": -2, "VArPct_Ena": 0, "VArPct_Mod": _WMAX_PCT}
        raw |= {f"{a}_{b}": 0 for a in ("WMaxLimPct", "VArPct") for b in ("WinTms", "RvrtTms", "RmpTms")}
        self.unit.put_where(where, 123, raw)

    def restart(self, where: Bools) -> None:
        """Forget what was written, in these buildings."""
        self._reset(where)

    def publish(self, truth: Truth) -> None:
        """An inverter without sun or supply says so, and has no measurements, as real ones do."""
        pv = self.unit
        awake = truth.pv_on & (truth.pv_available_w > 0.0) & truth.energised
        held = (pv.get(123, "WMaxLim_Ena") == 1) & (truth.pv_w < truth.pv_available_w - 1.0)
        state = np.where(held, _ST_THROTTLED, _ST_MPPT)
        dark = np.where(truth.pv_available_w > 0.0, _ST_OFF, _ST_SLEEPING)
        watt = np.where(awake, truth.pv_w, np.nan)
        volt = np.where(awake, truth.bus_v, np.nan)
        ampere = np.abs(watt) / np.maximum(volt, 1.0)
        pv.put(101, W=watt, PhVphA=volt * 10.0, A=ampere * 100.0, AphA=ampere * 100.0)
        pv.put(101, Hz=np.where(awake, truth.bus_hz, np.nan) * 100.0, St=np.where(awake, state, dark))
        if hasattr(truth, "pv_var"):
            pv.put(101, VAr=np.where(awake, truth.pv_var, np.nan))

    def fill(self, commands: Any) -> None:
        """Fill the PV limit and, where there is room for it, reactive power."""
        pv = self.unit
        enabled = pv.get(123, "WMaxLim_Ena") == 1
        limit_w = pv.get(123, "WMaxLimPct") / 10_000.0 * self._rated_w
        commands.pv_limit_w = np.where(enabled, limit_w, self._rated_w)
        if hasattr(commands, "pv_var"):
            asked = pv.get(123, "VArWMaxPct") / 10_000.0 * self._rated_w
            commands.pv_var = np.where(pv.get(123, "VArPct_Ena") == 1, asked, 0.0)

    def advance(self, dt_s: float) -> None:
        """Let dt_s pass."""
        pv = self.unit
        for timer, enable, limit in (
            (self._limit_timer, "WMaxLim_Ena", "WMaxLimPct_RvrtTms"),
            (self._var_timer, "VArPct_Ena", "VArPct_RvrtTms"),
        ):
            enabled, limit_s = pv.get(123, enable) == 1, pv.get(123, limit)
            over = timer.run(enabled & (limit_s > 0), limit_s, dt_s)
            pv.put(123, **{enable: np.where(over, 0, enabled)})


class BatteryDevice:
    """A battery inverter of each building: models 701, 702, 704, 713, 64900, and curves of its own if asked for."""

    def __init__(self, n: int, ratings: PlantParams, curves: bool = False) -> None:
        """Ratings are arrays [n]."""
        self._ratings = ratings
        self.unit = Unit(BATTERY_MODELS + (MODELS if curves else ()), n, COUNTS)
        battery, rated_w = self.unit, ratings.battery_rated_w
        battery.put(701, ACType=0, St=1, ConnSt=1, Alrm=0, A_SF=-2, V_SF=-1, Hz_SF=-3, W_SF=0, Var_SF=0)
        battery.put(702, WMaxRtg=rated_w, VAMaxRtg=rated_w, WChaRteMaxRtg=rated_w, WDisChaRteMaxRtg=rated_w)
        battery.put(702, VarMaxInjRtg=_VAR_PU * rated_w, VarMaxAbsRtg=_VAR_PU * rated_w, Var_SF=0)
        battery.put(702, VNomRtg=ratings.v_nominal_v * 10.0, W_SF=0, VA_SF=0, V_SF=-1, IntIslandCatRtg=1)
        battery.put(713, WHRtg=ratings.battery_wh, SoH=10_000, Sta=0, WH_SF=0, Pct_SF=-2)
        self._reset(np.ones(n, dtype=np.bool_))
        self._watt_timer = battery.timer(704, _BATTERY_TIMER)
        self._var_timer = battery.timer(704, _BATTERY_VAR_TIMER)
        self.curves = DeviceCurves(battery) if curves else None
        self._allow(rated_w)

    def _allow(self, rated_w: Floats) -> None:
        battery = self.unit
        for kind, most in (("WSet", rated_w), ("VarSet", _VAR_PU * rated_w)):
            for name in (f"{kind}Ena", f"{kind}EnaRvrt"):
                battery.allow(704, name, 0, 1)
            for name in (kind, f"{kind}Rvrt"):
                battery.allow(704, name, -most, most)
            battery.allow(704, f"{kind}RvrtTms", 0, 0xFFFFFFFE)
        battery.allow(704, "WSetMod", 1, 1)  # watts only
        battery.allow(704, "VarSetMod", _VARS, _VARS)
        battery.allow(_FORM, "Ena", 0, 1)
        battery.allow(_FORM, "HzSet", 45_000, 65_000)
        battery.allow(_FORM, "VSet", 1000, 2800)
        for name in ("DroopPu", "VDroopPu"):
            battery.allow(_FORM, name, 0, _DROOP_RAW_MAX)

    def _reset(self, where: Bools) -> None:
        raw: dict[str, Any] = {"WSetMod": 1, "VarSetMod": _VARS, "WSet_SF": 0, "VarSet_SF": 0}
        for kind in ("WSet", "VarSet"):
            raw |= {f"{kind}{end}": 0 for end in ("Ena", "", "Rvrt", "EnaRvrt", "RvrtTms", "RvrtRem")}
        self.unit.put_where(where, 704, raw)
        hz, volt = self._ratings.f0_hz * 1000.0, self._ratings.v_nominal_v * 10.0
        raw = {"Ena": 0, "HzSet": hz, "VSet": volt, "St": 1}
        raw |= {"DroopPu": _DROOP_PU * 10_000.0, "VDroopPu": _V_DROOP_PU * 10_000.0}
        self.unit.put_where(where, _FORM, raw)

    def restart(self, where: Bools) -> None:
        """Forget what was written, in these buildings."""
        self._reset(where)
        if self.curves:
            self.curves.restart(where)

    def publish(self, truth: Truth) -> None:
        """Show what is true."""
        battery = self.unit
        volt = np.where(truth.energised, truth.bus_v, np.nan)
        hz_raw = np.where(truth.energised, truth.bus_hz, np.nan) * 1000.0
        battery_state = truth.battery_state
        running = np.select([battery_state == 0, battery_state == 3], [_INV_OFF, _INV_FAULT], _INV_RUNNING)
        battery.put(701, W=truth.battery_w, Var=truth.battery_var, LNV=volt * 10.0, Hz=hz_raw, InvSt=running)
        battery.put(701, A=truth.battery_w / np.maximum(volt, 1.0) * 100.0)
        battery.put(713, SoC=truth.soc_pu * 10_000.0, WHAvail=truth.soc_pu * self._ratings.battery_wh)
        battery.put(_FORM, St=battery_state.astype(np.float64), Hz=hz_raw)

    def fill(self, commands: Any) -> None:
        """Fill set-points and forming, and what else there is room for."""
        battery = self.unit
        commands.battery_enabled = battery.get(704, "WSetEna") == 1
        commands.battery_w = battery.get(704, "WSet")
        commands.form = battery.get(_FORM, "Ena") == 1
        commands.form_hz = battery.get(_FORM, "HzSet") / 1000.0
        commands.form_v = battery.get(_FORM, "VSet") / 10.0
        commands.droop_pu = battery.get(_FORM, "DroopPu") / 10_000.0
        if hasattr(commands, "battery_var"):
            enabled = battery.get(704, "VarSetEna") == 1
            commands.battery_var = np.where(enabled, battery.get(704, "VarSet"), 0.0)
        if hasattr(commands, "q_droop_pu"):
            commands.q_droop_pu = battery.get(_FORM, "VDroopPu") / 10_000.0
        if self.curves and hasattr(commands, "battery_curves"):
            commands.battery_curves = type(commands.battery_curves)(**self.curves.told())

    def advance(self, dt_s: float) -> None:
        """Let dt_s pass; a set-point whose reversion time is over falls back."""
        battery = self.unit
        for kind, timer in (("WSet", self._watt_timer), ("VarSet", self._var_timer)):
            enabled, limit_s = battery.get(704, f"{kind}Ena") == 1, battery.get(704, f"{kind}RvrtTms")
            over = timer.run(enabled & (limit_s > 0), limit_s, dt_s)
            held, revert = battery.get(704, kind), battery.get(704, f"{kind}Rvrt")
            ends = battery.get(704, f"{kind}EnaRvrt")
            battery.put(704, **{kind: np.where(over, revert, held)})
            battery.put(704, **{f"{kind}Ena": np.where(over, ends, enabled), f"{kind}RvrtRem": timer.left_s})
        if self.curves:
            self.curves.advance(dt_s)


def fill(commands: Commands, pv: PvDevice, battery: BatteryDevice) -> None:
    """Fill what comes by Modbus: set-points, PV limit, forming, curves."""
    pv.fill(commands)
    battery.fill(commands)
