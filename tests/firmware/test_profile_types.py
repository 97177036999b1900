"""Registers to numbers and back. Bit patterns are those of IEEE 754 and two's complement, computed by hand."""

from struct import pack

from profile_world import row

from islet.drivers import profile_types as types
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT


def decoded(one: list, *words: int) -> tuple:
    return types.decode(one, pack(">%dH" % len(words), *words), one[2])


def near(value, expected: float) -> bool:
    return abs(value - expected) <= 1e-6 * abs(expected)


def test_whole_numbers_of_every_size_and_both_orders():
    assert decoded(row(kind="u16"), 0xFFFE) == (65534.0, OK)
    assert decoded(row(kind="i16"), 0xFFFE) == (-2.0, OK)
    assert decoded(row(kind="u32", size=2), 1, 2) == (65538.0, OK)
    assert decoded(row(kind="u32", size=2, little=1), 2, 1) == (65538.0, OK)
    assert decoded(row(kind="i32", size=2), 0xFFFF, 0xFFFD) == (-3.0, OK)
    assert decoded(row(kind="i32", size=2, little=1), 0xFFFD, 0xFFFF) == (-3.0, OK)
    assert decoded(row(kind="i64", size=4), 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFB) == (-5.0, OK)
    assert decoded(row(kind="u64", size=4, little=1), 7, 0, 0, 0) == (7.0, OK)


def test_floats_of_both_sizes_and_both_orders():
    # 231.5 = 1.80859375 * 2**7: 0x43678000; -0.15625: 0xBE200000; -2.5 as a double: 0xC004000000000000
    assert decoded(row(kind="f32", size=2), 0x4367, 0x8000) == (231.5, OK)
    assert decoded(row(kind="f32", size=2, little=1), 0, 0xBE20) == (-0.15625, OK)
    assert decoded(row(kind="f64", size=4), 0xC004, 0, 0, 0) == (-2.5, OK)
    assert decoded(row(kind="f64", size=4, little=1), 0, 0, 0, 0xC004) == (-2.5, OK)


def test_a_float_that_is_no_number_is_missing():
    for words in (
        (0x7FC0, 0),
        (0x7F80, 0),
        (0xFF80, 0),
        (0xFF7F, 0xFFFF),
    ):  # NaN, +-inf, SolarEdge's -FLT_MAX
        assert decoded(row(kind="f32", size=2), *words) == (None, NOT_IMPLEMENTED)
    assert decoded(row("import_wh", kind="f32", size=2), 0x7FC0, 0) == (None, NOT_IMPLEMENTED)
    assert decoded(row("import_wh", kind="f64", size=4), 0x7FF8, 0, 0, 0) == (None, NOT_IMPLEMENTED)


def test_scale_and_sign():
    value, quality = decoded(row(kind="i16", mul=-1, div=10), 0xFFF6)
    assert quality == OK
    assert near(value, 1.0)
    value, _ = decoded(row(kind="u32", size=2, mul=10, div=3), 0, 9)
    assert near(value, 30.0)


def test_counters_are_exact_where_a_float_is_not():
    # 0.1 kWh: raw * 100 Wh; 16777217 needs more bits than a 32-bit float has
    assert decoded(row("import_wh", kind="u32", size=2, mul=100), 0x0100, 0x0001) == (1_677_721_700, OK)
    whole = row("import_wh", kind="u64", size=4)
    assert decoded(whole, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE) == (18_446_744_073_709_551_614, OK)
    assert decoded(whole, 0x0020, 0, 0, 1) == (9_007_199_254_740_993, OK)  # 2**53 + 1
    assert decoded(row("import_wh", kind="i64", size=4), 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF) == (-1, OK)
    joules = row("total_wh", kind="u32", size=2, mul=1, div=3600)
    assert decoded(joules, 0, 3599) == (0, OK)
    assert decoded(joules, 0, 7200) == (2, OK)


def test_counters_from_floats_keep_every_bit():
    # 0x4640E6B6: exponent 0x8C = 13 + 127, mantissa 0xC0E6B6 = 12641974, times 2**(13 - 23): 12345.677734375 kWh
    assert decoded(row("import_wh", kind="f32", size=2, mul=1000), 0x4640, 0xE6B6) == (12_345_677, OK)
    # 2**40 + 2**17 as a float: exponent 40 + 127 = 167 = 0xA7, mantissa bit 0 is 2**(40 - 23): 0x53800001
    assert decoded(row("import_wh", kind="f32", size=2), 0x5380, 0x0001) == ((1 << 40) + (1 << 17), OK)
    # 1e12 + 1 as a double: 0x426D1A94A2002000
    assert (
        decoded(row("import_wh", kind="f64", size=4), 0x426D, 0x1A94, 0xA200, 0x2000)[0] == 1_000_000_000_001
    )
    assert decoded(row("import_wh", kind="f32", size=2), 0x0000, 0x0001) == (0, OK)  # the least subnormal
    assert decoded(row("import_wh", kind="f32", size=2), 0x7F00, 0x0000) == (None, NOT_IMPLEMENTED)  # 1.7e38


