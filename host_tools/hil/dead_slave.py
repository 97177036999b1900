"""What a device that is dead or babbles costs the others of its line: the firmware's bus task beside pymodbus slaves.

The bus task runs on MicroPython's unix port; the line is a pty pair that takes its time.
"""

import json
import random
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from host_tools.hil.paced_line import PacedLine, Pieces, as_it_is
from host_tools.hil.rtu_rig import served
from host_tools.hil.script import command, environment
from host_tools.hil.unixport import NodeError

SCRIPT = Path(__file__).parents[1] / "bench" / "upy" / "bus_line.py"
BAUD = 19_200
HEALTHY = (1, 2, 3, 4)
BAD = 9
COUNT = 40  # registers of a read: 46 ms of characters
LATENCY_MS = 200
PAUSE_MS = 50  # between rounds, as islet.app
PAUSES_MS = (0, PAUSE_MS)
FAULTS = ("dead", "late", "garbage", "babble", "cut")
TRIES = 3
STOP_S = 10.0
_LATE_S = 0.1  # after the client gave up


@dataclass
class Span:
    """What came of a while: its length, polls of each unit, wrong values, ms from wish to written, all counters."""

    ms: int
    polls: dict[int, list[int]]
    wrong: int
    write_ms: list[int]
    errors: dict[int, int]  # of each unit, since the start
    counters: dict[str, int]

    def rate(self, unit: int) -> float:
        """Return polls per second."""
        return 1000.0 * len(self.polls[unit]) / self.ms

    def lost_pct(self, before: "Span", units: Sequence[int] = HEALTHY) -> float:
        """Return by how much the worst of the units is polled more seldom than before, in percent."""
        return max(100.0 * (1.0 - self.rate(unit) / before.rate(unit)) for unit in units)

    def lost_pct_of_all(self, before: "Span", units: Sequence[int] = HEALTHY) -> float:
        """Return by how much the units together are polled more seldom than before, in percent."""
        rates = [sum(span.rate(unit) for unit in units) for span in (self, before)]
        return 100.0 * (1.0 - rates[0] / rates[1])


class Bad:
    """The unit BAD of a line: `fault` is what becomes of its answers."""

    def __init__(self, latency_ms: int = LATENCY_MS) -> None:
        self.faults: dict[str, Callable[[bytes], Pieces]] = {
            "well": as_it_is,
            "dead": lambda _: [],
            "garbage": self._garbage,
            "late": lambda answer: [(latency_ms / 1000 + _LATE_S, answer)],
            "babble": lambda _: [(0.0, self._noise(400))],  # longer than any frame
            "cut": lambda answer: [(0.0, answer[:-1])],
            "every other": self._every_other,
        }
        self.fault = "well"
        self._asked = 0
        self._answers = 0
        self._random = random.Random(1)

    def on_request(self, frame: bytes) -> Pieces:
        """Let a request pass, and remember whose it is."""
        self._asked = frame[0]
        return as_it_is(frame)

    def on_answer(self, frame: bytes) -> Pieces:
        """Return what comes of an answer."""
        return self.faults[self.fault](frame) if self._asked == BAD else as_it_is(frame)

    def _noise(self, size: int) -> bytes:
        return self._random.randbytes(size)

    def _garbage(self, _: bytes) -> Pieces:
        return [(0.0, self._noise(self._random.randint(1, 60)))]

    def _every_other(self, answer: bytes) -> Pieces:
        self._answers += 1
        return [(0.0, answer)] if self._answers % 2 else []


class Driven:
    """The bus task in its process, told span by span what to do."""

    def __init__(self, process: "subprocess.Popen[str]", bad: Bad | None = None) -> None:
        """bad: the unit whose faults `span` sets."""
        self.bad = bad or Bad()
        self._process = process

    def span(self, ms: int, fault: str = "well", until: int = 0) -> Span:
        """Run for ms, or until a unit was read, with this fault of the bad one; NodeError when the process ended."""
        self.bad.fault = fault
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"ms": ms, "until": until}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise NodeError(f"{SCRIPT.name} ended: {self._process.communicate()[1]}")
        told: dict[str, Any] = json.loads(line)
        polls = {int(unit): times for unit, times in told["polls"].items()}
        errors = {int(unit): count for unit, count in told["errors"].items()}
        return Span(told["ms"], polls, told["wrong"], told["write_ms"], errors, told["counters"])


@contextmanager
def driven(
    units: Sequence[int], baud: int = BAUD, latency_ms: int = LATENCY_MS, pause_ms: int = PAUSE_MS
) -> Iterator[Driven]:
    """Yield a bus task that polls these units on a line of its own, as fast as line and pause permit."""
    bad = Bad(latency_ms)
    with (
        PacedLine(baud, on_answer=bad.on_answer, on_request=bad.on_request) as line,
        served(line, baud, units),
        process(line.client, baud, latency_ms, pause_ms, COUNT, *units) as bus,
    ):
        yield Driven(bus, bad)


@contextmanager
def process(*arguments: object) -> "Iterator[subprocess.Popen[str]]":
    """Yield the script running with these arguments; its end is awaited, or else it is killed."""
    running = subprocess.Popen(
        command(SCRIPT, *arguments),
        env=environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield running
        running.communicate(timeout=STOP_S)
    finally:
        running.kill()
        running.wait()


def alone(ms: int, pause_ms: int = PAUSE_MS, baud: int = BAUD) -> Span:
    """Return a span of the healthy units without another; NodeError when this machine is too busy for that."""
    for _ in range(TRIES):
        with driven(HEALTHY, baud, pause_ms=pause_ms) as bus:
            span = bus.span(ms)
        if not any(span.errors.values()) and not span.counters["stale"]:
            return span
    raise NodeError("devices that are well did not answer in time; is the machine busy?")


def losses_pct(
    ms: int, faults: Sequence[str], pause_ms: int = PAUSE_MS, baud: int = BAUD
) -> dict[str, float]:
    """Return what the worst of the healthy devices loses beside one more with each of the faults, in percent."""
    before = alone(ms, pause_ms, baud)
    found = {}
    for fault in faults:
        with driven((*HEALTHY, BAD), baud, pause_ms=pause_ms) as bus:
            found[fault] = bus.span(ms, fault).lost_pct(before)
    return found


def slowdown_pct(quick: bool) -> float:
    """Return the worst loss beside a dead device and ones that babble, with and without the pause between rounds."""
    ms, faults, pauses = (8000, FAULTS[:2], PAUSES_MS[:1]) if quick else (20_000, FAULTS, PAUSES_MS)
    return round(max(max(losses_pct(ms, faults, pause_ms).values()) for pause_ms in pauses), 1)
