"""Registers of profiles to numbers and back: every type and word order; counters stay whole numbers.

A 32-bit float cannot hold a counter, and a 64-bit word does not fit a small integer. So words are joined to an
integer first, and what a counter's float says is taken apart by its bits.
"""

from struct import pack_into, unpack_from

from islet.drivers.roles import counts
from islet.names import NOT_IMPLEMENTED, OK, SUSPECT

SIZES = (("i16", 1), ("u16", 1), ("i32", 2), ("u32", 2), ("f32", 2), ("i64", 4), ("u64", 4), ("f64", 4))
STRING = "string"  # of as many registers as its row says
BIT = "bit"  # of functions 1 and 2
TENS_MAX = 10  # the largest power of ten that a register may say, as SunSpec has it


def size_of(kind: str) -> int:
    """Return the registers of a type, 0 for a string and an unknown one; a bit is one place."""
    for name, size in SIZES:
        if name == kind:
            return size
    return 1 if kind == BIT else 0


def join(data, at: int, size: int, little: int) -> int:
    """Return size registers from byte `at` as one unsigned integer; little: the low word comes first."""
    raw = 0
    for i in range(size):
        place = size - 1 - i if little else i
        raw = (raw << 16) | unpack_from(">H", data, at + 2 * place)[0]
    return raw


def split(raw: int, size: int, little: int) -> list:
    """Return an integer as registers, negative as two's complement; the opposite of join."""
    words = [(raw >> (16 * (size - 1 - i))) & 0xFFFF for i in range(size)]
    if little:
        words.reverse()
    return words


def text(data, at: int, size: int) -> str:
    """Return size registers as text up to the first zero; what is not printable ASCII becomes '?'."""
    letters = ""
    for i in range(2 * size):
        code = data[at + i]
        if code == 0:
            break
        letters += chr(code) if 32 <= code < 127 else "?"
    return letters.strip()


def bit(data, at: int) -> int:
    """Return bit number `at` of packed bytes, bit 0 of byte 0 first."""
    return (data[at >> 3] >> (at & 7)) & 1


def number(raw: int, kind: str):
    """Return what the bits of an unsigned integer mean by their type; floats as floats."""
    if kind == "f32" or kind == "f64":
        return _floating(raw, kind)
    bits = 16 * size_of(kind)
    if kind.startswith("i") and raw >> (bits - 1):
        return raw - (1 << bits)
    return raw


def scaled(raw: int, kind: str, mul: int, div: int):
    """Return number * mul / div as a float; None for a float that is no number."""
    value = number(raw, kind)
    if kind.startswith("f") and not -3.4e38 < value < 3.4e38:
        return None
    return value * mul / div


def counter(raw: int, kind: str, mul: int, div: int):
    """Return number * mul / div rounded down, in integers alone; None for a float that is no number."""
    if not kind.startswith("f"):
        return number(raw, kind) * mul // div
    places, width = (23, 8) if kind == "f32" else (52, 11)
    exponent = (raw >> places) & ((1 << width) - 1)
    if exponent == (1 << width) - 1:
        return None
    mantissa = raw & ((1 << places) - 1)
    if exponent:
        mantissa |= 1 << places
    else:
        exponent = 1
    if raw >> (places + width):
        mantissa = -mantissa
    power = exponent - (1 << (width - 1)) + 1 - places
    if power > 64:
        return None
    if power >= 0:
        return (mantissa << power) * mul // div
    if power < -places - 64:
        return 0
    return mantissa * mul // (div << -power)


def encode(value: float, kind: str, mul: int, div: int) -> int:
    """Return the unsigned integer for value * div / mul, rounded towards 0 and kept within its type."""
    number = value * div / mul
    if kind == "f32":
        buf = bytearray(4)
        pack_into(">f", buf, 0, number)
        return unpack_from(">I", buf, 0)[0]
    raw = int(number + (0.001 if number > 0 else -0.001))  # a limit is not exceeded by rounding
    bits = 16 * size_of(kind)
    least = -(1 << (bits - 1)) if kind.startswith("i") else 0
    raw = min(max(raw, least), least + (1 << bits) - 1)
    return raw & ((1 << bits) - 1)


def decode(row: list, data, first: int) -> tuple:
    """Return (value, quality) of a row as in profile_table, from the registers or bits read from `first`."""
    kind, size = row[3], row[4]
    offset = row[2] - first
    if kind == STRING:
        return _coded(text(data, 2 * offset, size), row)
    raw = bit(data, offset) if kind == BIT else join(data, 2 * offset, size, row[5])
    if raw in row[10]:
        return None, NOT_IMPLEMENTED
    if row[13]:
        raw = (raw >> row[12]) & row[13]
    if row[11]:
        return _coded(raw, row)
    mul, div = row[6], row[7]
    if row[14]:
        tens = number(join(data, 2 * (offset + row[14]), 1, 0), "i16")
        if not -TENS_MAX <= tens <= TENS_MAX:  # SunSpec's "not implemented" too
            return None, NOT_IMPLEMENTED
        mul, div = (mul * 10**tens, div) if tens >= 0 else (mul, div * 10**-tens)
    convert = counter if counts(row[0]) else scaled
    value = convert(raw, kind, mul, div)
    return (None, NOT_IMPLEMENTED) if value is None else (value, OK)


def _coded(raw, row: list) -> tuple:
    """Return the code of a raw value; SUSPECT for a value that the document does not list."""
    for code, meaning in row[11]:
        if code == raw:
            return meaning, OK
    return None, SUSPECT


def _floating(raw: int, kind: str) -> float:
    buf = bytearray(8)
    if kind == "f32":
        pack_into(">I", buf, 0, raw)
        return unpack_from(">f", buf, 0)[0]
    pack_into(">II", buf, 0, raw >> 32, raw & 0xFFFFFFFF)
    return unpack_from(">d", buf, 0)[0]
