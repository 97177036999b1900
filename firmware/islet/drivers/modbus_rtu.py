"""Modbus RTU client on a serial line (Modbus over Serial Line V1.02, clauses 2.4 and 2.5)."""

import errno

from islet.drivers import modbus
from islet.drivers.modbus_client import ModbusClient
from islet.drivers.modbus_crc import Crc16

ADU_MAX = 256
UNIT_MAX = 247
BROADCAST = 0
_AT = 1  # of the PDU, behind the unit
_AROUND = 3  # bytes of a frame around its PDU: unit, CRC
_SHORTEST = 5  # an exception response: no answer is shorter
_ECHO = 8  # an answer that repeats what was written
_STALE_MAX = 16  # frames of others before an answer is given up
_FIXED_ABOVE_BAUD = 19200
_SILENCE_US = 1750  # above that rate, instead of 3.5 characters
_DATA_MAX = 250  # bytes that an answer carries, in any function


class ModbusRtu(ModbusClient):
    """Requests over a serial port that is handed in (`baud`, `char_bits`, `connect`, `close`, `quiet`, `send`,
    `since_sent_us`, `receive_into`), every length known beforehand, so that no time-out ends a good frame.

    An answer has no number: what it must match is unit, function and length. A late answer that matches all three
    cannot be told from the right one, so after a time-out leave a unit alone for as long as it may still answer.
    """

    def __init__(self, port, latency_ms: int = 200, turnaround_ms: int = 100, stall_ms: int = 20) -> None:
        """A slave begins to answer within latency_ms; turnaround_ms is rest after a broadcast (clause 2.4.1).

        stall_ms is how long a frame may pause inside: more than 1.5 characters, since adapters and schedulers pause.
        """
        super().__init__(port, ADU_MAX, _AT)
        self._crc = Crc16()
        self._rest = memoryview(self._rx)[_SHORTEST:]
        self._char_us = (1_000_000 * port.char_bits + port.baud - 1) // port.baud
        self._silence_us = silence_us(port.baud, port.char_bits)
        self._latency_us = 1000 * latency_ms
        self._turnaround_us = 1000 * turnaround_ms
        self._stall_us = self._silence_us + 1000 * stall_ms
        self._before_us = self._silence_us

    async def _transfer(self, unit: int, length: int, expected: int) -> int:
        """Send and await the answer; EIO when the unit's answer came damaged. Keeps the port unless it is gone."""
        function = self._tx[_AT]
        if unit > UNIT_MAX or (unit == BROADCAST and _carries(function)):
            raise OSError(errno.EINVAL, "unit out of bounds")
        self._tx[0] = unit
        size = _AT + length
        crc = self._crc.of(self._tx, size)
        self._tx[size] = crc & 0xFF
        self._tx[size + 1] = crc >> 8
        try:
            await self._send(size + 2, unit)
            return await self._answer(unit, function, expected) if unit else 0
        except OSError as error:
            if error.errno not in (errno.ETIMEDOUT, errno.EIO):
                self.close()
            raise

    async def _send(self, size: int, unit: int) -> None:
        """Drop what came unasked, wait for silence, send; a broadcast leaves a longer rest to the next."""
        if await self.transport.quiet(self._before_us):
            self.discarded += 1
        self._before_us = self._turnaround_us if unit == BROADCAST else self._silence_us
        await self.transport.send(self._tx, size)

    async def _answer(self, unit: int, function: int, expected: int) -> int:
        """Return the length of the PDU answered; frames of others are discarded until the time is over."""
        limit_us = self._latency_us + self._silence_us + self._char_us
        for _ in range(_STALE_MAX):
            size = await self._frame(max(limit_us - self.transport.since_sent_us(), 0))
            told = self._rx[1]
            if size and self._rx[0] == unit:
                if told == function and size == expected + _AROUND:
                    return expected
                if told == function | modbus.ERROR_FLAG:
                    return size - _AROUND
            self.discarded += 1
            if not size and self._rx[0] == unit:
                raise OSError(errno.EIO, "damaged answer")
            if self.transport.since_sent_us() >= limit_us + self._char_us * (expected + _AROUND):
                break
        raise OSError(errno.ETIMEDOUT, "answers of others only")

    async def _frame(self, wait_us: int) -> int:
        """Receive one frame and return its size, 0 for a damaged one, after which the line has been silent."""
        self._rx[0] = BROADCAST  # no answer's unit
        try:
            await self.transport.receive_into(self._rx, _SHORTEST, wait_us, self._stall_us)
            size = answer_size(self._rx)
            if size > _SHORTEST:
                await self.transport.receive_into(
                    self._rest, size - _SHORTEST, self._stall_us, self._stall_us
                )
        except OSError as error:
            if error.errno == errno.EIO or (error.errno == errno.ETIMEDOUT and self._rx[0]):
                return 0  # cut short
            raise
        if size and not self._crc.of(self._rx, size):
            return size
        await self.transport.quiet(self._silence_us)
        return 0


def silence_us(baud: int, char_bits: int) -> int:
    """Return the silence that parts two frames: 3.5 characters, fixed above 19200 baud (clause 2.5.1.1)."""
    if baud > _FIXED_ABOVE_BAUD:
        return _SILENCE_US
    return (3_500_000 * char_bits + baud - 1) // baud


def answer_size(buf) -> int:
    """Return the size of the frame that begins with these five bytes, by its own words; 0 for none that we ask."""
    function = buf[1]
    if function & modbus.ERROR_FLAG:
        return _SHORTEST
    if _carries(function):
        return _SHORTEST + buf[2] if 1 <= buf[2] <= _DATA_MAX else 0
    return _ECHO if function in (5, 6, 15, 16) else 0


def _carries(function: int) -> bool:
    """Return whether the answer carries data behind a count of bytes."""
    return 1 <= function <= 4 or function == modbus.READ_WRITE
