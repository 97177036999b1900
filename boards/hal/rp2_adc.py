"""The RP2040's sampler: windows of converter codes, gapless, at an exact rate, without an interrupt.

The converter paces itself and DMA follows it into a ring (rp2_ring.py), so nothing stops sampling while Python
collects garbage or a flash sector is erased with interrupts off. Python only reads how far the DMA is. The ring
still holds what was taken, so a window's history is copied from it again. machine.ADC must not be used beside
a running sampler. docs/sampler.md has rates, memory and limits.
"""

import asyncio
from array import array
from time import ticks_diff, ticks_us

from micropython import const

from hal.rp2_ring import CLOCK_HZ, CLOCKS256_MAX, CLOCKS256_MIN, TEMPERATURE, Ring

GUARD_SETS = const(16)  # sets that may arrive while a window is copied
TICKS_MASK = const((1 << 30) - 1)


def rate(set_hz, stride: int) -> int:
    """Return the clocks of a sample in 1/256 of the converter's 48 MHz, that come nearest to set_hz sets a second."""
    return int(CLOCK_HZ * 256 / (set_hz * stride) + 0.5)


class Sampler:
    """Samples `inputs` (0..3: pins 26..29, 4: temperature; ascending) in turn and hands out windows of new sets.

    Without a table (None) codes are taken as they are; it has 8 kB.

    After take(): `window`, array('H') of codes, `stride` inputs interleaved, the first one first; `n_sets` sets in
    it, of which the first `kept` were in the window before too (0: not contiguous); `lost` sets skipped before it;
    `errors`, new samples the converter flagged; `end_ms`, the tick of its last set.
    Totals: lost_sets, overruns, error_samples, restarts. `quality_ppm`: samples delivered beside those expected by
    the ticks clock over the last whole span; 0.0 before. ValueError lists all that is wrong; OSError: no DMA channel.
    """

    def __init__(
        self, kernels, table, inputs=(0, 1, 2, 3), set_hz=3600, new_sets=360, keep_sets=0, ring_bytes=16384,
        span_ms=10000, laps=0,
    ) -> None:  # fmt: skip
        check(inputs, set_hz, new_sets + keep_sets, ring_bytes)
        self.stride = len(inputs)
        self.new_sets, self.keep_sets = new_sets, keep_sets
        self.clocks256 = rate(set_hz, self.stride)
        self.set_hz = CLOCK_HZ * 256 / self.clocks256 / self.stride
        self._linearise, self._table = kernels.straight if table is None else kernels.linearise, table
        self._ring = Ring(inputs, self.clocks256, ring_bytes, laps)
        self.window = array("H", bytes(2 * (new_sets + keep_sets) * self.stride))
        self._span_us = 1000 * span_ms
        self.lost_sets = self.overruns = self.error_samples = self.restarts = 0
        self._unread = self._missed = 0
        self.quality_ppm = 0.0
        self.start()

    def start(self) -> None:
        """Begin a new capture with the first input; sets not taken yet are lost."""
        self._count_lost(self._unread // self.stride)
        self.kept = self.n_sets = self.lost = self.errors = self.end_ms = 0
        self._at = self._unread = self._joined = self._suspect = self._counted = 0
        self._ring.start()
        self._begun_us = self._seen_us = ticks_us()

    def due_ms(self) -> int:
        """Return the milliseconds until take() has a window; 0: it has one now."""
        self._advance()
        missing = self.new_sets * self.stride - self._unread
        return self._ms(missing) + 2 if missing > 0 else 0

    def _ms(self, samples: int) -> int:
        return samples * (self.clocks256 >> 8) // (CLOCK_HZ // 1000)

    async def ready(self) -> bool:
        """Leave the event loop to others until a window is there; a converter that stands still is restarted."""
        wait_ms = self.due_ms()
        while wait_ms:
            before = self._unread
            await asyncio.sleep_ms(wait_ms)
            wait_ms = self.due_ms()
            if wait_ms and self._unread == before:
                self._recover()
        return True

    def take(self, now_ms: int) -> bool:
        """Fill `window` with the oldest sets not taken yet; False when there are too few, or their order was lost.

        A reader too late for the oldest gets the latest sets, and `lost` tells how many it missed.
        """
        if not self._ring.in_order():
            self._recover()
            return False
        flagged = self._ring.flagged()
        self._advance()
        if flagged:
            self._suspect = self._unread
        sets = self._unread // self.stride
        if sets < self.new_sets:
            return False
        if self._unread + GUARD_SETS * self.stride > self._ring.samples:
            self._skip(sets - self.new_sets)
        late_ms = self._ms(self._unread - self.new_sets * self.stride)
        self.end_ms = now_ms - late_ms & TICKS_MASK
        return self._deliver()

    def _advance(self) -> None:
        moved = self._ring.advance()
        self._seen_us = ticks_us()
        self._unread += moved
        self._counted += moved

    def _deliver(self) -> bool:
        stride, kept, room = self.stride, self._joined, self._ring.samples
        if self._unread + (kept + GUARD_SETS) * stride > room:
            kept = 0  # the new sets are whole, the history before them is overwritten
        fresh = self.new_sets * stride
        self._copy(self._at - kept * stride & room - 1, kept * stride + fresh)
        self.errors = self._ring.count_flags(self._at, min(self._suspect, fresh))
        self._advance()
        if self._unread + kept * stride > room:  # overwritten meanwhile
            self._skip(self.new_sets)
            return False
        self.kept, self.n_sets = kept, kept + self.new_sets
        self.lost, self._missed = self._missed, 0
        self.error_samples += self.errors
        self._joined = min(self.keep_sets, self.n_sets)
        self._drop(fresh)
        self._weigh()
        return True

    def _copy(self, start: int, count: int) -> None:
        ring = self._ring
        before_end = min(count, ring.samples - start)
        self._linearise(ring.base + 2 * start, self._table, self.window, 0, before_end)
        if before_end < count:
            self._linearise(ring.base, self._table, self.window, before_end, count - before_end)

    def _drop(self, samples: int) -> None:
        self._at = self._at + samples & self._ring.samples - 1
        self._unread -= samples
        self._suspect = max(0, self._suspect - samples)

    def _skip(self, sets: int) -> None:
        self._drop(sets * self.stride)
        self._joined = 0
        self._begun_us, self._counted = self._seen_us, 0  # who is so late may have missed a wrap of the ticks
        self.overruns += 1
        self._count_lost(sets)

    def _count_lost(self, sets: int) -> None:
        self._missed += sets
        self.lost_sets += sets

    def _recover(self) -> None:
        """Begin again: the FIFO lost a sample, and with it the order of the inputs."""
        self.restarts += 1
        self.start()

    def _weigh(self) -> None:
        elapsed_us = ticks_diff(self._seen_us, self._begun_us)
        if elapsed_us >= self._span_us:
            expected = elapsed_us * (CLOCK_HZ / 1000000 * 256 / self.clocks256)
            self.quality_ppm = (self._counted - expected) / expected * 1000000
            self._begun_us, self._counted = self._seen_us, 0

    def burst(self, channel: int, buffer) -> int:
        """Fill array('H') with raw codes of one input at 500 kS/s, then begin a new capture; see Ring.burst."""
        try:
            return self._ring.burst(channel, buffer)
        finally:
            self.start()

    def close(self) -> None:
        """Stop, and give the DMA channels back; the sampler is of no more use."""
        self._ring.close()


def check(inputs, set_hz, sets: int, ring_bytes: int) -> None:
    """Raise ValueError that lists everything wrong with a sampler's arguments; `sets`: in a window, with history."""
    errors = []
    if not inputs or list(inputs) != sorted(set(inputs)) or inputs[0] < 0 or inputs[-1] > TEMPERATURE:
        errors.append("inputs must ascend within 0 to 4")
    elif set_hz <= 0 or not CLOCKS256_MIN <= rate(set_hz, len(inputs)) <= CLOCKS256_MAX:
        errors.append("set_hz times inputs must be 733 to 500000")
    if ring_bytes & ring_bytes - 1 or not 512 <= ring_bytes <= 32768:
        errors.append("ring_bytes must be a power of two, 512 to 32768")
    if 2 * len(inputs) * (sets + GUARD_SETS) > ring_bytes:
        errors.append("a window must fit in the ring")
    if errors:
        raise ValueError("; ".join(errors))
