"""A line in virtual time: units that answer after a turn, are silent, or spoil it; the ticks wrap on the way."""

import asyncio
import errno
from array import array

from islet.base.clock import add_ms
from islet.drivers.bus import BusTask
from islet.drivers.modbus import ModbusError

START_MS = (1 << 30) - 5000  # five seconds before the ticks wrap
TURN_MS = 20
LOGGED = 20
SILENT, LATE, FOREIGN, REFUSES = "silent", "late", "foreign", "refuses"


class Always:
    """A random source that gives one number."""

    def __init__(self, value: float = 0.5) -> None:
        self.value = value

    def random(self) -> float:
        return self.value


class Line:
    """A Modbus client: `at_ms` since the start is the time, `log` the last requests (at_ms, unit, verb)."""

    def __init__(self, timeout_ms: int = 1000) -> None:
        self.at_ms = 0
        self.log = []
        self._times = {}  # (unit, verb) -> at_ms of all requests
        self.faults = {}  # unit -> what is wrong with it
        self.timeout_ms = timeout_ms
        self.connected = False
        self.reachable = True
        self.connects = 0
        self.discarded = 0
        self.late = False  # an answer that nobody waits for is on its way

    def ticks_ms(self) -> int:
        return add_ms(START_MS, self.at_ms)

    async def sleep_ms(self, span_ms: int) -> None:
        self.at_ms += span_ms

    async def connect(self) -> None:
        self.connects += 1
        self.at_ms += TURN_MS
        if not self.reachable:
            raise OSError(errno.ECONNREFUSED, "nobody there")
        self.connected = True

    def close(self) -> None:
        self.connected = False

    async def read(self, unit: int, address: int, count: int):
        self.ask(unit, "read")

    async def write(self, unit: int, address: int, values: list) -> None:
        self.ask(unit, "write")

    def ask(self, unit: int, verb: str) -> None:
        self.log.append((self.at_ms, unit, verb))
        if len(self.log) > LOGGED:
            self.log.pop(0)
        self._times.setdefault((unit, verb), array("i")).append(self.at_ms)
        fault = self.faults.get(unit)
        if not self.reachable:
            self.close()
            raise OSError(errno.ECONNRESET, "gone")
        if fault in (SILENT, LATE) or self.late:  # the late answer collides with the next request
            self.late = fault == LATE
            self.at_ms += self.timeout_ms
            raise OSError(errno.ETIMEDOUT, "silent")
        self.at_ms += TURN_MS
        if fault == FOREIGN:
            self.close()
            raise OSError(errno.EIO, "another unit answered")
        if fault == REFUSES:
            raise ModbusError(4)

    def times(self, unit: int, verb: str = "read") -> list:
        return list(self._times.get((unit, verb), ()))


class Device:
    """One request a poll; `starts` requests to discover it; writes `wishes.value` when it holds another."""

    def __init__(self, line, unit: int, starts: int = 1) -> None:
        self.line = line
        self.unit = unit
        self.starts = starts
        self.held = None
        self.known = None
        self.written = []  # (at_ms, value)
        self.lost = 0
        self.writes = 0
        self.mismatches = 0
        self.deaf = False  # takes writes and ignores them

    async def start(self) -> None:
        for _ in range(self.starts):
            await self.line.read(self.unit, 0, 1)

    async def poll(self, image, now_ms: int) -> None:
        await self.line.read(self.unit, 0, 1)

    async def apply(self, wishes, now_ms: int) -> None:
        if wishes.value == self.known:
            return
        at_ms = self.line.at_ms
        await self.line.write(self.unit, 0, [wishes.value])
        self.writes += 1
        self.written.append((at_ms, wishes.value))
        if self.deaf:
            self.mismatches += 1
            return
        self.held = self.known = wishes.value

    def lose(self, image) -> None:
        self.lost += 1
        self.forget()

    def forget(self) -> None:
        self.known = None


class Grouped(Device):
    """A device with three groups of points; `seen[i]` has the times at which group i was read."""

    periods_ms = (500, 10_000, 3_600_000)

    def __init__(self, line, unit: int) -> None:
        super().__init__(line, unit)
        self.seen = [[], [], []]

    def groups(self) -> tuple:
        return tuple((period_ms, self.reader(i)) for i, period_ms in enumerate(self.periods_ms))

    def reader(self, i: int):
        async def read(image, now_ms: int) -> None:
            self.seen[i].append(self.line.at_ms)
            await self.line.read(self.unit, i, 1)

        return read


class Wanted:
    """Wishes of one value."""

    def __init__(self, value: int) -> None:
        self.value = value


def make_bus(line: Line, devices: list, period_ms: int = 20, random=None, **options) -> BusTask:
    """Return a bus task of devices that measures the line's time."""
    options.setdefault("ticks_ms", line.ticks_ms)
    wishes = options.pop("wishes", Wanted(7))
    return BusTask(line, devices, None, wishes, random or Always(), period_ms, **options)


def run(bus: BusTask, line, until_ms: int, pause_ms: int = 0, each=None) -> None:
    """Poll and flush until a time, with a pause between the rounds; a round in which nothing is due takes 10 ms."""

    async def rounds() -> None:
        while line.at_ms < until_ms:
            before_ms = line.at_ms
            if each is not None:
                each(line)
            await bus.poll(line.ticks_ms())
            await bus.flush(line.ticks_ms())
            line.at_ms += pause_ms or (10 if line.at_ms == before_ms else 0)

    asyncio.run(rounds())


def spaces(times: list) -> list:
    """Return the spans between times."""
    return [times[i + 1] - times[i] for i in range(len(times) - 1)]
