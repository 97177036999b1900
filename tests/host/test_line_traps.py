"""Traps on the way to a device: clients, ids, gaps, units, exceptions, a dead slave; on pymodbus servers."""

import asyncio
import time
from contextlib import suppress

import pytest
from device_house import PV, TIMEOUT_MS, Half, House, house, ready, sleep_ms, ticks_ms
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from sunspec_server import MapServer, Request

from hal.net import TcpStream
from hal.serial import SerialPort
from host_tools.hil import modbus_faults as faults
from host_tools.hil.modbus_faults import FaultProxy
from host_tools.hil.paced_line import PacedLine, Pieces
from islet.drivers.bus import BusTask
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.names import COMM, OK
from islet.state.image import Image
from islet.state.wishes import Wishes


async def test_one_client_only() -> None:
    """A second connection is closed by the device: the bus holds one for all units, and opens none beside it."""
    server = MapServer({1: PV, 2: PV}, one_client=True)
    port = await server.start()
    proxy = FaultProxy(port)
    one = House(await proxy.start(), (1, 2))
    await one.round(0)
    second = ModbusTcp(TcpStream("127.0.0.1", port, ticks_ms, TIMEOUT_MS))
    await second.connect()
    with pytest.raises(ConnectionError):
        await second.read(1, 40000, 2)
    assert not second.connected
    proxy.script.append(faults.reset())
    for now_ms in range(1000, 5000, 500):
        await one.round(now_ms)
    assert one.images.pv_w.quality == OK
    assert one.bus.connects == proxy.connections == 2
    one.client.close()
    await proxy.stop()
    await server.stop()


async def test_late_answers_with_an_old_transaction_id() -> None:
    """Each third answer comes with the next request's: it is discarded by its id, and no value is a wrong one."""
    server = MapServer({1: PV})
    port = await server.start()
    proxy = FaultProxy(port)
    one = House(await proxy.start(), ticks_ms=ticks_ms)
    await one.round(0)
    proxy.script.extend([faults.late(), faults.whole(), faults.whole()] * 4)
    for now_ms in range(1000, 30_000, 1000):
        await one.round(now_ms)
        assert one.images.pv_w.value == 2500
    assert one.bus.counters()["stale"] == 4
    assert (one.images.pv_w.quality, proxy.connections) == (OK, 1)
    one.client.close()
    await proxy.stop()
    await server.stop()


