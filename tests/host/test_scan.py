"""`islet scan` as a person runs it, against pymodbus servers; values against pysunspec2's own scan."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import command_line as command
import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusSerialServer
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP
from sunspec_server import MapServer, pv_unit, registers_of

from host_tools.hil.paced_line import PacedLine
from host_tools.sunspec.maps import images
from islet.names import QUALITY_NAMES

ROOT = Path(__file__).resolve().parents[2]
PV = registers_of(pv_unit())


async def scan(units: Mapping[int, Mapping[int, int]], *arguments: object, **options: Any) -> command.Ended:
    """Run the command against a server of these units, which must never see a write."""
    async with MapServer(units, **options) as (server, port):
        ended = await asyncio.to_thread(command.run, "scan", f"tcp://127.0.0.1:{port}", *arguments)
        assert server.writes == []
        assert server.requests or ended.code
    return ended


def walked(group: Any, prefix: str = "") -> dict[str, Any]:
    """Return pysunspec2's values by the names of our points: instances of groups are counted from 1."""
    values = {prefix + name: point for name, point in group.points.items()}
    for name, inner in group.groups.items():
        many = isinstance(inner, list)
        for n, one in enumerate(inner if many else [inner]):
            values |= walked(one, f"{prefix}{name}[{n + 1}]." if many else f"{prefix}{name}.")
    return values


def by_pysunspec2(port: int) -> dict[str, dict[str, Any]]:
    """Return {model: {point: value}} as pysunspec2 scans it, None for what has no value."""
    device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=port, timeout=5)
    device.scan()
    device.close()
    models = [(str(key), model[0]) for key, model in device.models.items() if isinstance(key, int)]
    return {
        key: {name: point.cvalue for name, point in walked(model).items()}
        for key, model in models
        if model.model_def
    }


@pytest.mark.parametrize("name", ["ours", *images()])
async def test_json_equals_the_scan_of_pysunspec2(name: str) -> None:
    """Models, points and values; a hole in an image ends pysunspec2's scan, so holes are filled with zeros."""
    registers = dict({"ours": PV, **images()}[name])
    registers = {at: registers.get(at, 0) for at in range(min(registers), max(registers) + 1)}
    async with MapServer({1: registers}) as (server, port):
        theirs = await asyncio.to_thread(by_pysunspec2, port)
        ended = await asyncio.to_thread(command.run, "scan", f"tcp://127.0.0.1:{port}", "--unit", 1, "--json")
        assert server.writes == []
    assert ended.code == 0, ended.err
    ours = json.loads(ended.out)["unit 1"]
    assert len(theirs) >= 4
    compared = 0
    for model, points in theirs.items():
        assert list(ours[model]) == sorted(ours[model], key=list(points).index)
        for point, value in points.items():
            found = ours[model][point]
            if value in (None, "") or point.endswith("Pad"):
                assert found["value"] is None, (model, point)
                assert found["quality"] == "not_implemented"
            elif isinstance(value, str):
                assert found["value"] == value
            else:
                assert found["value"] == pytest.approx(value, rel=1e-9), (model, point)
                compared += 1
    assert compared >= 30


async def test_the_shape_of_json() -> None:
    ended = await scan({1: PV, 126: PV}, "--unit", "1,5,126", "--json")
    found = json.loads(ended.out)
    assert list(found) == ["unit 1", "unit 126"]
    for models in found.values():
        assert list(models) == ["1", "101", "120", "123"]
        for points in models.values():
            for one in points.values():
                assert set(one) == {"value", "unit", "quality"}
                assert one["quality"] in QUALITY_NAMES
                assert (one["value"] is None) is (one["quality"] != "ok")
    assert found["unit 1"]["101"]["W"] == {"value": 2500, "unit": "W", "quality": "ok"}
    assert found["unit 1"]["101"]["Hz"] == {"value": 50.01, "unit": "Hz", "quality": "ok"}
    assert found["unit 1"]["101"]["DCV"] == {"value": None, "unit": "V", "quality": "not_implemented"}
    assert found["unit 1"]["1"]["SN"]["value"] == "S-1"


async def test_table() -> None:
    ended = await scan({1: PV})
    assert ended.code == 0, ended.err
    lines = ended.out.splitlines()
    assert lines[0] == "unit 1: Acme Sun 4, version 1.2, serial S-1"
    assert "  model 101 Inverter (Single Phase), 50 registers at 40070" in lines
    assert ["St", "4", "ok", "MPPT"] in [line.split() for line in lines]
    assert ["PhVphA", "230", "V", "ok"] in [line.split() for line in lines]
    assert lines[-1] == "nothing unusual"
    assert ended.err == ""


async def test_usual_units_are_found_in_their_order() -> None:
    ended = await scan({200: PV, 71: PV, 126: PV, 9: PV}, "--json")
    assert list(json.loads(ended.out)) == ["unit 126", "unit 71", "unit 200"]


