"""One TCP connection between the emulated board and a socket of this host (RFC 9293, as much as the line needs).

Towards the board it repeats what is not acknowledged: a board that erases flash hears nothing for 45 ms or more. The
other way nothing is lost. The host's own TCP does the rest.
"""

import errno
import socket
import time
from collections.abc import Callable

from rp2040py.clock.clock import IClock
from rp2040py.external.cyw43.net import TCP_ACK, TCP_FIN, TCP_PSH, TCP_RST, TCP_SYN, TcpSegment

MASK = 0xFFFFFFFF
WINDOW = 8192  # what the board may send ahead; the host's socket takes more
BUFFER_BYTES = 16384
MSS, MSS_MOST = 536, 1400
FIRST_RTO_NS, LAST_RTO_NS = 300e6, 4800e6
START = 1000  # of our sequence numbers
PATIENCE_S = 1.0  # real time in which a server answers

Send = Callable[
    [int, int, int, int, bytes, int | None], None
]  # sequence, acknowledged, flags, window, data, MSS


class Flow:
    """A connection that the board has begun with a SYN. Positions count the SYN as 0, data from 1, then the FIN."""

    def __init__(self, syn: TcpSegment, port: int, clock: IClock, send: Send) -> None:
        self._send = send
        self._alarm = clock.create_alarm(self._repeat)
        self._rto_ns = FIRST_RTO_NS
        self._mss = min(syn.mss or MSS, MSS_MOST)
        self._window = syn.window
        self._due = syn.seq + 1 & MASK  # what the board sends next
        self._kept = 0  # position of the first that the board has not acknowledged
        self._next = 0  # of the first to send
        self._most = 0  # of the first never sent
        self._data = bytearray()  # from position max(kept, 1) on
        self._ended = False  # the host sends no more
        self._end_known = False  # and the board has acknowledged that
        self._armed = False
        self._board_ended = False
        self.over = False
        self._asked_s = time.monotonic()
        self._awaited = True
        self.socket = socket.socket()
        self.socket.setblocking(False)
        code = self.socket.connect_ex(("127.0.0.1", port))
        self._connecting = code == errno.EINPROGRESS
        if code not in (0, errno.EINPROGRESS):
            self.reset()

    @property
    def waiting(self) -> bool:
        """Whether the host owes an answer, and has not taken longer than it may."""
        return not self.over and self._awaited and time.monotonic() - self._asked_s < PATIENCE_S

    def reset(self) -> None:
        """End the connection at once, and tell the board."""
        self._segment(self._next, TCP_RST | TCP_ACK)
        self.close()

    def close(self) -> None:
        """End the connection without a word to the board."""
        self._alarm.cancel()
        self.over = True
        self.socket.close()

    def poll(self) -> None:
        """Take what the host has sent, and pass it on."""
        if self.over:
            return
        if self._connecting:
            code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self.reset()
                return
            try:
                self.socket.getpeername()
            except OSError:
                return
            self._connecting = False
        if not self._ended and len(self._data) < BUFFER_BYTES:
            self._read()
        if not self.over:
            self._push()

    def _read(self) -> None:
        try:
            data = self.socket.recv(BUFFER_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.reset()
            return
        self._awaited = False
        self._ended = not data
        self._data += data

    def take(self, segment: TcpSegment) -> None:
        """Take a segment of the board's."""
        if segment.flags & TCP_RST:
            self.close()
            return
        if segment.flags & TCP_ACK:
            self._acknowledged(segment)
        fresh = segment.seq == self._due
        if fresh and segment.payload:
            self._forward(segment.payload)
        if self.over:
            return
        whole = self._due == segment.seq + len(segment.payload) & MASK
        if segment.flags & TCP_FIN and fresh and whole:
            self._due = self._due + 1 & MASK
            self._board_ended = True
            self.socket.shutdown(socket.SHUT_WR)
        if segment.payload or segment.flags & TCP_FIN:
            self._segment(self._next, TCP_ACK)
        self._push()

    def _forward(self, data: bytes) -> None:
        """Hand data to the host; what it does not take, the board will send again."""
        try:
            sent = self.socket.send(data)
        except BlockingIOError:
            return
        except OSError:
            self.reset()
            return
        self._due = self._due + sent & MASK
        self._asked_s, self._awaited = time.monotonic(), True

    @property
    def _end(self) -> int:
        """Position after the last byte, of the FIN if there is one."""
        return max(self._kept, 1) + len(self._data)

    def _acknowledged(self, segment: TcpSegment) -> None:
        self._window = segment.window
        ahead = segment.ack - START - self._kept & MASK
        if not 0 < ahead <= self._most - self._kept:
            return
        upto, end = self._kept + ahead, self._end
        self._end_known = self._ended and upto > end
        del self._data[: min(upto, end) - max(self._kept, 1)]
        self._kept = min(upto, end)
        self._next = max(self._next, self._kept)
        self._rto_ns = FIRST_RTO_NS
        self._alarm.cancel()
        self._armed = False

    def _push(self) -> None:
        """Send what the board has room for, and see whether the connection has come to its end."""
        if self._connecting or self.over:
            return
        if self._end_known:
            if self._board_ended:
                self.close()
            return
        if not self._kept:
            if not self._next:
                self._segment(0, TCP_SYN | TCP_ACK, mss=self._mss)
                self._next = 1
        else:
            self._push_data()
        self._most = max(self._most, self._next)
        if self._next > self._kept and not self._armed:
            self._armed = True
            self._alarm.schedule(self._rto_ns)

    def _push_data(self) -> None:
        end = self._end
        while self._next < min(end, self._kept + self._window):
            room = min(self._mss, self._kept + self._window - self._next)
            at = self._next - self._kept
            part = bytes(self._data[at : at + room])
            self._segment(self._next, TCP_ACK | TCP_PSH, part)
            self._next += len(part)
        if self._ended and self._next == end:
            self._segment(end, TCP_FIN | TCP_ACK)
            self._next = end + 1

    def _repeat(self) -> None:
        """Send all that is not acknowledged once more."""
        self._armed = False
        self._next = self._kept
        self._rto_ns = min(2.0 * self._rto_ns, LAST_RTO_NS)
        self._push()

    def _segment(self, position: int, flags: int, data: bytes = b"", mss: int | None = None) -> None:
        self._send(START + position & MASK, self._due, flags, WINDOW, data, mss)
