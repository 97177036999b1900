"""The chip's UARTs with the FIFOs and interrupts of a PL011, and the wire that ends at them.

rp2040py 0.3.6 raises the transmit interrupt for ever, so that MicroPython, which enables it in machine.UART(), never
leaves the handler; a byte leaves the moment it is written; and there is no receive timeout. Here characters take
their time on the line, after the PL011's technical reference manual (ARM DDI 0183), 2.8 and 3.3, and datasheet 4.2.
"""

from collections import deque
from collections.abc import Callable

from rp2040py.peripherals.uart import RPUART, UARTDR, UARTFR
from rp2040py.rp2040 import RP2040

FIFO_DEPTH = 32
UARTIFLS = 0x34
IFLS_START = 0x12  # half full, both ways
LEVELS = (4, 8, 16, 24, 28)  # of 32
TX, RX, RX_TIMEOUT = 1 << 5, 1 << 4, 1 << 6
TX_EMPTY, RX_FULL, TX_FULL, RX_EMPTY, BUSY = 1 << 7, 1 << 6, 1 << 5, 1 << 4, 1 << 3
LCR_PARITY, LCR_STOP2 = 1 << 1, 1 << 3
TIMEOUT_BITS = 32


class MendedUart(RPUART):
    """A UART whose characters take time; made by mend_uarts. `overruns` counts bytes that found the FIFO full."""

    def prepare(self) -> None:
        """Begin empty, once."""
        clock = self.rp2040.clock
        self._sending: deque[int] = deque()  # the first is in the shift register
        self._ifls = IFLS_START
        self.overruns = 0
        self._sent = clock.create_alarm(self._on_sent)
        self._silent = clock.create_alarm(self._on_silence)

    @property
    def char_bits(self) -> int:
        """Bits of a character on the line."""
        lcr = self._line_ctrl_register
        return 2 + self.word_length + bool(lcr & LCR_PARITY) + bool(lcr & LCR_STOP2)

    @property
    def bit_ns(self) -> float:
        """How long a bit takes, in ns."""
        return 16e9 * (self.baud_divider or 1.0) / self.rp2040.clk_peri

    def reset(self) -> None:
        """Return to the state after power-on; what was on the way is lost."""
        super().reset()
        self._sending.clear()
        self._ifls = IFLS_START
        self._sent.cancel()
        self._silent.cancel()

    def check_interrupts(self) -> None:
        """Tell the processor."""
        self.rp2040.set_interrupt(self.irq, bool(self._interrupt_status & self._interrupt_mask))

    def _level(self, shift: int) -> int:
        return LEVELS[min(self._ifls >> shift & 7, 4)] if self.fifos_enabled else 1

    def _on_sent(self) -> None:
        byte = self._sending.popleft()
        if len(self._sending) == self._level(0) or not self._sending:
            self._interrupt_status |= TX
        if self._sending:
            self._sent.schedule(self.char_bits * self.bit_ns)
        self.check_interrupts()
        if self.on_byte:
            self.on_byte(byte)

    def _on_silence(self) -> None:
        if not self.rx_fifo.empty:
            self._interrupt_status |= RX_TIMEOUT
            self.check_interrupts()

    def feed_byte(self, value: int) -> None:
        """Receive a byte now."""
        if self.rx_fifo.full:
            self.overruns += 1
            return
        self.rx_fifo.push(value)
        if self.rx_fifo.item_count >= self._level(3):
            self._interrupt_status |= RX
        self._silent.schedule(TIMEOUT_BITS * self.bit_ns)
        self.check_interrupts()

    def read_uint32(self, offset: int) -> int:
        """Read a register."""
        if offset == UARTDR:
            return self._take()
        if offset == UARTFR:
            return self._flags()
        return self._ifls if offset == UARTIFLS else super().read_uint32(offset)

    def _take(self) -> int:
        value = 0 if self.rx_fifo.empty else self.rx_fifo.pull()
        if self.rx_fifo.item_count < self._level(3):
            self._interrupt_status &= ~RX
        if self.rx_fifo.empty:
            self._interrupt_status &= ~RX_TIMEOUT
        self.check_interrupts()
        return value

    def _flags(self) -> int:
        n = len(self._sending)
        flags = (RX_EMPTY if self.rx_fifo.empty else 0) | (RX_FULL if self.rx_fifo.full else 0)
        return flags | (BUSY if n else TX_EMPTY) | (TX_FULL if n >= FIFO_DEPTH else 0)

    def write_uint32(self, offset: int, value: int) -> None:
        """Write a register."""
        if offset == UARTDR:
            self._put(value & 0xFF)
        elif offset == UARTIFLS:
            self._ifls = value & 0x3F
        else:
            super().write_uint32(offset, value)

    def _put(self, byte: int) -> None:
        if len(self._sending) >= FIFO_DEPTH:
            return
        self._sending.append(byte)
        if len(self._sending) > self._level(0):
            self._interrupt_status &= ~TX
        if len(self._sending) == 1:
            self._sent.schedule(self.char_bits * self.bit_ns)
        self.check_interrupts()


def mend_uarts(mcu: RP2040) -> None:
    """Make both UARTs MendedUarts."""
    for uart in mcu.uart:
        uart.__class__ = MendedUart
        assert isinstance(uart, MendedUart)
        uart.prepare()


class Wire:
    """The other end of a UART: `on_byte` gets each byte the board has sent; send() puts bytes in at its rate."""

    def __init__(self, mcu: RP2040, number: int, on_byte: Callable[[int], None] = lambda byte: None) -> None:
        uart = mcu.uart[number]
        assert isinstance(uart, MendedUart)
        self.uart = uart
        self.uart.on_byte = on_byte
        self._waiting: deque[int] = deque()
        self._alarm = mcu.clock.create_alarm(self._pump)

    @property
    def char_ns(self) -> float:
        """How long a character takes, in ns."""
        return self.uart.char_bits * self.uart.bit_ns

    @property
    def busy(self) -> bool:
        """Whether bytes are on the way to the board."""
        return bool(self._waiting)

    def send(self, data: bytes) -> None:
        """Put bytes on the line, after those that are still on the way."""
        idle = not self._waiting
        self._waiting.extend(data)
        if idle and self._waiting:
            self._alarm.schedule(self.char_ns)

    def cut(self) -> None:
        """Forget what is on the way."""
        self._waiting.clear()
        self._alarm.cancel()

    def _pump(self) -> None:
        self.uart.feed_byte(self._waiting.popleft())
        if self._waiting:
            self._alarm.schedule(self.char_ns)
