"""One bus with its devices: writes first, polls when due, and what a failing device costs is bounded."""

import errno

from islet.base.clock import add_ms, elapsed_ms
from islet.drivers.bus_budget import Budget, backoff_ms, is_due
from islet.drivers.bus_member import Member
from islet.drivers.modbus import ModbusError
from islet.drivers.setpoint import Validity

_TIMEOUTS_MAX = 3  # in a row, and nobody answers: then the connection is made anew


class BusTask:
    """Devices that share one Modbus client, between image, wishes and wire; awaits the transport only.

    A device has start, poll, apply, lose, forget, and may declare groups and gap_ms (see Member).
    With `ticks_ms` line time is measured: writes go before each read, a round ends with its first failure, and
    failing devices are tried within their Budget, as long as others answer. Without it no time passes in a round.
    With `valid_ms` the wishes are a lease: `renew` says that they still hold, and when nobody said so for that
    long, or a device was away for that long, the device is given what `safe` wishes, whatever timer it has.
    Before the first renewal nothing is written: a board that starts again leaves an island as it is.
    Image, wishes and safe wishes are only handed on to the devices.
    """

    def __init__(
        self,
        client,
        devices: list,
        image,
        wishes,
        random,
        period_ms: int = 1000,
        ticks_ms=None,
        safe=None,
        valid_ms: int = 0,
    ) -> None:
        """random.random() is in [0, 1); ticks_ms() wraps at 2**30; valid_ms 0: wishes hold for ever."""
        if valid_ms and safe is None:
            raise ValueError("wishes that lapse need safe ones")
        self.client = client
        self.members = [Member(device, period_ms) for device in devices]
        self.budget = Budget()
        self.connects = 0
        self.repeats = 0  # reads done again at once, because another device had disturbed them
        self.lapses = 0  # times that safe values took the place of wishes
        self._image = image
        self._wishes = wishes
        self._safe = safe
        self._validity = Validity(valid_ms)
        self._held = False  # whether the wishes did, at the last flush
        self._random = random
        self._ticks_ms = ticks_ms
        self._round_ms = 0
        self._round_ticks_ms = 0
        self._at = 0  # whose turn it is
        self._timeouts = 0
        self._disturbed = False  # the last exchange failed: its answer may still come
        self._connect_due_ms: int | None = None

    async def poll(self, now_ms: int) -> None:
        """Read each group that is due, connect and discover where needed; failures degrade quantities."""
        self._begin(now_ms)
        self.budget.owed_ms(now_ms)
        if not is_due(self._connect_due_ms, now_ms):
            return
        self._connect_due_ms = None
        if await self._serve(False):
            await self._serve(True)

    async def flush(self, now_ms: int) -> None:
        """Carry out the wishes, or the safe ones when they lapsed, on every device that answers."""
        self._begin(now_ms)
        await self._write()

    def renew(self, now_ms: int) -> None:
        """Say that the wishes are those of now; control does so after each step."""
        self._validity.renew(now_ms)

    def counters(self) -> dict:
        """Return polls, errors, writes, mismatches, connects, stale answers and more since boot, for the report."""
        total = {"polls": 0, "errors": 0, "writes": 0, "mismatches": 0}
        for member in self.members:
            total["polls"] += member.polls
            total["errors"] += member.errors
            total["writes"] += member.device.writes
            total["mismatches"] += member.device.mismatches
        total["connects"] = self.connects
        total["stale"] = self.client.discarded
        total["repeats"] = self.repeats
        total["lapses"] = self.lapses
        return total

    def _begin(self, now_ms: int) -> None:
        self._round_ms = now_ms
        if self._ticks_ms:
            self._round_ticks_ms = self._ticks_ms()

    def _now_ms(self) -> int:
        if not self._ticks_ms:
            return self._round_ms
        return add_ms(self._round_ms, elapsed_ms(self._ticks_ms(), self._round_ticks_ms))

    async def _serve(self, failing: bool) -> bool:
        """Poll the devices that answer or those that fail; return whether there is time for more."""
        for _ in range(len(self.members)):
            member = self.members[self._at]
            self._at = (self._at + 1) % len(self.members)
            if not self._turn(member, failing):
                continue
            if self._ticks_ms:
                await self._write()
                if not self._turn(member, failing):
                    continue
            if not await self._poll(member) and (self._ticks_ms or self._connect_due_ms is not None):
                return False
        return True

    def _turn(self, member: Member, failing: bool) -> bool:
        """Return whether to poll it now; a failing one waits while the others are owed time."""
        now_ms = self._now_ms()
        if (member.failures > 0) != failing or not member.due(now_ms):
            return False
        return not failing or not self.budget.owed_ms(now_ms) or not self._others(member)

    def _others(self, member: Member) -> bool:
        """Return whether another device of the line answers."""
        return any(other is not member and other.healthy() for other in self.members)

    async def _poll(self, member: Member) -> bool:
        """Read what is due; once more at once if another's late answer may have spoiled it."""
        for repeated in (False, True):
            start_ms, discarded = self._now_ms(), self.client.discarded
            if not self.client.connected and not await self._connect():
                return False
            try:
                await self._prepare(member, start_ms)
                await self._read(member)
                break
            except OSError as error:
                disturbed = self._disturbed or self.client.discarded != discarded
                refused = isinstance(error, ModbusError)
                if repeated or refused or not member.healthy() or not disturbed or not self._ticks_ms:
                    self._failed(member, error, start_ms)
                    return False
                self.repeats += 1
                self._charge(start_ms)
        self._charge_wait(start_ms)
        self._timeouts = 0
        self._disturbed = False
        member.answered(self._now_ms(), self._validity.span_ms)
        return True

    async def _connect(self) -> bool:
        """Connect; when that fails nobody can be asked, and the next try is for the whole line."""
        for member in self.members:
            member.ready = False
        try:
            await self.client.connect()
        except OSError:
            for member in self.members:
                member.device.lose(self._image)
                member.failed(None)
            failures = min([member.failures for member in self.members])
            self._connect_due_ms = add_ms(self._now_ms(), backoff_ms(failures, self._random))
            return False
        self.connects += 1
        return True

    async def _prepare(self, member: Member, start_ms: int) -> None:
        """Discover it on a new connection; that time too is lost to those who fail, if there are such."""
        if member.ready:
            return
        await member.device.start()
        member.ready = True
        member.all_due()
        if member.healthy():
            self._charge(start_ms)

    async def _read(self, member: Member) -> None:
        for group in member.groups:
            now_ms = self._now_ms()
            if is_due(group.due_ms, now_ms):
                await group.read(self._image, now_ms)
                group.done(now_ms)
                member.polls += 1
                if member.gap_ms:
                    return

    async def _write(self) -> None:
        if not self._validity.begun:
            return
        held = self._validity.live(self._now_ms())
        if self._held and not held:
            self.lapses += 1
        self._held = held
        for member in self.members:
            if self.client.connected and member.takes_writes(self._now_ms()):
                await self._apply(member, self._wishes if held and not member.lapsed else self._safe)

    async def _apply(self, member: Member, wishes) -> None:
        """Write; a refusal says nothing against what was read, so it only holds further writes back."""
        start_ms, mismatches = self._now_ms(), member.device.mismatches
        try:
            await member.device.apply(wishes, start_ms)
        except ModbusError:
            member.errors += 1
            member.device.forget()
            self._hold_back(member)
        except OSError as error:
            self._failed(member, error, start_ms)
        else:
            self._charge_wait(start_ms)
            if self._ticks_ms and member.device.mismatches != mismatches:
                self._hold_back(member)  # one that ignores writes must not take the line with them
            else:
                member.applied(self._now_ms())

    def _hold_back(self, member: Member) -> None:
        member.refusals += 1
        member.lapsed = False
        member.write_due_ms = add_ms(self._now_ms(), backoff_ms(member.refusals, self._random))

    def _failed(self, member: Member, error: OSError, start_ms: int) -> None:
        """Degrade and back off; silence of all makes a new connection, other failures a new discovery."""
        member.device.lose(self._image)
        member.failed(add_ms(self._now_ms(), backoff_ms(member.failures + 1, self._random)))
        self._disturbed = True
        self._charge(start_ms)
        if isinstance(error, ModbusError) or error.errno != errno.ETIMEDOUT:
            member.ready = False
            return
        self._timeouts += 1
        if self._timeouts >= _TIMEOUTS_MAX and not self._others(member):
            self._timeouts = 0
            self.client.close()

    def _charge_wait(self, start_ms: int) -> None:
        """Charge for the first exchange after a failure: it may have waited behind what that kept busy, a gateway."""
        if self._disturbed:
            self._charge(start_ms)

    def _charge(self, start_ms: int) -> None:
        """Charge failing devices for the time since start_ms, if it was taken from others."""
        now_ms = self._now_ms()
        answering = any(member.healthy() for member in self.members)
        if answering and any(member.failures for member in self.members):
            self.budget.charge(elapsed_ms(now_ms, start_ms), now_ms)
