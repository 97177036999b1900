"""A profile as the board gets it: JSON made by `python -m host_tools.profiles compact`, checked before any use.

    {"v": 1, "name": "eastron_sdm630", "role": "meter", "unit": 1, "most": 60, "hole": 60, "gap_ms": 0,
     "read": [[name, function, address, type, size, little, mul, div, period_s, optional, missing, codes, shift,
               mask, tens], ...],
     "do": [[name, least, most, safe, reverts_s, renew_s, gap_s,
             [[from, [[function, address, type, little, mul, div, fixed, per_rated, back_function, back], ...]],
              ...]], ...]}

A reading is registers * mul / div; with codes [[raw, code], ...] it is the code. Rows of one name are added. Where
`tens` is not 0, the register so many places after the address says the power of ten that this is multiplied by.
`most` registers are in one read, `hole` may be read between two rows. A command takes the last case whose `from` it
reaches; a write is value * div / mul, or `fixed` as it is. back_function 0: it cannot be read back.
"""

import json

from islet.drivers import roles
from islet.drivers.modbus import READ_MAX
from islet.drivers.profile_types import BIT, STRING, size_of

SIZE_MAX = 8192
ROWS_MAX = 48
COMMANDS_MAX = 2
CASES_MAX = 4
WRITES_MAX = 6
CODES_MAX = 32
MISSING_MAX = 8
PERIOD_MAX_S = 86_400
_TEXT_MAX = 16  # registers of a string
_TENS_MAX = 40  # registers from a value to its power of ten
_FACTOR_MAX = 1_000_000_000
_W_MAX = 1_000_000_000
_RAW_MAX = (1 << 64) - 1

# member of the profile, least, most
_NUMBERS = (("unit", 0, 255), ("most", 1, READ_MAX), ("hole", 0, READ_MAX), ("gap_ms", 0, 5000))
_READ_FIELDS = 15
_DO_FIELDS = 8
_WRITE_FIELDS = 10


def load(text: str) -> dict:
    """Return the checked profile; ValueError with all that is wrong, one a line."""
    if len(text) > SIZE_MAX:
        raise ValueError(f"profile of {len(text)} bytes, at most {SIZE_MAX}")
    try:
        profile = json.loads(text)
    except RuntimeError:  # nested too deep
        raise ValueError("not a profile") from None
    errors: list = []
    if not isinstance(profile, dict) or profile.get("v") != 1:
        raise ValueError("not a profile of version 1")
    _check_head(profile, errors)
    if not errors:
        _check_rows(profile, errors)
        _check_commands(profile, errors)
    if errors:
        raise ValueError("\n".join(errors))
    return profile


def _check_head(profile: dict, errors: list) -> None:
    for name, least, most in _NUMBERS:
        if not _whole(profile.get(name), least, most):
            errors.append(f"{name}: not {least} to {most}")
    if profile.get("role") not in roles.names():
        errors.append("role: unknown")
    if not isinstance(profile.get("name"), str) or not 1 <= len(profile["name"]) <= 32:
        errors.append("name: not a word of 1 to 32 letters")
    for name, least, most in (("read", 1, ROWS_MAX), ("do", 0, COMMANDS_MAX)):
        rows = profile.get(name)
        if not isinstance(rows, list) or not least <= len(rows) <= most:
            errors.append(f"{name}: not a list of {least} to {most}")


def _check_rows(profile: dict, errors: list) -> None:
    known = roles.readings(profile["role"])
    for i, row in enumerate(profile["read"]):
        if not isinstance(row, list) or len(row) != _READ_FIELDS:
            errors.append(f"read {i}: not {_READ_FIELDS} fields")
            continue
        wrong = _wrong_place(row[1], row[2], row[3], row[4], row[5], profile["most"])
        wrong += _wrong_reading(row, profile["most"])
        if row[0] not in known:
            wrong.append("name")
        if wrong:
            errors.append(f"read {i} ({row[0]}): {', '.join(wrong)}")


def _wrong_place(function, address, kind, size, little, most: int) -> list:
    wrong = []
    bits = function in (1, 2)
    if not _whole(function, 1, 4):
        wrong.append("function")
    if kind == STRING:
        sized = _whole(size, 1, _TEXT_MAX)
    else:
        sized = (
            isinstance(kind, str) and isinstance(size, int) and size_of(kind) > 0 and size == size_of(kind)
        )
    if not sized or (kind == BIT) != bits:
        wrong.append("type")
    elif size > most:
        wrong.append("size")
    elif not _whole(address, 0, 0x10000 - size):
        wrong.append("address")
    if little not in (0, 1):
        wrong.append("order")
    return wrong


