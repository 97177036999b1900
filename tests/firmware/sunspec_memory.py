"""SunSpec devices in memory, behind the interface of the Modbus client."""

import errno
from struct import pack_into

from islet.drivers.modbus import ModbusError

MARK = [0x5375, 0x6E53]


class Registers:
    """A Modbus client over {address: register}; a missing address is refused with exception 2."""

    def __init__(self, registers: dict) -> None:
        self.registers = registers
        self.writes = []
        self.connected = True
        self.discarded = 0
        self.broken = 0  # errno to fail with
        self.reads = []
        self.buf = bytearray(250)

    def lay(self, address: int, values: list) -> int:
        for value in values:
            self.registers[address] = value
            address += 1
        return address

    async def read(self, unit: int, address: int, count: int):
        self.fail()
        self.reads.append((address, count))
        for i in range(count):
            if address + i not in self.registers:
                raise ModbusError(2)
            pack_into(">H", self.buf, 2 * i, self.registers[address + i])
        return memoryview(self.buf)

    async def write(self, unit: int, address: int, values: list) -> None:
        self.fail()
        self.writes.append((address, list(values)))
        self.lay(address, values)

    def fail(self) -> None:
        if self.broken:
            self.connected = self.connected and self.broken == errno.ETIMEDOUT
            raise OSError(self.broken, "broken")

    async def connect(self) -> None:
        if self.broken:
            raise OSError(self.broken, "broken")
        self.connected = True

    def close(self) -> None:
        self.connected = False


def build_map(base: int, models: list, end=(0xFFFF, 0)) -> Registers:
    client = Registers({})
    at = client.lay(base, MARK)
    for model_id, length in models:
        at = client.lay(at, [model_id, length] + [0] * length)
    client.lay(at, list(end))
    return client
