"""MQTT 3.1.1 for one node: umqtt.simple makes and parses the packets; every wait is here, and bounded.

umqtt.simple alone blocks without a deadline and writes a packet in small pieces. It gets a `Pipe` for its
socket, which gathers what it writes, and hands it only packets that have come in whole.
"""

import asyncio
import errno

from umqtt import simple

from hal.mqtt_pipe import Pipe, Starved, packet_bytes

MAX_PACKET = 2048  # bytes of an incoming packet
POLL_S = 0.001
_CHUNK = 512
_PUBLISH = 0x30
_CONNACK = 0x20
_PUBACK = 0x40
_SUBACK = 0x90
_PINGRESP = 0xD0


def _number(error: OSError) -> int:
    """Return the error number; CPython keeps that of OSError(number) in args only."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else errno.EIO


async def _within(work, timeout_s: float):
    """Await work; OSError(ETIMEDOUT) when it takes longer."""
    try:
        return await asyncio.wait_for(work, timeout_s)
    except asyncio.TimeoutError:  # noqa: UP041 - MicroPython has no built-in TimeoutError
        raise OSError(errno.ETIMEDOUT) from None


class MqttClient:
    """A clean session at a broker. All that goes wrong is an OSError and has closed the connection."""

    def __init__(
        self,
        host: str,
        port: int,
        client_id: str,
        keepalive_s: int = 0,
        timeout_s: float = 5.0,
        max_packet: int = MAX_PACKET,
    ) -> None:
        """timeout_s bounds each operation in real time; keepalive_s > 0 needs a ping that often."""
        self._host = host
        self._port = port
        self.keepalive_s = keepalive_s
        self._timeout_s = timeout_s
        self._max_packet = max_packet
        self._pipe = Pipe()
        self._packets = simple.MQTTClient(client_id.encode(), host, port, keepalive=keepalive_s)
        self._in = bytearray()
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    def set_callback(self, callback) -> None:
        """callback(topic: bytes, payload: bytes) gets every message, while an operation here is awaited."""
        self._packets.set_callback(callback)

    def set_last_will(self, topic: bytes, payload: bytes) -> None:
        """Set what the broker publishes if this client vanishes."""
        self._packets.set_last_will(topic, payload, qos=1)

    async def connect(self) -> None:
        """Connect and wait for the broker's yes."""
        await self.close()
        await self._bounded(self._connect(), self._timeout_s)

    async def subscribe(self, topic: bytes) -> None:
        """Subscribe with QoS 1, acknowledged."""
        if len(topic) > 120:  # umqtt.simple writes a one-byte length
            raise OSError(errno.EINVAL)
        await self._bounded(self._subscribe(topic), self._timeout_s)

    async def publish(self, topic: bytes, payload: bytes) -> None:
        """Publish with QoS 1; returns when the broker has acknowledged."""
        await self._bounded(self._publish(topic, payload), self._timeout_s)

    async def check(self) -> bool:
        """Handle one pending packet, if there is one; return whether there was."""
        return await self.wait(0)

    async def wait(self, timeout_ms: int) -> bool:
        """Handle one packet, waiting up to timeout_ms for it; return whether there was one."""
        if not packet_bytes(self._in, self._max_packet) and not await self._arrived(timeout_ms):
            return False
        await self._bounded(self._handle(), self._timeout_s)
        return True

    async def ping(self) -> None:
        """Tell the broker we are alive; its answer is taken by the next check."""
        self._packets.ping()
        await self.flush()

    async def flush(self) -> None:
        """Send what is gathered: acknowledgements wait for the next packet, so that both go in one write."""
        await self._bounded(self._flush(), self._timeout_s)

    async def disconnect(self) -> None:
        """Say goodbye and close; never raises OSError."""
        if self._writer is not None:
            try:
                self._pipe.write(b"\xe0\0")
                await self.flush()
            except OSError:
                return  # the other side has gone first
        await self.close()

    async def close(self) -> None:
        """Close without a goodbye; never raises OSError."""
        writer, self._writer, self._reader = self._writer, None, None
        self._in = bytearray()
        if writer is None:
            return
        try:
            writer.close()
            await _within(writer.wait_closed(), 1)
        except OSError:
            return  # it is gone either way

    async def _bounded(self, work, timeout_s: float):
        """Await work; turn every failure into an OSError after closing."""
        try:
            return await _within(work, timeout_s)
        except OSError as error:
            number = _number(error)
        except (AssertionError, IndexError, simple.MQTTException, Starved):
            number = errno.EIO  # not MQTT, or not what we asked for
        await self.close()
        raise OSError(number)

    def _made(self, make, *arguments) -> None:
        """Let umqtt.simple write a packet, up to where it wants to read the answer."""
        try:
            make(*arguments)
        except Starved:
            return

    async def _connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        self._packets.pid = 0
        original, simple.socket = simple.socket, self._pipe
        try:
            self._made(self._packets.connect)
        finally:
            simple.socket = original
        await self._flush()
        packet = await self._packet()
        if len(packet) != 4 or packet[0] != _CONNACK:
            raise OSError(errno.EIO)
        if packet[3]:
            raise OSError(errno.EACCES)

    async def _subscribe(self, topic: bytes) -> None:
        self._made(self._packets.subscribe, topic, 1)
        packet = await self._answer(_SUBACK)
        if packet[-1] & 0x80:
            raise OSError(errno.EACCES)

    async def _publish(self, topic: bytes, payload: bytes) -> None:
        if self._packets.pid >= 0xFFFE:
            self._packets.pid = 0  # umqtt.simple counts on, past its 16 bits
        self._made(self._packets.publish, topic, payload, False, 1)
        await self._answer(_PUBACK)

    async def _answer(self, kind: int) -> bytes:
        """Send what is gathered and handle packets until the answer to it comes."""
        await self._flush()
        while True:
            packet = await self._handle()
            if packet[0] == kind and packet[2] << 8 | packet[3] == self._packets.pid:
                return packet

    async def _handle(self) -> bytes:
        """Take the next packet; messages go to the callback, and their acknowledgement is gathered."""
        packet = await self._packet()
        kind = packet[0] & 0xF0
        if kind == _PUBLISH:
            self._pipe.feed(packet)
            try:
                self._packets.wait_msg()
            finally:
                self._pipe.feed(b"")
        elif kind not in (_PUBACK, _SUBACK, _PINGRESP):
            raise OSError(errno.EIO)
        return packet

    async def _packet(self) -> bytes:
        size = packet_bytes(self._in, self._max_packet)
        while not size or len(self._in) < size:
            await self._fill()
            size = packet_bytes(self._in, self._max_packet)
        packet = bytes(memoryview(self._in)[:size])
        self._in = self._in[size:]
        return packet

    async def _fill(self) -> None:
        if self._reader is None:
            raise OSError(errno.ENOTCONN)
        data = await self._reader.read(_CHUNK)
        if not data:
            raise OSError(errno.ECONNRESET)
        self._in.extend(data)

    async def _arrived(self, timeout_ms: int) -> bool:
        """Return whether anything came within timeout_ms, at least POLL_S."""
        try:
            await _within(self._fill(), max(POLL_S, timeout_ms / 1000))
            return True
        except OSError as error:
            if _number(error) == errno.ETIMEDOUT:
                return False
            await self.close()
            raise

    async def _flush(self) -> None:
        if self._writer is None:
            raise OSError(errno.ENOTCONN)
        if self._pipe.out:
            data = bytes(self._pipe.out)
            self._pipe.out = bytearray()
            self._writer.write(data)
            await self._writer.drain()
