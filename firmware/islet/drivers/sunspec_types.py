"""Types of SunSpec points: registers to value, value to registers (Device Information Model V1.2, 4.3).

Every type but `pad` keeps a code for "not implemented"; a pad never has a value.
"""

import errno
from struct import calcsize, pack, unpack_from

INT16 = 0
UINT16 = 1
ENUM16 = 2
BITFIELD16 = 3
ACC16 = 4
COUNT = 5
SUNSSF = 6
PAD = 7
INT32 = 8
UINT32 = 9
ENUM32 = 10
BITFIELD32 = 11
ACC32 = 12
IPADDR = 13
INT64 = 14
UINT64 = 15
ACC64 = 16
FLOAT32 = 17
FLOAT64 = 18
STRING = 19
IPV6ADDR = 20
EUI48 = 21

# struct format and code of "not implemented" of each type, integers first
# fmt: off
_FORMS = (
    ">h", ">H", ">H", ">H", ">H", ">H", ">h", ">H",
    ">i", ">I", ">I", ">I", ">I", ">I", ">q", ">Q", ">Q", ">f", ">d",
)
_MISSING = (
    -0x8000, 0xFFFF, 0xFFFF, 0xFFFF, 0, 0xFFFF, -0x8000, 0x8000,
    -0x80000000, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0, 0,
    -0x8000000000000000, 0xFFFFFFFFFFFFFFFF, 0,
)
# fmt: on
_ACCUMULATORS = (ACC16, ACC32, ACC64)
_IPV6_REGISTERS = 8
_EUI48_REGISTERS = 4


def size_of(kind: int) -> int:
    """Return the registers of a type; 0 for a string, whose size the model says."""
    if kind <= FLOAT64:
        return calcsize(_FORMS[kind]) // 2
    return 0 if kind == STRING else _IPV6_REGISTERS if kind == IPV6ADDR else _EUI48_REGISTERS


def decode(kind: int, size: int, data, at: int):
    """Return the point at data[at:]: int, float, bytes; None when it is not implemented.

    A string is without its trailing NULs, an address of IPv6 has 16 bytes, a EUI-48 the lower 6 of 8.
    """
    if kind > FLOAT64:
        return _decode_bytes(kind, unpack_from("%ds" % (2 * size), data, at)[0])
    raw = unpack_from(_FORMS[kind], data, at)[0]
    if kind >= FLOAT32:
        return raw if raw == raw else None
    return None if kind == PAD or raw == _MISSING[kind] else raw


def _decode_bytes(kind: int, raw: bytes):
    if kind == STRING:
        return raw.rstrip(b"\0") if raw[0] else None
    if kind == IPV6ADDR:
        return raw if raw.strip(b"\0") else None
    low = raw[2:]
    return low if raw.strip(b"\0") and low != b"\xff\xff\xff\xff\xff\xff" else None


def encode(kind: int, size: int, raw) -> list:
    """Return a value's registers in the full width of its type.

    EINVAL outside of its range, at the code of "not implemented" (but for accumulators), or for a pad.
    """
    if kind == STRING and len(raw) <= 2 * size:
        data = raw + b"\0" * (2 * size - len(raw))
    elif kind in (FLOAT32, FLOAT64) or (kind < FLOAT32 and kind != PAD and _within(kind, raw)):
        data = pack(_FORMS[kind], raw)
    else:
        raise OSError(errno.EINVAL, "value out of bounds")
    return list(unpack_from(">%dH" % size, data, 0))


def _within(kind: int, raw: int) -> bool:
    bits = 8 * calcsize(_FORMS[kind])
    if kind in (INT16, INT32, INT64, SUNSSF):
        half = 1 << (bits - 1)
        return -half < raw < half
    return 0 <= raw < 1 << bits and (kind in _ACCUMULATORS or raw != _MISSING[kind])
