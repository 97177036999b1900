"""What a board is, and the hash of its image; reads only."""

import hashlib
import os
import struct
import sys
from binascii import hexlify

import machine
import uctypes

FLASH = 0x10000000
BYTES, PAGE = 4096, 256
# pico-sdk 2.1, pico/binary_info/{defs,structure}.h
MARK_BEGIN, MARK_END, SEARCH_BYTES, INT32, BINARY_END = 0x7188EBF2, 0xE71AA390, 1024, 5, 0x68F465DE


def about() -> dict:
    """Return what the board says of itself, and where its file system lies."""
    implementation = sys.implementation
    return {
        "machine": implementation._machine,
        "build": getattr(implementation, "_build", ""),
        "micropython": ".".join([str(n) for n in implementation.version[:3]]),
        "platform": sys.platform,
        "id": hexlify(machine.unique_id()).decode(),
        "reset_cause": machine.reset_cause(),
        "islet": _is_ours(),
        "filesystem_bytes": _filesystem_bytes(),
    }


def _is_ours() -> bool:
    try:
        import board
    except ImportError:
        return False
    return hasattr(board, "open_hardware")


def _filesystem_bytes() -> int:
    if sys.platform == "rp2":
        import rp2

        flash = rp2.Flash()
        return flash.ioctl(4, 0) * flash.ioctl(5, 0)
    stat = os.statvfs("/")
    return stat[1] * stat[2]


def _words(address: int, form: str) -> tuple:
    return struct.unpack(form, uctypes.bytearray_at(address, struct.calcsize(form)))


def image_bytes() -> int:
    """Return how long the image is by its binary info, in whole pages; 0 when it does not say."""
    for at in range(FLASH, FLASH + SEARCH_BYTES - 20, 4):
        begin, first, last, _, end = _words(at, "<5I")
        if begin == MARK_BEGIN and end == MARK_END:
            for place in range(first, last, 4):
                kind, _, name, value = _words(_words(place, "<I")[0], "<HHII")
                if kind == INT32 and name == BINARY_END:
                    return (value - FLASH + PAGE - 1) // PAGE * PAGE
    return 0


class Hash:
    """The SHA-256 of a flash, part by part."""

    def __init__(self) -> None:
        self._found = hashlib.sha256()
        self._at = 0

    def more(self, count: int) -> int:
        """Take in so many bytes more; return how many there were so far."""
        end = self._at + count
        while self._at < end:
            size = min(BYTES, end - self._at)
            self._found.update(uctypes.bytearray_at(FLASH + self._at, size))
            self._at += size
        return self._at

    def digest(self) -> str:
        """Return it, as hex digits."""
        return hexlify(self._found.digest()).decode()
