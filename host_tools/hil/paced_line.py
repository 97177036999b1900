"""A serial line between two ptys that takes its time: characters come through at the line's rate, faults on wish."""

import heapq
import itertools
import os
import pty
import select
import threading
import time
import tty
from collections.abc import Callable, Iterable
from dataclasses import dataclass

Pieces = Iterable[tuple[float, bytes]]  # seconds to wait first, bytes
Fault = Callable[[bytes], Pieces]
_FRAME_GAP_S = 0.0008  # what an end writes within this time of itself is one frame
_TICK_S = 0.0005
_SOON_S = 0.03  # a piece that begins later leaves the line free until then
_FLIPPED = 0x5A  # what a collision does to a character
FIXED_SILENCE_S = 0.00175  # above 19200 baud


@dataclass
class Tally:
    """What passed: characters, exchanges, time that slaves took beyond the silence, gaps before requests."""

    chars: int = 0
    requests: int = 0
    answers: int = 0
    slave_s: float = 0.0
    shortest_gap_s: float = float("inf")
    collisions: int = 0


def as_it_is(frame: bytes) -> Pieces:
    """Let a frame pass."""
    return [(0.0, frame)]


class PacedLine:
    """`client` and `server` are the paths of the two ends. Half duplex: what is sent on a busy line is a collision.

    `on_request` and `on_answer` turn a frame into the pieces that come out at the other end, so a fault corrupts,
    cuts, drops, doubles or delays. Answers begin 3.5 characters after the request at the earliest, as a slave's do.
    A piece that comes late and meets another frame spoils both.
    """

    def __init__(
        self,
        baud: int,
        char_bits: int = 10,
        on_answer: Fault = as_it_is,
        on_request: Fault = as_it_is,
    ) -> None:
        self.char_s = char_bits / baud
        self.silence_s = FIXED_SILENCE_S if baud > 19200 else 3.5 * self.char_s
        self.on_answer, self.on_request = on_answer, on_request
        self.tally = Tally()
        self._client, client = pty.openpty()
        self._server, server = pty.openpty()
        self._slaves = (client, server)  # kept open: an end that closes must not hang the line up
        for end in self._slaves:
            tty.setraw(end)
        self.client, self.server = os.ttyname(client), os.ttyname(server)
        self._free_s = self._asked_s = (
            time.perf_counter()
        )  # when the line fell silent; end of the last request
        self._awaiting = False
        self._late: list[tuple[float, int, int, bytes]] = []  # due, number, end, piece: a heap
        self._number = itertools.count()
        self._stop, self._wake = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "PacedLine":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        os.write(self._wake, b"x")
        self._thread.join(10)
        for fd in (self._client, self._server, *self._slaves, self._stop, self._wake):
            os.close(fd)

    def babble(self, data: bytes) -> None:
        """Put bytes on the client's end at once, from nowhere."""
        os.write(self._client, data)

    def reset(self) -> None:
        """Count anew."""
        self.tally = Tally()

    def _run(self) -> None:
        while True:
            left_s = max(self._late[0][0] - time.perf_counter(), 0.0) if self._late else None
            ready, _, _ = select.select([self._client, self._server, self._stop], [], [], left_s)
            if self._stop in ready:
                return
            if self._late and not ready:
                due_s, _, end, piece = heapq.heappop(self._late)
                self._put(end, piece, due_s)
            if self._client in ready:
                self._pass_request()
            if self._server in ready:
                self._pass_answer()

    def _pass_request(self) -> None:
        now_s = time.perf_counter()
        self.tally.requests += 1
        self.tally.shortest_gap_s = min(self.tally.shortest_gap_s, now_s - self._free_s)
        self._pass(self._server, self.on_request(self._frame(self._client)), now_s)
        self._asked_s, self._awaiting = self._free_s, True

    def _pass_answer(self) -> None:
        now_s = time.perf_counter()
        frame = self._frame(self._server)
        if self._awaiting:
            self.tally.answers += 1
            self.tally.slave_s += max(now_s - self._asked_s, self.silence_s)
            self._awaiting = False
        self._pass(self._client, self.on_answer(frame), max(now_s, self._asked_s + self.silence_s))

    def _pass(self, end: int, pieces: Pieces, start_s: float) -> None:
        """Put the pieces, each after the one before; those that come much later are kept."""
        for wait_s, piece in pieces:
            start_s += wait_s
            if start_s > time.perf_counter() + _SOON_S:
                heapq.heappush(self._late, (start_s, next(self._number), end, piece))
                start_s += len(piece) * self.char_s
            else:
                self._put(end, piece, start_s)
                start_s = self._free_s

    def _collided(self, data: bytes, start_s: float) -> bytes:
        """Return what is left of a frame where pieces that are late fall upon it; they are spoiled too."""
        for k, (due_s, number, end, piece) in enumerate(self._late):
            if due_s < start_s + len(data) * self.char_s:
                at = max(0, int((due_s - start_s) / self.char_s))
                data = data[:at] + _flipped(data[at:])
                self._late[k] = (due_s, number, end, _flipped(piece))
                self.tally.collisions += 1
        return data

    def _frame(self, end: int) -> bytes:
        data = os.read(end, 4096)
        while select.select([end], [], [], _FRAME_GAP_S)[0]:
            data += os.read(end, 4096)
        return data

    def _put(self, end: int, data: bytes, start_s: float) -> None:
        """Write each character when its last bit is due, never before."""
        other = self._client if end == self._server else self._server
        data = self._collided(data, start_s)
        done, stop_s = 0, start_s
        while done < len(data):
            ahead = min(done + max(1, int(_TICK_S / self.char_s)), len(data))
            _sleep_until(start_s + ahead * self.char_s)
            stop_s = time.perf_counter()  # before the other end can have it
            os.write(end, data[done:ahead])
            done = ahead
        self.tally.chars += len(data)
        self._free_s = max(self._free_s, stop_s)
        if data and select.select([other], [], [], 0)[0]:
            self.tally.collisions += 1


def _flipped(data: bytes) -> bytes:
    return bytes(byte ^ _FLIPPED for byte in data)


def _sleep_until(due_s: float) -> None:
    while (left_s := due_s - time.perf_counter()) > 0:
        time.sleep(left_s)
