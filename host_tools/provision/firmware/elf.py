"""Just enough of ELF32 (TIS ELF specification 1.2) to read sections and symbols of a little-endian executable."""

import struct
from dataclasses import dataclass
from pathlib import Path

from host_tools.errors import InputError

HEADER = struct.Struct("<16s HHIIIIIHHHHHH")
SECTION = struct.Struct("<10I")
SYMBOL = struct.Struct("<IIIBBH")
SHT_SYMTAB, SHT_NOBITS = 2, 8
SHF_ALLOC = 2
STT_FILE = 4


@dataclass(frozen=True)
class Section:
    """A section of the file: where it is in memory and in the file, in bytes."""

    name: str
    kind: int
    allocated: bool
    address: int
    offset: int
    size: int
    link: int


@dataclass(frozen=True)
class Symbol:
    """A symbol, with the source file it is local to ("" for a global one)."""

    name: str
    address: int
    size: int
    file: str


class Elf:
    """An ELF32 file."""

    def __init__(self, path: Path) -> None:
        """Read it; InputError when it is not one."""
        self._bytes = data = path.read_bytes()
        if len(data) < HEADER.size or data[:6] != b"\x7fELF\x01\x01":
            raise InputError(f"{path} is not a 32-bit little-endian ELF file.")
        fields = HEADER.unpack_from(data)
        offset, count, names_at = fields[6], fields[12], fields[13]
        rows = [SECTION.unpack_from(data, offset + n * SECTION.size) for n in range(count)]
        names = rows[names_at][4]
        self.sections = [
            Section(
                self._text(names + row[0]), row[1], bool(row[2] & SHF_ALLOC), row[3], row[4], row[5], row[6]
            )
            for row in rows
        ]
        self.symbols = self._symbols()

    def _text(self, offset: int) -> str:
        return self._bytes[offset : self._bytes.index(b"\0", offset)].decode()

    def _symbols(self) -> list[Symbol]:
        found, file = [], ""
        for section in self.sections:
            if section.kind != SHT_SYMTAB:
                continue
            names = self.sections[section.link].offset
            for at in range(section.offset, section.offset + section.size, SYMBOL.size):
                name, value, size, info, _, _ = SYMBOL.unpack_from(self._bytes, at)
                if info & 15 == STT_FILE:
                    file = self._text(names + name)
                else:
                    found.append(Symbol(self._text(names + name), value, size, "" if info >> 4 else file))
        return found

    def read(self, address: int, size: int) -> bytes:
        """Return bytes at an address; InputError when no section holds them."""
        for section in self.sections:
            inside = section.address <= address <= section.address + section.size - size
            if section.allocated and section.kind != SHT_NOBITS and inside:
                start = section.offset + address - section.address
                return self._bytes[start : start + size]
        raise InputError(f"the image has nothing at {address:#x}.")

    def word(self, address: int) -> int:
        """Return the 32-bit word at an address."""
        return int.from_bytes(self.read(address, 4), "little")
