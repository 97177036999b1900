"""Bytes that one exchange takes from the heap, garbage included: the most of good answers, of others, and what stays.

The argument is a file with [RTU 0 or TCP 1, method, arguments, answer in hex] a line.
"""

import errno
import gc
import json
import sys

from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp


class Wire:
    """Gives what is set, by memoryview, so that it takes little itself."""

    baud = 19200
    char_bits = 10

    def __init__(self) -> None:
        self.coming = memoryview(b"")
        self.at = 0
        self.end = 0

    async def connect(self) -> None:
        self.at = self.end = 0

    def close(self) -> None:
        self.at = self.end

    async def quiet(self, _silence_us) -> int:
        return 0

    async def send(self, _buf, _n: int) -> None:
        self.at = 0
        self.end = len(self.coming)

    def since_sent_us(self) -> int:
        return 0

    async def receive_into(self, buf, n: int, *_limits) -> None:
        for k in range(n):
            if self.at == self.end:
                raise OSError(errno.EIO if k else errno.ETIMEDOUT)
            buf[k] = self.coming[self.at]
            self.at += 1


def exchange(client, name: str, arguments: list) -> bool:
    """Return whether the answer was taken; whatever is no OSError ends the run."""
    try:
        getattr(client, name)(*arguments).send(None)
    except StopIteration:
        return True
    except OSError:
        return False
    raise ValueError("it waited")


def measure(client, name: str, arguments: list) -> tuple:
    """Return (whether the answer was taken, bytes used, bytes that stay in use)."""
    gc.collect()
    gc.disable()  # so that nothing is given back meanwhile
    before = gc.mem_alloc()
    good = exchange(client, name, arguments)
    taken = gc.mem_alloc() - before
    gc.enable()
    gc.collect()
    return good, taken, gc.mem_alloc() - before


def main(path: str) -> None:
    """Exchange all, each on a new connection."""
    wire = Wire()
    most = [0, 0, 0]
    with open(path) as file:
        for text in file:
            tcp, name, arguments, answer = json.loads(text)
            wire.coming = memoryview(bytes.fromhex(answer))
            client = ModbusTcp(wire) if tcp else ModbusRtu(wire, 0)
            client.connect().close()
            client.connected = True
            good, taken, kept = measure(client, name, arguments)
            most[0 if good else 1] = max(most[0 if good else 1], taken)
            most[2] = max(most[2], kept)
    print(json.dumps(most))


main(sys.argv[1])
