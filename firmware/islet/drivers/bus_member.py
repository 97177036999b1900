"""One device on a bus: its groups of points with their periods, when it is due, and how it fares."""

from islet.base.clock import add_ms, elapsed_ms
from islet.drivers.bus_budget import is_due


class Group:
    """Points of a device that are read together: `read(image, now_ms)` every period_ms (below 2**29)."""

    def __init__(self, period_ms: int, read, strict: bool) -> None:
        """A strict group keeps to its grid of ticks, so that a delay costs it nothing; else it counts anew."""
        self.period_ms = period_ms
        self.read = read
        self.due_ms: int | None = None  # None: at once
        self._strict = strict

    def done(self, now_ms: int) -> None:
        """Note a reading at now_ms."""
        late_ms = 0 if self.due_ms is None or not self._strict else elapsed_ms(now_ms, self.due_ms)
        self.due_ms = add_ms(now_ms, self.period_ms - (late_ms if 0 <= late_ms < self.period_ms else 0))


class Member:
    """A device, which may declare `groups()` -> ((period_ms, read), ...) and `gap_ms` between its requests."""

    def __init__(self, device, period_ms: int) -> None:
        """Without a declaration device.poll is called every period_ms; ValueError for a period out of bounds."""
        strict = hasattr(device, "groups")
        rows = device.groups() if strict else ((period_ms, device.poll),)
        if not all(0 < row[0] < 1 << 29 for row in rows):
            raise ValueError("period out of bounds")
        self.device = device
        self.groups = [Group(row[0], row[1], strict) for row in rows]
        self.gap_ms = getattr(device, "gap_ms", 0)
        self.polls = 0  # groups read
        self.errors = 0
        self.failures = 0  # in a row
        self.refusals = 0  # of writes, in a row
        self.ready = False  # discovered on this connection
        self.lapsed = False  # away for longer than a wish is valid: the safe value goes first
        self.retry_ms: int | None = None  # not before; None: at once
        self.write_due_ms: int | None = None
        self._applied_ms: int | None = None

    def healthy(self) -> bool:
        """Return whether the device has answered, and has not failed since."""
        return self.polls > 0 and not self.failures

    def due(self, now_ms: int) -> bool:
        """Return whether a group is due, and the device neither backs off nor rests."""
        if not is_due(self.retry_ms, now_ms):
            return False
        self.retry_ms = None
        return any(is_due(group.due_ms, now_ms) for group in self.groups)

    def takes_writes(self, now_ms: int) -> bool:
        """Return whether the device answers and no refusal holds writes back."""
        return self.ready and not self.failures and is_due(self.write_due_ms, now_ms)

    def answered(self, now_ms: int, valid_ms: int) -> None:
        """Note that all went well; after an outage of valid_ms (0: for ever) the command has lapsed."""
        if self.failures and valid_ms and self._applied_ms is not None:
            self.lapsed = self.lapsed or not 0 <= elapsed_ms(now_ms, self._applied_ms) < valid_ms
        self.failures = 0
        if self.gap_ms:
            self.retry_ms = add_ms(now_ms, self.gap_ms)

    def failed(self, retry_ms: int | None) -> None:
        """Note a failure; the device is left alone until retry_ms, then everything is read anew."""
        self.errors += 1
        self.failures += 1
        self.retry_ms = retry_ms
        self.write_due_ms = None
        self.all_due()

    def all_due(self) -> None:
        """Let every group be read at the next occasion."""
        for group in self.groups:
            group.due_ms = None

    def applied(self, now_ms: int) -> None:
        """Note that the device took what it was to hold."""
        self.refusals = 0
        self.lapsed = False
        self.write_due_ms = None
        self._applied_ms = now_ms
