"""Profiles checked: every error says file, row, what is wrong and what to do."""

import json
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from host_tools.errors import InputError
from host_tools.profiles import compact
from host_tools.profiles.form import Command, Profile, Reading, Register, Write
from host_tools.profiles.units import SHARE, units_of
from islet.drivers import profile_table, roles
from islet.drivers.profile_types import size_of

DATA = Path(__file__).parent / "data"
LIVE_MAX_S = 5
_LIVE = ("w", "hz", "soc_pu")  # what the node controls by


def names() -> list[str]:
    """Return the names of all profiles that come with Islet."""
    return sorted(path.stem for path in DATA.glob("*.json"))


def load(name: str) -> Profile:
    """Return a profile that comes with Islet, by name; InputError for an unknown one."""
    path = DATA / f"{name}.json"
    if name not in names():
        raise InputError(f"there is no profile {name!r}; `islet profiles list` shows those there are.")
    return read(path)


def find(name: str) -> Profile:
    """Return a profile by its name, or by the path of its file; InputError as `load` and `read`."""
    return read(Path(name)) if name.endswith(".json") or "/" in name else load(name)


def read(path: Path) -> Profile:
    """Return the profile in a file; InputError with all that is wrong, one a line."""
    try:
        text = path.read_text(encoding="utf-8")
        raw = json.loads(text)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is not JSON ({error}); correct it there.") from error
    try:
        profile = Profile.model_validate_json(text)
    except ValidationError as error:
        raise InputError("\n".join(f"{path.name}: {line}" for line in _shape(error, raw))) from error
    wrong = list(problems(profile)) or list(_compact(profile))
    if profile.name != path.stem:
        wrong.append(f"name: is {profile.name!r}; make it {path.stem!r}, the name of the file")
    if wrong:
        raise InputError("\n".join(f"{path.name}: {line}" for line in wrong))
    return profile


def _shape(error: ValidationError, raw: Any) -> Iterator[str]:
    """Yield what pydantic found, rows with their names."""
    for one in error.errors(include_url=False):
        place, here = "", raw
        for step in one["loc"]:
            here = _inside(here, step)
            if isinstance(step, int):
                label = here.get("name", here.get("key", "")) if isinstance(here, dict) else ""
                place += f" {step}" + (f" ({label})" if label else "")
            else:
                place += f" {step}"
        yield f"{place.strip() or 'profile'}: {one['msg']}; the form is host_tools/profiles/form.py"


def _inside(here: Any, step: int | str) -> Any:
    try:
        return here[step]
    except (KeyError, IndexError, TypeError):
        return None


def problems(profile: Profile) -> Iterator[str]:
    """Yield what does not hang together in a profile whose members are all right by themselves."""
    keys = [document.key for document in profile.documents]
    for key in sorted({key for key in keys if keys.count(key) > 1}):
        yield f"documents: key {key!r} is there twice; give each document its own key"
    used = {key for reading in profile.readings for key in reading.documents}
    used |= {key for command in profile.commands for key in command.documents}
    for key in sorted(set(keys) - used):
        yield f"documents: no row cites {key!r}; cite it in the rows it quotes, or take it out"
    for key in sorted(used - set(keys)):
        yield f"documents: rows cite {key!r}, which is not listed; add the document, or take the citation out"
    for i, reading in enumerate(profile.readings):
        for wrong in _reading(profile, reading):
            yield f"readings {i} ({reading.name}): {wrong}"
    for i, command in enumerate(profile.commands):
        for wrong in _command(profile, command):
            yield f"commands {i} ({command.name}): {wrong}"
    places = [(row.name, row.function, row.address, row.shift, row.mask) for row in profile.readings]
    for place in sorted({place for place in places if places.count(place) > 1}):
        yield f"readings: {place[0]} at {place[2]} is there twice, and rows of one name are added; take one out"
    names = [command.name for command in profile.commands]
    if len(names) != len(set(names)):
        yield "commands: a name is there twice; one command, its values as cases"


def _compact(profile: Profile) -> Iterator[str]:
    try:
        profile_table.load(compact.text(profile))
    except ValueError as error:
        yield from (f"compact form, {line}" for line in str(error).splitlines())


def _reading(profile: Profile, row: Reading) -> Iterator[str]:
    known = roles.readings(profile.role)
    if row.name not in known:
        yield f"a {profile.role} has no such reading; it has {', '.join(known)}"
    yield from _place(row, row.function in (1, 2), row.size)
    if row.name in _LIVE and row.period_s > LIVE_MAX_S:
        yield f"period_s is {row.period_s}; a {row.name} is trusted for 10 s: read it at least every {LIVE_MAX_S} s"
    if row.codes is not None:
        yield from _codes(profile.role, row)
    elif row.type != "bit":
        yield from _unit(row.name, row)
    size = row.size or size_of(row.type)
    yield from (f"missing {raw} does not fit {row.type}; give the register's value" for raw in row.missing
                if raw >> 16 * size)  # fmt: skip
    if row.tens is not None and not row.address < row.tens <= row.address + 40:
        yield "tens is not one of the 40 registers after the address; check both"
    if row.mask and row.type not in ("u16", "i16", "u32", "i32"):
        yield "mask is for whole numbers of one or two registers; use u16 or u32"


