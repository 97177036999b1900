"""Messages, fleet and store without a network: what is refused, what is kept once, what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.messages import MAX_PAYLOAD, Report, WireError, parse
from host_tools.aggregator.store import AckRow, EventRow, ReportRow, Store

TOPIC = "islet/f1/b01/up/"


def _report(**changes: Any) -> dict[str, Any]:
    report: dict[str, Any] = {
        "v": 1,
        "t": 1_700_000_000,
        "seq": 1,
        "boot": 1,
        "grid_w": 1200,
        "pv_w": 0,
        "battery_w": -500,
        "ev_w": 0,
        "chp_w": 0,
        "load_w": 700,
        "residual_w": None,
        "soc_pu": 0.5,
        "grid_v": 231.2,
        "grid_hz": 49.98,
        "bus_v": 231.2,
        "state": "GRID",
        "why": "plan",
        "pv_why": "none",
        "shed_why": "none",
        "held_why": "none",
        "ev_why": "none",
        "genset_why": "none",
        "fault": "none",
        "shed": 0,
        "import_wh": 1,
        "export_wh": 2,
        "checks": ["ct_reversed load_i"],
        "circuits": {"kitchen": [812, 1234, 0]},
        "next_w": None,
        "autonomy_h": None,
        "bf": 0,
        "q": {"residual_w": "stale"},
    }
    return report | changes


def _encoded(**changes: Any) -> bytes:
    return json.dumps(_report(**changes)).encode()


def test_a_good_report_is_taken_with_its_nulls() -> None:
    """The numbers come out as they went in."""
    key, message = parse(TOPIC + "report", _encoded())
    assert key == ("f1", "b01")
    assert isinstance(message, Report)
    assert (message.grid_w, message.residual_w, message.q) == (1200, None, {"residual_w": "stale"})


@pytest.mark.parametrize(
    "topic",
    [
        "islet/f1/b01/up/other",
        "islet/f1/b01/dn/cmd",
        "islet/f1/b01/up/report/x",
        "islet/f1/up/report",
        "islet//b01/up/report",
        "islet/f1/b 1/up/report",
        "islet/f1/b01/up/report\n",
        "",
        "islet/" + "f" * 65 + "/b01/up/report",
    ],
)
def test_other_topics_are_refused(topic: str) -> None:
    """Only the four kinds, and only plain words."""
    with pytest.raises(WireError) as caught:
        parse(topic, _encoded())
    assert caught.value.reason == "topic"


@pytest.mark.parametrize(
    "changes",
    [
        {"v": 2},
        {"v": True},
        {"t": -1},
        {"t": 1.5},
        {"t": "1700000000"},
        {"seq": -1},
        {"seq": 1 << 60},
        {"boot": 0},
        {"grid_w": "1200"},
        {"grid_w": 1e9},
        {"grid_w": True},
        {"grid_v": -1},
        {"soc_pu": 2},
        {"state": "grid"},
        {"why": "x" * 33},
        {"shed": 17},
        {"bf": 2},
        {"q": {}},
        {"q": {"residual_w": "ok"}},
        {"q": {"residual_w": "stale", "grid_w": "stale"}},
        {"pv_w": None},
        {"more": 1},
    ],
)
def test_reports_outside_the_model_are_refused(changes: dict[str, Any]) -> None:
    """Types, bounds, unknown members, and nulls without a reason."""
    with pytest.raises(WireError) as caught:
        parse(TOPIC + "report", _encoded(**changes))
    assert caught.value.reason == "schema"


@pytest.mark.parametrize(
    "payload",
    [b"", b"{", b"[]", b"null", b"\xff\xfe", b"[" * 1000, _encoded().replace(b"1200", b"NaN")],
)
def test_payloads_that_are_no_report_are_refused(payload: bytes) -> None:
    """Broken JSON and other JSON alike."""
    with pytest.raises(WireError, match="schema"):
        parse(TOPIC + "report", payload)


def test_a_long_payload_is_refused_unread() -> None:
    """The bound is the node's own."""
    with pytest.raises(WireError, match="size"):
        parse(TOPIC + "report", b" " * (MAX_PAYLOAD + 1))


def test_the_fleet_counts_what_it_refuses_and_keeps_the_rest() -> None:
    """One bad message does not spoil the batch."""
    fleet = Fleet(Store())
    assert fleet.ingest(TOPIC + "report", _encoded()) is not None
    assert fleet.ingest(TOPIC + "report", b"{") is None
    assert fleet.ingest("islet/x", b"{}") is None
    assert fleet.ingest(TOPIC + "report", b" " * (MAX_PAYLOAD + 1)) is None
    assert fleet.errors == {"schema": 1, "topic": 1, "size": 1}
    assert fleet.flush() == 1
    assert fleet.flush() == 0


