"""An FRAM on an I2C bus whose power can be cut after any byte it was told to write; MicroPython and CPython.

After the data sheets of MB85RC256V (DS501-00017, "Byte Write" to "Random Read") and FM24W256 (001-84464): after its
address and a write bit the chip takes two bytes of address, of which it ignores the bits it has not, then data, each
stored as it is acknowledged. Reads and writes go on from the address latch, which rolls over to 0 after the last.
"""

from errno import EIO, ENODEV

NEVER = 1 << 29  # a cut that does not come


class Chip:
    """The chip, byte by byte as it sees the bus; `memory` outlives it."""

    def __init__(self, memory: bytearray, cut: int = NEVER, address: int = 0x50) -> None:
        """Give power to a memory; it fails after `cut` more bytes written."""
        self.memory = memory
        self.left = cut
        self.written = 0
        self.address = address
        self.latch = 0
        self.addressed = 0  # bytes of address that have come since the start

    def start(self, word: int) -> bool:
        """Take the first byte after a start or repeated start, its lowest bit 1 to read; return the acknowledge."""
        self.addressed = 0
        return word >> 1 == self.address and self.left >= 0

    def take(self, byte: int) -> bool:
        """Take one byte that is written; return the acknowledge."""
        if self.left < 0:
            return False
        if self.addressed < 2:
            self.latch = (self.latch << 8 | byte) & 0xFFFF
            self.addressed += 1
            return True
        if not self.left:
            self.left = -1
            return False
        at = self.latch % len(self.memory)
        self.memory[at] = byte
        self.left -= 1
        self.written += 1
        self.latch = at + 1
        return True

    def give(self) -> int:
        """Give the byte at the latch; a chip without power leaves the bus high."""
        if self.left < 0:
            return 0xFF
        at = self.latch % len(self.memory)
        self.latch = at + 1
        return self.memory[at]


class Bus:
    """What machine.I2C does to the chip, from the names that a driver uses."""

    def __init__(self, chip: Chip) -> None:
        self.chip = chip
        self.transfers = 0

    def _open(self, address: int, memory_address: int, addrsize: int) -> None:
        self.transfers += 1
        if not self.chip.start(address << 1):
            raise OSError(ENODEV)
        shift = addrsize - 8
        while shift >= 0:
            self._put(memory_address >> shift & 0xFF)
            shift -= 8

    def _put(self, byte: int) -> None:
        if not self.chip.take(byte):
            raise OSError(EIO)

    def writeto_mem(self, address: int, memory_address: int, data, *, addrsize: int = 8) -> None:
        """Write an address in memory, then data."""
        self._open(address, memory_address, addrsize)
        for byte in data:
            self._put(byte)

    def readfrom_mem_into(self, address: int, memory_address: int, into, *, addrsize: int = 8) -> None:
        """Write an address in memory, start again, and read."""
        self._open(address, memory_address, addrsize)
        if not self.chip.start(address << 1 | 1):
            raise OSError(ENODEV)
        for i in range(len(into)):
            into[i] = self.chip.give()
