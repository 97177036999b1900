"""How far a run is: a moving bar on a terminal, a line every tenth of the way elsewhere."""

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

PARTS = 10


def clock_of(t_ms: int) -> str:
    """Return ms since midnight as the time of day, HH:MM:SS."""
    t_s = t_ms // 1000
    return f"{t_s // 3600:02d}:{t_s // 60 % 60:02d}:{t_s % 60:02d}"


class Way:
    """The way from start_ms to end_ms (ms since midnight); a context manager."""

    def __init__(self, console: Console, start_ms: int, end_ms: int) -> None:
        self._console = console
        self._start_ms = start_ms
        self._length_ms = end_ms - start_ms
        self._told = 0
        self._bar = Progress(
            TextColumn("{task.fields[clock]}"),
            BarColumn(),
            TextColumn("{task.percentage:3.0f} %  {task.fields[phase]}"),
            TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=self._length_ms, clock=clock_of(start_ms), phase="")

    def __enter__(self) -> "Way":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def at(self, t_ms: int, phase: str) -> None:
        """Show that the run has come to t_ms, and what it goes through."""
        done_ms = t_ms - self._start_ms
        self._bar.update(self._task, completed=done_ms, clock=clock_of(t_ms), phase=phase)
        part = PARTS * done_ms // self._length_ms
        if part > self._told and not self._console.is_terminal:
            self._told = part
            self._console.print(f"{clock_of(t_ms)}  {100 * part // PARTS:3d} %  {phase}")
