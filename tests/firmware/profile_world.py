"""A device as a profile sees it: registers and bits by function, that may refuse, drop writes or fall silent."""

import errno
from struct import pack

from islet.drivers.modbus import ModbusError
from islet.drivers.profile import ProfileDevice


def row(
    name="w", function=4, address=0, kind="i16", size=1, little=0, mul=1, div=1, period_s=1, **more
) -> list:
    """Return a row of `read` as in profile_table."""
    return [
        name,
        function,
        address,
        kind,
        size,
        little,
        mul,
        div,
        period_s,
        more.get("optional", 0),
        more.get("missing", []),
        more.get("codes", []),
        more.get("shift", 0),
        more.get("mask", 0),
        more.get("tens", 0),
    ]


def write(
    function=16, address=100, kind="i16", little=0, mul=1, div=1, fixed=None, per_rated=0, **more
) -> list:
    """Return a write of a command as in profile_table, read back at its own place."""
    back = more.get("back", (1 if function == 5 else 3, address))
    return [function, address, kind, little, mul, div, fixed, per_rated, back[0], back[1]]


def table(rows: list, do: list | None = None, role: str = "meter", most: int = 60, hole: int = 0) -> dict:
    """Return a profile as profile_table.load does."""
    return {
        "v": 1,
        "name": "made",
        "role": role,
        "unit": 1,
        "most": most,
        "hole": hole,
        "gap_ms": 0,
        "read": rows,
        "do": do or [],
    }


class Client:
    """The firmware's client interface over dictionaries {(function, address): value}; another place is refused."""

    def __init__(self) -> None:
        self.held: dict = {}
        self.asked: list = []  # (function, address, count)
        self.written: list = []  # (function, address, values)
        self.code = 2
        self.silent = False
        self.drops = False
        self.fails_after = -1  # writes until the line is lost; -1: never

    def put(self, function: int, address: int, *words: int) -> None:
        """Let registers hold words."""
        for i, word in enumerate(words):
            self.held[function, address + i] = word

    async def read(self, unit: int, address: int, count: int) -> bytes:
        """As the client's."""
        return self._words(3, address, count)

    async def read_input(self, unit: int, address: int, count: int) -> bytes:
        """As the client's."""
        return self._words(4, address, count)

    async def read_bits(self, unit: int, address: int, count: int, function: int = 1) -> bytes:
        """As the client's."""
        data = bytearray((count + 7) // 8)
        for i, value in enumerate(self._found(function, address, count)):
            data[i >> 3] |= value << (i & 7)
        return bytes(data)

    def _words(self, function: int, address: int, count: int) -> bytes:
        return b"".join([pack(">H", word) for word in self._found(function, address, count)])

    def _found(self, function: int, address: int, count: int) -> list:
        if self.silent:
            raise OSError(errno.ETIMEDOUT)
        self.asked.append((function, address, count))
        places = [(function, address + i) for i in range(count)]
        if not all(place in self.held for place in places):
            raise ModbusError(self.code)
        return [self.held[place] for place in places]

    async def write(self, unit: int, address: int, values) -> None:
        """As the client's."""
        self._take(16, address, tuple(values))

    async def write_single(self, unit: int, address: int, value: int) -> None:
        """As the client's."""
        self._take(6, address, (value,))

    async def write_coil(self, unit: int, address: int, on: bool) -> None:
        """As the client's."""
        self._take(5, address, (1 if on else 0,))

    def _take(self, function: int, address: int, values: tuple) -> None:
        if self.silent or self.fails_after == 0:
            raise OSError(errno.ETIMEDOUT)
        self.fails_after -= 1
        self.written.append((function, address, values))
        if not self.drops:
            self.put(1 if function == 5 else 3, address, *values)


def run(coroutine) -> None:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise AssertionError("it waited")


def commanded(
    client: Client, do: list, role: str = "battery", rows=None, enabled: bool = True, rated_w: float = 0.0
) -> ProfileDevice:
    """Return a device that may be told what `do` says; by default a battery with a reading w."""
    client.put(4, 0, 0)
    device = ProfileDevice(client, table(rows or [row("w")], do, role), None, enabled, rated_w)
    run(device.start())
    return device


def power(*cases, reverts_s: int = 0, renew_s: int = 0, safe: float = 0, gap_s: int = 0) -> list:
    """Return the command power_w of 5000 W, written to register 100 unless cases say otherwise."""
    return [["power_w", -5000, 5000, safe, reverts_s, renew_s, gap_s, list(cases) or [[-5000, [write()]]]]]
