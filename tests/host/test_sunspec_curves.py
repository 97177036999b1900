"""Curves adopted by a device on a pymodbus server that copies a set as the models say; pysunspec2 reads the outcome.

Offsets by hand from the SunSpec model definitions. All: Ena 2, request 3, result 4. 705 and 706: NPt 5, NCrv 6,
RvrtTms 7 (2), RvrtCrv 11, V_SF 12, DeptRef_SF 13, RspTms_SF 14, sets from 15, of 10 and 5 registers and 2 a point,
ReadOnly at 9 and 4. 711: NCtl 5, RvrtTms 6 (2), RvrtCtl 10, Db_SF 11, K_SF 12, RspTms_SF 13, sets of 10 from 14,
ReadOnly at 9.
"""

import asyncio
import errno
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from pymodbus.constants import ExcCodes
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP
from sunspec_server import MapServer, Request

from hal.net import TcpStream
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec import SunSpecDevice
from islet.drivers.sunspec_curves import FREQ_DROOP, VOLT_VAR, VOLT_WATT, Curves

BASE = 40000
MODEL = BASE + 2 + 68
ENA, REQUEST, RESULT = MODEL + 2, MODEL + 3, MODEL + 4
IN_PROGRESS, COMPLETED, FAILED = 0, 1, 2
SETS = 3


@dataclass(frozen=True)
class Model:
    """One model: header behind the result, where sets begin and how long they are, and what is to be adopted."""

    number: int
    header: tuple[int, ...]
    first: int
    size: int
    read_only: int
    revert_at: int
    values: tuple[tuple[str, float], ...]
    enumerated: tuple[str, ...]  # as pysunspec2 names the sets
    words: tuple[int, ...]  # registers of the set adopted, by hand

    @property
    def length(self) -> int:
        """Registers after the length."""
        return self.first - 2 + SETS * self.size


MODELS = (
    Model(
        VOLT_VAR,
        (2, SETS, 0, 0, 0, 0, 0, -1 & 0xFFFF, -1 & 0xFFFF, 0),
        15,
        14,
        9,
        7,
        (
            ("ActPt", 2),
            ("DeptRef", 1),
            ("RspTms", 70_000),
            ("Pt[1].V", 92.5),
            ("Pt[1].Var", 44.0),
            ("Pt[2].V", 108.0),
            ("Pt[2].Var", -44.0),
        ),
        ("Crv", "Pt"),
        (2, 1, 0, 0, 0, 0, 0, 1, 4464, 1, 925, 440, 1080, -440 & 0xFFFF),
    ),
    Model(
        VOLT_WATT,
        (2, SETS, 0, 0, 0, 0, 0, -1 & 0xFFFF, -1 & 0xFFFF, 0),
        15,
        9,
        4,
        7,
        (
            ("ActPt", 2),
            ("RspTms", 10),
            ("Pt[1].V", 106.0),
            ("Pt[1].W", 100.0),
            ("Pt[2].V", 110.0),
            ("Pt[2].W", 20.0),
        ),
        ("Crv", "Pt"),
        (2, 0, 0, 10, 1, 1060, 1000, 1100, 200),
    ),
    Model(
        FREQ_DROOP,
        (SETS, 0, 0, 0, 0, 0, -3 & 0xFFFF, -2 & 0xFFFF, -1 & 0xFFFF),
        14,
        10,
        9,
        6,
        (("DbOf", 0.036), ("DbUf", 0.036), ("KOf", 0.05), ("KUf", 0.05), ("RspTms", 5)),
        ("Ctl",),
        (0, 36, 0, 36, 5, 5, 0, 50, 0, 1),
    ),
)


class Adopting:
    """Carries a request out after `after` readings of the result, as `manner` has it; the hook of a server."""

    def __init__(self, model: Model, manner: str = "adopts", after: int = 1, refuse: int = 0) -> None:
        self.model, self.manner, self.refuse = model, manner, refuse
        self.server: MapServer
        self._left = after
        self._wanted = 0

    def registers(self) -> dict[int, int]:
        """Return the map at first: set 1 active and read-only, the others free."""
        model = self.model
        sets = [int(k == model.read_only and at == 0) for at in range(SETS) for k in range(model.size)]
        head = [0] * (model.first - 5 - len(model.header))
        words = [0x5375, 0x6E53, 1, 66] + [0] * 66 + [model.number, model.length]
        words += [0, 0, COMPLETED, *model.header, *head, *sets, 0xFFFF, 0]
        return dict(enumerate(words, BASE))

    def __call__(self, request: Request) -> ExcCodes | None:
        if self.refuse and request.values is not None:
            return ExcCodes(self.refuse)
        registers = self.server.units[1]
        if request.values is not None and request.address == REQUEST and self.manner != "ignores":
            self._wanted = request.values[0]
            registers[RESULT] = IN_PROGRESS
        elif request.values is None and request.address <= RESULT < request.address + request.count:
            self._step(registers)
        return None

    def _step(self, registers: dict[int, int]) -> None:
        if not self._wanted or self.manner == "hangs":
            return
        self._left -= 1
        if self._left:
            return
        registers[RESULT] = FAILED if self.manner == "fails" else COMPLETED
        if self.manner == "adopts":
            first = MODEL + self.model.first
            for k in range(self.model.size):
                if k != self.model.read_only:
                    registers[first + k] = registers[first + (self._wanted - 1) * self.model.size + k]


