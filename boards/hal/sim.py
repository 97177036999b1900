"""The board without hardware: a simulator on loopback is its ADC, its pins, its clock and its pacer.

One TCP connection carries two kinds of frame, little endian. From the simulator, HEAD: kind, flags (bit 0 contactor
feedback closed, bit 1 clock valid), sets in the window, now_ms, dt_ms, epoch_s, commands sent to this node so far;
a STEP is followed by the window as the ADC FIFO would deliver it. From the node, TAIL: kind, contactor command,
shed level, state, wanted pace in ms, messages acknowledged, messages queued, commands received,
times the watchdog was fed.
"""

import asyncio
import os
import select
import socket
import struct
import time
from array import array

STEP = 1
DELIVER = 2
STOP = 3
HEAD = "<BBHiiII"
HEAD_BYTES = 20
TAIL = "<BBBBiIIII"
TAIL_BYTES = 24
SETS_MAX = 360
SET_HZ = 3600
CHANNELS = 4
TIMEOUT_S = 120  # wall clock; a simulator that is silent for longer is gone
READY_PAUSE_S = 0.002


class Rig:
    """The connection to the simulator; blocks, since in lockstep the node has nothing else to do meanwhile."""

    def __init__(self, host: str, port: int, node: str, kernels, table: array, history: int) -> None:
        """The kernels and the table turn raw codes to window codes; `history` sets are handed over twice."""
        self._linearise = kernels.linearise
        self._head = bytearray(HEAD_BYTES)
        self._tail = bytearray(TAIL_BYTES)
        self._raw = bytearray(2 * CHANNELS * SETS_MAX)
        self._table = table
        self._history = history
        self.window = array("H", bytes(2 * CHANNELS * (history + SETS_MAX)))
        self._view = memoryview(self.window)
        self.kept = 0  # sets at the window's beginning that the last one ended with
        self.kind = self.n_sets = self.now_ms = self.dt_ms = self.epoch_s = self.expect = 0
        self.lost_sets = 0
        self.contactor_closed = True
        self.delivers = False  # this frame only brings commands
        self.late = 0  # cycles missed before this one
        self.fed = 0  # times the watchdog was fed
        self.contactor_wish = True
        self.shed_wish = 0
        self._socket = socket.socket()
        self._socket.connect(socket.getaddrinfo(host, port)[0][-1])
        self._socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        self._socket.settimeout(TIMEOUT_S)
        name = node.encode()
        self._write(bytes([len(name)]) + name)

    def _write(self, data: bytes | bytearray) -> None:
        sent = self._socket.send(data)
        if sent != len(data):
            raise OSError("simulator took %d of %d bytes" % (sent, len(data)))

    def _fill(self, buffer: bytearray, size: int) -> None:
        view = memoryview(buffer)
        done = 0
        while done < size:
            got = self._socket.readinto(view[done:size])
            if not got:
                raise OSError("simulator closed the connection")
            done += got

    async def ready(self) -> bool:
        """Yield to other tasks until the next frame begins to arrive."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        while not poller.poll(0):
            await asyncio.sleep(READY_PAUSE_S)
        return True

    def next(self) -> bool:
        """Wait for the next frame, take over its clock, pins and window; return False when there are no more."""
        self._fill(self._head, HEAD_BYTES)
        kind, flags, n_sets, now_ms, dt_ms, epoch_s, expect = struct.unpack(HEAD, self._head)
        if n_sets > SETS_MAX:
            raise OSError("simulator sends %d sets, at most %d" % (n_sets, SETS_MAX))
        self.kind, self.now_ms, self.dt_ms, self.expect = kind, now_ms, dt_ms, expect
        self.contactor_closed = bool(flags & 1)
        self.epoch_s = epoch_s if flags & 2 else 0
        if kind == STEP:
            self._read_window(n_sets)
        self.delivers = kind == DELIVER
        return kind != STOP

    def _read_window(self, n_sets: int) -> None:
        """Read n_sets new sets behind those kept; where time has passed unsampled, none are."""
        size = CHANNELS * n_sets
        self._fill(self._raw, 2 * size)
        without_gap = 1000 * n_sets == SET_HZ * self.dt_ms
        self.kept = min(self._history, self.n_sets) if without_gap else 0
        at = CHANNELS * self.kept
        end = CHANNELS * self.n_sets
        self._view[:at] = self._view[end - at : end]
        self._linearise(self._raw, self._table, self.window, at, size)
        self.n_sets = self.kept + n_sets

    def done(self, state: int, pace_ms: int, acknowledged: int, queued: int, received: int) -> None:
        """Tell the simulator that this frame's work is complete and what the pins are now."""
        struct.pack_into(
            TAIL,
            self._tail,
            0,
            self.kind,
            self.contactor_wish,
            self.shed_wish,
            state,
            pace_ms,
            acknowledged,
            queued,
            received,
            self.fed,
        )
        self._write(self._tail)

    def set_contactor(self, closed: bool) -> None:
        """Drive the contactor's pin."""
        self.contactor_wish = closed

    def set_shed(self, level: int) -> None:
        """Drive the shed relays: level n drops the last n load groups."""
        self.shed_wish = level


class Random:
    """A small seeded generator (xorshift32), so that two runs with one seed draw the same jitter."""

    def __init__(self, seed: int) -> None:
        self._x = (seed or 1) & 0xFFFFFFFF

    def random(self) -> float:
        """Return a float in [0, 1)."""
        x = self._x
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self._x = x
        return (x & 0xFFFFFF) / 16777216.0


def environment(name: str) -> str:
    """Return an environment variable; OSError says which one is missing."""
    value = os.getenv(name)
    if not value:
        raise OSError("%s is not set; the simulator sets it when it starts a node" % name)
    return value


def wall_ms():
    """Return wall-clock ticks, for measuring the node's own run time."""
    return time.ticks_ms()


def wall_us():
    """Return wall-clock ticks in microseconds, for what is timed in characters."""
    return time.ticks_us()


async def sleep_ms(span_ms: int) -> None:
    """Let other tasks run for that long."""
    await asyncio.sleep(span_ms / 1000)
