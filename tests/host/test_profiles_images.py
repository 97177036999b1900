"""Profiles that say they were checked against a real register image, against what another program reads."""

import json
from pathlib import Path
from typing import Any

import pytest
from profile_server import served

from host_tools.profiles import check, compact
from host_tools.profiles.output import DOCUMENTS_ONLY
from host_tools.sunspec import maps
from islet.drivers import profile_table
from islet.drivers.profile import ProfileDevice
from islet.names import OK

CASES = Path(__file__).parents[1] / "cases" / "profiles"
IMAGES = {path.stem: json.loads(path.read_text()) for path in sorted(CASES.glob("*.json"))}
EXPECTED = [(image, name) for image, case in IMAGES.items() for name in case["expected"]]


async def _read(name: str, registers: dict[int, int]) -> ProfileDevice:
    profile = check.load(name)
    async with served(profile) as (server, client):
        for space in server.spaces.values():
            space.update({at: registers[at] for at in space if at in registers})
        device = ProfileDevice(client, profile_table.load(compact.text(profile)), profile.unit)
        await device.start()
        await device.poll(None, 0)
        return device


@pytest.mark.parametrize(("image", "name"), EXPECTED)
async def test_what_another_program_reads(image: str, name: str) -> None:
    case = IMAGES[image]
    registers = {int(address): value for address, value in case["registers"].items()}
    device = await _read(name, registers)
    names = {row.name for row in check.load(name).readings}
    assert {one for one, reading in device.readings.items() if reading.quality == OK} == names
    found = {one: device.readings[one].value for one in names}
    assert found == pytest.approx(case["expected"][name], rel=1e-6)


def test_only_those_say_so() -> None:
    """`state` names an image for the profiles that have a case, and for no other."""
    checked = {name for name in check.names() if check.load(name).state != DOCUMENTS_ONLY}
    assert checked == {name for _, name in EXPECTED}


@pytest.mark.parametrize("image", ["sma_sb36_day", "fimer_pvs", "kaco_86tl3"])
def test_images_beside_the_project_hold_no_register_of_a_profile(image: str) -> None:
    """They are SunSpec maps from 40000 on: a maker's own registers, as SMA's from 30201 on, are not in them."""
    found: dict[str, Any] = maps.images()
    if image not in found:
        pytest.skip(f"no image {image} of a real device beside the project")
    makers = {"sma_sb36_day": "SMA", "fimer_pvs": "FIMER", "kaco_86tl3": "KACO"}
    own = [check.load(name) for name in check.names() if check.load(name).maker == makers[image]]
    assert [row for one in own for row in one.readings if row.address in found[image]] == []