def _place(row: Register, bits: bool, size: int | None = None) -> Iterator[str]:
    if bits != (row.type == "bit"):
        yield "functions 1, 2 and 5 have type bit, the others a register's type; change one of them"
    if (row.type == "string") != (size is not None):
        yield "a string needs `size` in registers, and nothing else has one"
    if row.order == "little" and size_of(row.type) < 2:
        yield "order is for more than one register; take it out"
    last = row.address + (size or size_of(row.type)) - 1
    if last > 65535:
        yield f"its last register would be {last}, beyond 65535; check the address"


def _unit(name: str, row: Register) -> Iterator[str]:
    known = units_of(name)
    if known and row.unit not in known:
        yield f"unit is {row.unit!r}; it must be one of {', '.join(known)}"
    if not known:
        yield "needs `codes`, pairs of what the register holds and what it means"


def _codes(role: str, row: Reading) -> Iterator[str]:
    if row.unit or row.scale != "1" or row.sign != 1:
        yield "a code has no unit, scale or sign; take them out"
    for raw, code in row.codes or []:
        if isinstance(raw, str) != (row.type == "string"):
            yield f"code {raw!r} is not what a {row.type} holds"
        if compact.code_of(role, row.name, code) is None:
            yield f"{code!r} is no value of {row.name}; use {', '.join(map(str, compact.meanings(role, row.name)))}"
    raws = [raw for raw, _ in row.codes or []]
    most = 1 if row.type == "bit" else row.mask or (1 << 16 * size_of(row.type)) - 1
    for raw in raws:
        if isinstance(raw, int) and not 0 <= raw <= most:
            yield f"code {raw} does not fit; the register's value is 0 to {most}"
    if len(raws) != len(set(raws)):
        yield "a raw value is there twice; give each one meaning"


def _command(profile: Profile, command: Command) -> Iterator[str]:
    known = roles.commands(profile.role)
    if command.name not in known:
        yield f"a {profile.role} has no such command; it has {', '.join(known) or 'none'}"
    if not command.least <= command.safe <= command.most:
        yield "safe is not within least and most; choose one that is"
    yield from _range(command)
    starts = [case.least for case in command.cases]
    if starts != sorted(set(starts)):
        yield "cases are not in rising order of `from`; sort them"
    for case in command.cases:
        for i, write in enumerate(case.writes):
            for wrong in _write(profile, command, write):
                yield f"case from {case.least:g}, write {i}: {wrong}"


def _range(command: Command) -> Iterator[str]:
    """Yield the bounds of a command that do not fit the register into which they would be written."""
    ends = [case.least for case in command.cases[1:]] + [command.most]
    for case, end in zip(command.cases, ends, strict=True):
        for i, write in enumerate(case.writes):
            if write.value is not None or write.per_rated or write.type in ("bit", "f32", "string"):
                continue
            start = command.least if case is command.cases[0] else case.least
            bits = 16 * size_of(write.type)
            low, high = (
                (-(1 << bits - 1), (1 << bits - 1) - 1) if write.type[0] == "i" else (0, (1 << bits) - 1)
            )
            for value in (start, end):
                if not low <= Fraction(value) / compact.factor(command.name, write) <= high:
                    yield (
                        f"case from {case.least:g}, write {i}: {value:g} does not fit {write.type}; narrow least and "
                        "most, or check sign and scale"
                    )
    for case in command.cases:
        for i, write in enumerate(case.writes):
            size = 16 * max(size_of(write.type), 1)
            if write.value is not None and write.value >> size:
                yield f"case from {case.least:g}, write {i}: value {write.value} does not fit {write.type}"


def _write(profile: Profile, command: Command, write: Write) -> Iterator[str]:
    yield from _place(write, write.function == 5)
    if write.type in ("string", "f64"):
        yield f"{write.type} cannot be written; use another type"
    if write.function == 6 and size_of(write.type) != 1:
        yield "function 6 writes one register; use 16"
    if write.value is not None:
        if write.unit or write.scale != "1" or write.sign != 1 or write.per_rated:
            yield "a fixed value has no unit, scale, sign or per_rated; take them out"
        return
    if write.per_rated:
        if not command.name.endswith("_w"):
            yield "per_rated is for a command in watts"
        if write.unit not in SHARE:
            yield f"unit is {write.unit!r}; a share of rated_w has % or pu"
    elif units_of(command.name) and write.unit not in units_of(command.name):
        yield f"unit is {write.unit!r}; it must be one of {', '.join(units_of(command.name))}"
    elif not units_of(command.name) and (write.type != "bit" or write.unit):
        yield "the value of a switch goes into a bit; for a register use a case with a fixed `value`"
