"""A client that only reads: remembers what was read and what was refused, and stops when the time is over."""

import time
from collections.abc import Callable
from struct import unpack_from
from typing import Protocol

from islet.drivers.modbus import ModbusError

READ_MAX = 125


class Client(Protocol):
    """What is used of the firmware's Modbus clients."""

    connected: bool

    async def connect(self) -> None:
        """Open the connection."""

    def close(self) -> None:
        """Close the connection."""

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """Return holding registers."""


class TimeOver(Exception):
    """The time that the whole scan may take is over."""


class Reader:
    """Stands for the client with the firmware's drivers; it has no method that writes."""

    def __init__(self, client: Client, end_s: float, tell: Callable[[], None] = lambda: None) -> None:
        """end_s is on the monotonic clock; tell is called before each request."""
        self.requests = 0
        self._client = client
        self._end_s = end_s
        self._tell = tell
        self.registers: dict[tuple[int, int], int] = {}  # by unit and address
        self._refused: dict[tuple[int, int, int], int] = {}
        self._answered: set[int] = set()

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """Return registers as the client does; asks once more a unit that answered before; TimeOver past the end."""
        try:
            data = await self._ask(unit, address, count)
        except ModbusError as error:
            self._refused[unit, address, count] = error.code
            raise
        except OSError:
            if unit not in self._answered:
                raise
            data = await self._ask(unit, address, count)  # one answer may be lost, two in a row are the end
        self._answered.add(unit)
        for i, word in enumerate(unpack_from(f">{count}H", data, 0)):
            self.registers[unit, address + i] = word
        return data

    async def _ask(self, unit: int, address: int, count: int) -> memoryview:
        if time.monotonic() >= self._end_s:
            raise TimeOver
        self._tell()
        if not self._client.connected:
            await self._client.connect()
        self.requests += 1
        return await self._client.read(unit, address, count)

    def words(self, unit: int, address: int, count: int) -> list[int] | None:
        """Return what was read last, None when part of it never was."""
        keys = [(unit, address + i) for i in range(count)]
        return [self.registers[key] for key in keys] if all(key in self.registers for key in keys) else None

    def refusal(self, unit: int, address: int, count: int) -> int | None:
        """Return the exception code with which exactly this read was refused, None when it was not."""
        return self._refused.get((unit, address, count))
