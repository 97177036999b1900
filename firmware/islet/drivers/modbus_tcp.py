"""Modbus TCP client: one request outstanding, late answers discarded (Modbus Messaging on TCP/IP V1.0b)."""

import errno
from struct import pack_into, unpack_from

from islet.drivers import modbus

ADU_MAX = 260
_MBAP = 7  # transaction, protocol, length, unit
_SHORTEST = _MBAP + 2  # an exception response: no answer is shorter
_LENGTH_MIN = 3  # of the length field: unit, function, one byte
_LENGTH_MAX = 254
_STALE_MAX = 16  # late answers in a row before the stream is given up


class ModbusTcp:
    """Requests over a transport that is handed in; buffers are made once, for one request at a time."""

    def __init__(self, transport) -> None:
        self.transport = transport
        self.connected = False
        self.requests = 0
        self.discarded = 0
        self._tx = bytearray(ADU_MAX)
        self._rx = bytearray(ADU_MAX)
        self._body = memoryview(self._rx)[_SHORTEST:]
        self._transaction = 0
        self._busy = False
        self._inside_frame = False

    async def connect(self) -> None:
        """Open the connection; OSError when it cannot be had."""
        self.close()
        await self.transport.connect()
        self.connected = True

    def close(self) -> None:
        """Close the connection; calling it twice is harmless."""
        self.connected = False
        self._inside_frame = False
        self.transport.close()

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """Return count registers, big-endian, valid until the next request.

        ModbusError when refused; ETIMEDOUT leaves the connection open, other failures of the stream close it.
        """
        length = await self._exchange(unit, modbus.encode_read(self._tx, _MBAP, address, count))
        modbus.check_read(self._rx, _MBAP, length, count)
        return self._body

    async def write(self, unit: int, address: int, values: list[int]) -> None:
        """Write consecutive registers in one request of function 16; errors as in read."""
        length = await self._exchange(unit, modbus.encode_write(self._tx, _MBAP, address, values))
        modbus.check_write(self._rx, _MBAP, length, modbus.WRITE_MULTIPLE, address, len(values))

    async def write_single(self, unit: int, address: int, value: int) -> None:
        """Write one register with function 6; errors as in read."""
        length = await self._exchange(unit, modbus.encode_write_single(self._tx, _MBAP, address, value))
        modbus.check_write(self._rx, _MBAP, length, modbus.WRITE_SINGLE, address, value)

    async def _exchange(self, unit: int, length: int) -> int:
        """Send the PDU of that length and return the length of the PDU answered, from _rx[_MBAP]."""
        if self._busy:
            raise OSError(errno.EALREADY, "a request is outstanding")
        self._busy = True
        try:
            self._transaction = (self._transaction + 1) & 0xFFFF
            pack_into(">HHHB", self._tx, 0, self._transaction, 0, length + 1, unit)
            self.requests += 1
            await self.transport.send(self._tx, _MBAP + length)
            return await self._answer(unit)
        except OSError as error:
            if self._inside_frame or error.errno != errno.ETIMEDOUT:
                self.close()
            raise
        finally:
            self._busy = False

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
            await self.transport.receive_into(self._body, length - _LENGTH_MIN)
            self._inside_frame = False
        return transaction, length
