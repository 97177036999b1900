"""Reads by the firmware's Modbus clients on MicroPython: prints the µs that all of them took, in one number."""

import asyncio
import sys
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from hal.net import TcpStream
from hal.serial import SerialPort
from hal.sim import wall_ms
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp


def _client(end: str, rate: int, blocking: bool):  # type: ignore[no-untyped-def]
    if rate:
        return ModbusRtu(SerialPort(end, ticks_us, rate, blocking=blocking), latency_ms=1000, stall_ms=200)
    return ModbusTcp(TcpStream("127.0.0.1", int(end), wall_ms, 2000, blocking))


async def main(end: str, rate: int, blocking: bool, unit: int, rounds: int, counts: "list[int]") -> None:
    """Read each count of registers, again and again; end is a TCP port, or a tty and rate its baud.

    blocking: wait by the operating system's poll, else by asyncio, beside other tasks.
    """
    client = _client(end, rate, blocking)
    await client.connect()
    start = ticks_us()
    for _ in range(rounds):
        for count in counts:
            await client.read(unit, 0, count)
    print(ticks_diff(ticks_us(), start))
    client.close()


line = [int(word) for word in sys.argv[2:6]]
counts = [int(word) for word in sys.argv[6:]]
asyncio.run(main(sys.argv[1], line[0], bool(line[1]), line[2], line[3], counts))
