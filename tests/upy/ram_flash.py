"""A NOR flash in RAM whose power can be cut after any byte that it was told to write; MicroPython only."""

from errno import EIO

import vfs

ERASED = b"\xff"
NEVER = 1 << 29  # a cut that does not come
BLOCK_BYTES = 4096  # the RP2040's flash: erased by 4096 bytes, programmed by 256
PAGE_BYTES = 256
PLACE = "/ram_flash"
COUNT, SIZE, ERASE = 4, 5, 6  # what ioctl() is asked


class Flash:
    """Blocks of 4096 bytes; programming can only clear bits, as in NOR. Failures are answered as -EIO, not raised.

    An exception would leave the file system's C code by a jump, with files in it half open.
    """

    def __init__(self, memory: bytearray, cut: int = NEVER) -> None:
        """Give power to a memory; it fails after `cut` more bytes, erased ones and programmed ones alike."""
        self.memory = memory
        self.left = cut  # -1: dead
        self.written = 0
        self.erases = [0] * (len(memory) // BLOCK_BYTES)

    def readblocks(self, block: int, into, offset: int = 0) -> int:
        """Read, as the file system asks."""
        if self.left < 0:
            return -EIO
        start = block * BLOCK_BYTES + offset
        into[:] = memoryview(self.memory)[start : start + len(into)]
        return 0

    def writeblocks(self, block: int, data, offset: int = 0) -> int:
        """Program erased bytes; the first ones stay when the power fails on the way."""
        start = block * BLOCK_BYTES + offset
        n = self._powered(len(data))
        if self.memory[start : start + n] == ERASED * n:
            self.memory[start : start + n] = data[:n]
        else:
            for i in range(n):
                self.memory[start + i] &= data[i]
        return -EIO if self.left < 0 else 0

    def ioctl(self, op: int, block: int) -> int:
        """Answer the geometry; erase a block, of which the first bytes are erased when the power fails."""
        if op == COUNT:
            return len(self.erases)
        if op == SIZE:
            return BLOCK_BYTES
        if op == ERASE:
            start = block * BLOCK_BYTES
            n = self._powered(BLOCK_BYTES)
            self.memory[start : start + n] = ERASED * n
            self.erases[block] += 1
        return -EIO if self.left < 0 else 0

    def _powered(self, n: int) -> int:
        """Return how many of n bytes are written before the power fails."""
        done = max(0, min(n, self.left))
        self.written += done
        self.left = self.left - n if n <= self.left else -1
        return done


def formatted(blocks: int) -> bytearray:
    """Return the memory of a flash with an empty littlefs, made as on the RP2040."""
    flash = Flash(bytearray(ERASED * (blocks * BLOCK_BYTES)))
    vfs.VfsLfs2.mkfs(flash, progsize=PAGE_BYTES)
    return flash.memory


def powered(flash: Flash, work) -> object:
    """Return work(PLACE) with the flash mounted there."""
    vfs.mount(vfs.VfsLfs2(flash, progsize=PAGE_BYTES), PLACE)
    try:
        return work(PLACE)
    finally:
        vfs.umount(PLACE)


def cut_everywhere(memory: bytearray, work, check) -> Flash:
    """Do work with a cut at every byte it writes, check what a next start finds; return the flash of a whole one."""
    whole = Flash(bytearray(memory))
    powered(whole, work)
    for cut in range(whole.written):
        flash = Flash(bytearray(memory), cut)
        try:
            powered(flash, work)
        except OSError:
            powered(Flash(flash.memory), check)
            continue
        raise AssertionError("the cut at byte %d did nothing" % cut)
    return whole
