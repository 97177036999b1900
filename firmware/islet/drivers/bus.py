"""One bus with its devices: polls when due, writes when needed, backs off a device that does not answer."""

import errno

from islet.base.clock import add_ms, elapsed_ms
from islet.drivers.modbus import ModbusError

BACKOFF_MS = 500  # after the first failure, doubling
BACKOFF_MAX_MS = 60_000
_TIMEOUTS_MAX = 3  # in a row, of whichever device: then the connection is made anew


class Member:
    """One device on a bus: when it is due, and how it fares."""

    def __init__(self, device, period_ms: int) -> None:
        self.device = device
        self.period_ms = period_ms
        self.polls = 0
        self.errors = 0
        self.failures = 0  # in a row
        self.refusals = 0  # of writes, in a row
        self.ready = False  # discovered on this connection
        self.due_ms: int | None = None  # None: at once
        self.write_due_ms: int | None = None


class BusTask:
    """Devices that share one Modbus client, between image, wishes and wire; awaits the transport only."""

    def __init__(self, client, devices: list, image, wishes, random, period_ms: int = 1000) -> None:
        """Devices have start, poll, apply, lose, forget; random.random() is in [0, 1), for jitter."""
        self.client = client
        self.members = [Member(device, period_ms) for device in devices]
        self.connects = 0
        self._image = image
        self._wishes = wishes
        self._random = random
        self._timeouts = 0

    async def poll(self, now_ms: int) -> None:
        """Poll each device that is due, connect and discover where needed; failures degrade quantities."""
        for member in self.members:
            if _is_due(member.due_ms, now_ms):
                await self._poll(member, now_ms)

    async def flush(self, now_ms: int) -> None:
        """Carry out the wishes on every device that answers."""
        for member in self.members:
            answers = self.client.connected and member.ready and not member.failures
            if answers and _is_due(member.write_due_ms, now_ms):
                await self._apply(member, now_ms)

    def counters(self) -> dict:
        """Return polls, errors, writes, mismatches, connects and stale answers since boot, for the report."""
        total = {"polls": 0, "errors": 0, "writes": 0, "mismatches": 0}
        for member in self.members:
            total["polls"] += member.polls
            total["errors"] += member.errors
            total["writes"] += member.device.writes
            total["mismatches"] += member.device.mismatches
        total["connects"] = self.connects
        total["stale"] = self.client.discarded
        return total

    async def _poll(self, member: Member, now_ms: int) -> None:
        try:
            await self._prepare(member)
            await member.device.poll(self._image, now_ms)
        except OSError as error:
            self._failed(member, error, now_ms)
            return
        member.polls += 1
        member.failures = 0
        self._timeouts = 0
        member.due_ms = add_ms(now_ms, member.period_ms)

    async def _apply(self, member: Member, now_ms: int) -> None:
        """Write; a refusal says nothing against what was read, so it only holds further writes back."""
        try:
            await member.device.apply(self._wishes, now_ms)
        except ModbusError:
            member.errors += 1
            member.refusals += 1
            member.device.forget()
            member.write_due_ms = add_ms(now_ms, self._backoff_ms(member.refusals))
        except OSError as error:
            self._failed(member, error, now_ms)
        else:
            member.refusals = 0
            member.write_due_ms = None

    async def _prepare(self, member: Member) -> None:
        if not self.client.connected:
            for other in self.members:
                other.ready = False
            await self.client.connect()
            self.connects += 1
        if not member.ready:
            await member.device.start()
            member.ready = True

    def _failed(self, member: Member, error: OSError, now_ms: int) -> None:
        """Degrade and back off; time-outs in a row make a new connection, other failures a new discovery."""
        member.device.lose(self._image)
        member.errors += 1
        member.failures += 1
        member.due_ms = add_ms(now_ms, self._backoff_ms(member.failures))
        if isinstance(error, ModbusError):
            member.ready = False
        elif error.errno == errno.ETIMEDOUT:
            self._timeouts += 1
            if self._timeouts >= _TIMEOUTS_MAX:
                self._timeouts = 0
                self.client.close()
        else:
            member.ready = False

    def _backoff_ms(self, failures: int) -> int:
        """Return 50 to 100 % of a pause that doubles with each failure up to its bound."""
        pause_ms = min(BACKOFF_MS << min(failures - 1, 7), BACKOFF_MAX_MS)
        return pause_ms // 2 + int(self._random.random() * (pause_ms // 2))


def _is_due(due_ms: int | None, now_ms: int) -> bool:
    return due_ms is None or elapsed_ms(now_ms, due_ms) >= 0
