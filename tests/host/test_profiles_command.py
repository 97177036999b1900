"""`islet profiles` as a person runs it: what it prints, what it writes, and a sentence where it cannot."""

import asyncio
import json
import re
from pathlib import Path

import command_line as command
import pytest
from profile_server import ProfileServer
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer

from host_tools.hil.paced_line import PacedLine
from host_tools.profiles import check, docs
from islet.drivers import profile_table, roles

ROOT = Path(__file__).resolve().parents[2]


async def _run(server: ProfileServer, *arguments: object) -> command.Ended:
    port = await server.start()
    try:
        words = [str(word).replace("PORT", str(port)) for word in arguments]
        return await asyncio.to_thread(command.run, "profiles", *words)
    finally:
        await server.stop()


def _meter() -> ProfileServer:
    """Return an SDM630 with 230.5 V, 1500 W, 49.98 Hz and 1234.5 kWh imported."""
    profile = check.load("eastron_sdm630")
    server = ProfileServer(profile)
    for row in profile.readings:
        server.put(row, {"v": 230.5, "w": 1500.0, "hz": 49.98, "import_wh": 1234.5}.get(row.name, 0.0))
    return server


async def test_read_as_text() -> None:
    ended = await _run(_meter(), "read", "eastron_sdm630", "tcp://127.0.0.1:PORT")
    assert (ended.code, ended.err) == (0, "")
    rows = [line.split() for line in ended.out.splitlines()]
    assert ["v", "230.5", "V", "ok"] in rows
    assert ["w", "1500", "W", "ok"] in rows
    assert ["import_wh", "1234500", "Wh", "ok"] in rows


async def test_read_as_json() -> None:
    server = _meter()
    server.refused = {(4, 70), (4, 71)}  # no frequency
    ended = await _run(server, "read", "eastron_sdm630", "tcp://127.0.0.1:PORT", "--json")
    found = json.loads(ended.out)
    assert (found["profile"], found["role"], found["unit"]) == ("eastron_sdm630", "meter", 1)
    assert found["readings"]["w"] == {"value": 1500.0, "unit": "W", "quality": "ok"}
    assert found["readings"]["hz"] == {"value": None, "unit": "Hz", "quality": "not_implemented"}
    assert server.written == []


async def test_read_writes_nothing_and_tells_states_in_words() -> None:
    profile = check.load("solaredge_battery")
    server = ProfileServer(profile)
    server.put_raw(next(row for row in profile.readings if row.name == "state"), 5)
    ended = await _run(server, "read", "solaredge_battery", "tcp://127.0.0.1:PORT")
    assert ["state", "fault", "ok"] in [line.split() for line in ended.out.splitlines()]
    assert server.written == []


async def test_another_unit_does_not_answer() -> None:
    ended = await _run(
        _meter(), "read", "eastron_sdm630", "tcp://127.0.0.1:PORT", "--unit", 9, "--timeout", 0.2
    )
    assert (ended.code, ended.out) == (2, "")
    assert re.fullmatch(
        r"error: unit 9 at 127\.0\.0\.1:\d+: .*; check address, unit and the profile\.\n", ended.err
    )


async def test_another_device_is_told() -> None:
    server = _meter()
    server.refused = {(4, at) for at in range(400)}
    ended = await _run(server, "read", "eastron_sdm630", "tcp://127.0.0.1:PORT")
    assert (ended.code, ended.out) == (2, "")
    assert "has none of the registers of eastron_sdm630; is it this device?" in ended.err


async def test_the_unit_of_the_url_is_asked() -> None:
    ended = await _run(_meter(), "read", "eastron_sdm630", "tcp://127.0.0.1:PORT?units=9", "--timeout", 0.2)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: unit 9 at ")


