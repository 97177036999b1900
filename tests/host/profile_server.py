"""A device made from the long form of a profile: pymodbus serves it, pymodbus's own conversions fill and read it.

Factors are computed here from scale, unit and sign; nothing of the compact form is used.
"""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from fractions import Fraction
from typing import Any, cast

from pymodbus.client.mixin import ModbusClientMixin
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from hal.net import TcpStream
from host_tools.plant.registers import port_of
from host_tools.profiles.form import Back, Command, Profile, Reading, Register, Write
from islet.drivers.modbus_tcp import ModbusTcp

TYPES = {
    "i16": ModbusClientMixin.DATATYPE.INT16,
    "u16": ModbusClientMixin.DATATYPE.UINT16,
    "i32": ModbusClientMixin.DATATYPE.INT32,
    "u32": ModbusClientMixin.DATATYPE.UINT32,
    "i64": ModbusClientMixin.DATATYPE.INT64,
    "u64": ModbusClientMixin.DATATYPE.UINT64,
    "f32": ModbusClientMixin.DATATYPE.FLOAT32,
    "f64": ModbusClientMixin.DATATYPE.FLOAT64,
}
# what one of the unit is in W, var, VA, V, A, Hz, Wh or per unit
UNITS = {"": 1, "W": 1, "kW": 1000, "MW": 10**6, "var": 1, "kvar": 1000, "VA": 1, "kVA": 1000, "V": 1, "A": 1}
UNITS |= {"Hz": 1, "Wh": 1, "kWh": 1000, "MWh": 10**6, "pu": 1}
PARTS = {"mV": 1000, "mA": 1000, "mHz": 1000, "J": 3600, "%": 100}
COILS, INPUTS, HOLDING, INPUT = 1, 2, 3, 4


def factor(row: Register) -> Fraction:
    """Return by what a register's number is multiplied to be in the unit of its name."""
    unit = Fraction(1, PARTS[row.unit]) if row.unit in PARTS else Fraction(UNITS[row.unit])
    return Fraction(row.scale) * unit * row.sign


def size_of(row: Register) -> int:
    """Return the registers of a row."""
    if row.type == "string":
        return cast(Reading, row).size or 0
    return 1 if row.type == "bit" else TYPES[row.type].value[1]


