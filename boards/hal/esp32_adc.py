"""Windows from an external ADS131M04, read set by set in the interrupt of its DRDY pin.

The ESP32's own converter is no sampler: it reads 0 below 100 mV, bends above 2.5 V, half of its inputs are dead
beside the radio, and MicroPython has no DMA for it. The ADS131M04 samples four inputs at once at a crystal's rate and
keeps two sets, so an interrupt may be late by two sets. MicroPython on the ESP32 only schedules interrupts: a
collection or a flash erase of more than that loses sets. They are counted, and the window ends before the gap.
"""

import asyncio
from array import array

from islet.base.clock import elapsed_ms

STRIDE = 4
FEWEST_SETS = 4  # of a window that a gap ends; the meter takes no less
SLACK_SETS = 16  # may arrive while a window is copied
GUARD_SETS = 5  # between two steps of the fast path
GAPS = 8  # that may wait to be handed out
STILL_MS = 200  # without a set, then the chip is started anew
COUNT_MASK = (1 << 30) - 1


class Sampler:
    """Hands out windows of new sets, as hal.rp2_adc does.

    After take(): `window`, array('H') of codes, four inputs interleaved; `n_sets` sets in it, of which the first
    `kept` were in the window before too (0: not contiguous); `lost` sets before it; `end_ms`, tick of its last set.
    Totals: lost_sets, overruns, spoiled (frames with a wrong CRC; the set before stands in their place), restarts.
    The interrupt alone writes `_count` and adds gaps, the reader alone writes `_taken` and takes gaps away.
    """

    stride = STRIDE

    def __init__(
        self, chip, ready, ticks_ms, new_sets: int = 100, keep_sets: int = 0, room_sets: int = 512
    ) -> None:
        """chip: an Ads131m04, not started; ready(): whether DRDY is low; room_sets: a power of two.

        ValueError when two windows do not fit into it.
        """
        if (
            2 * (new_sets + keep_sets) + SLACK_SETS > room_sets
            or new_sets < FEWEST_SETS
            or room_sets & room_sets - 1
        ):
            raise ValueError("room_sets is a power of two that holds two windows")
        self.set_hz = chip.set_hz
        self.new_sets, self.keep_sets = new_sets, keep_sets
        self._chip, self._ready, self._ticks_ms = chip, ready, ticks_ms
        self._room = room_sets
        self._ring = array("H", bytes(2 * STRIDE * (room_sets + 1)))  # set 0 repeats the last before set 1
        self._sets = memoryview(self._ring)
        self.window = array("H", bytes(2 * STRIDE * (new_sets + keep_sets)))
        self._view = memoryview(self.window)
        self._gap_at, self._gap_sets = (
            array("i", [0] * GAPS),
            array("i", [0] * GAPS),
        )  # _count there; sets missing
        self.lost_sets = self.overruns = self.spoiled = self.restarts = self._missed = 0
        self._count = self._taken = 0
        self.guard = None
        self._running = False
        self._begin()

    def _begin(self) -> None:
        self.kept = self.n_sets = self.lost = self.end_ms = 0
        self._count_lost(self._count - self._taken & COUNT_MASK)
        self._count = self._taken = self._joined = self._guarded = 0
        self._gaps_in = self._gaps_out = 0
        self._seen_ms = self._ticks_ms()

    def start(self) -> None:
        """Reset the chip and set it up; OSError when there is none. What is unread is lost."""
        self._running = False
        self._begin()
        self._crc_errors = self._chip.crc_errors
        self._chip.start()
        if self.guard is not None:
            self.guard.restart()
        self._running = True

    def on_ready(self, _pin=None) -> None:
        """Take the sets that are there; for the interrupt of DRDY, raises nothing."""
        try:
            while self._running and self._ready():
                self._take_set()
        except OSError:
            self._running = False  # ready() starts anew

    def _take_set(self) -> None:
        at = self._count % self._room
        if not at:
            self._repeat_last()
        missed = self._chip.capture(self._ring, at + 1, 1, self._ready)
        spoiled = self._chip.crc_errors - self._crc_errors
        if spoiled:
            self._crc_errors += spoiled
            self.spoiled += spoiled
            missed = max(0, missed - spoiled)
        if missed:
            self._break(missed)
        self._seen_ms = self._ticks_ms()
        self._guarded += 1
        if self._guarded >= GUARD_SETS or at + 1 == self._room:
            self._step_guard(at + 2)
        self._count = self._count + 1 & COUNT_MASK

    def _repeat_last(self) -> None:
        k, last = 0, self._room * STRIDE
        while k < STRIDE:
            self._ring[k] = self._ring[last + k]
            k += 1

    def _break(self, missed: int) -> None:
        """Note that sets are missing before the one just taken."""
        self._guarded = 0
        if self.guard is not None:
            self.guard.restart()
        if self._gaps_in - self._gaps_out >= GAPS:  # nothing that is worth a window
            self._running = False
            return
        self._gap_at[self._gaps_in % GAPS] = self._count
        self._gap_sets[self._gaps_in % GAPS] = missed
        self._gaps_in += 1

    def _step_guard(self, stop: int) -> None:
        sets, self._guarded = self._guarded, 0
        if self.guard is not None:
            self.guard.step(self._ring, stop - sets, stop)

    def due_ms(self) -> int:
        """Return the milliseconds until take() has a window; 0: it may have one now."""
        if self._gaps_in != self._gaps_out:
            return 0
        missing = self.new_sets - (self._count - self._taken & COUNT_MASK)
        return int(1000 * missing / self.set_hz) + 2 if missing > 0 else 0

    async def ready(self) -> bool:
        """Leave the event loop to others until a window is there; a chip that stands still is started anew."""
        while True:
            wait_ms = self.due_ms()
            if not wait_ms:
                return True
            await asyncio.sleep(wait_ms / 1000)
            if not self._running or elapsed_ms(self._ticks_ms(), self._seen_ms) > STILL_MS:
                self._recover()

    def _recover(self) -> None:
        self.restarts += 1
        try:
            self.start()
        except OSError:  # tried again: the node's deadline for its cycle ends this, by the watchdog
            self._running = False

    def take(self, now_ms: int) -> bool:
        """Fill `window` with the oldest sets not taken yet; False when there are too few.

        A window ends before a gap, then it is shorter. A reader too late for the oldest gets the latest sets.
        """
        unread = self._count - self._taken & COUNT_MASK
        if unread + self.keep_sets + SLACK_SETS > self._room:
            self.overruns += 1
            self._drop(unread - self.new_sets)
        sets = self._before_gap()
        while 0 <= sets < FEWEST_SETS:
            self._drop(sets)
            self._pass_gap()
            sets = self._before_gap()
        unread = self._count - self._taken & COUNT_MASK
        if sets < 0 and unread < self.new_sets:
            return False
        count = min(sets, self.new_sets) if sets >= 0 else self.new_sets
        self._deliver(count, unread, now_ms)
        if count == sets:
            self._pass_gap()
        return True

    def _before_gap(self) -> int:
        """Return how many unread sets are before the next gap, -1 where there is none."""
        if self._gaps_in == self._gaps_out:
            return -1
        return self._gap_at[self._gaps_out % GAPS] - self._taken & COUNT_MASK

    def _pass_gap(self) -> None:
        self._count_lost(self._gap_sets[self._gaps_out % GAPS])
        self._gaps_out += 1
        self._joined = 0

    def _drop(self, sets: int) -> None:
        """Give up the oldest unread sets, and the gaps among them."""
        while 0 <= self._before_gap() < sets:
            sets -= self._before_gap()
            self._drop(self._before_gap())
            self._pass_gap()
        self._taken = self._taken + sets & COUNT_MASK
        self._joined = 0
        self._count_lost(sets)

    def _deliver(self, sets: int, unread: int, now_ms: int) -> None:
        kept = self._joined
        later = unread - sets
        for k in range(self._gaps_out, self._gaps_in):
            later += self._gap_sets[k % GAPS]
        self.end_ms = now_ms - int(1000 * later / self.set_hz) & COUNT_MASK
        self._copy((self._taken - kept) % self._room, kept + sets)
        self.kept, self.n_sets = kept, kept + sets
        self.lost, self._missed = self._missed, 0
        self._taken = self._taken + sets & COUNT_MASK
        self._joined = min(self.keep_sets, self.n_sets)

    def _copy(self, first: int, count: int) -> None:
        before_end = min(count, self._room - first)
        begin, middle = STRIDE * (first + 1), STRIDE * before_end
        self._view[0:middle] = self._sets[begin : begin + middle]
        if before_end < count:
            rest = STRIDE * (count - before_end)
            self._view[middle : middle + rest] = self._sets[STRIDE : STRIDE + rest]

    def _count_lost(self, sets: int) -> None:
        self._missed += sets
        self.lost_sets += sets

    def close(self) -> None:
        """Stop taking sets."""
        self._running = False
