"""Types of points; codes of "not implemented" by the SunSpec Device Information Model V1.2, 4.3."""

import errno

from islet.drivers import sunspec_types as types
from islet.drivers.sunspec_types import decode, encode

MISSING = (
    (types.INT16, 1, b"\x80\x00"),
    (types.UINT16, 1, b"\xff\xff"),
    (types.ENUM16, 1, b"\xff\xff"),
    (types.BITFIELD16, 1, b"\xff\xff"),
    (types.ACC16, 1, b"\x00\x00"),
    (types.COUNT, 1, b"\xff\xff"),
    (types.SUNSSF, 1, b"\x80\x00"),
    (types.PAD, 1, b"\x80\x00"),
    (types.PAD, 1, b"\x00\x01"),
    (types.INT32, 2, b"\x80\x00\x00\x00"),
    (types.UINT32, 2, b"\xff\xff\xff\xff"),
    (types.ENUM32, 2, b"\xff\xff\xff\xff"),
    (types.BITFIELD32, 2, b"\xff\xff\xff\xff"),
    (types.ACC32, 2, b"\x00\x00\x00\x00"),
    (types.IPADDR, 2, b"\x00\x00\x00\x00"),
    (types.INT64, 4, b"\x80" + bytes(7)),
    (types.UINT64, 4, b"\xff" * 8),
    (types.ACC64, 4, bytes(8)),
    (types.FLOAT32, 2, b"\x7f\xc0\x00\x00"),
    (types.FLOAT32, 2, b"\xff\x80\x00\x01"),  # any NaN
    (types.FLOAT64, 4, b"\x7f\xf8" + bytes(6)),
    (types.STRING, 2, bytes(4)),
    (types.STRING, 2, b"\x00abc"),
    (types.IPV6ADDR, 8, bytes(16)),
    (types.EUI48, 4, b"\x00\x00" + b"\xff" * 6),
    (types.EUI48, 4, bytes(8)),
)
VALUES = (
    (types.INT16, 1, b"\x7f\xff", 32767),
    (types.INT16, 1, b"\x80\x01", -32767),
    (types.UINT16, 1, b"\xff\xfe", 65534),
    (types.ENUM16, 1, b"\x00\x00", 0),
    (types.ACC16, 1, b"\xff\xff", 65535),
    (types.COUNT, 1, b"\x00\x00", 0),
    (types.SUNSSF, 1, b"\xff\xfe", -2),
    (types.INT32, 2, b"\xff\xff\xff\xff", -1),
    (types.INT32, 2, b"\x80\x00\x00\x01", -2147483647),
    (types.UINT32, 2, b"\x80\x00\x00\x00", 2147483648),
    (types.UINT32, 2, b"\xff\xff\xff\xfe", 4294967294),
    (types.ACC32, 2, b"\xff\xff\xff\xff", 4294967295),
    (types.IPADDR, 2, b"\x7f\x00\x00\x01", 2130706433),
    (types.INT64, 4, b"\x80" + bytes(6) + b"\x01", -9223372036854775807),
    (types.UINT64, 4, b"\xff" * 7 + b"\xfe", 18446744073709551614),
    (types.ACC64, 4, b"\xff" * 8, 18446744073709551615),
    (types.FLOAT32, 2, b"\x45\x1c\x40\x00", 2500.0),
    (types.FLOAT32, 2, b"\xbf\x80\x00\x00", -1.0),
    (types.FLOAT64, 4, b"\x40\x59" + bytes(6), 100.0),
    (types.STRING, 2, b"Abc\x00", b"Abc"),
    (types.STRING, 2, b"Abcd", b"Abcd"),
)


def test_not_implemented_of_every_type():
    for kind, size, data in MISSING:
        assert decode(kind, size, data, 0) is None, (kind, data)


def test_values_of_every_type_there_and_back():
    for kind, size, data, value in VALUES:
        assert decode(kind, size, b"\x55\x55" + data, 2) == value, (kind, data)
        words = [data[2 * i] << 8 | data[2 * i + 1] for i in range(size)]
        assert encode(kind, size, value) == words, (kind, value)
    assert decode(types.EUI48, 4, b"\x00\x00\x02\x00\x5e\x10\x00\x01", 0) == b"\x02\x00\x5e\x10\x00\x01"
    assert (
        decode(types.IPV6ADDR, 8, b"\xfe\x80" + bytes(13) + b"\x01", 0) == b"\xfe\x80" + bytes(13) + b"\x01"
    )


def test_sizes():
    assert [types.size_of(kind) for kind in range(22)] == [1] * 8 + [2] * 6 + [4] * 3 + [2, 4, 0, 8, 4]


def test_what_cannot_be_written():
    for kind, size, value in (
        (types.INT16, 1, 32768),
        (types.INT16, 1, -32768),  # the code of "not implemented"
        (types.UINT16, 1, -1),
        (types.UINT16, 1, 65535),
        (types.UINT16, 1, 65536),
        (types.ACC16, 1, 65536),
        (types.UINT32, 2, 4294967295),
        (types.UINT32, 2, -1),
        (types.INT64, 4, -9223372036854775808),
        (types.PAD, 1, 0),
        (types.STRING, 1, b"abc"),
        (types.EUI48, 4, b"abcdef"),
    ):
        assert _failure(kind, size, value) == errno.EINVAL, (kind, value)


def _failure(kind: int, size: int, value) -> int:
    try:
        encode(kind, size, value)
    except OSError as error:
        return error.errno
    raise AssertionError("it did not fail")
