"""Reactive set-points of inverters: by model 704 in var or percent, or by model 123 in percent."""

from islet.drivers.points import AC_CONTROLS, CAPACITY, CONTROLS, NAMEPLATE
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_tell import found
from islet.drivers.sunspec_write import words

RESOLUTION_PU = 0.005  # of what the device can give
_VARS, _VA_PCT = 4, 3  # VarSetMod
_WMAX_PCT, _VARMAX_PCT = 1, 2  # VArPct_Mod
_ENABLE = 35  # offsets in 704: VarSetEna, VarSetMod
_SET = 38  # VarSet (2), VarSetRvrt (2)
_PCT = 42  # VarSetPct, VarSetPctRvrt
_REVERT = 44  # VarSetEnaRvrt, VarSetRvrtTms (2)
_TIMER = ("VarSetEnaRvrt", "VarSetRvrtTms")
_PCT123 = 15  # offsets in 123: VArWMaxPct, VArMaxPct
_TIMES123 = ("VArPct_WinTms", "VArPct_RvrtTms", "VArPct_RmpTms")
_TIMES_AT = 18
_MODE123 = 21  # VArPct_Mod, VArPct_Ena


class Var704:
    """VarSet of model 704, or VarSetPct of the rated apparent power where var are not implemented."""

    model_id = AC_CONTROLS
    longest_s = 86_400
    _control: Points  # made by start

    def __init__(self, device) -> None:
        """The device has been discovered."""
        self.most_var = 0.0
        self._device = device
        self._va = 0.0
        self._has_timer = False
        self._by_pct = False

    async def start(self) -> bool:
        """Read what it can give; return whether it takes reactive set-points."""
        if AC_CONTROLS not in self._device.models or CAPACITY not in self._device.models:
            return False
        rating = Points(self._device, CAPACITY, ("VAMaxRtg", "WMaxRtg", "VarMaxInjRtg", "VarMaxAbsRtg"))
        if not await found(rating):
            return False
        self._va = _first(rating, "VAMaxRtg", "WMaxRtg")
        most = [rating.value[name] for name in ("VarMaxInjRtg", "VarMaxAbsRtg") if rating.ok(name)]
        self.most_var = min(most + [self._va])
        names = ("VarSetEna", "VarSetMod", "VarSet", "VarSetRvrt", "VarSetPct", "VarSetPctRvrt") + _TIMER
        control = self._control = Points(self._device, AC_CONTROLS, names)
        if not await found(control) or not self.most_var or not control.ok("VarSetEna"):
            return False
        self._by_pct = not (control.ok("VarSet") and control.scaled("VarSet"))
        revert = ("VarSetPctRvrt" if self._by_pct else "VarSetRvrt",) + _TIMER
        self._has_timer = all(control.ok(name) for name in revert)
        return not self._by_pct or (control.ok("VarSetPct") and control.scaled("VarSetPct"))

    def items(self, var: float, reversion_s: int) -> tuple:
        """Return ((offset, registers), ...): the timer first, what enables last; 0 var disables."""
        rows = []
        if self._has_timer:
            rows.append((_REVERT, [1] + words(reversion_s)))
        if self._by_pct:
            pct = int(self._control.to_raw("VarSetPct", 100.0 * var / self._va)) & 0xFFFF
            rows.append((_PCT, [pct] + ([0] if self._has_timer else [])))
        else:
            value = words(round(self._control.to_raw("VarSet", var)))
            rows.append((_SET, value + ([0, 0] if self._has_timer else [])))
        rows.append((_ENABLE, [1 if var else 0, _VA_PCT if self._by_pct else _VARS]))
        return tuple(rows)


