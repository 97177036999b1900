"""The ceiling of an inverter's power: by models 120 and 123, or by 702 and 704 (IEEE 1547-2018, 4.6.2)."""

from islet.drivers.points import AC_CONTROLS, CAPACITY, CONTROLS, NAMEPLATE, SETTINGS
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_tell import found
from islet.drivers.sunspec_write import words

_LIMIT = 5  # offsets in 123: WMaxLimPct, WinTms, RvrtTms, RmpTms, Ena
_TIMES = ("WMaxLimPct_WinTms", "WMaxLimPct_RvrtTms", "WMaxLimPct_RmpTms")
_ENABLE = 14  # offsets in 704: Ena, Pct, Rvrt, EnaRvrt, RvrtTms (2)
_REVERT = ("WMaxLimPctRvrt", "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms")


class Limit123:
    """WMaxLimPct of model 123, percent of WMax of model 121, or of WRtg of 120 where that is not told."""

    model_id = CONTROLS
    longest_s = 0xFFFE  # RvrtTms has 16 bits
    _control: Points  # made by start

    def __init__(self, device) -> None:
        """The device has been discovered."""
        self.rated_w = 0.0  # 100 %
        self.complete = False  # all of it was there: nothing to look for again when the device wakes
        self._device = device

    async def start(self) -> bool:
        """Read rating and scale; return whether it can be used."""
        models = self._device.models
        if NAMEPLATE in models:
            self.rated_w = await _value(self._device, NAMEPLATE, "WRtg")
        set_w = await _value(self._device, SETTINGS, "WMax") if SETTINGS in models else self.rated_w
        self.rated_w = set_w or self.rated_w
        if CONTROLS not in models or not self.rated_w:
            return False
        names = ("WMaxLimPct",) + _TIMES + ("WMaxLim_Ena",)
        self._control = Points(self._device, CONTROLS, names)
        usable = await found(self._control) and _fits(self._control)
        self.complete = usable and set_w > 0 and all(self._control.ok(name) for name in names)
        return usable

    def items(self, limit_w: float, reversion_s: int) -> tuple:
        """Return ((offset, registers), ...) for a limit; reversion_s 0 lifts it. Times it has not are left out.

        Rounded down, so that rounding never exceeds the limit; what enables it is the last.
        """
        pct = int(self._control.to_raw("WMaxLimPct", 100.0 * limit_w / self.rated_w))
        times = (0, reversion_s, 0)
        rows = [(_LIMIT, [pct])]
        rows += [(_LIMIT + 1 + i, [times[i]]) for i in range(len(_TIMES)) if self._control.ok(_TIMES[i])]
        return tuple(rows + [(_LIMIT + 4, [1 if reversion_s else 0])])


class Limit704:
    """WMaxLimPct of model 704, percent of WMaxRtg of model 702; its reversion time has 32 bits."""

    model_id = AC_CONTROLS
    longest_s = 86_400  # as a lease has at most
    _control: Points  # made by start

    def __init__(self, device) -> None:
        """The device has been discovered."""
        self.rated_w = 0.0
        self.complete = False
        self._device = device

    async def start(self) -> bool:
        """Read rating and scale; return whether it can be used."""
        models = self._device.models
        if CAPACITY in models:
            self.rated_w = await _value(self._device, CAPACITY, "WMaxRtg")
        if AC_CONTROLS not in models or not self.rated_w:
            return False
        names = ("WMaxLimPctEna", "WMaxLimPct") + _REVERT
        self._control = Points(self._device, AC_CONTROLS, names)
        usable = await found(self._control) and _fits(self._control)
        self.complete = usable and all(self._control.ok(name) for name in names)
        return usable

    def items(self, limit_w: float, reversion_s: int) -> tuple:
        """Return registers as Limit123 does; on reversion the limit is off, and 100 %.

        Without all three points of reversion there is no timer, and none is written.
        """
        pct = int(self._control.to_raw("WMaxLimPct", 100.0 * limit_w / self.rated_w))
        rows = [(_ENABLE, [1 if reversion_s else 0]), (_ENABLE + 1, [pct])]
        if all(self._control.ok(name) for name in _REVERT):
            full = int(self._control.to_raw("WMaxLimPct", 100.0))
            rows += [(_ENABLE + 2, [full, 0] + words(reversion_s))]
        return tuple(rows)


def _fits(control: Points) -> bool:
    """Return whether the scale lets 100 % be said in 16 bits, and not only as 0."""
    return control.scaled("WMaxLimPct") and 1 <= control.to_raw("WMaxLimPct", 100.0) < 0xFFFF


async def _value(device, model_id: int, name: str) -> float:
    """Return a point, 0 when the device has it not."""
    points = Points(device, model_id, (name,))
    return points.value[name] if await found(points) and points.ok(name) else 0.0
