"""What the tests of the ADS131M04 share: a driver that has started, windows, a host that is busy."""

from array import array

from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_link import unpack
from islet.drivers.ads131m04_setup import ChipSetup

OFFSETS = (-8192, -4096, 0, 4096)  # of the chip's ramp, by channel


def started(chip, unpack_frame=unpack, **settings):
    driver = Ads131m04(chip, chip.cs, chip.ticks_us, ChipSetup(chip.clkin_hz, **settings), unpack_frame)
    driver.start()
    return driver


def error_of(call, *arguments):
    try:
        call(*arguments)
    except OSError as error:
        return error.errno
    return None


def window_of(n_sets):
    return array("H", bytes(8 * n_sets))


def numbers(window, first, n_sets):
    """Return the numbers of the sets in a window, after all four channels were found to tell the same."""
    found = []
    for n in range(first, first + n_sets):
        number = window[4 * n] - 32768 - OFFSETS[0]
        for k in range(4):
            assert window[4 * n + k] - 32768 - OFFSETS[k] == number, n
        found.append(number)
    return found


class Host:
    """A host that is busy for a while after some frames."""

    def __init__(self, chip):
        self.chip = chip
        self.busy_ns = 0
        self.frames = 0
        self.pause = (-1, 0)  # frame, nanoseconds

    def unpack(self, frame, table, window, at):
        self.chip.advance(self.busy_ns)
        if self.frames == self.pause[0]:
            self.chip.advance(self.pause[1])
        self.frames += 1
        return unpack(frame, table, window, at)


def missed_by(chip, host, driver, periods, busy=0.0):
    """Capture around one pause; return (missed as told, sets the chip dropped meanwhile, sets in the window)."""
    window = window_of(40)
    host.busy_ns = int(busy * chip.period_ns)
    driver.capture(window, 0, 10, chip.ready)
    before = chip.lost
    host.pause = (host.frames + 5, int(periods * chip.period_ns))
    missed = driver.capture(window, 0, 40, chip.ready)
    return missed, chip.lost - before, numbers(window, 0, 40)
