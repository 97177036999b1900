"""Battery inverter by SunSpec models 701, 702, 704 and 713 or 802, forming the grid by vendor model 64900.

Positive W of model 701 and WSet of model 704 generate, so signs are already those of the house.
"""

import errno

from islet.drivers import roles
from islet.drivers.modbus import ModbusError
from islet.drivers.points import AC_CONTROLS, AC_MEASURE, BATTERY_BASE, CAPACITY, FORM, STORAGE
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_ac import Ac
from islet.drivers.sunspec_dc import open_ports
from islet.drivers.sunspec_driver import SunSpecDriver
from islet.drivers.sunspec_tell import tell
from islet.drivers.sunspec_var import Reactive
from islet.drivers.sunspec_write import words

OFF = 0  # `state`, as St of model 64900
FOLLOWING = 1
FORMING = 2
FAULT = 3

_FOLLOWS = (roles.RUNNING, roles.THROTTLED)
_ENABLED = 1
_PERCENT, _WATTS = 0, 1  # WSetMod
_WSET_OFFSET = 22  # WSetEna, WSetMod, WSet (2), WSetRvrt (2)
_REVERT_OFFSET = 30  # WSetEnaRvrt, WSetRvrtTms (2)
_PCT_OFFSET = 28  # WSetPct, WSetPctRvrt
_TIMER = ("WSetEnaRvrt", "WSetRvrtTms")
_RAW_MAX = 0x7FFF_FF00  # of WSet, less what a float of 32 bits may be wrong by
_FORM_OFFSET = 2  # Ena, HzSet, VSet
_HZ_RESOLUTION = 0.0005  # half a step of HzSet
_V_RESOLUTION = 0.05
_DROOP_RESOLUTION = 0.00005  # half a step of DroopPu and VDroopPu
_DROOPS = ("DroopPu", "VDroopPu")
_DROOP_OFFSETS = (7, 8)


