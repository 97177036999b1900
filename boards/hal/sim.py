"""The board without hardware: a simulator on loopback is its ADC, its pins, its clock and its pacer.

One connection carries frames, little endian. From the simulator, HEAD: kind, flags, sets that follow, now_ms, dt_ms,
epoch_s, commands sent to this node so far. Flags: bit 0 contactor feedback closed, 1 clock valid, 2 sync relay
permits, 3 and 4 the override, 5 neutral bond closed, 6 genset live, 7 transfer switch not on the grid.

FAST brings a few ms of sets as the ADC FIFO would deliver them: the fast path works on them, and the pins are
answered at once, without a cycle. STEP ends the window, with the rest of its sets, all or none; its dt_ms is since
the last STEP. DELIVER only brings commands.

From the node, TAIL of hal.tail.
"""

import asyncio
import os
import struct
import time
from array import array

from hal import tail

STEP = tail.STEP
DELIVER = 2
STOP = 3
FAST = 4
HEAD = "<BBHiiII"
HEAD_BYTES = 20
PINS = "<BB"  # the beginning of TAIL
CLOSED, CLOCK, SYNC_RELAY, BOND, GENSET, OFF_GRID = 1, 2, 4, 32, 64, 128  # flags of HEAD
OVERRIDE_SHIFT, OVERRIDE_BITS = 3, 3
SETS_MAX = 360
SET_HZ = 3600
CHANNELS = 4  # of a single-phase building
READY_PAUSE_S = 0.002


class NoGuard:
    """The fast path before one is attached: sees nothing."""

    holding = suspect = False

    def step(self, _window, _first: int, _stop: int) -> None:
        """Pass over new sets."""

    def restart(self) -> None:
        """Forget what was seen."""


