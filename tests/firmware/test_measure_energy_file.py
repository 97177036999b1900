"""Saved energy counters: format, migration, changed names, and two copies in a store that can fail."""

import errno
import struct
from binascii import crc32

from islet.measure.energy import EXPORT, IMPORT, Q1, Energies
from islet.measure.energy_file import MAX_BYTES, MAX_FORMER, EnergyFile, decode


def closed(body: bytes) -> bytes:
    return body + struct.pack("<I", crc32(body))


def refused(work, *arguments) -> bool:
    try:
        work(*arguments)
    except ValueError:
        return True
    return False


def counted(names, wh: int) -> Energies:
    """Return a bank of which each point imported wh, and half of it in Q1."""
    energies = Energies(names)
    for i in range(len(names)):
        energies.step(i, 3600.0 * wh, 1800.0 * wh, 1000)
    return energies


def imports(energies) -> dict:
    return {point.name: point.import_wh for point in energies.points}


def test_the_bytes_by_hand() -> None:
    energies = Energies(("grid", "oven"))
    energies.step(0, -1.5, 0.0, 2_400_500)  # 3600.75 J
    energies.saves = 7
    body = b"EC02" + b"\x07\0\0\0" + b"\2" + b"\4grid" + b"\x02" + b"\1\0\0\0" + struct.pack("<I", 750_000)
    assert energies.to_bytes() == closed(body + b"\4oven" + b"\0")


def test_saved_and_taken_over_to_the_microjoule() -> None:
    energies = Energies(("grid", "oven"))
    energies.step(0, 1234.567, -99.001, 987_654)
    energies.step(1, -4321.001, 5.0, 123_456)
    data = energies.to_bytes()
    again = Energies(("grid", "oven"))
    again.from_bytes(data)
    assert again.to_bytes() == data
    # 1234.567 W * 987.654 s = 1219325.035818 J; 4321.001 W * 123.456 s = 533453.499456 J
    assert list(again.points[0].words[0:3]) == [338, 2525, 35_818]
    assert list(again.points[1].words[3:6]) == [148, 653, 499_456]
    again.step(0, 1000.0, 0.0, 1000)
    assert again.points[0].rest_j(IMPORT) == 3525


def test_the_former_format_becomes_the_grid_point() -> None:
    data = closed(struct.pack("<4sIHHIHH", b"EC01", 338, 1965, 36, 148, 653, 376))
    energies = Energies(("load", "grid"))
    energies.from_bytes(data)
    grid = energies.point("grid")
    assert list(grid.words[:6]) == [338, 1965, 36_000, 148, 653, 376_000]
    assert not any(grid.words[6:])
    assert not any(energies.point("load").words)


def test_a_point_removed_and_added_again_goes_on() -> None:
    first = counted(("grid", "oven", "pump"), 10)
    second = Energies(("pump", "grid"))
    second.from_bytes(first.to_bytes())
    assert imports(second) == {"pump": 10, "grid": 10}
    second.step(0, 3600.0, 0.0, 1000)
    third = Energies(("oven", "pump", "new"))
    third.from_bytes(second.to_bytes())
    assert imports(third) == {"oven": 10, "pump": 11, "new": 0}
    assert third.point("oven").varh(1) == 5
    assert [point.name for point in third.former] == ["grid"]


def test_the_longest_gone_drop_out_when_there_is_no_room() -> None:
    data = Energies(["a"]).to_bytes()
    for i in range(MAX_FORMER + 2):
        energies = counted(["c%d" % i], i)
        energies.from_bytes(data)
        data = energies.to_bytes()
    assert len(data) <= MAX_BYTES
    assert energies.dropped == 1
    assert [point.name for point in energies.former] == ["c%d" % i for i in range(1, MAX_FORMER + 1)]


def test_damaged_bytes_are_refused_and_change_nothing() -> None:
    data = counted(("grid", "oven"), 5).to_bytes()
    energies = counted(("grid",), 7)
    for at in range(len(data)):
        damaged = bytearray(data)
        damaged[at] ^= 0x10
        assert refused(energies.from_bytes, bytes(damaged))
        assert refused(energies.from_bytes, data[:at])
    assert imports(energies) == {"grid": 7}


