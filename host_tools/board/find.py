"""Boards that are connected: serial ports by their USB ids, and the volumes of boot loaders."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from serial.tools import list_ports  # type: ignore[import-untyped]

from host_tools.errors import InputError

UF2_FILE = "INFO_UF2.TXT"
BOARD_IDS = {"RPI-RP2": "rp2040", "RP2350": "rp2350"}  # Board-ID in that file
RASPBERRY = 0x2E8A  # raspberrypi/usb-pid
USB = {  # (vendor, product): what it is, its port of MicroPython
    (RASPBERRY, 0x0005): ("MicroPython on an RP2 chip", "rp2"),
    (0x303A, 0x1001): ("ESP32 with USB", "esp32"),
    (0x303A, 0x4001): ("MicroPython on an ESP32-S3", "esp32"),
    (0x10C4, 0xEA60): ("CP210x, likely an ESP32", "esp32"),
    (0x1A86, 0x7523): ("CH340, likely an ESP32", "esp32"),
    (0x1A86, 0x55D4): ("CH9102, likely an ESP32", "esp32"),
    (0x0403, 0x6015): ("FT231X, likely an ESP32", "esp32"),
}


@dataclass(frozen=True)
class Found:
    """A serial port that may be a board's."""

    device: str
    what: str
    port: str
    serial: str


@dataclass(frozen=True)
class Volume:
    """A boot loader's volume, and the chip it takes images for."""

    path: Path
    chip: str


def ports() -> list[Found]:
    """Return the serial ports whose USB ids are those of boards."""
    found = []
    for one in list_ports.comports():
        known = USB.get((one.vid, one.pid)) if one.vid is not None else None
        if known:
            found.append(Found(one.device, known[0], known[1], one.serial_number or ""))
    return sorted(found, key=lambda one: one.device)


def port(kind: str) -> str:
    """Return the port of the only board of a port of MicroPython; InputError when there is none, or several."""
    found = [one for one in ports() if one.port == kind]
    if not found:
        raise InputError(
            f"No {kind} board is connected that can be told by its USB id; name its serial port with --port."
        )
    if len(found) > 1:
        told = ", ".join(f"{one.device} ({one.what}, {one.serial})" for one in found)
        raise InputError(f"Several boards are connected: {told}; choose one with --port.")
    return found[0].device


def volume(path: Path) -> Volume | None:
    """Return the boot loader's volume mounted there, None when there is none."""
    try:
        lines = (path / UF2_FILE).read_text(errors="replace").splitlines()
    except OSError:
        return None
    words = dict(line.split(":", 1) for line in lines if ":" in line)
    return Volume(path, BOARD_IDS.get(words.get("Board-ID", "").strip(), "an unknown chip"))


def volumes(named: Path | None = None) -> list[Volume]:
    """Return the boot loaders' volumes: in the folder named, or wherever this system mounts such."""
    places = [named] if named else list(_mounts())
    found = [volume(place) for place in places]
    return [one for one in found if one is not None]


def _mounts() -> Iterator[Path]:
    if os.name == "nt":
        yield from (Path(f"{letter}:/") for letter in "DEFGHIJKLMNOPQRSTUVWXYZ")
    elif Path("/Volumes").is_dir():
        yield from Path("/Volumes").iterdir()
    else:
        for line in Path("/proc/mounts").read_text().splitlines():
            _, place, kind, *_ = line.split()
            if kind in ("vfat", "msdos"):
                yield Path(place.replace("\\040", " "))
