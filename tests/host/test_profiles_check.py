"""The checker of the long form: each slip is told with file, row, what is wrong and what to do."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from host_tools.errors import InputError
from host_tools.profiles import check, compact
from islet.drivers import profile_table

Raw = dict[str, Any]
WRITE = {"function": 16, "address": 200, "type": "i32", "unit": "W", "sign": -1}
GOOD: Raw = {
    "name": "made",
    "maker": "Acme",
    "models": ["Box"],
    "role": "battery",
    "state": "from documents only",
    "line": "tcp",
    "unit": 1,
    "most": 60,
    "hole": 0,
    "documents": [{"key": "man", "kind": "document", "title": "Manual", "revision": "1", "where": "p. 3"}],
    "readings": [
        {
            "name": "w",
            "address": 10,
            "type": "i32",
            "order": "little",
            "unit": "kW",
            "sign": -1,
            "documents": ["man"],
        },
        {
            "name": "state",
            "address": 12,
            "type": "u16",
            "codes": [[1, "running"], [2, "fault"]],
            "documents": ["man"],
        },
    ],
    "commands": [
        {
            "name": "power_w",
            "least": -5000,
            "most": 5000,
            "safe": 0,
            "safe_because": "it stands still",
            "cases": [{"from": -5000, "writes": [WRITE]}],
            "documents": ["man"],
        }
    ],
}


def told(folder: Path, raw: object, name: str = "made.json") -> str:
    """Return what the checker says of a file; empty when it is good."""
    path = folder / name
    path.write_text(raw if isinstance(raw, str) else json.dumps(raw))
    try:
        check.read(path)
    except InputError as error:
        return str(error)
    return ""


def changed(path: tuple[str | int, ...], value: object) -> Raw:
    raw = copy.deepcopy(GOOD)
    place: Any = raw
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return raw


W, STATE, POWER = ("readings", 0), ("readings", 1), ("commands", 0)
FIRST = (*POWER, "cases", 0, "writes", 0)
SLIPS: list[tuple[tuple[str | int, ...], object, str, str]] = [
    (("colour",), "red", "colour", "Extra inputs"),
    (("role",), "boiler", "role", "battery"),
    (("state",), "seems right", "state", "match pattern"),
    (("state",), "checked against a real register image: ", "state", "match pattern"),
    (("unit",), 256, "unit", "255"),
    (("unit",), "1", "unit", "integer"),
    (("documents",), [], "documents", "at least 1"),
    (("documents", 0, "kind"), "hearsay", "documents 0 (man) kind", "repository"),
    ((*W, "address"), 65535, "readings 0 (w)", "beyond 65535"),
    ((*W, "function"), 5, "readings 0 (w) function", "1, 2, 3 or 4"),
    ((*W, "function"), 1, "readings 0 (w)", "type bit"),
    ((*W, "type"), "u8", "readings 0 (w) type", "'i16'"),
    ((*W, "type"), "i16", "readings 0 (w)", "order is for more than one register"),
    ((*W, "unit"), "kVA", "readings 0 (w)", "one of W, kW, MW"),
    ((*W, "unit"), "", "readings 0 (w)", "one of W, kW, MW"),
    ((*W, "scale"), "0", "readings 0 (w) scale", "above 0"),
    ((*W, "scale"), "ten", "readings 0 (w) scale", "as text"),
    ((*W, "scale"), "1e99999999999", "readings 0 (w) scale", "at most 12"),
    ((*W, "period_s"), 15, "readings 0 (w)", "at least every 5 s"),
    (("readings",), [GOOD["readings"][0]] * 2, "readings", "w at 10 is there twice"),
    ((*STATE, "codes"), [[70_000, "off"]], "readings 1 (state)", "0 to 65535"),
    ((*POWER, "most"), float("inf"), "commands 0 (power_w) most", "finite number"),
    ((*POWER, "most"), float("nan"), "commands 0 (power_w) most", "finite number"),
    ((*W, "scale"), 0.1, "readings 0 (w) scale", "string"),
    ((*W, "sign"), 0, "readings 0 (w) sign", "1 or -1"),
    ((*W, "missing"), [1 << 32], "readings 0 (w)", "does not fit i32"),
    ((*W, "documents"), ["other"], "documents", "not listed"),
    ((*W, "documents"), [], "readings 0 (w) documents", "at least 1"),
    ((*W, "name"), "watts", "readings 0 (watts)", "it has w, var"),
    ((*W, "size"), 2, "readings 0 (w)", "string"),
    ((*W, "tens"), 9, "readings 0 (w)", "after the address"),
    ((*STATE, "codes"), [[1, "asleep"]], "readings 1 (state)", "use off, starting"),
    ((*STATE, "codes"), [[1, "off"], [1, "fault"]], "readings 1 (state)", "there twice"),
    ((*STATE, "codes"), [["a", "off"]], "readings 1 (state)", "not what a u16 holds"),
    ((*STATE, "codes"), None, "readings 1 (state)", "needs `codes`"),
    ((*STATE, "unit"), "W", "readings 1 (state)", "no unit"),
    ((*STATE, "mask"), 65536, "readings 1 (state) mask", "65535"),
    ((*POWER, "name"), "limit_w", "commands 0 (limit_w)", "it has power_w"),
    ((*POWER, "safe"), 6000, "commands 0 (power_w)", "within least and most"),
    ((*POWER, "safe_because"), "", "commands 0 (power_w) safe_because", "at least 1"),
    ((*POWER, "most"), 1e12, "commands 0 (power_w)", "does not fit i32"),
    ((*POWER, "cases"), [{"from": 0, "writes": [WRITE]}] * 2, "commands 0 (power_w)", "rising order"),
    ((*FIRST, "function"), 6, "commands 0 (power_w)", "use 16"),
    ((*FIRST, "type"), "u32", "commands 0 (power_w)", "check sign and scale"),
    ((*FIRST, "type"), "f64", "commands 0 (power_w)", "cannot be written"),
    ((*FIRST, "value"), 1, "commands 0 (power_w)", "fixed value has no unit"),
    ((*FIRST, "per_rated"), True, "commands 0 (power_w)", "% or pu"),
    ((*FIRST, "back"), {"function": 2, "address": 1}, "commands 0 (power_w)", "1, 3 or 4"),
]


def test_a_good_one_is_good(tmp_path: Path) -> None:
    assert told(tmp_path, GOOD) == ""


@pytest.mark.parametrize("slip", SLIPS, ids=lambda slip: f"{'.'.join(map(str, slip[0]))}={slip[1]!r:.20}")
def test_every_slip_is_told(slip: tuple[tuple[str | int, ...], object, str, str], tmp_path: Path) -> None:
    path, value, where, what = slip
    lines = told(tmp_path, changed(path, value)).splitlines()
    assert any(line.startswith(f"made.json: {where}") and what in line for line in lines), lines


def test_a_document_that_no_row_cites(tmp_path: Path) -> None:
    raw = changed(("documents",), [*GOOD["documents"], {**GOOD["documents"][0], "key": "spare"}])
    assert "'spare'" in told(tmp_path, raw)
    twice = changed(("documents",), GOOD["documents"] * 2)
    assert "'man' is there twice" in told(tmp_path, twice)


def test_the_name_is_that_of_the_file(tmp_path: Path) -> None:
    assert "make it 'other'" in told(tmp_path, GOOD, "other.json")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", "[" * 100_000, '{"name": "\udcff"}'.replace("\udcff", "x")]
)
def test_what_is_no_profile(text: str, tmp_path: Path) -> None:
    assert told(tmp_path, text).startswith(("made.json", str(tmp_path)))


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        check.read(tmp_path / "none.json")


@pytest.mark.parametrize("name", check.names())
def test_all_that_come_with_it_are_good_and_fit_the_board(name: str) -> None:
    profile = check.load(name)
    text = compact.text(profile)
    assert len(text) <= profile_table.SIZE_MAX
    assert profile_table.load(text) == compact.table(profile)
