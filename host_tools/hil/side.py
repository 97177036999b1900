"""Servers beside a rig: an event loop in a thread of its own, and a listener whose connections end with it."""

import asyncio
import errno
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from typing import Any

_LONGEST_S = 10.0

Run = Callable[[Coroutine[Any, Any, Any]], Any]


@contextmanager
def side_loop() -> Iterator[Run]:
    """Yield what runs a coroutine on a loop of its own and returns its result; the loop ends with the context."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield lambda coroutine: asyncio.run_coroutine_threadsafe(coroutine, loop).result(_LONGEST_S)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_LONGEST_S)
        loop.close()


class Listener:
    """A TCP server on loopback; a subclass says how it serves a connection, and may be ended in the midst of it."""

    def __init__(self) -> None:
        self._listening: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> int:
        """Listen and return the port."""
        self._listening = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self.port

    @property
    def port(self) -> int:
        """The port listened on; OSError before start."""
        if not self._listening:
            raise OSError(errno.ENOTCONN, "not started")
        return int(self._listening.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._listening:
            self._listening.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self.serve(reader, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends; the writer is closed afterwards."""
