"""The emulated board's flash: as slow as the data sheet's, and cut off in the midst of a write."""

from pathlib import Path

import pytest

from host_tools.hil.rp2040.flash import OFF, TYPICAL, WORST, FlashTimes
from host_tools.hil.rp2040.rig import BOARD, Rig
from host_tools.hil.rp2040.uart import Wire

ERASE = """
import rp2, time
flash = rp2.Flash()
since = time.ticks_us()
flash.ioctl(6, %d)
erased = time.ticks_diff(time.ticks_us(), since)
since = time.ticks_us()
flash.writeblocks(%d, bytes(256), 0)
print([erased, time.ticks_diff(time.ticks_us(), since)])
"""
LAST = BOARD.fs_blockcount - 1


@pytest.mark.parametrize(
    ("times", "sector_ms", "page_ms"),
    [(OFF, (0, 10), (0, 5)), (TYPICAL, (45, 55), (0.4, 5.4)), (WORST, (400, 410), (3, 8))],
)
def test_erasing_takes_as_long_as_on_the_board(
    board: Rig, times: FlashTimes, sector_ms: tuple[float, float], page_ms: tuple[float, float]
) -> None:
    """W25Q16JV: a sector 45 ms, at most 400; a page 0.4 ms, at most 3; some ms of talk on the bus come on top."""
    board.flash.times = times
    erased_us, programmed_us = board.json(ERASE % (LAST, LAST))
    assert sector_ms[0] <= erased_us / 1000 < sector_ms[1]
    assert page_ms[0] <= programmed_us / 1000 < page_ms[1]


def test_all_but_the_processor_goes_on_meanwhile(board: Rig) -> None:
    """While a sector is erased, 45 ms, the converter converts, and a UART takes the 32 bytes of its FIFO."""
    board.flash.times = TYPICAL
    board.run("u = machine.UART(1, 115200, tx=machine.Pin(8), rx=machine.Pin(9), rxbuf=512)")
    board.run("machine.mem32[0x4004C010] = 48000 << 8\nmachine.mem32[0x4004C000] = 1 | 8")  # a sample a ms
    wire, uart = Wire(board.mcu, 1), board.mcu.uart[1]
    board.analog.clear()
    lost = uart.overruns  # type: ignore[attr-defined]
    board.run("import rp2\nflash = rp2.Flash()")
    stall = board.flash.stall

    def stalled(span_ms: float) -> None:
        wire.send(bytes(200))  # 17 ms of the line
        board.analog.clear()
        stall(span_ms)

    board.flash.stall = stalled
    board.run(f"flash.ioctl(6, {LAST})\ndone = u.any()\nmachine.mem32[0x4004C000] = 0")
    board.flash.stall = stall
    assert board.analog.conversions >= 44
    assert uart.overruns - lost == pytest.approx(200 - 32, abs=2)  # type: ignore[attr-defined]
    assert int(board.run("print(u.any())")) in range(30, 35)


def test_an_exact_span_ends_within_an_erase(board: Rig) -> None:
    """Time stands exactly where it was told, though the processor still waits for the flash."""
    board.flash.times = WORST
    runner = board.console.begin(f"import rp2\nrp2.Flash().ioctl(6, {LAST})")
    erases = board.flash.erases
    for _ in range(200):
        before_s = board.emulated_s
        board.advance(5)
        assert board.emulated_s - before_s <= 0.0050001
    assert board.flash.erases == erases + 1
    assert runner.result is not None
    board.console.end()


SAVE = """
import os
from hal.store import Store
store = Store("/kept", os.sync)
store.save("state", b"%s" * 300)
"""


def test_power_cut_in_a_save_leaves_the_old_or_the_new(board_image: Path) -> None:
    """The power fails in the midst of each erase and program of a save, one after the other."""
    found, seen = {b"new" * 300, b"old" * 300}, set()
    with Rig(board_image, {"/kept/state": b"old" * 300}, BOARD, times=OFF) as rig:
        rig.run("import os")
        clean = bytes(rig.mcu.flash[BOARD.fs_start : BOARD.fs_start + BOARD.fs_blockcount * 4096])
        commands = rig.flash.commands
        rig.run(SAVE % "new")
        steps = rig.flash.commands - commands
        assert steps >= 3
        for step in range(1, steps + 1):
            rig.power_cut()
            rig.mcu.flash[BOARD.fs_start : BOARD.fs_start + len(clean)] = clean
            rig.boot()
            rig.run("import os")
            rig.flash.cut_at = rig.flash.commands + step
            assert cut_while(rig, SAVE % "new")
            rig.flash.cut_at = None
            rig.boot()
            after = rig.run("with open('/kept/state', 'rb') as f:\n print(f.read()[:3])")
            content = rig.files()["/kept/state"]
            assert content in found
            assert after == f"{content[:3]!r}\n"
            seen.add(content)
    assert seen == found  # early cuts left the old, late ones the new


def cut_while(rig: Rig, code: str) -> bool:
    """Run code until the power fails; return whether it did."""
    rig.console.begin(code)
    failed = rig.until(lambda: not rig.engine.on, 5.0)
    rig.console.end()
    rig.power_cut()
    return failed
