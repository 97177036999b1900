"""The RP2040's converter and the ring in RAM that two chained DMA channels fill from its FIFO.

No interrupt is used: a DMA channel's transfer counter is the sample counter, exact through any pause of Python.
Both channels write the same ring. One runs for many rounds of it, hours, and chains to the other, which begins
where it ended. Registers by the RP2040 datasheet, 2.5.7 (DMA) and 4.9.6 (ADC).
"""

from array import array
from errno import EIO, ETIMEDOUT
from gc import collect
from time import sleep_ms, sleep_us

import rp2
from machine import ADC, mem16, mem32
from micropython import const
from uctypes import addressof

from hal.rp2_registers import (
    CHAIN_SHIFT,
    COUNT_MAX,
    CS,
    CS_CLEAR,
    CS_SET,
    DIV,
    DMA,
    DMA_ABORT,
    DMA_CHANNELS,
    DREQ_ADC,
    FCS,
    FIFO,
    TREQ_SHIFT,
    fields,
)  # fmt: skip

CLOCK_HZ = const(48000000)  # clk_adc
CLOCKS256_MIN, CLOCKS256_MAX = const(96 * 256), const(1 << 24)  # of a sample, in 1/256: 500 kS/s to 732.4 S/s
TEMPERATURE = const(4)  # the last input
CS_EN, CS_TEMPERATURE, CS_START_MANY, CS_ERR_STICKY = const(1), const(2), const(8), const(1024)
FCS_LOST = const(3 << 10)  # overflow and underflow, write one to clear
FCS_ON = const(1 << 24 | 1 << 3 | 1 << 2 | 1)  # threshold 1, DREQ, error flag in bit 15, enable
FIFO_DEPTH = const(4)
DMA_STEP, DMA_CTRL = const(64), const(16)  # the alias of CTRL that triggers nothing


def halt() -> None:
    """Stop the converter and every DMA channel it paces, those of a life before a soft reset too; drain the FIFO."""
    mem32[CS_CLEAR] = CS_START_MANY
    sleep_us(4)  # a conversion under way takes 2 us
    for k in range(DMA_CHANNELS):
        ctrl = DMA + k * DMA_STEP + DMA_CTRL
        if mem32[ctrl] >> TREQ_SHIFT & 63 == DREQ_ADC:
            mem32[ctrl] = k << CHAIN_SHIFT  # disabled, chained to itself: an abort must not trigger the other
            mem32[DMA_ABORT] = 1 << k
    for _ in range(FIFO_DEPTH):
        mem32[FIFO]
    mem32[FCS] = FCS_LOST


def convert(first: int, mask: int, clocks256: int) -> None:
    """Run the converter into its FIFO: `first`, then round robin over the inputs in `mask` (0: `first` alone)."""
    mem32[DIV] = 0 if clocks256 == CLOCKS256_MIN else clocks256 - 256  # 0: one after the other
    mem32[FCS] = FCS_ON | FCS_LOST
    bias = CS_TEMPERATURE if mask >> TEMPERATURE or first == TEMPERATURE else 0
    mem32[CS] = CS_EN | bias | first << 12 | mask << 16 | CS_ERR_STICKY
    mem32[CS_SET] = CS_START_MANY


def aligned(size: int) -> bytearray:
    """Return `size` bytes (a power of two) at a multiple of `size`, as the DMA's ring mode needs, or MemoryError."""
    spacers = []  # garbage after the return
    for _ in range(8):
        collect()
        block = bytearray(size)
        place = addressof(block)
        gap = -place % size
        if not gap:
            return block
        del block
        collect()
        spacers.append(bytearray(gap))
        while (
            addressof(spacers[-1]) < place
        ):  # smaller holes fill first, then the place up to the next multiple
            spacers.append(bytearray(gap))
    raise MemoryError("no %d bytes at a multiple of it" % size)


