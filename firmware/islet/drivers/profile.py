"""A device known by its profile: registers to the readings of a role, commands as leases with read-back.

Read-only until `enabled`, which a person sets: most profiles were written from documents, not at the device.
"""

from islet.base.clock import add_ms, elapsed_ms
from islet.base.reading import Reading
from islet.drivers import profile_types, roles
from islet.drivers.modbus import ModbusError
from islet.drivers.profile_command import Order
from islet.drivers.profile_span import spans
from islet.names import COMM, NOT_IMPLEMENTED, OK

_RATED = "rated_w"


class ProfileDevice:
    """Fills `readings` (and the image's quantities of its role), carries out `commands` while enabled."""

    own_curves = False  # it answers no voltage by itself

    def __init__(
        self, client, profile: dict, unit: int | None = None, enabled: bool = False, rated_w: float = 0.0
    ) -> None:
        """Profile is what profile_table.load returned; unit where it is not the profile's.

        rated_w bounds commands in watts, as the device's own rating does, for which it stands where that is not told;
        0: not known.
        """
        self.client = client
        self.name = profile["name"]
        self.role = profile["role"]
        self.unit = profile["unit"] if unit is None else unit
        self.enabled = enabled
        self.rated_w = rated_w
        self.gap_ms = profile["gap_ms"]
        self.readings = {name: Reading() for name in roles.readings(self.role)}
        self.commands = roles.Commands({row[0]: row[3] for row in profile["do"]})
        self._rows = profile["read"]
        self._names = {row[0] for row in self._rows}
        self._values: list = [None] * len(self._rows)
        self._qualities = [NOT_IMPLEMENTED] * len(self._rows)
        self._limits = (profile["most"], profile["hole"])
        self._spans: list = []
        self._orders = [Order(row) for row in profile["do"]]
        self._filled, self._asked = roles.binding(self.role)

    @property
    def writes(self) -> int:
        """Return how often the device was written."""
        return sum([order.writes for order in self._orders])

    @property
    def mismatches(self) -> int:
        """Return how often what was written did not read back."""
        return sum([order.mismatches for order in self._orders])

    async def start(self) -> None:
        """Plan the reads anew: a point refused on the last connection may be there now."""
        self.forget()
        self._spans = spans(self._rows, *self._limits)
        for name, reading in self.readings.items():
            if name not in self._names:
                reading.set(0.0, 0, NOT_IMPLEMENTED)

    async def poll(self, image, now_ms: int) -> None:
        """Read what is due; image may be None. What the device has not is NOT_IMPLEMENTED."""
        seen: set = set()
        i = 0
        while i < len(self._spans):
            span = self._spans[i]
            if span.due_ms is None or elapsed_ms(now_ms, span.due_ms) >= 0:
                if not await self._read(i, seen):
                    continue
                span.due_ms = add_ms(now_ms, span.period_ms)
            i += 1
        for name in seen:
            self._tell(name, now_ms)
        self._rest(now_ms)
        if image is not None:
            self._fill(image, seen, now_ms)

    def lose(self, image) -> None:
        """Lower the trust in what this device told: it does not answer."""
        for name in self._names:
            self.readings[name].degrade(COMM)
        if image is not None:
            for name, quantity in self._filled:
                if name in self._names:
                    getattr(image, quantity).degrade(COMM)
        for span in self._spans:
            span.due_ms = None
        self.forget()

    def forget(self) -> None:
        """Hold nothing for written any more: the next `apply` writes every command that was ever asked."""
        for order in self._orders:
            order.forget()

    async def apply(self, wishes, now_ms: int) -> None:
        """Write the commands that changed or must be renewed; wishes may be None, then `commands` alone count."""
        if not self.enabled:
            return
        if wishes is not None:
            for command, wish in self._asked:
                if command in self.commands.safe:
                    self.commands.ask(command, getattr(wishes, wish), now_ms)
        refused = None
        for order in self._orders:
            name = order.row[0]
            if self.commands.asked(name):
                value = self._bounded(order.row, self.commands.wanted(name, now_ms))
                try:
                    await order.carry_out(self.client, self.unit, value, self._rating(), now_ms)
                except (
                    ModbusError
                ) as error:  # one that is refused does not keep the other from its safe value
                    refused = refused or error
        if refused:
            raise refused

    async def _read(self, i: int, seen: set) -> bool:
        """Read span i; one refused for good is taken apart, a point refused alone dropped: then False."""
        span = self._spans[i]
        try:
            data = await self._fetch(span)
        except ModbusError as error:
            if not error.permanent():
                raise
            for at in span.rows:
                self._note(at, None, NOT_IMPLEMENTED, seen)
            self._spans[i : i + 1] = span.parts(self._rows)
            return False
        for at in span.rows:
            value, quality = profile_types.decode(self._rows[at], data, span.first)
            self._note(at, value, quality, seen)
        return True

    async def _fetch(self, span):
        if span.function <= 2:
            return await self.client.read_bits(self.unit, span.first, span.count, span.function)
        if span.function == 4:
            return await self.client.read_input(self.unit, span.first, span.count)
        return await self.client.read(self.unit, span.first, span.count)

    def _note(self, at: int, value, quality: int, seen: set) -> None:
        self._values[at] = value
        self._qualities[at] = quality
        seen.add(self._rows[at][0])

    def _tell(self, name: str, now_ms: int) -> None:
        """Add the rows of one reading; a row that is missing makes it unknown, unless it is optional."""
        total = None
        worst = OK
        for i, row in enumerate(self._rows):
            if row[0] != name:
                continue
            value, quality = self._values[i], self._qualities[i]
            if value is not None:
                total = value if total is None else total + value
            if quality != OK and not (row[9] and quality == NOT_IMPLEMENTED):
                worst = max(worst, quality)
        reading = self.readings[name]
        if total is None and worst == OK:  # optional rows alone, and none of them is there
            worst = NOT_IMPLEMENTED
        reading.set(total if worst == OK else reading.value, now_ms, worst)

    def _rest(self, now_ms: int) -> None:
        """Take a genset that stands still and tells no power for one of 0 W."""
        if self.role == roles.GENSET and "w" in self._names:
            power, running = self.readings["w"], self.readings["running"]
            if power.quality == NOT_IMPLEMENTED and running.quality == OK and not running.value:
                power.set(0.0, now_ms)

    def _fill(self, image, seen: set, now_ms: int) -> None:
        for name, quantity in self._filled:
            if name in seen:
                getattr(image, quantity).take(self.readings[name], now_ms)

    def _rating(self) -> float:
        """Return the device's rating, else the one it was given, 0 where neither is known."""
        told = self.readings.get(_RATED)  # not every role has one
        return told.value if told is not None and told.quality == OK and told.value > 0 else self.rated_w

    def _bounded(self, row: list, value: float) -> float:
        least, most = row[1], row[2]
        if row[0].endswith("_w"):
            for rated_w in (self.rated_w, self._rating()):
                if rated_w > 0:
                    least, most = max(least, -rated_w), min(most, rated_w)
        return min(max(value, least), most)
