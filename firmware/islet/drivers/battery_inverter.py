"""Battery inverter by SunSpec models 701, 702, 704 and 713, forming the grid by vendor model 64900.

Positive W of model 701 and WSet of model 704 generate, so signs are already those of the house.
"""

import errno

from islet.drivers.points import AC_CONTROLS, AC_MEASURE, CAPACITY, FORM, STORAGE
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.names import COMM, NOT_IMPLEMENTED

OFF = 0  # `state`, as St of model 64900
FOLLOWING = 1
FORMING = 2
FAULT = 3

_RUNNING = (3, 4)  # InvSt of model 701: running, throttled
_ENABLED = 1
_WATTS = 1  # WSetMod
_WSET_OFFSET = 22  # WSetEna, WSetMod, WSet (2), WSetRvrt (2)
_REVERT_OFFSET = 30  # WSetEnaRvrt, WSetRvrtTms (2)
_FORM_OFFSET = 2  # Ena, HzSet, VSet
_HZ_RESOLUTION = 0.0005  # half a step of HzSet
_V_RESOLUTION = 0.05


class BatteryInverter:
    """Fills battery_w, battery_hz, soc_pu; carries out battery_w, or forms the grid at form_hz and form_v."""

    name = "battery"
    _measured: Points  # made by start
    _storage: Points
    _control: Points
    _form: Points  # if can_form

    def __init__(self, device, resolution_w: float = 5.0, reversion_s: int = 60) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`."""
        self.device = device
        self.rated_w = 0.0
        self.state = OFF
        self.can_form = False
        self.writes = 0
        self.mismatches = 0
        self._reversion_s = reversion_s
        self._power = Setpoint(resolution_w, 1000 * reversion_s)
        self._enable = Setpoint(0.5, 0)
        self._hz = Setpoint(_HZ_RESOLUTION, 0)
        self._v = Setpoint(_V_RESOLUTION, 0)

    async def start(self) -> None:
        """Discover the device; ENODEV when it lacks a model that is needed to use a battery."""
        models = await self.device.discover()
        for model_id in (AC_MEASURE, CAPACITY, AC_CONTROLS, STORAGE):
            if model_id not in models:
                raise OSError(errno.ENODEV, "a model is missing")
        self.forget()
        self._measured = Points(self.device, AC_MEASURE, ("W", "Hz", "InvSt"))
        self._storage = Points(self.device, STORAGE, ("SoC",))
        self._control = Points(self.device, AC_CONTROLS, ("WSet",))
        await self._control.read()
        capacity = Points(self.device, CAPACITY, ("WMaxRtg",))
        await capacity.read()
        if not capacity.ok("WMaxRtg") or not self._control.scaled("WSet"):
            raise OSError(errno.ENODEV, "no rating or scale factor")
        self.rated_w = capacity.value["WMaxRtg"]
        self.can_form = FORM in models
        if self.can_form:
            self._form = Points(self.device, FORM, ("HzSet", "VSet", "St"))

    async def poll(self, image, now_ms: int) -> None:
        """Read power, frequency, charge and state."""
        await self._measured.read()
        self._tell(image.battery_w, self._measured, "W", 1.0, now_ms)
        self._tell(image.battery_hz, self._measured, "Hz", 1.0, now_ms)
        await self._storage.read()
        self._tell(image.soc_pu, self._storage, "SoC", 100.0, now_ms)
        if not self.can_form:
            self.state = FOLLOWING if self._measured.value["InvSt"] in _RUNNING else OFF
            return
        await self._form.read()
        self.state = int(self._form.value["St"]) if self._form.ok("St") else FAULT

    def _tell(self, quantity, points: Points, name: str, unit: float, now_ms: int) -> None:
        if points.ok(name):
            quantity.set(points.value[name] / unit, now_ms)
        else:
            quantity.set(quantity.value, now_ms, NOT_IMPLEMENTED)

    def lose(self, image) -> None:
        """Lower the trust in what this device told: it does not answer."""
        image.battery_w.degrade(COMM)
        image.battery_hz.degrade(COMM)
        image.soc_pu.degrade(COMM)
        self.forget()

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes everything."""
        for setpoint in (self._power, self._enable, self._hz, self._v):
            setpoint.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write what changed or whose lease is half over; a device told to form gets no power set-point."""
        if self.can_form:
            await self._apply_form(wishes, now_ms)
        if not wishes.forming:
            await self._apply_power(wishes.battery_w, now_ms)

    async def _apply_form(self, wishes, now_ms: int) -> None:
        ena = 1 if wishes.forming else 0
        moved = ena and (self._hz.changed(wishes.form_hz) or self._v.changed(wishes.form_v))
        if not self._enable.changed(ena) and not moved:
            return
        if not ena:
            good = await self._write(FORM, _FORM_OFFSET, [0])
        else:
            hz = round(self._form.to_raw("HzSet", wishes.form_hz))
            v = round(self._form.to_raw("VSet", wishes.form_v))
            good = await self._write(FORM, _FORM_OFFSET, [1, hz, v])
        if not good:
            self._enable.forget()
            return
        self._enable.renew(ena, now_ms)
        if ena:
            self._hz.renew(wishes.form_hz, now_ms)
            self._v.renew(wishes.form_v, now_ms)

    async def _apply_power(self, battery_w: float, now_ms: int) -> None:
        battery_w = min(max(battery_w, -self.rated_w), self.rated_w)
        renewing = self._power.expiring(now_ms)
        if not renewing and not self._power.changed(battery_w):
            return
        good = True
        if renewing:  # first, so that no set-point is ever without its reversion
            high, low = _words(self._reversion_s)
            good = await self._write(AC_CONTROLS, _REVERT_OFFSET, [_ENABLED, high, low])
        high, low = _words(round(self._control.to_raw("WSet", battery_w)))
        # reverts to 0 W
        good = await self._write(AC_CONTROLS, _WSET_OFFSET, [_ENABLED, _WATTS, high, low, 0, 0]) and good
        if not good:
            self._power.forget()
        elif renewing:
            self._power.renew(battery_w, now_ms)
        else:
            self._power.hold(battery_w)

    async def _write(self, model_id: int, offset: int, values: list[int]) -> bool:
        self.writes += 1
        good = await self.device.write(model_id, offset, values)
        if not good:
            self.mismatches += 1
        return good


def _words(value: int) -> tuple[int, int]:
    """Return the two registers of a 32-bit value, high word first; negative as two's complement."""
    return (value >> 16) & 0xFFFF, value & 0xFFFF