def test_missing_values():
    one = row(kind="i32", size=2, missing=[0x80000000, 0x7FFFFFFF])
    assert decoded(one, 0x8000, 0) == (None, NOT_IMPLEMENTED)
    assert decoded(one, 0x7FFF, 0xFFFF) == (None, NOT_IMPLEMENTED)
    assert decoded(one, 0x8000, 1) == (-2147483647.0, OK)
    little = row(kind="u64", size=4, little=1, missing=[0xFFFFFFFFFFFFFFFF])
    assert decoded(little, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF) == (None, NOT_IMPLEMENTED)


def test_a_power_of_ten_in_a_register():
    one = row(kind="i16", tens=1)
    assert decoded(one, 2345, 0xFFFF)[1] == OK
    assert near(decoded(one, 2345, 0xFFFF)[0], 234.5)
    assert near(decoded(one, 2345, 2)[0], 234500.0)
    assert decoded(one, 2345, 0x8000) == (None, NOT_IMPLEMENTED)
    assert decoded(one, 2345, 11) == (None, NOT_IMPLEMENTED)
    counter = row("yield_wh", kind="u32", size=2, tens=3)
    assert decoded(counter, 0x0100, 0x0001, 0, 1) == (167_772_170, OK)
    assert decoded(counter, 0x0100, 0x0001, 0, 0xFFFF) == (1_677_721, OK)


def test_codes():
    one = row("state", kind="u16", codes=[[0x200, 2], [0x300, 4]])
    assert decoded(one, 0x300) == (4, OK)
    assert decoded(one, 0x301) == (None, SUSPECT)
    masked = row("running", kind="u16", codes=[[1, 1], [0, 0]], shift=3, mask=1)
    assert decoded(masked, 0xFFF7) == (0, OK)
    assert decoded(masked, 0x0008) == (1, OK)


def test_text():
    one = row("state", kind="string", size=3, codes=[["C2", 2], ["", 0]])
    assert decoded(one, 0x4332, 0, 0x4141) == (2, OK)  # what comes after the first zero is not read
    assert decoded(one, 0, 0, 0) == (0, OK)
    assert decoded(one, 0x43FF, 0, 0) == (None, SUSPECT)


def test_bits():
    one = row("running", function=2, address=11, kind="bit")
    assert types.decode(one, b"\x00\x02", 2) == (1, OK)
    assert types.decode(one, b"\xff\xfd", 2) == (0, OK)
    assert types.decode(row("fault", 2, 0, "bit", codes=[[0, 1], [1, 0]]), b"\x01", 0) == (0, OK)


def test_encode_never_exceeds_what_was_asked():
    assert types.encode(1999.9, "u16", 1, 1) == 1999
    assert types.encode(-1999.9, "i16", 1, 1) == 0x10000 - 1999
    assert types.encode(2300.0, "u16", -1, 1) == 0  # beyond the type: the nearest that it holds
    assert types.encode(1e6, "i16", 1, 1) == 0x7FFF
    assert types.encode(-1e6, "i16", 1, 1) == 0x8000
    assert types.encode(0.6, "u16", 1, 100) == 60
    assert types.encode(0.07, "u16", 1, 100) == 7  # 7.000000000000001 and 6.9999995 alike
    assert types.encode(-1500.0, "u32", -1, 1) == 1500
    assert types.encode(231.5, "f32", 1, 1) == 0x43678000
    assert types.encode(-231.5, "f32", -1, 1) == 0x43678000


def test_words_of_an_integer():
    assert types.split(0x123456789ABCDEF0, 4, 0) == [0x1234, 0x5678, 0x9ABC, 0xDEF0]
    assert types.split(0x123456789ABCDEF0, 4, 1) == [0xDEF0, 0x9ABC, 0x5678, 0x1234]
    assert types.split(-2, 2, 0) == [0xFFFF, 0xFFFE]
    for little in (0, 1):
        data = pack(">4H", *types.split(0x8000_0000_0000_0001, 4, little))
        assert types.join(data, 0, 4, little) == 0x8000_0000_0000_0001
