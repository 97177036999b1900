"""Modbus PDUs of functions 3, 6 and 16 (Modbus Application Protocol V1.1b3, clauses 6.3, 6.6, 6.12 and 7)."""

import errno
from struct import pack_into, unpack_from

READ_HOLDING = 3
WRITE_SINGLE = 6
WRITE_MULTIPLE = 16
READ_MAX = 125  # registers of one read
WRITE_MAX = 123  # registers of one write
_ERROR_FLAG = 0x80

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


def encode_read(buf: bytearray, at: int, address: int, count: int) -> int:
    """Put a read of count holding registers at buf[at:], return its length; EINVAL out of bounds."""
    if not 1 <= count <= READ_MAX or not 0 <= address <= 0x10000 - count:
        raise OSError(errno.EINVAL, "read out of bounds")
    pack_into(">BHH", buf, at, READ_HOLDING, address, count)
    return 5


def encode_write(buf: bytearray, at: int, address: int, values: list[int]) -> int:
    """Put a write of registers (each 0..65535) at buf[at:], return its length; EINVAL out of bounds."""
    count = len(values)
    if not 1 <= count <= WRITE_MAX or not 0 <= address <= 0x10000 - count:
        raise OSError(errno.EINVAL, "write out of bounds")
    pack_into(">BHHB", buf, at, WRITE_MULTIPLE, address, count, 2 * count)
    at += 6
    for value in values:
        _put_register(buf, at, value)
        at += 2
    return 6 + 2 * count


def encode_write_single(buf: bytearray, at: int, address: int, value: int) -> int:
    """Put a write of one register at buf[at:], return its length; EINVAL out of bounds."""
    if not 0 <= address <= 0xFFFF:
        raise OSError(errno.EINVAL, "address out of bounds")
    pack_into(">BH", buf, at, WRITE_SINGLE, address)
    _put_register(buf, at + 3, value)
    return 5


def _put_register(buf: bytearray, at: int, value: int) -> None:
    if not 0 <= value <= 0xFFFF:
        raise OSError(errno.EINVAL, "register value out of bounds")
    buf[at] = value >> 8
    buf[at + 1] = value & 0xFF


def check_read(buf: bytearray, at: int, length: int, count: int) -> None:
    """Check the response to a read, registers from buf[at + 2]; ModbusError if refused, EIO if malformed."""
    _check_function(buf, at, length, READ_HOLDING)
    if buf[at + 1] != 2 * count or length != 2 + 2 * count:
        raise OSError(errno.EIO, "malformed response")


def check_write(buf: bytearray, at: int, length: int, function: int, address: int, echo: int) -> None:
    """Check the response to a write, echo is the count (16) or value (6); errors as in check_read."""
    _check_function(buf, at, length, function)
    if length != 5 or unpack_from(">HH", buf, at + 1) != (address, echo):
        raise OSError(errno.EIO, "malformed response")


def _check_function(buf: bytearray, at: int, length: int, function: int) -> None:
    if length == 2 and buf[at] == function | _ERROR_FLAG:
        raise ModbusError(buf[at + 1])
    if length < 2 or buf[at] != function:
        raise OSError(errno.EIO, "malformed response")