class Rig:
    """Pacer, inputs and outputs of a node: takes frames off a link, shows the guard their sets, answers with pins."""

    def __init__(self, link, kernels, table: array, history: int, channels: int = CHANNELS) -> None:
        """The kernels and the table turn raw codes to window codes; `history` sets are handed over twice."""
        self._link = link
        self._channels = channels
        self._linearise = kernels.linearise
        self._head = bytearray(HEAD_BYTES)
        self._tail = bytearray(tail.TAIL_BYTES)
        self._raw = bytearray(2 * channels * SETS_MAX)
        self._table = table
        self._history = history
        self._guard = NoGuard()
        self._taken = False  # a frame for the cycle
        self._at = -1  # sets in the window that is being filled, -1: none since the last one
        self._filled_ms = 0  # of that window, by frames of the fast path
        self.window = array("H", bytes(2 * channels * (history + SETS_MAX)))
        self._view = memoryview(self.window)
        self.kept = 0  # sets at the window's beginning that the last one ended with
        self.kind = self.n_sets = self.now_ms = self.dt_ms = self.epoch_s = self.expect = 0
        self.lost_sets = 0
        self.contactor_closed = True
        self.override = 0  # OVERRIDE_NONE
        self.sync_relay_ok = self.bond_closed = self.genset_live = False
        self.ats_on_grid = True
        self.delivers = False  # this frame only brings commands
        self.late = 0  # cycles missed before this one
        self.fed = 0  # times the watchdog was fed
        self.take_us = 0  # that taking the window took: it is there with the frame
        self.contactor_wish = True
        self._driven = False  # the contactor's pin; before, it is left as it is found
        self.bond_wish = self.genset_wish = False
        self.shed_wish = 0

    def attach(self, guard) -> None:
        """Let the fast path see every new set; it has holding, suspect, step(window, first, stop), restart()."""
        self._guard = guard

    async def ready(self) -> bool:
        """Yield to other tasks until there is a frame for the cycle; the fast path's are answered meanwhile."""
        while not self._taken:
            while not self._link.waiting():
                await asyncio.sleep(READY_PAUSE_S)
            self._taken = self.take() != FAST
        return True

    def next(self) -> bool:
        """Wait for the next frame that is not the fast path's; return False when there are no more."""
        while not self._taken:
            self._taken = self.take() != FAST
        self._taken = False
        return self.kind != STOP

    def take(self) -> int:
        """Take one frame, its clock, inputs and sets; answer it if it is FAST; return its kind."""
        self._link.fill(self._head, HEAD_BYTES)
        kind, flags, n_sets, now_ms, dt_ms, epoch_s, expect = struct.unpack(HEAD, self._head)
        self.kind, self.now_ms, self.expect = kind, now_ms, expect
        self.delivers = kind == DELIVER
        self.epoch_s = epoch_s if flags & CLOCK else 0
        self._read_inputs(flags)
        if kind == FAST:
            self._read_sets(n_sets, dt_ms)
            self._filled_ms += dt_ms
            struct.pack_into(PINS, self._tail, 0, kind, self._pins())
            self._link.write(self._tail)
            return kind
        self.dt_ms = dt_ms
        if kind == STEP:
            self._read_sets(n_sets, dt_ms - self._filled_ms)
            self.n_sets = self._at
            self._at = -1
            self._filled_ms = 0
        return kind

    def _read_inputs(self, flags: int) -> None:
        self.contactor_closed = bool(flags & CLOSED)
        self.sync_relay_ok = bool(flags & SYNC_RELAY)
        self.override = flags >> OVERRIDE_SHIFT & OVERRIDE_BITS
        self.bond_closed = bool(flags & BOND)
        self.genset_live = bool(flags & GENSET)
        self.ats_on_grid = not flags & OFF_GRID

    def _read_sets(self, n_sets: int, span_ms: int) -> None:
        """Read n_sets new sets of a span behind those there; after unsampled time the window begins anew."""
        if 1000 * n_sets != SET_HZ * span_ms:
            self._guard.restart()
            self.kept = self._at = 0
        elif self._at < 0:
            self._keep()
        first = self._at
        if first - self.kept + n_sets > SETS_MAX:
            raise OSError(
                "simulator sends %d sets after %d of a window, at most %d" % (n_sets, first, SETS_MAX)
            )
        size = self._channels * n_sets
        self._link.fill(self._raw, 2 * size)
        self._linearise(self._raw, self._table, self.window, self._channels * first, size)
        self._at = first + n_sets
        self._guard.step(self.window, first, self._at)

    def _keep(self) -> None:
        """Begin a window with the last sets of the one before."""
        self._at = self.kept = min(self._history, self.n_sets)
        at = self._channels * self.kept
        end = self._channels * self.n_sets
        self._view[:at] = self._view[end - at : end]

    def _pins(self) -> int:
        closed = self.contactor_wish if self._driven else self.contactor_closed
        pins = tail.CONTACTOR_PIN if closed else 0
        if self.bond_wish:
            pins |= tail.BOND_PIN
        if self.genset_wish:
            pins |= tail.GENSET_PIN
        return pins | tail.SUSPECT_PIN if self._guard.suspect else pins

    def done(self, state: int, pace_ms: int, acknowledged: int, queued: int, received: int) -> None:
        """Tell the simulator that this frame's work is complete and what the pins are now."""
        pins, shed = self._pins(), self.shed_wish
        struct.pack_into(
            tail.TAIL,
            self._tail,
            0,
            self.kind,
            pins,
            shed,
            state,
            pace_ms,
            acknowledged,
            queued,
            received,
            self.fed,
        )
        self._link.write(self._tail)

    def open_contactor(self) -> None:
        """Open at once: the fast path's word."""
        self.contactor_wish, self._driven = False, True

    def set_contactor(self, closed: bool) -> None:
        """Drive the contactor's pin; it stays open while the fast path holds it."""
        self.contactor_wish, self._driven = closed and not self._guard.holding, True

    def set_bond(self, closed: bool) -> None:
        """Drive the contact between neutral and earth."""
        self.bond_wish = closed

    def set_genset(self, run: bool) -> None:
        """Drive the genset's start contact."""
        self.genset_wish = run

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
