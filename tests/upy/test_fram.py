"""The file system in FRAM: addresses, a power cut at every byte, and a store of two parts; MicroPython only."""

import os
from errno import EIO, ENODEV

import ram_flash
import vfs
from fram_chip import Bus, Chip

from hal.fram import BLOCK_BYTES, RESERVE_BYTES, SIZE_BYTES, Fram, HotStore, is_hot, mount
from hal.store import Store

HOT = "/hot"
ENOSPC = 28  # not among the names of MicroPython's errno


def device_of(memory, cut=1 << 29):
    """Return (device, chip) over a memory."""
    chip = Chip(memory, cut)
    return Fram(Bus(chip)), chip


def with_hot(memory, work, cut=1 << 29):
    """Return work(store of the FRAM) with its file system mounted, and the chip."""
    device, chip = device_of(memory, cut)
    mount(device, HOT)
    try:
        return work(Store(HOT + "/islet")), chip
    finally:
        vfs.umount(HOT)


def made(work=lambda store: None):
    """Return the memory of a chip on which work was done; the chip comes with anything in it."""
    memory = bytearray([(7 * i + 3) & 0xFF for i in range(SIZE_BYTES)])
    with_hot(memory, work)
    return memory


def test_the_chip_stores_where_it_is_told_and_rolls_over():
    # data sheet, "page write": the address after the last one is 0
    chip = Chip(bytearray(SIZE_BYTES))
    bus = Bus(chip)
    bus.writeto_mem(0x50, SIZE_BYTES - 2, b"abcd", addrsize=16)
    assert chip.memory[-2:] == b"ab"
    assert chip.memory[:2] == b"cd"
    into = bytearray(4)
    bus.readfrom_mem_into(0x50, SIZE_BYTES - 2, into, addrsize=16)
    assert into == b"abcd"
    bus.readfrom_mem_into(0x50, SIZE_BYTES, into, addrsize=16)  # the bit above the chip's own is ignored
    assert into[:2] == b"cd"


def test_blocks_lie_one_after_the_other():
    memory = bytearray(SIZE_BYTES)
    device, _ = device_of(memory)
    assert device.ioctl(4, 0) == 64  # 32768 / 512
    assert device.ioctl(5, 0) == BLOCK_BYTES
    assert device.writeblocks(3, b"here", 40) == 0
    assert memory[3 * 512 + 40 : 3 * 512 + 44] == b"here"
    into = bytearray(4)
    assert device.readblocks(3, into, 40) == 0
    assert into == b"here"
    before = bytes(memory)
    assert device.ioctl(6, 3) == 0  # erased means nothing here
    assert memory == before


def error_of(work, *arguments):
    try:
        work(*arguments)
    except OSError as error:
        return error.errno
    raise AssertionError("no error")


def test_a_bus_without_a_chip_is_enodev():
    assert error_of(Fram, Bus(Chip(bytearray(SIZE_BYTES), address=0x51))) == ENODEV


def test_a_bus_that_fails_does_not_cost_the_files():
    memory = made(lambda store: store.save("boot", b"7"))
    device, chip = device_of(memory)
    chip.left = -1
    assert error_of(mount, device, HOT) == EIO
    assert device.errors
    assert with_hot(memory, lambda store: store.load("boot"))[0] == b"7"


def cut_everywhere(memory, work, check):
    """Do work with a cut at every byte, check what the next start finds; return how many cuts."""
    whole = with_hot(bytearray(memory), work)[1].written
    for cut in range(whole):
        left = bytearray(memory)
        try:
            with_hot(left, work, cut)
        except OSError:
            with_hot(left, check)
            continue
        raise AssertionError("the cut at byte %d did nothing" % cut)
    return whole


def test_a_power_cut_at_every_byte_leaves_the_old_or_the_new():
    for size in (20, 150, 700):  # within the directory, a block, two blocks
        old, new = b"o" * size, b"n" * size
        seen = set()

        def check(store, old=old, new=new, seen=seen):
            content = store.load("energy")
            assert content in (old, new)
            seen.add(content)
            assert store.names() == ["energy"]

        for do in (Store.save, Store.overwrite):
            seen.clear()
            memory = made(lambda store, old=old: store.save("energy", old))
            cuts = cut_everywhere(memory, lambda store, do=do, new=new: do(store, "energy", new), check)
            assert cuts > size
            assert len(seen) == 2


