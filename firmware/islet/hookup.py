"""The devices of a building put on their lines: a bus for each line, a page of the image for each device.

A driver is imported when a device needs it: one that none needs takes no memory.
"""

import json

from islet.devices import RTU, SUNSPEC, Devices
from islet.drivers import roles
from islet.drivers.bus import BusTask
from islet.state.parts import ANY_W, Part, Parts

ORDERS = "orders"  # file of the store: which devices were ever told something from outside
ORDERS_MAX = 2048
PROFILE = "profile_"  # name of a file of the store, before the profile's name
REMOTE = (roles.CHARGER, roles.GENSET, roles.SWITCH)  # inverters and batteries obey the node alone
VALID_MS = 10_000  # without a word from control devices get their safe values


class Bound:
    """A device with its page: it polls into that, and is told the page's wishes, or the safe ones, if it may."""

    def __init__(self, entry, device, part: Part, has_power: bool = True) -> None:
        """has_power: whether the device can tell its power at all."""
        self.name = entry.name
        self.role = entry.role
        self.behind_load_ct = entry.behind_load_ct
        self.has_power = has_power
        self.device = device
        self.part = part

    @property
    def writes(self) -> int:
        """Return how often the device was written."""
        return self.device.writes

    @property
    def mismatches(self) -> int:
        """Return how often what was written did not read back."""
        return self.device.mismatches

    async def start(self) -> None:
        """Discover the device; errors as its driver's."""
        await self.device.start()

    async def poll(self, _image, now_ms: int) -> None:
        """Read what is due."""
        await self.device.poll(self.part, now_ms)
        self.part.own_curves = self.device.own_curves

    async def apply(self, held: bool, now_ms: int) -> None:
        """Carry out the wishes while they hold, else the safe ones."""
        if self.part.control:
            await self.device.apply(self.part.wishes if held else self.part.safe, now_ms)

    def lose(self, _image) -> None:
        """Lower the trust in what the device told."""
        self.part.own_curves = False
        self.device.lose(self.part)

    def forget(self) -> None:
        """Hold nothing for written any more."""
        self.device.forget()


