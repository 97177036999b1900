"""The plant's devices as clients see them: pymodbus and pysunspec2 as independent peers, and the drivers."""

import asyncio
import subprocess
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
import sunspec2.device
from pymodbus.client import AsyncModbusTcpClient
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP

from hal.net import TcpStream
from host_tools.plant.params import PlantParams
from host_tools.plant.register_map import VENDOR_MODELS
from host_tools.plant.registers import DeviceServer
from host_tools.plant.types import Commands, Truth
from islet.drivers.battery_inverter import FORMING, BatteryInverter
from islet.drivers.bus import BusTask
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.names import COMM, NOT_IMPLEMENTED, OK
from islet.state.image import Image
from islet.state.wishes import Wishes

ROOT = Path(__file__).parents[2]
PV_LIMIT = 40150 + 5  # WMaxLimPct of model 123, behind models 1, 101 and 120
BATTERY_704 = 40277  # behind models 1, 701 and 702
FORM = 40353


class Half:
    """A random source that always gives the middle."""

    def random(self) -> float:
        return 0.5


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


def _truth(n: int, **changes: float) -> Truth:
    """Return a plausible noon; changes are the same for all buildings."""
    values = {name: np.zeros(n) for name in Truth.__dataclass_fields__}
    for name, value in {
        "pv_w": 2500.0,
        "pv_available_w": 2500.0,
        "battery_w": -1200.0,
        "bus_v": 231.4,
        "bus_hz": 50.012,
        "soc_pu": 0.6251,
        "battery_state": 1,
        "pv_on": 1,
        "energised": 1,
        **changes,
    }.items():
        values[name] = np.full(n, value)
    for name in ("contactor_closed", "pv_on", "energised"):
        values[name] = values[name].astype(np.bool_)
    values["battery_state"] = values["battery_state"].astype(np.int64)
    return Truth(**values)


@asynccontextmanager
async def _served(n: int = 1) -> AsyncIterator[tuple[DeviceServer, list[int]]]:
    server = DeviceServer(n, PlantParams.uniform(n))
    ports = await server.start()
    server.publish(_truth(n))
    try:
        yield server, ports
    finally:
        await server.stop()


@asynccontextmanager
async def _peer(port: int) -> AsyncIterator[AsyncModbusTcpClient]:
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    assert await client.connect()
    try:
        yield client
    finally:
        client.close()


class Node:
    """The drivers of one node on CPython, in the server's own loop."""

    def __init__(self, port: int, timeout_ms: int = 2000) -> None:
        client = ModbusTcp(TcpStream("127.0.0.1", port, _ticks_ms, timeout_ms))
        self.image = Image()
        self.wishes = Wishes()
        self.wishes.pv_limit_w = 4000.0
        self.pv = PvInverter(SunSpecDevice(client, 1))
        self.battery = BatteryInverter(SunSpecDevice(client, 2))
        self.bus = BusTask(client, [self.pv, self.battery], self.image, self.wishes, Half(), 1000)

    async def round(self, now_ms: int) -> None:
        await self.bus.poll(now_ms)
        await self.bus.flush(now_ms)


@pytest.fixture
def vendor_models() -> AsyncIterator[None]:
    before = sunspec2.device.get_model_defs_path()
    sunspec2.device.set_model_defs_path([*before, str(VENDOR_MODELS)])
    yield
    sunspec2.device.set_model_defs_path(before)


def _scan(port: int, unit: int) -> dict[int, dict[str, float]]:
    """Read a whole unit with pysunspec2, computed values by model and point."""
    device = SunSpecModbusClientDeviceTCP(slave_id=unit, ipaddr="127.0.0.1", ipport=port, timeout=5)
    device.scan()
    device.close()
    return {
        model_id: {name: point.cvalue for name, point in models[0].points.items()}
        for model_id, models in device.models.items()
        if isinstance(model_id, int)
    }


async def test_pysunspec2_reads_the_pv_inverter() -> None:
    async with _served() as (_, ports):
        found = await asyncio.to_thread(_scan, ports[0], 1)
    assert list(found) == [1, 101, 120, 123]
    assert found[101]["W"] == 2500
    assert found[101]["Hz"] == pytest.approx(50.01)
    assert found[101]["PhVphA"] == pytest.approx(231.4)
    assert found[101]["A"] == pytest.approx(10.80)  # 2500 W / 231.4 V
    assert found[101]["St"] == 4
    assert found[101]["VAr"] is None
    assert found[120]["WRtg"] == 4000
    assert found[123]["WMaxLimPct"] == 100
    assert found[1]["Mn"] == "Islet plant"


