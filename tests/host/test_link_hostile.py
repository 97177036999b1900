"""The link against brokers that are absent, silent or hostile: down is a state, and the reports are kept."""

from __future__ import annotations

import asyncio
import contextlib
from itertools import pairwise
from pathlib import Path

import pytest

from host_tools.broker import free_port
from host_tools.hil.publisher import T0_S, Publisher


async def test_the_back_off_grows_and_is_bounded(tmp_path: Path) -> None:
    """Without a broker the tries thin out: 3/4 of 1, 2, 4 ... 60 s with the jitter at its middle."""
    node = Publisher("b01", free_port(), tmp_path / "b01")
    tries = []
    for ms in range(0, 200_000, 250):
        before = node.link.failures
        await node.link.exchange((1 << 30) - 5000 + ms & (1 << 30) - 1, T0_S)
        if node.link.failures > before:
            tries.append(ms)
    gaps = [b - a for a, b in pairwise(tries)]
    assert gaps == [750, 1500, 3000, 6000, 12000, 24000, 45000, 45000, 45000]


CONNACK = b"\x20\x02\x00\x00"
SUBACKS = b"\x90\x03\x00\x01\x01\x90\x03\x00\x02\x01"
HOSTILE = {
    "closes at once": b"",
    "refuses": b"\x20\x02\x00\x05",
    "is no broker": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "answers another packet": b"\x30\x02\x00\x00",
    "endless length": b"\x20\xff\xff\xff\xff\xff",
    "oversize message": CONNACK + SUBACKS + b"\x30\xff\xff\xff\x7f",
    "refused subscription": CONNACK + b"\x90\x03\x00\x01\x80",
    "topic beyond the packet": CONNACK + b"\x30\x05\xff\xffabc",
    "empty message": CONNACK + b"\x30\x00",
    "message of QoS 2": CONNACK + b"\x34\x06\x00\x01a\x00\x01x",
    "packet of a client": CONNACK + b"\x82\x02\x00\x01",
    "closes in a packet": CONNACK + b"\x30\x20ab",
}


@pytest.mark.parametrize("said", HOSTILE.values(), ids=HOSTILE.keys())
async def test_whatever_a_broker_says_the_link_is_down_and_the_report_kept(
    said: bytes, tmp_path: Path
) -> None:
    """No word of a broker raises anything, or makes the node allocate what it announces."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(said)
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        node = Publisher("b01", server.sockets[0].getsockname()[1], tmp_path / "b01")
        await node.step()
        await node.step()
        assert not node.link.up
        assert node.link.failures >= 1
        assert not node.outbox.empty()


async def test_a_silent_broker_is_left_at_the_deadline(tmp_path: Path) -> None:
    """Accepted and never answered: the exchange ends, and others ran meanwhile."""
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    async with server:
        node = Publisher("b01", server.sockets[0].getsockname()[1], tmp_path / "b01")
        node.mqtt._timeout_s = 0.2
        turns = 0

        async def others() -> None:
            nonlocal turns
            while True:
                await asyncio.sleep(0.01)
                turns += 1

        task = asyncio.create_task(others())
        async with asyncio.timeout(2):
            await node.step()
        task.cancel()
        assert not node.link.up
        assert turns >= 5


async def test_a_quiet_link_pings_at_half_its_keep_alive(tmp_path: Path) -> None:
    """PINGREQ is 0xC0 0x00 (MQTT 3.1.1, 3.12); without a keep-alive there is none."""
    heard = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(CONNACK + SUBACKS)
        with contextlib.suppress(OSError):
            while data := await reader.read(100):
                heard.extend(data)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        node = Publisher("b01", server.sockets[0].getsockname()[1], tmp_path / "b01")
        await node.link.exchange(0, T0_S)
        await node.link.exchange(600_000, T0_S)
        node.mqtt.keepalive_s = 60
        node.link._spoke_ms = 600_000
        await node.link.exchange(629_999, T0_S)
        await asyncio.sleep(0.05)
        assert not heard.endswith(b"\xc0\x00")
        await node.link.exchange(630_000, T0_S)
        await asyncio.sleep(0.05)
        assert heard.endswith(b"\xc0\x00")
        await node.link.close()
