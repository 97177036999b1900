"""Several cases: those of one kind in one street together, with progress, tables or JSON, and pages."""

import asyncio
import sys
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from host_tools.errors import InputError, RunError
from host_tools.hil import case_events as ev
from host_tools.hil import case_output
from host_tools.hil.case_bench import Bench, MemoryBench
from host_tools.hil.case_file import Named, read, settings
from host_tools.hil.case_result import Result
from host_tools.hil.case_run import FAST_MS, STEP_MS, Run
from host_tools.hil.case_street import Street, kind_of
from host_tools.plant.types import PlantError

INPROCESS, UNIX, RP2040 = "inprocess", "unix", "rp2040"
IMAGE = Path(__file__).resolve().parents[2] / "build" / "firmware" / "rp2040_emulated.uf2"
TOGETHER = 24  # cases of one street
Watch = Callable[[float], None]  # is told how many seconds have passed


def read_all(files: Iterable[Path], only: str | None) -> list[Named]:
    """Return the cases of all files whose name has the text; InputError with all that is wrong in any of them."""
    cases: list[Named] = []
    wrong = []
    for path in files:
        try:
            cases += [one for one in read(path) if only is None or only in one.name]
        except InputError as error:
            wrong.append(str(error))
    if wrong:
        raise InputError("\n".join(wrong))
    if not cases:
        raise InputError(f"no case is called {only!r}; --list shows their names.")
    return cases


def streets(cases: Sequence[Named], rig: str) -> list[list[Named]]:
    """Return the cases by kind, those of like length together; processes get a street each."""
    found: dict[Hashable, list[Named]] = {}
    for one in sorted(cases, key=lambda one: one.case.case.duration_s):
        found.setdefault(kind_of(one.case), []).append(one)
    most = TOGETHER if rig == INPROCESS else 1
    return [rows[k : k + most] for rows in found.values() for k in range(0, len(rows), most)]


