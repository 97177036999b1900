"""A recording's header: `# key: value` lines in, a Header out."""

import math
import re
from datetime import UTC, datetime
from typing import Any, NoReturn

from host_tools.errors import InputError
from host_tools.replay.header import (
    ADCS,
    BITS,
    KINDS,
    MARK,
    SAMPLINGS,
    SET_COLUMN,
    SYSTEMS,
    VERSION,
    Column,
    Header,
)
from islet.measure.linearise import check_widths

NAME = re.compile(r"[A-Za-z]\w{0,15}\Z", re.ASCII)
REQUIRED = ("set_hz", "bits", "system", "f0_hz", "v_nominal_v", "sampling")
OPTIONAL = ("adc", "start", "note", "channel")
PHASES = ("1", "2", "3", "12", "23", "31")
SCALES = ("volts_per_code", "amps_per_code")  # of a voltage, of a current
RATINGS = ("rated_v", "rated_a")
RANGES = {  # of numbers, by key: lowest, highest
    "set_hz": (1000.0, 16_000.0),
    "f0_hz": (45.0, 65.0),
    "v_nominal_v": (10.0, 1000.0),
    "volts_per_code": (1e-9, 1e6),
    "amps_per_code": (1e-9, 1e6),
    "rated_v": (1.0, 1e6),
    "rated_a": (1e-3, 1e6),
    "noise_codes": (0.0, 1000.0),
    "gain": (-2.0, 2.0),
    "lead_deg": (-11.0, 11.0),
    "offset_w": (-1000.0, 1000.0),
}