async def test_a_dead_slave_on_rtu_costs_the_others_a_tenth_of_the_line_at_most() -> None:
    """9600 baud, 200 ms until a slave is given up: it backs off, a write goes before the next read."""
    baud, dead, span_s, latency_ms = 9600, 9, 4.0, 200

    def drop(frame: bytes) -> Pieces:
        return [] if frame[0] == dead else [(0.0, frame)]

    server = MapServer({1: PV})
    with PacedLine(baud, on_request=drop) as line:
        serial = ModbusSerialServer(server.devices(), port=line.server, baudrate=baud)
        await serial.serve_forever(background=True)
        port = SerialPort(line.client, lambda: time.monotonic_ns() // 1000 & 0x3FFFFFFF, baud)
        client = ModbusRtu(port, latency_ms)
        inverters = [PvInverter(SunSpecDevice(client, unit)) for unit in (1, dead)]
        image, wishes = Image(), Wishes()
        wishes.pv_limit_w = 4000.0
        bus = BusTask(client, inverters, image, wishes, Half(), 1, ticks_ms=ticks_ms)
        start_s = time.monotonic()
        while time.monotonic() - start_s < span_s:
            wishes.pv_limit_w = 1000.0 if time.monotonic() - start_s > span_s / 2 else 4000.0
            await bus.poll(ticks_ms())
            await bus.flush(ticks_ms())
        client.close()
        await serial.shutdown()
    good, bad = bus.members
    lost_s = bad.errors * latency_ms / 1000
    assert bad.errors >= 1
    assert lost_s <= 0.1 * span_s
    assert good.errors == 0
    # 93 bytes of 10 bits and twice 3.5 characters, 104 ms a reading, but for discovery and the two writes
    assert good.polls > 0.5 * (span_s - lost_s) / 0.104
    assert [one.values for one in server.writes] == [(10_000, 0, 0, 0, 0), (2500, 0, 60, 0, 1)]
    assert inverters[0].readings["w"].quality == OK


async def test_gaps_wanted_between_frames() -> None:
    """A device that is busy for 30 ms after an answer: without the gap it refuses, with it all is well."""
    last_s = [0.0]

    def busy(request: Request) -> ExcCodes | None:
        early = request.at_s - last_s[0] < 0.030
        last_s[0] = time.monotonic()
        return ExcCodes.DEVICE_BUSY if early else None

    server = MapServer({1: PV}, hook=busy)
    port = await server.start()
    good = {}
    for gap_ms in (0, 40):
        stream = TcpStream("127.0.0.1", port, ticks_ms, TIMEOUT_MS)
        client = ModbusTcp(stream, gap_ms, ticks_ms, sleep_ms)
        await client.connect()
        good[gap_ms] = 0
        for _ in range(6):
            with suppress(ModbusError):
                await client.read(1, 40000, 2)
                good[gap_ms] += 1
        client.close()
        await asyncio.sleep(0.05)
    assert good[40] == 6
    assert good[0] < 6
    await server.stop()


@pytest.mark.parametrize("code", [ExcCodes.GATEWAY_PATH_UNAVIABLE, ExcCodes.GATEWAY_NO_RESPONSE])
async def test_a_wrong_unit_is_left_alone_and_the_others_keep_their_rate(code: ExcCodes) -> None:
    """0x0A and 0x0B: no such unit, or asleep. It is asked ever more rarely, the connection stays."""
    asleep = MapServer({1: PV, 9: PV}, hook=lambda request: code if request.unit == 9 else None)
    async with house(asleep, (1, 9)) as one:
        for now_ms in range(0, 60_000, 1000):
            await one.round(now_ms)
        good, bad = one.bus.members
        assert good.polls == 60
        assert bad.polls == 0
        assert bad.errors == len([request for request in asleep.requests if request.unit == 9])
        assert 4 <= bad.errors <= 9  # pauses of 375 ms, doubling, up to 60 s
        assert one.bus.connects == 1
        asleep.hook = None
        for now_ms in range(60_000, 130_000, 1000):
            await one.round(now_ms)
        assert bad.polls > 0


@pytest.mark.parametrize(
    ("code", "permanent"),
    [(1, True), (2, True), (3, True), (4, False), (5, False), (6, False), (10, False), (11, False)],
)
async def test_exceptions_to_reads(code: int, permanent: bool) -> None:
    """1, 2, 3 are for good: the points are not implemented. Others: the device fails, backs off, and returns."""

    def hook(request: Request) -> ExcCodes | None:
        inside = request.address <= 40084 < request.address + request.count  # W of model 101
        return ExcCodes(code) if inside else None

    server = MapServer({1: PV})
    async with house(server) as one:
        assert await ready(one)
        server.hook = hook
        for now_ms in range(1000, 30_000, 1000):
            await one.round(now_ms)
        assert one.images.pv_w.quality != OK
        asked = len(server.requests)
        if permanent:
            assert one.bus.members[0].failures == 0
        else:
            assert one.images.pv_w.quality == COMM
            assert one.bus.members[0].errors <= 7
        for now_ms in range(30_000, 33_000, 1000):
            await one.round(now_ms)
        assert len(server.requests) - asked <= 12
        server.hook = None
        for now_ms in range(33_000, 120_000, 1000):
            await one.round(now_ms)
        assert permanent or (one.images.pv_w.value, one.images.pv_w.quality) == (2500, OK)
