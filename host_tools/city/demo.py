"""The main job: run a district through its day, then say in a table, a report and files what came of it."""

import asyncio
import contextlib
import time
from pathlib import Path

from rich.console import Console

from host_tools.city.district import District, Step
from host_tools.city.options import Options
from host_tools.city.outcome import results_of
from host_tools.city.progress import Way
from host_tools.city.recorder import Recorder
from host_tools.city.watch import Watch
from host_tools.dashboard import live, report
from host_tools.dashboard.results import Results, Run
from host_tools.dashboard.table import final_table
from host_tools.errors import InputError

MINUTE_MS = 60_000
FIRST_MS = 100  # the first interval: nodes connect and read their devices


async def simulate(options: Options, console: Console, watch: Watch | None = None) -> Results:
    """Run the district of options in lockstep; raises InputError for wrong input, RunError when a process dies."""
    began = time.monotonic()
    district = District(options)
    try:
        console.print(
            f"starting {options.buildings} nodes, their devices, a broker and the aggregator", style="dim"
        )
        await district.start()
        recorder = Recorder(district)
        await _run(district, recorder, console, watch)
        await district.settle()
        results = results_of(district, recorder)
    finally:
        await district.stop()
    wall_s = time.monotonic() - began
    results.run = Run(wall_s=wall_s, speed=(options.end_s - options.start_s) / wall_s)
    return results


async def _run(district: District, recorder: Recorder, console: Console, watch: Watch | None) -> None:
    t_ms, end_ms, pace_ms = 1000 * district.options.start_s, 1000 * district.options.end_s, FIRST_MS
    with Way(console, t_ms, end_ms) as way:
        islands = False
        while t_ms < end_ms:
            next_ms = next_time(district, t_ms, pace_ms, islands)
            step = await district.step(t_ms, next_ms)
            recorder.add(step)
            t_ms, pace_ms = next_ms, min(tail.pace_ms for tail in step.tails)
            islands = not step.truth.contactor_closed.all()
            phase = phase_of(district, step)
            way.at(t_ms, phase)
            if watch:
                await watch.show(district, step, phase)
    waiting = sum(tail.queued > 0 for tail in step.tails)
    if waiting:
        console.print(f"{waiting} nodes still hold messages that no broker took; the counts below lack them.")


def next_time(district: District, t_ms: int, pace_ms: int, islands: bool = False) -> int:
    """Return when the next interval ends: as the nodes wish, at most at the minute or the scenario's next change."""
    minute_ms = (t_ms // MINUTE_MS + 1) * MINUTE_MS
    scenario = district.scenario
    at_change = (
        islands and t_ms % MINUTE_MS == 0
    )  # loads move at the minute, and an island must answer at once
    if at_change or scenario.fine(t_ms / 1000):
        pace_ms = FIRST_MS
    change_ms = min(scenario.next_change_s(t_ms / 1000), district.options.end_s) * 1000
    pace_ms = max(FIRST_MS, pace_ms // FIRST_MS * FIRST_MS)
    return min(t_ms + pace_ms, minute_ms, round(change_ms))


def phase_of(district: District, step: Step) -> str:
    """Say in few words what the district is going through."""
    apart = int((~step.truth.contactor_closed).sum())
    if not district.scenario.grid_up(step.t0_ms / 1000):
        return f"feeder dead, {apart} islands"
    return f"{apart} islands returning" if apart else "on the grid"


async def run_demo(options: Options) -> None:
    """Run, print the table, write results.json, report.html and the database below options.out."""
    console = Console()
    _clear(options.out)
    watch, server = None, None
    if options.serve:
        state = live.LiveState()
        server = await live.serve(state, port=options.port)
        watch = Watch(state)
        console.print(f"live page at {server.url}")
    try:
        results = await simulate(options, console, watch)
        results.save(options.out / "results.json")
        report.write(results, options.out / "report.html")
        console.print(final_table(results))
        console.print(f"report: {options.out / 'report.html'}", soft_wrap=True)
        if server:
            console.print(f"the live page stays at {server.url}; end it with Ctrl-C")
            with contextlib.suppress(asyncio.CancelledError):  # Ctrl-C is the regular end here
                await asyncio.Event().wait()
    finally:
        if server:
            await server.stop()


def _clear(out: Path) -> None:
    """Make room for results; raises InputError for a folder that cannot be written."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "islet.sqlite").unlink(missing_ok=True)
        (out / "islet.sqlite").touch()
    except OSError as error:
        raise InputError(f"--out {out} cannot be written ({error.strerror}).") from error