class Var123:
    """VArWMaxPct (percent of WMax) of model 123, or VArMaxPct where that is not implemented."""

    model_id = CONTROLS
    longest_s = 0xFFFE  # RvrtTms has 16 bits
    _control: Points  # made by start

    def __init__(self, device) -> None:
        """The device has been discovered."""
        self.most_var = 0.0
        self._device = device
        self._of_var = 0.0  # 100 %
        self._name = "VArWMaxPct"

    async def start(self) -> bool:
        """Read ratings; return whether it takes reactive set-points."""
        models = self._device.models
        if CONTROLS not in models or NAMEPLATE not in models:
            return False
        rating = Points(self._device, NAMEPLATE, ("WRtg", "VARtg", "VArRtgQ1", "VArRtgQ4"))
        names = ("VArWMaxPct", "VArMaxPct", "VArPct_Mod", "VArPct_Ena") + _TIMES123
        control = self._control = Points(self._device, CONTROLS, names)
        if not await found(rating) or not await found(control):
            return False
        most = [abs(rating.value[name]) for name in ("VArRtgQ1", "VArRtgQ4") if rating.ok(name)]
        self.most_var = min(most) if most else _first(rating, "VARtg", "WRtg")
        self._name = "VArWMaxPct" if control.ok("VArWMaxPct") else "VArMaxPct"
        by_watt = self._name == "VArWMaxPct"
        self._of_var = _first(rating, "WRtg") if by_watt else self.most_var
        usable = control.ok(self._name) and control.ok("VArPct_Mod") and control.ok("VArPct_Ena")
        return usable and control.scaled(self._name) and self.most_var > 0 and self._of_var > 0

    def items(self, var: float, reversion_s: int) -> tuple:
        """Return registers as Var704 does."""
        pct = int(self._control.to_raw(self._name, 100.0 * var / self._of_var)) & 0xFFFF
        by_watt = self._name == "VArWMaxPct"
        rows = [(_PCT123 + (0 if by_watt else 1), [pct])]
        times = (0, reversion_s, 0)
        rows += [(_TIMES_AT + i, [times[i]]) for i in range(len(_TIMES123)) if self._control.ok(_TIMES123[i])]
        rows.append((_MODE123, [_WMAX_PCT if by_watt else _VARMAX_PCT, 1 if var else 0]))
        return tuple(rows)


class Reactive:
    """Carries out reactive set-points on a device that takes them; nothing is written before the first."""

    def __init__(self, device, writer, reversion_s: int) -> None:
        """Writer is the driver's; reversion_s as the driver's."""
        self._device = device
        self._writer = writer
        self._reversion_s = reversion_s
        self._set = Setpoint(0.0, 1000 * reversion_s)
        self._way: Var704 | Var123 | None = None
        self._looked = False
        self._used = False  # something other than 0 was asked once

    def start(self) -> None:
        """Forget what is known of the device: it was discovered anew."""
        self._looked = False
        self.forget()

    def forget(self) -> None:
        """Hold nothing for written any more."""
        self._set.forget()

    async def apply(self, wished_var: float, now_ms: int) -> None:
        """Write var (injects) when it changed or its lease is half over; 0 is written once and disables."""
        self._used = self._used or wished_var != 0.0
        if not self._used:
            return
        if not self._looked:
            await self._look()
        way = self._way
        if way is None:
            return
        var = min(max(wished_var, -way.most_var), way.most_var)
        small = abs(var) < RESOLUTION_PU * way.most_var
        var = 0.0 if small else var
        self._set.resolution = 0.0 if small else RESOLUTION_PU * way.most_var
        if not self._set.changed(var) and (not var or not self._set.expiring(now_ms)):
            return
        reversion_s = min(self._reversion_s, way.longest_s)
        if await self._writer.write(way.model_id, way.items(var, reversion_s)):
            self._set.renew(var, now_ms)
        else:
            self._set.forget()

    async def _look(self) -> None:
        """Find the way that the device has, the older one first, as its power limit is."""
        self._way = None
        for way in (Var123(self._device), Var704(self._device)):
            if await way.start():
                self._way = way
                break
        self._looked = True


def _first(points: Points, *names) -> float:
    for name in names:
        if points.ok(name):
            return points.value[name]
    return 0.0
