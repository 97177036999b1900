"""Steps the guard of the grid connection from a hard interrupt, so that it opens the contactor whatever Python does.

The interrupt reads how far the sampler's DMA is and copies the newest sets out of its ring, beside the windows that
the main program takes. It runs during a collection, too: nothing here or in Guard.step allocates.
machine.Timer of MicroPython 1.25 only schedules; a DMA channel may interrupt hard. One is paced by a DMA timer, moves
a word to itself every quarter millisecond, interrupts at its end and is begun again (datasheet 2.5.3.4, 2.5.7).
"""

from array import array

import rp2
from machine import freq, mem32
from micropython import const
from uctypes import addressof

from hal.rp2_registers import DMA_TIMER0, fields
from hal.rp2_ring import Ring

ROOM_SETS = const(64)  # copied at once
LATE_SETS = const(512)  # older ones are given up: interrupts were off
PACE_HZ = const(4000)  # of a DMA timer of 16 bits, at up to 262 MHz
TREQ_TIMER0 = const(0x3B)
COUNT_AND_TRIGGER = const(7)  # AL1_TRANS_COUNT_TRIG, as a word of a channel's registers


class GuardTimer:
    """Calls guard.step every half cycle with what the sampler's ring took since; times are not counted here.

    `calls`, `skips` (samples were given up), `order_lost`: totals. A sampler's restart is noticed by itself; around
    Sampler.burst, stop() and start().
    """

    def __init__(self, guard, sampler, f0_hz: float) -> None:
        self._guard, self._sampler = guard, sampler
        self._ring: Ring = sampler._ring
        self._linearise, self._table = sampler._linearise, sampler._table
        self._stride = sampler.stride
        self._window = array("H", bytes(2 * ROOM_SETS * self._stride))
        self._mask = self._ring.samples - 1
        self._registers = self._ring._registers
        self._base = addressof(self._ring._memory)
        self._pace = int(500.0 * PACE_HZ / 1000.0 / f0_hz)
        self._at = self._place = self._unread = self._restarts = 0
        self.calls = self.skips = self.order_lost = 0
        self._word = array("I", [0, 0])
        self._dma: list = []

    def start(self) -> None:
        """Begin with what was sampled last. OSError: no DMA channel is free."""
        self._begin()
        mem32[DMA_TIMER0] = 1 << 16 | freq() // PACE_HZ
        dma = rp2.DMA()
        self._dma.append(dma)
        self._own = self._dma[0].registers
        place = addressof(self._word)
        ctrl = dma.pack_ctrl(
            inc_read=False,
            inc_write=False,
            treq_sel=TREQ_TIMER0,
            irq_quiet=False,
            **fields(self._dma[0].channel),
        )
        dma.config(read=place, write=place + 4, count=self._pace, ctrl=ctrl)
        dma.irq(self._tick, hard=True)
        self._own[COUNT_AND_TRIGGER] = self._pace

    def stop(self) -> None:
        """Stop, and give the DMA channel back: the connection is not guarded until start()."""
        while self._dma:
            dma = self._dma.pop()
            dma.irq(None)
            dma.close()

    def _begin(self) -> None:
        """Take up a capture that has begun at the ring's base with the first input, less than 10 hours ago."""
        self._restarts = self._sampler.restarts
        taken = self._ring._count - self._registers[0][2]
        sets = taken // self._stride
        self._at = sets * self._stride & self._mask
        self._unread = taken - sets * self._stride
        self._place = taken & self._mask
        self._guard.restart()

    def _position(self) -> int:
        """Return the sample of the ring that the DMA writes next."""
        first = self._registers[0]
        running = first if first[2] else self._registers[1]
        return (running[1] - self._base) >> 1 & self._mask

    def _tick(self, dma) -> None:
        self._own[COUNT_AND_TRIGGER] = self._pace
        self.calls += 1
        if self._restarts != self._sampler.restarts:
            self._begin()
        if not self._ring.in_order():  # the sampler will begin again
            self.order_lost += 1
            return
        place = self._position()
        self._unread += place - self._place & self._mask
        self._place = place
        sets = self._unread // self._stride
        if sets > LATE_SETS:
            self._drop(sets)
            self.skips += 1
            self._guard.restart()
            return
        while sets:
            count = min(sets, ROOM_SETS)
            self._copy(count * self._stride)
            self._guard.step(self._window, 0, count)
            self._drop(count)
            sets -= count

    def _copy(self, samples: int) -> None:
        before_end = min(samples, self._mask + 1 - self._at)
        self._linearise(self._base + 2 * self._at, self._table, self._window, 0, before_end)
        if before_end < samples:
            self._linearise(self._base, self._table, self._window, before_end, samples - before_end)

    def _drop(self, sets: int) -> None:
        samples = sets * self._stride
        self._at = self._at + samples & self._mask
        self._unread -= samples
