"""The live page: what the run looks like now, sent to browsers on this computer as server-sent events."""

import asyncio
import contextlib
import ipaddress
import json
import socket
from collections import deque
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from host_tools.dashboard.results import plain
from host_tools.errors import InputError

STATIC = Path(__file__).parent / "static"
FILES = {"/": "live.html", "/live.js": "live.js", "/live.css": "live.css", "/style.css": "style.css"}
CURVES = ("transformer_va", "load_w", "pv_w", "battery_w", "grid_w")
REFRESH_S = 0.25  # the pace of the page, whatever the pace of the run
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class LiveState:
    """What the page shows; the run calls `update` each step, browsers read at their own pace."""

    def __init__(self, minutes: int = 1500, events: int = 200) -> None:
        """Keep so many minutes of curves and so many last events."""
        self.now: dict[str, Any] = {}
        self.version = 0
        self.closed = False
        self.points: deque[list[float | None]] = deque(maxlen=minutes)
        self.events: deque[dict[str, Any]] = deque(maxlen=events)
        self.event_count = 0
        self.point_count = 0

    def update(self, step: dict[str, Any]) -> None:
        """Take a step: t_s, clock, speed, phase, CURVES (None: unknown), buildings and new events.

        A building is {id, state, grid_w, soc_pu, shed, why}, an event {clock, node, from, to, why}.
        """
        new = step.get("events", [])
        self.events.extend(new)
        self.event_count += len(new)
        self.now = {key: value for key, value in step.items() if key != "events"}
        t_s = float(step["t_s"])
        if not self.points or t_s - float(self.points[-1][0] or 0.0) >= 60.0:
            self.points.append([t_s, *(step.get(name) for name in CURVES)])
            self.point_count += 1
        self.version += 1

    def since(self, points: int, events: int) -> dict[str, Any]:
        """Return the state with only those points and events that came after so many."""
        return {
            "now": self.now,
            "points": _last(self.points, self.point_count - points),
            "events": _last(self.events, self.event_count - events),
        }

    def close(self) -> None:
        """Tell all browsers that the run is over."""
        self.closed = True


def application(live: LiveState) -> Starlette:
    """Return the web application: a page, its files and the stream; GET only, Host checked."""
    routes = [Route(path, _file(name), methods=["GET"]) for path, name in FILES.items()]

    async def stream(request: Request) -> StreamingResponse:
        return StreamingResponse(_stream(live), media_type="text/event-stream")

    routes.append(Route("/stream", stream, methods=["GET"]))
    guards = [
        Middleware(_Headers),
        Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"]),
    ]
    return Starlette(routes=routes, middleware=guards)


class LiveServer:
    """A running server; `stop` ends it."""

    def __init__(self, live: LiveState, server: uvicorn.Server, task: asyncio.Task[None], url: str) -> None:
        self.url = url
        self._live = live
        self._server = server
        self._task = task

    async def stop(self) -> None:
        """Close all streams and the port."""
        self._live.close()
        self._server.should_exit = True
        await self._task


async def serve(live: LiveState, host: str = "127.0.0.1", port: int = 8080) -> LiveServer:
    """Start to serve in this event loop (port 0: any free); InputError for a taken port or a foreign host."""
    listener = _listen(host, port)
    config = uvicorn.Config(
        application(live), log_level="warning", access_log=False, lifespan="off", timeout_graceful_shutdown=2
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not task.done():
        await asyncio.sleep(0.01)
    return LiveServer(live, server, task, f"http://{host}:{listener.getsockname()[1]}/")


class _Server(uvicorn.Server):
    """The signals belong to the run."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _Headers:
    """Adds the security headers to every answer, refusals included."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, with_headers)


def _listen(host: str, port: int) -> socket.socket:
    if host != "localhost" and not _is_loopback(host):
        raise InputError(f"the live page is served on this computer only, not on {host}; take 127.0.0.1")
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except OSError as error:
        listener.close()
        raise InputError(
            f"cannot serve the live page on {host}:{port} ({error.strerror}); choose another port"
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False


def _file(name: str) -> Any:
    async def answer(request: Request) -> Response:
        return FileResponse(STATIC / name)

    return answer


async def _stream(live: LiveState) -> AsyncIterator[str]:
    """Yield events until the run closes: first all there is, then what changed."""
    version = points = events = -1
    while True:
        if live.version != version:
            whole = version < 0
            body = live.since(0 if whole else points, 0 if whole else events)
            version, points, events = live.version, live.point_count, live.event_count
            yield f"event: {'all' if whole else 'step'}\ndata: {json.dumps(plain(body), allow_nan=False)}\n\n"
        if live.closed:
            yield "event: end\ndata: {}\n\n"
            return
        await asyncio.sleep(REFRESH_S)


def _last(items: deque[Any], count: int) -> list[Any]:
    return list(items)[-count:] if count > 0 else []
