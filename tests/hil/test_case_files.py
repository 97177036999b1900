"""What a person may write wrong in a case file, and what the rig then says: file, key, what is wrong, what may be."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from host_tools.__main__ import main
from host_tools.errors import InputError
from host_tools.hil.case import Limit
from host_tools.hil.case_file import combine, read
from host_tools.hil.case_result import check

GOOD = """
[case]
title = "t"
source = "s"
duration_s = 3
[[limit]]
name = "openings"
op = "equal"
value = 0
source = "s"
"""


def told(folder: Path, text: str) -> list[str]:
    """Return the lines that a file's errors make, without the file's name, which each has."""
    path = folder / "mine.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert all(line.startswith(str(path)) for line in lines)
    return [line.removeprefix(f"{path}").removeprefix(": ").strip() for line in lines]


def test_the_good_one_is_good(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(GOOD)
    [one] = read(tmp_path / "mine.toml")
    assert (one.name, one.case.devices.battery_w, one.case.start.soc_pu) == ("mine", [5000.0], 0.5)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("[site]\nphases = 2", "site.phases: Input should be 1 or 3, not 2"),
        ("[site]\ncolour = 1", "site.colour: there is no such key"),
        ("[devices]\npv_w = 'much'", "devices.pv_w: Input should be a valid number, not 'much'"),
        ("[devices]\npv_w = '4000'", "devices.pv_w: Input should be a valid number, not '4000'"),
        ("[devices]\nbattery_w = []", "devices.battery_w: List should have at least 1 item"),
        ("[start]\nsoc_pu = 1.5", "start.soc_pu: Input should be less than or equal to 1, not 1.5"),
        ("[start]\nsoc_pu = nan", "start.soc_pu: Input should be a finite number, not nan"),
        ("[start]\nload_share = [0.5, 0.6]", "start.load_share must be 1 shares that add up to 1"),
        ("[start]\npv_w = 5000", "start.pv_w is 5000, more than devices.pv_w (4000)"),
        ("[site.settings]\nrid_s = 2", "site.settings: rid_s is not a setting"),
        ("[site.settings]\nride_s = -1", "site.settings: ride_s is -1, must be"),
        ("[[event]]\nat_s = 1\ndo = 'sagg'", "event 0: do is 'sagg'; it may be grid_lost, grid_back, sag"),
        ("[[event]]\nat_s = 1", "event 0: do is missing; it may be grid_lost"),
        ("[[event]]\ndo = 'grid_lost'", "event 0: give at_s, or in_state, or both"),
        ("[[event]]\nat_s = 1\nafter_s = 1\ndo = 'grid_lost'", "event 0: after_s counts from in_state"),
        ("[[event]]\nat_s = 9\ndo = 'grid_lost'", "event 0: at_s is 9, after the end of the case (3 s)"),
        ("[[event]]\nat_s = 1\ndo = 'sag'\npu = 0.5", "event 0.ms: is missing"),
        ("[[event]]\nat_s = 1\ndo = 'load_step'\nw = 1\nphase = 2", "event 0: phase 2 is not one of 1"),
        (
            "[[event]]\nat_s = 1\ndo = 'harmonics'\npu = { x = 0.1 }",
            "event 0: x is no order; orders are 2 to 25",
        ),
        (
            "[[event]]\nin_state = 'HOME'\ndo = 'grid_lost'",
            "event 0.in_state: Input should be 'GRID', 'OPENING'",
        ),
        (
            "[[event]]\nat_s = 1\ndo = 'grid_lost'\nwhen = { way = 'a' }",
            "event 0: when: 'way' is no axis; axes are none",
        ),
        ("[[event]]\nat_s = 1\ndo = 'ev'\nw = 1", "event 0: ev needs devices.ev_w above 0"),
        (2 * "[[event]]\nat_s = 1\ndo = 'motor_start'\nw = 1\n", "event 0: motor_start may be there once"),
        ("[axes]\nway = 1", "axes must be tables of tables: [axes.NAME.CHOICE]"),
    ],
)
def test_one_error(tmp_path: Path, more: str, words: str) -> None:
    [line] = told(tmp_path, GOOD + more)
    assert words in line


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (
            'name = "openings"',
            'name = "opening"',
            "limit 0: name 'opening' is no figure; figures are detect_ms",
        ),
        (
            'op = "equal"',
            'op = "over"',
            "limit 0.op: Input should be 'max', 'min', 'equal' or 'contains', not 'over'",
        ),
        ("value = 0", "value = 0\nunit = 'ms'", "limit 0: unit of openings is 'ms'; it is measured in ''"),
        (
            "value = 0",
            "value = 'none'",
            "limit 0: openings is a number: op max, min or equal, and a number as value",
        ),
        (
            'name = "openings"',
            'name = "states"',
            "limit 0: states is a list of states, and so must its value be",
        ),
        (
            "duration_s = 3",
            "duration_s = 0",
            "case.duration_s: Input should be greater than or equal to 1, not 0",
        ),
        ('title = "t"', "", "case.title: is missing"),
        ("[[limit]]", "[[limits]]", "limit: List should have at least 1 item"),
    ],
)
def test_one_error_in_what_was_good(tmp_path: Path, old: str, new: str, words: str) -> None:
    lines = told(tmp_path, GOOD.replace(old, new))
    assert any(words in line for line in lines), lines


def test_all_errors_at_once_and_once_for_all_combinations(tmp_path: Path) -> None:
    bad = GOOD.replace("duration_s = 3", "duration_s = 'long'") + (
        "[start]\nsoc_pu = 2\n[axes.a.x]\n[axes.a.y]\n[axes.b.x]\n[axes.b.y]\ncase.seed = -1\n"
    )
    lines = told(tmp_path, bad)
    assert [line.split(":")[0] for line in lines] == ["case.duration_s", "start.soc_pu", "case.seed"]
    assert lines[0].endswith("(in mine-x-x)")
    assert lines[2].endswith("(in mine-x-y)")


@pytest.mark.parametrize("data", [b"[case\n", b"\xff\xfe", b"a = 1\na = 2\n"])
def test_what_is_not_toml(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "mine.toml").write_bytes(data)
    with pytest.raises(InputError, match=r"mine\.toml is not TOML"):
        read(tmp_path / "mine.toml")


def test_axes_merge_tables_add_events_and_pick_rows() -> None:
    raw = {
        "case": {"title": "t"},
        "event": [{"do": "x"}],
        "limit": [{"name": "n", "when": {"a": ["p", "q"]}}],
    }
    axes = {"a": {"p": {"start": {"soc_pu": 1.0}, "event": [{"do": "y"}]}, "r": {"case": {"title": "u"}}}}
    assert combine(raw, axes, {"a": "p"}) == {
        "case": {"title": "t [p]"},
        "start": {"soc_pu": 1.0},
        "event": [{"do": "x"}, {"do": "y"}],
        "limit": [{"name": "n"}],
    }
    assert combine(raw, axes, {"a": "r"})["limit"] == []
    assert combine(raw, axes, {"a": "r"})["case"] == {"title": "u [r]"}
    assert raw["case"] == {"title": "t"}  # the file's own tables stay


@pytest.mark.parametrize(
    ("op", "value", "measured", "good"),
    [
        ("max", 20, 20.0, True),
        ("max", 20, 20.1, False),
        ("min", 20, 19.9, False),
        ("equal", 20, 20.0, True),
        ("equal", 20, 20.5, False),
        ("max", 20, None, False),  # what did not happen is not within a limit
    ],
)
def test_a_number_against_its_limit(op: str, value: float, measured: float | None, good: bool) -> None:
    limit = Limit(name="detect_ms", op=op, value=float(value), unit="ms", source="s")  # type: ignore[arg-type]
    assert check(limit, {"detect_ms": measured}).passed is good


def test_states_are_held_whole_or_in_their_order() -> None:
    way = ["GRID", "OPENING", "ISLAND", "GRID"]

    def passes(op: str, *states: str) -> bool:
        limit = Limit(name="states", op=op, value=list(states), source="s")  # type: ignore[arg-type]
        return check(limit, {"states": way}).passed

    assert passes("contains", "GRID", "ISLAND", "GRID")
    assert not passes("contains", "ISLAND", "OPENING")
    assert not passes("contains", "GRID", "GRID", "GRID")
    assert passes("equal", *way)
    assert not passes("equal", "GRID", "GRID")


def test_the_command_prints_json_and_a_page_and_fails_with_its_case(tmp_path: Path) -> None:
    """A quiet house for three seconds; then the same with a limit that cannot be kept."""
    path = tmp_path / "quiet.toml"
    path.write_text(GOOD)
    done = CliRunner().invoke(main, ["hil", "run", str(path), "--json", "--plot", str(tmp_path / "out")])
    told = json.loads(done.output)
    assert (done.exit_code, told["cases"], told["passed"]) == (0, 1, 1)
    assert told["results"][0]["measured"]["states"] == ["GRID"]
    assert "frequency of the bus" in (tmp_path / "out" / "quiet.html").read_text()
    path.write_text(GOOD.replace("value = 0", "value = 1"))
    done = CliRunner().invoke(main, ["hil", "run", str(path)])
    assert done.exit_code == 1
    assert "FAILED" in done.output
    assert "openings" in done.output


def test_the_command_says_what_is_wrong_with_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD.replace("value = 0", "value = 'x'"))
    for words, code in ((["a.toml", "b.toml"], 2), (["a.toml"], 2)):
        done = CliRunner().invoke(main, ["hil", "run", *(str(tmp_path / word) for word in words)])
        assert done.exit_code == code
        assert "a.toml: limit 0" in done.output
    assert (
        "b.toml cannot be read" in CliRunner().invoke(main, ["hil", "run", str(tmp_path / "b.toml")]).output
    )
    (tmp_path / "a.toml").write_text(GOOD)
    done = CliRunner().invoke(main, ["hil", "run", str(tmp_path / "a.toml"), "--only", "zz"])
    assert done.exit_code == 2
    assert "no case is called 'zz'" in done.output
