"""A board's `firmware.toml`: which port of MicroPython, which of its boards, and how the flash is laid out."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from host_tools.errors import InputError

ROOT = Path(__file__).resolve().parents[3]
BOARDS = ROOT / "boards"
FILE = "firmware.toml"
LACKING = {  # what Debian's sources have not: a file of it, what it is
    "cyw43-driver": ("lib/cyw43-driver/src/cyw43.h", "the driver of the Pico W's radio"),
    "wiznet5k": ("lib/wiznet5k/README.md", "the driver of the W5500"),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Flash(_Strict):
    """The flash and the file system in it, in bytes."""

    bytes: int = Field(gt=0)
    filesystem_offset: int = Field(gt=0)
    filesystem_bytes: int = Field(gt=0)
    block_bytes: int = 4096

    @model_validator(mode="after")
    def fits(self) -> "Flash":
        """Check that the file system is made of whole blocks and inside the flash."""
        if self.filesystem_offset % self.block_bytes or self.filesystem_bytes % self.block_bytes:
            raise ValueError(
                f"filesystem_offset and filesystem_bytes must be multiples of {self.block_bytes}"
            )
        if self.filesystem_offset + self.filesystem_bytes > self.bytes:
            raise ValueError("the file system must end within the flash")
        return self


class Firmware(_Strict):
    """One board's file: MicroPython's port and board, what Debian lacks of it, native modules, the flash."""

    port: str = Field(pattern="^(rp2|esp32)$")
    chip: str = Field(pattern="^(rp2040|rp2350|esp32|esp32s3)$")
    upstream: str = Field(pattern="^[A-Z0-9_]+$")
    variant: str = Field(default="", pattern="^[A-Z0-9_]*$")
    network: str = Field(default="own", pattern="^(own|ppp)$")
    needs: list[str] = []
    native: list[str] = []
    flash: Flash

    @model_validator(mode="after")
    def agrees(self) -> "Firmware":
        """Check what fields say about each other."""
        if not self.chip.startswith("rp" if self.port == "rp2" else "esp32"):
            raise ValueError(f"port {self.port} does not run on the chip {self.chip}")
        unknown = sorted(set(self.needs) - set(LACKING))
        if unknown:
            raise ValueError(f"needs must be of {', '.join(LACKING)}, not {', '.join(unknown)}")
        if self.port == "esp32" and (self.network != "own" or self.needs):
            raise ValueError("network and needs are for the port rp2")
        flash = self.flash
        if self.port == "rp2" and flash.filesystem_offset + flash.filesystem_bytes != flash.bytes:
            raise ValueError("on the port rp2 the file system ends where the flash ends")
        return self


@dataclass(frozen=True)
class Board:
    """A board: its name, its folder, and what its firmware.toml says."""

    name: str
    folder: Path
    firmware: Firmware

    @property
    def manifest(self) -> Path:
        """The list of what is frozen."""
        return self.folder / "manifest.py"

    @property
    def suffix(self) -> str:
        """How the image's name ends."""
        return ".uf2" if self.firmware.port == "rp2" else ".bin"


def names(boards: Path = BOARDS) -> list[str]:
    """Return the boards an image can be built for."""
    return sorted(path.parent.name for path in boards.glob(f"*/{FILE}"))


def load(name: str, boards: Path = BOARDS) -> Board:
    """Return the board; InputError names the boards there are, or what is wrong in its file."""
    path = boards / name / FILE
    if name not in names(boards):
        raise InputError(f"there is no board {name!r} to build for; boards are {', '.join(names(boards))}.")
    try:
        firmware = Firmware.model_validate(tomllib.loads(path.read_text()))
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"boards/{name}/{FILE} is not TOML ({error}).") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(word) for word in first["loc"]) or "the file"
        raise InputError(f"boards/{name}/{FILE}: {place}: {first['msg']}.") from error
    return Board(name, path.parent, firmware)
