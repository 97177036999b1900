"""Sizes of an image: of a small ELF file that is made here word by word, and of a real image when it is asked for."""

import os
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from host_tools.errors import InputError
from host_tools.provision.firmware.build import build
from host_tools.provision.firmware.elf import Elf
from host_tools.provision.firmware.sizes import NAMES, TABLES, Sizes, sizes, table

ROOT = Path(__file__).resolve().parents[2]
LOCAL, GLOBAL, OBJECT, FILE = 0, 16, 1, 4  # TIS ELF 1.2, figures 1-17 and 1-18
PROGBITS, SYMTAB, STRTAB, NOBITS, ALLOC = 1, 2, 3, 8, 2  # figures 1-10 and 1-12
FLASH, RAM = 0x10000000, 0x20000000


@dataclass
class Maker:
    """Writes ELF32 files: sections one after the other behind the header, the table of sections at the end."""

    sections: list[tuple[str, int, int, int, bytes, int, int]] = field(default_factory=list)
    symbols: bytes = bytes(16)
    names: bytes = b"\0"

    def section(
        self, name: str, kind: int, address: int, content: bytes, size: int | None = None, link: int = 0
    ) -> None:
        """Add a section."""
        flags = ALLOC if kind in (PROGBITS, NOBITS) else 0
        self.sections.append(
            (name, kind, flags, address, content, len(content) if size is None else size, link)
        )

    def symbol(self, name: str, address: int, size: int, info: int) -> None:
        """Add a symbol."""
        self.symbols += struct.pack("<IIIBBH", len(self.names), address, size, info, 0, 1)
        self.names += name.encode() + b"\0"

    def write(self, path: Path) -> None:
        """Write the file."""
        count = len(self.sections) + 1
        self.section(".symtab", SYMTAB, 0, self.symbols, link=count + 1)
        self.section(".strtab", STRTAB, 0, self.names)
        words = b"\0" + b"".join(one[0].encode() + b"\0" for one in self.sections) + b".shstrtab\0"
        self.section(".shstrtab", STRTAB, 0, words)
        body, rows, at = b"", [struct.pack("<10I", *[0] * 10)], 52
        for name, kind, flags, address, content, size, link in self.sections:
            place = words.index(b"\0" + name.encode() + b"\0") + 1
            rows.append(struct.pack("<10I", place, kind, flags, address, at + len(body), size, link, 0, 1, 0))
            body += content
        ident = b"\x7fELF\x01\x01\x01" + bytes(9)
        rest = (2, 40, 1, 0, 0, 52 + len(body), 0, 52, 0, 0, 40, len(rows), len(rows) - 1)
        path.write_bytes(ident + struct.pack("<HHIIIIIHHHHHH", *rest) + body + b"".join(rows))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An image with two frozen modules of 100 and 30 bytes and two strings, `ab` and `xyz`."""
    names = b"islet/node.py\0islet/node_x.py\0\0"
    pool = struct.pack("<6I", 0, 0, 0, 2, 0, FLASH + 0x200) + bytes(
        8
    )  # py/qstr.h: length 2, lengths at 0x200
    text = names.ljust(0x100, b"\0") + pool.ljust(0x100, b"\0") + b"\x02\x03"
    maker = Maker()
    maker.section(".text", PROGBITS, FLASH, text)
    maker.section(".data", PROGBITS, RAM, bytes(12))
    maker.section(".bss", NOBITS, RAM + 12, b"", size=500)
    maker.symbol("vm.c", 0, 0, LOCAL | FILE)
    maker.symbol("fun_data_islet_node_f", FLASH, 999, LOCAL | OBJECT)  # of another file: not frozen
    maker.symbol("frozen_content.c", 0, 0, LOCAL | FILE)
    maker.symbol("fun_data_islet_node_Node_step", FLASH, 70, LOCAL | OBJECT)
    maker.symbol("const_obj_islet_node_0", FLASH, 30, LOCAL | OBJECT)
    maker.symbol("proto_fun_islet_node_x__lt_module_gt_", FLASH, 30, LOCAL | OBJECT)
    maker.symbol("rom_funs_islet_node", FLASH, 40, LOCAL | OBJECT)
    maker.symbol("mp_frozen_names", FLASH, len(names), GLOBAL | OBJECT)
    maker.symbol("mp_qstr_frozen_const_pool", FLASH + 0x100, len(pool), GLOBAL | OBJECT)
    maker.symbol("__GcHeapStart", RAM + 0x1000, 0, GLOBAL)
    maker.symbol("__GcHeapEnd", RAM + 0x9000, 0, GLOBAL)
    maker.write(tmp_path / "x.elf")
    return tmp_path / "x.elf"


def test_the_bytes_of_a_small_image(image: Path) -> None:
    found = sizes(image)
    strings = 31 + 32 + (2 + 1 + 3 + 1)  # the list of names, the pool, `ab` and `xyz` with their ends
    assert found.modules == {"islet/node.py": 100, "islet/node_x.py": 30, NAMES: strings, TABLES: 40}
    assert (found.text, found.data, found.bss, found.heap) == (0x202, 12, 500, 0x8000)
    assert found.flash == 0x202 + 12
    assert (found.frozen, found.ours) == (170 + strings, 130 + strings)


def test_folders_and_what_is_ours() -> None:
    modules = {"islet/a/x.py": 5, "islet/a/y.py": 7, "asyncio/core.py": 9, "rp2.py": 2, NAMES: 4}
    found = Sizes(0, 0, 0, 0, 1000, modules)
    assert list(found.folders().items()) == [("islet/a", 12), ("asyncio", 9), (NAMES, 4), ("rp2.py", 2)]
    assert (found.frozen, found.ours) == (27, 16)
    assert any("left below the file system 500" in line for line in table(found, 1500))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("no image")
    with pytest.raises(InputError, match="is not a 32-bit little-endian ELF file"):
        Elf(tmp_path / "x")
    maker = Maker()
    maker.section(".text", PROGBITS, FLASH, b"1234")
    maker.write(tmp_path / "y")
    with pytest.raises(InputError, match="no mp_frozen_names"):
        sizes(tmp_path / "y")
    with pytest.raises(InputError, match="has nothing at 0x10000001"):
        Elf(tmp_path / "y").word(FLASH + 1)


@pytest.mark.skipif(
    not os.environ.get("ISLET_BUILD_IMAGES"), reason="minutes; set ISLET_BUILD_IMAGES=1 to run it"
)
def test_two_folders_give_the_same_bytes(tmp_path: Path) -> None:
    """The same content, built from nothing in two folders: the same file; and binutils counts the same sizes."""
    download = ROOT / "build" / "firmware" / "download"
    images = []
    for name in ("one", "another-place"):
        if download.exists():
            shutil.copytree(download, tmp_path / name / "download")
        images.append(build("rp2040_emulated", tmp_path / name, print))
    first, second = images
    assert first.built
    assert first.path.name == second.path.name
    assert first.path.read_bytes() == second.path.read_bytes()
    assert not build("rp2040_emulated", tmp_path / "one", print).built
    found = sizes(first.elf)
    said = subprocess.run(
        ["arm-none-eabi-size", first.elf], capture_output=True, text=True, check=True
    ).stdout
    text, data, bss = (int(word) for word in said.splitlines()[1].split()[:3])
    assert found.flash == text + data
    assert found.bss == bss
    assert 0 < found.ours < found.frozen < found.flash
