"""ADS131M04, four 24-bit converters that sample at once, on SPI mode 1 up to 25 MHz (TI SBAS890D, May 2021).

What can be noticed: a frame spoiled on its way (CRC), a reset, a changed register, a locked interface, a
resynchronisation (all in STATUS, 8.6.2), a missing DRDY, and sets that were made but not read. The chip does not
number its sets. Its FIFO holds two (8.5.1.9.1): a host late by less than two reads both, one later than that loses
the rest. How many is known by time alone, and so to one set: exactly, unless a set was made within microseconds of
a frame's end, or the host is never early enough to see DRDY fall. Which ones is not known, for TI does not say what
a full FIFO drops. Gaps over 0.5 s count as 0.5 s.
"""

import errno
from array import array

from islet.drivers.ads131m04_link import Link, unpack
from islet.drivers.ads131m04_pace import Pace

STRIDE = 4
SETTLE_SETS = 3  # of the sinc3 filter (8.5.2); the first two after a reset come from a noisier one (8.4.2)
BAD_FRAMES_MAX = 8  # in a row
_LATE_SETS_MAX = 20  # while settling
_LOST = 0x8000 | 0x2000 | 0x0400  # STATUS: locked, register map changed, reset
_RESYNC = 0x4000


class Ads131m04:
    """One chip: `set_hz` sets a second, all four channels at once; counts resyncs and restarts."""

    simultaneous = True

    def __init__(self, spi, cs, ticks_us, setup, unpack_frame=unpack) -> None:
        """spi: write_readinto(out, in); cs(0) selects, cs(1) ends; setup: a ChipSetup; ticks_us() as in `Pace`.

        unpack_frame: `ads131m04_link.unpack`, or a native twin. An RP2040 at 125 MHz keeps up with 500 sets a second
        in bytecode, with 1000 when unpack_frame is native (in emulation).
        """
        self.set_hz = setup.set_hz
        self.volts_per_code = setup.volts_per_code
        self.status = 0  # STATUS of the last good frame
        self.resyncs = 0
        self.restarts = 0
        self._words = setup.words
        self._settle_us = 3 * setup.period_ns // 1000 + 5000
        self._link = Link(spi, cs, unpack_frame)
        self._pace = Pace(ticks_us, setup.period_ns)
        self._spare = array("H", bytes(2 * STRIDE))
        self._settled = False
        self._bad = 0  # frames in a row

    @property
    def crc_errors(self) -> int:
        """Frames whose CRC was wrong, since the board started."""
        return self._link.spoiled

    def start(self) -> None:
        """Reset, identify, set up and read back; ENODEV without an ADS131M04, EIO when it does not take it."""
        link = self._link
        self._settled = False
        self._bad = 0
        link.reset(self._pace.rest)
        link.identify()
        link.configure(self._words)
        self._pace.rest(self._settle_us)  # the register CRC takes 432 clocks of CLKIN (8.3.13)
        link.ask()  # flags that the setting up itself raised go out with STATUS
        if link.ask() & (_LOST | _RESYNC):
            raise OSError(errno.EIO, "flags do not clear")

    def read_set(self, window, at: int) -> bool:
        """Read one frame into window[at:at + 4]; False when it came spoiled: that set is lost. Allocates nothing.

        A code is 32768 plus the upper 16 bits, rounded, 1..65535. BAD_FRAMES_MAX spoiled ones in a row raise EIO,
        or ENODEV when nothing answers.
        """
        self._link.exchange()
        return self._decode(window, at)

    def capture(self, window, first: int, n_sets: int, ready) -> int:
        """Fill sets first..first + n_sets - 1 of the window, one a DRDY; return how many sets were missed.

        ready(): whether DRDY is low. Missed are sets that were read too late, those discarded while the filter
        settles after a resynchronisation, and spoiled ones: in their place stands the set before, so that time
        goes on evenly. Raises ETIMEDOUT without DRDY; EIO when DRDY stays low or frames stay spoiled; ENODEV when
        nothing answers; EAGAIN when the chip had lost its settings: they are written again, and what the
        window holds is no measurement. The first call after `start` discards SETTLE_SETS sets, not counted.
        """
        try:
            return self._fill(window, STRIDE * first, STRIDE * (first + n_sets), ready)
        except OSError:
            self._settled = False
            raise

    def _fill(self, window, at: int, stop: int, ready) -> int:
        if not self._settled:
            self._settle(ready)
        missed = 0
        while at < stop:
            missed += self._pace.wait(ready)
            self._link.exchange()
            missed += self._pace.sent()
            good = self._decode(window, at)
            missed += self._pace.read(ready)
            if good and self.status & (_LOST | _RESYNC):
                missed += 1 + self._upset(ready)
                continue
            if not good:
                missed += 1
                _repeat(window, at)
            at += STRIDE
        return missed

    def _decode(self, window, at: int) -> bool:
        if self._link.decode(window, at):
            self._bad = 0
            self.status = self._link.response()
            return True
        self._bad += 1
        if self._bad >= BAD_FRAMES_MAX:
            self._bad = 0
            self._link.fail()
        return False

    def _upset(self, ready) -> int:
        """Answer flags in STATUS: settle again and return the sets discarded, or set up again and raise EAGAIN."""
        if self.status & _LOST:
            self.restarts += 1
            self.start()
            raise OSError(errno.EAGAIN, "the chip had lost its settings")
        self.resyncs += 1
        return self._settle(ready)

    def _settle(self, ready) -> int:
        """Discard sets until the filter has settled and the FIFO is empty (8.5.1.9.1); return how many."""
        self._pace.begin()
        discarded = 0
        while discarded < SETTLE_SETS or not self._pace.empty:
            if discarded > _LATE_SETS_MAX:
                raise OSError(errno.EIO, "too slow for this rate, or DRDY stays low")
            self._pace.wait(ready)
            self._link.exchange()
            self._pace.sent()
            self._decode(self._spare, 0)
            self._pace.read(ready)
            discarded += 1
        self._settled = True
        return discarded


def _repeat(window, at: int) -> None:
    """Put the set before in the place of a spoiled one; zero volts when there is none."""
    k = at
    while k < at + STRIDE:
        window[k] = window[k - STRIDE] if at >= STRIDE else 32768
        k += 1
