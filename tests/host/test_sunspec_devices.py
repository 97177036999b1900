"""What real SunSpec devices do, one trap a test, against a pymodbus server; and cases computed by hand."""

import errno
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pymodbus.constants import ExcCodes
from sunspec_server import MapServer

from hal.net import TcpStream
from host_tools.sunspec import maps
from host_tools.sunspec.images import compare
from islet.drivers.modbus import GATEWAY_TARGET, ModbusError
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.points import INVERTERS, table
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import Points, SunSpecDevice
from islet.names import NOT_IMPLEMENTED, OK
from islet.state.image import Image

CASES = Path(__file__).parents[1] / "cases" / "sunspec"
BASE = 40000
MARK, END = [0x5375, 0x6E53], [0xFFFF, 0]
MISSING = 0x8000

Registers = dict[int, int]


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


def _lay(*models: tuple[int, int], base: int = BASE, end: list[int] = END) -> Registers:
    """Return a map with models (id, length) of zeros."""
    words = list(MARK)
    for model_id, length in models:
        words += [model_id, length] + [0] * length
    return dict(enumerate(words + end, base))


def _put(registers: Registers, at: int, *words: int) -> None:
    registers.update(enumerate((word & 0xFFFF for word in words), at))


@asynccontextmanager
async def _device(
    registers: Registers, hook: Any = None, unit: int = 1, **options: Any
) -> AsyncIterator[tuple[MapServer, SunSpecDevice]]:
    async with MapServer({1: registers}, hook) as (server, port):
        client = ModbusTcp(TcpStream("127.0.0.1", port, _ticks_ms, 1000))
        await client.connect()
        try:
            yield server, SunSpecDevice(client, unit, **options)
        finally:
            client.close()


async def test_no_clean_end_marker() -> None:
    """SMA: after the last model comes an exception, and that ends the device."""
    async with _device(_lay((1, 66), (101, 50), end=[])) as (_, device):
        assert await device.discover() == {1: (40002, 66), 101: (40070, 50)}


async def test_a_busy_device_is_not_a_short_one() -> None:
    """Exception 6 during discovery says nothing about the map: it is told, not taken for its end."""

    def busy(request: Any) -> ExcCodes | None:
        return ExcCodes.DEVICE_BUSY if request.address == 40070 else None

    async with _device(_lay((1, 66), (101, 50)), busy) as (_, device):
        with pytest.raises(ModbusError) as caught:
            await device.discover()
        assert caught.value.code == ExcCodes.DEVICE_BUSY


async def test_devices_chained_with_a_second_model_1() -> None:
    """SolarEdge: an inverter and its meter behind one unit; all are listed, each can be chosen."""
    registers = _lay((1, 65), (103, 50), (1, 65), (203, 105))
    async with _device(registers) as (_, device):
        assert sorted(await device.discover()) == [1, 103]
        assert device.chain == [
            [(1, 40002, 65), (103, 40069, 50)],
            [(1, 40121, 65), (203, 40188, 105)],
        ]
        meter = SunSpecDevice(device.client, 1, number=1)
        assert await meter.discover() == {1: (40121, 65), 203: (40188, 105)}
        with pytest.raises(OSError, match="chain"):
            await SunSpecDevice(device.client, 1, number=2).discover()


async def test_unreadable_registers_inside_123() -> None:
    """SMA: a read across them is refused; what can be read is, in few requests, and the rest is not implemented."""
    registers = _lay((1, 66), (123, 24))
    _put(registers, 40070 + 5, 80)  # WMaxLimPct
    for offset in (7, 8):  # WMaxLimPct_RvrtTms, WMaxLimPct_RmpTms
        del registers[40070 + offset]
    async with _device(registers) as (server, device):
        await device.discover()
        points = await device.all_points(123)
        await points.read()
        refused = {name for name, quality in points.quality.items() if quality != OK}
        assert refused == {"WMaxLimPct_RvrtTms", "WMaxLimPct_RmpTms"}
        assert points.value["WMaxLimPct"] == 80
        server.requests.clear()
        await points.read()
        assert len(server.requests) <= 6  # found once, kept


async def test_714_changes_its_length_with_daylight() -> None:
    """Four ports by day (118 registers), none at night (18): a guarded read tells, discovery finds what follows."""
    day = _lay((1, 66), (714, 118), (715, 7))
    night = _lay((1, 66), (714, 18), (715, 7))
    async with _device(day) as (server, device):
        await device.discover()
        points = Points(device, 714, ("DCW",), guard=True)
        await points.read()
        server.units[1].update(night)
        with pytest.raises(OSError, match="changed") as caught:
            await points.read()
        assert caught.value.errno == errno.ENODEV
        assert (await device.discover())[715] == (40070 + 20, 7)


async def test_a_model_that_vanishes() -> None:
    async with _device(_lay((1, 66), (101, 50))) as (server, device):
        await device.discover()
        points = Points(device, 101, ("W", "St"))
        await points.read()
        server.hook = lambda request: ExcCodes.ILLEGAL_ADDRESS
        with pytest.raises(OSError, match="gone") as caught:
            await points.read()
        assert caught.value.errno == errno.ENODEV


async def test_state_is_never_inferred_from_control_registers() -> None:
    """SMA SB3.6: limit 0, Conn 0, Ena 1, no reversion timers, and it produces 3.7 kW."""
    registers = _lay((1, 66), (101, 50), (120, 26), (123, 24))
    _put(registers, 40070 + 14, 3700, 0)
    _put(registers, 40070 + 38, 4)  # St: MPPT
    _put(registers, 40122 + 3, 3680, 0)
    _put(registers, 40150 + 2, 0xFFFF, 0xFFFF, 0, 0, 0xFFFF, 0xFFFF, 0xFFFF, 1)
    async with _device(registers) as (_, device):
        pv, image = PvInverter(device), Image()
        await pv.start()
        await pv.poll(image, 0)
        assert (image.pv_w.value, image.pv_w.quality, pv.asleep) == (3700, OK, False)


