"""What a board's flash really holds: its image's hash, computed on the board."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from host_tools.board.image import Image
from host_tools.board.line import Line
from host_tools.errors import RunError

PART = 65_536


@dataclass(frozen=True)
class About:
    """A board as it tells about itself; `build` is the name of the board its image was built for."""

    machine: str
    build: str
    micropython: str
    platform: str
    id: str
    reset_cause: int
    islet: bool
    filesystem_bytes: int

    @property
    def board(self) -> str:
        """The name of its folder below boards/, if it runs ours."""
        return self.build.lower()

    @property
    def chip(self) -> str:
        """The chip, as firmware.toml names it."""
        words = self.machine.lower().replace("-", "")
        return next((chip for chip in ("rp2040", "rp2350", "esp32s3", "esp32") if chip in words), words)


def about(line: Line) -> About:
    """Return what a stopped board is; RunError when it does not answer as one."""
    line.load("chip")
    told: dict[str, Any] = line.json("about()")
    return About(**told)


def flash_hash(line: Line, size: int, say: Callable[[str], None]) -> str:
    """Return the SHA-256 of the first bytes of the flash; the board must have been asked about() before."""
    line.run("flash_hash = Hash()")
    for at in range(0, size, PART):
        line.json(f"flash_hash.more({min(PART, size - at)})")
        if at % (4 * PART) == 0:
            say(f"reading the flash back: {100 * at // size} %")
    return str(line.json("flash_hash.digest()"))


def check(line: Line, image: Image, say: Callable[[str], None]) -> None:
    """Compare the flash with the image; RunError when they differ."""
    found = flash_hash(line, len(image.data), say)
    if found != image.sha256:
        raise RunError(
            f"The flash holds another image than {image.path} (sha256 {found[:12]}, should be {image.sha256[:12]}); "
            "flash it again, with another cable or without a hub."
        )
    say(f"verified: {len(image.data)} bytes read back, sha256 {found[:12]}")