async def test_read_over_a_serial_line() -> None:
    """A pty at the pace of 9600 baud, as the meter has it."""
    meter = _meter()
    with PacedLine(9600) as wire:
        server = ModbusSerialServer(meter.device(), framer=FramerType.RTU, port=wire.server, baudrate=9600)
        await server.serve_forever(background=True)
        url = f"rtu://{wire.client}?baud=9600&parity=N"
        ended = await asyncio.to_thread(command.run, "profiles", "read", "eastron_sdm630", url)
        await server.shutdown()
    assert (ended.code, ended.err) == (0, "")
    assert ["w", "1500", "W", "ok"] in [line.split() for line in ended.out.splitlines()]


def test_list_has_them_all() -> None:
    ended = command.run("profiles", "list")
    assert ended.code == 0
    assert [line.split()[0] for line in ended.out.splitlines()[1:]] == check.names()


@pytest.mark.parametrize("name", ["solaredge_battery", "eastron_sdm630"])
def test_show_says_all(name: str) -> None:
    ended, profile = command.run("profiles", "show", name), check.load(name)
    for words in (profile.maker, profile.state, *profile.notes, *(one.title for one in profile.documents)):
        assert words in ended.out
    for row in profile.readings:
        assert re.search(rf"{row.name} +(holding|input) {row.address} ", ended.out)
    for told in profile.commands:
        assert all(f" at {write.address}:" in ended.out for case in told.cases for write in case.writes)


def test_compact_is_what_the_board_takes(tmp_path: Path) -> None:
    out = tmp_path / "profile_goodwe_battery"
    ended = command.run("profiles", "compact", "goodwe_battery", "--out", out)
    assert f"{len(out.read_bytes())} bytes" in ended.out
    assert profile_table.load(out.read_text())["name"] == "goodwe_battery"
    assert command.run("profiles", "compact", "goodwe_battery").out == out.read_text() + "\n"


def test_check_of_a_file(tmp_path: Path) -> None:
    text = (check.DATA / "fronius_site.json").read_text()
    good, bad = tmp_path / "fronius_site.json", tmp_path / "other.json"
    good.write_text(text)
    bad.write_text(text.replace('"unit": "W"', '"unit": "VA"'))
    assert command.run("profiles", "check", good).out.startswith("fronius_site.json: good, ")
    ended = command.run("profiles", "check", good, bad)
    assert ended.code == 2
    assert ended.out.startswith("fronius_site.json: good")
    assert "error: other.json: readings 0 (w): unit is 'VA'; it must be one of W, kW, MW" in ended.err
    assert command.run("profiles", "show", good).out.startswith("fronius_site: Fronius")


BAD = [
    (("show", "nobody_xy"), "no profile 'nobody_xy'"),
    (("compact", "fronius_site", "--out", "/no/such/folder/x"), "No such file"),
    (("check", "/no/such/file.json"), "cannot be read"),
    (("read", "fronius_site", "http://127.0.0.1"), "not an address"),
    (("read", "fronius_site", "tcp://127.0.0.1:1"), "closed"),
    (("read", "fronius_site", "tcp://a..b"), "no host name"),
    (("read", "fronius_site", "tcp://127.0.0.1?units=1-3"), "names 3 units"),
    (("read", "fronius_site", "rtu:///dev/null"), "not a serial port"),
    (("docs", "README.md"), "has no lines"),
    (("docs", "/no/such/file.md"), "No such file"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD, ids=lambda one: str(one)[:30])
def test_bad_input_is_a_sentence(arguments: tuple[str, ...], words: str) -> None:
    ended = command.run("profiles", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("error: ")
    assert words in ended.err
    assert len(ended.err.splitlines()) == 1


def test_the_tables_of_the_document_are_up_to_date() -> None:
    text = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    assert docs.replaced(text) == text, "run: python -m host_tools.profiles docs docs/devices.md"


def test_the_roles_of_the_document_are_those_of_the_firmware() -> None:
    text = (ROOT / "docs" / "devices.md").read_text(encoding="utf-8")
    for role in roles.names():
        row = re.search(rf"^\| {role} \| (.*) \| ?(.*) ?\|$", text, re.MULTILINE)
        assert row
        assert tuple(re.findall(r"`(\w+)`", row[1])) == roles.readings(role)
        assert tuple(re.findall(r"`(\w+)`", row[2])) == roles.commands(role)
