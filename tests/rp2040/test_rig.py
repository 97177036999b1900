"""The emulated board as a rig: time, pins, files, resets and power cuts are what they would be on the board."""

from pathlib import Path
from struct import pack

import pytest

from host_tools.errors import RunError
from host_tools.hil.frames import Tail
from host_tools.hil.rp2040.rig import BOARD, Rig


def test_time_passes_exactly(board: Rig) -> None:
    """1000 steps of 1 ms and one of 500 ms are 1.5 s to the microsecond, for the board's own timer, too."""
    board.advance(0.0)
    before_s, before_us = board.emulated_s, board.mcu.timer.read_uint32(0x28)  # TIMERAWL, datasheet 4.6.5
    for _ in range(1000):
        board.advance(1)
    board.advance(500)
    assert board.emulated_s - before_s == pytest.approx(1.5, abs=1e-6)
    assert board.mcu.timer.read_uint32(0x28) - before_us == pytest.approx(1_500_000, abs=2)


def test_outputs_are_seen_with_their_times(board: Rig) -> None:
    """A pin that nobody drove before, high for 10 ms or a little more: as long as the board's own ticks say."""
    board.pins.watch(22)
    assert board.pins.level(22) is None
    code = "p = machine.Pin(22, machine.Pin.OUT, value=0)\np.on()\nsince = time.ticks_us()\ntime.sleep_us(10000)\n"
    told_us = board.json(code + "until = time.ticks_us()\np.off()\nprint(time.ticks_diff(until, since))")
    low, rose, fell = board.pins.edges[22]
    assert (low.level, rose.level, fell.level) == (False, True, False)
    assert 10_000 <= told_us < 12_000
    assert 1e6 * (fell.at_s - rose.at_s) == pytest.approx(told_us, abs=100)
    assert board.pins.level(22) is False


def test_inputs_are_driven_and_let_go(board: Rig) -> None:
    """An input with a pull-up is high alone, and low when driven low."""
    read = "print(machine.Pin(16, machine.Pin.IN, machine.Pin.PULL_UP).value())"
    assert board.run(read) == "1\n"
    board.pins.drive(16, False)
    assert board.run(read) == "0\n"
    board.pins.release(16)
    assert board.run(read) == "1\n"


def test_files_go_there_and_back(board: Rig) -> None:
    """What lay on the flash before the start is read by the board, and what it writes is read from the flash."""
    assert board.run("print(open('note').read())") == "left here\n"
    board.run("os.mkdir('log')\nwith open('log/day', 'wb') as f:\n f.write(bytes(range(256)) * 20)")
    files = board.files()
    assert files["/note"] == b"left here"
    assert files["/log/day"] == bytes(range(256)) * 20


def test_an_exception_and_a_silent_end_are_told(board: Rig) -> None:
    """A traceback comes as RunError, and so does code that never ends."""
    with pytest.raises(RunError, match="ZeroDivisionError"):
        board.run("1 / 0")
    with pytest.raises(RunError, match="did not end within"):
        board.run("while True:\n time.sleep_ms(5)", timeout_s=0.2)
    assert board.run("print(3)") == "3\n"


@pytest.mark.parametrize("how", ["machine.reset()", "machine.WDT(timeout=200)\ntime.sleep(1)"])
def test_the_board_comes_back_after_a_reset(board: Rig, how: str) -> None:
    """By itself or by the watchdog: RAM is lost, the flash stays, the cause is the watchdog's (3 = WDT_RESET)."""
    resets, begun_s = board.resets, board.emulated_s
    with pytest.raises(RunError, match="was reset"):
        board.run(f"import machine, time\nkept = 1\n{how}")
    assert board.resets == resets + 1
    assert board.emulated_s - begun_s < 1.0
    assert (
        board.run("import gc, machine, os, time\nprint(machine.reset_cause(), 'kept' in globals())")
        == "3 False\n"
    )
    assert board.files()["/note"] == b"left here"


def test_power_cut_and_start(board: Rig) -> None:
    """Pins float, RAM and time are lost, the watchdog that ran does not bite, the flash stays (1 = PWRON_RESET)."""
    board.pins.watch(21)
    board.run("machine.Pin(21, machine.Pin.OUT, value=1)\nmachine.WDT(timeout=300)")
    at_s, resets = board.emulated_s, board.resets
    board.power_cut()
    assert board.pins.edges[21][-1].level is None
    board.advance(2000)
    assert board.emulated_s - at_s == pytest.approx(2.0, abs=0.01)
    board.boot()
    told = board.run(
        "import gc, machine, os, time\nprint(machine.reset_cause(), time.ticks_ms() < 500, time.gmtime()[0])"
    )
    assert told == "1 True 2021\n"
    board.advance(1000)
    assert board.resets == resets
    assert board.files()["/note"] == b"left here"


def test_clock_and_ticks_begin_as_told(board_image: Path) -> None:
    """UTC 1700000000 is 2023-11-14 22:13:20; ticks begin 300 ms before 2**30 and wrap to 0."""
    with Rig(board_image, None, BOARD, epoch_s=1_700_000_000, ticks_ms=(1 << 30) - 300) as rig:
        code = "import time\nprint(time.gmtime()[:5], time.ticks_ms() > 1 << 29)\n"
        first, last = rig.run(code + "time.sleep_ms(400)\nprint(time.ticks_ms())").splitlines()
    assert first == "(2023, 11, 14, 22, 13) True"
    assert 100 <= int(last) <= 250


STATUS = """
import struct
from machine import mem32
from uctypes import addressof
record = bytearray(%r)
mem32[0x40058010] = addressof(record)
mem32[0x4005800C] = 0x49534C54
"""


def test_status_record_is_read_from_memory(board: Rig) -> None:
    """The record as hal.tail lays it out, at the address in SCRATCH1; gone with a reset."""
    assert board.status() is None
    record = pack("<BBBBiIIII", 1, 0b1011, 2, 5, 1234, 7, 3, 9, 40)
    board.run(STATUS % record)
    assert board.status() == Tail(1, True, 2, 5, 1234, 7, 3, 9, 40, True, False, True)
    with pytest.raises(RunError, match="was reset"):
        board.run("machine.reset()")
    assert board.status() is None
    board.run("import gc, machine, os, time")
