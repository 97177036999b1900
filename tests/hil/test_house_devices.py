"""A node with a charger over TCP and a meter on a serial line beside its inverters: read, told, commanded, let go."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from house import House
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.server import ModbusSerialServer, ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from sqlalchemy import select

from host_tools.aggregator.store import DeviceRow
from host_tools.hil.paced_line import PacedLine
from host_tools.hil.side import side_loop
from host_tools.hil.unixport import NodeError
from host_tools.plant.registers import port_of
from host_tools.profiles import check, compact

pytestmark = pytest.mark.needs("micropython")

BOX_UNIT = 40
METER_UNIT = 3
BAUD = 19_200
SET_A, START = 5016, 5010  # of Victron's EV Charging Station: current asked for, start or stop
SAFE_A = 6  # the profile's, the least current of IEC 61851-1
CHARGES_W = 300
LOAD_W = 1000.0


def wallbox() -> SimDevice:
    """Charges with 300 W, state C; the registers of the maker's own program, from 5000 on."""
    registers = [0] * 40
    registers[14] = CHARGES_W
    registers[15] = 2
    registers[16] = 16
    registers[18] = 13  # 1.3 A
    registers[23:25] = [0, 12_345]  # 123.45 kWh
    return SimDevice(BOX_UNIT, [SimData(5000, values=registers, datatype=DataType.REGISTERS)])


def sdm630() -> SimDevice:
    """230.5 V, 1234.5 W, 50.01 Hz, 321.5 kWh imported: IEEE 754, the high word first."""
    convert = AsyncModbusTcpClient.convert_to_registers
    registers = [0] * 80
    for at, value in ((0, 230.5), (52, 1234.5), (70, 50.01), (72, 321.5)):
        registers[at : at + 2] = convert(value, AsyncModbusTcpClient.DATATYPE.FLOAT32)
    blocks: Any = [SimData(0, values=[0], datatype=DataType.BITS)]
    inputs = [SimData(0, values=registers, datatype=DataType.REGISTERS)]
    return SimDevice(METER_UNIT, simdata=(blocks, blocks, inputs, inputs))


@asynccontextmanager
async def charger() -> AsyncIterator[int]:
    """Serve the charger and give its port."""
    server = ModbusTcpServer([wallbox()], address=("127.0.0.1", 0))
    await server.serve_forever(background=True)
    yield port_of(server)
    await server.shutdown()


@contextmanager
def meter() -> Iterator[str]:
    """Serve the meter on a paced line, in a loop of its own, and give the node's end of the line."""

    async def start(port: str) -> ModbusSerialServer:
        server = ModbusSerialServer([sdm630()], port=port, baudrate=BAUD)
        await server.serve_forever(background=True)
        return server

    with side_loop() as run, PacedLine(BAUD) as line:
        server = run(start(line.server))
        yield line.client
        run(server.shutdown())


class Box:
    """A second client of the charger: what its registers hold."""

    def __init__(self, port: int) -> None:
        self.client = AsyncModbusTcpClient("127.0.0.1", port=port)

    async def told(self) -> tuple[int, int]:
        """Return the current asked for and whether charging was started."""
        await self.client.connect()
        answer = await self.client.read_holding_registers(START, count=7, device_id=BOX_UNIT)
        return answer.registers[SET_A - START], answer.registers[0]


@asynccontextmanager
async def house(folder: Path, **settings: object) -> AsyncIterator[tuple[House, Box]]:
    """Give a house whose charger may be commanded and whose meter is read."""
    async with charger() as port:
        with meter() as tty:
            lan = {"name": "lan", "kind": "tcp", "host": "127.0.0.1", "port": port}
            wire = {"name": "wire", "kind": "rtu", "device": tty, "baud": BAUD}
            box = {"name": "wallbox", "line": "lan", "unit": BOX_UNIT, "role": "charger", "control": True}
            oven = {"name": "oven", "line": "wire", "unit": METER_UNIT, "role": "meter"}
            box["driver"], oven["driver"] = "victron_evcs", "eastron_sdm630"
            one = House(folder, "lockstep", {"lines": [lan, wire], "devices": [box, oven]}, **settings)
            for device in (box, oven):
                name = str(device["driver"])
                one.files[f"profile_{name}"] = compact.text(check.load(name)).encode()
            async with one:
                watch = Box(port)
                yield one, watch
                watch.client.close()


