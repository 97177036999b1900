"""The driver for a role on a SunSpec unit; which models serve it is seen when the device is started.

A driver is imported when a device needs it: one that none needs takes no memory.
"""

import errno

from islet.base.reading import Reading
from islet.drivers import roles
from islet.drivers.points import AC_CONTROLS, BASIC_STORAGE
from islet.drivers.sunspec import SunSpecDevice

ROLES = (roles.INVERTER, roles.BATTERY, roles.METER)  # those that SunSpec has models of


def open_device(
    client,
    unit: int,
    role: str,
    number: int = 0,
    base: int | None = None,
    reversion_s: int = 60,
    curves: tuple = (),
):
    """Return the driver of a role, not started; number and base as in SunSpecDevice.

    Its start raises ENODEV when the device has no models for the role. ENODEV at once for a role that SunSpec
    has no models of. reversion_s: after how long the device falls back by itself, where it can. curves: those that
    it is to have of its own, where it has models of them, as `grid_curves.wanted` makes them.
    """
    device = SunSpecDevice(client, unit, base, number)
    if role == roles.INVERTER:
        from islet.drivers.pv_inverter import PvInverter

        driver = PvInverter(device, reversion_s=reversion_s)
        driver.grid_curves = _own(device, curves)
        return driver
    if role == roles.BATTERY:
        return SunSpecBattery(device, reversion_s, curves)
    if role == roles.METER:
        from islet.drivers.sunspec_meter import SunSpecMeter

        return SunSpecMeter(device)
    raise OSError(errno.ENODEV, "SunSpec has no models of a " + role)


def _own(device, curves: tuple):
    if not curves:
        return []
    from islet.drivers.grid_curves import GridCurves

    return [GridCurves(device, curves)]


class SunSpecBattery:
    """A battery by the 700 series or by model 124: its driver is one of two, made when the device is started."""

    name = "battery"
    role = roles.BATTERY

    def __init__(self, device, reversion_s: int = 60, curves: tuple = ()) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`."""
        self.device = device
        self.grid_curves = _own(device, curves)
        self.readings = {name: Reading() for name in roles.readings(roles.BATTERY)}
        self.commands = roles.Commands({"power_w": 0.0})
        self._drivers: list = []  # the one in use
        self._reversion_s = reversion_s
        self._older = False
        self._writes = 0  # of the driver before this one
        self._mismatches = 0

    @property
    def writes(self) -> int:
        """Return how often the device was written."""
        return self._writes + sum([driver.writes for driver in self._drivers])

    @property
    def mismatches(self) -> int:
        """Return how often what was written did not read back."""
        return self._mismatches + sum([driver.mismatches for driver in self._drivers])

    @property
    def rated_w(self) -> float:
        """Return the power it may be told, in W; 0 before it is known."""
        return self._drivers[0].rated_w if self._drivers else 0.0

    @property
    def can_form(self) -> bool:
        """Return whether it can form the voltage."""
        return any(driver.can_form for driver in self._drivers)

    @property
    def own_curves(self) -> bool:
        """Return whether the device answers the voltage by curves of its own."""
        return any(driver.own_curves for driver in self._drivers)

    @property
    def state(self) -> int:
        """Return off, following, forming or fault, as `battery_inverter` numbers them."""
        return self._drivers[0].state if self._drivers else 0

    async def start(self) -> None:
        """Discover the device and take the driver that its models need; ENODEV for neither."""
        models = await self.device.discover()
        older = BASIC_STORAGE in models and AC_CONTROLS not in models
        if not self._drivers or older != self._older:
            self._take(older)
        await self._drivers[0].begin()

    def _take(self, older: bool) -> None:
        self._writes, self._mismatches = self.writes, self.mismatches
        self._older = older
        driver = self._make(older)
        driver.grid_curves = self.grid_curves
        driver.readings = self.readings
        driver.commands = self.commands
        self._drivers = [driver]

    def _make(self, older):
        if older:
            from islet.drivers.storage_inverter import StorageInverter

            return StorageInverter(self.device, reversion_s=self._reversion_s)
        from islet.drivers.battery_inverter import BatteryInverter

        return BatteryInverter(self.device, reversion_s=self._reversion_s, details=True)

    async def poll(self, image, now_ms: int) -> None:
        """Read the device; image may be None."""
        await self._drivers[0].poll(image, now_ms)

    async def apply(self, wishes, now_ms: int) -> None:
        """Write what changed or must be renewed; wishes may be None, as in the drivers."""
        await self._drivers[0].apply(wishes, now_ms)

    def lose(self, image) -> None:
        """Lower the trust in what this device told: it does not answer."""
        for driver in self._drivers:
            driver.lose(image)

    def forget(self) -> None:
        """Hold nothing for written any more."""
        for driver in self._drivers:
            driver.forget()