async def test_pysunspec2_reads_the_battery_inverter(vendor_models: None) -> None:
    async with _served() as (_, ports):
        found = await asyncio.to_thread(_scan, ports[0], 2)
    assert list(found) == [1, 701, 702, 704, 713, 64900]
    assert found[701]["W"] == -1200
    assert found[701]["Hz"] == pytest.approx(50.012)
    assert found[702]["WMaxRtg"] == 5000
    assert found[704]["WSetEna"] == 0
    assert found[713]["SoC"] == pytest.approx(62.51)
    assert found[713]["WHAvail"] == pytest.approx(4001)  # 0.6251 * 6400 Wh, whole watt-hours
    assert found[64900]["St"] == 1
    assert found[64900]["HzSet"] == 50
    assert found[64900]["DroopPu"] == pytest.approx(0.01)


async def test_night_is_not_implemented() -> None:
    async with _served() as (server, ports):
        server.publish(_truth(1, pv_w=0.0, pv_available_w=0.0))
        night = (await asyncio.to_thread(_scan, ports[0], 1))[101]
        server.publish(_truth(1, pv_w=0.0, pv_on=0))
        off = (await asyncio.to_thread(_scan, ports[0], 1))[101]
    assert [night[name] for name in ("W", "Hz", "PhVphA", "A", "St")] == [None, None, None, None, 2]
    assert (off["W"], off["St"]) == (None, 1)


async def test_writes_that_are_refused_change_nothing() -> None:
    async with _served() as (server, ports), _peer(ports[0]) as client:
        before = (server.pv.registers.copy(), server.battery.registers.copy())
        for unit, address, values, code in (
            (1, 40084, [1], 2),  # W is read-only
            (1, 40154, [1], 2),  # Conn is not implemented as a control
            (1, PV_LIMIT, [10001], 3),
            (1, PV_LIMIT, [5000, 0, 60, 0, 2], 3),
            (1, PV_LIMIT, [5000, 0, 60, 0, 1, 0], 2),  # runs into a register that is read-only
            (2, BATTERY_704 + 24, [0, 5001], 3),
            (2, BATTERY_704 + 24, [0xFFFF, 0xEC77], 3),  # -5001 W
            (2, BATTERY_704 + 23, [0], 3),  # percent is not offered
            (2, FORM + 3, [44999], 3),
            (2, FORM + 5, [2], 2),
            (1, 50000, [1], 2),
            (3, 40000, [1], 11),
        ):
            answer = await client.write_registers(address, values, device_id=unit)
            assert (answer.isError(), answer.exception_code) == (True, code), (unit, address, values)
        assert (await client.read_holding_registers(40000, count=2, device_id=3)).exception_code == 11
        assert (await client.read_holding_registers(0, count=2, device_id=1)).exception_code == 2
        assert (await client.read_coils(40000, count=1, device_id=1)).exception_code == 1
        for held, now in zip(before, (server.pv.registers, server.battery.registers), strict=True):
            np.testing.assert_array_equal(held, now)


async def test_commands_and_reversion_of_the_battery() -> None:
    async with _served(2) as (server, ports), _peer(ports[1]) as client:
        commands = Commands.idle(np.array([4000.0, 4000.0]))
        await client.write_registers(BATTERY_704 + 30, [1, 0, 60], device_id=2)
        await client.write_registers(BATTERY_704 + 22, [1, 1, 0xFFFF, 0xFC18, 0, 0], device_id=2)
        server.commands(commands)
        assert commands.battery_w.tolist() == [0, -1000]
        assert commands.battery_enabled.tolist() == [False, True]
        server.advance(59.0)
        server.commands(commands)
        assert commands.battery_w.tolist() == [0, -1000]
        remaining = await client.read_holding_registers(BATTERY_704 + 33, count=2, device_id=2)
        assert remaining.registers == [0, 1]
        await client.write_registers(BATTERY_704 + 22, [1], device_id=2)  # renews
        server.advance(59.0)
        server.commands(commands)
        assert commands.battery_w.tolist() == [0, -1000]
        server.advance(1.0)
        server.commands(commands)
        assert commands.battery_w.tolist() == [0, 0]
        assert commands.battery_enabled.tolist() == [False, True]  # WSetEnaRvrt


