"""The fleet: every node's newest word, how old it is, and a batch on its way to the store."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from host_tools.aggregator.messages import Ack, Birth, Event, Message, Report, WireError, parse
from host_tools.aggregator.store import ROWS, Store

NodeKey = tuple[str, str]  # site, node
STALE_S = 180  # three reports missed


@dataclass
class NodeState:
    """What is known of one node."""

    site: str
    node: str
    report: Report | None = None  # the newest by the node's own clock
    event: Event | None = None
    ack: Ack | None = None
    online: bool = False
    boot: int = 0
    lost: int = 0  # records the node gave up for want of room
    seq: int = 0  # newest number of a report or event received
    messages: int = 0

    def age_s(self, now_s: int) -> int | None:
        """Return s since the newest report was true; None before the first."""
        return None if self.report is None else now_s - self.report.t

    def stale(self, now_s: int, limit_s: int = STALE_S) -> bool:
        """Return whether the newest report is missing or older than limit_s."""
        age = self.age_s(now_s)
        return age is None or age > limit_s


class Fleet:
    """All nodes heard so far. `ingest` takes deliveries, `flush` writes them; `errors` counts the refused."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.nodes: dict[NodeKey, NodeState] = {}
        self.errors: Counter[str] = Counter()
        self.duplicates = 0
        self._batch: dict[str, list[dict[str, Any]]] = {kind: [] for kind in ROWS}

    def ingest(self, topic: str, payload: bytes) -> NodeState | None:
        """Take one delivery; return the node it is from, or None when it was refused and counted."""
        try:
            key, message = parse(topic, payload)
        except WireError as error:
            self.errors[error.reason] += 1
            return None
        state = self.nodes.setdefault(key, NodeState(*key))
        state.messages += 1
        self._update(state, message)
        self._keep(key, message)
        return state

    def _update(self, state: NodeState, message: Message) -> None:
        if isinstance(message, Birth):
            state.online = bool(message.online) and message.boot >= state.boot
            state.lost = max(state.lost, message.lost)
        elif isinstance(message, Ack):
            state.ack = message
        else:
            state.seq = message.seq if message.boot > state.boot else max(state.seq, message.seq)
            state.boot = max(state.boot, message.boot)
            if isinstance(message, Event):
                state.event = message
            elif isinstance(message, Report) and (state.report is None or message.t >= state.report.t):
                state.report = message

    def _keep(self, key: NodeKey, message: Message) -> None:
        if isinstance(message, Birth):
            return
        row = message.model_dump(exclude={"v", "q"})
        self._batch[type(message).__name__.lower()].append({"site": key[0], "node": key[1], **row})

    def flush(self) -> int:
        """Write the batch in one transaction; return how many rows were new."""
        waiting = sum(map(len, self._batch.values()))
        if not waiting:
            return 0
        new = self.store.add(self._batch)
        self.duplicates += waiting - new
        for rows in self._batch.values():
            rows.clear()
        return new
