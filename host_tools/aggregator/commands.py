"""Commands to nodes: signed leases with a number that is never used twice, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping

import jwt
from sqlalchemy import func, select

from host_tools.aggregator.store import AckRow, CommandRow, Store

SOURCE = "aggregator"
NodeKey = tuple[str, str]  # site, node


class CommandDesk:
    """Issues commands; every one is in the store before it can be sent."""

    def __init__(self, store: Store, keys: Mapping[NodeKey, bytes]) -> None:
        """keys holds each node's own 32 bytes."""
        self._store = store
        self._keys = keys
        self._last: dict[NodeKey, int] = {}

    def _next_seq(self, key: NodeKey, now_s: int) -> int:
        """Number by UTC seconds, or one more than the last: even a lost store stays ahead of the nodes."""
        last = self._last.get(key) or self._store.last_command_seq(*key)
        self._last[key] = max(last + 1, now_s)
        return self._last[key]

    def issue(
        self, key: NodeKey, kind: str, value: Mapping[str, float | str], now_s: int, valid_s: int, why: str
    ) -> tuple[int, str]:
        """Return (number, token) of a command valid for valid_s from now_s; KeyError without a key."""
        secret = self._keys[key]
        seq = self._next_seq(key, now_s)
        payload = {
            "dev": key[1],
            "kind": kind,
            "val": dict(value),
            "nbf": now_s,
            "exp": now_s + valid_s,
            "seq": seq,
            "src": SOURCE,
            "why": why,
        }
        self._store.add_command(
            CommandRow(
                site=key[0],
                node=key[1],
                seq=seq,
                kind=kind,
                value=json.dumps(payload["val"]),
                not_before_s=now_s,
                expires_s=now_s + valid_s,
                why=why,
            )
        )
        return seq, jwt.encode(payload, secret, algorithm="HS256", headers={"typ": None, "kid": key[1]})

    def issue_envelope(
        self, key: NodeKey, import_w: float, export_w: float, now_s: int, valid_s: int, why: str
    ) -> tuple[int, str]:
        """Return (number, token) of a dynamic operating envelope in W, both limits >= 0."""
        return self.issue(key, "envelope", {"import_w": import_w, "export_w": export_w}, now_s, valid_s, why)

    def issue_device(
        self, key: NodeKey, name: str, do: str, to: float, now_s: int, valid_s: int, why: str
    ) -> tuple[int, str]:
        """Return (number, token) of a command to a device: do is a command of its role, to is in its unit."""
        return self.issue(key, "device", {"name": name, "do": do, "to": to}, now_s, valid_s, why)

    def issue_island(
        self, key: NodeKey, do: str, begin_s: int, end_s: int, now_s: int, valid_s: int, why: str
    ) -> tuple[int, str]:
        """Return (number, token) of outage, practice, start or stop; times are UTC, 0 for now and for no end."""
        value: dict[str, float | str] = {"do": do, "begin_s": begin_s, "end_s": end_s}
        return self.issue(key, "island", value, now_s, valid_s, why)

    def answers(self) -> dict[str, int]:
        """Return how often each answer came."""
        query = select(AckRow.answer, func.count()).group_by(AckRow.answer)
        return dict(self._store.rows(query))

    def unanswered(self) -> list[tuple[str, str, int]]:
        """Return (site, node, number) of every command without an answer."""
        same = (AckRow.site == CommandRow.site, AckRow.node == CommandRow.node, AckRow.seq == CommandRow.seq)
        query = select(CommandRow.site, CommandRow.node, CommandRow.seq).where(
            ~select(AckRow.id).where(*same).exists()
        )
        return [(site, node, seq) for site, node, seq in self._store.rows(query)]