class ProfileServer:
    """One unit with just the registers that the profile names, and those it may read in between."""

    def __init__(self, profile: Profile) -> None:
        self.spaces: dict[int, dict[int, int]] = {space: {} for space in (COILS, INPUTS, HOLDING, INPUT)}
        self.asked: list[tuple[int, int, int]] = []  # function, address, count
        self.written: list[tuple[int, int, tuple[int, ...]]] = []
        self.refused: set[tuple[int, int]] = set()  # function and address that get exception 2
        self.refusal = ExcCodes.ILLEGAL_ADDRESS
        self.drops_writes = False
        self.profile = profile
        self._mirrors: dict[tuple[int, int], tuple[int, int, int]] = {}
        self._server: ModbusTcpServer | None = None
        for row in profile.readings:
            self._make(row.function, row.address, size_of(row))
            if row.tens is not None:
                self._make(row.function, row.address, row.tens - row.address + 1)
        for space in (HOLDING, INPUT):
            self._fill_holes(space)
        for command in profile.commands:
            self._make_for(command)

    def _make(self, space: int, address: int, size: int) -> None:
        self.spaces[space].update(dict.fromkeys(range(address, address + size), 0))

    def _fill_holes(self, space: int) -> None:
        held = sorted(self.spaces[space])
        for i, address in enumerate(held[1:]):
            if address - held[i] - 1 <= self.profile.hole:
                self._make(space, held[i], address - held[i])

    def _make_for(self, command: Command) -> None:
        for write in (one for case in command.cases for one in case.writes):
            space = COILS if write.function == 5 else HOLDING
            for address in range(write.address, write.address + size_of(write)):
                self.spaces[space].setdefault(address, 0)
            if isinstance(write.back, Back):
                self._make(write.back.function, write.back.address, size_of(write))
                target = (write.back.function, write.back.address, size_of(write))
                self._mirrors[space, write.address] = target

    def put(self, row: Reading, number: float, tens: int = 0) -> None:
        """Let a row hold a number (of the register, before scaling) or a string."""
        words = self._words(row, number)
        self.spaces[row.function].update(enumerate(words, row.address))
        if row.tens is not None:
            self.spaces[row.function][row.tens] = tens & 0xFFFF

    def put_raw(self, row: Reading, raw: int | str) -> None:
        """Let a row hold an unsigned integer as it is, or a text; a masked value goes to its place."""
        if isinstance(raw, str):
            words = ModbusClientMixin.convert_to_registers(raw, ModbusClientMixin.DATATYPE.STRING)
            words += [0] * (size_of(row) - len(words))
        else:
            raw <<= row.shift if row.mask else 0
            kind = {1: "u16", 2: "u32", 4: "u64"}[size_of(row)]
            words = [raw] if row.type == "bit" else _registers(raw, kind, row.order)
        self.spaces[row.function].update(enumerate(words, row.address))

    def held(self, write: Write) -> float:
        """Return the number that the register of a write holds now, before scaling."""
        if write.function == 5:
            return self.spaces[COILS][write.address]
        words = [self.spaces[HOLDING][write.address + i] for i in range(size_of(write))]
        found = ModbusClientMixin.convert_from_registers(words, TYPES[write.type], write.order)
        return cast(float, found)

    @staticmethod
    def _words(row: Reading, number: float) -> list[int]:
        return [int(number)] if row.type == "bit" else _registers(number, row.type, row.order)

    def device(self) -> SimDevice:
        """Return the unit for pymodbus, its four kinds of registers apart."""
        blocks = [_blocks(self.spaces[space], space <= INPUTS) for space in (COILS, INPUTS, HOLDING, INPUT)]
        return SimDevice(self.profile.unit or 1, cast(Any, tuple(blocks)), action=self._serve)

    async def start(self) -> int:
        """Listen on loopback and return the port."""
        self._server = ModbusTcpServer(self.device(), address=("127.0.0.1", 0))
        await self._server.serve_forever(background=True)
        return port_of(self._server)

    async def stop(self) -> None:
        """Close the port."""
        if self._server:
            await self._server.shutdown()  # type: ignore[no-untyped-call]

    async def _serve(
        self,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        reads = function in (COILS, INPUTS, HOLDING, INPUT)
        if values is None and not reads:  # pymodbus reads before it answers a write
            return None
        space = function if reads else COILS if function in (5, 15) else HOLDING
        if any((function, at) in self.refused for at in range(address, address + count)):
            return self.refusal
        if values is not None:
            self.written.append((function, address, tuple(int(value) for value in values)))
            if not self.drops_writes:
                self.spaces[space].update(enumerate((int(value) for value in values), address))
                self._mirror(space, address)
            return None
        self.asked.append((function, address, count))
        current[address - start : address - start + count] = [
            cast(Any, bool(self.spaces[space][at]) if space <= INPUTS else self.spaces[space][at])
            for at in range(address, address + count)
        ]
        return None

    def _mirror(self, space: int, address: int) -> None:
        if (space, address) in self._mirrors:
            to_space, to, size = self._mirrors[space, address]
            self.spaces[to_space].update({to + i: self.spaces[space][address + i] for i in range(size)})


def _registers(number: float, kind: str, order: str) -> list[int]:
    return ModbusClientMixin.convert_to_registers(number, TYPES[kind], cast(Any, order))


def _blocks(held: dict[int, int], bits: bool) -> list[SimData]:
    runs: list[list[int]] = []
    for address in sorted(held) or [65535]:
        if runs and runs[-1][-1] == address - 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    kind = DataType.BITS if bits else DataType.REGISTERS
    return [SimData(run[0], values=False if bits else 0, count=len(run), datatype=kind) for run in runs]


def ticks_ms() -> int:
    """Return wall-clock ticks as the board has them."""
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


@asynccontextmanager
async def served(profile: Profile) -> AsyncIterator[tuple[ProfileServer, ModbusTcp]]:
    """Yield the device and the firmware's client connected to it."""
    server = ProfileServer(profile)
    client = ModbusTcp(TcpStream("127.0.0.1", await server.start(), ticks_ms, 1000))
    await client.connect()
    try:
        yield server, client
    finally:
        client.close()
        await server.stop()