def test_a_backfilled_report_does_not_pass_for_the_newest() -> None:
    """The newest is told by the node's clock."""
    fleet = Fleet(Store())
    fleet.ingest(TOPIC + "report", _encoded(seq=5, t=1_700_000_300))
    fleet.ingest(TOPIC + "report", _encoded(seq=2, t=1_700_000_060, bf=1))
    state = fleet.nodes[("f1", "b01")]
    assert state.report is not None
    assert state.report.seq == 5
    assert state.age_s(1_700_000_310) == 10


def test_a_late_last_will_of_an_earlier_boot_does_not_put_a_node_offline_for_good() -> None:
    """A birth of this boot puts it online, an old boot's birth does not."""
    fleet = Fleet(Store())
    fleet.ingest(TOPIC + "report", _encoded(boot=2))
    birth = {"v": 1, "t": 0, "boot": 1, "online": 1, "version": "0.1.0", "lost": 3, "forgot": []}
    state = fleet.ingest(TOPIC + "birth", json.dumps(birth).encode())
    assert state is not None
    assert (state.online, state.lost) == (False, 3)
    fleet.ingest(TOPIC + "birth", json.dumps(birth | {"boot": 2}).encode())
    assert state.online


def test_twins_are_stored_once_and_counted(tmp_path: Path) -> None:
    """QoS 1 may deliver twice; the first stays, whatever the flag of the second."""
    store = Store(tmp_path / "islet.sqlite")
    fleet = Fleet(store)
    for changes in ({"seq": 1}, {"seq": 2}, {"seq": 1, "bf": 1}, {"seq": 2}, {"seq": 3}):
        fleet.ingest(TOPIC + "report", _encoded(**changes))
    assert fleet.flush() == 3
    fleet.ingest(TOPIC + "report", _encoded(seq=3, bf=1))
    assert fleet.flush() == 0
    assert fleet.duplicates == 3
    rows = store.all(select(ReportRow).order_by(ReportRow.id))
    assert [(row.seq, row.bf) for row in rows] == [(1, 0), (2, 0), (3, 0)]
    store.close()


def test_a_node_whose_memory_was_erased_is_not_taken_for_its_own_twin() -> None:
    """The same boot and number at another time is another report."""
    fleet = Fleet(Store())
    fleet.ingest(TOPIC + "report", _encoded(t=1_700_000_000))
    fleet.ingest(TOPIC + "report", _encoded(t=1_700_009_000))
    assert fleet.flush() == 2


def test_numbers_that_never_came_are_found() -> None:
    """Reports and events share one count a boot."""
    fleet = Fleet(Store())
    event = {"v": 1, "t": 5, "seq": 2, "boot": 1, "from": "GRID", "to": "OPENING", "why": "undervoltage"}
    fleet.ingest(TOPIC + "report", _encoded(seq=1))
    fleet.ingest(TOPIC + "event", json.dumps(event).encode())
    fleet.ingest(TOPIC + "report", _encoded(seq=3))
    fleet.flush()
    assert fleet.store.missing() == {}
    fleet.ingest(TOPIC + "report", _encoded(seq=6))
    fleet.ingest(TOPIC + "report", _encoded(seq=1, boot=2))
    fleet.flush()
    assert fleet.store.missing() == {("f1", "b01", 1): 2}
    stored = fleet.store.all(select(EventRow))[0]
    assert (stored.was, stored.to, stored.why) == ("GRID", "OPENING", "undervoltage")


def test_answers_are_stored() -> None:
    """With the number of their command."""
    fleet = Fleet(Store())
    fleet.ingest(TOPIC + "ack", b'{"v":1,"t":5,"seq":77,"boot":1,"answer":"expired"}')
    fleet.ingest(TOPIC + "ack", b'{"v":1,"t":5,"seq":77,"boot":1,"answer":"perhaps"}')
    fleet.flush()
    assert [(row.seq, row.answer) for row in fleet.store.all(select(AckRow))] == [(77, "expired")]
    assert fleet.errors == {"schema": 1}


def test_the_file_is_in_wal_mode_and_outlives_the_process(tmp_path: Path) -> None:
    """Written by one store, read by the next."""
    path = tmp_path / "islet.sqlite"
    first = Store(path)
    with first.engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA synchronous")).scalar() == 1
    fleet = Fleet(first)
    fleet.ingest(TOPIC + "report", _encoded())
    fleet.flush()
    first.close()
    second = Store(path)
    assert len(second.all(select(ReportRow))) == 1
    second.close()
