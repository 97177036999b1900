"""A pymodbus server of inverters with the firmware's drivers on a bus over it; time is handed in."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sunspec_server import MapServer, pv_unit, registers_of

from hal.net import TcpStream
from islet.drivers.bus import BusTask
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.state.image import Image
from islet.state.wishes import Wishes

TIMEOUT_MS = 150
PV = registers_of(pv_unit())  # 2500 W of 4000 W
LIMIT, RVRT, ENA, CONN = 40155, 40157, 40159, 40154
W, STATE, MODEL_123 = 40084, 40108, 40150
MISSING, MISSING_W = 0xFFFF, 0x8000


def ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


async def sleep_ms(span_ms: int) -> None:
    await asyncio.sleep(span_ms / 1000)


class Half:
    """A random source without chance."""

    def random(self) -> float:
        return 0.5


class House:
    """A bus with inverters at these units, over a client of the port; its time is handed in."""

    def __init__(
        self, port: int, units: tuple[int, ...] = (1,), open_with: Any = None, **options: Any
    ) -> None:
        self.client = ModbusTcp(TcpStream("127.0.0.1", port, ticks_ms, TIMEOUT_MS))
        make = open_with or (lambda client, unit: PvInverter(SunSpecDevice(client, unit)))
        self.inverters = [make(self.client, unit) for unit in units]
        self.images = Image()
        self.wishes, self.safe = Wishes(), Wishes()
        self.wishes.pv_limit_w = self.safe.pv_limit_w = 4000.0
        if options.get("valid_ms"):
            options["safe"] = self.safe
        self.bus = BusTask(self.client, self.inverters, self.images, self.wishes, Half(), **options)

    async def round(self, now_ms: int, limit_w: float | None = None) -> None:
        """Poll and write once; a limit is a wish of this moment."""
        await self.bus.poll(now_ms)
        if limit_w is not None:
            self.wishes.pv_limit_w = limit_w
            self.bus.renew(now_ms)
        await self.bus.flush(now_ms)


@asynccontextmanager
async def house(server: MapServer, units: tuple[int, ...] = (1,), **options: Any) -> AsyncIterator[House]:
    one = House(await server.start(), units, **options)
    try:
        yield one
    finally:
        one.client.close()
        await server.stop()


async def until(one: House, begin_ms: int, end_ms: int) -> None:
    for now_ms in range(begin_ms, end_ms, 500):
        await one.round(now_ms)


async def ready(one: House) -> bool:
    await one.round(0)
    return bool(one.bus.members[0].ready)
