"""The link to the aggregator: a broken one is a state, not an error, and nothing waits for it."""

from islet.base.clock import add_ms, elapsed_ms
from islet.sync.report import BACKFILLED, BIRTH, KIND_NAMES, LIVE, REPORT

HOST_TOPIC = b"islet/host"  # retained by the aggregator: b"online", or its last will b"offline"
BACKOFF_MIN_MS = 1000
BACKOFF_MAX_MS = 60_000
PUBLISH_MAX = 64  # messages a round
RECEIVE_MAX = 16
RECENT_MAX = 4  # sent again after a break: a broker may die between acknowledging and delivering
HOST_WAIT_MS = 5000  # real time, once a connection: the broker tells at once whether the aggregator is there


def _backfilled(record) -> bytes:
    """Return the payload of a record that comes late, a report with its flag set."""
    return record.payload.replace(LIVE, BACKFILLED, 1) if record.kind == REPORT else record.payload


class Link:
    """Carries the outbox out and commands in, over `mqtt` (hal.mqtt.MqttClient).

    Records leave only while the aggregator says that it is there: a broker acknowledges what nobody reads.
    A retained command cannot be told from a fresh one; its number and its end decide (see sync/command.py).
    """

    def __init__(self, mqtt, outbox, inbox, settings, random, reports) -> None:
        """inbox(payload, now_ms, epoch_s) takes commands; random.random() spreads reconnects."""
        base = f"islet/{settings.site}/{settings.node}/"
        self._mqtt = mqtt
        self._outbox = outbox
        self._inbox = inbox
        self._random = random
        self._reports = reports
        self._command_topic = (base + "dn/cmd").encode()
        self._topics = [(base + "up/" + kind).encode() for kind in KIND_NAMES]
        self._now_ms = 0
        self._epoch_s = 0
        self._spoke_ms = 0
        self._retry_ms = -1  # tick of the next try, -1 for at once
        self._tries = 0
        self._born = False
        self._recent: list = []
        self.up = False  # connected to the broker
        self.host_online = False  # the aggregator reads
        self.connects = 0
        self.failures = 0
        self.received = 0  # commands, whatever became of them
        self.published = 0  # acknowledged by the broker: outbox records and births
        self.acknowledged = 0  # seq of the newest report or event of this boot acknowledged by the broker
        mqtt.set_callback(self._message)
        mqtt.set_last_will(self._topics[BIRTH], reports.death())

    def _message(self, topic: bytes, payload: bytes) -> None:
        if topic == HOST_TOPIC:
            self.host_online = payload == b"online"
            self._born = self._born and self.host_online
        elif topic == self._command_topic:
            self.received += 1
            self._inbox(payload, self._now_ms, self._epoch_s)

    def idle(self) -> bool:
        """Return whether the link is up and nothing waits to be sent."""
        return self.up and self.host_online and self._outbox.empty()

    async def exchange(self, now_ms: int, epoch_s: int) -> None:
        """One round: connect if due, take what came, send what waits, store the rest. Raises no OSError."""
        self._now_ms, self._epoch_s = now_ms, epoch_s
        if not self.up and (self._retry_ms < 0 or elapsed_ms(now_ms, self._retry_ms) >= 0):
            await self._attempt(self._connect)
        if self.up:
            await self._attempt(self._receive)
        if self.up and self.host_online:
            await self._attempt(self._publish)
        if self.up:
            await self._attempt(self._finish)
        if not (self.up and self.host_online):
            self._outbox.spill()

    async def receive(self, now_ms: int, wait_ms: int) -> None:
        """Take messages, waiting up to wait_ms of real time; UTC goes on from the last exchange."""
        if self._epoch_s:
            self._epoch_s += elapsed_ms(now_ms, self._now_ms) // 1000
        self._now_ms = now_ms
        if self.up:
            await self._attempt(self._receive, wait_ms)

    async def close(self) -> None:
        """Leave the broker with a goodbye, so that no last will is told."""
        self.up = self.host_online = False
        await self._mqtt.disconnect()

    async def _attempt(self, work, *arguments) -> None:
        try:
            await work(*arguments)
        except OSError:
            self.failures += 1
            self.up = self.host_online = False
            await self._mqtt.close()
            self._back_off()

    def _back_off(self) -> None:
        """Set the next try: exponential from 1 s to 60 s, each spread over its upper half."""
        span_ms = min(BACKOFF_MAX_MS, BACKOFF_MIN_MS << min(self._tries, 6))
        self._tries += 1
        self._retry_ms = add_ms(self._now_ms, span_ms // 2 + int(self._random.random() * (span_ms // 2)))

    async def _connect(self) -> None:
        self._born = False
        await self._mqtt.connect()
        await self._mqtt.subscribe(self._command_topic)
        await self._mqtt.subscribe(HOST_TOPIC)
        if not self.host_online:
            await self._mqtt.wait(HOST_WAIT_MS)
        self.up = True
        self.connects += 1
        self._tries = 0
        self._spoke_ms = self._now_ms

    async def _receive(self, wait_ms: int = 0) -> None:
        if wait_ms and not await self._mqtt.wait(wait_ms):
            return
        for _ in range(RECEIVE_MAX):
            if not await self._mqtt.check():
                break

    async def _publish(self) -> None:
        if not self._born:
            await self._mqtt.publish(
                self._topics[BIRTH], self._reports.birth(self._epoch_s, self._outbox.lost)
            )
            self.published += 1
            for record in self._recent:
                await self._mqtt.publish(self._topics[record.kind], _backfilled(record))
            self._born = True
        for _ in range(PUBLISH_MAX):
            record = self._outbox.head()
            if record is None or not self.host_online:
                break
            await self._send(record)
            self._spoke_ms = self._now_ms

    async def _finish(self) -> None:
        """Send what is still gathered; ping after half the keep-alive without a word of ours."""
        half_ms = 500 * self._mqtt.keepalive_s
        if half_ms and elapsed_ms(self._now_ms, self._spoke_ms) >= half_ms:
            self._spoke_ms = self._now_ms
            await self._mqtt.ping()
        await self._mqtt.flush()

    async def _send(self, record) -> None:
        payload = _backfilled(record) if record.stored else record.payload
        await self._mqtt.publish(self._topics[record.kind], payload)
        self._outbox.drop(record)
        self._recent.append(record)
        if len(self._recent) > RECENT_MAX:
            self._recent.pop(0)
        self.published += 1
        if record.seq and record.boot == self._reports.boot & 0xFFFF:
            self.acknowledged = record.seq
