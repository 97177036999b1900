"""The flash beside the chip: how long it takes to erase and program, and power cuts in the midst of it.

rp2040py's flash is done at once: erasing a sector takes 3 ms of talk on the bus. On the board it takes as long as the
data sheet says, and the processor waits with interrupts off, while converter, DMA, timers and UARTs go on.
"""

from collections.abc import Callable
from typing import NamedTuple

from rp2040py.peripherals.ssi import (
    CMD_BLOCK_ERASE,
    CMD_PAGE_PROGRAM,
    CMD_SECTOR_ERASE,
    FLASH_BLOCK_SIZE,
    FLASH_PAGE_SIZE,
    FLASH_SECTOR_SIZE,
    RPSSI,
)
from rp2040py.rp2040 import RP2040

ADDRESS_BYTES = 4  # of a command, itself included


class FlashTimes(NamedTuple):
    """How long the flash is busy, in ms: a page of 256 bytes, a sector of 4 kB, a block of 64 kB."""

    page_ms: float
    sector_ms: float
    block_ms: float


TYPICAL = FlashTimes(0.4, 45.0, 150.0)  # Winbond W25Q16JV, 9.6: tPP, tSE, tBE2
WORST = FlashTimes(3.0, 400.0, 2000.0)
OFF = FlashTimes(0.0, 0.0, 0.0)


class MendedSsi(RPSSI):
    """The flash's controller; made by mend_flash.

    `stall(ms)` is called when a command has begun that keeps the processor waiting. `commands` counts those that
    erase or program; `cut_at` is the one in whose midst `cut()` is called: half of its bytes are as it wanted them.
    """

    times: FlashTimes
    stall: Callable[[float], None]
    cut: Callable[[], None]
    commands: int
    erases: int
    cut_at: int | None

    def _apply_command(self) -> None:
        command = self._tx_buffer
        opcode = command[0] if len(command) >= ADDRESS_BYTES and self._write_enabled else None
        span_ms = {
            CMD_PAGE_PROGRAM: self.times.page_ms,
            CMD_SECTOR_ERASE: self.times.sector_ms,
            CMD_BLOCK_ERASE: self.times.block_ms,
        }.get(opcode or 0)
        if span_ms is None:
            super()._apply_command()
            return
        self.commands += 1
        self.erases += opcode != CMD_PAGE_PROGRAM
        if self.commands == self.cut_at:
            self._half(opcode)
            self.cut()
            return
        super()._apply_command()
        self.stall(span_ms)

    def _half(self, opcode: int | None) -> None:
        """Do the first half of a command's bytes."""
        if opcode == CMD_PAGE_PROGRAM:
            del self._tx_buffer[ADDRESS_BYTES + FLASH_PAGE_SIZE // 2 :]
            super()._apply_command()
            return
        size = FLASH_SECTOR_SIZE if opcode == CMD_SECTOR_ERASE else FLASH_BLOCK_SIZE
        at = self._address_from_buffer() & ~(size - 1)
        self.rp2040.flash[at : at + size // 2] = b"\xff" * (size // 2)


def mend_flash(mcu: RP2040, times: FlashTimes) -> MendedSsi:
    """Make the flash take its time; return its controller, whose `stall` and `cut` do nothing yet."""
    ssi = mcu.ssi
    ssi.__class__ = MendedSsi
    assert isinstance(ssi, MendedSsi)
    ssi.times = times
    ssi.stall = lambda span_ms: None
    ssi.cut = lambda: None
    ssi.commands = ssi.erases = 0
    ssi.cut_at = None
    # the emulator's listener is a bound method of the object, which finds _apply_command anew: nothing to replace
    return ssi
