"""What a Modbus client does over any line: encode a request, have it answered, check the answer."""

import errno

from islet.drivers import modbus


class ModbusClient:
    """Requests over a transport that is handed in; buffers are made once, for one request at a time.

    A line's class says how a PDU travels: `_transfer`. Where it returns 0 there is no answer (a broadcast).
    """

    def __init__(self, transport, adu_max: int, at: int) -> None:
        """adu_max is the longest frame of the line, `at` the place of the PDU in it."""
        self.transport = transport
        self.connected = False
        self.requests = 0
        self.discarded = 0  # frames that were not for us: late, duplicate, foreign, corrupt
        self._at = at
        self._tx = bytearray(adu_max)
        self._rx = bytearray(adu_max)
        self._data = memoryview(self._rx)[at + 2 :]
        self._busy = False

    async def connect(self) -> None:
        """Open the connection; OSError when it cannot be had."""
        self.close()
        await self.transport.connect()
        self.connected = True

    def close(self) -> None:
        """Close the connection; calling it twice is harmless."""
        self.connected = False
        self.transport.close()

    async def read(self, unit: int, address: int, count: int) -> memoryview:
        """Return count holding registers, big-endian, valid until the next request.

        ModbusError when refused; ETIMEDOUT leaves the connection open, other failures of a stream close it.
        """
        return await self._read(unit, address, count, modbus.READ_HOLDING)

    async def read_input(self, unit: int, address: int, count: int) -> memoryview:
        """Return count input registers; as read."""
        return await self._read(unit, address, count, modbus.READ_INPUT)

    async def read_bits(self, unit: int, address: int, count: int, function: int = 1) -> memoryview:
        """Return coils (function 1) or inputs (2), bit 0 of byte 0 first, valid until the next request."""
        length = modbus.encode_read_bits(self._free(), self._at, address, count, function)
        return await self._fetch(unit, length, function, modbus.bytes_of(count))

    async def read_write(self, unit: int, read_address: int, read_count: int, write_address: int, values):
        """Write registers, then return those read, in one request of function 23; as read."""
        length = modbus.encode_read_write(
            self._free(), self._at, read_address, read_count, write_address, values
        )
        return await self._fetch(unit, length, modbus.READ_WRITE, 2 * read_count)

    async def write(self, unit: int, address: int, values) -> None:
        """Write consecutive registers in one request of function 16; errors as in read."""
        length = modbus.encode_write(self._free(), self._at, address, values)
        await self._order(unit, length, modbus.WRITE_MULTIPLE, address, len(values))

    async def write_single(self, unit: int, address: int, value: int) -> None:
        """Write one register with function 6; errors as in read."""
        length = modbus.encode_write_single(self._free(), self._at, address, value)
        await self._order(unit, length, modbus.WRITE_SINGLE, address, value)

    async def write_coil(self, unit: int, address: int, on: bool) -> None:
        """Write one coil with function 5; errors as in read."""
        length = modbus.encode_write_coil(self._free(), self._at, address, on)
        await self._order(unit, length, modbus.WRITE_COIL, address, modbus.coil(on))

    async def write_bits(self, unit: int, address: int, bits) -> None:
        """Write consecutive coils in one request of function 15; errors as in read."""
        length = modbus.encode_write_bits(self._free(), self._at, address, bits)
        await self._order(unit, length, modbus.WRITE_BITS, address, len(bits))

    async def _read(self, unit: int, address: int, count: int, function: int) -> memoryview:
        length = modbus.encode_read(self._free(), self._at, address, count, function)
        return await self._fetch(unit, length, function, 2 * count)

    async def _fetch(self, unit: int, length: int, function: int, size: int) -> memoryview:
        """Send a request whose answer carries size bytes, and return them."""
        got = await self._exchange(unit, length, 2 + size)
        modbus.check_data(self._rx, self._at, got, function, size)
        return self._data

    async def _order(self, unit: int, length: int, function: int, address: int, echo: int) -> None:
        """Send a request whose answer repeats address and echo."""
        got = await self._exchange(unit, length, 5)
        if got:
            modbus.check_write(self._rx, self._at, got, function, address, echo)

    def _free(self) -> bytearray:
        """Return the buffer for a request; EALREADY while one is outstanding."""
        if self._busy:
            raise OSError(errno.EALREADY, "a request is outstanding")
        return self._tx

    async def _exchange(self, unit: int, length: int, expected: int) -> int:
        """Send the PDU of that length and return the length of the PDU answered, from _rx[_at]."""
        if not 0 <= unit <= 255:
            raise OSError(errno.EINVAL, "unit out of bounds")
        self._busy = True
        try:
            self.requests += 1
            return await self._transfer(unit, length, expected)
        finally:
            self._busy = False

    async def _transfer(self, unit: int, length: int, expected: int) -> int:
        """Have the PDU in _tx answered; `expected` is the length of the answer when it is no refusal."""
        raise OSError(errno.EOPNOTSUPP, "no line")
