"""The aggregator's end of the link: tells the nodes that it reads, takes what they say, sends commands."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping

import aiomqtt

from host_tools.aggregator.fleet import Fleet, NodeKey
from islet.sync.link import HOST_TOPIC

UP_FILTER = "islet/+/+/up/#"
RETRY_MIN_S = 0.1
RETRY_MAX_S = 5.0
FLUSH_ROWS = 1000


class AggregatorLink:
    """Keeps a connection to the broker until `stop`; `up` is set while it reads."""

    def __init__(
        self, fleet: Fleet, port: int, host: str = "127.0.0.1", client_id: str = "islet-aggregator"
    ) -> None:
        self.fleet = fleet
        self.up = asyncio.Event()
        self.connects = 0
        self.failure = ""  # why the last try or session ended
        self._host = host
        self._port = port
        self._client_id = client_id
        self._client: aiomqtt.Client | None = None
        self._task: asyncio.Task[None] | None = None
        self._arrived = asyncio.Event()
        self._retry_s = RETRY_MIN_S

    async def start(self, timeout_s: float = 10.0) -> None:
        """Connect and subscribe; raises TimeoutError, with the reason, when no broker answers in time."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        try:
            async with asyncio.timeout(timeout_s):
                await self.up.wait()
        except TimeoutError:
            where = f"{self._host}:{self._port} ({self.failure or 'silence'})"
            raise TimeoutError(f"no MQTT broker answers at {where}") from None

    async def reconnect(self, timeout_s: float = 10.0) -> None:
        """Wait until a broken connection is back; raises TimeoutError."""
        self._retry_s = RETRY_MIN_S
        await self.start(timeout_s)

    async def stop(self) -> None:
        """Tell the nodes that nobody reads any more, and leave; what has arrived is written."""
        if self._client is not None and self.up.is_set():
            with contextlib.suppress(aiomqtt.MqttError):
                await self._client.publish(HOST_TOPIC.decode(), b"offline", qos=1, retain=True)
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        self.fleet.flush()

    async def _run(self) -> None:
        while True:
            try:
                await self._session()
            except aiomqtt.MqttError as error:
                self.failure = str(error)
            finally:
                self.up.clear()
                self._client = None
            await asyncio.sleep(self._retry_s)
            self._retry_s = min(2 * self._retry_s, RETRY_MAX_S)

    async def _session(self) -> None:
        topic = HOST_TOPIC.decode()
        will = aiomqtt.Will(topic, b"offline", qos=1, retain=True)
        client = aiomqtt.Client(
            self._host, self._port, identifier=self._client_id, will=will, clean_session=False, timeout=5
        )
        async with client:
            await client.subscribe(UP_FILTER, qos=1)
            await client.publish(topic, b"online", qos=1, retain=True)
            self._client = client
            self.connects += 1
            self._retry_s = RETRY_MIN_S
            self.up.set()
            async for message in client.messages:
                self._take(message)

    def _take(self, message: aiomqtt.Message) -> None:
        payload = message.payload
        self.fleet.ingest(str(message.topic), payload if isinstance(payload, bytes) else b"")
        self._arrived.set()

    async def drain(self, expected: Mapping[NodeKey, int], timeout_s: float) -> dict[NodeKey, int]:
        """Wait until each node's newest number is at least the expected one, then write to the store.

        expected holds each node's `Link.acknowledged`. Returns the newest numbers of those that are late.
        """
        missing = dict(expected)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                while missing := {k: n for k, n in missing.items() if self._newest(k) < n}:
                    self._arrived.clear()
                    await self._arrived.wait()
        self.fleet.flush()
        return {key: self._newest(key) for key in missing}

    def _newest(self, key: NodeKey) -> int:
        state = self.fleet.nodes.get(key)
        return state.seq if state else 0

    async def send(self, key: NodeKey, token: str) -> None:
        """Publish a command, acknowledged by the broker; raises aiomqtt.MqttError without a connection."""
        if self._client is None:
            raise aiomqtt.MqttError("not connected to the broker")
        await self._client.publish(f"islet/{key[0]}/{key[1]}/dn/cmd", token.encode(), qos=1)
