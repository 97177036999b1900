"""Images of ESP32 boards, by Espressif's esptool, which compares what it wrote. Not tried on a board."""

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from host_tools.errors import InputError, RunError
from host_tools.provision.firmware.boardfile import Board

BAUD = 460_800
OFFSETS = {
    "esp32": 0x1000,
    "esp32s3": 0,
}  # of MicroPython's firmware.bin: boot loader, partitions, application
VERIFIED = "Hash of data verified"


def flash_esp32(board: Board, path: Path, port: str, erase: bool, say: Callable[[str], None]) -> None:
    """Write an image; InputError without esptool, RunError when it fails or cannot compare."""
    if importlib.util.find_spec("esptool") is None:
        raise InputError(
            "Boards with an ESP32 need esptool; install it with '.venv/bin/pip install \"esptool>=5\"'."
        )
    if erase:
        say("erasing the flash")
        _esptool(board, port, ["erase-flash"], say)
    said = _esptool(board, port, ["write-flash", hex(OFFSETS[board.firmware.chip]), str(path)], say)
    if VERIFIED not in said:
        raise RunError(f"esptool did not say that {path} reads back as written; flash it again.")
    say("verified: esptool compared the flash with the file")


def command(board: Board, port: str, words: list[str]) -> list[str]:
    """Return the command line of esptool."""
    chip = board.firmware.chip
    return [sys.executable, "-m", "esptool", "--chip", chip, "--port", port, "--baud", str(BAUD), *words]


def _esptool(board: Board, port: str, words: list[str], say: Callable[[str], None]) -> str:
    said = []
    with subprocess.Popen(
        command(board, port, words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            say(line.rstrip())
    if process.returncode:
        last = next((line.strip() for line in reversed(said) if line.strip()), "it said nothing")
        raise RunError(
            f"esptool failed ({last}); hold BOOT while it connects, and see that the port is free."
        )
    return "".join(said)