class Ring:
    """The last `samples` raw codes of `inputs`, which round robin fills; `base` is its address.

    `laps` is how many rounds a DMA channel runs before it chains (0: the most). OSError when no channel is free.
    """

    def __init__(self, inputs, clocks256: int, size: int, laps: int = 0) -> None:
        self.inputs, self.clocks256 = inputs, clocks256
        self._memory = aligned(size)
        self.base = addressof(self._memory)
        self.samples = size // 2
        self._count = self.samples * (laps or COUNT_MAX // self.samples)
        self._turn = self._left = 0
        self._stop = array("I", [CS_START_MANY])
        for k in inputs:
            ADC(k if k == TEMPERATURE else 26 + k)  # makes the pin analog
        self._dma: list = []
        try:
            self._dma.append(rp2.DMA())
            self._dma.append(rp2.DMA())
        except OSError:
            self.close()
            raise
        self._registers = [dma.registers for dma in self._dma]

    def start(self) -> None:
        """Begin a new capture at `base` with the first input."""
        halt()
        self._turn, self._left = 0, self._count
        first, second = self._dma
        self._arm(second, first, False)
        self._arm(first, second, True)
        convert(self.inputs[0], sum([1 << k for k in self.inputs]), self.clocks256)

    def _arm(self, dma, following, trigger: bool) -> None:
        bits = 1
        while 1 << bits < 2 * self.samples:
            bits += 1
        ctrl = dma.pack_ctrl(
            size=1, inc_read=False, ring_size=bits, ring_sel=True, treq_sel=DREQ_ADC, high_pri=True,
            chain_to=following.channel,
        )  # fmt: skip
        dma.config(read=FIFO, write=self.base, count=self._count, ctrl=ctrl, trigger=trigger)

    def advance(self) -> int:
        """Return how many samples came since the last call or start(); it must be called every 10 hours."""
        left = self._registers[self._turn][2]  # transfers still to do
        moved = self._left - left
        if not left:  # the other runs; 0 there: it has not begun yet
            self._turn ^= 1
            left = self._registers[self._turn][2] or self._count
            moved += self._count - left
        self._left = left
        return moved

    def in_order(self) -> bool:
        """Return whether the FIFO lost no sample since start(); after a loss the next input is unknown."""
        return not mem32[FCS] & FCS_LOST

    def flagged(self) -> bool:
        """Return whether the converter flagged any sample as wrong since the last call."""
        if not mem32[CS] & CS_ERR_STICKY:
            return False
        mem32[CS_SET] = CS_ERR_STICKY  # clears it
        return True

    def count_flags(self, at: int, count: int) -> int:
        """Return how many of `count` samples from `at` on carry the error flag, bit 15; slow."""
        found = 0
        for k in range(at, at + count):
            found += mem16[self.base + 2 * (k & self.samples - 1)] >> 15
        return found

    def burst(self, channel: int, buffer) -> int:
        """Fill array('H') with raw codes of one input at 500 kS/s; return how many are flagged (bit 15).

        Blocks for 2 us a sample and leaves all halted. OSError when the samples do not come or are lost.
        """
        halt()
        dma, stopper = self._dma
        ctrl = stopper.pack_ctrl(inc_read=False, inc_write=False, **fields(stopper.channel))
        stopper.config(
            read=self._stop, write=CS_CLEAR, count=1, ctrl=ctrl
        )  # else the FIFO overflows after the last
        ctrl = dma.pack_ctrl(
            size=1, inc_read=False, treq_sel=DREQ_ADC, high_pri=True, **fields(stopper.channel)
        )
        dma.config(read=FIFO, write=buffer, count=len(buffer), ctrl=ctrl, trigger=True)
        convert(channel, 0, CLOCKS256_MIN)
        for _ in range(len(buffer) // 500 + 5):
            if dma.active():
                sleep_ms(1)
        late, lost, flagged = dma.active(), not self.in_order(), self.flagged()
        halt()
        if late or lost:
            raise OSError(ETIMEDOUT if late else EIO)
        return sum([code >> 15 for code in buffer]) if flagged else 0

    def close(self) -> None:
        """Stop, and give the DMA channels back; the ring is of no more use."""
        halt()
        while self._dma:
            self._dma.pop().close()
