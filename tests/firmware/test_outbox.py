"""The outbox keeps order, survives cuts at every byte, and counts what it gives up."""

import binascii
import struct

from islet.sync.outbox import MAX_PAYLOAD, PREFIX, Outbox


class Cut(Exception):
    """The power went."""


class RamStore:
    """A store in RAM whose power can be cut after so many bytes of appends, and that can be full."""

    def __init__(self) -> None:
        self.files: dict = {}
        self.until_cut = -1
        self.room = -1

    def load(self, name: str) -> bytes:
        return bytes(self._file(name))

    def save(self, name: str, data: bytes) -> None:
        self.files[name] = bytearray(data)

    def append(self, name: str, data: bytes) -> None:
        file = self.files.setdefault(name, bytearray())
        if self.room >= 0 and sum(len(f) for f in self.files.values()) + len(data) > self.room:
            file.extend(data[: len(data) // 2])  # a full disk takes what fits
            raise OSError(28)
        if 0 <= self.until_cut < len(data):
            file.extend(data[: self.until_cut])
            raise Cut
        self.until_cut -= len(data)
        file.extend(data)

    def read_at(self, name: str, offset: int, n: int) -> bytes:
        return bytes(self._file(name)[offset : offset + n])

    def size(self, name: str) -> int:
        return len(self._file(name))

    def remove(self, name: str) -> None:
        self._file(name)
        del self.files[name]

    def names(self) -> list:
        return list(self.files)

    def _file(self, name: str) -> bytearray:
        if name not in self.files:
            raise OSError(2)
        return self.files[name]


def _box(store: RamStore, **bounds) -> Outbox:
    return Outbox(store, 1, **bounds)


def _drain(outbox: Outbox) -> list:
    seqs = []
    while True:
        record = outbox.head()
        if record is None:
            return seqs
        assert record.payload == b"p%d" % record.seq
        seqs.append(record.seq)
        outbox.drop(record)


def _put(outbox: Outbox, first: int, last: int) -> None:
    for seq in range(first, last + 1):
        outbox.put(0, b"p%d" % seq, seq)


def test_keeps_order_through_ram_and_segments():
    store = RamStore()
    outbox = _box(store, ram_records=3, segment_bytes=64)
    _put(outbox, 1, 10)
    outbox.spill()
    _put(outbox, 11, 12)
    assert _drain(outbox) == list(range(1, 13))
    assert outbox.empty()
    assert [n for n in store.names() if n.startswith(PREFIX)] == []
    assert outbox.lost == 0


def test_ten_minutes_without_a_link_lose_nothing():
    store = RamStore()
    outbox = _box(store)
    for minute in range(10):
        outbox.put(0, b"r" * 450, 2 * minute + 1)
        outbox.put(1, b"e" * 120, 2 * minute + 2)
        outbox.spill()
    restarted = _box(store)
    seqs = []
    while True:
        record = restarted.head()
        if record is None:
            break
        assert record.stored
        assert record.kind == (0 if record.seq % 2 else 1)
        seqs.append(record.seq)
        restarted.drop(record)
    assert seqs == list(range(1, 21))
    assert restarted.lost == 0


def test_tells_live_records_from_stored_ones():
    outbox = _box(RamStore())
    outbox.put(0, b"p1", 1)
    assert not outbox.head().stored
    outbox.spill()
    assert outbox.head().stored


def test_a_cut_at_every_byte_of_an_append_loses_at_most_the_record_being_written():
    size = 6 + 7 + 2  # head, tag, payload
    for cut in range(size):
        store = RamStore()
        outbox = _box(store)
        _put(outbox, 1, 3)
        outbox.spill()
        outbox.put(0, b"p4", 4)
        store.until_cut = cut
        try:
            outbox.spill()
        except Cut:
            pass
        else:
            raise AssertionError(f"no cut at {cut}")
        store.until_cut = -1
        restarted = _box(store)
        _put(restarted, 5, 6)
        restarted.spill()
        assert _drain(restarted) == [1, 2, 3, 5, 6]
        assert restarted.damaged == (1 if cut else 0)


def test_what_was_not_acknowledged_is_sent_again_after_a_restart():
    store = RamStore()
    outbox = _box(store, segment_bytes=40)  # two records a segment
    _put(outbox, 1, 5)
    outbox.spill()
    for _ in range(3):
        outbox.drop(outbox.head())
    assert _drain(_box(store, segment_bytes=40)) == [3, 4, 5]  # 3 shares its segment with 4


def test_a_tail_of_zeros_is_no_record():
    store = RamStore()
    outbox = _box(store)
    _put(outbox, 1, 2)
    outbox.spill()
    store.files[PREFIX + "1"].extend(bytes(40))
    assert _drain(_box(store)) == [1, 2]


def test_every_flipped_bit_is_found():
    store = RamStore()
    outbox = _box(store)
    _put(outbox, 1, 2)
    outbox.spill()
    good = bytes(store.files[PREFIX + "1"])
    for bit in range(8 * len(good)):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        store.files[PREFIX + "1"] = bad
        assert _drain(_box(store)) in ([1], [])
        store.files[PREFIX + "1"] = bytearray(good)


def test_a_full_outbox_gives_up_the_oldest_segment_and_counts_it():
    store = RamStore()
    outbox = _box(store, ram_records=2, segment_bytes=32, segments=3)  # two records a segment
    _put(outbox, 1, 10)
    outbox.spill()
    assert outbox.lost == 4
    assert _box(store).lost == 4  # also after a restart
    assert _drain(outbox) == [5, 6, 7, 8, 9, 10]


def test_a_full_disk_gives_up_the_oldest_and_goes_on():
    store = RamStore()
    outbox = _box(store, segment_bytes=64, segments=100)
    store.room = 400
    for seq in range(1, 61):
        outbox.put(0, b"p%d" % seq, seq)
        outbox.spill()
    sent = _drain(outbox)
    assert sent[-1] == 60
    assert sent == list(range(sent[0], 61))
    assert outbox.lost == 60 - len(sent)


def test_the_record_under_way_is_the_one_dropped():
    outbox = _box(RamStore(), ram_records=2, segment_bytes=32, segments=2)
    _put(outbox, 1, 2)
    under_way = outbox.head()
    _put(outbox, 3, 4)  # spills what is under way
    outbox.drop(under_way)
    assert outbox.head().seq == 2
    under_way = outbox.head()
    _put(outbox, 5, 12)  # gives up what is under way
    outbox.drop(under_way)
    rest = _drain(outbox)
    assert rest == list(range(rest[0], 13))
    assert outbox.lost + 1 + len(rest) == 12


def test_refuses_what_it_could_not_read_back():
    for kind, payload in ((0, b"x" * (MAX_PAYLOAD + 1)), (6, b"x"), (-1, b"x")):
        try:
            _box(RamStore()).put(kind, payload)
        except ValueError:
            continue
        raise AssertionError(f"took kind {kind}")
    outbox = _box(RamStore())
    outbox.put(3, b"x" * MAX_PAYLOAD, 0xFFFFFFFF)
    outbox.spill()
    assert len(outbox.head().payload) == MAX_PAYLOAD


def test_the_format_on_the_disk_is_length_crc_kind_boot_seq():
    store = RamStore()
    outbox = Outbox(store, 0x0203)
    outbox.put(1, b"ab", 0x04050607)
    outbox.spill()
    body = b"\x01\x03\x02\x07\x06\x05\x04ab"
    assert store.load(PREFIX + "1") == struct.pack("<HI", 9, binascii.crc32(body)) + body


def test_nothing_is_written_while_held() -> None:
    """A transition is pending: RAM takes three times as many; what is beyond that is written rather than lost."""
    store = RamStore()
    outbox = Outbox(store, 1, ram_records=2)
    outbox.held = True
    for k in range(6):
        outbox.put(0, b"%d" % k)
        outbox.spill()
    assert store.files == {}
    outbox.put(0, b"6")
    assert len(store.files) == 1
    outbox.held = False
    outbox.spill()
    told = []
    while (record := outbox.head()) is not None:
        told.append(record.payload)
        outbox.drop(record)
    assert told == [b"%d" % k for k in range(7)]