async def seconds(one: House, count: int) -> None:
    """Let seconds pass."""
    for _ in range(count):
        tail = await one.step(1000)
    await one.heard(tail)


async def test_devices_are_read_told_and_commanded(tmp_path: Path) -> None:
    """One start for all of it, since starting a node is dear; each claim has its own block."""
    async with house(tmp_path, report_s=1) as (one, box):
        await seconds(one, 5)

        # the charger is in the balance: 1000 W of load of which the car takes 300 W
        last = one.reports()[-1]
        assert last.ev_w == -CHARGES_W
        assert last.chp_w == 0
        assert last.load_w == pytest.approx(LOAD_W - CHARGES_W, abs=10)
        assert last.residual_w == pytest.approx(0, abs=10)

        # every device tells itself; values by the registers above
        told = {row.name: row for row in one.store.all(select(DeviceRow).order_by(DeviceRow.id))}
        assert {row.role for row in told.values()} == {"inverter", "battery", "charger", "meter"}
        wallbox, oven = told["wallbox"].readings, told["oven"].readings
        assert (wallbox["w"], wallbox["limit_a"], wallbox["total_wh"], wallbox["state"]) == (
            -300,
            16,
            123_450,
            2,
        )
        assert (oven["v"], oven["w"], oven["import_wh"]) == (230.5, 1234, 321_500)  # 1234.5 rounds to even
        assert oven["hz"] == pytest.approx(50.01, abs=0.001)
        assert all(row.errors == 0 for row in told.values())

        # nothing was written before somebody asked; then the command, and its safe value when it is over
        assert await box.told() == (16, 0)
        number, token = one.desk.issue_device(
            ("f1", "b01"), "wallbox", "current_a", 10, one.now_s, 20, "test"
        )
        await one.send(token, 1)
        await seconds(one, 2)
        assert await box.told() == (10, 1)
        await seconds(one, 25)
        assert await box.told() == (SAFE_A, 1)

        # who does not take commands says so
        for k, (name, do) in enumerate((("pv", "limit_w"), ("oven", "current_a"), ("nobody", "run"))):
            token = one.desk.issue_device(("f1", "b01"), name, do, 1, one.now_s, 20, "test")[1]
            await one.send(token, 2 + k)
        await seconds(one, 1)
        assert one.answers() == ["accepted", "no_device", "no_device", "no_device"]

        # a power cut ends the lease: the device keeps what it was told, the node that starts again takes it back
        token = one.desk.issue_device(("f1", "b01"), "wallbox", "current_a", 13, one.now_s, 3600, "test")[1]
        await one.send(token, 5)
        await seconds(one, 2)
        assert await box.told() == (13, 1)
        await one.power_cut()
        await one.start_node()
        await seconds(one, 3)
        assert await box.told() == (SAFE_A, 1)

        # an island ends it too: cars are shed first, and nothing new is taken for a charger
        token = one.desk.issue_device(("f1", "b01"), "wallbox", "current_a", 13, one.now_s, 3600, "test")[1]
        await one.send(token, 1)
        await seconds(one, 2)
        assert await box.told() == (13, 1)
        one.grid_v[:] = 0.0
        await seconds(one, 3)
        assert await box.told() == (
            13,
            0,
        )  # told to stop: the profile leaves the current and clears the start
        token = one.desk.issue_device(("f1", "b01"), "wallbox", "current_a", 13, one.now_s, 3600, "test")[1]
        await one.send(token, 2)
        await seconds(one, 1)
        assert one.answers()[-2:] == ["accepted", "no_device"]
        assert number > 0


async def test_a_node_does_not_count_on_a_battery_that_is_only_read(tmp_path: Path) -> None:
    """It says so at the start, in its log."""
    one = House(tmp_path, "lockstep")
    one.usual_control = False
    with pytest.raises(NodeError, match="battery_rated_w is 5000, but no battery of"):
        async with one:
            await one.step(100)
