"""The acceptance of a board: who helps, what is measured beside its limit, and the board through its resets."""

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from host_tools.board.line import Line, back
from host_tools.errors import RunError

PASS, FAIL, SKIPPED = "pass", "FAIL", "skipped"
CUTS = 3


@dataclass(frozen=True)
class Result:
    """One line of the record."""

    step: str
    what: str
    measured: str
    limit: str
    source: str
    verdict: str

    def text(self) -> str:
        """Return it as a line."""
        beside = f" (limit: {self.limit}; {self.source})" if self.limit else ""
        return f"{self.verdict:<8}{self.step:<10} {self.what}: {self.measured}{beside}"

    def as_dict(self) -> dict[str, str]:
        """Return it as it is written to the record."""
        return asdict(self)


class Person(Protocol):
    """Who does what the test asks for; `key` names it for one that is a script."""

    def do(self, key: str, text: str) -> None:
        """Return when it is done."""

    def agrees(self, key: str, text: str) -> bool:
        """Return what is answered to a question of yes or no."""

    def types(self, key: str, text: str) -> str:
        """Return what is typed."""


@dataclass
class Trial:
    """A board under test, and who helps; `line` is another one after each reset."""

    line: Line
    person: Person
    say: Callable[[str], None]
    cycles: int = 100
    cuts: int = CUTS

    def again(self, timeout_s: float, after_s: float = 0.0) -> None:
        """Wait for the board after a reset, which comes within after_s."""
        port, serial = self.line.port, self.line.usb_serial
        self.line.close()
        time.sleep(after_s)
        self.line = back(port, serial, timeout_s)
        self.load()

    def end(self) -> None:
        """Start the firmware; a board that has gone is left alone."""
        try:
            self.line.restart()
        except RunError:
            self.line.close()

    def load(self) -> None:
        """Give the board what the test uses."""
        self.line.load("probe")
        self.line.load("accept")


def result(step: str, what: str, good: bool, measured: str, limit: str, source: str) -> Result:
    """Return a line of the record."""
    return Result(step, what, measured, limit, source, PASS if good else FAIL)


def skipped(step: str, what: str, why: str) -> Result:
    """Return a line for what was not done."""
    return Result(step, what, why, "", "", SKIPPED)