def _wrong_reading(row: list, most: int) -> list:
    wrong = _wrong_factors(row[6], row[7])
    if not _whole(row[8], 0, PERIOD_MAX_S):
        wrong.append("period_s")
    if row[9] not in (0, 1):
        wrong.append("optional")
    if not _is_list(row[10], MISSING_MAX) or not all(_whole(raw, 0, _RAW_MAX) for raw in row[10]):
        wrong.append("missing")
    if not _is_list(row[11], CODES_MAX) or not all(_is_code(code) for code in row[11]):
        wrong.append("codes")
    elif row[3] == STRING and not row[11]:
        wrong.append("a string needs codes")
    if not _whole(row[12], 0, 15) or not _whole(row[13], 0, 0xFFFF):
        wrong.append("shift or mask")
    if not _whole(row[14], 0, _TENS_MAX) or (row[14] and row[3] in (STRING, BIT)):
        wrong.append("tens")
    elif _whole(row[2], 0, 0xFFFF) and not (row[14] < most and row[2] + row[14] <= 0xFFFF):
        wrong.append("place of tens")
    return wrong


def _is_list(value, most: int) -> bool:
    return isinstance(value, list) and len(value) <= most


def _wrong_factors(mul, div) -> list:
    good = _whole(mul, -_FACTOR_MAX, _FACTOR_MAX) and mul != 0 and _whole(div, 1, _FACTOR_MAX)
    return [] if good else ["mul or div"]


def _is_code(code) -> bool:
    if not isinstance(code, list) or len(code) != 2 or not _whole(code[1], 0, 255):
        return False
    return isinstance(code[0], str) or _whole(code[0], 0, _RAW_MAX)


def _check_commands(profile: dict, errors: list) -> None:
    known = roles.commands(profile["role"])
    seen: list = []
    for i, row in enumerate(profile["do"]):
        if not isinstance(row, list) or len(row) != _DO_FIELDS:
            errors.append(f"do {i}: not {_DO_FIELDS} fields")
            continue
        wrong = [] if row[0] in known and row[0] not in seen else ["name"]
        seen.append(row[0])
        if not all(_real(value) for value in row[1:4]) or not row[1] <= row[3] <= row[2]:
            wrong.append("least, most or safe")
        if not all(_whole(span_s, 0, PERIOD_MAX_S) for span_s in row[4:7]):
            wrong.append("reverts_s, renew_s or gap_s")
        wrong += _wrong_cases(row[7])
        if wrong:
            errors.append(f"do {i} ({row[0]}): {', '.join(wrong)}")


def _wrong_cases(cases) -> list:
    if not isinstance(cases, list) or not 1 <= len(cases) <= CASES_MAX:
        return ["cases"]
    for i, case in enumerate(cases):
        if (
            not isinstance(case, list)
            or len(case) != 2
            or not _real(case[0])
            or not isinstance(case[1], list)
        ):
            return ["case"]
        if i and not cases[i - 1][0] < case[0]:
            return ["cases not in rising order"]
        if not 1 <= len(case[1]) <= WRITES_MAX:
            return ["writes"]
        for write in case[1]:
            wrong = _wrong_write(write)
            if wrong:
                return wrong
    return []


def _wrong_write(write) -> list:
    if not isinstance(write, list) or len(write) != _WRITE_FIELDS:
        return [f"a write without {_WRITE_FIELDS} fields"]
    function, address, kind, little = write[:4]
    coil = function == 5
    size = size_of(kind) if isinstance(kind, str) else 0
    if (
        not _whole(function, 5, 16)
        or function not in (5, 6, 16)
        or coil != (kind == BIT)
        or (function == 6 and size != 1)
    ):
        return ["function or type of a write"]
    if not size or kind == "f64" or little not in (0, 1) or not _whole(address, 0, 0x10000 - size):
        return ["a write's place"]
    if (
        write[7] not in (0, 1)
        or not _whole(write[8], 0, 4)
        or write[8] == 2
        or not _whole(write[9], 0, 0x10000 - size)
    ):
        return ["a write's read-back"]
    if write[6] is not None and not _whole(write[6], 0, (1 << (16 * size)) - 1):
        return ["a write's fixed value"]
    return _wrong_factors(write[4], write[5])


def _whole(value, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _real(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -_W_MAX <= value <= _W_MAX
