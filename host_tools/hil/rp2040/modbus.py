"""Modbus RTU at a UART of the emulated board: units in RAM on emulated time, or a real server behind a pty."""

import os
import pty
import time
import tty
from collections.abc import Callable

from pymodbus.framer import FramerRTU
from rp2040py.gpio_pin import GPIOPinState
from rp2040py.rp2040 import RP2040

from host_tools.hil.memory_modbus import MemoryBus
from host_tools.hil.rp2040.uart import Wire

CRC_BYTES = 2
LEAST_BYTES = 4  # unit, function, CRC
BROADCAST = 0
SILENCE_CHARS, FIXED_SILENCE_NS, FIXED_ABOVE_BAUD = (
    3.5,
    1.75e6,
    19200,
)  # Modbus over Serial Line V1.02, 2.5.1.1
MS = 1e6
READ_BYTES = 512
PATIENCE_S = 1.0  # real time in which a server answers


class Framed:
    """A line whose requests end with silence, as RTU frames do; `on_frame` gets each when the silence is over."""

    def __init__(self, mcu: RP2040, number: int, on_frame: Callable[[bytes], None]) -> None:
        self.wire = Wire(mcu, number, self._on_byte)
        self._on_frame = on_frame
        self._frame = bytearray()
        self._silence = mcu.clock.create_alarm(self._end)

    @property
    def silence_ns(self) -> float:
        """How long the line is silent between frames, in ns."""
        fast = 1e9 / self.wire.uart.bit_ns > FIXED_ABOVE_BAUD
        return FIXED_SILENCE_NS if fast else SILENCE_CHARS * self.wire.char_ns

    def _on_byte(self, byte: int) -> None:
        self._frame.append(byte)
        self._silence.schedule(self.silence_ns)

    def _end(self) -> None:
        frame = bytes(self._frame)
        self._frame.clear()
        self._on_frame(frame)


class RtuUnits:
    """Answers with a MemoryBus's registers, `latency_ms` of emulated time after the silence that ends a request.

    `direction` is the pin of the board's RS-485 transceiver, high while it sends: an answer that begins meanwhile is
    not heard (`collisions`). `spoiled` counts requests with a wrong CRC, not answered; `requests` the others.
    """

    def __init__(
        self, mcu: RP2040, number: int, bus: MemoryBus, latency_ms: float = 5.0, direction: int | None = None
    ) -> None:
        self._line = Framed(mcu, number, self._take)
        self._direction = None if direction is None else mcu.gpio[direction]
        self._bus = bus
        self.latency_ms = latency_ms
        self._answer = b""
        self._alarm = mcu.clock.create_alarm(self._send)
        self.requests = self.spoiled = self.collisions = 0

    def _take(self, frame: bytes) -> None:
        if len(frame) < LEAST_BYTES or crc(frame[:-CRC_BYTES]) != frame[-CRC_BYTES:]:
            self.spoiled += 1
            return
        self.requests += 1
        adu = frame[:-CRC_BYTES]
        try:
            answer = self._bus.answer(bytes(4) + len(adu).to_bytes(2, "big") + adu)[6:]  # as over TCP
        except OSError:
            answer = b""  # nobody is there
        if answer and adu[0] != BROADCAST:
            self._answer = answer + crc(answer)
            self._alarm.schedule(self.latency_ms * MS)

    def _send(self) -> None:
        if self._direction is not None and self._direction.value == GPIOPinState.HIGH:
            self.collisions += 1
            return
        self._line.wire.send(self._answer)


class RtuPty:
    """A pty for a real server, which opens `server`. Emulated time follows real time while it answers."""

    def __init__(self, mcu: RP2040, number: int) -> None:
        self._line = Framed(mcu, number, self._take)
        self._master, self._slave = pty.openpty()
        tty.setraw(self._slave)
        os.set_blocking(self._master, False)
        self.server = os.ttyname(self._slave)
        self._asked_s = 0.0
        self._awaited = False

    @property
    def waiting(self) -> bool:
        """As Port."""
        return self._awaited and time.monotonic() - self._asked_s < PATIENCE_S

    def files(self) -> list[int]:
        """As Port."""
        return [self._master]

    def poll(self) -> None:
        """As Port."""
        try:
            data = os.read(self._master, READ_BYTES)
        except BlockingIOError:
            return
        self._awaited = False
        self._line.wire.send(data)

    def close(self) -> None:
        """Close the pty."""
        os.close(self._master)
        os.close(self._slave)

    def _take(self, frame: bytes) -> None:
        os.write(self._master, frame)
        self._asked_s, self._awaited = time.monotonic(), True


def crc(body: bytes) -> bytes:
    """Return the CRC of a frame, as it goes over the line."""
    return FramerRTU.compute_CRC(body).to_bytes(CRC_BYTES, "big")
