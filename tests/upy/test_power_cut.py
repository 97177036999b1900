"""Power cuts at every byte of a save, on littlefs over a flash in RAM as large as a few of the RP2040's blocks."""

import struct
from binascii import crc32
from errno import ENOENT

from ram_flash import BLOCK_BYTES, Flash, cut_everywhere, formatted, powered

from hal.store import Store
from islet.measure.energy import Energies
from islet.measure.energy_file import EnergyFile

BLOCKS = 8


class Meter:
    """A node's energy over starts and power cuts; each save adds 1 Wh to four registers of every point."""

    def __init__(self, names, old: int = 0) -> None:
        self.names = names
        self.old = old  # Wh of the last save that returned
        self.checked = 0

    def start(self, place):
        """Return (file, bank) as a start finds them."""
        energies = Energies(self.names)
        file = EnergyFile(Store(place + "/store"))
        try:
            file.restore(energies)
        except OSError as error:
            if error.args[0] != ENOENT or self.old:
                raise
        return file, energies

    def save(self, place):
        """Start, count and save."""
        file, energies = self.start(place)
        for i in range(len(self.names)):
            energies.step(i, 3600.0, -3600.0, 1000)
            energies.step(i, -3600.0, 3600.0, 1000)
        file.save(energies)

    def check(self, place):
        """What a cut left must be the last save or the one cut short, in all registers alike; and it goes on."""
        file, energies = self.start(place)
        found = [(point.import_wh, point.export_wh) for point in energies.points]
        wh = found[0][0]
        assert wh in (self.old, self.old + 1), "%d Wh after %d" % (wh, self.old)
        assert found == [(wh, wh)] * len(found)
        assert file.damaged == 0  # littlefs keeps even the copy that was being written
        self.checked += 1
        if self.checked % 16 == 0:
            self.save(place)
            assert self.start(place)[1].points[0].import_wh == wh + 1


def cut_saves(memory, meter, saves):
    """Cut each of some saves in a row at all bytes; return (cut points, erases) that were met."""
    erases = 0
    for _ in range(saves):
        flash = cut_everywhere(memory, meter.save, meter.check)
        memory = flash.memory
        erases += sum(flash.erases)
        meter.old += 1
    return meter.checked, erases


def test_the_counters_of_a_house_are_the_old_or_the_new():
    cuts, erases = cut_saves(formatted(BLOCKS), Meter(("grid", "load")), 16)
    assert cuts > 16 * 256
    assert erases > 0  # a run of saves in which littlefs tidies up


def test_counters_too_long_for_the_directory_block():
    cuts, erases = cut_saves(formatted(BLOCKS), Meter(["circuit %d" % i for i in range(16)]), 2)
    assert cuts > 2 * BLOCK_BYTES
    assert erases >= 2  # each save takes a block of its own


def test_the_first_save_after_the_former_format():
    body = struct.pack("<4sIHHIHH", b"EC01", 338, 0, 0, 338, 0, 0)
    flash = Flash(formatted(BLOCKS))
    old = body + struct.pack("<I", crc32(body))
    powered(flash, lambda place: Store(place + "/store").save("energy", old))
    assert cut_saves(flash.memory, Meter(("grid",), 338), 2)[0] > 256


class Text:
    """One file that is saved or appended to; `want` are the contents that a cut may leave."""

    def __init__(self, want) -> None:
        self.want = want
        self.seen: set = set()

    def check(self, place):
        """Load after a cut."""
        store = Store(place + "/store")
        content = store.load("text")
        assert content in self.want
        self.seen.add(content)
        assert store.names() == ["text"]


def begun(old):
    """Return the memory of a flash on which a store has saved its text."""
    flash = Flash(formatted(BLOCKS))
    powered(flash, lambda place: Store(place + "/store").save("text", old))
    return flash.memory


def test_a_file_that_is_replaced_is_the_old_or_the_new():
    for size in (40, 700):  # in the directory's block, and in one of its own
        old, new = b"o" * size, b"n" * size
        text = Text((old, new))
        cut_everywhere(
            begun(old), lambda place, new=new: Store(place + "/store").save("text", new), text.check
        )
        assert len(text.seen) == 2


def test_a_file_that_is_appended_to_keeps_what_it_had():
    for size in (40, 700):
        old, more = b"o" * size, b"n" * 40
        text = Text([old + more[:n] for n in range(41)])
        cut_everywhere(
            begun(old), lambda place, more=more: Store(place + "/store").append("text", more), text.check
        )
        assert old in text.seen


def erases(names, saves):
    """Return (erases of all blocks for each save, of the block most erased) over some saves on 64 blocks."""
    flash = Flash(formatted(64))
    meter = Meter(names)

    def work(place):
        file, energies = meter.start(place)
        for _ in range(saves):
            for i in range(len(names)):
                energies.step(i, 3600.0, -3600.0, 1000)
            file.save(energies)

    powered(flash, work)
    return sum(flash.erases) / saves, max(flash.erases) / saves


def test_how_often_a_save_erases():
    # docs/units.md makes years of these
    all_blocks, one_block = erases(("grid", "load"), 4000)
    assert all_blocks < 0.07
    assert one_block < 0.04
    all_blocks, one_block = erases(["circuit %d" % i for i in range(14)], 2000)
    assert all_blocks < 0.21
    assert one_block < 0.08
