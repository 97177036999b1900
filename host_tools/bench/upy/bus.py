"""Poll rounds of a node's bus on MicroPython: prints the reads of one round, then µs a round, a line each."""

import asyncio
import json
import sys
from time import ticks_diff, ticks_us  # type: ignore[attr-defined]

from hal.net import TcpStream
from hal.sim import Random, wall_ms
from islet.drivers.battery_inverter import BatteryInverter
from islet.drivers.bus import BusTask
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.state.image import Image
from islet.state.wishes import Wishes

PERIOD_MS = 1000
PV_UNIT, BATTERY_UNIT = 1, 2


class Listed(ModbusTcp):
    """A client that can list what is read."""

    reads: "list[list[int]] | None" = None

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """Read as any client."""
        if self.reads is not None:
            self.reads.append([unit, address, count])
        return await super().read(unit, address, count)


async def main(port: int, rounds: int) -> None:
    """Connect and discover in the first round, list the reads of the second, time the others."""
    client = Listed(TcpStream("127.0.0.1", port, wall_ms, 2000, True))
    devices = [
        PvInverter(SunSpecDevice(client, PV_UNIT)),
        BatteryInverter(SunSpecDevice(client, BATTERY_UNIT)),
    ]
    bus = BusTask(client, devices, Image(), Wishes(), Random(1), PERIOD_MS)
    await bus.poll(0)
    await bus.poll(PERIOD_MS)  # reads scale factors that never change
    client.reads = []
    await bus.poll(2 * PERIOD_MS)
    print(json.dumps(client.reads))
    client.reads = None
    for k in range(3, rounds + 3):
        start = ticks_us()
        await bus.poll(k * PERIOD_MS)
        print(ticks_diff(ticks_us(), start))
    if bus.counters()["errors"]:
        raise OSError("a poll failed")
    client.close()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