async def test_commands_and_reversion_of_the_pv_limit() -> None:
    async with _served() as (server, ports), _peer(ports[0]) as client:
        commands = Commands.idle(np.array([4000.0]))
        await client.write_registers(PV_LIMIT, [2500, 0, 60, 0, 1], device_id=1)
        server.commands(commands)
        assert commands.pv_limit_w.tolist() == [1000]
        server.publish(_truth(1, pv_w=1000.0))
        state = await client.read_holding_registers(40070 + 38, count=1, device_id=1)
        assert state.registers == [5]  # throttled
        server.advance(60.0)
        server.commands(commands)
        assert commands.pv_limit_w.tolist() == [4000]


async def test_one_word_of_a_32_bit_time_makes_91_days() -> None:
    async with _served() as (server, ports), _peer(ports[0]) as client:
        await client.write_registers(BATTERY_704 + 31, [0x0078], device_id=2)
        assert server.battery.get(704, "WSetRvrtTms")[0] == 120 * 65536


async def test_node_drives_the_devices() -> None:
    async with _served(2) as (server, ports):
        node = Node(ports[1])
        node.wishes.battery_w, node.wishes.pv_limit_w = 1500.0, 1000.0
        await node.round(0)
        assert (node.image.pv_w.value, node.image.battery_w.value) == (2500, -1200)
        assert node.image.battery_hz.value == pytest.approx(50.012)
        assert node.image.soc_pu.value == pytest.approx(0.6251)
        commands = Commands.idle(np.array([4000.0, 4000.0]))
        server.commands(commands)
        assert commands.battery_w.tolist() == [0, 1500]
        assert commands.pv_limit_w.tolist() == [4000, 1000]
        node.wishes.forming, node.wishes.form_hz, node.wishes.form_v = True, 50.125, 229.5
        await node.bus.flush(100)
        server.commands(commands)
        assert (commands.form.tolist(), commands.form_hz[1], commands.form_v[1]) == (
            [False, True],
            50.125,
            229.5,
        )
        server.publish(_truth(2, battery_state=2, pv_available_w=0.0))
        await node.round(1000)
        assert node.battery.state == FORMING
        assert node.image.pv_w.quality == NOT_IMPLEMENTED
        assert node.bus.counters()["mismatches"] == 0
        assert node.bus.counters()["errors"] == 0


async def test_node_survives_a_server_that_goes_and_comes() -> None:
    async with _served() as (server, ports):
        node = Node(ports[0], timeout_ms=500)
        await node.round(0)
        await server.stop()
        await node.round(1000)
        await node.round(2000)
        assert node.image.pv_w.quality == COMM
        assert node.image.battery_w.quality == COMM
        again = DeviceServer(1, PlantParams.uniform(1))
        (port,) = await again.start()
        again.publish(_truth(1))
        node.bus.client.transport._port = port
        await node.round(60_000)
        assert node.image.pv_w.quality == OK
        assert node.bus.counters()["connects"] == 2
        await again.stop()


_SCRIPT = """
import asyncio, sys, time
from hal.net import TcpStream
from islet.drivers.battery_inverter import BatteryInverter
from islet.drivers.bus import BusTask
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.state.image import Image
from islet.state.wishes import Wishes
client = ModbusTcp(TcpStream("127.0.0.1", int(sys.argv[1]), time.ticks_ms, 5000, sys.argv[2] == "blocking"))
image, wishes = Image(), Wishes()
wishes.battery_w, wishes.pv_limit_w = -777.0, 2000.0
devices = [PvInverter(SunSpecDevice(client, 1)), BatteryInverter(SunSpecDevice(client, 2))]
bus = BusTask(client, devices, image, wishes, None)
async def main():
    await bus.poll(0)
    await bus.flush(0)
asyncio.run(main())
print(image.pv_w.value, image.battery_w.value, round(1000 * image.battery_hz.value), image.soc_pu.quality)
print(bus.counters()["writes"], bus.counters()["mismatches"], bus.counters()["errors"])
"""


@pytest.mark.needs("micropython")
@pytest.mark.parametrize("manner", ["blocking", "sleeping"])
async def test_node_on_micropython(manner: str, tmp_path: Path, program) -> None:
    script = tmp_path / "node.py"
    script.write_text(_SCRIPT)
    async with _served() as (server, ports):
        process = await asyncio.create_subprocess_exec(
            program("micropython"),
            "-X",
            "heapsize=200k",
            str(script),
            str(ports[0]),
            manner,
            env={"MICROPYPATH": f".frozen:{ROOT}/firmware:{ROOT}/boards"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        commands = Commands.idle(np.array([4000.0]))
        server.commands(commands)
    assert output.decode().split() == ["2500", "-1200.0", "50012", "0", "4", "0", "0"]
    assert commands.battery_w.tolist() == [-777]
    assert commands.pv_limit_w.tolist() == [2000]
