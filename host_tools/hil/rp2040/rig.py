"""Rig: one emulated board with its flash, pins, analog inputs and serial port, on emulated time."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rp2040py.boards import FlashLayout
from rp2040py.device.base_device import ResetCause
from rp2040py.memory_map import FLASH_START_ADDRESS, RAM_START_ADDRESS

from hal.tail import STEP, TAIL_BYTES
from host_tools.errors import RunError
from host_tools.hil.frames import Tail
from host_tools.hil.rp2040.chip import BOARD, PICO, build
from host_tools.hil.rp2040.console import Console
from host_tools.hil.rp2040.engine import MS, Engine
from host_tools.hil.rp2040.filesystem import make_image, read_image
from host_tools.hil.rp2040.flash import TYPICAL, FlashTimes
from host_tools.hil.rp2040.pins import Pins
from host_tools.hil.rp2040.workarounds import set_time, stop_watchdog

__all__ = ("BOARD", "PICO", "Rig")

RUN_TIMEOUT_S = 120.0  # of emulated time
CONNECT_S = 2.0
RAW_BANNER = "raw REPL; CTRL-B to exit\n>"
STATUS_THERE = (
    0x49534C54  # in the watchdog's SCRATCH0: SCRATCH1 is the address of a record like TAIL of hal.tail
)


class Rig:
    """One emulated board. Time passes only inside its methods; use as a context manager, which starts it.

    `flash` counts what erases and programs, and cuts the power in the midst of it; `analog.wave` is what the
    converter sees; `console.text` what was printed. `epoch_s`: UTC at the first start, which the board knows.
    `ticks_ms`: what the board's milliseconds begin with.
    """

    def __init__(
        self,
        image: Path,
        files: Mapping[str, bytes] | None = None,
        layout: FlashLayout = PICO,
        times: FlashTimes = TYPICAL,
        epoch_s: int | None = None,
        ticks_ms: int = 0,
    ) -> None:
        self.device, self.flash, self.analog = build(image, layout, times)
        self.mcu = self.device.mcu
        self._layout = layout
        self._region = slice(layout.fs_start, layout.fs_start + layout.fs_blockcount * layout.fs_blocksize)
        if files:
            self._load(files)
        if epoch_s is not None:
            self.know_time(epoch_s)
        self.engine = Engine(self.device)
        self.console = Console(self.device, self.engine.stop)
        self.pins = Pins(self.mcu)
        self.engine.ports.append(self.console)
        self.flash.stall, self.flash.cut = self.engine.stall, self._lose_power
        self.mcu.watchdog.on_watchdog_trigger = self._on_watchdog
        self.resets = 0  # by the watchdog, machine.reset() among them
        self._ticks_ms = ticks_ms
        self._target_ns = 0.0

    def _load(self, files: Mapping[str, bytes]) -> None:
        with TemporaryDirectory(prefix="islet-rp2040-") as folder:
            image = make_image(files, Path(folder), self._layout.fs_blocksize, self._layout.fs_blockcount)
            self.mcu.flash[self._region] = image.read_bytes()

    def __enter__(self) -> "Rig":
        self.boot()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End it."""
        self.engine.on = False
        self.console.close()

    def know_time(self, epoch_s: float) -> None:
        """Let the board know the time, UTC now, whenever it starts from here on (workarounds.KnownRtc)."""
        set_time(self.mcu, epoch_s)

    @property
    def emulated_s(self) -> float:
        """Seconds of emulated time so far."""
        return self.engine.now_ns * 1e-9

    def boot(self) -> None:
        """Give the board power: it begins with what is on its flash."""
        self._lose_state()
        self.mcu.timer._epoch_nanos -= self._ticks_ms * MS
        self._start()
        self.engine.on = True

    def power_cut(self) -> None:
        """Take the power away now; RAM is lost, the flash stays. Time may pass until boot()."""
        self._lose_power()
        self._lose_state()
        self.pins.changed()

    def _lose_state(self) -> None:
        self.device._enter_reset(ResetCause.POWER_ON)
        stop_watchdog(self.mcu)
        self.mcu.sram[:] = bytes(len(self.mcu.sram))

    def _lose_power(self) -> None:
        self.engine.on = False
        self.engine.stop()

    def _on_watchdog(self) -> None:
        self.device.hard_reset(cause=ResetCause.WATCHDOG)
        self.resets += 1
        self._start()

    def _start(self) -> None:
        self.mcu.watchdog.scratch_data[0] = 0  # the record of the life before
        self.engine.restart()
        self.analog.cancel()
        self.console.reset()
        self.pins.changed()
        self.mcu.core.pc = FLASH_START_ADDRESS

    def advance(self, span_ms: float) -> None:
        """Let exactly so much emulated time pass: spans add up without a remainder."""
        for _ in self.advancing(span_ms):
            pass

    def advancing(self, span_ms: float) -> Iterator[None]:
        """As advance(), and yield now and then, so that others may work."""
        if abs(self._target_ns - self.engine.now_ns) > MS:  # time passed by other means
            self._target_ns = self.engine.now_ns
        self._target_ns += span_ms * MS
        yield from self.engine.run(self._target_ns)

    def until(self, what: Callable[[], bool], timeout_s: float = RUN_TIMEOUT_S) -> bool:
        """Let emulated time pass until what() is true, asked after each slice (5 ms real time); False: too late."""
        end_ns = self.engine.now_ns + timeout_s * 1e9
        for _ in self.engine.run(end_ns, what):
            pass
        return bool(what())

    def run(self, code: str, timeout_s: float = RUN_TIMEOUT_S) -> str:
        """Interrupt the board, run code on it and return what it printed; RunError carries its traceback."""
        if not self.until(lambda: self.console.connected, CONNECT_S):
            raise RunError("The emulated board has no USB serial port: its image did not start.")
        runner, resets = self.console.begin(code), self.resets
        try:
            ended = self.until(lambda: runner.result is not None or self.resets != resets, timeout_s)
            if self.resets != resets:
                raise RunError("The emulated board was reset while the code ran.")
            if not ended:
                raise RunError(f"The code did not end within {timeout_s:g} emulated seconds.")
        finally:
            self.console.end()
        assert runner.result is not None
        out, err = runner.result
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
        self.run("import machine\nmachine.soft_reset()")
        self.until(lambda: self.console.text.endswith(RAW_BANNER), CONNECT_S)

    def status(self) -> Tail | None:
        """Return how the node stands, as its firmware wrote it after its last cycle; None before that."""
        there, address = self.mcu.watchdog.scratch_data[:2]
        at = address - RAM_START_ADDRESS
        if not self.engine.on or there != STATUS_THERE or not 0 <= at <= len(self.mcu.sram) - TAIL_BYTES:
            return None
        tail = Tail.decode(bytes(self.mcu.sram[at : at + TAIL_BYTES]))
        return tail if tail.kind == STEP else None

    def files(self) -> dict[str, bytes]:
        """Return the files on the flash as they are now, by their paths."""
        return read_image(bytes(self.mcu.flash[self._region]), self._layout.fs_blocksize)

    def serial_port(self) -> str:
        """Return the path of a pty that is the board's USB serial port; it stays over resets."""
        return self.console.open_pty()

    @contextmanager
    def background(self) -> Iterator[None]:
        """Let the board live in real time beside the context, in a thread; call nothing of the rig meanwhile."""
        ended = threading.Event()
        failed: list[BaseException] = []

        def live() -> None:
            self.engine.paced = True
            try:
                for _ in self.engine.run(float("inf"), ended.is_set):
                    pass
            except RunError as error:
                failed.append(error)
            finally:
                self.engine.paced = False

        thread = threading.Thread(target=live, daemon=True)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
        if failed:
            raise failed[0]