async def test_at_night_measurements_are_not_implemented() -> None:
    """W, Hz and V come and go: quality, not zero; also where the scale factor goes with them."""
    registers = _lay((1, 66), (103, 50))
    at = 40070
    _put(registers, at + 14, MISSING, MISSING)  # W, W_SF
    _put(registers, at + 16, 0xFFFF, -2)  # Hz, Hz_SF
    _put(registers, at + 10, 0xFFFF)  # PhVphA
    _put(registers, at + 38, 2)  # St: sleeping
    async with _device(registers) as (server, device):
        await device.discover()
        points = Points(device, 103, ("W", "Hz", "PhVphA", "St"))
        await points.read()
        assert [points.quality[name] for name in ("W", "Hz", "PhVphA")] == [NOT_IMPLEMENTED] * 3
        assert points.value["St"] == 2
        _put(server.units[1], at + 14, 700, 1)
        await points.read()
        assert (points.value["W"], points.quality["W"]) == (7000, OK)


async def test_static_scale_factors_not_there_yet_at_night() -> None:
    """A device that sleeps at discovery has its scale factors in the morning, and they are asked for again."""
    registers = _lay((1, 66), (701, 153))
    _put(registers, 40070 + 17, 0, 50012)  # Hz
    _put(registers, 40070 + 115, MISSING)  # Hz_SF
    async with _device(registers) as (server, device):
        await device.discover()
        points = Points(device, 701, ("Hz",))
        await points.read()
        assert points.quality["Hz"] == NOT_IMPLEMENTED
        _put(server.units[1], 40070 + 115, -3)
        await points.read()
        assert points.value["Hz"] == pytest.approx(50.012)


async def test_103_turns_into_113() -> None:
    """Fronius: a user's setting makes the integer model a float one, in the same place."""
    integer, floats = _lay((1, 65), (103, 50), end=END), _lay((1, 65), (113, 60), end=END)
    _put(integer, 40069 + 14, 2500, 0)
    _put(floats, 40069 + 22, 0x451C, 0x4000)  # W 2500.0 in binary32: 0x451C4000
    async with _device(integer) as (server, device):
        for model_id in (103, 113):
            models = await device.discover()
            (found,) = [one for one in INVERTERS if one in models]
            assert found == model_id
            points = Points(device, found, ("W", "St"), guard=True)
            await points.read()
            assert points.value["W"] == 2500
            server.units[1].update(floats)
        server.units[1].update(integer)
        with pytest.raises(OSError, match="changed"):
            await points.read()


async def test_a_wrong_unit_answers_0x0b() -> None:
    """It is told as such, after one request: not as a device without a map."""
    async with _device(_lay((1, 66)), unit=126) as (_, device):
        with pytest.raises(ModbusError) as caught:
            await device.discover()
        assert caught.value.code == GATEWAY_TARGET
        assert device.client.requests == 1


async def test_model_1_of_65_registers() -> None:
    """Fronius and SolarEdge leave the pad out: the next model begins a register earlier."""
    registers = _lay((1, 65), (101, 50))
    _put(registers, 40069 + 14, 3150, -1)
    async with _device(registers) as (_, device):
        await device.discover()
        points = await device.all_points(1)
        await points.read()
        assert "Pad" not in points.value
        inverter = Points(device, 101, ("W",))
        await inverter.read()
        assert inverter.value["W"] == 315
    compared, wrong = await compare(registers)
    assert (compared > 50, wrong) == (True, [])


@pytest.mark.parametrize("base", [0, 40000, 50000, 1234])
async def test_where_a_map_begins(base: int) -> None:
    """At the three usual bases, and at a given one only if it is given."""
    options = {"base": base} if base == 1234 else {}
    async with _device(_lay((1, 66), base=base), **options) as (_, device):
        assert await device.discover() == {1: (base + 2, 66)}
    if options:
        async with _device(_lay((1, 66), base=base)) as (_, device):
            with pytest.raises(OSError, match="no SunSpec map"):
                await device.discover()


async def test_701_is_read_in_pieces_on_the_bounds_of_points() -> None:
    """155 registers: no read over 125, and none that begins or ends inside a point."""
    registers = maps.standard_map((1, 701), maps.values(3))
    async with _device(registers) as (server, device):
        await device.discover()
        points = await device.all_points(701)
        server.requests.clear()
        await points.read()
        begins = {row[1] for row in table(701)} | {155}
        assert all(one.count <= 125 for one in server.requests)
        for one in server.requests:
            assert {one.address - 40070, one.address - 40070 + one.count} <= begins
        assert len(server.requests) == 3  # the scale factors once, then two pieces


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if path.is_dir()))
async def test_cases(case: str) -> None:
    listed = json.loads((CASES / case / "registers.json").read_text())["registers"]
    registers = {int(address): value for address, value in listed.items()}
    expected = json.loads((CASES / case / "expected.json").read_text())
    async with _device(registers) as (_, device):
        assert sorted(await device.discover()) == expected["models"]
        for key, wanted in expected["points"].items():
            model_id, name = key.split(".")
            points = Points(device, int(model_id), (name,))
            await points.read()
            if wanted is None:
                assert points.quality[name] == NOT_IMPLEMENTED, key
            else:
                assert points.value[name] == pytest.approx(wanted, rel=1e-9), key