def test_what_was_appended_before_a_cut_stays():
    memory = made(lambda store: store.append("outbox.1", b"a" * 300))
    want = [b"a" * 300 + b"b" * n for n in range(61)]

    def check(store):
        assert store.load("outbox.1") in want

    assert cut_everywhere(memory, lambda store: store.append("outbox.1", b"b" * 60), check) > 60


def test_no_erase_and_no_wear_breaks_three_hundred_saves():
    """Blocks are used again with old content in them; a start after each ten saves reads the last one."""
    memory = made()
    for turn in range(30):

        def work(store, turn=turn):
            for k in range(10):
                store.save("island.json", b"%d " % (10 * turn + k) * 40)
                store.overwrite("energy%d" % (k & 1), b"%d " % (10 * turn + k) * 60)

        with_hot(memory, work)

        def check(store, turn=turn):
            assert store.load("island.json") == b"%d " % (10 * turn + 9) * 40
            assert store.load("energy1") == b"%d " % (10 * turn + 9) * 60

        with_hot(memory, check)


def both(work, flash=None, memory=None):
    """Return work(make) with both file systems mounted; make() makes the store of two parts anew."""
    flash = flash or ram_flash.formatted(16)
    memory = memory or made()

    def inside(place):
        def with_fram(hot):
            return work(lambda: HotStore(Store(place + "/islet"), hot, HOT))

        return with_hot(memory, with_fram)[0]

    return ram_flash.powered(ram_flash.Flash(flash), inside)


def test_files_go_where_they_belong():
    def work(make):
        store = make()
        store.save("settings.json", b"cold")
        store.save("energy0", b"hot")
        store.append("outbox.1", b"")
        store.append("outbox.1", b"hot too")
        assert sorted(os.listdir(HOT + "/islet")) == ["energy0", "outbox.1"]
        assert os.listdir(ram_flash.PLACE + "/islet") == ["settings.json"]
        assert sorted(store.names()) == ["energy0", "outbox.1", "settings.json"]
        assert (store.load("settings.json"), store.load("energy0")) == (b"cold", b"hot")
        assert store.read_at("outbox.1", 4, 10) == b"too"
        assert store.size("outbox.1") == 7
        store.remove("outbox.1")
        assert sorted(make().names()) == ["energy0", "settings.json"]

    both(work)


def test_what_flash_had_before_the_chip_came_moves_over_once():
    flash = ram_flash.formatted(16)

    def before(place):
        store = Store(place + "/islet")
        store.save("energy0", b"counted")
        store.save("key", b"secret")
        store.append("outbox.9", b"waits")

    ram_flash.powered(ram_flash.Flash(flash), before)

    def work(make):
        store = make()
        assert store.load("energy0") == b"counted"
        assert sorted(os.listdir(ram_flash.PLACE + "/islet")) == ["key", "outbox.9"]
        assert store.load("outbox.9") == b"waits"  # segments stay where they are
        store.append("outbox.9", b" on")
        assert store.load("outbox.9") == b"waits on"
        store.save("energy0", b"more")
        assert make().load("energy0") == b"more"

    both(work, flash)


def test_segments_leave_room_for_the_counters():
    def work(make):
        store = make()
        for number in range(1, 12):
            for _ in range(8):
                store.append("outbox.%d" % number, b"x" * 512)
        hot = [name for name in os.listdir(HOT + "/islet") if name.startswith("outbox")]
        assert 0 < len(hot) < 11
        state = os.statvfs(HOT)
        assert state[0] * state[3] >= RESERVE_BYTES - 4096 - 1024
        for name in ("energy0", "energy1", "load_forecast", "pv_forecast"):
            store.save(name, b"c" * 1948)
            store.save(name, b"d" * 1948)
        assert all(store.size("outbox.%d" % number) == 4096 for number in range(1, 12))

    both(work)


def test_a_full_chip_says_so():
    def work(store):
        for _ in range(80):
            store.append("energy", b"x" * 512)

    assert error_of(with_hot, made(), work) == ENOSPC


def test_which_names_are_hot():
    for name in (
        "energy",
        "energy.a",
        "island.json",
        "boot",
        "outbox.17",
        "outbox_lost",
        "orders",
        "command",
    ):
        assert is_hot(name), name
    for name in (
        "settings.json",
        "devices.json",
        "key",
        "profile_sdm630",
        "calibration.json",
        "network.json",
    ):
        assert not is_hot(name), name
