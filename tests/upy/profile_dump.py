"""What profiles read from made-up registers, as JSON a line: [name, {reading: [value, quality]}, bytes held].

The argument is a file with a compact profile a line. It runs on MicroPython and on CPython.
"""

import gc
import json
import sys
from struct import pack

from islet.drivers import profile_table
from islet.drivers.profile import ProfileDevice


class Made:
    """Registers and bits that are a function of their place, with small high words."""

    async def read(self, unit: int, address: int, count: int) -> bytes:
        return b"".join([pack(">H", word_at(address + i)) for i in range(count)])

    read_input = read

    async def read_bits(self, unit: int, address: int, count: int, function: int = 1) -> bytes:
        return bytes([(address + k) & 0xFF for k in range((count + 7) // 8)])


def word_at(address: int) -> int:
    """Return a register: 16 bits of all kinds, and a float of moderate size in every second pair."""
    return (0x42C8, 0x1234, 0x0003, 0xFFFE, 0x0001, 0x8000)[address % 6] ^ (address & 0x7F)


def run(coroutine) -> None:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration:
        return
    raise RuntimeError("it waited")


def held() -> int:
    """Return the bytes in use, 0 where that cannot be told."""
    gc.collect()
    return gc.mem_alloc() if hasattr(gc, "mem_alloc") else 0


def dump(text: str) -> None:
    """Print what one profile reads."""
    before = held()
    device = ProfileDevice(Made(), profile_table.load(text))
    run(device.start())
    run(device.poll(None, 0))
    after = held()
    readings = {name: [one.value, one.quality] for name, one in device.readings.items()}
    print(json.dumps([device.name, readings, after - before]))


with open(sys.argv[1]) as profiles:
    for line in profiles:
        dump(line)
