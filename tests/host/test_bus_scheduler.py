"""The bus task on MicroPython, on a line that takes its time with four slaves and one that fails, and behind TCP."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from host_tools.hil import dead_gateway
from host_tools.hil.dead_slave import (
    BAD,
    BAUD,
    COUNT,
    HEALTHY,
    LATENCY_MS,
    PAUSE_MS,
    Driven,
    Span,
    alone,
    driven,
)

pytestmark = pytest.mark.needs("micropython")
LIMIT_PCT = 10.0  # of their rate, what one device that fails may cost the others
SPAN_MS = 6600  # two tries of the bad one, 3.3 s apart: 15 times the 220 ms that one takes
ALONE_MS = 6200  # a gateway gives up after 200 ms, so that is two tries, 3.2 s apart
CHAR_MS = 1000 * 10 / BAUD
READ_MS = (8 + 5 + 2 * COUNT + 2 * 3.5) * CHAR_MS
WRITE_MS = (11 + 8 + 2 * 3.5) * CHAR_MS
SLACK_MS = 40  # of slave, scheduler and rig
FAILURE_MS = LATENCY_MS + (8 + 3.5) * CHAR_MS


@dataclass
class Measured:
    """Spans without a bad one, on the line and behind a gateway, and one with it behind the gateway."""

    on_line: Span
    behind_gateway: Span
    beside_dead: Span


@pytest.fixture(scope="module")
def measured() -> Measured:
    """Return what is measured side by side, since each takes little of the machine."""
    with ThreadPoolExecutor(3) as pool:
        on_line = pool.submit(alone, ALONE_MS)
        behind_gateway = pool.submit(dead_gateway.alone, ALONE_MS)
        beside_dead = pool.submit(dead_gateway.beside, "told soon", ALONE_MS)
        return Measured(on_line.result(), behind_gateway.result(), beside_dead.result())


@pytest.fixture(scope="module")
def before(measured: Measured) -> Span:
    """Return a while without the bad one, on the line."""
    return measured.on_line


@pytest.fixture(scope="module")
def bus() -> Iterator[Driven]:
    """Yield a bus task that has the bad one, which is dead at first."""
    with driven((*HEALTHY, BAD)) as one:
        yield one


def lost_pct(bus: Driven, before: Span, fault: str) -> tuple[float, Span]:
    """Return what the healthy ones lose together; from a second bus task if a busy machine spoiled the first."""
    span = bus.span(SPAN_MS, fault)
    if span.lost_pct_of_all(before) > LIMIT_PCT:
        with driven((*HEALTHY, BAD)) as another:
            span = another.span(SPAN_MS, fault)
    return span.lost_pct_of_all(before), span


def test_the_line_is_used_well(before: Span) -> None:
    """Four reads, a pause, now and then a write: the rate that characters and silences leave."""
    rate = sum(before.rate(unit) for unit in HEALTHY)
    writes_ms = len(before.write_ms) * WRITE_MS
    least_ms = (before.ms - writes_ms) / (4 * READ_MS + PAUSE_MS) * 4  # polls, if slaves took no time
    assert 0.8 * least_ms <= rate * before.ms / 1000 <= least_ms
    assert before.wrong == 0
    assert before.counters["stale"] == 0


def test_beside_a_dead_device(before: Span, bus: Driven) -> None:
    """It is tried again and again; the others keep their rate and get what is theirs, and writes go first."""
    lost, span = lost_pct(bus, before, "dead")
    assert 0.0 < lost <= LIMIT_PCT
    assert span.errors[BAD] >= 2
    assert sum(span.errors[unit] for unit in HEALTHY) == 0
    assert span.wrong == 0
    for unit in HEALTHY:
        assert len(span.polls[unit]) >= (1.0 - LIMIT_PCT / 100.0) * before.rate(unit) * span.ms / 1000 - 1.0
    _check_writes(span)


def _check_writes(span: Span) -> None:
    """A wish waits for the exchange or the pause that is under way, at worst a failure, never for a round."""
    longest_ms = FAILURE_MS + PAUSE_MS + WRITE_MS + SLACK_MS
    assert longest_ms < 4 * READ_MS + PAUSE_MS + FAILURE_MS  # a round
    assert len(span.write_ms) >= 10
    assert max(span.write_ms) <= longest_ms
    usual_ms = sorted(span.write_ms)[len(span.write_ms) // 2]
    assert usual_ms <= READ_MS + PAUSE_MS + WRITE_MS


def test_a_dead_device_that_returns_is_taken_back(bus: Driven) -> None:
    """Within its back-off, at most 8 s after five failures, it is read again; then it has its share."""
    assert bus.bad.fault == "dead"
    found = bus.span(20_000, "well", until=BAD)
    assert found.polls[BAD]
    after = bus.span(2000)
    assert len(after.polls[BAD]) >= len(after.polls[HEALTHY[0]]) - 1


def test_beside_a_device_that_answers_late(before: Span) -> None:
    """Its answers come when another is asked: passed over, asked again, no wrong value."""
    with driven((*HEALTHY, BAD)) as bus:
        lost, span = lost_pct(bus, before, "late")
    assert 0.0 < lost <= LIMIT_PCT
    assert span.counters["stale"] > 0
    assert span.wrong == 0
    assert sum(span.errors[unit] for unit in HEALTHY) == 0


def test_beside_a_dead_device_behind_a_gateway(measured: Measured) -> None:
    """The gateway tells that it did not answer, and serves nobody meanwhile."""
    span = measured.beside_dead
    if span.lost_pct_of_all(measured.behind_gateway) > LIMIT_PCT:  # a busy machine
        span = dead_gateway.beside("told soon", ALONE_MS)
    assert 0.0 < span.lost_pct_of_all(measured.behind_gateway) <= LIMIT_PCT
    assert span.errors[BAD] >= 2
    assert sum(span.errors[unit] for unit in HEALTHY) == 0
    assert span.wrong == 0
