"""Serial lines with a deadline: a board's UART, or a tty by its path on the unix port and CPython.

Two manners of waiting, as in hal/net.py: `asyncio.sleep` beside other tasks, or with `blocking` the operating
system's. A tty must be raw already, its rate set: MicroPython has no termios. The time that characters take on the
line is worked out from the rate, since a tty says that it is done when the line is not.
"""

import asyncio
import errno
import select
import time

from islet.base.clock import elapsed_ms as elapsed  # any tick that wraps at 2**30: here microseconds

_PAUSE_S = 0.001
_BLOCKING_PAUSE_S = 0.0003  # a UART has no poll that wakes
_BABBLE_US = 3_000_000  # what babbles is waited for, more than any frame takes; after that it is an error
_SEND_SLACK_US = 200_000


class SerialPort:
    """One line; every method raises OSError: ETIMEDOUT when a deadline passes, ENODEV when the line is gone."""

    def __init__(self, device, ticks_us, baud: int = 19200, char_bits: int = 10, de=None, blocking=False):
        """device is a UART (any, readinto, write; set up with timeout=0 and rxbuf of 256 or more) or a tty's path.

        ticks_us() is microseconds that wrap at 2**30 or later; char_bits counts start, parity and stop too;
        de(on) drives the RS-485 transceiver's direction pin. The line is used for at most 2**29 us in one call.
        """
        self.baud = baud
        self.char_bits = char_bits
        self._device = device
        self._ticks_us = ticks_us
        self._char_us = (1_000_000 * char_bits + baud - 1) // baud
        self._de = de
        self._blocking = blocking
        self._end: UartEnd | TtyEnd | None = None
        self._scratch = bytearray(32)
        self._busy_us = self._sent_us = ticks_us()  # last character seen; end of the last send

    async def connect(self) -> None:
        """Open the line, listening."""
        self.close()
        self._end = TtyEnd(self._device) if isinstance(self._device, str) else UartEnd(self._device)
        self._busy_us = self._ticks_us()
        self._listen()

    def close(self) -> None:
        """Close the line; calling it twice is harmless."""
        if self._end:
            self._listen()
            self._end.close()
            self._end = None

    def _listen(self) -> None:
        if self._de:
            self._de(False)

    async def send(self, buf, n: int) -> None:
        """Send the first n bytes of buf; returns when the last bit is on the line and the direction turned back."""
        end = self._opened()
        if self._de:
            self._de(True)
        try:
            start_us = self._ticks_us()
            await self._write(end, memoryview(buf)[:n], start_us)
            await self._drain(end, n, start_us)
        finally:
            self._listen()
            self._busy_us = self._sent_us = self._ticks_us()

    async def _write(self, end, view, start_us: int) -> None:
        done, n = 0, len(view)
        limit_us = n * self._char_us + _SEND_SLACK_US
        while True:
            done += end.write(view[done:]) or 0
            if done == n:
                return
            if elapsed(self._ticks_us(), start_us) > limit_us:
                raise OSError(errno.ETIMEDOUT, "line takes nothing")
            await self._pause(1000)

    async def _drain(self, end, n: int, start_us: int) -> None:
        """Wait as long as n characters take, and for the UART's own word where it has one."""
        whole_us = n * self._char_us
        while True:
            past_us = elapsed(self._ticks_us(), start_us)
            if past_us >= whole_us and (end.sent() or past_us > whole_us + _SEND_SLACK_US):
                return
            await self._pause(max(whole_us - past_us, 0))

    async def receive_into(self, buf, n: int, wait_us: int = 1_000_000, stall_us: int = 100_000) -> None:
        """Fill the first n bytes of buf, the first within wait_us, none more than stall_us after the one before.

        ETIMEDOUT only if none of them came, EIO if they stop half-way. What has come is taken before any deadline.
        """
        end = self._opened()
        view = memoryview(buf)
        start_us = last_us = self._ticks_us()
        whole_us = wait_us + n * self._char_us + stall_us
        done = 0
        while done < n:
            got = self._take(end, view[done:n])
            now_us = self._ticks_us()
            if got:
                done += got
                last_us = self._busy_us = now_us
                continue
            left_us = (stall_us if done else wait_us) - elapsed(now_us, last_us)
            if left_us <= 0 or elapsed(now_us, start_us) > whole_us:
                raise OSError(errno.EIO if done else errno.ETIMEDOUT, "deadline passed")
            await self._await_bytes(end, left_us)

    def flush(self) -> int:
        """Drop what has come, at most as much as fits the line's buffers; return how many bytes."""
        end = self._opened()
        dropped = 0
        for _ in range(4096):
            got = self._take(end, self._scratch)
            if not got:
                break
            dropped += got
            self._busy_us = self._ticks_us()
        return dropped

    async def quiet(self, silence_us: int) -> int:
        """Drop what comes until nothing came or went for silence_us, return how many bytes.

        ETIMEDOUT when the line babbles for longer than any frame.
        """
        start_us = self._ticks_us()
        limit_us = silence_us + _BABBLE_US
        dropped = 0
        while True:
            dropped += self.flush()
            now_us = self._ticks_us()
            left_us = silence_us - elapsed(now_us, self._busy_us)
            if not 0 < left_us <= silence_us:
                return dropped
            if elapsed(now_us, start_us) > limit_us:
                raise OSError(errno.ETIMEDOUT, "line is never silent")
            await self._pause(left_us)

    def since_sent_us(self) -> int:
        """Return how long ago the last bit of the last send was on the line."""
        return elapsed(self._ticks_us(), self._sent_us)

    def _opened(self):
        if not self._end:
            raise OSError(errno.ENOTCONN, "not connected")
        return self._end

    def _take(self, end, view) -> int:
        try:
            return end.take(view)
        except OSError as error:
            self.close()
            raise OSError(errno.ENODEV, "line is gone") from error

    async def _await_bytes(self, end, left_us: int) -> None:
        if self._blocking:
            end.wait(left_us // 1000 + 1)
        else:
            await asyncio.sleep(_PAUSE_S)

    async def _pause(self, span_us: int) -> None:
        """Let at most span_us pass; below a millisecond other tasks are given a turn only."""
        if self._blocking:
            time.sleep(span_us / 1_000_000)
        else:
            await asyncio.sleep(span_us // 1000 / 1000)


class UartEnd:
    """A UART, which the board has set up and keeps."""

    def __init__(self, uart) -> None:
        self._uart = uart
        self._done = getattr(uart, "txdone", None)

    def take(self, view) -> int:
        """Read what is there into view, and return how many bytes."""
        count = min(self._uart.any(), len(view))
        return self._uart.readinto(view[:count]) or 0 if count else 0

    def wait(self, _wait_ms: int) -> None:
        """Wait a little."""
        time.sleep(_BLOCKING_PAUSE_S)

    def write(self, view) -> int:
        """Queue bytes, and return how many were taken; None for none."""
        return self._uart.write(view)

    def sent(self) -> bool:
        """Return whether the last bit has left, as far as the UART says."""
        return not self._done or self._done()

    def close(self) -> None:
        """Leave the UART to the board."""


class TtyEnd:
    """A tty, byte by byte: MicroPython's readinto would wait for as many as fit."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "r+b", 0)  # noqa: SIM115 - close() closes it
        self._poller = select.poll()
        self._poller.register(self._file, select.POLLIN)
        self._one = bytearray(1)

    def take(self, view) -> int:
        """Read one byte if there is one, and return how many; OSError when the other end is gone."""
        if not self._poller.poll(0):
            return 0
        if not self._file.readinto(self._one):
            raise OSError(errno.ENODEV)
        view[0] = self._one[0]
        return 1

    def wait(self, wait_ms: int) -> None:
        """Wait until there are bytes, at most so long."""
        self._poller.poll(wait_ms)

    def write(self, view) -> int:
        """Write all bytes, and return how many."""
        return self._file.write(view)

    def sent(self) -> bool:
        """Return True: a tty does not say."""
        return True

    def close(self) -> None:
        """Close the file."""
        self._file.close()
