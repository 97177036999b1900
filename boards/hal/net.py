"""TCP streams with a deadline, the same on MicroPython and CPython: plain sockets, two manners of waiting.

A board shares its loop with other tasks, so the wait is `asyncio.sleep` and a silent peer stalls nobody. In
the lockstep simulation a node is alone in its process and has nothing else to do: with `blocking` the wait is
the operating system's poll, methods never yield, and a coroutine over them runs to its end at the first send.
On the unix port, 12 bytes there and back on loopback: 22 to 58 us blocking, 67 to 85 us by asyncio's streams,
0.7 to 0.8 ms with the sleep, which is nothing beside the tens of ms a real inverter takes.
"""

import asyncio
import errno
import select
import socket

from islet.base.clock import elapsed_ms

_IPPROTO_TCP = 6
_TCP_NODELAY = 1
_PAUSE_S = 0.001


class TcpStream:
    """One TCP connection; every method raises OSError, ETIMEDOUT when the deadline passes."""

    def __init__(self, host: str, port: int, ticks_ms, timeout_ms: int = 1000, blocking: bool = False):
        """ticks_ms() is wall-clock milliseconds that wrap at 2**30; timeout_ms holds for each call."""
        self._host = host
        self._port = port
        self._ticks_ms = ticks_ms
        self._timeout_ms = timeout_ms
        self._blocking = blocking
        self._opened = False  # socket, file and poller exist
        self._connected = False

    async def connect(self) -> None:
        """Open the connection; ETIMEDOUT or ECONNREFUSED when nobody is there."""
        self.close()
        address = socket.getaddrinfo(self._host, self._port, 0, socket.SOCK_STREAM)[0][-1]
        self._socket = socket.socket()
        self._file = self._socket.makefile("rwb", 0)
        self._poller = select.poll()
        self._opened = True
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(_IPPROTO_TCP, _TCP_NODELAY, 1)
            self._poller.register(self._socket, select.POLLOUT)
            await self._reach(address)
        except OSError:
            self.close()
            raise
        self._connected = True

    async def _reach(self, address: tuple) -> None:
        try:
            self._socket.connect(address)
        except OSError as error:
            if error.errno != errno.EINPROGRESS:
                raise
        await self._wait(self._ticks_ms())

    async def send(self, buf: bytearray, n: int) -> None:
        """Send the first n bytes of buf."""
        self._expect(select.POLLOUT)
        view = memoryview(buf)
        start_ms = self._ticks_ms()
        done = 0
        while done < n:
            sent = self._file.write(view[done:n])
            if sent is None:
                await self._wait(start_ms)
            else:
                done += sent

    async def receive_into(self, buf: bytearray, n: int) -> None:
        """Fill the first n bytes of buf; ETIMEDOUT only if none of them came, EIO if they stop half-way."""
        self._expect(select.POLLIN)
        view = memoryview(buf)
        start_ms = self._ticks_ms()
        done = 0
        while done < n:
            got = self._file.readinto(view[done:n])
            if got is None:
                await self._wait(start_ms, done)
            elif got == 0:
                raise OSError(errno.ECONNRESET, "closed by the peer")
            else:
                done += got

    def close(self) -> None:
        """Close the connection; calling it twice is harmless."""
        self._connected = False
        if self._opened:
            self._opened = False
            self._file.close()
            self._socket.close()

    def _expect(self, events: int) -> None:
        if not self._connected:
            raise OSError(errno.ENOTCONN, "not connected")
        self._poller.modify(self._socket, events)

    async def _wait(self, start_ms: int, done: int = 0) -> None:
        """Wait until the socket is ready; past the deadline ETIMEDOUT, or EIO with done bytes already in."""
        while True:
            left_ms = self._timeout_ms - elapsed_ms(self._ticks_ms(), start_ms)
            ready = self._poller.poll(max(left_ms, 0) if self._blocking else 0)
            if ready:
                return self._check(ready[0][1])
            if left_ms <= 0:
                raise OSError(errno.EIO if done else errno.ETIMEDOUT, "deadline passed")
            if not self._blocking:
                await asyncio.sleep(_PAUSE_S)

    def _check(self, events: int) -> None:
        """Raise for a connection that failed; one with bytes left to read is read to its end first."""
        if events & (select.POLLERR | select.POLLHUP) and not events & select.POLLIN:
            raise OSError(errno.ECONNRESET if self._connected else errno.ECONNREFUSED, "connection failed")
