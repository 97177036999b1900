"""`islet devices`: a file of devices checked as the node does, shown, and written with its profiles."""

import json
from pathlib import Path
from typing import Any

import command_line as command
import pytest

from islet import devices
from islet.drivers import profile_table

LINES = [
    {"name": "lan", "kind": "tcp", "host": "10.0.0.2"},
    {"name": "wire", "kind": "rtu", "device": "/dev/ttyUSB0"},
]
ROOF = {"name": "roof", "line": "lan", "unit": 1, "role": "inverter", "driver": "sunspec"}
BOX = {"name": "box", "line": "lan", "unit": 2, "role": "charger", "driver": "alfen_eve", "control": True}
OVEN = {"name": "oven", "line": "wire", "unit": 3, "role": "meter", "driver": "eastron_sdm630"}


def run(folder: Path, rows: list[dict[str, Any]], *arguments: object) -> command.Ended:
    """Run the command on a file of these devices."""
    file = folder / "in.json"
    file.write_text(json.dumps({"lines": LINES, "devices": rows}))
    return command.run("devices", file, *arguments)


def test_a_good_file_is_shown_and_delivered(tmp_path: Path) -> None:
    ended = run(tmp_path, [ROOF, BOX, OVEN], "--out", tmp_path / "store")
    assert (ended.code, ended.err) == (0, "")
    shown = [line.split() for line in ended.out.splitlines()]
    assert shown[0] == ["roof", "inverter", "10.0.0.2:502", "unit", "1", "sunspec", "may", "be", "told"]
    assert shown[1][-3:] == ["may", "be", "told"]
    assert shown[2] == ["oven", "meter", "/dev/ttyUSB0", "unit", "3", "eastron_sdm630", "only", "read"]
    store = tmp_path / "store"
    assert sorted(path.name for path in store.iterdir()) == [
        "devices.json",
        "profile_alfen_eve",
        "profile_eastron_sdm630",
    ]
    assert len(devices.load((store / "devices.json").read_bytes()).devices) == 3
    assert profile_table.load((store / "profile_alfen_eve").read_text())["role"] == "charger"


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (
            {**OVEN, "driver": "eastron"},
            "device oven: there is no profile eastron; see `islet profiles list`",
        ),
        ({**OVEN, "driver": "alfen_eve"}, "device oven: alfen_eve is for the role charger, not meter"),
        ({**BOX, "driver": "sunspec"}, "device box: SunSpec has no models of a charger"),
        ({**OVEN, "unit": 0}, "device oven: unit is 0, must be 1 to 247 on a serial line"),
        ({**ROOF, "name": "again"}, "device again: the same device is there twice"),
    ],
)
def test_what_is_wrong_is_a_sentence(tmp_path: Path, row: dict[str, Any], words: str) -> None:
    ended = run(tmp_path, [ROOF, row])
    assert (ended.code, ended.out) == (2, "")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"lines": 1}', "\x00" * 9000])
def test_what_is_no_file_of_devices(tmp_path: Path, text: str) -> None:
    (tmp_path / "in.json").write_text(text)
    ended = command.run("devices", tmp_path / "in.json")
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1
    assert command.run("devices", tmp_path / "none.json").code == 2


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file")
    ended = run(tmp_path, [ROOF], "--out", tmp_path / "store")
    assert ended.code == 2
    assert "is a file" in ended.err
