"""An image file (.uf2): what lies where in the flash, and what it says of itself by pico-sdk's binary info."""

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import InputError
from host_tools.provision.firmware.boardfile import ROOT, Board

BUILD = ROOT / "build" / "firmware"
BLOCK = 512
MAGIC = (0x0A324655, 0x9E5D5157, 0x0AB16F30)  # microsoft/uf2, README
HAS_FAMILY = 0x2000
FAMILIES = {0xE48BFF56: "rp2040", 0xE48BFF59: "rp2350"}  # utils/uf2families.json
PAGE = 256
FLASH_BASE = 0x10000000
# pico-sdk 2.1, pico/binary_info/{defs,structure}.h
MARK_BEGIN, MARK_END, SEARCH_BYTES = 0x7188EBF2, 0xE71AA390, 1024
INT32, STRING, BLOCK_DEVICE = 5, 6, 7
BINARY_END, VERSION = 0x68F465DE, 0x11A9BC3A


@dataclass(frozen=True)
class Info:
    """What an image says of itself: its end, its version, where its file system lies (offset, bytes), or None."""

    end: int
    version: str
    filesystem: tuple[int, int] | None


@dataclass(frozen=True)
class Image:
    """`data` lies in the flash from its begin on."""

    path: Path
    chip: str
    data: bytes

    @property
    def sha256(self) -> str:
        """The hash of all of it, as hex digits."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def info(self) -> Info | None:
        """What it says of itself."""
        return info(self.data)


def find(board: Board, named: Path | None) -> Path:
    """Return the image's file: the one named, or what was built for the board; InputError when there is none."""
    path = named or BUILD / f"{board.name}{board.suffix}"
    if not path.exists():
        raise InputError(
            f"{path} is not there; make it with 'islet firmware {board.name}', or name one with --image."
        )
    return path


def read(path: Path) -> Image:
    """Return the image of a .uf2 file; InputError when it is none, or not whole."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    parts: dict[int, bytes] = {}
    chips = set()
    for at in range(0, len(raw), BLOCK):
        block = raw[at : at + BLOCK]
        if (
            len(block) < BLOCK
            or (*struct.unpack_from("<2I", block), *struct.unpack_from("<I", block, 508)) != MAGIC
        ):
            raise InputError(
                f"{path} is no UF2 file, or damaged from byte {at} on; build or download it again."
            )
        flags, address, size, _, _, family = struct.unpack_from("<6I", block, 8)
        if flags & HAS_FAMILY and family in FAMILIES:  # others: what a boot loader needs beside the image
            parts[address] = block[32 : 32 + size]
            chips.add(FAMILIES[family])
    if len(chips) != 1:
        raise InputError(
            f"{path} is an image for {' and '.join(sorted(chips)) or 'no chip that is known here'}."
        )
    return Image(path, chips.pop(), _join(path, parts))


def _join(path: Path, parts: dict[int, bytes]) -> bytes:
    at, data = FLASH_BASE, bytearray()
    for address in sorted(parts):
        if address != at:
            raise InputError(f"{path} has a gap at {at:#x}; it cannot be verified, build it again.")
        data += parts[address]
        at += len(parts[address])
    return bytes(data)


def info(data: bytes) -> Info | None:
    """Return what the begin of a flash, or all of it, says of its image; None when it says nothing."""
    for at in range(0, min(len(data), SEARCH_BYTES) - 20, 4):
        begin, first, last, _, end = struct.unpack_from("<5I", data, at)
        if begin == MARK_BEGIN and end == MARK_END:
            return _entries(data, first - FLASH_BASE, last - FLASH_BASE)
    return None


def _entries(data: bytes, first: int, last: int) -> Info | None:
    end, version, filesystem = 0, "", None
    for at in range(first, last, 4):
        if not 0 <= at <= len(data) - 4:
            return None
        entry = struct.unpack_from("<I", data, at)[0] - FLASH_BASE
        if not 0 <= entry <= len(data) - 20:
            continue
        kind, _, name, value, size = struct.unpack_from("<HHIII", data, entry)
        if kind == INT32 and name == BINARY_END:
            end = -(-(value - FLASH_BASE) // PAGE) * PAGE  # as it is packed
        elif kind == STRING and name == VERSION:
            version = data[value - FLASH_BASE :].split(b"\0", 1)[0].decode(errors="replace")
        elif kind == BLOCK_DEVICE:
            filesystem = (value - FLASH_BASE, size)
    return Info(end, version, filesystem)
