"""The console of a board on a serial port: mpremote's raw REPL, with a deadline for all that is awaited."""

import json
import os
import time
from pathlib import Path
from typing import Any, Self

from mpremote.transport import TransportError  # type: ignore[import-untyped]
from mpremote.transport_serial import SerialTransport  # type: ignore[import-untyped]
from serial.tools import list_ports  # type: ignore[import-untyped]

from host_tools.errors import InputError, RunError

BAUD = 115_200
POLL_S = 0.05
QUIET_S = 0.2
INTERRUPT_S = (
    4.0,
    8.0,
    20.0,
)  # too early a second Ctrl-C would interrupt what the firmware does about the first
PROMPT_S = 20.0
ANSWER_S = 60.0
BANNER = b"raw REPL; CTRL-B to exit\r\n"
PROMPT, RESTARTED = b">>> ", b"soft reboot\r\n"
CTRL_A, CTRL_B, CTRL_C, CTRL_D = b"\x01", b"\x02", b"\x03", b"\x04"
ON_BOARD = Path(__file__).parent / "on_board"
PUT_BYTES = 384  # of a file, in one go
RETURN_S = 30.0  # in which a board that was reset must be back


class Transport(SerialTransport):  # type: ignore[misc]
    """mpremote's, which waits for a pty as for any other port and prints nothing."""

    def __init__(self, port: str) -> None:
        super().__init__(port, BAUD, timeout=ANSWER_S)

    def read_until(
        self,
        min_num_bytes: int,
        ending: bytes,
        timeout: float | None = 10,
        data_consumer: Any = None,
        timeout_overall: float | None = None,
    ) -> bytes:
        """Return what came up to `ending`, or until nothing came for `timeout` seconds."""
        span_s = ANSWER_S if timeout is None else timeout
        self.serial.timeout = min(span_s, POLL_S)
        data, last_s = bytearray(), time.monotonic()
        try:
            while not data.endswith(ending) and time.monotonic() - last_s <= span_s:
                new = self.serial.read(1)
                if new:
                    data += new
                    last_s = time.monotonic()
        finally:
            self.serial.timeout = ANSWER_S
        return bytes(data)

    def drain(self, quiet_s: float = QUIET_S) -> bytes:
        """Return what comes until nothing came for so long."""
        self.serial.timeout = quiet_s
        data = bytearray()
        while new := self.serial.read(4096):
            data += new
        self.serial.timeout = ANSWER_S
        return bytes(data)


