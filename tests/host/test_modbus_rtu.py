"""Modbus RTU on a pty pair that takes a line's time, against pymodbus's serial server: functions and faults."""

import asyncio
import errno
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from sunspec_server import MapServer

from hal.serial import SerialPort
from host_tools.hil.paced_line import PacedLine, Pieces, as_it_is
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_crc import Crc16
from islet.drivers.modbus_rtu import ModbusRtu, answer_size, silence_us

UNIT = 7
BAUD = 115_200
VALUES = {100 + k: 0x1000 + 7 * k for k in range(125)}
Fault = Callable[[bytes], Pieces]


def ticks_us() -> int:
    return (time.monotonic_ns() // 1000) & ((1 << 30) - 1)


@asynccontextmanager
async def line(
    on_answer: Fault = as_it_is, baud: int = BAUD
) -> AsyncIterator[tuple[ModbusRtu, MapServer, PacedLine]]:
    """Yield a connected client, the unit behind it and the line between."""
    units = MapServer({UNIT: VALUES, 9: {100: 9}})
    with PacedLine(baud, on_answer=on_answer) as wire:
        server = ModbusSerialServer(units.devices(), framer=FramerType.RTU, port=wire.server, baudrate=baud)
        await server.serve_forever(background=True)
        client = ModbusRtu(
            SerialPort(wire.client, ticks_us, baud), latency_ms=1000, stall_ms=300
        )  # of a loaded machine
        await client.connect()
        try:
            yield client, units, wire
        finally:
            client.close()
            await server.shutdown()


def registers(data: memoryview, count: int) -> list[int]:
    return [data[2 * k] << 8 | data[2 * k + 1] for k in range(count)]


def test_crc_of_the_specification() -> None:
    """Modbus over Serial Line V1.02, 6.2.2: the frame 02 07 ends with 41 12."""
    assert Crc16().of(b"\x02\x07", 2) == 0x1241


def test_silence_and_sizes() -> None:
    """3.5 characters of 11 bits at 9600 are 4.0104 ms; 1.75 ms above 19200. Sizes by function, clause 6 of V1.1b3."""
    assert silence_us(9600, 11) == 4011
    assert silence_us(38_400, 10) == 1750
    assert [answer_size(bytes([1, f, 4, 0, 0])) for f in (3, 23, 6, 16, 0x83, 43)] == [9, 9, 8, 8, 5, 0]


async def test_reads_and_writes_reach_the_unit() -> None:
    """The longest read and write, one register, and both in one request."""
    async with line() as (client, units, wire):
        assert registers(await client.read(UNIT, 100, 125), 125) == list(VALUES.values())
        await client.write(UNIT, 100, [1, 2, 65_535])
        await client.write_single(UNIT, 103, 4711)
        assert registers(await client.read(UNIT, 100, 4), 4) == [1, 2, 65_535, 4711]
        assert [request.function for request in units.writes] == [16, 6]
        assert registers(await client.read_write(UNIT, 110, 2, 100, [5]), 2) == [VALUES[110], VALUES[111]]
        assert units.units[UNIT][100] == 5
        assert wire.tally.collisions == 0


async def test_refusals_name_their_code() -> None:
    """An address that is not there: exception 2; the client goes on."""
    async with line() as (client, _, _):
        with pytest.raises(ModbusError) as refused:
            await client.read(UNIT, 500, 1)
        assert refused.value.code == 2
        assert registers(await client.read(UNIT, 100, 1), 1) == [VALUES[100]]


def corrupt(frame: bytes) -> Pieces:
    return [(0.0, frame[:3] + bytes([frame[3] ^ 1]) + frame[4:])]


def cut(frame: bytes) -> Pieces:
    return [(0.0, frame[:-1])]


def foreign(frame: bytes) -> Pieces:
    body = bytes([9]) + frame[1:-2]
    crc = Crc16().of(body, len(body))
    return [(0.0, body + bytes([crc & 0xFF, crc >> 8]))]


def silence(_: bytes) -> Pieces:
    return []


def twice(frame: bytes) -> Pieces:
    return [(0.0, frame), (0.01, frame)]


@pytest.mark.parametrize(
    ("fault", "code"),
    [(corrupt, errno.EIO), (cut, errno.EIO), (foreign, errno.ETIMEDOUT), (silence, errno.ETIMEDOUT)],
)
async def test_a_spoiled_answer_is_no_value(fault: Fault, code: int) -> None:
    """An error and no value; with the line whole again, the next request is answered."""
    spoiled = True

    def on_answer(frame: bytes) -> Pieces:
        return fault(frame) if spoiled else as_it_is(frame)

    async with line(on_answer) as (client, _, _):
        with pytest.raises(OSError) as failed:  # noqa: PT011 - the code is checked
            await client.read(UNIT, 100, 4)
        assert failed.value.errno == code
        spoiled = False
        assert client.connected
        assert registers(await client.read(UNIT, 101, 2), 2) == [VALUES[101], VALUES[102]]


async def test_a_doubled_answer_is_not_the_next_one() -> None:
    """The second copy comes after the first was taken; the next request throws it away and counts it."""
    async with line(twice) as (client, _, _):
        assert registers(await client.read(UNIT, 100, 3), 3) == [VALUES[100], VALUES[101], VALUES[102]]
        await asyncio.sleep(0.05)
        assert registers(await client.read(UNIT, 110, 3), 3) == [VALUES[110], VALUES[111], VALUES[112]]
        assert client.discarded >= 1


async def test_babble_is_thrown_away() -> None:
    """Bytes from nowhere before a request are no part of its answer."""
    async with line() as (client, _, wire):
        wire.babble(bytes(range(60)))
        await asyncio.sleep(0.02)
        assert registers(await client.read(UNIT, 100, 2), 2) == [VALUES[100], VALUES[101]]
        assert client.discarded >= 1


async def test_a_broadcast_awaits_no_answer() -> None:
    """Unit 0 may be written, not read (V1.02, 2.1)."""
    async with line() as (client, _, _):
        await client.write_single(0, 100, 1)
        with pytest.raises(OSError) as refused:  # noqa: PT011 - the code is checked
            await client.read(0, 100, 1)
        assert refused.value.errno == errno.EINVAL
