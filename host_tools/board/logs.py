"""What a board prints, with the time of day, without a word to it; a board that resets is waited for."""

import datetime
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TextIO

import serial  # type: ignore[import-untyped]

from host_tools.board import put
from host_tools.board.line import BAUD, Line, why_not
from host_tools.errors import InputError

POLL_S = 0.1
OURS = re.compile(r"islet (\d+) (.*)")
SPAN = re.compile(r"(\d+)([smhd])\Z")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
STAMP = "%Y-%m-%d %H:%M:%S.%f"
STAMP_LETTERS = 23


class Reader:
    """Whole lines of a port, with when each ended; (time, "") when the board went away or came back is not told."""

    def __init__(self, port: str) -> None:
        """InputError when the port cannot be opened."""
        self._port = port
        self._serial: serial.Serial | None = None
        self._rest = b""
        if not self._open() and os.path.exists(port):
            raise InputError(why_not(port))

    def _open(self) -> bool:
        end = serial.Serial(baudrate=BAUD, timeout=POLL_S, exclusive=True)
        end.port = self._port
        end.dtr = True  # an RP2 board prints only while somebody listens
        end.rts = False  # an ESP32 board is not reset by it
        try:
            end.open()
        except OSError:
            return False
        self._serial = end
        return True

    def lines(self, span_s: float | None) -> Iterator[tuple[datetime.datetime, str]]:
        """Yield (time, line) as they end, for so long, None: for ever."""
        end_s = None if span_s is None else time.monotonic() + span_s
        while end_s is None or time.monotonic() < end_s:
            data = self._read()
            *whole, self._rest = (self._rest + data).split(b"\n")
            for line in whole:
                yield datetime.datetime.now(), line.decode(errors="replace").rstrip("\r")

    def _read(self) -> bytes:
        if self._serial is None and not self._open():
            time.sleep(POLL_S)
            return b""
        assert self._serial is not None
        try:
            return bytes(self._serial.read(max(1, self._serial.in_waiting)))
        except OSError:  # it was reset, or unplugged
            self.close()
            self._rest = b""
            return b""

    def close(self) -> None:
        """Let go of the port."""
        end, self._serial = self._serial, None
        if end is not None:
            end.close()


def told(when: datetime.datetime, line: str) -> str:
    """Return a line as it is shown: time of day, seconds since the board's start, text."""
    ours = OURS.match(line)
    stamp = when.strftime(STAMP)[:STAMP_LETTERS]
    return f"{stamp} {int(ours[1]) / 1000:12.3f} s  {ours[2]}" if ours else f"{stamp} {'':12}    {line}"


def span_s(text: str) -> int:
    """Return seconds of "90s", "10m", "2h" or "1d"; InputError otherwise."""
    found = SPAN.match(text)
    if not found:
        raise InputError(f"{text!r} is no span of time; write it like 90s, 10m, 2h or 1d.")
    return int(found[1]) * SECONDS[found[2]]


def since(record: Path, span: int) -> Iterator[str]:
    """Yield the lines of a record that are not older than so many seconds."""
    first = (datetime.datetime.now() - datetime.timedelta(seconds=span)).strftime(STAMP)
    try:
        lines = record.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return
    yield from (line for line in lines if line[:STAMP_LETTERS] >= first[:STAMP_LETTERS])


def run(port: str, seconds: float | None, record: TextIO | None, say: Callable[[str], None]) -> None:
    """Show what comes, and keep it in the record; a port that is not there is waited for only without an end."""
    if seconds is not None and not os.path.exists(port):
        raise InputError(why_not(port))
    reader = Reader(port)
    try:
        for when, line in reader.lines(seconds):
            text = told(when, line)
            say(text)
            if record is not None:
                record.write(text + "\n")
                record.flush()
    finally:
        reader.close()


def last_error(port: str) -> str:
    """Interrupt the firmware, read why it ended last, and restart it."""
    with Line(port) as line:
        found = put.get(line, ["last_error"]) if "last_error" in put.names(line) else {}
        line.restart()
    return found["last_error"].decode(errors="replace") if found else ""
