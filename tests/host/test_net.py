"""The TCP stream of the boards against peers that refuse, fall silent, stop half-way, close or babble."""

import asyncio
import errno
import subprocess
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from struct import pack

import pytest

from hal.net import TcpStream
from islet.drivers.modbus_tcp import ModbusTcp

ROOT = Path(__file__).parents[2]
ANSWER = pack(">HHHBBBH", 1, 0, 5, 1, 3, 2, 0x1234)  # transaction 1, unit 1: one register

Peer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1000)
    await reader.read()
    writer.close()


def _sending(*pieces: bytes, close: bool = False) -> Peer:
    """Return a peer that waits for a request, then sends pieces 20 ms apart."""

    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(12)
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0.02)
        if not close:
            await reader.read()
        writer.close()

    return peer


async def _ask(peer: Peer, timeout_ms: int = 300) -> tuple[ModbusTcp, object]:
    server = await asyncio.start_server(peer, "127.0.0.1", 0)
    client = ModbusTcp(TcpStream("127.0.0.1", server.sockets[0].getsockname()[1], _ticks_ms, timeout_ms))
    await client.connect()
    try:
        result: object = bytes((await client.read(1, 40000, 1))[:2])
    except OSError as error:
        result = error.errno
    connected = client.connected
    client.close()
    server.close()
    client.connected = connected
    return client, result


async def test_an_answer_in_pieces() -> None:
    client, result = await _ask(_sending(ANSWER[:3], ANSWER[3:10], ANSWER[10:]))
    assert result == b"\x12\x34"
    assert client.connected


async def test_a_late_answer_then_the_right_one_in_one_piece() -> None:
    late = pack(">HHHBBBH", 0, 0, 5, 1, 3, 2, 0xDEAD)
    client, result = await _ask(_sending(late + ANSWER))
    assert result == b"\x12\x34"
    assert client.discarded == 1


async def test_silence_is_a_time_out_within_its_deadline() -> None:
    start = time.monotonic()
    client, result = await _ask(_silent, timeout_ms=200)
    assert result == errno.ETIMEDOUT
    assert 0.19 <= time.monotonic() - start < 1.5
    assert client.connected


@pytest.mark.parametrize("length", [4, 9, 10])
async def test_half_an_answer_closes(length: int) -> None:
    client, result = await _ask(_sending(ANSWER[:length]))
    assert result in (errno.EIO, errno.ETIMEDOUT)
    assert not client.connected


async def test_a_peer_that_closes() -> None:
    client, result = await _ask(_sending(close=True))
    assert result == errno.ECONNRESET
    assert not client.connected


async def test_garbage_and_oversize_close() -> None:
    for rubbish in (b"HTTP/1.1 400 Bad Request\r\n\r\n", pack(">HHHB", 1, 0, 0xFFFF, 1) + bytes(70_000)):
        client, result = await _ask(_sending(rubbish))
        assert result == errno.EIO
        assert not client.connected


async def test_nobody_listens() -> None:
    server = await asyncio.start_server(_silent, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    with pytest.raises(ConnectionRefusedError):
        await TcpStream("127.0.0.1", port, _ticks_ms, 300).connect()


async def test_use_before_connect() -> None:
    stream = TcpStream("127.0.0.1", 1, _ticks_ms)
    stream.close()
    for work in (stream.send(bytearray(1), 1), stream.receive_into(bytearray(1), 1)):
        with pytest.raises(OSError, match="not connected"):
            await work


_SCRIPT = """
import asyncio, errno, sys, time
from hal.net import TcpStream
from islet.drivers.modbus_tcp import ModbusTcp
blocking = sys.argv[1] == "blocking"
async def ask(port):
    client = ModbusTcp(TcpStream("127.0.0.1", port, time.ticks_ms, 300, blocking))
    try:
        await client.connect()
        result = bytes((await client.read(1, 40000, 1))[:2])
    except OSError as error:
        result = errno.errorcode[error.errno]
    print(result, client.connected)
    client.close()
for port in sys.argv[2:]:
    asyncio.run(ask(int(port)))
"""


@pytest.mark.needs("micropython")
@pytest.mark.parametrize("manner", ["blocking", "sleeping"])
async def test_the_same_on_micropython(manner: str, tmp_path: Path, program: Callable[[str], str]) -> None:
    script = tmp_path / "ask.py"
    script.write_text(_SCRIPT)
    peers = (
        _sending(ANSWER[:3], ANSWER[3:10], ANSWER[10:]),
        _silent,
        _sending(ANSWER[:4]),
        _sending(close=True),
        _sending(b"garbage, garbage"),
        _silent,
    )
    servers = [await asyncio.start_server(peer, "127.0.0.1", 0) for peer in peers]
    ports = [str(server.sockets[0].getsockname()[1]) for server in servers]
    servers[-1].close()  # nobody listens there
    await servers[-1].wait_closed()
    process = await asyncio.create_subprocess_exec(
        program("micropython"),
        str(script),
        manner,
        *ports,
        env={"MICROPYPATH": f".frozen:{ROOT}/firmware:{ROOT}/boards"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    for server in servers:
        server.close()
    assert output.decode().splitlines() == [
        "b'\\x124' True",
        "ETIMEDOUT True",
        "EIO False",
        "ECONNRESET False",
        "EIO False",
        "ECONNREFUSED False",
    ]
