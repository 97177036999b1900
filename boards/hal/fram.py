"""FRAM on I2C for the files that are written often, beside a store in flash.

A flash erase runs with interrupts off, 45 ms typical and 400 ms at worst, and the fast path with them. FRAM takes a
byte as fast as the bus brings it and is never erased (MB85RC256V, Fujitsu DS501-00017; FM24W256, Cypress 001-84464).
A chip of 8 kB (FM24CL64B) is too small: a file that is replaced is there twice.
"""

import errno
import os

import vfs

from hal.store import Store

PLACE = "/hot"
BLOCK_BYTES = 512
UNIT_BYTES = 32  # read and written at once; the file system keeps four times as much
ADDRESS = 0x50  # A2, A1, A0 low
I2C_HZ = 400_000
SIZE_BYTES = 32_768
COUNT, SIZE = 4, 5  # what ioctl() is asked
NAMES = (
    "energy", "island.json", "shares.json", "boot", "command", "orders", "outbox", "load_forecast", "pv_forecast",
)  # fmt: skip
BULK = "outbox."  # segments: as many as leave room for the counters
RESERVE_BYTES = 16_384  # for a whole segment, and all counters twice


class Fram:
    """A block device over one chip with addresses of two bytes; `errors` counts transfers that failed.

    Failures are answered as -EIO, not raised: the file system's C code has files half open then.
    """

    def __init__(self, i2c, size_bytes: int = SIZE_BYTES, address: int = ADDRESS) -> None:
        """i2c: readfrom_mem_into, writeto_mem as machine.I2C; OSError(ENODEV) when no chip answers."""
        self.errors = 0
        self._i2c, self._address = i2c, address
        self._blocks = size_bytes // BLOCK_BYTES
        if self.readblocks(0, bytearray(1)):
            raise OSError(errno.ENODEV)

    def readblocks(self, block: int, into, offset: int = 0) -> int:
        """Read, as the file system asks."""
        try:
            self._i2c.readfrom_mem_into(self._address, block * BLOCK_BYTES + offset, into, addrsize=16)
        except OSError:
            return self._failed()
        return 0

    def writeblocks(self, block: int, data, offset: int = 0) -> int:
        """Write, as the file system asks."""
        try:
            self._i2c.writeto_mem(self._address, block * BLOCK_BYTES + offset, data, addrsize=16)
        except OSError:
            return self._failed()
        return 0

    def _failed(self) -> int:
        self.errors += 1
        return -errno.EIO

    def ioctl(self, op: int, _argument: int) -> int:
        """Tell the geometry; to erase is nothing, for a byte is written over what it was."""
        if op == COUNT:
            return self._blocks
        if op == SIZE:
            return BLOCK_BYTES
        return 0


def mount(device: Fram, place: str = PLACE) -> None:
    """Mount the chip's file system; a chip without one gets one. OSError(EIO) when the bus fails: nothing is lost."""
    try:
        system = _open(device)
    except OSError:
        if device.errors:
            raise OSError(errno.EIO) from None
        vfs.VfsLfs2.mkfs(device, readsize=UNIT_BYTES, progsize=UNIT_BYTES)  # type: ignore[arg-type]
        system = _open(device)
    vfs.mount(system, place)


def _open(device: Fram):
    return vfs.VfsLfs2(device, readsize=UNIT_BYTES, progsize=UNIT_BYTES)  # type: ignore[abstract, arg-type]


def beside(flash: Store, bus: int, sda: int, scl: int):
    """Return a store with FRAM for what is hot, or the one in flash alone when no chip is there."""
    from machine import I2C, Pin

    try:
        device = Fram(I2C(bus, sda=Pin(sda), scl=Pin(scl), freq=I2C_HZ))
        mount(device)
        return HotStore(flash, Store(PLACE + "/islet"), PLACE)
    except OSError as error:
        print("islet fram: %r; hot files go to flash" % error)
        return flash


class HotStore:
    """Two stores as one, with what hal.store.Store has: names that begin as NAMES in FRAM, the others in flash.

    A new segment of the outbox goes to flash once less than RESERVE_BYTES are free. What flash still has of a hot
    name, from a time without the chip, moves over when this is made. OSError as the file systems give it.
    """

    def __init__(self, flash, hot, place: str) -> None:
        """`place` is where the file system of `hot` is mounted."""
        self._flash, self._hot, self._place = flash, hot, place
        there = hot.names()
        for name in flash.names():
            if is_hot(name) and not name.startswith(BULK):
                if name not in there:
                    hot.save(name, flash.load(name))
                flash.remove(name)

    def _of(self, name: str):
        """Return the store that holds the file, or that a new one goes to."""
        if not is_hot(name):
            return self._flash
        if name.startswith(BULK) and not _has(self._hot, name):
            return self._flash if _has(self._flash, name) or not self._room() else self._hot
        return self._hot

    def _room(self) -> bool:
        state = os.statvfs(self._place)
        return state[0] * state[3] >= RESERVE_BYTES

    def load(self, name: str) -> bytes:
        """Return the whole content."""
        return self._of(name).load(name)

    def save(self, name: str, data: bytes) -> None:
        """Replace the content as one: after a power cut it is the old or the new."""
        self._of(name).save(name, data)

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace the content in place."""
        self._of(name).overwrite(name, data)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end, making the file if missing; a power cut may leave any beginning of data."""
        self._of(name).append(name, data)

    def read_at(self, name: str, offset: int, n: int) -> bytes:
        """Return up to n bytes from offset, fewer at the end."""
        return self._of(name).read_at(name, offset, n)

    def size(self, name: str) -> int:
        """Return the length in bytes."""
        return self._of(name).size(name)

    def remove(self, name: str) -> None:
        """Delete the file."""
        self._of(name).remove(name)

    def names(self) -> list:
        """Return the names of all whole files, in no order."""
        return self._hot.names() + self._flash.names()


def is_hot(name: str) -> bool:
    """Return whether a file is written so often that it belongs in FRAM."""
    return name.startswith(NAMES)


def _has(store, name: str) -> bool:
    try:
        store.size(name)
        return True
    except OSError:
        return False
