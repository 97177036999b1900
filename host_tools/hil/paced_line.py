"""A serial line between two ptys that takes its time: characters come through at the line's rate, faults on wish."""

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
            ready, _, _ = select.select([self._client, self._server, self._stop], [], [])
            if self._stop in ready:
                return
            if self._client in ready:
                self._pass_request()
            if self._server in ready:
                self._pass_answer()

    def _pass_request(self) -> None:
        now_s = time.perf_counter()
        self.tally.requests += 1
        self.tally.shortest_gap_s = min(self.tally.shortest_gap_s, now_s - self._free_s)
        for wait_s, piece in self.on_request(self._frame(self._client)):
            self._put(self._server, piece, now_s + wait_s)
            now_s = self._free_s
        self._asked_s, self._awaiting = self._free_s, True

    def _pass_answer(self) -> None:
        now_s = time.perf_counter()
        frame = self._frame(self._server)
        if self._awaiting:
            self.tally.answers += 1
            self.tally.slave_s += max(now_s - self._asked_s, self.silence_s)
            self._awaiting = False
        start_s = max(now_s, self._asked_s + self.silence_s)
        for wait_s, piece in self.on_answer(frame):
            self._put(self._client, piece, start_s + wait_s)
            start_s = self._free_s

    def _frame(self, end: int) -> bytes:
        data = os.read(end, 4096)
        while select.select([end], [], [], _FRAME_GAP_S)[0]:
            data += os.read(end, 4096)
        return data

    def _put(self, end: int, data: bytes, start_s: float) -> None:
        """Write each character when its last bit is due, never before."""
        other = self._client if end == self._server else self._server
        done, stop_s = 0, start_s
        while done < len(data):
            ahead = min(done + max(1, int(_TICK_S / self.char_s)), len(data))
            _sleep_until(start_s + ahead * self.char_s)
            os.write(end, data[done:ahead])
            done, stop_s = ahead, time.perf_counter()
        self.tally.chars += len(data)
        self._free_s = max(self._free_s, stop_s)
        if data and select.select([other], [], [], 0)[0]:
            self.tally.collisions += 1


def _sleep_until(due_s: float) -> None:
    while (left_s := due_s - time.perf_counter()) > 0:
        time.sleep(left_s)
