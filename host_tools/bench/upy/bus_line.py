"""A bus task of the firmware on a serial line or a gateway, beside devices that fail; told what to do line by line.

A line of the input is {"ms": how long, "until": a unit to wait for, or 0}; the answer is a line of JSON: when each
unit was polled, values that were wrong, ms from a wish to the end of its write, counters.
"""

import asyncio
import json
import sys
from struct import unpack_from
from time import ticks_diff, ticks_ms, ticks_us  # type: ignore[attr-defined]

from hal.net import TcpStream
from hal.serial import SerialPort
from hal.sim import Random
from islet.drivers.bus import BusTask
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp

STALL_MS = 60  # longer than a desktop pauses inside a frame
WISH_MS = 370  # between two wishes
WRITTEN_AT = 2000


class Wish:
    """A register's value that is wanted, and when that was said."""

    def __init__(self) -> None:
        self.value = 0
        self.said_ms = 0


class Slave:
    """Reads registers of its own, whose content is known; writes wishes if it `takes` them; times both."""

    takes = False

    def __init__(self, client, unit: int, address: int, count: int) -> None:  # type: ignore[no-untyped-def]
        self.unit = unit
        self.polls: list[int] = []
        self.wrong = 0
        self.write_ms: list[int] = []
        self.writes = 0
        self.mismatches = 0
        self._client = client
        self._address = address
        self._count = count
        self._known = 0

    async def start(self) -> None:
        """Be discovered by one read."""
        await self._client.read(self.unit, self._address, 2)

    async def poll(self, _image: object, _now_ms: int) -> None:
        """Read, and see that the values are those of the place."""
        data = await self._client.read(self.unit, self._address, self._count)
        for k in range(self._count):
            self.wrong += unpack_from(">H", data, 2 * k)[0] != ((self._address + k) * 257 + 11) & 0xFFFF
        self.polls.append(ticks_ms())

    async def apply(self, wish: Wish, _now_ms: int) -> None:
        """Write what is wanted and not there yet."""
        value, said_ms = wish.value, wish.said_ms
        if value == self._known or not self.takes:
            return
        await self._client.write(self.unit, WRITTEN_AT, [value])
        self._known = value
        self.writes += 1
        self.write_ms.append(ticks_diff(ticks_ms(), said_ms))

    def lose(self, _image: object) -> None:
        """Have nothing to degrade."""

    def forget(self) -> None:
        """Keep what was written: a wish is timed once."""


def _client(end: str, rate: int, latency_ms: int):  # type: ignore[no-untyped-def]
    if rate:
        return ModbusRtu(SerialPort(end, ticks_us, rate), latency_ms, stall_ms=STALL_MS)
    return ModbusTcp(TcpStream("127.0.0.1", int(end), ticks_ms, latency_ms))


async def _wishes(wish: Wish) -> None:
    while True:
        await asyncio.sleep(WISH_MS / 1000)
        wish.value = (wish.value + 1) & 0xFF
        wish.said_ms = ticks_ms()


async def _span(
    bus: BusTask, slaves: "list[Slave]", ms: int, until: int, pause_ms: int
) -> "dict[str, object]":
    """Run as app.py does, for ms, or until that unit is read and at most for ms."""
    start_ms = ticks_ms()
    for slave in slaves:
        slave.polls, slave.write_ms, slave.wrong = [], [], 0
    awaited = [slave for slave in slaves if slave.unit == until]
    while ticks_diff(ticks_ms(), start_ms) < ms and not (awaited and awaited[0].polls):
        await bus.poll(ticks_ms())
        await bus.flush(ticks_ms())
        await asyncio.sleep(pause_ms / 1000)
    return {
        "ms": ticks_diff(ticks_ms(), start_ms),
        "polls": {str(slave.unit): [ticks_diff(at, start_ms) for at in slave.polls] for slave in slaves},
        "wrong": sum([slave.wrong for slave in slaves]),
        "write_ms": slaves[0].write_ms,
        "errors": {str(member.device.unit): member.errors for member in bus.members},
        "counters": bus.counters(),
        "lost_ms": bus.budget.lost_ms,
    }


async def main(end: str, rate: int, latency_ms: int, pause_ms: int, count: int, units: "list[int]") -> None:
    """Poll the units as fast as the line permits, for the spans that the input tells; the first takes the wishes."""
    client = _client(end, rate, latency_ms)
    slaves = [Slave(client, unit, 100 * unit, count) for unit in units]
    wish = Wish()
    bus = BusTask(client, slaves, None, wish, Random(1), 1, ticks_ms=ticks_ms)
    slaves[0].takes = True
    wishing = asyncio.create_task(_wishes(wish))
    while True:
        line = sys.stdin.readline()
        if not line:
            break
        todo = json.loads(line)
        print(json.dumps(await _span(bus, slaves, todo["ms"], todo["until"], pause_ms)))
    wishing.cancel()
    client.close()


line = [int(word) for word in sys.argv[2:6]]
asyncio.run(main(sys.argv[1], line[0], line[1], line[2], line[3], [int(word) for word in sys.argv[6:]]))
