"""Grid-following PV inverter by SunSpec models 101 to 103 or 111 to 113, 120 and 123."""

import errno

from islet.drivers.points import CONTROLS, INVERTERS, NAMEPLATE
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.names import COMM, NOT_IMPLEMENTED, SUSPECT

_OFF = 1  # St of model 101
_SLEEPING = 2
_LIMIT_OFFSET = 5  # WMaxLimPct, WinTms, RvrtTms, RmpTms, Ena in one write


class PvInverter:
    """Fills pv_w, carries out pv_limit_w; the limit lapses in the device reversion_s after its renewal."""

    name = "pv"
    _measured: Points  # made by start
    _control: Points

    def __init__(self, device, resolution_w: float = 5.0, reversion_s: int = 60) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`."""
        self.device = device
        self.rated_w = 0.0
        self.can_limit = False
        self.asleep = False  # off for lack of sun: produces nothing, and says so by "not implemented"
        self.writes = 0
        self.mismatches = 0
        self._reversion_s = reversion_s
        self._limit = Setpoint(resolution_w, 1000 * reversion_s)

    async def start(self) -> None:
        """Discover the device; ENODEV without an inverter model."""
        models = await self.device.discover()
        found = [model_id for model_id in INVERTERS if model_id in models]
        if not found:
            raise OSError(errno.ENODEV, "no inverter model")
        # guarded, for a setting of the device turns its integer models into those of floats while it runs
        self._measured = Points(self.device, found[0], ("W", "St"), guard=True)
        self._limit.forget()
        self.can_limit = NAMEPLATE in models and CONTROLS in models and await self._read_limit()

    async def _read_limit(self) -> bool:
        nameplate = Points(self.device, NAMEPLATE, ("WRtg",))
        await nameplate.read()
        self.rated_w = nameplate.value["WRtg"]
        self._control = Points(self.device, CONTROLS, ("WMaxLimPct",))
        await self._control.read()
        return nameplate.ok("WRtg") and self.rated_w > 0 and self._control.scaled("WMaxLimPct")

    async def poll(self, image, now_ms: int) -> None:
        """Read power and state. Asleep: NOT_IMPLEMENTED; awake without a value: SUSPECT."""
        await self._measured.read()
        state = self._measured.value["St"] if self._measured.ok("St") else 0
        self.asleep = state in (_OFF, _SLEEPING) and not self._measured.ok("W")
        if self._measured.ok("W"):
            image.pv_w.set(self._measured.value["W"], now_ms)
        else:
            image.pv_w.set(image.pv_w.value, now_ms, NOT_IMPLEMENTED if self.asleep else SUSPECT)

    def lose(self, image) -> None:
        """Lower the trust in what this device told: it does not answer."""
        image.pv_w.degrade(COMM)
        self.forget()

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes it."""
        self._limit.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write the limit when it changed or its lease is half over; at the rating it is lifted, once."""
        if not self.can_limit:
            return
        limit_w = min(max(wishes.pv_limit_w, 0.0), self.rated_w)
        free = limit_w >= self.rated_w
        if not self._limit.changed(limit_w) and (free or not self._limit.expiring(now_ms)):
            return
        # rounded down, so that rounding never exceeds the limit
        pct = int(self._control.to_raw("WMaxLimPct", 100.0 * limit_w / self.rated_w))
        self.writes += 1
        values = [pct, 0, 0 if free else self._reversion_s, 0, 0 if free else 1]
        if await self.device.write(CONTROLS, _LIMIT_OFFSET, values):
            self._limit.renew(limit_w, now_ms)
        else:
            self.mismatches += 1
            self._limit.forget()
