"""A proxy between a Modbus TCP client and its server that spoils answers at frame level, request by request."""

import asyncio
import random
import socket
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import pack, unpack_from

from host_tools.hil.side import Listener

_MBAP = 7  # transaction, protocol, length, unit
_ERROR_FLAG = 0x80
_GAP_S = 0.001  # between the bytes of an answer that dribbles
_NO_LINGER = pack("ii", 1, 0)  # makes a close a reset
_GARBAGE_BYTES = 32


@dataclass(frozen=True)
class Reply:
    """What the client gets: pieces now, what was held back before the next answer, and how it ends."""

    pieces: tuple[bytes, ...] = ()
    held: bytes = b""
    gap_s: float = 0.0  # before each piece
    closes: bool = False
    resets: bool = False


@dataclass(frozen=True)
class Fault:
    """From (request, answer) to what the client gets; a request that is not forwarded has no answer."""

    name: str
    reply: Callable[[bytes, bytes], Reply]
    forwards: bool = True

    def __str__(self) -> str:
        """Return the name, for the ids of tests."""
        return self.name


def whole() -> Fault:
    """Return what is no fault: the answer as it came."""
    return Fault("whole", lambda _, answer: Reply((answer,)))


def cut(count: int = 1) -> Fault:
    """Return truncation: the last bytes never come, the length says that they do."""
    return Fault("cut", lambda _, answer: Reply((answer[:-count],)))


def shortened(count: int = 1) -> Fault:
    """Return truncation before the frame was made: its length fits, its content lacks the last bytes."""
    return Fault("shortened", lambda _, answer: Reply((_frame(answer, answer[_MBAP:-count]),)))


def late() -> Fault:
    """Return an answer that comes after the client gave up: with its old id, before the next answer."""
    return Fault("late", lambda _, answer: Reply(held=answer))


def stale(value: int = 0xDEAD) -> Fault:
    """Return an answer like the right one, but with another id and registers, and then the right one."""

    def reply(request: bytes, answer: bytes) -> Reply:
        other = (unpack_from(">H", answer)[0] - 1) & 0xFFFF
        return Reply((pack(">H", other) + _altered(answer, value)[2:] + answer,))

    return Fault("stale", reply)


def doubled() -> Fault:
    """Return the answer twice in one piece."""
    return Fault("doubled", lambda _, answer: Reply((answer + answer,)))


def wrong_unit(value: int = 0xDEAD) -> Fault:
    """Return an answer of the next unit with registers of its own."""

    def reply(request: bytes, answer: bytes) -> Reply:
        other = bytes([(answer[_MBAP - 1] + 1) & 0xFF])
        return Reply((answer[: _MBAP - 1] + other + _altered(answer, value)[_MBAP:],))

    return Fault("wrong_unit", reply)


def wrong_function() -> Fault:
    """Return an answer to another function: that of input registers."""
    return Fault("wrong_function", lambda _, answer: Reply((answer[:_MBAP] + b"\x04" + answer[_MBAP + 1 :],)))


def refused(code: int) -> Fault:
    """Return an exception of this code (0..255); the server never sees the request."""

    def reply(request: bytes, _: bytes) -> Reply:
        return Reply((_frame(request, bytes([request[_MBAP] | _ERROR_FLAG, code])),))

    return Fault(f"refused_{code}", reply, forwards=False)


def silent() -> Fault:
    """Return silence; the server has carried out the request."""
    return Fault("silent", lambda _, __: Reply())


def reset() -> Fault:
    """Return a connection that is reset in place of an answer."""
    return Fault("reset", lambda _, __: Reply(resets=True))


def closed() -> Fault:
    """Return a connection that is closed in the middle of the answer."""
    return Fault("closed", lambda _, answer: Reply((answer[: len(answer) // 2],), closes=True))


def split(gap_s: float = _GAP_S) -> Fault:
    """Return the answer in single bytes."""
    return Fault("split", lambda _, answer: Reply(tuple(bytes([one]) for one in answer), gap_s=gap_s))


def delayed(delay_s: float) -> Fault:
    """Return the answer after a while."""
    return Fault("delayed", lambda _, answer: Reply((answer,), gap_s=delay_s))


def garbage(seed: int = 1) -> Fault:
    """Return bytes that are no frame: neither the id nor the protocol of Modbus is in them."""
    noise = bytes(random.Random(seed).choices(range(1, 256), k=_GARBAGE_BYTES))
    return Fault("garbage", lambda _, __: Reply((noise,)))


def _frame(like: bytes, pdu: bytes) -> bytes:
    """Return a frame with the id and unit of another."""
    return like[:4] + pack(">H", len(pdu) + 1) + like[_MBAP - 1 : _MBAP] + pdu


def _altered(answer: bytes, value: int) -> bytes:
    """Return an answer to a read with all its registers changed to a value."""
    return answer[: _MBAP + 2] + pack(">H", value) * ((len(answer) - _MBAP - 2) // 2)


class FaultProxy(Listener):
    """Listens on loopback, asks the real server in the client's place, and spoils answers by a script.

    `script` holds the faults of the next requests, one each; when it is empty answers pass as they are.
    """

    def __init__(self, port: int, script: Iterable[Fault] = ()) -> None:
        """port is that of the server on 127.0.0.1."""
        super().__init__()
        self.script: deque[Fault] = deque(script)
        self.requests: list[bytes] = []
        self.connections = 0
        self._server_port = port

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Relay one connection over one of its own to the server."""
        self.connections += 1
        upstream = await asyncio.open_connection("127.0.0.1", self._server_port)
        try:
            await self._relay(reader, writer, *upstream)
        finally:
            upstream[1].close()

    async def _relay(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        held = b""
        while True:
            request = await _receive(reader)
            self.requests.append(request)
            fault = self.script.popleft() if self.script else whole()
            answer = b""
            if fault.forwards:
                to_server.write(request)
                answer = await _receive(from_server)
            reply = fault.reply(request, answer)
            if held:
                writer.write(held)
            held = reply.held
            await _send(writer, reply)
            if reply.closes or reply.resets:
                return


async def _receive(reader: asyncio.StreamReader) -> bytes:
    """Return one frame; IncompleteReadError at the end of the stream."""
    head = await reader.readexactly(_MBAP)
    return head + await reader.readexactly(unpack_from(">H", head, 4)[0] - 1)


async def _send(writer: asyncio.StreamWriter, reply: Reply) -> None:
    for piece in reply.pieces:
        if reply.gap_s:
            await asyncio.sleep(reply.gap_s)
        writer.write(piece)
        await writer.drain()
    if reply.resets:
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        writer.transport.abort()
