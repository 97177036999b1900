"""Grid-following PV inverter by SunSpec: AC by models 101 to 103, 111 to 113 or 701, its ceiling by 123 or 704.

Which of them is decided by what the device has; models 122 (available power), 160 and 714 (DC) are used where
they are. In a hybrid the power of PV is what the AC side gives less what its battery does.
"""

from islet.drivers import roles
from islet.drivers.points import STATUS
from islet.drivers.setpoint import Setpoint
from islet.drivers.sunspec import Points
from islet.drivers.sunspec_ac import Ac, model_of
from islet.drivers.sunspec_dc import open_ports
from islet.drivers.sunspec_driver import SunSpecDriver
from islet.drivers.sunspec_limit import Limit123, Limit704
from islet.drivers.sunspec_tell import found, tell
from islet.drivers.sunspec_var import Reactive
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT

FREE_W = 1e9  # above any rating


class PvInverter(SunSpecDriver):
    """Fills pv_w, pv_available_w and `readings`; its limit lapses in the device reversion_s after its renewal."""

    name = "pv"
    role = roles.INVERTER
    _ac: Ac  # made by start
    _available: Points

    def __init__(self, device, resolution_w: float = 5.0, reversion_s: int = 60) -> None:
        """device is a SunSpecDevice; reversion_s must exceed twice the longest pause between two `apply`."""
        super().__init__(device, {"limit_w": FREE_W})
        self.can_limit = False
        self.asleep = False  # off for lack of sun: produces nothing, and says so by "not implemented"
        self._reversion_s = reversion_s
        self._limit = Setpoint(resolution_w, 1000 * reversion_s)
        self._limiter: Limit123 | Limit704 | None = None
        self._reactive = Reactive(device, self._writer, reversion_s)
        self._has_available = False
        self._dark = False

    async def start(self) -> None:
        """Discover the device; ENODEV without an inverter model."""
        models = await self.device.discover()
        # guarded, for a setting of the device turns its integer models into those of floats while it runs
        self._ac = Ac(self.device, model_of(models), tuple(self.readings))
        self.forget()
        self._reactive.start()
        self.start_curves()
        await self._find_limit()
        self.dc = await open_ports(self.device)
        self._has_available = STATUS in models
        if self._has_available:
            self._available = Points(self.device, STATUS, ("WAval",))
            self._has_available = await found(self._available)

    async def _find_limit(self) -> None:
        """Take the first way to limit that the device has, the older one before that of the 700 series."""
        self.can_limit = False
        for limiter in (Limit123(self.device), Limit704(self.device)):
            if not self.can_limit:
                self.can_limit = await limiter.start()
                self._limiter = limiter
                self.rated_w = limiter.rated_w or self.rated_w

    async def poll(self, image, now_ms: int) -> None:
        """Read all; image may be None. Asleep: NOT_IMPLEMENTED; awake without a power: SUSPECT."""
        slept = self._dark
        await self._ac.read()
        self._dark = self._ac.dark()
        self.asleep = self._dark and not self._ac.points.ok("W")
        if slept and not self._dark and not (self._limiter and self._limiter.complete):
            self._limit.forget()
            await self._find_limit()  # what was not implemented at night may be there now
        if self.dc:
            await self.dc.read(now_ms)
        if self._has_available:
            await self._available.read()
        self._tell(now_ms)
        if image is not None:
            self.fill(image, now_ms)

    def _tell(self, now_ms: int) -> None:
        self._ac.tell(self.readings, now_ms)
        power = self.readings["w"]
        if not self._ac.points.ok("W"):
            power.set(power.value, now_ms, NOT_IMPLEMENTED if self.asleep else SUSPECT)
        elif self.dc and self.dc.storage.quality == OK:
            power.set(power.value - self.dc.storage.value, now_ms)
        if self._has_available:
            tell(self.readings["available_w"], self._available, ("WAval",), now_ms)
        if self.rated_w:
            self.readings["rated_w"].set(self.rated_w, now_ms)

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes it."""
        self._limit.forget()
        self._reactive.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write the limit when it changed or its lease is half over; at the rating it is lifted, once.

        Wishes may be None: then what `commands` were asked, nothing before. Reactive power and curves come after.
        """
        pv_var = wishes.pv_var if wishes else 0.0  # taken now: control goes on wishing meanwhile
        await self._apply_limit(wishes, now_ms)
        if wishes is not None:
            await self._reactive.apply(pv_var, now_ms)
            await self.step_curves(now_ms)

    async def _apply_limit(self, wishes, now_ms: int) -> None:
        if not self.can_limit or not self._limiter or (wishes is None and not self.commands.asked("limit_w")):
            return
        limit_w = self.commands.wanted("limit_w", now_ms) if wishes is None else wishes.pv_limit_w
        limit_w = min(max(limit_w, 0.0), self.rated_w)
        free = limit_w >= self.rated_w
        if not self._limit.changed(limit_w) and (free or not self._limit.expiring(now_ms)):
            return
        reversion_s = 0 if free else min(self._reversion_s, self._limiter.longest_s)
        if await self._writer.write(self._limiter.model_id, self._limiter.items(limit_w, reversion_s)):
            self._limit.renew(limit_w, now_ms)
        else:
            self._limit.forget()
