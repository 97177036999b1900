"""Commands from outside: signed, for this device, in time, never twice; or an answer that says why not."""

import binascii
import json
import struct

from islet.base.lease import Lease
from islet.names import (
    A_ACCEPTED,
    A_BAD_SIGNATURE,
    A_EARLY,
    A_EXPIRED,
    A_MALFORMED,
    A_NO_CLOCK,
    A_NO_DEVICE,
    A_NO_STORE,
    A_NOT_NOW,
    A_OUT_OF_RANGE,
    A_REPLAYED,
    A_UNKNOWN_KIND,
    A_WRONG_DEVICE,
)
from islet.sync.jws import BadSignature, Malformed, verify

MAX_VALIDITY_S = 86_400
SKEW_S = 5  # how much the sender's clock may lead ours
MAX_WORD = 32
MAX_SEQ = 1 << 53
MAX_POWER_W = 1_000_000
ENVELOPE = "envelope"  # its value: import_w and export_w, each from 0 to MAX_POWER_W
ENVELOPE_MEMBERS = ("export_w", "import_w")
DEVICE = "device"  # its value: the name of a device, which of its commands, and what it is set to
DEVICE_MEMBERS = ("do", "name", "to")
ISLAND = "island"  # its value: what to do, and from when until when (UTC seconds, 0 for now and for no end)
ISLAND_MEMBERS = ("begin_s", "do", "end_s")
ISLAND_DOES = ("outage", "practice", "start", "stop")
MEMBERS = ("dev", "exp", "kind", "nbf", "seq", "src", "val", "why")

_STATE_FILE = "command"
_STATE = "<QQ"  # last accepted seq, time floor in epoch seconds; a CRC32 follows


class Refused(ValueError):
    """A command was not accepted; `answer` is of names.ANSWERS, `seq` the command's number, 0 if unknown."""

    def __init__(self, answer: str, seq: int = 0) -> None:
        super().__init__(answer)
        self.answer = answer
        self.seq = seq


class Command:
    """An accepted command."""

    def __init__(self, raw: dict) -> None:
        self.kind = raw["kind"]
        self.value = raw["val"]
        self.not_before_s = raw["nbf"]
        self.expires_s = raw["exp"]
        self.seq = raw["seq"]
        self.source = raw["src"]
        self.reason = raw["why"]

    def lease(self, now_ms: int, epoch_s: int) -> Lease:
        """Return the value as a lease in ticks that ends when the command expires."""
        span_ms = max(0, self.expires_s - epoch_s) * 1000
        return Lease(self.value, now_ms, min(span_ms, MAX_VALIDITY_S * 1000), self.source, self.reason)


def _whole(value) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MAX_SEQ


def _word(value) -> bool:
    return isinstance(value, str) and len(value) <= MAX_WORD


def _shaped(raw) -> bool:
    if not isinstance(raw, dict) or tuple(sorted(raw)) != MEMBERS or not isinstance(raw["val"], dict):
        return False
    words = all(_word(raw[name]) for name in ("dev", "kind", "src", "why"))
    return words and all(_whole(raw[name]) for name in ("nbf", "exp", "seq"))


def _power(value) -> bool:
    return _real(value) and value >= 0


def _real(value) -> bool:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return number and -MAX_POWER_W <= value <= MAX_POWER_W  # false for NaN and infinity


def _fits_envelope(value: dict) -> bool:
    return tuple(sorted(value)) == ENVELOPE_MEMBERS and all(_power(power) for power in value.values())


def _fits_device(value: dict) -> bool:
    if tuple(sorted(value)) != DEVICE_MEMBERS:
        return False
    return _word(value["name"]) and _word(value["do"]) and _real(value["to"])


def _fits_island(value: dict) -> bool:
    if tuple(sorted(value)) != ISLAND_MEMBERS or value["do"] not in ISLAND_DOES:
        return False
    return _whole(value["begin_s"]) and _whole(value["end_s"])


