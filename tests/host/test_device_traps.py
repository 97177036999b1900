"""How real devices behave: each trap on a pymodbus server, met by the firmware's drivers on a bus."""

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from device_house import TIMEOUT_MS, Half, House, house, sleep_ms, ticks_ms
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusSerialServer
from sunspec_server import MapServer, Request, pv_unit, registers_of

from hal.net import TcpStream
from hal.serial import SerialPort
from host_tools.hil import modbus_faults as faults
from host_tools.hil.modbus_faults import FaultProxy
from host_tools.hil.paced_line import PacedLine, Pieces
from host_tools.plant.register_unit import Unit
from islet.drivers import roles
from islet.drivers.bus import BusTask
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.drivers.sunspec_roles import open_device
from islet.names import COMM, NOT_IMPLEMENTED, OK
from islet.state.image import Image
from islet.state.wishes import Wishes

PV = registers_of(pv_unit())  # 2500 W of 4000 W
LIMIT, RVRT, ENA, CONN = 40155, 40157, 40159, 40154
W, STATE, MODEL_123 = 40084, 40108, 40150
MISSING, MISSING_W = 0xFFFF, 0x8000


def writes_answered(code: ExcCodes) -> Any:
    return lambda request: code if request.values is not None else None


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


def _words(*models: tuple[int, int], end: tuple[int, ...] = (0xFFFF, 0)) -> dict[int, int]:
    """Return a map of models (id, length) that hold zeros."""
    words = [0x5375, 0x6E53]
    for model_id, length in models:
        words += [model_id, length] + [0] * length
    return dict(enumerate([*words, *end], 40000))


async def _until(one: House, begin_ms: int, end_ms: int) -> None:
    for now_ms in range(begin_ms, end_ms, 500):
        await one.round(now_ms)


async def test_a_chain_without_a_clean_end_marker() -> None:
    """SolarEdge has its meter behind a second model 1, SMA refuses what follows: two devices of a unit, both read."""
    registers = _words((1, 65), (101, 50), (1, 65), (203, 105), end=())
    registers.update({40069 + 14: 900, 40069 + 38: 4, 40188 + 18: 315, 40188 + 22: 1})

    def make(client: ModbusTcp, number: int) -> Any:
        return open_device(client, 1, (roles.INVERTER, roles.METER)[number], number)

    async with house(MapServer({1: registers}), (0, 1), open_with=make) as one:
        await _until(one, 0, 3000)
        inverter, meter = one.inverters
        assert (inverter.readings["w"].value, meter.readings["w"].value) == (900, 3150)
        assert one.images.pv_w.value == 900
        assert [member.errors for member in one.bus.members] == [0, 0]


