"""Hybrid or battery inverter by SunSpec model 124 (storage) with 101 to 103 or 111 to 113, 120, 160 and 802.

InWRte and OutWRte are the bounds of a window for the battery's power, in percent of WChaMax: it may charge at most
InWRte and discharge at most OutWRte, and a negative bound is the least of the other direction. A set-point is a
window without width. Once the reversion time is over, StorCtl_Mod is 0: the device does as it likes.
Charging from the grid needs ChaGriSet, which is a person's to allow and is not written.
"""

import errno

from islet.drivers import roles
from islet.drivers.modbus import ILLEGAL_VALUE, ModbusError
from islet.drivers.points import BASIC_STORAGE, BATTERY_BASE, INVERTERS, NAMEPLATE
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_ac import Ac, model_of
from islet.drivers.sunspec_dc import open_ports
from islet.drivers.sunspec_driver import SunSpecDriver
from islet.drivers.sunspec_tell import found, tell
from islet.names import NOT_IMPLEMENTED

OFF, FOLLOWING, FORMING, FAULT = range(4)  # `state`, as BatteryInverter has it
_MODE = 5  # offsets in 124: StorCtl_Mod
_RATES = 12  # OutWRte, InWRte, then the times
_TIMES = ("InOutWRte_WinTms", "InOutWRte_RvrtTms", "InOutWRte_RmpTms")
_BOTH = 3  # StorCtl_Mod: both bounds hold
_LONGEST_S = 0xFFFE  # RvrtTms has 16 bits
_PV_TYPES = (4, 82)  # DERTyp: PV, PV with storage


class StorageInverter(SunSpecDriver):
    """Fills battery_w, battery_hz, soc_pu, `readings`; carries out battery_w. It forms no grid."""

    name = "battery"
    role = roles.BATTERY
    can_form = False
    _ac: Ac  # made by start
    _control: Points
    _charge: Points

    def __init__(self, device, resolution_w: float = 5.0, reversion_s: int = 60) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`."""
        super().__init__(device, {"power_w": 0.0})
        self.state = OFF
        self.can_set = False
        self._whole = False  # the AC side gives the battery's power alone
        self._signed = True  # it takes negative bounds
        self._reversion_s = min(reversion_s, _LONGEST_S)
        self._power = Setpoint(resolution_w, 1000 * self._reversion_s)

    async def start(self) -> None:
        """Discover the device; ENODEV when it lacks a model that is needed to use a battery."""
        await self.device.discover()
        await self.begin()

    async def begin(self) -> None:
        """Prepare a device that was just discovered; errors as `start`."""
        models = self.device.models
        if BASIC_STORAGE not in models or not any(model_id in models for model_id in INVERTERS):
            raise OSError(errno.ENODEV, "no storage model, or no inverter's")
        self.forget()
        self._signed = True
        self._ac = Ac(self.device, model_of(models), tuple(self.readings))
        names = ("WChaMax", "StorCtl_Mod", "ChaState", "OutWRte", "InWRte") + _TIMES
        self._control = Points(self.device, BASIC_STORAGE, names, guard=True)
        self._charge = self._control
        if BATTERY_BASE in models:
            self._charge = Points(self.device, BATTERY_BASE, ("SoC",))
        self.dc = await open_ports(self.device)
        self._whole = not self.dc and await self._alone()

    async def _alone(self) -> bool:
        """Return whether it says of itself to be no PV inverter."""
        if NAMEPLATE not in self.device.models:
            return False
        kind = Points(self.device, NAMEPLATE, ("DERTyp",))
        return await found(kind) and kind.ok("DERTyp") and int(kind.value["DERTyp"]) not in _PV_TYPES

    async def poll(self, image, now_ms: int) -> None:
        """Read power, frequency, charge, state and what may be asked; image may be None."""
        await self._ac.read()
        await self._control.read()
        if self._charge is not self._control:
            await self._charge.read()
        if self.dc:
            await self.dc.read(now_ms)
        self._rate()
        self._tell(now_ms)
        if image is not None:
            self.fill(image, now_ms)

    def _rate(self) -> None:
        """Take 100 % from WChaMax as it is now: a setting moves it, and at night it may not be there."""
        control = self._control
        rated_w = control.value["WChaMax"] if control.ok("WChaMax") else 0.0
        if rated_w != self.rated_w:
            self._power.forget()
        self.rated_w = rated_w
        fits = control.scaled("OutWRte") and 1 <= control.to_raw("OutWRte", 100.0) < 0x8000
        self.can_set = rated_w > 0 and fits and control.ok("StorCtl_Mod")

    def _tell(self, now_ms: int) -> None:
        readings = self.readings
        self._ac.tell(readings, now_ms)
        if self.dc and self.dc.has_storage:
            readings["w"].take(self.dc.storage, now_ms)
        elif not self._whole:
            readings["w"].set(readings["w"].value, now_ms, NOT_IMPLEMENTED)
        name = "ChaState" if self._charge is self._control else "SoC"
        tell(readings["soc_pu"], self._charge, (name,), now_ms, 100.0)
        readings["rated_w"].set(self.rated_w, now_ms, 0 if self.rated_w else NOT_IMPLEMENTED)
        code = readings["state"].value
        runs = code in (roles.RUNNING, roles.THROTTLED)
        self.state = FOLLOWING if runs else FAULT if code == roles.FAULT else OFF

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes everything."""
        self._power.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write the window when it moved or its lease is half over; nothing while an island is to be formed.

        Wishes may be None: then what `commands` were asked, nothing before.
        """
        if not self.can_set or (wishes.forming if wishes else not self.commands.asked("power_w")):
            return
        asked_w = wishes.battery_w if wishes else self.commands.wanted("power_w", now_ms)
        asked_w = min(max(asked_w, -self.rated_w), self.rated_w)
        if not self._power.changed(asked_w) and not self._power.expiring(now_ms):
            return
        rate = int(self._control.to_raw("OutWRte", 100.0 * asked_w / self.rated_w))
        if await self._write(rate):
            self._power.renew(asked_w, now_ms)
        else:
            self._power.forget()

    async def _write(self, rate: int) -> bool:
        """Write both bounds; where negative ones are refused, the window reaches from 0 to the set-point."""
        if self._signed:
            try:
                return await self._writer.write(BASIC_STORAGE, self._items(rate, -rate))
            except ModbusError as error:
                if error.code != ILLEGAL_VALUE or not rate:
                    raise
        good = await self._writer.write(BASIC_STORAGE, self._items(max(rate, 0), max(-rate, 0)))
        self._signed = False
        return good

    def _items(self, out_rate: int, in_rate: int) -> tuple:
        """Return registers with the times that the device has, and last what puts the bounds in force."""
        times = (0, self._reversion_s, 0)
        rows = [(_RATES, [out_rate & 0xFFFF, in_rate & 0xFFFF])]
        rows += [(_RATES + 2 + i, [times[i]]) for i in range(len(_TIMES)) if self._control.ok(_TIMES[i])]
        return tuple(rows + [(_MODE, [_BOTH])])
