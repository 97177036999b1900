"""Rig: boots a MicroPython image in rp2040py, with files on its flash, and runs code on it by the raw REPL."""

import asyncio
import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rp2040py.boards import BoardSpec, FlashLayout
from rp2040py.device import MicroPythonDevice

from host_tools.errors import RunError
from host_tools.hil.rp2040.analog import Analog
from host_tools.hil.rp2040.filesystem import BLOCK_BYTES, BLOCKS, make_image
from host_tools.hil.rp2040.workarounds import mend_adc, quiet_usb

PICO_FLASH = FlashLayout(fs_start=0xA0000, fs_blockcount=BLOCKS, fs_blocksize=BLOCK_BYTES)
RUN_TIMEOUT_S = 120.0  # wall clock; busy code takes about 45 s for an emulated second


class Rig:
    """One emulated board. Time passes only inside run() and json(); use as a context manager."""

    def __init__(self, image: Path, files: Mapping[str, bytes] | None = None) -> None:
        with TemporaryDirectory(prefix="islet-rp2040-") as folder:
            flash = make_image(files, Path(folder)) if files else None
            board = BoardSpec(image=image, layout=PICO_FLASH)
            self.device = MicroPythonDevice(board=board, filesystem=flash)
        quiet_usb(self.device)
        mend_adc(self.device)
        self.mcu = self.device.mcu
        self.analog = Analog(self.mcu)
        self._loop = asyncio.new_event_loop()

    def __enter__(self) -> "Rig":
        self._loop.run_until_complete(self.device.astart())
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.device.stop()
        task = self.device.simulator._execute_task
        if task is not None:
            with contextlib.suppress(asyncio.CancelledError):
                self._loop.run_until_complete(asyncio.wait([task], timeout=5.0))
        self._loop.close()

    @property
    def emulated_s(self) -> float:
        """Seconds of the board's life so far."""
        return self.mcu.clock.nanos * 1e-9

    def run(self, code: str, timeout_s: float = RUN_TIMEOUT_S) -> str:
        """Run code on the board and return what it printed; RunError carries its traceback."""
        out, err = self._loop.run_until_complete(self.device.aexec(code, timeout=timeout_s))
        if err:
            raise RunError(f"The emulated board raised:\n{err.decode(errors='replace')}")
        return out.decode().replace("\r\n", "\n")

    def json(self, code: str, timeout_s: float = RUN_TIMEOUT_S) -> Any:
        """Run code that prints one JSON value in its last line, and return the value."""
        lines = self.run(code, timeout_s).splitlines()
        if not lines:
            raise RunError("The emulated board printed nothing, one line of JSON was awaited.")
        return json.loads(lines[-1])

    def soft_reset(self) -> None:
        """Reset the interpreter only: RAM of Python is forgotten, peripherals and DMA run on."""
        self._loop.run_until_complete(
            self.device.aexec("import machine\nmachine.soft_reset()", timeout=RUN_TIMEOUT_S)
        )
