"""What the tests of the ATM90E32AS share: set-ups, a driver that has started, readings."""

import errno

from islet.base.clock import add_ms
from islet.drivers.atm90e32 import Atm90e32
from islet.drivers.atm90e32_setup import ChipSetup, PhaseSetup

START_MS = (1 << 30) - 300  # the ticks wrap while the chip settles


def setup_of(**changed):
    phases = changed.pop("phases", (PhaseSetup(), PhaseSetup(), PhaseSetup()))
    return ChipSetup(phases, **changed)


def error_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return None


def started(chip, setup=None):
    """Return a driver whose chip has settled; its last `read` was at START_MS + 1000."""
    driver = Atm90e32(chip, chip.cs, setup or setup_of())
    assert error_of(driver.read, START_MS) == errno.EAGAIN
    assert error_of(driver.read, add_ms(START_MS, 60)) == errno.EAGAIN
    driver.read(add_ms(START_MS, 1000))
    return driver


def near(value, expected, bound=1e-6):
    return abs(value - expected) <= bound * max(1.0, abs(expected))


def fill(chip):
    """Put readings of phase A, table 13 to 15 scales: see the values in the test."""
    regs = chip.regs
    regs[0xD9], regs[0xE9] = 23000, 0x8000
    regs[0xDD], regs[0xED] = 5000, 0x4000
    chip.put(0xB1, -3_125_000)
    chip.put(0xB5, 1_562_500)
    chip.put(0xB9, 3_593_750)
    chip.put(0xD1, -3_000_000)
    chip.put(0xD5, -125_000)
    regs[0xBD] = -870 & 0xFFFF
    regs[0xF9] = 1536
    regs[0xFE], regs[0xFF] = 2400, 1200
    regs[0xF8], regs[0xFC], regs[0xDC] = 4998, -5 & 0xFFFF, 1234
