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
        copies = [decode((house.home / name).read_bytes()) for name in ("energy", "energy.1")]
        saved = dict(max(copies)[1])["grid"][0]
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