async def test_unreadable_registers_inside_123() -> None:
    """SMA: the times of the limit can neither be read nor written; the rest is found, and the limit holds."""
    registers = {at: word for at, word in PV.items() if at not in (LIMIT + 1, LIMIT + 2, LIMIT + 3)}
    server = MapServer({1: registers})
    async with house(server) as one:
        await one.round(0, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        before = len(server.requests)
        await one.round(1000, 1000.0)
        assert len(server.requests) == before + 1  # what is refused is asked for once
        assert one.bus.counters()["errors"] == 0


async def test_714_changes_its_length_with_daylight() -> None:
    """Two ports by day, none at night: seen by the guard, discovered anew, and what follows 714 is found again."""
    day = _words((1, 66), (101, 50), (714, 68), (120, 26), (123, 24))
    night = _words((1, 66), (101, 50), (714, 18), (120, 26), (123, 24))
    for words, at in ((day, 40122 + 70), (night, 40122 + 20)):  # 120, then 123 behind it
        words.update({W: 900, STATE: 4, at + 3: 4000, at + 28 + 23: -2 & 0xFFFF})
    day.update({40122 + 4: 2, 40122 + 20 + 12: 600, 40122 + 45 + 12: 350})
    server = MapServer({1: {**day}})
    async with house(server) as one:
        await _until(one, 0, 1500)
        inverter = one.inverters[0]
        assert [port[2].value for port in inverter.dc.ports] == [600, 350]
        server.units[1].update(night)
        await _until(one, 1500, 4000)
        assert inverter.dc.ports == []
        await one.round(4000, 1000.0)
        assert server.units[1][40122 + 20 + 28 + 5] == 2500  # the limit of where 123 is now
        server.units[1].update(day)
        await _until(one, 4500, 8000)
        assert [port[2].value for port in inverter.dc.ports] == [600, 350]
        assert (one.images.pv_w.quality, one.bus.members[0].errors) == (OK, 2)


async def test_at_night_values_are_not_implemented() -> None:
    """W, Hz, V and the limit are gone: quality and not zero, nothing written; in the morning the limit is there."""
    dark = {W: MISSING_W, 40086: MISSING, 40080: MISSING, STATE: 2, MODEL_123 + 23: MISSING_W}
    dark.update(dict.fromkeys(range(LIMIT, ENA + 1), MISSING))
    server = MapServer({1: {**PV, **dark}})
    async with house(server) as one:
        for now_ms in range(0, 3000, 1000):
            await one.round(now_ms, 1000.0)
        assert [one.inverters[0].readings[name].quality for name in ("w", "hz", "v")] == [NOT_IMPLEMENTED] * 3
        assert one.images.pv_w.quality == NOT_IMPLEMENTED
        assert server.writes == []
        server.units[1].update(PV)
        await one.round(3000, 1000.0)
        assert (one.images.pv_w.value, one.images.pv_w.quality) == (2500, OK)
        assert server.units[1][LIMIT] == 2500
        assert one.bus.counters()["errors"] == 0


async def test_an_integer_model_turns_into_one_of_floats() -> None:
    """Fronius, by a setting, while it is read: at no time is a float taken for an integer."""
    floats = _words((1, 66), (111, 60))
    floats.update({40070 + 22: 0x451C, 40070 + 23: 0x4000, 40070 + 48: 4})  # 2500.0 in binary32
    server = MapServer({1: PV})
    async with house(server) as one:
        await one.round(0)
        server.units[1].update(floats)
        for now_ms in range(500, 4000, 500):
            await one.round(now_ms)
            assert one.images.pv_w.value == 2500
        assert one.images.pv_w.quality == OK
        assert isinstance(one.images.pv_w.value, float)
        assert one.bus.members[0].errors == 1


@pytest.mark.parametrize("unit", [126, 71, 200])
async def test_units_that_are_not_1(unit: int) -> None:
    """126 (SMA), 71 (Kostal), 200 (a Fronius meter): an entry's own; unit 1 answers 0x0B there."""
    server = MapServer({unit: PV})
    async with house(server, (unit, 1)) as one:
        await _until(one, 0, 3000)
        assert one.images.pv_w.value == 2500
        assert [member.failures > 0 for member in one.bus.members] == [False, True]


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


def _battery() -> dict[int, int]:
    """Return a battery inverter of the 700 series that takes WSet and a reversion time."""
    unit = Unit((1, 701, 702, 704, 713), 1)
    unit.put(701, W=0, W_SF=0, Hz=50_000, Hz_SF=-3, InvSt=3)
    unit.put(702, WMaxRtg=5000, W_SF=0)
    unit.put(704, WSetEna=0, WSetMod=1, WSet=0, WSetRvrt=0, WSetEnaRvrt=0, WSetRvrtTms=0, WSet_SF=0)
    unit.put(713, SoC=5000, Pct_SF=-2)
    return registers_of(unit)


async def test_a_battery_whose_heartbeat_and_reversion_are_ignored() -> None:
    """FranklinWH: all is accepted, the last command would stay for ever; the bus takes it back and reads it so."""
    server = MapServer({1: _battery()})
    wset = 40277 + 24  # behind 1, 701 and 702

    def make(client: ModbusTcp, unit: int) -> Any:
        return open_device(client, unit, roles.BATTERY)

    async with house(server, open_with=make, valid_ms=10_000) as one:
        one.wishes.battery_w = -2000.0
        for now_ms in range(0, 5000, 1000):
            await one.round(now_ms, 4000.0)
        assert [server.units[1][wset + i] for i in (0, 1)] == [0xFFFF, 0xF830]
        for now_ms in range(5000, 17_000, 1000):
            await one.round(now_ms)  # control is gone, the bus lives
        assert [server.units[1][wset + i] for i in (0, 1)] == [0, 0]
        assert server.units[1][wset - 2] == 1  # held at 0 W, not left to itself
        assert (one.bus.lapses, one.bus.counters()["mismatches"]) == (1, 0)


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


async def test_a_limit_whose_reversion_is_ignored_is_lifted_by_the_controller() -> None:
    """The device takes everything and has no timer that works: the last command would stay for ever."""
    server = MapServer({1: PV})
    async with house(server, valid_ms=10_000) as one:
        registers = server.units[1]
        await one.round(0)
        for now_ms in range(0, 5000, 1000):
            await one.round(now_ms, 1000.0)
        assert (registers[LIMIT], registers[ENA]) == (2500, 1)  # 25.00 % of 4000 W
        for now_ms in range(5000, 14_000, 1000):
            await one.round(now_ms)  # control is gone, the bus lives
        assert registers[ENA] == 1
        for now_ms in range(14_000, 17_000, 1000):
            await one.round(now_ms)
        assert registers[ENA] == 0
        assert one.bus.lapses >= 1


async def test_a_lease_is_renewed_in_time() -> None:
    """The reversion time of 60 s is begun anew every 30 s, though the limit does not move."""
    server = MapServer({1: PV})
    async with house(server) as one:
        for now_ms in range(0, 121_000, 1000):
            await one.round(now_ms, 1000.0)
        limits = [request for request in server.writes if request.address == LIMIT]
        assert len(limits) == 5  # at 0, 30, 60, 90 and 120 s
        assert all(request.values == (2500, 0, 60, 0, 1) for request in limits)


async def test_values_that_do_not_read_back() -> None:
    """Writes are answered well and forgotten: each is counted, tried again, and never taken for done."""
    server = MapServer({1: PV})
    server.drops_writes = True
    async with house(server) as one:
        assert await _ready(one)
        assert await one.inverters[0].device.write(123, 5, [2500]) is False
        for now_ms in range(1000, 5000, 1000):
            await one.round(now_ms, 1000.0)
        assert one.bus.counters()["mismatches"] >= 2
        assert one.images.pv_w.quality == OK
        server.drops_writes = False
        for now_ms in range(5000, 120_000, 1000):
            await one.round(now_ms, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        assert await one.inverters[0].device.write(123, 5, [2400]) is True


async def _ready(one: House) -> bool:
    await one.round(0)
    return bool(one.bus.members[0].ready)


async def test_control_registers_tell_no_state() -> None:
    """Limit 0, Conn 0, Ena 1 and no timers, as an SB3.6 showed while it produced: what counts is the measurement."""
    contradicting = {**PV, CONN: 0, LIMIT: 0, RVRT: 0xFFFF, ENA: 1}
    server = MapServer({1: contradicting})
    async with house(server) as one:
        await one.round(0)
        assert one.images.pv_w.value == 2500
        assert one.images.pv_w.quality == OK
        assert not one.inverters[0].asleep
        await one.round(1000, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        assert server.units[1][CONN] == 0  # not ours


@pytest.mark.parametrize("code", [ExcCodes.ILLEGAL_ADDRESS, ExcCodes.ILLEGAL_VALUE, ExcCodes.DEVICE_FAILURE])
async def test_a_bad_write_is_refused(code: ExcCodes) -> None:
    """2, 3 or 4 in answer to a write: reading goes on at its rate, the write is tried again ever more rarely."""
    server = MapServer({1: PV}, hook=writes_answered(code))
    async with house(server) as one:
        for now_ms in range(0, 60_000, 1000):
            await one.round(now_ms, 1000.0)
            assert one.images.pv_w.quality == OK
        assert one.bus.members[0].polls == 60
        assert 3 <= len(server.writes) <= 9
        assert server.units[1][LIMIT] == PV[LIMIT]
        server.hook = None
        for now_ms in range(60_000, 125_000, 1000):
            await one.round(now_ms, 1000.0)
        assert server.units[1][LIMIT] == 2500


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
        assert await _ready(one)
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