class Batch:
    """The cases of one street; `over` are those that have come to their end, with what came of them."""

    def __init__(self, cases: Sequence[Named], rig: str = INPROCESS, image: Path = IMAGE) -> None:
        """`image` is the emulated board's, for that rig."""
        self._image = image
        self._street = Street([one.case for one in cases])
        self.runs = [
            Run(one, self._bench(one, rig, k), self._street.worlds[k], rig) for k, one in enumerate(cases)
        ]
        self._going = list(self.runs)
        self.over: list[tuple[Run, Result]] = []

    def _bench(self, one: Named, rig: str, k: int) -> Bench:
        case, served = one.case, self._street.served
        if rig == INPROCESS:
            return MemoryBench(settings(case), served, case.case.seed, case.site.phases, k)
        if rig == RP2040:
            from host_tools.hil.case_chip import ChipBench  # late: the emulator

            online = any(isinstance(event, ev.Command | ev.Link) for event in case.event)
            return ChipBench(settings(case), served, self._image, case.site.phases, k, online)
        from host_tools.hil.case_unix import UnixBench  # late: brokers and processes

        return UnixBench(settings(case), served, case.case.seed, case.site.phases)

    async def execute(self, watch: Watch = lambda _: None) -> list[tuple[Run, Result]]:
        """Run all to their ends; one whose node or plant fails has failed, the others go on."""
        t_ms = 0
        try:
            await self._all("start")
            while self._going:
                await self._cycle()
                t_ms += STEP_MS
                watch(t_ms / 1000)
                for run in [run for run in self._going if not run.live]:
                    self._going.remove(run)
                    self.over.append((run, await run.result()))
        finally:
            for run in self.runs:
                await run.stop()
        return self.over

    async def _cycle(self) -> None:
        for _ in range(STEP_MS // FAST_MS):
            await self._all("happen")
            self._street.advance(FAST_MS)
            await self._all("fast")
        self._street.publish(STEP_MS)
        await self._all("cycle")
        self._street.obey()

    async def _all(self, what: str) -> None:
        """Let every run do something; the firmware may raise anything, as it may on a board, which then resets."""
        for run in list(self._going):
            try:
                await getattr(run, what)()
            except Exception as error:
                self._going.remove(run)
                self.over.append((run, run.failed(error)))


async def execute(
    cases: Sequence[Named], rig: str, watch: Watch = lambda _: None, image: Path = IMAGE
) -> list[tuple[Run, Result]]:
    """Run the cases of one street; where one breaks the plant's physics, the others are run again without it."""
    batch = Batch(cases, rig, image)
    try:
        return await batch.execute(watch)
    except PlantError as error:
        if len(cases) == 1:
            return [(batch.runs[0], batch.runs[0].failed(RunError(str(error))))]
    half = len(cases) // 2
    return [
        *await execute(cases[:half], rig, watch, image),
        *await execute(cases[half:], rig, watch, image),
    ]


def work(
    cases: Sequence[Named],
    rig: str,
    folder: Path | None = None,
    watch: Watch = lambda _: None,
    image: Path = IMAGE,
) -> list[Result]:
    """Run one street to its end, write a page for each case into folder, return what came of them."""
    done = asyncio.run(execute(cases, rig, watch, image))
    if folder is not None:
        from host_tools.hil import case_plot  # late: Plotly

        for run, result in done:
            if not result.error:
                case_plot.write(result, run.trail, folder)
    return [result for _, result in done]


def in_processes(
    groups: Sequence[Sequence[Named]],
    rig: str,
    jobs: int,
    folder: Path | None = None,
    image: Path = IMAGE,
) -> Iterator[list[Result]]:
    """Yield what came of each street as it ends, so many at a time in processes of their own."""
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        longest = sorted(groups, key=lambda group: -span_s(group) * (10 + len(group)))
        for future in as_completed([pool.submit(work, group, rig, folder, image=image) for group in longest]):
            yield future.result()


def span_s(group: Sequence[Named]) -> float:
    """Return how long a street goes on."""
    return max(one.case.case.duration_s for one in group)


def run_all(
    cases: Sequence[Named], rig: str, as_json: bool, folder: Path | None, jobs: int, image: Path = IMAGE
) -> bool:
    """Run the cases, print what came of them, write a page for each into folder; return whether all passed."""
    if rig == RP2040 and not image.exists():
        raise InputError(f"{image} is missing; make it with 'make rp2040-image', or name one with --image.")
    console = Console(quiet=as_json, highlight=False)
    found: dict[str, Result] = {}
    for results in _streets(streets(cases, rig), rig, folder, jobs, image):
        for result in results:
            found[result.name] = result
            case_output.show(console, result)
    ordered = [found[one.name] for one in cases]
    if as_json:
        sys.stdout.write(case_output.line(ordered) + "\n")
    elif len(ordered) > 1:
        case_output.summary(console, ordered)
    return all(result.passed for result in ordered)


def _streets(
    groups: list[list[Named]], rig: str, folder: Path | None, jobs: int, image: Path
) -> Iterator[list[Result]]:
    """Yield what came of each street, with progress."""
    with _progress() as progress:
        task = progress.add_task("", total=sum(span_s(group) for group in groups))
        if jobs > 1 and len(groups) > 1:
            for results in in_processes(groups, rig, jobs, folder, image):
                progress.advance(task, max(result.virtual_s for result in results))
                yield results
            return
        before_s = 0.0
        for group in groups:
            words = group[0].name if len(group) == 1 else f"{group[0].name} and {len(group) - 1} more"
            progress.update(task, description=words)
            yield work(group, rig, folder, partial(_tell, progress, task, before_s), image)
            before_s += span_s(group)


def _tell(progress: Progress, task: TaskID, before_s: float, passed_s: float) -> None:
    progress.update(task, completed=before_s + passed_s)


class Pace(ProgressColumn):
    """How long a second of the cases takes."""

    def render(self, task: Task) -> Text:
        """Return the words."""
        if not task.completed or task.elapsed is None:
            return Text("")
        return Text(f"{task.elapsed / task.completed:.1f} s each")


def _progress() -> Progress:
    """Return a bar on the error output, where that is a terminal."""
    console = Console(stderr=True)
    bar = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.1f} of {task.total:.0f} s"),
        Pace(),
    )
    return Progress(*bar, console=console, transient=True, disable=not console.is_terminal)
