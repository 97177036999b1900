"""Lines and devices of a building: what is taken, and that all errors are told together."""

import json

from islet.devices import MAX_BYTES, RTU, TCP, load

GOOD = {
    "lines": [
        {"name": "lan", "kind": "tcp", "host": "192.168.1.20", "gap_ms": 50},
        {"name": "wire", "kind": "rtu", "device": "/dev/ttyUSB0", "baud": 19200, "parity": "E"},
    ],
    "devices": [
        {"name": "roof", "line": "lan", "unit": 1, "role": "inverter", "driver": "sunspec", "rated_w": 4000},
        {
            "name": "shed",
            "line": "lan",
            "unit": 3,
            "role": "inverter",
            "driver": "sunspec",
            "rated_w": 900,
            "control": False,
        },
        {"name": "meter", "line": "wire", "unit": 1, "role": "meter", "driver": "eastron_sdm630"},
    ],
}


def refused(raw) -> str:
    try:
        load(raw if isinstance(raw, bytes) else json.dumps(raw).encode())
    except ValueError as error:
        return str(error)
    raise AssertionError("taken")


def changed(place: str, n: int, **values) -> dict:
    raw = json.loads(json.dumps(GOOD))
    raw[place][n].update(values)
    return raw


def test_lines_and_devices_are_taken() -> None:
    found = load(json.dumps(GOOD).encode())
    lan, wire = found.lines
    assert (lan.kind, lan.host, lan.port, lan.gap_ms) == (TCP, "192.168.1.20", 502, 50)
    assert (wire.kind, wire.device, wire.baud, wire.parity, wire.stop_bits) == (
        RTU,
        "/dev/ttyUSB0",
        19200,
        "E",
        1,
    )
    assert [device.name for device in found.on(lan)] == ["roof", "shed"]
    # a profile may be written only where that is said
    assert [device.control for device in found.devices] == [True, False, False]
    assert found.devices[0].rated_w == 4000


def test_all_errors_are_told_together() -> None:
    raw = json.loads(json.dumps(GOOD))
    raw["lines"][0].update(host="a b", port=0, speed=3)
    raw["lines"][1].update(parity="X")
    raw["devices"][0].update(unit=300, role="sun")
    raw["devices"][1].update(control="no", forms=True)
    raw["devices"][2].update(name="roof", driver="")
    raw["more"] = 1
    said = refused(raw)
    for part in (
        "line lan: host is 'a b'",
        "line lan: port is 0, must be a whole number from 1 to 65535",
        "line lan: speed is not a setting",
        "line wire: parity is 'X', must be N, E or O",
        "device roof: unit is 300",
        "device roof: role is 'sun', must be one of inverter battery",
        "device shed: control is 'no'",
        "device shed: forms is true, but only a battery forms an island",
        "device roof: driver is ''",
        "device roof is there twice",
        "more is not a setting",
    ):
        assert part in said, (part, said)


def test_what_is_no_list_of_objects() -> None:
    assert "lines must be a list of at most 4 objects" in refused({"devices": []})
    assert load(b'{"lines": [], "devices": []}').devices == []
    assert "devices holds 7" in refused({"lines": GOOD["lines"], "devices": [7]})
    assert "must be a JSON object" in refused(b"[]")
    assert "at most %d" % MAX_BYTES in refused(b" " * (MAX_BYTES + 1))
    assert "devices: not JSON" in refused(b"{")
    refused(b"[" * 8000)
    assert "device meter: line is []" in refused(changed("devices", 2, line=[]))
    assert "unit is missing" in refused(
        {
            "lines": GOOD["lines"],
            "devices": [{"name": "a", "line": "lan", "role": "inverter", "driver": "sunspec"}],
        }
    )
    assert "kind is 'can'" in refused(changed("lines", 0, kind="can"))


def test_places_and_shares():
    raw = changed("devices", 1, line="fibre", rated_w=0)
    raw["devices"][2]["unit"] = 0
    said = refused(raw)
    assert "device shed: there is no line 'fibre'" in said
    assert "device meter: unit is 0, must be 1 to 247 on a serial line" in said
    assert "device shed: rated_w is missing, for 2 devices share" in said  # roof tells it
    assert "device roof: rated_w" not in said


def test_whole_numbers_are_whole():
    assert "unit is 1.5, must be a whole number from 0 to 255" in refused(changed("devices", 0, unit=1.5))
    assert "gap_ms is True" in refused(changed("devices", 0, gap_ms=True))


def test_where_a_charger_and_a_genset_hang():
    raw = json.loads(json.dumps(GOOD))
    for name, role in (("box", "charger"), ("dachs", "genset")):
        raw["devices"].append({"name": name, "line": "lan", "unit": 7, "role": role, "driver": "x"})
    box, dachs = load(json.dumps(raw).encode()).devices[3:]
    assert (box.behind_load_ct, dachs.behind_load_ct) == (True, False)
    raw["devices"][3]["behind_load_ct"] = 0
    assert "behind_load_ct is 0, must be true or false" in refused(raw)


def test_nothing_is_there_twice():
    raw = json.loads(json.dumps(GOOD))
    raw["lines"].append({"name": "other", "kind": "rtu", "device": "/dev/ttyUSB0"})
    raw["lines"].append({"name": "third", "kind": "tcp", "host": "192.168.1.20", "port": 502})
    raw["devices"].append(dict(raw["devices"][2], name="again"))
    said = refused(raw)
    assert "line other: another line has the same place" in said
    assert "line third: another line has the same place" in said
    assert "device again: the same device is there twice" in said
    raw = changed("devices", 2, unit=9)
    raw["devices"].append(dict(raw["devices"][2], name="again", unit=10))
    assert len(load(json.dumps(raw).encode()).devices) == 4
