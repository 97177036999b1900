"""The long form made small for the board: rows of firmware/islet/drivers/profile_table.py."""

import json
from fractions import Fraction
from typing import Any

from host_tools.profiles.form import Back, Command, Profile, Reading, Register, Write
from host_tools.profiles.units import SHARE, units_of
from islet.drivers import roles
from islet.drivers.profile_types import size_of

VERSION = 1


def text(profile: Profile) -> str:
    """Return the compact form as JSON without blanks, ASCII alone."""
    return json.dumps(table(profile), separators=(",", ":"))


def table(profile: Profile) -> dict[str, Any]:
    """Return the compact form, as profile_table.load returns it."""
    return {
        "v": VERSION,
        "name": profile.name,
        "role": profile.role,
        "unit": profile.unit,
        "most": profile.most,
        "hole": profile.hole,
        "gap_ms": profile.gap_ms,
        "read": [_reading(profile.role, row) for row in profile.readings],
        "do": [_command(command) for command in profile.commands],
    }


def meanings(role: str, name: str) -> tuple[str | int, ...]:
    """Return what a code of that name may mean, in order of their numbers."""
    if name == "state":
        return roles.CHARGER_STATES if role == roles.CHARGER else roles.STATES
    return (0, 1)


def code_of(role: str, name: str, code: int | str) -> int | None:
    """Return the number of a meaning, None for an unknown one."""
    known = meanings(role, name)
    return known.index(code) if code in known else None


def factor(name: str, row: Register) -> Fraction:
    """Return by what the register's number is multiplied to be in the unit of the name."""
    return row.sign * Fraction(row.scale) * units_of(name).get(row.unit, Fraction(1))


def _reading(role: str, row: Reading) -> list[Any]:
    by = Fraction(1) if row.codes else factor(row.name, row)
    codes = [[raw, code_of(role, row.name, code)] for raw, code in row.codes or []]
    return [
        row.name,
        row.function,
        row.address,
        row.type,
        row.size or size_of(row.type),
        int(row.little),
        by.numerator,
        by.denominator,
        row.period_s,
        int(row.optional),
        row.missing,
        codes,
        row.shift,
        row.mask,
        0 if row.tens is None else row.tens - row.address,
    ]


def _command(command: Command) -> list[Any]:
    limits = [_short(value) for value in (command.least, command.most, command.safe)]
    cases = [
        [_short(case.least), [_write(command.name, write) for write in case.writes]] for case in command.cases
    ]
    return [command.name, *limits, command.reverts_s, command.renew_s, command.gap_s, cases]


def _short(value: Any) -> int | float:
    return int(value) if value == int(value) else float(value)


def _write(name: str, write: Write) -> list[Any]:
    by = write.sign * Fraction(write.scale) * SHARE[write.unit] if write.per_rated else factor(name, write)
    function, address = 0, 0
    if isinstance(write.back, Back):
        function, address = write.back.function, write.back.address
    elif write.back == "same":
        function, address = 1 if write.function == 5 else 3, write.address
    place = [write.function, write.address, write.type, int(write.little)]
    return [*place, by.numerator, by.denominator, write.value, int(write.per_rated), function, address]
