"""Store-and-forward: records wait in RAM while the link is up, in segments of `store` while it is down."""

import binascii
import struct

from islet.sync.report import KIND_NAMES

PREFIX = "outbox."
_HEAD = "<HI"  # length of the body, CRC32 of the body
_HEAD_BYTES = 6
_TAG = "<BHI"  # kind, boot, seq; the payload follows
_TAG_BYTES = 7
MAX_PAYLOAD = 2048
MAX_BODY = MAX_PAYLOAD + _TAG_BYTES
_ENOSPC = 28  # not among the names of MicroPython's errno
_TRIES = 4
HELD_FACTOR = 3  # times the records that RAM takes while held
_LOST_FILE = "outbox_lost"


class Record:
    """One message on its way out."""

    def __init__(self, number: int, body: bytes, stored: bool) -> None:
        """number counts records since the start of the process; stored says it waited for a link."""
        self.number = number
        self.kind, self.boot, self.seq = struct.unpack(_TAG, body[:_TAG_BYTES])
        self.payload = body[_TAG_BYTES:]
        self.stored = stored


class Outbox:
    """A bounded queue in order of arrival: everything in segments is older than everything in RAM.

    At least once: a restart sends the oldest segment again from its start; (boot, seq) tells twins apart.
    """

    def __init__(
        self, store, boot: int, ram_records: int = 8, segment_bytes: int = 4096, segments: int = 16
    ) -> None:
        """Take up what an earlier process left. Appends go to new segments only, never behind a torn tail."""
        self._store = store
        self._boot = boot
        self._ram_records = ram_records
        self._segment_bytes = segment_bytes
        self._max_segments = segments
        self._ram: list = []
        self._segments = sorted(int(n[len(PREFIX) :]) for n in store.names() if n.startswith(PREFIX))
        self._next = self._segments[-1] + 1 if self._segments else 1
        self._open = False  # whether the newest segment may be appended to
        self._offset = 0  # of the oldest record in the oldest segment
        self._number = 0  # of the oldest record
        self.held = False  # nothing is to be written now, as long as RAM has room
        self.damaged = 0  # segments given up before their end: torn tails, flipped bits
        self.lost = self._load_lost()

    def _load_lost(self) -> int:
        try:
            return int(self._store.load(_LOST_FILE))
        except (OSError, ValueError):
            return 0

    def _lose(self, records: int) -> None:
        self.lost += records
        self._number += records
        try:
            self._store.save(_LOST_FILE, b"%d" % self.lost)
        except OSError:
            return  # a full store keeps the count in RAM only

    def empty(self) -> bool:
        """Return whether nothing waits."""
        return not self._ram and not self._segments

    def put(self, kind: int, payload: bytes, seq: int = 0) -> None:
        """Queue one message of KIND_NAMES[kind]; raises ValueError when it is too long or of no kind."""
        if len(payload) > MAX_PAYLOAD or not 0 <= kind < len(KIND_NAMES):
            raise ValueError(f"payload of {len(payload)} bytes, kind {kind}")
        if len(self._ram) >= (self._ram_records * HELD_FACTOR if self.held else self._ram_records):
            self._write()
        self._ram.append(struct.pack(_TAG, kind, self._boot & 0xFFFF, seq) + payload)

    def spill(self) -> None:
        """Move RAM to the store, in order, unless held; when the store is full the oldest goes, and is counted."""
        if not self.held:
            self._write()

    def _write(self) -> None:
        while self._ram:
            if not self._append(self._ram[0]):
                self._lose(1)
            self._ram.pop(0)

    def _append(self, body: bytes) -> bool:
        """Append to the newest segment, dropping the oldest while the store is full; return success."""
        for _ in range(_TRIES):
            try:
                self._make_room(len(body) + _HEAD_BYTES)
                name = PREFIX + str(self._segments[-1])
                self._store.append(name, struct.pack(_HEAD, len(body), binascii.crc32(body)) + body)
                return True
            except OSError as error:
                self._open = False  # its tail may be torn now
                if error.args[:1] != (_ENOSPC,):  # CPython sets no errno on OSError(28)
                    break
                self._drop_oldest()
        return False

    def _make_room(self, size: int) -> None:
        newest = self._segments[-1] if self._segments and self._open else 0
        if newest and self._store.size(PREFIX + str(newest)) + size <= self._segment_bytes:
            return
        while len(self._segments) >= self._max_segments:
            self._drop_oldest()
        self._store.append(PREFIX + str(self._next), b"")
        self._segments.append(self._next)
        self._next += 1
        self._open = True

    def _drop_oldest(self) -> None:
        """Give up the oldest segment and count its records."""
        if not self._segments:
            return
        records = 0
        while self._read(self._offset):
            records += 1
        self._remove_oldest()
        self._lose(records)

    def _remove_oldest(self) -> None:
        oldest = self._segments.pop(0)
        self._offset = 0
        if not self._segments:
            self._open = False
        try:
            self._store.remove(PREFIX + str(oldest))
        except OSError:
            return  # it will be found and sent again after a restart

    def _body(self, name: str, offset: int) -> bytes:
        """Return the whole body at offset, or nothing where the segment ends or is damaged."""
        head = self._store.read_at(name, offset, _HEAD_BYTES)
        if len(head) < _HEAD_BYTES:
            return b""
        size, crc = struct.unpack(_HEAD, head)
        if not _TAG_BYTES <= size <= MAX_BODY:  # zeros of a power cut are no record
            return b""
        body = self._store.read_at(name, offset + _HEAD_BYTES, size)
        return body if len(body) == size and binascii.crc32(body) == crc else b""

    def _read(self, offset: int) -> bytes:
        """Return the body at offset in the oldest segment and move behind it; nothing at its end."""
        try:
            body = self._body(PREFIX + str(self._segments[0]), offset)
        except OSError:
            return b""
        if body:
            self._offset = offset + _HEAD_BYTES + len(body)
        return body

    def _rest(self) -> int:
        """Return the bytes from the oldest record's place to its segment's end, 0 when it cannot be read."""
        try:
            return self._store.size(PREFIX + str(self._segments[0])) - self._offset
        except OSError:
            return 0

    def _finish_segment(self) -> None:
        if self._rest() > 0:
            self.damaged += 1
        self._remove_oldest()

    def head(self):
        """Return the oldest Record, or None when nothing waits."""
        while self._segments:
            offset = self._offset
            body = self._read(offset)
            self._offset = offset
            if body:
                return Record(self._number, body, True)
            self._finish_segment()
        return Record(self._number, self._ram[0], False) if self._ram else None

    def drop(self, record: Record) -> None:
        """Forget a record that was acknowledged, unless a full store has given it up meanwhile."""
        if record.number != self._number:
            return
        self._number += 1
        if not self._segments:
            self._ram.pop(0)
            return
        self._read(self._offset)
        if self._rest() <= 0:
            self._remove_oldest()
