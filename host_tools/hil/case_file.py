"""Case files: TOML, whose axes make several cases of one file; every error is told at once."""

import itertools
import json
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from host_tools.errors import InputError
from host_tools.hil import usual
from host_tools.hil.case import Case
from host_tools.hil.case_events import WORDS
from islet import config

CASES_MAX = 1000  # of one file
AXES, WHEN = "axes", "when"
Table = dict[str, Any]


@dataclass(frozen=True)
class Named:
    """A case and what it is called: file, and its choice on each axis."""

    name: str
    file: Path
    case: Case


def read(path: Path) -> list[Named]:
    """Return the cases of a file, one for each combination of its axes; InputError with all that is wrong."""
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}).") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not TOML ({error}); correct it there.") from error
    axes = raw.pop(AXES, {})
    wrong = list(_axes(axes)) or list(_conditions(raw, axes))
    if wrong:
        raise InputError("\n".join(f"{path}: {line}" for line in wrong))
    found: list[Named] = []
    told: dict[str, str] = {}
    for choice in itertools.product(*axes.values()):
        name = path.stem + "".join(f"-{word}" for word in choice)
        table = combine(raw, axes, dict(zip(axes, choice, strict=True)))
        try:
            found.append(Named(name, path, check(table)))
        except InputError as error:
            for line in str(error).splitlines():
                told.setdefault(line, name)  # the same in every combination: once is enough
    if told:
        raise InputError(
            "\n".join(f"{path}: {line}" + (f" (in {name})" if axes else "") for line, name in told.items())
        )
    return found


def check(table: Table) -> Case:
    """Return the case of a table; InputError with one line for each thing that is wrong."""
    try:
        case = Case.model_validate(table)
    except ValidationError as error:
        raise InputError("\n".join(_lines(error, table))) from error
    wrong = list(_settings(case))
    if wrong:
        raise InputError("\n".join(f"site.settings: {line}" for line in wrong))
    return case


def combine(raw: Table, axes: dict[str, dict[str, Table]], choice: dict[str, str]) -> Table:
    """Return the tables of a choice laid over those of the file: tables merge, lists add, values replace."""
    merged: Table = {}
    for part in [raw, *(axes[axis][word] for axis, word in choice.items())]:
        _lay(merged, part)
    for key in ("event", "limit"):
        rows = [row for row in merged.get(key, []) if _applies(row, choice)]
        merged[key] = [{k: v for k, v in row.items() if k != WHEN} for row in rows]
    words = ", ".join(choice.values())
    if words and isinstance(merged.get("case"), dict):
        merged["case"]["title"] = f"{merged['case'].get('title', '')} [{words}]"
    return merged


def settings(case: Case) -> Table:
    """Return the settings of the case's node, without its broker."""
    devices = case.devices
    of_case = {
        "mqtt_port": 1883,
        "battery_rated_w": sum(devices.battery_w),
        "battery_wh": devices.battery_wh,
        "pv_rated_w": devices.pv_w,
        "f0_hz": float(case.site.f0_hz),
        "v_nominal_v": case.site.v_nominal_v,
        "contactor_open_ms": devices.open_ms,
        "contactor_close_ms": devices.close_ms,
        "genset_w": devices.genset_w,
    }
    return usual.settings(**{**of_case, **case.site.settings})


def _lay(under: Table, over: Table) -> None:
    for key, value in over.items():
        there = under.get(key)
        if isinstance(value, dict) and isinstance(there, dict):
            _lay(there, value)
        elif isinstance(value, list) and isinstance(there, list) and key in ("event", "limit"):
            under[key] = there + value
        elif isinstance(value, dict):
            under[key] = {}
            _lay(under[key], value)
        else:
            under[key] = value


def _applies(row: Any, choice: dict[str, str]) -> bool:
    wanted = row.get(WHEN, {}) if isinstance(row, dict) else {}
    return all(
        choice[axis] in ([words] if isinstance(words, str) else words) for axis, words in wanted.items()
    )


def _axes(axes: Any) -> Iterator[str]:
    if not isinstance(axes, dict) or not all(isinstance(axis, dict) and axis for axis in axes.values()):
        yield "axes must be tables of tables: [axes.NAME.CHOICE]"
        return
    count = 1
    for axis, choices in axes.items():
        count *= len(choices)
        yield from (
            f"axes.{axis}.{word} must be a table" for word, part in choices.items() if type(part) is not dict
        )
    if count > CASES_MAX:
        yield f"axes make {count} cases; at most {CASES_MAX}"


def _conditions(raw: Table, axes: dict[str, dict[str, Table]]) -> Iterator[str]:
    """Yield what is wrong with the rows' `when`."""
    tables = [
        ("", raw),
        *((f"axes.{a}.{w}.", part) for a, words in axes.items() for w, part in words.items()),
    ]
    for where, part in tables:
        for key in ("event", "limit"):
            rows = part.get(key, [])
            for k, row in enumerate(rows if isinstance(rows, list) else []):
                yield from (f"{where}{key} {k}: {line}" for line in _condition(row, axes))


def _condition(row: Any, axes: dict[str, dict[str, Table]]) -> Iterator[str]:
    when = row.get(WHEN, {}) if isinstance(row, dict) else {}
    if not isinstance(when, dict):
        yield "when must be a table of axes"
        return
    for axis, words in when.items():
        known = axes.get(axis)
        if known is None:
            yield f"when: {axis!r} is no axis; axes are {', '.join(axes) or 'none'}"
            continue
        asked = [words] if isinstance(words, str) else words
        if not isinstance(asked, list) or not set(map(str, asked)) <= set(known):
            yield f"when.{axis} is {words!r}; it may be of {', '.join(known)}"


def _lines(error: ValidationError, table: Table) -> Iterator[str]:
    """Yield what pydantic found: key, what is wrong, what is allowed."""
    for one in error.errors(include_url=False):
        words = [str(step) for step in one["loc"] if not _is_tag(step, one["loc"], table)]
        place = ".".join(words)
        if words[:1] in (["event"], ["limit"]):
            place = place.replace(".", " ", 1)
        message = _message(one)
        if place:
            yield f"{place}: {message}"
        else:
            yield from message.split("; ")


def _message(one: Any) -> str:
    """Say an error in words that somebody who never saw pydantic understands."""
    kind, given = one["type"], one.get("input")
    if kind == "missing":
        return "is missing"
    if kind == "extra_forbidden":
        return "there is no such key"
    if kind.startswith("union_tag"):
        words = ", ".join(WORDS)
        said = "is missing" if "not_found" in kind else f"is {one['ctx']['tag']!r}"
        return f"do {said}; it may be {words}"
    shown = isinstance(given, int | float | str | bool) and kind != "value_error"
    return str(one["msg"]).removeprefix("Value error, ") + (f", not {given!r}" if shown else "")


def _is_tag(step: Any, place: tuple[Any, ...], table: Table) -> bool:
    """Return whether a step of a place is the word of `do` that pydantic adds."""
    return len(place) > 2 and place[0] == "event" and step is place[2] and _do(table, place[1]) == step


def _do(table: Table, k: Any) -> Any:
    try:
        return table["event"][k]["do"]
    except (KeyError, IndexError, TypeError):
        return None


def _settings(case: Case) -> Iterator[str]:
    try:
        config.load(json.dumps(settings(case)).encode())
    except ValueError as error:
        yield from str(error).removeprefix("settings: ").split("; ")
