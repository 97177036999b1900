"""Progress of long work: one line a step with the time it took, everything else in a log file."""

import os
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from host_tools.errors import RunError

TAIL_LINES = 12


class Steps:
    """Says which step runs, and keeps what its programs print in one log file."""

    def __init__(self, log: Path, say: Callable[[str], None]) -> None:
        """Start a new log at `log`; `say` prints one line."""
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_text("")
        self.log, self.say = log, say
        self._start_s = time.monotonic()

    @contextmanager
    def step(self, words: str) -> Iterator[None]:
        """Say what begins, and how long it took."""
        begun_s = time.monotonic()
        self.say(f"[{begun_s - self._start_s:4.0f} s] {words}")
        yield
        with self.log.open("a") as log:
            log.write(f"# {words}: {time.monotonic() - begun_s:.1f} s\n")

    def run(self, command: list[str], cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
        """Run a program with its output in the log; RunError quotes the last lines when it fails."""
        with self.log.open("a") as log:
            log.write(f"# {' '.join(command)}\n")
            log.flush()
            done = subprocess.run(
                command, cwd=cwd, env={**os.environ, **(env or {})}, stdout=log, stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        if done.returncode != 0:
            raise RunError(
                f"{command[0]} failed (exit code {done.returncode}); see {self.log}:\n{self.tail()}"
            )

    def tail(self) -> str:
        """Return the last lines of the log."""
        return "\n".join(
            "  " + line for line in self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:]
        )
