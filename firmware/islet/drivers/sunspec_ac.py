"""The AC side of an inverter, whichever model tells it: 101 to 103, 111 to 113, or 701.

Positive W generates or discharges and positive var injects in all of them: the signs of the house.
"""

import errno

from islet.drivers import roles
from islet.drivers.points import AC_MEASURE, INVERTERS
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_tell import tell, tell_count

OLDER = (("w", ("W",)), ("var", ("VAr",)), ("hz", ("Hz",)), ("v", ("PhVphA",)), ("yield_wh", ("WH",)))
DER = (
    ("w", ("W",)),
    ("var", ("Var",)),
    ("hz", ("Hz",)),
    ("v", ("VL1", "LNV")),
    ("yield_wh", ("TotWhInj",)),
    ("discharge_wh", ("TotWhInj",)),
    ("charge_wh", ("TotWhAbs",)),
)
_SCALES = (("WH", "WH_SF"), ("TotWhInj", "TotWh_SF"), ("TotWhAbs", "TotWh_SF"))
_DARK = (0, 1)  # off, sleeping
# InvSt of model 701; St of the older models is one more: off, sleeping, starting, running (MPPT), throttled,
# shutting down, fault, standby
_STATES = (
    roles.OFF,
    roles.OFF,
    roles.STARTING,
    roles.RUNNING,
    roles.THROTTLED,
    roles.OFF,
    roles.FAULT,
    roles.OFF,
)


def model_of(models: dict) -> int:
    """Return the model that tells AC values, the older ones first; ENODEV without any."""
    for model_id in INVERTERS + (AC_MEASURE,):
        if model_id in models:
            return model_id
    raise OSError(errno.ENODEV, "no inverter model")


class Ac:
    """Readings of an inverter's AC side in one read; `points` has them by the names of the model."""

    def __init__(self, device, model_id: int, wanted: tuple, guard: bool = True) -> None:
        """Wanted are names of a role's readings, those that the model has not are left out; guard as in Points."""
        self.der = model_id == AC_MEASURE
        self._rows = [row for row in (DER if self.der else OLDER) if row[0] in wanted]
        self._integers = self.der or model_id in INVERTERS[:3]
        self._state = "InvSt" if self.der else "St"
        names = [name for _, candidates in self._rows for name in candidates]
        self.points = Points(device, model_id, tuple(names) + (self._state,), guard)

    async def read(self) -> None:
        """Read all; errors as `Points.read`."""
        await self.points.read()

    def tell(self, readings: dict, now_ms: int) -> None:
        """Set those of the wanted readings that the model has, and the state where it tells one."""
        for name, candidates in self._rows:
            if roles.counts(name):
                scale = dict(_SCALES)[candidates[0]] if self._integers else ""
                tell_count(readings[name], self.points, candidates[0], scale, now_ms)
            else:
                tell(readings[name], self.points, candidates, now_ms, 1.0 if self.der else 0.0)
        code = self.code()
        if 0 <= code < len(_STATES):
            readings["state"].set(_STATES[code], now_ms)
        else:
            tell(readings["state"], self.points, (self._state,), now_ms)

    def code(self) -> int:
        """Return the state as InvSt of model 701 has it, -1 for none."""
        if not self.points.ok(self._state):
            return -1
        return int(self.points.value[self._state]) - (0 if self.der else 1)

    def dark(self) -> bool:
        """Return whether it is off or sleeping; it may tell no power then."""
        return self.code() in _DARK