class Line:
    """One board; use as a context manager, which interrupts its firmware and leaves it stopped."""

    def __init__(self, port: str) -> None:
        self.port = port
        self.usb_serial = usb_serial(port)
        self._transport: Transport | None = None
        self._loaded: set[str] = set()

    def __enter__(self) -> Self:
        self.open()
        self.interrupt()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def open(self) -> None:
        """Open the port; InputError when it is not there or not to be had."""
        try:
            self._transport = Transport(self.port)
        except (TransportError, OSError):
            raise InputError(why_not(self.port)) from None

    def close(self) -> None:
        """Let go of the port."""
        transport, self._transport = self._transport, None
        if transport is not None:
            try:
                transport.close()
            except OSError:  # the board has gone first
                transport.serial.close()

    @property
    def transport(self) -> Transport:
        """The open transport."""
        if self._transport is None:
            raise RunError(f"The line to {self.port} is closed.")
        return self._transport

    def interrupt(self) -> None:
        """Stop what runs, and wait for the prompt; RunError when the board does not answer."""
        with self._watched():
            for wait_s in INTERRUPT_S:
                self.transport.serial.write(b"\r" + CTRL_C)
                self.transport.serial.write(b"\r" + CTRL_A)
                if self.transport.read_until(1, BANNER, wait_s).endswith(BANNER):
                    self.transport.drain()
                    self.transport.serial.write(CTRL_A)  # one banner more: now nothing old is on its way
                    if self.transport.read_until(1, BANNER, PROMPT_S).endswith(BANNER):
                        return
        raise RunError(
            f"The board on {self.port} does not answer to Ctrl-C: is it MicroPython, and no other program's port? "
            "Unplug it and try again."
        )

    def run(self, code: str, timeout_s: float = ANSWER_S) -> str:
        """Run code and return what it printed; RunError with the last line of what the board raised."""
        with self._watched():
            try:
                out, err = self.transport.exec_raw(code, timeout_s)
            except TransportError as error:
                raise RunError(f"The board on {self.port} stopped answering ({error}).") from None
        if err:
            lines = err.decode(errors="replace").strip().splitlines()
            raise RunError(f"The board says {lines[-1] if lines else 'nothing'}.")
        return str(out.decode(errors="replace")).replace("\r\n", "\n")

    def begin(self, code: str) -> None:
        """Start code whose end is not awaited."""
        with self._watched():
            self.transport.exec_raw_no_follow(code)

    def json(self, code: str, timeout_s: float = ANSWER_S) -> Any:
        """Return the value of an expression, as JSON brings it."""
        lines = self.run(f"import json\nprint(json.dumps({code}))", timeout_s).strip().splitlines()
        try:
            return json.loads(lines[-1])
        except (IndexError, ValueError):
            raise RunError(f"The board on {self.port} answered with something else than was asked.") from None

    def load(self, script: str) -> None:
        """Give the board the functions of a script in on_board/, unless it has them; no two have one name."""
        if script not in self._loaded:
            self.run((ON_BOARD / f"{script}.py").read_text())
            self._loaded.add(script)

    def restart(self) -> None:
        """Start the firmware, let go of the port. Only the interpreter is reset: a whole reset loses the clock."""
        with self._watched():
            self.transport.serial.write(b"\r" + CTRL_B)
            self.transport.read_until(1, PROMPT, PROMPT_S)
            self.transport.serial.write(CTRL_D)
            self.transport.read_until(1, RESTARTED, PROMPT_S)
        self.close()

    def enter_boot_loader(self) -> None:
        """Reset the board into its boot loader, and let go of the port."""
        try:
            self.transport.exec_raw_no_follow("import machine\nmachine.bootloader()")
            self.transport.serial.flush()
            time.sleep(QUIET_S)
        except OSError:  # it went at once
            pass
        self.close()

    def _watched(self) -> "_Watched":
        return _Watched(self.port)


class _Watched:
    """Turns the errors of a port that is gone into a sentence."""

    def __init__(self, port: str) -> None:
        self._port = port

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, OSError):
            raise RunError(f"The board on {self._port} is gone ({error}); was it unplugged?") from None


def usb_serial(port: str) -> str:
    """Return the serial number of the USB device behind a port, "" when it has none."""
    return next((one.serial_number or "" for one in list_ports.comports() if one.device == port), "")


def back(port: str, serial: str = "", timeout_s: float = RETURN_S) -> Line:
    """Return the line to a board that was reset, once it answers, its firmware stopped; RunError: it is not back.

    With the USB serial number it is found under another port too.
    """
    end_s = time.monotonic() + timeout_s
    while True:
        others = [one.device for one in list_ports.comports() if serial and one.serial_number == serial]
        line = Line(others[0] if others else port)
        try:
            line.open()
            line.interrupt()
            return line
        except (InputError, RunError):
            line.close()
            if time.monotonic() > end_s:
                raise RunError(
                    f"The board is not back on {port} after {timeout_s:g} s; unplug and plug it."
                ) from None
        time.sleep(QUIET_S)


def why_not(port: str) -> str:
    """Return the sentence that says why a port cannot be opened."""
    if not os.path.exists(port):
        return f"There is no port {port}; `islet flash --list` shows the boards that are connected."
    if not os.access(port, os.R_OK | os.W_OK):
        return f"{port} may not be opened; join its group (on Debian: 'sudo adduser $USER dialout') and log in again."
    return f"{port} is in use by another program; end that first."
