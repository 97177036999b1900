"""The board's USB serial port: what it prints, a pty for tools, and code run by the raw REPL."""

import errno
import os
import pty
import select
import tty
from collections import deque
from collections.abc import Callable

from rp2040py.device import MicroPythonDevice
from rp2040py.device.raw_repl import RawReplRunner
from rp2040py.usb.cdc import TX_FIFO_SIZE

from host_tools.hil.memory import complete

LOG_BYTES = 1 << 20
READ_BYTES = 4096
PUMP_NS = 1e6


class Console:
    """Keeps what the board prints (`text`), hands it to the pty and to the code that runs; takes what they type.

    The pty stays over resets of the board, as a path; while no tool has it open, nothing is written to it.
    """

    def __init__(self, device: MicroPythonDevice, news: Callable[[], None]) -> None:
        """news() is called when the port is there, and when code has ended."""
        self._cdc, self._news = device.cdc, news
        self._log = bytearray()
        self._typed: deque[int] = deque()
        self._runner: RawReplRunner | None = None
        self._alarm = device.mcu.clock.create_alarm(self._pump)
        self._awake = False
        self._master = -1
        self.path = ""
        self.connected = False
        self._cdc.on_serial_data = self._on_data
        self._cdc.on_device_connected = self._on_connected

    @property
    def text(self) -> str:
        """What the board has printed so far, the latest megabyte."""
        return self._log.decode(errors="replace").replace("\r\n", "\n")

    @property
    def waiting(self) -> bool:
        """Whether a tool has the port open: it reckons in real time."""
        return self._is_open()

    def files(self) -> list[int]:
        """As Port."""
        return [self._master] if self._is_open() else []

    def poll(self) -> None:
        """Take what was typed on the pty."""
        if self.connected and len(self._typed) < TX_FIFO_SIZE and self.files():
            self.type(self._read())

    def type(self, data: bytes) -> None:
        """Type on the board's console."""
        self._typed.extend(data)
        self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._alarm.schedule(PUMP_NS)

    def _pump(self) -> None:
        """Hand the board as much as it takes, a millisecond of emulated time after the last."""
        self._awake = False
        if self._runner:
            self._runner.pump()
        while self.connected and self._typed and not self._cdc.tx_fifo.full:
            self._cdc.send_serial_byte(self._typed.popleft())
        if self._runner or self._typed:
            self._wake()

    def reset(self) -> None:
        """Forget the connection; the board will be there again."""
        self.connected = False
        self._typed.clear()

    def open_pty(self) -> str:
        """Return the path of a pty that is the board's serial port."""
        if self._master < 0:
            self._master, slave = pty.openpty()
            tty.setraw(slave)
            os.set_blocking(self._master, False)
            self.path = os.ttyname(slave)
            os.close(slave)  # so that it shows whether a tool has it open
        return self.path

    def close(self) -> None:
        """Close the pty."""
        if self._master >= 0:
            os.close(self._master)
            self._master = -1

    def begin(self, code: str) -> RawReplRunner:
        """Interrupt what runs and run code; the runner's `result` is (output, traceback) once it has ended."""
        self._runner = RawReplRunner(self._cdc, code.encode())
        complete(self._runner.start())
        self._cdc.on_serial_data = self._on_data
        self._wake()
        return self._runner

    def end(self) -> None:
        """Let go of the code that ran."""
        self._runner = None

    def _on_connected(self) -> None:
        self.connected = True
        self._news()

    def _on_data(self, data: bytes | bytearray) -> None:
        self._log += data
        del self._log[:-LOG_BYTES]
        if self._runner:
            self._runner.feed(data)
            if self._runner.result is not None:
                self._news()
        if self._is_open():
            self._write(bytes(data))

    def _is_open(self) -> bool:
        if self._master < 0:
            return False
        poll = select.poll()
        poll.register(self._master, 0)
        return not any(events & select.POLLHUP for _, events in poll.poll(0))

    def _write(self, data: bytes) -> None:
        """Write what the tool has room for; what it does not read in time is lost, as on a USB port."""
        try:
            os.write(self._master, data)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise

    def _read(self) -> bytes:
        try:
            return os.read(self._master, READ_BYTES)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EIO):
                raise
            return b""
