"""A node's flash, its line to the simulator and its broker, all in RAM; nothing here ever waits."""

import errno
from collections.abc import Callable
from typing import Any

Callback = Callable[[bytes, bytes], None]


class RamStore:
    """As hal.store.Store: whole files replaced at once, others only appended to; outlives a power cut."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = dict(files)

    def load(self, name: str) -> bytes:
        """Return the whole content; ENOENT for a missing name."""
        if name not in self.files:
            raise OSError(errno.ENOENT, name)
        return self.files[name]

    def save(self, name: str, data: bytes) -> None:
        """Replace the content."""
        self.files[name] = bytes(data)

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace the content."""
        self.files[name] = bytes(data)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end, making the file if missing."""
        self.files[name] = self.files.get(name, b"") + bytes(data)

    def read_at(self, name: str, offset: int, n: int) -> bytes:
        """Return up to n bytes from offset."""
        return self.load(name)[offset : offset + n]

    def size(self, name: str) -> int:
        """Return the length in bytes."""
        return len(self.load(name))

    def remove(self, name: str) -> None:
        """Delete the file."""
        self.load(name)
        del self.files[name]

    def names(self) -> list[str]:
        """Return the names of all files."""
        return list(self.files)


class MemoryLink:
    """The simulator's frames for hal.sim.Rig, and what it answered last."""

    def __init__(self) -> None:
        self._frame = b""
        self._at = 0
        self.answer = b""

    def put(self, frame: bytes) -> None:
        """Hand over one whole frame."""
        self._frame, self._at = frame, 0

    def fill(self, buffer: bytearray, size: int) -> None:
        """Move the next bytes of the frame; OSError beyond its end."""
        part = self._frame[self._at : self._at + size]
        if len(part) < size:
            raise OSError(errno.EIO, "the frame is too short")
        buffer[:size] = part
        self._at += size

    def waiting(self) -> bool:
        """Return whether a frame is there."""
        return self._at < len(self._frame)

    def write(self, data: bytes) -> None:
        """Take the answer."""
        self.answer = bytes(data)


class MemoryBroker:
    """One node's broker: `sent` keeps what the node published, `send` brings it a message; it may be down."""

    def __init__(self) -> None:
        self.up = True
        self.sent: list[tuple[bytes, bytes]] = []
        self._waiting: list[tuple[bytes, bytes]] = []

    def send(self, topic: bytes, payload: bytes) -> None:
        """Queue a message for the node, which takes it when it next looks."""
        self._waiting.append((topic, payload))

    def take(self) -> tuple[bytes, bytes] | None:
        """Return the next message for the node."""
        return self._waiting.pop(0) if self._waiting else None


class MemoryMqtt:
    """As hal.mqtt.MqttClient, at a MemoryBroker: ECONNREFUSED while that is down."""

    keepalive_s = 0

    def __init__(self, broker: MemoryBroker, present: tuple[bytes, bytes]) -> None:
        """`present` is the topic and payload retained there."""
        self._broker = broker
        self._present = present
        self._callback: Callback = lambda _topic, _payload: None

    def set_callback(self, callback: Callback) -> None:
        """callback(topic, payload) gets every message."""
        self._callback = callback

    def set_last_will(self, _topic: bytes, _payload: bytes) -> None:
        """Nobody hears it."""

    def _reach(self) -> None:
        if not self._broker.up:
            raise OSError(errno.ECONNREFUSED, "the broker is down")

    async def connect(self) -> None:
        """Connect."""
        self._reach()

    async def subscribe(self, topic: bytes) -> None:
        """Subscribe; what is retained comes at once."""
        self._reach()
        if topic == self._present[0]:
            self._callback(*self._present)

    async def publish(self, topic: bytes, payload: bytes) -> None:
        """Publish, acknowledged."""
        self._reach()
        self._broker.sent.append((bytes(topic), bytes(payload)))

    async def check(self) -> bool:
        """Handle one message, if there is one."""
        self._reach()
        message = self._broker.take()
        if message:
            self._callback(*message)
        return message is not None

    async def wait(self, _timeout_ms: int) -> bool:
        """As check: nothing comes later."""
        return await self.check()

    async def ping(self) -> None:
        """Tell that we are alive."""
        self._reach()

    async def flush(self) -> None:
        """Nothing is gathered here."""
        self._reach()

    async def disconnect(self) -> None:
        """Leave."""

    async def close(self) -> None:
        """Leave without a word."""


def complete(work: Any) -> None:
    """Run a coroutine that never waits to its end; RuntimeError when it does wait."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise RuntimeError("something in a rig without time has waited")
