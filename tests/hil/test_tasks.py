"""The firmware as a board runs it: tasks paced by the clock, frames ten times a second, buses and link beside."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest
from house import House

from hal import sim
from host_tools.hil.frames import Tail
from host_tools.plant.types import FORMING
from islet.names import GRID, ISLAND, STATE_NAMES

pytestmark = pytest.mark.needs("micropython")

CYCLE_S = 0.1
ON_GRID = 25  # cycles
IN_ALL = 50


@dataclass
class Seen:
    """One run of IN_ALL cycles, the grid gone after ON_GRID of them."""

    house: House
    tails: list[Tail]
    formed: list[bool]  # what the battery inverter's registers asked, after each cycle
    alive: list[bool]  # the node's own voltage stands


async def feed(house: House) -> Seen:
    """Feed frames by the wall clock, as sampling would."""
    seen = Seen(house, [], [], [])
    loop = asyncio.get_running_loop()
    due_s = loop.time()
    for cycle in range(IN_ALL):
        if cycle == ON_GRID:
            house.grid_v[:] = 0.0
        seen.tails.append(await house.step(100))
        seen.formed.append(bool(house.commands.form[0]))
        seen.alive.append(bool(house.plant_state() == FORMING))
        due_s += CYCLE_S
        await asyncio.sleep(max(0.0, due_s - loop.time()))
    await house.heard(seen.tails[-1])
    return seen


async def test_tasks_poll_report_island_and_feed_the_watchdog(tmp_path: Path) -> None:
    """Everything at once, since five seconds of wall clock are dear; each claim has its own block."""
    async with House(tmp_path, "tasks", report_s=1) as house:
        seen = await feed(house)
        tails = seen.tails

        # the bus: both inverters are polled and their values reported; the battery holds a leased set-point
        reports = house.reports()
        assert len(reports) >= 4  # five seconds, a report a second, the first without its bus
        assert any(
            row.battery_w is not None and row.soc_pu == pytest.approx(0.5, abs=0.01) for row in reports
        )
        assert any(row.pv_w == 0 for row in reports)  # asleep, which is a reading
        assert house.devices.battery.get(704, "WSetRvrtTms")[0] == 300

        # the meter: 1000 W by its own CT; what the sum of powers of different ages misses of it is the residual
        whole = [row for row in reports if row.load_w is not None and row.state == "GRID"]
        assert whole
        assert [row.load_w - row.residual_w for row in whole] == [pytest.approx(1000, abs=10)] * len(whole)

        # the watchdog: fed after every cycle
        assert [tail.fed for tail in tails] == list(range(IN_ALL))

        # the island: open in the cycle that sees no voltage, formed over Modbus by the bus task
        assert all(tail.contactor_closed and tail.state == GRID for tail in tails[:ON_GRID])
        assert not tails[ON_GRID].contactor_closed
        assert not any(seen.formed[:ON_GRID])
        assert any(seen.formed[ON_GRID : ON_GRID + 15])
        assert tails[-1].state == ISLAND, STATE_NAMES[tails[-1].state]
        assert seen.alive[-1]
        assert house.ways() == ["OPENING", "FORMING", "ISLAND"]
        assert (house.home / "log.txt").read_text() == ""


async def test_the_watchdog_starves_while_a_task_is_late(tmp_path: Path) -> None:
    """The clock leaps over the bus's deadline of 15 s: no food until the bus has come round again."""
    async with House(tmp_path, "tasks", report_s=3600) as house:
        for _ in range(3):
            before = await house.step(100)
            await asyncio.sleep(CYCLE_S)
        leap = await house.step(16_000)
        assert leap.fed == before.fed + 1  # for the cycle before
        hungry = await house.step(100)
        assert hungry.fed == leap.fed
        for _ in range(5):
            await asyncio.sleep(CYCLE_S)
            again = await house.step(100)
        assert again.fed > hungry.fed


async def test_the_fast_path_opens_between_two_cycles(tmp_path: Path) -> None:
    """Ten ms at a time, answered at once; a dead grid opens the contactor, and the cycle works on all that came."""
    async with House(tmp_path, "tasks", report_s=3600) as house:
        for _ in range(8):
            await house.step(100)
            await asyncio.sleep(CYCLE_S)
        house.grid_v[:] = 0.0
        tails = [await house.fast() for _ in range(10)]
        assert [tail.kind for tail in tails] == [sim.FAST] * 10
        assert tails[0].contactor_closed or tails[0].suspect
        assert not tails[1].contactor_closed  # within 20 ms
        assert not any(tail.contactor_closed for tail in tails[1:])
        assert {tail.state for tail in tails} == {GRID}  # no cycle yet
        assert tails[-1].fed == 8 - 1  # of the cycle before the last one answered
        last = await house.end_of_window()
        assert last.kind == sim.STEP
        assert not last.contactor_closed
        assert last.state != GRID
