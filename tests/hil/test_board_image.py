"""UF2 files by hand, after microsoft/uf2's README, and binary info, after pico-sdk's pico/binary_info/structure.h."""

import hashlib
import struct
from pathlib import Path

import pytest
from board_rig import REASON, image

from host_tools.board import find
from host_tools.board import image as images
from host_tools.errors import InputError
from host_tools.provision.firmware import boardfile

RP2040, RP2350, ABSOLUTE = 0xE48BFF56, 0xE48BFF59, 0xE48BFF57
BASE = 0x10000000


def block(address: int, data: bytes, number: int, count: int, family: int = RP2040) -> bytes:
    """Return one block of a UF2 file."""
    head = struct.pack("<8I", 0x0A324655, 0x9E5D5157, 0x2000, address, len(data), number, count, family)
    return head + data.ljust(476, b"\0") + struct.pack("<I", 0x0AB16F30)


def written(path: Path, *blocks: bytes) -> Path:
    """Write a file of blocks."""
    path.write_bytes(b"".join(blocks))
    return path


def test_data_and_hash(tmp_path: Path) -> None:
    """Blocks in any order; one of another family, as pico-sdk adds for the RP2350's erratum E10, is not the image."""
    one, two = bytes(range(256)), bytes(256)
    path = written(
        tmp_path / "a.uf2",
        block(0x10FFFF00, b"\xef" * 256, 0, 2, ABSOLUTE), block(BASE + 256, two, 1, 2), block(BASE, one, 0, 2),
    )  # fmt: skip
    found = images.read(path)
    assert (found.chip, found.data) == ("rp2040", one + two)
    assert found.sha256 == hashlib.sha256(one + two).hexdigest()
    assert found.info is None


def test_what_is_no_image_is_refused(tmp_path: Path) -> None:
    """Another file, a torn one, one with a gap, one for two chips."""
    good = block(BASE, bytes(256), 0, 2)
    for name, blocks, words in (
        ("text", (b"hello" * 200,), "no UF2 file"),
        ("torn", (good, good[:100]), "damaged from byte 512"),
        ("gap", (good, block(BASE + 512, bytes(256), 1, 2)), "gap at 0x10000100"),
        ("both", (good, block(BASE + 256, bytes(256), 1, 2, RP2350)), "rp2040 and rp2350"),
    ):
        with pytest.raises(InputError, match=words):
            images.read(written(tmp_path / name, *blocks))


def test_binary_info_by_hand() -> None:
    """Two entries: the end of the binary, rounded up to a page, and the version."""
    table, end, text = 0x40, 0x60, 0x80
    data = bytearray(0x200)
    struct.pack_into("<5I", data, 0x10, 0x7188EBF2, BASE + table, BASE + table + 8, 0, 0xE71AA390)
    struct.pack_into("<2I", data, table, BASE + end, BASE + text)
    struct.pack_into("<HHII", data, end, 5, 0x5052, 0x68F465DE, BASE + 0x101)
    struct.pack_into("<HHII", data, text, 6, 0x5052, 0x11A9BC3A, BASE + 0xA0)
    data[0xA0:0xA4] = b"1.2\0"
    assert images.info(bytes(data)) == images.Info(0x200, "1.2", None)


@pytest.mark.skipif(image() is None, reason=REASON)
def test_our_image_says_what_firmware_toml_says() -> None:
    """Its end is where the UF2 ends; its file system lies where the board's firmware.toml puts it."""
    path = image()
    assert path is not None
    found, flash = images.read(path), boardfile.load("rp2040_emulated").firmware.flash
    told = found.info
    assert told is not None
    assert told.end == len(found.data)
    assert told.filesystem == (flash.filesystem_offset, flash.filesystem_bytes)


def test_boot_loader_volumes(tmp_path: Path) -> None:
    """By the file that each shows, here with the boot ROMs' own words; a stick with other files is none."""
    for name, words in (("a", "RPI-RP2"), ("b", "RP2350")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "INFO_UF2.TXT").write_text(f"UF2 Bootloader v1.0\nModel: x\nBoard-ID: {words}\n")
    assert [one.chip for name in "abc" for one in find.volumes(tmp_path / name)] == ["rp2040", "rp2350"]
