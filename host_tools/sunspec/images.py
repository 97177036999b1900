"""The firmware's decoding of register maps against pysunspec2's own scan, point for point, over a pymodbus server."""

import asyncio
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP  # type: ignore[import-untyped]

from hal.net import TcpStream
from host_tools.hil.script import run_script
from host_tools.plant.registers import port_of
from host_tools.sunspec.maps import Registers, images, standard
from host_tools.sunspec.tables import Encoder
from host_tools.sunspec.upy.scan import scan
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec import SunSpecDevice
from islet.drivers.sunspec_tables import UNITS
from islet.names import NOT_IMPLEMENTED, OK

UNIT = 1
SCRIPT = Path(__file__).parent / "upy" / "scan.py"
_TIMEOUT_MS = 2000

Ours = list[tuple[int, int, int, dict[str, list[Any]]]]  # of each model: id, address, length, points


@dataclass
class Compared:
    """What came of a comparison: maps, points compared, how many are equal, and a word on each that is not."""

    images: int
    points: int
    equal: int
    wrong: list[str]


class AnyModel(SunSpecDevice):
    """A device with a table for every model that pysunspec2 knows, made by the tool that makes the board's."""

    def records(self, model_id: int) -> bytes:
        """Return the table of a model, empty for one of a vendor."""
        try:
            return Encoder(UNITS, closed=True).table(model_id)
        except Exception:  # pysunspec2 raises its own kinds and plain ones
            return b""


class Server:
    """One unit on loopback with these registers; an address that is not listed gets exception 2."""

    def __init__(self, registers: Registers) -> None:
        self._registers = registers

    async def __aenter__(self) -> int:
        unit = SimDevice(UNIT, _blocks(self._registers), action=partial(_serve, self._registers))
        self._server = ModbusTcpServer([unit], address=("127.0.0.1", 0))
        await self._server.serve_forever(background=True)
        return port_of(self._server)

    async def __aexit__(self, *_: object) -> None:
        await self._server.shutdown()  # type: ignore[no-untyped-call]


async def _serve(
    registers: Registers,
    _function: int,
    start: int,
    address: int,
    count: int,
    current: list[int],
    _values: Any,
) -> ExcCodes | None:
    current[address - start : address - start + count] = [registers[address + i] for i in range(count)]
    return None


def _blocks(registers: Registers) -> list[SimData]:
    begins = [address for address in sorted(registers) if address - 1 not in registers]
    ends = [address + 1 for address in sorted(registers) if address + 1 not in registers]
    pairs = zip(begins, ends, strict=True)
    return [SimData(begin, count=end - begin, datatype=DataType.REGISTERS) for begin, end in pairs]


async def ours(port: int) -> Ours:
    """Return what the firmware's code reads on CPython."""
    client = ModbusTcp(TcpStream("127.0.0.1", port, _ticks_ms, _TIMEOUT_MS))
    await client.connect()
    found: Ours = []
    await scan(AnyModel(client, UNIT), lambda *model: found.append(model))
    client.close()
    return found


async def ours_on_micropython(port: int) -> Ours:
    """Return what the firmware's code reads on the unix port, with the tables of the board."""
    lines = await asyncio.to_thread(run_script, SCRIPT, port, UNIT)
    return [(line[0], line[1], line[2], line[3]) for line in lines]


def theirs(port: int) -> Any:
    """Return pysunspec2's device after its scan."""
    device = SunSpecModbusClientDeviceTCP(slave_id=UNIT, ipaddr="127.0.0.1", ipport=port, timeout=5)
    device.scan()
    device.close()
    return device


async def compare(registers: Registers, micropython: bool = False) -> tuple[int, list[str]]:
    """Return (points compared, what is not equal) of one map; the unix port knows the board's models only."""
    async with Server(registers) as port:
        device = await asyncio.to_thread(theirs, port)
        found = await (ours_on_micropython(port) if micropython else ours(port))
    models = {model.model_addr: model for model in device.model_list}
    compared, wrong = 0, [f"models {sorted(models)}"] if not set(models) <= {m[1] for m in found} else []
    for model_id, address, length, points in found:
        if address not in models or (micropython and not points):
            wrong += [] if not points else [f"{model_id} at {address} is not theirs"]
            continue
        model = models[address]
        listed = dict(_flat(model, "", model))
        if (model.model_id, model.model_len, set(listed)) != (model_id, length, set(points)):
            wrong.append(f"{model_id}: {set(listed) ^ set(points)} {model.model_len} {length}")
        for name in set(listed) & set(points):
            compared += 1
            wrong += [] if _equal(points[name], *listed[name]) else [f"{model_id}.{name} {points[name]}"]
    return compared, wrong


def _flat(group: Any, prefix: str, model: Any) -> Any:
    """Yield (name, (point, its scale factor's point or None)) of a group and those inside it."""
    for name, point in group.points.items():
        yield prefix + name, (point, model.points.get(point.sf) if point.sf else None)
    for name, inner in group.groups.items():
        if isinstance(inner, list):
            for i, one in enumerate(inner):
                yield from _flat(one, f"{prefix}{name}[{i + 1}].", model)
        else:
            yield from _flat(inner, f"{prefix}{name}.", model)


def _equal(point: list[Any], other: Any, scale: Any) -> bool:
    """Return whether raw value, scaled value and "not implemented" agree.

    Two things pysunspec2 sees otherwise: a pad has a value, and a point whose scale factor is not implemented has
    its raw value. Here neither has one.
    """
    raw, value, quality = point
    if other.pdef["type"] == "pad":
        return bool(quality == NOT_IMPLEMENTED)
    if other.value is None or other.value == "":
        return raw is None and bool(quality == NOT_IMPLEMENTED)
    if _plain(raw, other) != other.value:
        return False
    if scale is not None and scale.value is None:
        return bool(quality == NOT_IMPLEMENTED)
    return bool(quality == OK and _plain(value, other) == other.cvalue)


def _plain(value: Any, other: Any) -> Any:
    if not isinstance(value, bytes):
        return value
    if other.pdef["type"] == "string":
        return value.decode()
    return ":".join(f"{byte:02X}" for byte in value)


async def compare_all(micropython: bool = False) -> Compared:
    """Compare every image of a real device there is, and every standard map."""
    total = Compared(0, 0, 0, [])
    for name, registers in {**images(), **standard()}.items():
        points, wrong = await compare(registers, micropython)
        total.images += 1
        total.points += points
        total.equal += points - len(wrong)
        total.wrong += [f"{name}: {one}" for one in wrong]
    return total


def compared() -> tuple[int, int, int]:
    """Return (maps, points compared, points equal), the firmware's code running on CPython."""
    found = asyncio.run(compare_all())
    return found.images, found.points, found.equal


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF
