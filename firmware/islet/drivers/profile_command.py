"""A command of a profile on its way to the device: encoded, written, read back, and again when it must be."""

from islet.base.clock import add_ms, elapsed_ms
from islet.drivers import profile_types
from islet.drivers.setpoint import Setpoint

_RESOLUTIONS = (("_w", 5.0), ("_a", 0.05))  # below that a command is the same; codes differ by 1
_REST_MS = (
    10_000  # before a command that did not read back is written again: many devices write it to a flash
)


class Order:
    """A row of `do` as in profile_table, and what the device holds of it."""

    def __init__(self, row: list) -> None:
        self.row = row
        self.writes = 0
        self.mismatches = 0
        self._setpoint = Setpoint(_resolution(row[0]), _lease_ms(row))
        self._refused = 0.0
        self._until_ms: int | None = None  # it did not read back: not the same again before then
        self._free_ms: int | None = None  # the device bears no other write before then

    def forget(self) -> None:
        """Hold nothing for written any more."""
        self._setpoint.forget()
        self._until_ms = None

    async def carry_out(self, client, unit: int, value: float, rated_w: float, now_ms: int) -> None:
        """Write the value if it changed or must be renewed; rated_w 0: not known. Errors are the client's."""
        if not self._due(value, now_ms):
            return
        writes = _case(self.row[7], value)
        raws = [_encode(write, value, rated_w) for write in writes]
        if None in raws:
            return
        self.forget()  # whatever interrupts the writes, the device then holds nobody knows what
        if self.row[6]:
            self._free_ms = add_ms(now_ms, 1000 * self.row[6])
        for i, write in enumerate(writes):
            self.writes += 1
            await _send(client, unit, write, raws[i])
        for i, write in enumerate(writes):
            if write[8] and await _held(client, unit, write) != raws[i]:
                self.mismatches += 1
                self._refused = value
                self._until_ms = add_ms(now_ms, _REST_MS)
                return
        self._setpoint.renew(value, now_ms)

    def _due(self, value: float, now_ms: int) -> bool:
        if self._free_ms is not None:
            left_ms = elapsed_ms(self._free_ms, now_ms)
            if 0 < left_ms <= 1000 * self.row[6]:  # more is a tick that wrapped while the device was away
                return False
            self._free_ms = None
        if self._until_ms is not None:
            if value == self._refused and elapsed_ms(now_ms, self._until_ms) < 0:
                return False
            self._until_ms = None
        return self._setpoint.expiring(now_ms) or self._setpoint.changed(value)


def _encode(write: list, value: float, rated_w: float):
    """Return the register's value; None for a share of a rating that is not known."""
    if write[6] is not None:
        return write[6]
    if write[7]:
        if rated_w <= 0:
            return None
        value /= rated_w
    if write[2] == profile_types.BIT:
        return 1 if value >= 0.5 else 0
    return profile_types.encode(value, write[2], write[4], write[5])


async def _send(client, unit: int, write: list, raw: int) -> None:
    function, address, kind, little = write[:4]
    if function == 5:
        await client.write_coil(unit, address, raw != 0)
    elif function == 6:
        await client.write_single(unit, address, raw)
    else:
        await client.write(unit, address, profile_types.split(raw, profile_types.size_of(kind), little))


async def _held(client, unit: int, write: list) -> int:
    """Return what the device holds where a write is read back."""
    function, address = write[8], write[9]
    if function == 1:
        return profile_types.bit(await client.read_bits(unit, address, 1, 1), 0)
    size = profile_types.size_of(write[2])
    read = client.read_input if function == 4 else client.read
    return profile_types.join(await read(unit, address, size), 0, size, write[3])


def _case(cases: list, value: float) -> list:
    """Return the writes of the last case that the value reaches, of the first where it reaches none."""
    chosen = cases[0][1]
    for least, writes in cases:
        if value >= least:
            chosen = writes
    return chosen


def _resolution(name: str) -> float:
    for ending, resolution in _RESOLUTIONS:
        if name.endswith(ending):
            return resolution
    return 0.5


def _lease_ms(row: list) -> int:
    """Return the lease whose half is when to write again; 0 where the device keeps a value for ever."""
    spans_ms = [span_ms for span_ms in (1000 * row[4], 2000 * row[5]) if span_ms]
    return min(spans_ms) if spans_ms else 0
