"""Modbus TCP client: one request outstanding, late answers discarded (Modbus Messaging on TCP/IP V1.0b)."""

import errno
from struct import pack_into, unpack_from

from islet.base.clock import elapsed_ms
from islet.drivers.modbus_client import ModbusClient

ADU_MAX = 260
_MBAP = 7  # transaction, protocol, length, unit
_SHORTEST = _MBAP + 2  # an exception response: no answer is shorter
_LENGTH_MIN = 3  # of the length field: unit, function, one byte
_LENGTH_MAX = 254
_STALE_MAX = 16  # late answers in a row before the stream is given up


class ModbusTcp(ModbusClient):
    """Requests over a stream that is handed in; some devices want a gap between an answer and a request."""

    def __init__(self, transport, gap_ms: int = 0, ticks_ms=None, sleep_ms=None) -> None:
        """A gap needs a clock of ticks that wrap at 2**30 and `await sleep_ms(ms)`; 0 is no gap."""
        super().__init__(transport, ADU_MAX, _MBAP)
        self._transaction = 0
        self._inside_frame = False
        self._gap_ms = gap_ms
        self._ticks_ms = ticks_ms
        self._sleep_ms = sleep_ms
        self._ended_ms: int | None = None  # when the last exchange ended

    def close(self) -> None:
        """Close the connection; calling it twice is harmless."""
        self._inside_frame = False
        super().close()

    async def _transfer(self, unit: int, length: int, expected: int) -> int:
        """Send and await the answer; the stream survives only what leaves it between two frames."""
        intact = False
        try:
            if self._gap_ms:
                await self._keep_gap()
            self._transaction = (self._transaction + 1) & 0xFFFF
            pack_into(">HHHB", self._tx, 0, self._transaction, 0, length + 1, unit)
            await self.transport.send(self._tx, _MBAP + length)
            got = await self._answer(unit)
            intact = True
            return got
        except OSError as error:
            intact = error.errno == errno.ETIMEDOUT and not self._inside_frame
            raise
        finally:
            if not intact:
                self.close()
            if self._gap_ms:
                self._ended_ms = self._ticks_ms()

    async def _keep_gap(self) -> None:
        if self._ended_ms is not None:
            left_ms = self._gap_ms - elapsed_ms(self._ticks_ms(), self._ended_ms)
            if 0 < left_ms <= self._gap_ms:
                await self._sleep_ms(left_ms)

    async def _answer(self, unit: int) -> int:
        for _ in range(_STALE_MAX):
            transaction, length = await self._frame()
            if transaction == self._transaction:
                if self._rx[_MBAP - 1] != unit:
                    raise OSError(errno.EIO, "another unit answered")
                return length - 1
            self.discarded += 1
        raise OSError(errno.EIO, "stale answers only")

    async def _frame(self) -> tuple[int, int]:
        """Receive one frame; its length is bounded before anything of it is kept."""
        await self.transport.receive_into(self._rx, _SHORTEST)
        transaction, protocol, length = unpack_from(">HHH", self._rx, 0)
        if protocol or not _LENGTH_MIN <= length <= _LENGTH_MAX:
            raise OSError(errno.EIO, "not a Modbus frame")
        if length > _LENGTH_MIN:
            self._inside_frame = True
            await self.transport.receive_into(self._data, length - _LENGTH_MIN)
            self._inside_frame = False
        return transaction, length