class BatteryInverter(SunSpecDriver):
    """Fills battery_w, battery_hz, soc_pu, `readings`; carries out battery_w, or forms the grid at form_hz, form_v.

    A device with PV behind the same WSet (ports of model 714) is read, not told: its set-point is not the battery's.
    """

    name = "battery"
    role = roles.BATTERY
    _ac: Ac  # made by start
    _storage: Points
    _control: Points
    _form: Points  # if can_form

    def __init__(
        self, device, resolution_w: float = 5.0, reversion_s: int = 60, details: bool = False
    ) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`.

        details: read all that the role may tell; else the power, frequency, charge and state that control needs.
        """
        super().__init__(device, {"power_w": 0.0})
        self.charge_w = 0.0  # the most it may be told to charge with
        self.state = OFF
        self.can_form = False
        self.can_set = True
        self._details = details
        self._has_timer = True
        self._pct_of_w = 0.0  # what set-points are percent of; 0 where they are watts
        self._reversion_s = reversion_s
        self._power = Setpoint(resolution_w, 1000 * reversion_s)
        self._enable = Setpoint(0.5, 0)
        self._hz = Setpoint(_HZ_RESOLUTION, 0)
        self._v = Setpoint(_V_RESOLUTION, 0)
        self._droop = Setpoint(_DROOP_RESOLUTION, 0)
        self._v_droop = Setpoint(_DROOP_RESOLUTION, 0)
        self._reactive = Reactive(device, self._writer, reversion_s)

    async def start(self) -> None:
        """Discover the device; ENODEV when it lacks a model that is needed to use a battery."""
        await self.device.discover()
        await self.begin()

    async def begin(self) -> None:
        """Prepare a device that was just discovered; errors as `start`."""
        models = self.device.models
        storage = STORAGE if STORAGE in models else BATTERY_BASE
        for model_id in (AC_MEASURE, CAPACITY, AC_CONTROLS, storage):
            if model_id not in models:
                raise OSError(errno.ENODEV, "model %d is missing" % model_id)
        self.forget()
        self._reactive.start()
        self.start_curves()
        self.can_form = FORM in models
        wanted = tuple(self.readings) if self._details else ("w", "hz")
        self._ac = Ac(self.device, AC_MEASURE, wanted, guard=self._details)
        self._storage = Points(self.device, storage, ("SoC",))
        await self._rate(await self._find_set_point())
        if self.can_form:
            self._form = Points(self.device, FORM, ("HzSet", "VSet", "St") + _DROOPS)
        self.dc = await open_ports(self.device)
        self.can_set = not (self.dc and self.dc.has_storage and self.dc.has_pv)

    async def _find_set_point(self) -> bool:
        """Return whether set-points are percent: only where watts are not implemented, and percent are."""
        if self.can_form:  # the device of the vendor model has watts and a timer
            self._control = Points(self.device, AC_CONTROLS, ("WSet",))
            await self._control.read()
            return False
        names = ("WSet", "WSetRvrt", "WSetPct", "WSetPctRvrt") + _TIMER
        control = self._control = Points(self.device, AC_CONTROLS, names)
        await control.read()
        by_pct = not control.ok("WSet") and control.ok("WSetPct")
        by_pct = by_pct and 1 <= control.to_raw("WSetPct", 100.0) < 0x8000
        revert = ("WSetPctRvrt" if by_pct else "WSetRvrt",) + _TIMER
        self._has_timer = all(control.ok(name) for name in revert)
        return by_pct

    async def _rate(self, by_pct: bool) -> None:
        names = ("WMaxRtg",) if self.can_form else ("WMaxRtg", "WChaRteMaxRtg", "WMax")
        capacity = Points(self.device, CAPACITY, names)
        await capacity.read()
        if not capacity.ok("WMaxRtg") or not (by_pct or self._control.scaled("WSet")):
            raise OSError(errno.ENODEV, "no rating or scale factor")
        self.rated_w = self.charge_w = capacity.value["WMaxRtg"]
        if not self.can_form and capacity.ok("WChaRteMaxRtg"):
            self.charge_w = capacity.value["WChaRteMaxRtg"]
        self._pct_of_w = 0.0
        if by_pct:
            self._pct_of_w = capacity.value["WMax"] if capacity.ok("WMax") else self.rated_w
        elif self._control.to_raw("WSet", max(self.rated_w, self.charge_w)) > _RAW_MAX:
            raise OSError(errno.ENODEV, "the rating does not fit its set-point")

    async def poll(self, image, now_ms: int) -> None:
        """Read power, frequency, charge and state; image may be None."""
        await self._ac.read()
        self._ac.tell(self.readings, now_ms)
        await self._storage.read()
        tell(self.readings["soc_pu"], self._storage, ("SoC",), now_ms, 100.0)
        self.readings["rated_w"].set(self.rated_w, now_ms)
        if self.dc:
            await self.dc.read(now_ms)
            if not self.can_set:
                self.readings["w"].take(self.dc.storage, now_ms)
        if image is not None:
            self.fill(image, now_ms)
        await self._read_state()

    async def _read_state(self) -> None:
        if not self.can_form:
            found = self.readings["state"].value
            self.state = FOLLOWING if found in _FOLLOWS else FAULT if found == roles.FAULT else OFF
            return
        await self._form.read()
        self.state = int(self._form.value["St"]) if self._form.ok("St") else FAULT

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes everything."""
        for setpoint in (self._power, self._enable, self._hz, self._v, self._droop, self._v_droop):
            setpoint.forget()
        self._reactive.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write what changed or whose lease is half over; a device told to form gets no set-points of power.

        Wishes may be None: then what `commands` were asked, nothing before. Reactive power and curves come last.
        """
        if wishes is None:
            if self.commands.asked("power_w"):
                await self._apply_power(self.commands.wanted("power_w", now_ms), now_ms)
            return
        # taken first: control goes on wishing while a write is on its way
        forming, battery_w, battery_var = wishes.forming, wishes.battery_w, wishes.battery_var
        droops = (wishes.form_droop_pu, wishes.form_v_droop_pu)
        if self.can_form:
            if forming:
                await self._apply_droops(droops, now_ms)
            await self._apply_form(1 if forming else 0, wishes.form_hz, wishes.form_v, now_ms)
        if not forming:
            await self._apply_power(battery_w, now_ms)
            if self.can_set:
                await self._reactive.apply(battery_var, now_ms)
        await self.step_curves(now_ms)

    async def _apply_droops(self, droops: tuple, now_ms: int) -> None:
        """Write the droops that the device takes; 0 leaves it its own. One without the point gets none."""
        setpoints = (self._droop, self._v_droop)
        for i in range(len(_DROOPS)):
            if not droops[i] or not self._form.ok(_DROOPS[i]) or not setpoints[i].changed(droops[i]):
                continue
            raw = round(self._form.to_raw(_DROOPS[i], droops[i]))
            try:
                good = await self._writer.write(FORM, ((_DROOP_OFFSETS[i], [raw]),))
            except ModbusError as error:
                if not error.permanent():
                    raise
                good = True  # it has a droop of its own, and keeps it: the restoration makes up for it
            if good:
                setpoints[i].renew(droops[i], now_ms)

    async def _apply_form(self, ena: int, form_hz: float, form_v: float, now_ms: int) -> None:
        moved = ena and (self._hz.changed(form_hz) or self._v.changed(form_v))
        if not self._enable.changed(ena) and not moved:
            return
        registers = [0]
        if ena:
            hz = round(self._form.to_raw("HzSet", form_hz))
            registers = [1, hz, round(self._form.to_raw("VSet", form_v))]
        if not await self._writer.write(FORM, ((_FORM_OFFSET, registers),)):
            self._enable.forget()
            return
        self._enable.renew(ena, now_ms)
        if ena:
            self._hz.renew(form_hz, now_ms)
            self._v.renew(form_v, now_ms)

    async def _apply_power(self, battery_w: float, now_ms: int) -> None:
        if not self.can_set:
            return
        battery_w = min(max(battery_w, -self.charge_w), self.rated_w)
        renewing = self._power.expiring(now_ms)
        if not renewing and not self._power.changed(battery_w):
            return
        good = True
        if renewing and self._has_timer:  # first, so that no set-point is ever without its reversion
            revert = (_REVERT_OFFSET, [_ENABLED] + words(self._reversion_s))
            good = await self._writer.write(AC_CONTROLS, (revert,))
        good = await self._writer.write(AC_CONTROLS, self._items(battery_w)) and good
        if not good:
            self._power.forget()
        elif renewing:
            self._power.renew(battery_w, now_ms)
        else:
            self._power.hold(battery_w)

    def _items(self, battery_w: float) -> tuple:
        """Return the registers of a set-point that reverts to 0 W, where it can; what enables it is the last."""
        if not self._pct_of_w:
            registers = [_ENABLED, _WATTS] + words(round(self._control.to_raw("WSet", battery_w)))
            return ((_WSET_OFFSET, registers + ([0, 0] if self._has_timer else [])),)
        pct = max(-100.0, min(100.0 * battery_w / self._pct_of_w, 100.0))
        registers = [int(self._control.to_raw("WSetPct", pct)) & 0xFFFF] + ([0] if self._has_timer else [])
        return (_PCT_OFFSET, registers), (_WSET_OFFSET, [_ENABLED, _PERCENT])
