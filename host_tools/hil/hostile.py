"""Hostile answers for the Modbus clients: transports that give what they are told, frames spoiled at random."""

import errno
import random
from collections.abc import Callable, Coroutine
from struct import pack
from typing import Any

from pymodbus.framer import FramerRTU

from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_client import ModbusClient

UNIT, ADDRESS, COUNT = 7, 0x9C40, 3
MOST_PIECE = 600  # bytes of one answer, more than any frame
Request = tuple[str, tuple[Any, ...], int, int]  # method, arguments, function, bytes of data or 0
REQUESTS: tuple[Request, ...] = (
    ("read", (UNIT, ADDRESS, COUNT), 3, 6),
    ("read_input", (UNIT, ADDRESS, COUNT), 4, 6),
    ("read_bits", (UNIT, ADDRESS, 11), 1, 2),
    ("read_bits", (UNIT, ADDRESS, 11, 2), 2, 2),
    ("read_write", (UNIT, ADDRESS, COUNT, 1, (1,)), 23, 6),
    ("write_coil", (UNIT, ADDRESS, True), 5, 0),
    ("write_single", (UNIT, ADDRESS, 2), 6, 0),
    ("write_bits", (UNIT, ADDRESS, (1, 0)), 15, 0),
    ("write", (UNIT, ADDRESS, (1, 2)), 16, 0),
    ("read", (UNIT, ADDRESS, 125), 3, 250),
)
ECHO = {5: 0xFF00, 6: 2, 15: 2, 16: 2}


class BoundError(Exception):
    """More bytes were asked for than a frame has."""


class Wire:
    """A transport of both kinds that has received these bytes, and never yields."""

    baud = 19200
    char_bits = 10

    def __init__(self, most: int) -> None:
        """most is the longest frame."""
        self.left = b""
        self.taken = b""  # since the last request
        self.most = most

    async def connect(self) -> None:
        """Be open."""

    def close(self) -> None:
        """Forget what came, as a new connection does."""
        self.left = b""

    async def quiet(self, _silence_us: int) -> int:
        """Drop all."""
        dropped, self.left = len(self.left), b""
        return dropped

    async def send(self, _buf: bytearray, n: int) -> None:
        """Take it; what was received is the answer."""
        if n > self.most:
            raise BoundError(f"{n} bytes sent")
        self.taken = b""

    def since_sent_us(self) -> int:
        """Return that no time passes."""
        return 0

    async def receive_into(self, buf: bytearray, n: int, *_limits: int) -> None:
        """Give n bytes, or fail as a stream does."""
        if not 0 < n <= len(buf) <= self.most:
            raise BoundError(f"{n} bytes wanted in {len(buf)}")
        if len(self.left) < n:
            code = errno.EIO if self.left else errno.ETIMEDOUT
            self.taken, self.left = self.taken + self.left, b""
            raise OSError(code, "silence")
        buf[:n] = self.left[:n]
        self.taken, self.left = self.taken + self.left[:n], self.left[n:]


class LateWire(Wire):
    """A line on which the bytes come after the request, so that the silence before it does not drop them."""

    coming = b""

    async def send(self, buf: bytearray, n: int) -> None:
        """Take it, and let the answer come."""
        await super().send(buf, n)
        self.left = self.coming


def run(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine that never waits, which is much quicker than a loop; BoundError when it waits."""
    try:
        work.send(None)
    except StopIteration as done:
        return done.value
    raise BoundError("it waited")


def right_pdu(request: Request, data: bytes = b"") -> bytes:
    """Return the right answer to one of the requests, padded with zeros."""
    _, _, function, size = request
    if size:
        return bytes([function, size]) + (data + bytes(size))[:size]
    return pack(">BHH", function, ADDRESS, ECHO[function])


def ask(client: ModbusClient, request: Request) -> bytes | None:
    """Return the data answered, b"" for a write, None for an error that is permitted: OSError, ValueError."""
    name, arguments, _, size = request
    try:
        data = run(getattr(client, name)(*arguments))
    except ModbusError as error:
        if not 0 <= error.code <= 255:
            raise BoundError(f"exception code {error.code}") from error
        return None
    except (OSError, ValueError):
        return None
    return bytes(data[:size]) if size else b""


def rtu_frame(body: bytes, wrong: int = 0) -> bytes:
    """Return unit and PDU with pymodbus's CRC, changed by these bits."""
    return body + (FramerRTU.compute_CRC(body) ^ wrong).to_bytes(2, "big")


class Mutator:
    """Spoils bytes, and knows earlier ones to splice with; the same seed gives the same bytes."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self._earlier = b"\x03\x02\x12\x34"
        self._ways: tuple[Callable[[bytearray], bytearray], ...] = (
            self._flip, self._set, self._cut, self._extend, self._double, self._splice, self._lose, self._noise,
        )  # fmt: skip

    def spoiled(self, data: bytes) -> bytes:
        """Return bytes changed in none to four ways, at most MOST_PIECE of them."""
        changed = bytearray(data)
        for _ in range(self.random.choice((0, 1, 1, 1, 2, 4))):
            changed = self.random.choice(self._ways)(changed)
        self._earlier = data
        return bytes(changed[:MOST_PIECE])

    def _place(self, data: bytearray) -> int:
        return min(
            int(self.random.expovariate(0.2)), max(len(data) - 1, 0)
        )  # the head more often than the rest

    def _flip(self, data: bytearray) -> bytearray:
        if data:
            data[self._place(data)] ^= 1 << self.random.randrange(8)
        return data

    def _set(self, data: bytearray) -> bytearray:
        if data:
            data[self._place(data)] = self.random.choice((0, 1, 2, 0x7F, 0x80, 0xFD, 0xFF))
        return data

    def _cut(self, data: bytearray) -> bytearray:
        return data[: self.random.randrange(len(data) + 1)]

    def _extend(self, data: bytearray) -> bytearray:
        return data + self.random.randbytes(self.random.choice((1, 2, 8, 250, 300)))

    def _double(self, data: bytearray) -> bytearray:
        return data + data

    def _splice(self, data: bytearray) -> bytearray:
        return data[: self._place(data)] + self._earlier

    def _lose(self, data: bytearray) -> bytearray:
        at = self._place(data)
        return data[:at] + data[at + 1 :]

    def _noise(self, _data: bytearray) -> bytearray:
        return bytearray(self.random.randbytes(self.random.randrange(40)))