class Hookup:
    """`buses` with their devices, and the `parts` that node and buses share."""

    def __init__(
        self, hw, devices: Devices, step_max_ms: int, pv_rated_w: float = 0.0, curves: tuple = ()
    ) -> None:
        """Take lines from hw.stream and hw.serial, profiles from its store.

        ValueError for a profile that is not in the store, is damaged or is of another role.
        """
        self._hw = hw
        self._step_max_ms = step_max_ms
        self._curves = curves
        self.islanded = False
        self._ordered: list = []
        self.bound: list[Bound] = []
        self.buses = [self._bus(line, devices.on(line)) for line in devices.lines]
        self._named = {one.name: one for one in self.bound}
        self._commands = [one.device.commands for one in self.bound]
        self.parts = Parts(
            [one.part for one in self._of(roles.INVERTER)],
            [one.part for one in self._of(roles.BATTERY)],
            self._powers(roles.CHARGER),
            self._powers(roles.GENSET),
            pv_rated_w or ANY_W[1],
        )

    def can(self, name: str, do: str) -> bool:
        """Return whether a device of that name takes that command from outside now."""
        return self._takes(name, do) and not (self.islanded and self._named[name].role == roles.CHARGER)

    def order(self, name: str, do: str, to: float, now_ms: int, span_ms: int) -> None:
        """Lease a command to a device for span_ms; the device holds it within its own bounds.

        That it was ordered is remembered first: after a restart the device gets its safe value. OSError: it was not.
        """
        if [name, do] not in self._ordered:
            ordered = self._ordered + [[name, do]]
            self._hw.store.save(ORDERS, json.dumps(ordered).encode())
            self._ordered = ordered
        self._named[name].device.commands.ask(do, to, now_ms, span_ms)

    def restore(self, data: bytes) -> None:
        """Take up which commands were ordered before this start: their leases are over. ValueError if damaged."""
        if len(data) > ORDERS_MAX:
            raise ValueError("orders: too long")
        try:
            rows = json.loads(data)
        except RuntimeError:  # nested too deep
            rows = None
        if not isinstance(rows, list) or not all(_is_pair(row) for row in rows):
            raise ValueError("orders: not a list of pairs")
        for name, do in rows:
            if self._takes(name, do):
                self._ordered.append([name, do])
                self._named[name].device.commands.ask(do, 0.0, 0, 0)

    def _takes(self, name: str, do: str) -> bool:
        one = self._named.get(name)
        if one is None or one.role not in REMOTE or not one.part.control:
            return False
        return do in one.device.commands.safe

    def step(self, islanded: bool, now_ms: int) -> None:
        """Say that what is wished is wished now; an island ends what chargers were told, for it carries the load."""
        for bus in self.buses:
            bus.renew(now_ms)
        for commands in self._commands:
            commands.age(now_ms)
        if islanded and not self.islanded:
            for one in self._of(roles.CHARGER):
                one.device.commands.lapse(now_ms)
        self.islanded = islanded

    def told(self) -> list:
        """Return (name, role, readings, counts) of every device, for its message."""
        return [_told(member) for bus in self.buses for member in bus.members]

    def _of(self, role: str) -> list:
        return [one for one in self.bound if one.role == role]

    def _powers(self, role: str) -> list:
        """Return (power, whether the load CT sees it) of those that tell it; what does not is in the residual."""
        found = [one for one in self._of(role) if one.has_power]
        return [(one.device.readings["w"], one.behind_load_ct) for one in found]

    def _bus(self, line, entries: list) -> BusTask:
        hw = self._hw
        profiles = {entry.name: self._profile(entry) for entry in entries if entry.driver != SUNSPEC}
        client = self._spaced(self._client(line), entries, profiles)
        bound = [self._bind(client, entry, profiles) for entry in entries]
        self.bound += bound
        return BusTask(
            client,
            bound,
            None,
            True,
            hw.random,
            ticks_ms=None if hw.lockstep else hw.ticks_ms,
            safe=False,
            valid_ms=VALID_MS + 2 * self._step_max_ms,
        )

    def _spaced(self, client, entries: list, profiles: dict):
        """Return the client, with pauses for the units that need some."""
        gaps: dict = {}
        for entry in entries:
            declared_ms = profiles[entry.name]["gap_ms"] if entry.name in profiles else 0
            if entry.gap_ms or declared_ms:
                gaps[entry.unit] = max(entry.gap_ms, declared_ms, gaps.get(entry.unit, 0))
        if not gaps:
            return client
        from islet.drivers.bus_spacing import SpacedClient

        return SpacedClient(client, self._hw.ticks_ms, self._hw.sleep_ms, gaps)

    def _client(self, line):
        hw = self._hw
        if line.kind == RTU:
            from islet.drivers.modbus_rtu import ModbusRtu

            port = hw.serial(line.device, line.baud, line.parity, line.stop_bits)
            return ModbusRtu(port, latency_ms=line.latency_ms)
        from islet.drivers.modbus_tcp import ModbusTcp

        stream = hw.stream(line.host, line.port)
        return ModbusTcp(stream, line.gap_ms, hw.ticks_ms, hw.sleep_ms)

    def _profile(self, entry) -> dict:
        from islet.drivers import profile_table

        try:
            data = self._hw.store.load(PROFILE + entry.driver)
        except OSError:
            raise ValueError(
                "device %s: there is no file %s%s in the store" % (entry.name, PROFILE, entry.driver)
            ) from None
        try:
            profile = profile_table.load(data)
        except ValueError as error:
            raise ValueError(
                "device %s: %s%s: %s; `islet profiles compact` makes it"
                % (entry.name, PROFILE, entry.driver, error)
            ) from None
        if profile["role"] != entry.role:
            raise ValueError(
                "device %s: %s is a profile for the role %s, not %s"
                % (entry.name, entry.driver, profile["role"], entry.role)
            )
        return profile

    def _bind(self, client, entry, profiles: dict) -> Bound:
        part = Part(entry.rated_w, entry.capacity_wh, self._step_max_ms, entry.control, entry.forms)
        if entry.driver == SUNSPEC:
            curves = self._curves if entry.control else ()
            return Bound(entry, _sunspec(client, entry, curves), part)
        from islet.drivers.profile import ProfileDevice

        profile = profiles[entry.name]
        part.control = entry.control and bool(profile["do"])
        device = ProfileDevice(client, profile, entry.unit, entry.control, entry.rated_w)
        return Bound(entry, device, part, any(row[0] == "w" for row in profile["read"]))


def _is_pair(row) -> bool:
    return isinstance(row, list) and len(row) == 2 and all(isinstance(word, str) for word in row)


def _told(member) -> tuple:
    bound = member.device
    counts = {"polls": member.polls, "errors": member.errors}
    counts.update({"writes": bound.writes, "mismatches": bound.mismatches})
    return bound.name, bound.role, bound.device.readings, counts


def _sunspec(client, entry, curves: tuple):
    from islet.drivers.sunspec_roles import ROLES, open_device

    if entry.role in ROLES:
        base = entry.base or None  # 0: where SunSpec's maps begin
        return open_device(client, entry.unit, entry.role, entry.chain, base, entry.reversion_s, curves)
    raise ValueError("device %s: SunSpec has no models of a %s" % (entry.name, entry.role))
