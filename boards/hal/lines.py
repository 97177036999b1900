"""A UART with its pins, and the direction pin of the RS-485 transceiver behind it."""

import time

from machine import UART, Pin

from hal.pins import NONE
from hal.serial import SerialPort

PARITY = {"N": None, "E": 0, "O": 1}
RX_BYTES, TX_BYTES = 512, 256


class Listen:
    """Turns a transceiver to listening when the last bit is out: a task may come round long after the answer."""

    def __init__(self, turn) -> None:
        self._turn = turn

    def sent(self, _uart) -> None:
        """In an interrupt."""
        self._turn(0)


class Line:
    """One UART: pins by number, `direction` high while sending, NONE where the transceiver turns by itself."""

    def __init__(self, number: int, tx: int, rx: int, direction: int = NONE) -> None:
        self.number, self.tx, self.rx, self.direction = number, tx, rx, direction

    def pins(self) -> tuple:
        """Return the pins that are taken."""
        return tuple([n for n in (self.tx, self.rx, self.direction) if n != NONE])

    def open(
        self,
        baud: int,
        parity: str = "N",
        stop_bits: int = 1,
        rx_bytes: int = RX_BYTES,
        tx_bytes: int = TX_BYTES,
    ):
        """Return the UART, set up and never waiting."""
        return UART(
            self.number, baud, tx=Pin(self.tx), rx=Pin(self.rx), parity=PARITY[parity], stop=stop_bits,
            timeout=0, rxbuf=rx_bytes, txbuf=tx_bytes,
        )  # fmt: skip

    def port(self, baud: int, parity: str, stop_bits: int) -> SerialPort:
        """Return the line for a bus driver."""
        uart = self.open(baud, parity, stop_bits)
        turn = Pin(self.direction, Pin.OUT, value=0).value if self.direction != NONE else None
        if turn is not None and hasattr(uart, "IRQ_TXIDLE"):
            uart.irq(Listen(turn).sent, uart.IRQ_TXIDLE, hard=True)
        char_bits = 1 + 8 + (parity != "N") + stop_bits
        return SerialPort(uart, time.ticks_us, baud, char_bits, turn)


def named(rows: tuple) -> dict:
    """Return Line by name of (name, UART, tx, rx, direction) rows."""
    return {row[0]: Line(*row[1:]) for row in rows}


def port(lines: dict, device: str, baud: int, parity: str, stop_bits: int) -> SerialPort:
    """Return a serial line by its name; ValueError when the board has it not."""
    line = lines.get(device)
    if line is None:
        raise ValueError("line %r: this board has %s" % (device, ", ".join(sorted(lines)) or "none"))
    return line.port(baud, parity, stop_bits)
