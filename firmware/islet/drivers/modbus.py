"""Modbus PDUs of functions 1 to 6, 15, 16 and 23 (Modbus Application Protocol V1.1b3, clauses 6.1 to 6.17 and 7)."""

import errno
from struct import pack_into, unpack_from

READ_COILS = 1
READ_INPUT_BITS = 2
READ_HOLDING = 3
READ_INPUT = 4
WRITE_COIL = 5
WRITE_SINGLE = 6
WRITE_BITS = 15
WRITE_MULTIPLE = 16
READ_WRITE = 23
READ_MAX = 125  # registers of one read
WRITE_MAX = 123  # registers of one write
READ_WRITE_MAX = 121  # registers written by function 23
READ_BITS_MAX = 2000
WRITE_BITS_MAX = 1968
PDU_MAX = 253
ERROR_FLAG = 0x80
_COIL_ON = 0xFF00

ILLEGAL_FUNCTION = 1
ILLEGAL_ADDRESS = 2
ILLEGAL_VALUE = 3
DEVICE_FAILURE = 4
ACKNOWLEDGE = 5
DEVICE_BUSY = 6
GATEWAY_PATH = 10
GATEWAY_TARGET = 11


class ModbusError(OSError):
    """The device refused the request: errno is EIO, `code` its exception code (clause 7)."""

    def __init__(self, code: int) -> None:
        super().__init__(errno.EIO, "modbus exception")
        self.code = code

    def permanent(self) -> bool:
        """Return whether asking again is no use: unknown function, address or value."""
        return ILLEGAL_FUNCTION <= self.code <= ILLEGAL_VALUE


def encode_read(buf: bytearray, at: int, address: int, count: int, function: int = READ_HOLDING) -> int:
    """Put a read of count registers (3, 4) at buf[at:], return its length; EINVAL out of bounds."""
    if function not in (READ_HOLDING, READ_INPUT):
        raise OSError(errno.EINVAL, "reads no registers")
    _check_span(address, count, READ_MAX)
    pack_into(">BHH", buf, at, function, address, count)
    return 5


def encode_read_bits(buf: bytearray, at: int, address: int, count: int, function: int = READ_COILS) -> int:
    """Put a read of count coils (1) or inputs (2) at buf[at:], return its length; EINVAL out of bounds."""
    if function not in (READ_COILS, READ_INPUT_BITS):
        raise OSError(errno.EINVAL, "reads no bits")
    _check_span(address, count, READ_BITS_MAX)
    pack_into(">BHH", buf, at, function, address, count)
    return 5


def encode_write(buf: bytearray, at: int, address: int, values) -> int:
    """Put a write of registers (each 0..65535) at buf[at:], return its length; EINVAL out of bounds."""
    count = len(values)
    _check_span(address, count, WRITE_MAX)
    pack_into(">BHHB", buf, at, WRITE_MULTIPLE, address, count, 2 * count)
    _put_registers(buf, at + 6, values)
    return 6 + 2 * count


def encode_write_single(buf: bytearray, at: int, address: int, value: int) -> int:
    """Put a write of one register at buf[at:], return its length; EINVAL out of bounds."""
    _check_span(address, 1, 1)
    pack_into(">BH", buf, at, WRITE_SINGLE, address)
    _put_register(buf, at + 3, value)
    return 5


def encode_write_coil(buf: bytearray, at: int, address: int, on: bool) -> int:
    """Put a write of one coil at buf[at:], return its length; EINVAL out of bounds."""
    _check_span(address, 1, 1)
    pack_into(">BHH", buf, at, WRITE_COIL, address, coil(on))
    return 5


def encode_write_bits(buf: bytearray, at: int, address: int, bits) -> int:
    """Put a write of coils, one truth value each, at buf[at:], return its length; EINVAL out of bounds."""
    count = len(bits)
    _check_span(address, count, WRITE_BITS_MAX)
    size = bytes_of(count)
    pack_into(">BHHB", buf, at, WRITE_BITS, address, count, size)
    at += 6
    for k in range(size):
        buf[at + k] = 0
    for k in range(count):
        if bits[k]:
            buf[at + (k >> 3)] |= 1 << (k & 7)
    return 6 + size


def encode_read_write(buf: bytearray, at: int, address: int, count: int, write_address: int, values) -> int:
    """Put a write, then a read of count registers in one at buf[at:], return its length; EINVAL out of bounds."""
    _check_span(address, count, READ_MAX)
    written = len(values)
    _check_span(write_address, written, READ_WRITE_MAX)
    pack_into(">BHHHHB", buf, at, READ_WRITE, address, count, write_address, written, 2 * written)
    _put_registers(buf, at + 10, values)
    return 10 + 2 * written


def coil(on: bool) -> int:
    """Return the word that stands for a coil's state (clause 6.5)."""
    return _COIL_ON if on else 0


def bytes_of(bits: int) -> int:
    """Return how many bytes so many bits fill."""
    return (bits + 7) >> 3


def _check_span(address: int, count: int, most: int) -> None:
    if not 1 <= count <= most or not 0 <= address <= 0x10000 - count:
        raise OSError(errno.EINVAL, "address or count out of bounds")


def _put_registers(buf: bytearray, at: int, values) -> None:
    for value in values:
        _put_register(buf, at, value)
        at += 2


def _put_register(buf: bytearray, at: int, value: int) -> None:
    if not 0 <= value <= 0xFFFF:
        raise OSError(errno.EINVAL, "register value out of bounds")
    buf[at] = value >> 8
    buf[at + 1] = value & 0xFF


def check_read(buf: bytearray, at: int, length: int, count: int, function: int = READ_HOLDING) -> None:
    """Check the response to a read, registers from buf[at + 2]; ModbusError if refused, EIO if malformed."""
    check_data(buf, at, length, function, 2 * count)


def check_data(buf: bytearray, at: int, length: int, function: int, size: int) -> None:
    """Check a response that carries size bytes from buf[at + 2]; errors as in check_read."""
    _check_function(buf, at, length, function)
    if buf[at + 1] != size or length != 2 + size:
        raise OSError(errno.EIO, "malformed response")


def check_write(buf: bytearray, at: int, length: int, function: int, address: int, echo: int) -> None:
    """Check the response to a write, echo is the count (15, 16) or value (5, 6); errors as in check_read."""
    _check_function(buf, at, length, function)
    if length != 5 or unpack_from(">HH", buf, at + 1) != (address, echo):
        raise OSError(errno.EIO, "malformed response")


def _check_function(buf: bytearray, at: int, length: int, function: int) -> None:
    if length == 2 and buf[at] == function | ERROR_FLAG:
        raise ModbusError(buf[at + 1])
    if length < 2 or buf[at] != function:
        raise OSError(errno.EIO, "malformed response")