class HeaderReader:
    """Takes the lines of a header one by one and makes a Header; every error names file and line."""

    def __init__(self, path: object) -> None:
        """The path is only for messages."""
        self.path = path
        self.line = 0
        self.values: dict[str, Any] = {}
        self.notes: list[str] = []
        self.columns: list[Column] = []
        self.has_sets = False

    def fail(self, what: str) -> NoReturn:
        """Raise InputError that names file and line."""
        raise InputError(f"{self.path}, line {self.line}: {what}.")

    def take(self, line: str) -> None:
        """Read one line that begins with `#`."""
        self.line += 1
        key, colon, value = (part.strip() for part in line[1:].partition(":"))
        if self.line == 1:
            self._first(key, value)
        elif not colon:
            self.fail(f"{_shown(line)} is no header line; write '# key: value', a remark as '# note: ...'")
        elif key == "note":
            self.notes.append(value)
        elif key == "channel":
            self.columns.append(self._channel(value))
        elif key not in REQUIRED + OPTIONAL:
            self.fail(
                f"{_shown(key)} is not a key of the header; the keys are {_listed(REQUIRED + OPTIONAL)}"
            )
        elif key in self.values:
            self.fail(f"'{key}' is there a second time; keep one of the two")
        else:
            self.values[key] = self._value(key, value)

    def finish(self, line: str) -> Header:
        """Read the line with the columns' names, which ends the header; return it, checked against the meter."""
        self.line += 1
        if self.line == 1:
            self._first("", "")
        missing = [key for key in REQUIRED if key not in self.values]
        if missing:
            self.fail(
                f"the header ends without '{missing[0]}'; add a line '# {missing[0]}: ...' above this one"
            )
        if not self.columns:
            self.fail(
                "the header ends without a channel; add a line '# channel: NAME kind=...' for each column"
            )
        self._names([cell.strip() for cell in line.split(",")])
        adc, widths = self.values.pop("adc", ("plain", ()))
        if adc == "rp2040" and self.values["bits"] != 12:
            self.fail("'adc' is rp2040, which has 12 bits, but 'bits' is 16; correct one of the two")
        header = Header(
            **self.values, columns=tuple(self.columns), adc=adc, adc_widths=widths, notes=tuple(self.notes)
        )
        return self._fitting(header)

    def _fitting(self, header: Header) -> Header:
        try:
            header.wiring()
        except ValueError as error:
            raise InputError(
                f"{self.path}: its channels do not fit the meter ({error}); correct its '# channel' lines."
            ) from error
        return header

    def _first(self, key: str, value: str) -> None:
        if key != MARK:
            self.fail(f"this is not a recording of samples; its first line must be '# {MARK}: {VERSION}'")
        if value != str(VERSION):
            self.fail(f"version {_shown(value)} of the format is not known; this program reads {VERSION}")

    def _names(self, cells: list[str]) -> None:
        self.has_sets = cells[0] == SET_COLUMN
        names = [column.name for column in self.columns]
        found = cells[self.has_sets :]
        if found != names:
            self.fail(
                f"the columns are named {_shown(','.join(found))}, the header's channels {','.join(names)}; "
                "give both the same names in the order of sampling"
            )

    def _value(self, key: str, value: str) -> object:
        if key == "bits":
            return int(self._choice(key, value, tuple(map(str, BITS))))
        if key == "system":
            return self._choice(key, value, SYSTEMS)
        if key == "sampling":
            return self._choice(key, value, SAMPLINGS)
        if key == "adc":
            return self._adc(value)
        return self._time(value) if key == "start" else self._number(key, value)

    def _choice(self, key: str, value: str, known: tuple[str, ...]) -> str:
        if value not in known:
            self.fail(f"'{key}' is {_shown(value)}; it must be {_listed(known, 'or')}")
        return value

    def _number(self, key: str, value: str) -> float:
        low, high = RANGES[key]
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not low <= number <= high:
            self.fail(f"'{key}' is {_shown(value)}; it must be a number from {low:g} to {high:g}")
        return number

    def _adc(self, value: str) -> tuple[str, tuple[float, ...]]:
        name, *words = value.split() or [""]
        self._choice("adc", name, ADCS)
        if not words:
            return name, ()
        if name == "plain":
            self.fail("'adc' is plain, which has no widths; write 'plain' alone, or 'rp2040' before them")
        try:
            widths = tuple(map(float, words))
            check_widths(widths)
        except ValueError as error:
            self.fail(
                f"'adc' is {_shown(value)} ({error}); write rp2040 alone, or the widths of its wide codes"
            )
        return name, widths

    def _time(self, value: str) -> datetime:
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"'start' is {_shown(value)}; write a time like 2026-03-01T12:00:00Z")
        return (time.replace(tzinfo=UTC) if time.tzinfo is None else time).astimezone(UTC)

    def _channel(self, value: str) -> Column:
        name, *words = value.split() or [""]
        if not NAME.match(name) or name == SET_COLUMN:
            self.fail(
                f"{_shown(name)} is no name of a channel; take up to 16 letters, digits and '_', not 'set'"
            )
        if name in [column.name for column in self.columns]:
            self.fail(f"channel '{name}' is there a second time; give each column a name of its own")
        pairs = dict(self._pair(name, word) for word in words)
        if len(pairs) < len(words):
            self.fail(f"channel '{name}' gives a value twice; keep one of the two")
        kind = self._choice(f"{name} kind", pairs.pop("kind", ""), KINDS)
        phase = self._choice(f"{name} phase", pairs.pop("phase", "1"), PHASES)
        return self._column(name, kind, int(phase), pairs)

    def _pair(self, name: str, word: str) -> tuple[str, str]:
        key, equals, value = word.partition("=")
        if not equals:
            self.fail(f"channel '{name}' has {_shown(word)}; write key=value, for example phase=1")
        return key, value

    def _column(self, name: str, kind: str, phase: int, pairs: dict[str, str]) -> Column:
        current = not kind.endswith("_v")
        scale, rated = SCALES[current], RATINGS[current]
        known = (
            scale,
            rated,
            "noise_codes",
            "gain",
            "lead_deg",
            *(["offset_w", "two_way"] if current else []),
        )
        for key in pairs:
            if key not in known:
                self.fail(f"channel '{name}' has no '{key}'; a {kind} has kind, phase, {_listed(known)}")
        if scale not in pairs:
            self.fail(f"channel '{name}' has no '{scale}'; add what one code is worth, as {scale}=0.05")
        two_way = pairs.pop("two_way", "")
        numbers = {key: self._number(key, value) for key, value in pairs.items()}
        per_code = numbers.pop(scale)
        limits: dict[str, Any] = {"rated": numbers.pop(rated, None), **numbers}
        if two_way:
            limits["two_way"] = self._choice(f"{name} two_way", two_way, ("no", "yes")) == "yes"
        return Column(name, kind, per_code, phase, **limits)


def _shown(text: str, room: int = 40) -> str:
    return repr(text if len(text) <= room else text[: room - 3] + "...")


def _listed(words: tuple[str, ...], last: str = "and") -> str:
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else words[0]