async def test_odd_map() -> None:
    moved = {1000 + at - 40000: value for at, value in PV.items()}
    ended = await scan({7: moved}, "--at", "1000,7")
    assert ended.out.startswith("unit 7: Acme Sun 4")
    assert "the map begins at 1000, not at 40000" in ended.out


async def test_chained_devices() -> None:
    end = max(PV) - 1
    second = {at - 40002 + end: value for at, value in PV.items() if at >= 40002}
    ended = await scan({1: {**PV, **second}}, "--json")
    assert list(json.loads(ended.out)) == ["unit 1", "unit 1 device 2"]


UNUSUAL: dict[str, tuple[dict[int, int | None], str]] = {
    "common of 65": ({}, "model 1 at 40002: 65 registers, 66 by the definition"),
    "no end marker": (
        {40176: None, 40177: None},
        "no end marker: register 40176 is refused with exception 2",
    ),
    "end without length": ({40177: None}, "the end marker has no length"),
    "unreadable": ({40155: None, 40156: None}, "unreadable (exception 2): WMaxLimPct, WMaxLimPct_WinTms"),
    "no scale factor": ({40085: 0x8000}, "scale factor W_SF is not implemented, so no value of W"),
    "limit 0": ({40155: 0, 40159: 1}, "WMaxLimPct is 0 and enabled while it produces 2500 W"),
    "no reversion": ({40159: 1}, "WMaxLimPct is enabled without a reversion time"),
    "Conn 0": ({40154: 0}, "Conn is 0 (disconnected) while it produces 2500 W"),
    "frequency": ({40086: 501}, "Hz is 5.01, which no grid has"),
    "wrong length": ({40123: 25}, "model 120 at 40122: 25 registers, 26 by the definition"),
    "no text": ({40005: 0x6501}, "Mn has characters that are no text"),
}


@pytest.mark.parametrize("case", UNUSUAL)
async def test_unusual(case: str) -> None:
    """Places of the map: model 1 at 40002, 101 at 40070, 120 at 40122, 123 at 40150, end at 40176."""
    changes, words = UNUSUAL[case]
    registers = dict(PV)
    if case == "common of 65":  # as Fronius and SolarEdge have it: without the pad
        registers = {at if at < 40069 else at - 1: value for at, value in PV.items() if at != 40069}
        registers[40003] = 65
    for at, value in changes.items():
        if value is None:
            del registers[at]
        else:
            registers[at] = value
    ended = await scan({1: registers}, "--unit", "1")
    assert ended.code == 0, ended.err
    assert words in ended.out


async def test_a_device_cannot_command_the_terminal() -> None:
    hostile = {**PV, 40004: 0x1B5B, 40005: 0x324A}
    ended = await scan({1: hostile})
    assert ended.code == 0
    assert "\x1b" not in ended.out
    assert ended.out.startswith("unit 1: \N{REPLACEMENT CHARACTER}[2J Sun 4")


async def test_a_serial_line() -> None:
    """Over a pty that takes a line's time, the same is found as over TCP; without a slave nobody answers."""
    units = MapServer({3: PV})
    with PacedLine(115200) as wire:
        url = f"rtu://{wire.client}?baud=115200&parity=N&units=2-4"
        silent = await asyncio.to_thread(command.run, "scan", url, "--timeout", "0.1")
        assert silent.code == 2
        assert "nobody answered" in silent.err
        server = ModbusSerialServer(units.devices(), framer=FramerType.RTU, port=wire.server, baudrate=115200)
        await server.serve_forever(background=True)
        ended = await asyncio.to_thread(command.run, "scan", url, "--json")
        await server.shutdown()
    assert ended.code == 0, ended.err
    assert units.writes == []
    over_tcp = await scan({3: PV}, "--unit", "3", "--json")
    assert json.loads(ended.out) == json.loads(over_tcp.out)
    assert list(json.loads(ended.out)) == ["unit 3"]


def test_help() -> None:
    ended = command.run("scan", "--help")
    assert ended.code == 0
    for word in (
        "tcp://HOST",
        "rtu:///dev/ttyUSB0",
        "--at BASE,UNIT",
        "--unit UNITS",
        "--json",
        "ever written",
    ):
        assert word in " ".join(ended.out.split())


async def test_the_example_of_the_document() -> None:
    """Lines that the document leaves out are "..."; the rest is printed so, in this order."""
    text = (ROOT / "docs" / "scan.md").read_text(encoding="utf-8")
    example = text.split("```console\n")[1].split("```")[0]
    contradicting = {**PV, 40155: 0, 40159: 1}
    printed = (await scan({1: contradicting}, "--unit", "1")).out
    at = 0
    for part in example.split("    ...\n"):
        assert part in printed[at:]
        at = printed.index(part, at) + len(part)
    assert printed[at:] == ""
