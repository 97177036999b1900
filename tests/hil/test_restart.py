"""A power cut of the board: what its flash must have kept when it starts again."""

import json
from pathlib import Path

import pytest
from house import House

from islet.measure.energy_file import decode

pytestmark = pytest.mark.needs("micropython")

MINUTE_MS = 60_000
LOAD_W = 1000.0


async def minutes(house: House, count: int) -> None:
    """Let minutes pass in lockstep."""
    for _ in range(count):
        tail = await house.step(MINUTE_MS)
    await house.heard(tail)


def saved_import_wh(house: House) -> int:
    """Return the imported energy in the newer copy of the counters."""
    copies = [decode((house.home / name).read_bytes()) for name in ("energy", "energy.1")]
    wh: int = dict(max(copies)[1])["grid"][0]
    return wh


async def test_counters_boot_and_command_memory_outlive_a_power_cut(tmp_path: Path) -> None:
    """Every report is saved before it is told: after the cut no counter is lower, and nothing is counted twice."""
    async with House(tmp_path, "lockstep", step_max_ms=60_000, default_import_w=9200) as house:
        await house.step(100)
        await minutes(house, 40)
        first = house.issue(3000.0)
        await house.send(first, expect=1)
        await minutes(house, 9)
        before = house.reports()[-1]
        truth_wh = house.plant.energy_j["grid_import"][0] / 3600
        assert before.import_wh == pytest.approx(truth_wh, abs=0.01 * truth_wh + 3)
        assert before.import_wh > 300

        await house.power_cut()
        saved = saved_import_wh(house)
        await house.start_node()
        await house.step(100)
        await minutes(house, 1)

        after = house.reports()[-1]
        assert (before.boot, after.boot) == (1, 2)
        minute_wh = LOAD_W / 60
        assert saved == before.import_wh
        assert before.import_wh <= after.import_wh <= before.import_wh + minute_wh + 1

        await house.send(first, expect=1)
        await house.send(house.issue(2500.0), expect=2)
        await minutes(house, 1)
        assert house.answers() == ["accepted", "replayed", "accepted"]
        assert house.store.missing() == {}
        assert json.loads((house.home / "island.json").read_text())["state"] == "GRID"


async def test_energy_is_saved_without_a_clock(tmp_path: Path) -> None:
    """No report is made before there is UTC, and still a power cut costs at most ENERGY_MS and a step."""
    async with House(tmp_path, "lockstep", step_max_ms=60_000, reserve_soc_pu=0.9) as house:
        house.clock_valid = False
        for _ in range(10):
            await house.step(MINUTE_MS)
        assert house.reports() == []
        await house.power_cut()
        saved_wh = saved_import_wh(house)
        truth_wh = house.plant.energy_j["grid_import"][0] / 3600
        assert truth_wh > 100
        assert truth_wh - LOAD_W * 2 / 60 - 2 <= saved_wh <= truth_wh * 1.01 + 2
