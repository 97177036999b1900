"""Whether a device answers on a serial line."""

import asyncio
import errno

import board

from hal.lines import named
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_rtu import ModbusRtu

NOBODY = (10, 11)  # a gateway says that its device does not answer, Modbus Application Protocol V1.1b3, 7
FIRST = 40_000  # where SunSpec's maps begin; a device that has nothing there says so


def answers(device: str, baud: int, parity: str, stop_bits: int, latency_ms: int, units: tuple) -> list:
    """Return for each unit "answers", "refuses", "silent" or "garbled"."""
    client = ModbusRtu(named(board.LINES)[device].port(baud, parity, stop_bits), latency_ms)
    return asyncio.run(_ask(client, units))


async def _ask(client, units: tuple) -> list:
    found = []
    for unit in units:
        if not client.connected:
            await client.connect()
        found.append(await _one(client, unit))
    client.close()
    return found


async def _one(client, unit: int) -> str:
    try:
        await client.read(unit, FIRST, 1)
    except ModbusError as error:
        return "silent" if error.code in NOBODY else "refuses"
    except OSError as error:
        return "silent" if error.errno == errno.ETIMEDOUT else "garbled"
    return "answers"
