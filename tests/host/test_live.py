"""The live page over a real server: what it sends, whom it refuses, and what a browser makes of it."""

import asyncio
import http.client
import json
import math
from collections.abc import AsyncIterator, Callable
from typing import Any

import numpy as np
import pytest
import pytest_asyncio
from browser import look

from host_tools.dashboard.live import LiveServer, LiveState, serve
from host_tools.errors import InputError


def step(t_s: float, **more: Any) -> dict[str, Any]:
    """Return a made-up step of two buildings."""
    homes = [
        {"id": "b01", "state": "ISLAND", "grid_w": 0.0, "soc_pu": 0.8, "shed": 1, "why": "autonomy"},
        {"id": "b02", "state": "GRID", "grid_w": 1234.4, "soc_pu": 0.6, "shed": 0, "why": "self_consume"},
    ]
    clock = f"{int(t_s) // 3600:02d}:{int(t_s) // 60 % 60:02d}:{int(t_s) % 60:02d}"
    return {
        "t_s": t_s, "clock": clock, "speed": 900.0, "phase": "outage", "transformer_va": 41_000.0,
        "load_w": 30_000.0, "pv_w": 4_000.0, "battery_w": 9_000.0, "grid_w": 17_000.0,
        "transformer_rated_va": 100_000.0, "buildings": homes, **more,
    }  # fmt: skip


EVENT = {"clock": "18:30:00.100", "node": "b01", "from": "GRID", "to": "OPENING", "why": "undervoltage"}


@pytest_asyncio.fixture
async def running() -> AsyncIterator[tuple[LiveState, LiveServer]]:
    """A server on a free port."""
    live = LiveState()
    server = await serve(live, port=0)
    yield live, server
    await server.stop()


def ask(
    server: LiveServer, path: str, method: str = "GET", host: str | None = None
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of one request."""
    port = int(server.url.rstrip("/").rpartition(":")[2])
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request(method, path, headers={"Host": host or f"127.0.0.1:{port}"})
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, {key.lower(): value for key, value in answer.getheaders()}, body


async def test_page_and_files_under_a_strict_policy(running: tuple[LiveState, LiveServer]) -> None:
    """Everything the page names is served here, and nothing else may load."""
    for path, kind in (
        ("/", "text/html"),
        ("/live.js", "javascript"),
        ("/live.css", "css"),
        ("/style.css", "css"),
    ):
        status, headers, body = await asyncio.to_thread(ask, running[1], path)
        assert (status, kind in headers["content-type"]) == (200, True)
        assert headers["content-security-policy"].startswith("default-src 'none'; script-src 'self'")
        assert headers["x-content-type-options"] == "nosniff"
        assert "https://" not in body


@pytest.mark.parametrize(
    ("path", "method", "host", "status"),
    [
        ("/", "POST", None, 405),
        ("/stream", "DELETE", None, 405),
        ("/", "GET", "attacker.example", 400),  # a foreign name that was made to point here
        ("/stream", "GET", "127.0.0.1.attacker.example", 400),
        ("/../results.py", "GET", None, 404),
        ("/", "GET", "localhost:8080", 200),
    ],
)
async def test_who_is_refused(
    running: tuple[LiveState, LiveServer], path: str, method: str, host: str | None, status: int
) -> None:
    """Only GET, only known paths, only this computer's own names; refusals carry the policy too."""
    got, headers, _ = await asyncio.to_thread(ask, running[1], path, method, host)
    assert got == status
    assert "content-security-policy" in headers


async def test_stream_sends_all_then_changes_then_the_end(running: tuple[LiveState, LiveServer]) -> None:
    """A late browser gets the whole curve first, later only what is new."""
    live, server = running
    for minute in range(3):
        live.update(step(60.0 * minute))
    port = int(server.url.rstrip("/").rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /stream HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    first = await _event(reader)
    live.update(step(180.0, events=[EVENT], load_w=np.float64(math.nan)))
    live.update(step(181.0))
    second = await _event(reader)
    live.close()
    third = await _event(reader)
    writer.close()
    assert (first[0], [point[0] for point in first[1]["points"]]) == ("all", [0.0, 60.0, 120.0])
    assert (second[0], second[1]["now"]["t_s"], second[1]["events"]) == ("step", 181.0, [EVENT])
    assert second[1]["points"] == [[180.0, 41_000.0, None, 4_000.0, 9_000.0, 17_000.0]]
    assert third == ("end", {})


async def test_taken_port_is_told_before_the_run(running: tuple[LiveState, LiveServer]) -> None:
    """The message names the port and the cure."""
    port = int(running[1].url.rstrip("/").rpartition(":")[2])
    with pytest.raises(InputError, match=f"127.0.0.1:{port}.*another port"):
        await serve(LiveState(), port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org"])
async def test_foreign_address_is_refused(host: str) -> None:
    """The page is for this computer."""
    with pytest.raises(InputError, match="this computer only"):
        await serve(LiveState(), host=host, port=0)


async def test_old_points_and_events_are_dropped() -> None:
    """Memory is bounded whatever the length of the run."""
    live = LiveState(minutes=5, events=3)
    for minute in range(50):
        live.update(step(60.0 * minute, events=[EVENT]))
    assert (len(live.since(0, 0)["points"]), len(live.since(0, 0)["events"])) == (5, 3)
    assert live.since(49, 50) == {"now": live.now, "points": [list(live.points[-1])], "events": []}


@pytest.mark.needs("chromium")
async def test_browser_shows_the_run(
    running: tuple[LiveState, LiveServer], program: Callable[[str], str]
) -> None:
    """Headless Chromium runs the page's script under its policy: tiles, homes, curve and events stand."""
    live, server = running
    for minute in range(90):
        live.update(step(17 * 3600 + 60.0 * minute, events=[EVENT] if minute == 80 else []))
    live.close()
    dom = await asyncio.to_thread(look, program("chromium"), server.url)
    assert 'data-points="90"' in dom
    for words in ("18:29:00", "41.0 kVA", "70 %", "1,234 W", "80 % · autonomy · shed 1", "undervoltage"):
        assert words in dom
    assert dom.count("<path") == 5


async def _event(reader: asyncio.StreamReader) -> tuple[str, dict[str, Any]]:
    """Return name and data of the next server-sent event."""
    name = ""
    while True:
        line = (await asyncio.wait_for(reader.readline(), 10)).decode().strip()
        if line.startswith("event: "):
            name = line[7:]
        if line.startswith("data: "):
            return name, json.loads(line[6:])
