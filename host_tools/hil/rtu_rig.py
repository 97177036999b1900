"""A pymodbus RTU server at the end of a paced line: four blocks of memory, their content a function of the place."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerRTU
from pymodbus.server import ModbusSerialServer
from pymodbus.simulator import DataType, SimData, SimDevice

from host_tools.hil.paced_line import PacedLine
from host_tools.hil.side import side_loop

UNIT = 7
SIZE = 3000  # registers, or bits, of each block
REFUSED_AT = 2900  # reading or writing at REFUSED_AT + code is refused with that code


def holding(address: int) -> int:
    """Return what the server's holding register at an address is at first: no two near each other are alike."""
    return (address * 257 + 11) & 0xFFFF


def input_register(address: int) -> int:
    """Return what the input register is."""
    return (address * 263 + 5) & 0xFFFF


def bit(address: int) -> bool:
    """Return what coil and input are at first."""
    return address * 7 % 11 < 5


def rtu_frame(unit: int, pdu: bytes) -> bytes:
    """Return a frame with pymodbus's CRC."""
    body = bytes([unit]) + pdu
    return body + FramerRTU.compute_CRC(body).to_bytes(2, "big")


async def _refuse(_function: int, _start: int, address: int, *_rest: object) -> ExcCodes | None:
    code = address - REFUSED_AT
    return ExcCodes(code) if code in {each.value for each in ExcCodes} else None


def device(unit: int = UNIT) -> SimDevice:
    """Return the memory: coils, inputs, holding registers, input registers."""
    bits: Any = [bit(k) for k in range(SIZE)]
    blocks = (
        [SimData(0, values=bits, datatype=DataType.BITS)],
        [SimData(0, values=bits, datatype=DataType.BITS)],
        [SimData(0, values=[holding(k) for k in range(SIZE)], datatype=DataType.REGISTERS)],
        [SimData(0, values=[input_register(k) for k in range(SIZE)], datatype=DataType.REGISTERS)],
    )
    return SimDevice(unit, simdata=blocks, action=_refuse)


@contextmanager
def served(line: PacedLine, baud: int, units: Sequence[int] = (UNIT,)) -> Iterator[None]:
    """Serve units at the line's end, in a thread of its own, while the context lasts."""

    async def start() -> ModbusSerialServer:
        devices = [device(unit) for unit in units]
        server = ModbusSerialServer(devices, port=line.server, baudrate=baud, broadcast_enable=True)
        await server.serve_forever(background=True)
        return server

    with side_loop() as run:
        server = run(start())
        try:
            yield
        finally:
            run(server.shutdown())
