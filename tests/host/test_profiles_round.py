"""Every profile: physical values put by pymodbus are read back, commands are decoded by pymodbus, over TCP."""

import copy
from typing import Any

import pytest
from profile_round import differing_commands, differing_readings
from profile_server import served

from host_tools.profiles import check, compact
from islet.drivers import profile_table
from islet.drivers.profile import ProfileDevice

NAMES = check.names()
COMMANDED = [name for name in NAMES if check.load(name).commands]


def _board(name: str) -> dict[str, Any]:
    return profile_table.load(compact.text(check.load(name)))


@pytest.mark.parametrize("name", NAMES)
async def test_what_it_reads(name: str) -> None:
    assert await differing_readings(check.load(name), _board(name)) == []


@pytest.mark.parametrize("name", COMMANDED)
async def test_what_it_writes(name: str) -> None:
    assert await differing_commands(check.load(name), _board(name)) == []


@pytest.mark.parametrize("name", NAMES)
async def test_reads_are_within_the_limits(name: str) -> None:
    """No request asks for more than `most`, nor for a register that the profile may not read."""
    profile = check.load(name)
    async with served(profile) as (server, client):
        device = ProfileDevice(client, _board(name), profile.unit or 1)
        await device.start()
        await device.poll(None, 0)
        assert server.asked
        assert all(count <= profile.most for function, _, count in server.asked if function > 2)
        assert server.written == []


SLIPS: dict[str, tuple[int, Any]] = {
    "order": (5, lambda old: 1 - old),
    "sign": (6, lambda old: -old),
    "scale": (6, lambda old: old * 10),
}


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", NAMES)
async def test_a_slip_in_a_reading_is_found(name: str, slip: str) -> None:
    profile, table = check.load(name), _board(name)
    field, change = SLIPS[slip]
    for i, row in enumerate(table["read"]):
        if row[11] or row[3] in ("bit", "string") or (slip == "order" and row[4] == 1):
            continue
        wrong = copy.deepcopy(table)
        wrong["read"][i][field] = change(row[field])
        assert await differing_readings(profile, wrong), f"{row[0]} with another {slip}"
        break


@pytest.mark.parametrize("name", COMMANDED)
async def test_a_slip_in_a_command_is_found(name: str) -> None:
    profile, table = check.load(name), _board(name)
    fields = (
        (1, lambda old: old + 1),
        (3, lambda old: 1 - old),
        (4, lambda old: -old),
        (5, lambda old: old * 10),
    )
    for field, change in fields:
        wrong = copy.deepcopy(table)
        writes = [one for row in wrong["do"] for case in row[7] for one in case[1]]
        write = next((one for one in writes if one[6] is None), writes[0])
        if field > 1 and (write[6] is not None or write[0] == 5 or (field == 3 and write[2][1:] == "16")):
            continue
        write[field] = change(write[field])
        assert await differing_commands(profile, wrong), f"field {field}"