@asynccontextmanager
async def _curves(device: Adopting) -> AsyncIterator[tuple[MapServer, Curves, list[float], int]]:
    """Yield the server, curves over it, the pauses they make, and the port."""
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    async with MapServer({1: device.registers()}, device) as (server, port):
        device.server = server
        ticks = lambda: int(time.monotonic() * 1000) & 0x3FFFFFFF  # noqa: E731
        client = ModbusTcp(TcpStream("127.0.0.1", port, ticks, 1000))
        await client.connect()
        found = SunSpecDevice(client, 1)
        await found.discover()
        try:
            yield server, Curves(found, device.model.number, sleep), pauses, port
        finally:
            client.close()


def _peer(port: int, model: Model) -> list[Any]:
    """Return the values of the active set as pysunspec2 has them, in order, then Ena."""
    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port)
    device.scan()
    found = device.models[model.number][0]
    active = getattr(found, model.enumerated[0])[0]
    values = []
    for name, _ in model.values:
        place = active
        if name.startswith("Pt["):
            place = active.Pt[int(name[3]) - 1]
            name = name[6:]
        values.append(getattr(place, name).cvalue)
    device.close()
    return [*values, found.Ena.cvalue]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.number)
async def test_a_curve_is_adopted_and_enabled(model: Model) -> None:
    device = Adopting(model, after=2)
    async with _curves(device) as (server, curves, pauses, port):
        assert await curves.adopt(model.values) == 2
        registers = server.units[1]
        active = [registers[MODEL + model.first + k] for k in range(model.size)]
        assert tuple(active) == model.words
        assert registers[ENA] == 1
        assert pauses == [2, 2]  # the result was not there after the first
        assert await asyncio.to_thread(_peer, port, model) == pytest.approx(
            [value for _, value in model.values] + [1]
        )
        order = [one.address for one in server.writes]
        assert order.index(REQUEST) < order.index(ENA) == len(order) - 1
        assert all(address > MODEL + model.first for address in order[: order.index(REQUEST)])


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.number)
async def test_with_a_reversion_time_of_32_bits(model: Model) -> None:
    """100000 s: written whole, in one request, before the curve is enabled."""
    async with _curves(Adopting(model)) as (server, curves, _, _):
        await curves.adopt(model.values, revert_s=100_000)
        *_, timer, enable = server.writes
        assert (timer.address, timer.values) == (MODEL + model.revert_at, (1, 34_464))
        assert (enable.address, enable.values) == (ENA, (1,))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.number)
@pytest.mark.parametrize(
    ("manner", "code", "text"),
    [
        ("fails", errno.EIO, "not adopted"),
        ("hangs", errno.ETIMEDOUT, "still adopting"),
        ("ignores", errno.EIO, "another set is active"),  # the result is that of an earlier request
        ("lies", errno.EIO, "another set is active"),
    ],
)
async def test_what_is_not_adopted_is_not_enabled(model: Model, manner: str, code: int, text: str) -> None:
    async with _curves(Adopting(model, manner)) as (server, curves, pauses, _):
        with pytest.raises(OSError, match=text) as caught:
            await curves.adopt(model.values)
        assert caught.value.errno == code
        assert server.units[1][ENA] == 0
        assert sum(pauses) == (10 if manner == "hangs" else 2)


async def test_a_device_that_forgets_what_was_written() -> None:
    """The set does not read back: nothing is asked for, nothing enabled."""
    device = Adopting(MODELS[0])
    async with _curves(device) as (server, curves, pauses, _):
        server.drops_writes = True
        with pytest.raises(OSError, match="does not read back"):
            await curves.adopt(MODELS[0].values)
        assert REQUEST not in [one.address for one in server.writes]
        assert (server.units[1][ENA], pauses) == (0, [])


async def test_a_device_that_takes_no_writes() -> None:
    async with _curves(Adopting(MODELS[1], refuse=4)) as (server, curves, _, _):
        with pytest.raises(ModbusError) as caught:
            await curves.adopt(MODELS[1].values)
        assert caught.value.code == 4
        assert server.units[1] == Adopting(MODELS[1]).registers()


async def test_enabling_that_is_ignored() -> None:
    """Adopted, but Ena stays 0: that is told."""
    device = Adopting(MODELS[0])
    async with _curves(device) as (server, curves, _, _):
        hook = server.hook

        def deaf(request: Request) -> ExcCodes | None:
            server.drops_writes = request.address == ENA
            return hook(request) if hook else None

        server.hook = deaf
        with pytest.raises(OSError, match="does not read back"):
            await curves.adopt(MODELS[0].values)
        assert server.units[1][RESULT] == COMPLETED
        assert server.units[1][ENA] == 0


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.number)
async def test_the_set_kept_for_reversion_and_those_that_are_read_only(model: Model) -> None:
    device = Adopting(model)
    async with _curves(device) as (server, curves, _, _):
        registers = server.units[1]
        registers[MODEL + model.revert_at + 4] = 2
        assert await curves.adopt(model.values) == 3
        registers[MODEL + model.first + 2 * model.size + model.read_only] = 1
        before = len(server.writes)
        with pytest.raises(OSError, match="no free set"):
            await curves.adopt(model.values)
        assert len(server.writes) == before
