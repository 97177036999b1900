"""Where the RP2040 and the RP2350 have what sampler, fast path and watchdog use: pico-sdk 2.1, hardware/regs/*.h.

`fields` are for rp2.DMA.pack_ctrl: MicroPython 1.25 puts the channel to chain to at the RP2040's place on both chips.
"""

from os import uname

RP2350 = "RP2350" in uname().machine
ADC = 0x400A0000 if RP2350 else 0x4004C000
CS, FCS, FIFO, DIV = ADC, ADC + 8, ADC + 12, ADC + 16
CS_SET, CS_CLEAR = ADC + 0x2000, ADC + 0x3000  # atomic: the round robin moves AINSEL meanwhile
DREQ_ADC = 48 if RP2350 else 36
DMA, DMA_CHANNELS = 0x50000000, 16 if RP2350 else 12
DMA_ABORT = 0x50000464 if RP2350 else 0x50000444
DMA_TIMER0 = 0x50000440 if RP2350 else 0x50000420
TREQ_SHIFT, CHAIN_SHIFT = (17, 13) if RP2350 else (15, 11)  # in a channel's CTRL
COUNT_MAX = (
    1 << 27 if RP2350 else 1 << 29
)  # samples a channel moves: the RP2350 counts to 2**28, modes lie above
WATCHDOG = 0x400D8000 if RP2350 else 0x40058000
WATCHDOG_CTRL_CLEAR = WATCHDOG + 0x3000
SCRATCH0, SCRATCH1, SCRATCH2 = WATCHDOG + 12, WATCHDOG + 16, WATCHDOG + 20


def fields(channel: int) -> dict:
    """Return what a channel that neither wraps nor chains must be told."""
    return {"ring_size": 0, "ring_sel": False, "chain_to": channel}