class Gate:
    """The one way in for commands; remembers in `store` what it accepted, before anything acts on it."""

    def __init__(self, key: bytes, node: str, store, can=None) -> None:
        """key: the device's own 32 bytes. A damaged memory counts as none: validity still bounds replays.

        can(name, do) tells whether a device of that name takes that command now; without it none does.
        """
        self._key = key
        self._can = can
        self._node = node
        self._store = store
        self.last_seq, self.floor_s = self._load()

    def _load(self) -> tuple:
        try:
            data = self._store.load(_STATE_FILE)
        except OSError:
            return 0, 0
        if len(data) != 20 or binascii.crc32(data[:16]) != struct.unpack("<I", data[16:])[0]:
            return 0, 0
        return struct.unpack(_STATE, data[:16])

    def _remember(self, seq: int, floor_s: int) -> None:
        body = struct.pack(_STATE, seq, floor_s)
        try:
            self._store.save(_STATE_FILE, body + struct.pack("<I", binascii.crc32(body)))
        except OSError:
            raise Refused(A_NO_STORE, seq) from None
        self.last_seq, self.floor_s = seq, floor_s

    def _parse(self, token: bytes) -> dict:
        try:
            raw = json.loads(verify(token, self._key, self._node))
        except Malformed:
            raise Refused(A_MALFORMED) from None
        except BadSignature:
            raise Refused(A_BAD_SIGNATURE) from None
        except ValueError:
            raise Refused(A_MALFORMED) from None
        if not _shaped(raw):
            raise Refused(A_MALFORMED)
        return raw

    def _untimely(self, raw: dict, epoch_s: int) -> str:
        """Return the answer for a command out of its time, or an empty string."""
        if epoch_s <= 0 or epoch_s < self.floor_s - SKEW_S:
            return A_NO_CLOCK
        if not raw["nbf"] < raw["exp"] <= raw["nbf"] + MAX_VALIDITY_S:
            return A_OUT_OF_RANGE
        if raw["nbf"] > epoch_s + SKEW_S:
            return A_EARLY
        return A_EXPIRED if raw["exp"] <= epoch_s else ""

    def _unfit(self, raw: dict) -> str:
        kind, value = raw["kind"], raw["val"]
        if kind == ENVELOPE:
            return "" if _fits_envelope(value) else A_OUT_OF_RANGE
        if kind == ISLAND:
            return "" if _fits_island(value) else A_OUT_OF_RANGE
        if kind != DEVICE:
            return A_UNKNOWN_KIND
        if not _fits_device(value):
            return A_OUT_OF_RANGE
        return "" if self._can and self._can(value["name"], value["do"]) else A_NO_DEVICE

    def accept(self, token: bytes, epoch_s: int) -> Command:
        """Return the command in token at UTC epoch_s (0: no clock), its number remembered; raises Refused."""
        raw = self._parse(token)
        seq = raw["seq"]
        if raw["dev"] != self._node:
            raise Refused(A_WRONG_DEVICE, seq)
        answer = self._untimely(raw, epoch_s)
        if not answer and seq <= self.last_seq:
            answer = A_REPLAYED
        answer = answer or self._unfit(raw)
        if answer:
            raise Refused(answer, seq)
        self._remember(seq, max(self.floor_s, raw["nbf"]))  # only signed time moves the floor
        return Command(raw)


class Inbox:
    """Takes commands off the link: keeps the newest envelope, hands on the others, answers all."""

    def __init__(self, gate: Gate, answer, order=None, island=None) -> None:
        """answer(seq, code) reports what became of a command; order(name, do, to, now_ms, span_ms) hands it on.

        island(do, begin_s, end_s, epoch_s) returns the answer to a command of that kind.
        """
        self._gate = gate
        self._answer = answer
        self._order = order
        self._island = island
        self.leases: dict = {}
        self.refused = 0

    def take(self, token: bytes, now_ms: int, epoch_s: int) -> None:
        """Accept or refuse one command, and answer it."""
        try:
            command = self._gate.accept(token, epoch_s)
            self._carry_out(command, now_ms, epoch_s)
        except Refused as refusal:
            self.refused += 1
            self._answer(refusal.seq, refusal.answer)
            return
        self._answer(command.seq, A_ACCEPTED)

    def _carry_out(self, command: Command, now_ms: int, epoch_s: int) -> None:
        lease, value = command.lease(now_ms, epoch_s), command.value
        if command.kind == DEVICE:
            try:
                self._order(value["name"], value["do"], value["to"], now_ms, lease.left_ms(now_ms))
            except OSError:
                raise Refused(A_NO_STORE, command.seq) from None
        elif command.kind == ISLAND:
            answer = A_NOT_NOW
            if self._island:
                answer = self._island(value["do"], value["begin_s"], value["end_s"], epoch_s)
            if answer != A_ACCEPTED:
                raise Refused(answer, command.seq)
        else:
            self.leases[command.kind] = lease
