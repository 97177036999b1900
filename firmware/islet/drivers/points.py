"""Where the points of SunSpec models lie, from the compact tables in `sunspec_tables`.

A row is (name, offset from the model's ID register, type, registers, scale factor: a point or a power of ten,
unit, whether it can be written). A table is bytes, one record after the other, so that frozen code keeps it in
flash; a lookup reads along it and makes only the rows that were asked for.

    point: length of the name (not 0), name, type (+ 0x80: can be written), scale, unit, registers if a string
    group: 0, bytes of its records (2), length of the name, name, times, records

Scale is 255 for none, from 200 a power of ten plus 227, below that the number of a point of the model itself.
Times is 0 for a group that occurs once, 1 for one that fills the model's length, else 2 plus the number of the
point that counts it. Names in a group are `Crv[2].Pt[1].V`, counted from 1 as AdptCrvReq does; in a group that
occurs once `PFWInj.PF`.
"""

from islet.drivers.sunspec_tables import TABLES, UNITS
from islet.drivers.sunspec_types import STRING, size_of

COMMON = 1
INVERTER_SINGLE = 101
INVERTERS = (101, 102, 103, 111, 112, 113)  # integers, then floats; the names of their points are the same
NAMEPLATE = 120
SETTINGS = 121
STATUS = 122
CONTROLS = 123
BASIC_STORAGE = 124
MPPT = 160
AC_MEASURE = 701
CAPACITY = 702
AC_CONTROLS = 704
STORAGE = 713
DC_MEASURE = 714  # its length changes with daylight
BATTERY_BASE = 802
FORM = 64900

NO_SCALE = 255
SCALE_FIXED = 200
SCALE_ZERO = 227
ONCE = 0
FILLS = 1
COUNTED = 2
WRITABLE = 0x80
ANY_LENGTH = 0x10000


def records_of(model_id: int) -> bytes:
    """Return the compact table of a model, empty for an unknown one."""
    for ids, records in TABLES:
        if model_id in ids:
            return records
    return b""


def table(model_id: int, length: int = ANY_LENGTH, counts=None) -> tuple:
    """Return all rows of a model, none for an unknown one; length and counts as in `rows`."""
    return tuple(rows(records_of(model_id), length, counts))


def row(model_id: int, name: str, length: int = ANY_LENGTH, counts=None) -> tuple:
    """Return one row; KeyError for a point that is not known. length and counts as in `rows`."""
    return find(records_of(model_id), (name,), length, counts)[name]


def find(records: bytes, names: tuple, length: int = ANY_LENGTH, counts=None) -> dict:
    """Return {name: row} in the order of names, those beyond the length too; KeyError for an unknown point."""
    found: dict = {}
    for bound in (length, ANY_LENGTH):
        wanted = {name for name in names if name not in found}
        for one in rows(records, bound, counts, wanted):
            found[one[0]] = one
            if len(found) == len(names):
                break
        if len(found) == len(names):
            break
    return {name: found[name] for name in names}


def rows(records: bytes, length: int = ANY_LENGTH, counts=None, wanted=None):
    """Yield the rows of a table that begin within the model's length (header counted), by offset.

    counts is {counting point: how often}; a group without its count is left out, and so is one that fills the
    length when that is not told. wanted: only names in it.
    """
    what = (records, length, counts or {}, wanted)
    return _rows(what, 0, len(records), 0, "")


def counting(records: bytes) -> tuple:
    """Return the names of the points that count groups."""
    names: list[str] = []
    _find_counting(records, 0, len(records), names)
    return tuple(names)


def static_scale(model_id: int) -> bool:
    """Return whether scale factors of a model never change: the 700 series marks them static."""
    return 700 <= model_id < 800


def _rows(what: tuple, at: int, end: int, offset: int, prefix: str):
    """Yield rows of the records [at, end) that begin at that offset; return the offset after the last."""
    records, length, _, wanted = what
    while at < end and offset < length:
        if records[at]:
            name, kind, size, after = _point(records, at)
            name = prefix + name
            if wanted is None or name in wanted:
                scale, unit = _meaning(records, at)
                yield name, offset, kind & 0x7F, size, scale, unit, kind >= WRITABLE
            offset += size
        else:
            name, times, start, after = _group(records, at)
            for i in range(_times(what, times)):
                if offset >= length:  # before a count is believed
                    break
                inner = "%s%s[%d]." % (prefix, name, i + 1) if times else "%s%s." % (prefix, name)
                offset = yield from _rows(what, start, after, offset, inner)
        at = after
    return offset


def _point(records: bytes, at: int) -> tuple:
    """Return (name, type and whether it can be written, registers, where the next record begins)."""
    after = at + 1 + records[at]
    name = str(records[at + 1 : after], "ascii")
    kind = records[after]
    if kind & 0x7F == STRING:
        return name, kind, records[after + 3], after + 4
    return name, kind, size_of(kind & 0x7F), after + 3


def _meaning(records: bytes, at: int) -> tuple:
    """Return (scale factor, unit) of the point at records[at:]."""
    at += records[at] + 2
    code, unit = records[at], UNITS[records[at + 1]]
    if code == NO_SCALE:
        return 0, unit
    return (code - SCALE_ZERO if code >= SCALE_FIXED else _name(records, code)), unit


def _name(records: bytes, number: int) -> str:
    """Return the name of a point of the model itself, whose points come before its groups."""
    at = 0
    for _ in range(number):
        at = _point(records, at)[3]
    return _point(records, at)[0]


def _group(records: bytes, at: int) -> tuple:
    """Return (name, times, where its records begin and end)."""
    start = at + 4 + records[at + 3]
    name = str(records[at + 4 : start], "ascii")
    return name, records[start], start + 1, start + 1 + (records[at + 1] << 8 | records[at + 2])


def _times(what: tuple, times: int) -> int:
    records, length, counts, _ = what
    if times == ONCE:
        return 1
    if times == FILLS:
        return length if length < ANY_LENGTH else 0
    return counts.get(_name(records, times - COUNTED), 0)


def _find_counting(records: bytes, at: int, end: int, names: list) -> None:
    while at < end:
        if records[at]:
            at = _point(records, at)[3]
            continue
        _, times, start, at = _group(records, at)
        if times >= COUNTED and _name(records, times - COUNTED) not in names:
            names.append(_name(records, times - COUNTED))
        _find_counting(records, start, at, names)