def test_wrong_contents_under_a_right_crc_are_refused() -> None:
    head = b"EC02\0\0\0\0"
    assert decode(closed(head + b"\0")) == (0, [])
    for body in (
        head,  # no count
        b"EC01\0\0\0\0\0",  # not as long as the former format
        b"EC03\0\0\0\0\0",
        head + b"\0" + b"x",  # more than was announced
        head + b"\x21" + b"\1a\0" * 33,  # 33 points
        head + b"\2" + b"\1a\0" + b"\1a\0",  # a name twice
        head + b"\1" + b"\0\0",  # an empty name
        head + b"\1" + b"\x11" + b"a" * 17 + b"\0",  # a long one
        head + b"\1" + b"\4ab",  # one beyond the end
        head + b"\1" + b"\1a\1" + bytes(7),  # a register cut short
        head + b"\1" + b"\1a\1" + struct.pack("<II", 0, 3_600_000_000),  # a whole Wh as remainder
        head + b"\1" + b"\1a\0" + bytes(MAX_BYTES),
    ):
        assert refused(decode, closed(body))
    assert len(decode(closed(head + b"\1" + b"\1a\1" + struct.pack("<II", 0, 3_599_999_999)))[1]) == 1


class RamStore:
    """Files in RAM; `broken` says what goes wrong at the next overwrite."""

    def __init__(self) -> None:
        self.files: dict = {}
        self.broken = False

    def size(self, name: str) -> int:
        if name not in self.files:
            raise OSError(errno.ENOENT)
        return len(self.files[name])

    def load(self, name: str) -> bytes:
        assert self.size(name) <= MAX_BYTES  # never read before its size is known
        return self.files[name]

    def overwrite(self, name: str, data: bytes) -> None:
        if self.broken:
            self.files[name] = data[: len(data) // 2]
            raise OSError(errno.EIO)
        self.files[name] = data


def begun(store) -> tuple:
    """Return (file, bank) after a start with what the store has."""
    energies = Energies(("grid",))
    file = EnergyFile(store)
    try:
        file.restore(energies)
    except OSError as error:
        if error.args[0] != errno.ENOENT:
            raise
    return file, energies


def save(file, energies, wh: int) -> None:
    energies.step(0, 3600.0 * wh, 0.0, 1000)
    file.save(energies)


def test_copies_are_written_in_turn_and_the_newest_counts() -> None:
    store = RamStore()
    for start in range(3):
        file, energies = begun(store)
        assert imports(energies) == {"grid": 3 * start}
        for _ in range(3):
            save(file, energies, 1)
    assert sorted(store.files) == ["energy", "energy.1"]
    assert sorted(decode(data)[0] for data in store.files.values()) == [8, 9]


def test_a_damaged_newest_copy_falls_back_to_the_one_before() -> None:
    store = RamStore()
    file, energies = begun(store)
    for _ in range(5):
        save(file, energies, 1)
    newest = max(store.files, key=lambda name: decode(store.files[name])[0])
    for damaged in (b"\0" * 50, store.files[newest][:-1], bytes(MAX_BYTES + 1)):
        store.files[newest] = damaged
        file, energies = begun(store)
        assert (imports(energies), file.damaged) == ({"grid": 4}, 1)
    save(file, energies, 3)
    file, energies = begun(store)
    assert (imports(energies), file.damaged) == ({"grid": 7}, 0)
    store.files[newest] = b""  # cut after it was made anew: nothing is damaged
    file, energies = begun(store)
    assert (imports(energies), file.damaged) == ({"grid": 4}, 0)
    for name in store.files:
        store.files[name] = b"?"
    assert refused(begun, store)


def test_a_save_that_fails_spoils_the_older_copy_only_however_often() -> None:
    store = RamStore()
    file, energies = begun(store)
    for _ in range(2):
        save(file, energies, 1)
    store.broken = True
    for _ in range(3):
        try:
            save(file, energies, 1)
        except OSError:
            again = begun(store)[1]
            assert imports(again) == {"grid": 2}
    store.broken = False
    save(file, energies, 1)
    assert imports(begun(store)[1]) == {"grid": 6}


def test_the_former_file_is_the_first_copy() -> None:
    store = RamStore()
    old = closed(struct.pack("<4sIHHIHH", b"EC01", 338, 1965, 36, 148, 653, 376))
    store.files["energy"] = old
    file, energies = begun(store)
    assert energies.points[0].import_wh == 338
    save(file, energies, 1)
    assert store.files["energy"] == old  # the newest was not the one overwritten
    file, energies = begun(store)
    assert (energies.points[0].import_wh, energies.points[0].export_wh) == (339, 148)
    save(file, energies, 1)
    assert store.files["energy"][:4] == b"EC02"


def test_nothing_is_saved_over_what_was_not_read() -> None:
    assert refused(EnergyFile(RamStore()).save, Energies(("grid",)))
    assert (IMPORT, EXPORT, Q1) == (0, 1, 2)  # the order of the registers in saved bytes
