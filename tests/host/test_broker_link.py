"""Node to SQLite over real brokers: outages, restarts, commands, and whatever may come down the wire."""

from __future__ import annotations

import asyncio
import errno
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import EventRow, ReportRow, Store
from host_tools.broker import Broker
from host_tools.hil.publisher import SITE, T0_S, Publisher
from islet.sync.link import HOST_TOPIC

KINDS = ["amqtt", pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto"))]
ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 20.0
KEY = (SITE, "b01")


@pytest.fixture(params=KINDS)
def broker(request: pytest.FixtureRequest) -> Iterator[Broker]:
    """A running broker of each kind."""
    with Broker(kind=request.param) as running:
        yield running


@pytest.fixture
async def aggregator(broker: Broker) -> AsyncIterator[AggregatorLink]:
    """An aggregator that reads, its store in RAM."""
    store = Store()
    link = AggregatorLink(Fleet(store), broker.port)
    await link.start()
    yield link
    await link.stop()
    store.close()


async def _drained(aggregator: AggregatorLink, *nodes: Publisher) -> None:
    late = await aggregator.drain({(SITE, n.node): n.link.acknowledged for n in nodes}, LIMIT_S)
    assert late == {}


async def _until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(LIMIT_S):
        while not true():
            await asyncio.sleep(0.01)


def _arrivals(store: Store, node: str = "b01") -> list[ReportRow]:
    return store.all(select(ReportRow).where(ReportRow.node == node).order_by(ReportRow.id))


async def test_reports_and_events_reach_the_store_in_order(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """Live records are not flagged, and the fleet knows the newest."""
    node = Publisher("b01", broker.port, tmp_path / "b01")
    for _ in range(5):
        node.event()
        await node.step()
    await _drained(aggregator, node)
    rows = _arrivals(aggregator.fleet.store)
    assert [row.seq for row in rows] == [2, 4, 6, 8, 10]
    assert [row.bf for row in rows] == [0] * 5
    assert [row.grid_w for row in rows] == [101, 102, 103, 104, 105]
    assert len(aggregator.fleet.store.all(select(EventRow))) == 5
    state = aggregator.fleet.nodes[KEY]
    assert (state.online, state.boot, state.seq) == (True, 1, 10)
    assert state.age_s(node.now_s + 5) == 5
    assert not state.stale(node.now_s + 5)
    assert state.stale(node.now_s + 500)
    await node.link.close()


async def test_a_killed_broker_costs_no_report(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """Ten minutes without a broker: all reports once, in order, those of the gap flagged as backfilled."""
    nodes = [Publisher(f"b{i:02}", broker.port, tmp_path / str(i)) for i in range(1, 4)]
    for _ in range(3):
        await asyncio.gather(*(node.step() for node in nodes))
    broker.kill()  # before it may have delivered what it acknowledged
    for minute in range(10):
        for node in nodes:
            if minute % 3 == 0:
                node.event()
        await asyncio.gather(*(node.step() for node in nodes))
    assert [node.link.up for node in nodes] == [False] * 3
    broker.start()
    for node in nodes:  # nodes are back before the aggregator is
        await node.step()
    await aggregator.reconnect()
    for _ in range(3):
        await asyncio.gather(*(node.step() for node in nodes))
    await _drained(aggregator, *nodes)
    for node in nodes:
        assert node.outbox.empty()
        rows = _arrivals(aggregator.fleet.store, node.node)
        assert [row.t for row in rows] == [T0_S + 60 * m for m in range(1, 18)]
        gap = {T0_S + 60 * m for m in range(4, 14)}
        assert {row.t for row in rows if row.bf} >= gap
        assert rows[0].bf == 0
        assert rows[-1].bf == 0
    assert aggregator.fleet.store.missing() == {}
    assert aggregator.fleet.errors == {}
    await asyncio.gather(*(node.link.close() for node in nodes))


async def test_records_wait_for_the_aggregator(broker: Broker, tmp_path: Path) -> None:
    """A broker acknowledges what nobody reads; the node does not fall for it."""
    node = Publisher("b01", broker.port, tmp_path / "b01")
    await node.step()
    await node.step()
    assert node.link.up
    assert node.link.published == 0
    store = Store()
    aggregator = AggregatorLink(Fleet(store), broker.port)
    await aggregator.start()
    await node.link.receive(node.now_ms, 2000)
    await node.step()
    await _drained(aggregator, node)
    await aggregator.stop()
    await node.link.receive(node.now_ms, 2000)
    assert not node.link.host_online
    await node.step()
    assert not node.outbox.empty()
    await aggregator.start()
    await node.link.receive(node.now_ms, 2000)
    await node.step()
    await _drained(aggregator, node)
    assert [row.seq for row in _arrivals(store)] == [1, 2, 3, 4, 5]
    await node.link.close()
    await aggregator.stop()
    store.close()


async def test_a_node_that_restarts_in_a_gap_loses_nothing(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """The store carries the gap over; two boots are told apart."""
    node = Publisher("b01", broker.port, tmp_path / "b01")
    await node.step()
    await _drained(aggregator, node)
    broker.kill()
    for _ in range(4):
        await node.step()
    again = Publisher("b01", broker.port, tmp_path / "b01")
    again.minute = node.minute
    await again.step()
    broker.start()
    await aggregator.reconnect()
    await again.step()
    await _until(lambda: aggregator.fleet.nodes[KEY].boot == 2)
    await _drained(aggregator, again)
    rows = _arrivals(aggregator.fleet.store)
    assert [(row.boot, row.seq) for row in rows] == [(1, i) for i in range(1, 6)] + [(2, 1), (2, 2)]
    await node.link.close()
    await again.link.close()


async def test_a_command_arrives_and_is_answered_once(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """Signed by PyJWT, taken by the node; a copy, a forgery and noise are refused; answers are stored."""
    secret = bytes(range(32))
    desk = CommandDesk(aggregator.fleet.store, {KEY: secret})
    node = Publisher("b01", broker.port, tmp_path / "b01", secret)
    await node.step()
    seq, token = desk.issue_envelope(KEY, 4000, 2500.5, node.now_s, 900, "transformer")
    assert desk.unanswered() == [(SITE, "b01", seq)]
    forged = CommandDesk(Store(), {KEY: bytes(32)}).issue_envelope(KEY, 0, 0, node.now_s, 900, "x")[1]
    for text in (token, token, forged, "noise"):
        await aggregator.send(KEY, text)
    while node.link.received < 4:
        await node.link.receive(node.now_ms, 2000)
    assert node.inbox.leases["envelope"].value == {"import_w": 4000, "export_w": 2500.5}
    assert node.inbox.leases["envelope"].live(node.now_ms)
    await node.step()
    await _drained(aggregator, node)
    assert desk.answers() == {"accepted": 1, "replayed": 1, "bad_signature": 1, "malformed": 1}
    assert desk.unanswered() == []
    await node.link.close()


async def test_the_last_will_tells_that_a_node_is_gone(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """A cut connection is told by the broker, a goodbye is not."""
    node = Publisher("b01", broker.port, tmp_path / "b01")
    await node.step()
    await _drained(aggregator, node)
    assert aggregator.fleet.nodes[KEY].online
    await node.mqtt.close()
    await _until(lambda: not aggregator.fleet.nodes[KEY].online)


async def test_packet_numbers_survive_their_wrap(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path
) -> None:
    """MQTT's packet identifier has 16 bits and is never 0 (2.3.1)."""
    node = Publisher("b01", broker.port, tmp_path / "b01")
    await node.step()
    node.mqtt._packets.pid = 0xFFFC
    for _ in range(5):
        await node.step()
    await _drained(aggregator, node)
    assert node.link.failures == 0
    assert len(_arrivals(aggregator.fleet.store)) == 6
    await node.link.close()


@pytest.mark.needs("micropython")
async def test_the_same_link_on_micropython(
    aggregator: AggregatorLink, broker: Broker, tmp_path: Path, program: Callable[[str], str]
) -> None:
    """The unix port reports through a kill of the broker, and takes a command."""
    desk = CommandDesk(aggregator.fleet.store, {KEY: bytes(32)})
    search = [ROOT / folder for folder in ("firmware", "boards", "build/lib")]
    environment = {**os.environ, "MICROPYPATH": os.pathsep.join([*map(str, search), ".frozen"])}
    process = await asyncio.create_subprocess_exec(
        program("micropython"),
        "-X",
        "heapsize=400k",
        str(ROOT / "tests" / "host" / "link_node.py"),
        str(broker.port),
        str(tmp_path / "b01"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None

    async def ask(word: str) -> dict[str, int]:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(word.encode() + b"\n")
        line = await asyncio.wait_for(process.stdout.readline(), LIMIT_S)
        return dict(zip(("up", "acknowledged", "received", "accepted"), map(int, line.split()), strict=True))

    try:
        for _ in range(3):
            told = await ask("step")
        assert (told["up"], told["acknowledged"]) == (1, 3)
        assert await aggregator.drain({KEY: 3}, LIMIT_S) == {}
        _, token = desk.issue_envelope(KEY, 1, 2, T0_S + 180, 900, "transformer")
        await aggregator.send(KEY, token)
        await asyncio.sleep(0.1)
        told = await ask("step")
        assert (told["received"], told["accepted"]) == (1, 1)
        broker.kill()
        for _ in range(10):
            told = await ask("step")
        assert told["up"] == 0
        broker.start()
        await aggregator.reconnect()
        told = await ask("step")
        assert (told["up"], told["acknowledged"]) == (1, 15)
        assert await aggregator.drain({KEY: 15}, LIMIT_S) == {}
    finally:
        process.stdin.close()
        await asyncio.wait_for(process.wait(), LIMIT_S)
    rows = _arrivals(aggregator.fleet.store)
    assert [row.t for row in rows] == [T0_S + 60 * m for m in range(1, 16)]
    flags = [row.bf for row in rows]
    assert flags[:3] + flags[4:] == [0] * 3 + [1] * 10 + [0]  # the fourth: sent again if the broker lost it
    assert desk.answers() == {"accepted": 1}


def test_a_taken_port_is_said_by_its_number() -> None:
    """Both from a program and from the command line."""
    with Broker() as first:
        with pytest.raises(OSError, match=str(first.port)) as caught:
            Broker(first.port).start()
        assert caught.value.errno == errno.EADDRINUSE
        done = subprocess.run(
            [sys.executable, "-m", "host_tools.broker", "--port", str(first.port)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
    assert done.returncode == 2
    assert str(first.port) in done.stderr
    assert "Traceback" not in done.stderr


def test_the_broker_ends_with_its_parent() -> None:
    """A parent that dies leaves no broker behind."""
    broker = Broker()
    broker.start()
    process = broker._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(LIMIT_S) == 0
    broker.kill()


def test_the_host_topic_is_outside_what_nodes_publish() -> None:
    """No node can be mistaken for the aggregator by topic."""
    assert HOST_TOPIC.count(b"/") == 1
