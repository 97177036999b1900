"""Waiting for DRDY of an ADS131M04, and how many sets were made but can no longer be read (TI SBAS890D, 8.5.1)."""

import errno

from islet.base.clock import elapsed_ms as elapsed_us  # microseconds wrap at 2**30 too

FIFO_SETS = 2  # 8.5.1.9.1
_GAP_MAX_US = 500_000  # a longer gap counts as this long: nanoseconds stay small ints
_STUCK = 4  # sets that DRDY tells of much too early


class Pace:
    """Accounts for sets by DRDY and time; between sets read in time, no error of the clocks adds up."""

    def __init__(self, ticks_us, period_ns: int) -> None:
        """ticks_us(): microseconds that wrap at 2**30 or at a multiple of it; period_ns of a set, up to 2**27."""
        self.empty = True  # whether DRDY was high after the last read
        self._ticks_us = ticks_us
        self._period_ns = period_ns
        self._patience_us = max(8 * period_ns // 1000, 5000)
        self._seen_us = 0
        self._phase_ns = 0  # since the newest set was made
        self._have = 0  # sets in the FIFO
        self._during = 0  # sets made during the last frame
        self._odd = 0

    def begin(self) -> None:
        """Start to account anew, with a FIFO that is full and a set made just now, for all we know."""
        self._seen_us = self._ticks_us()
        self._phase_ns = 0
        self._have = FIFO_SETS
        self._odd = 0

    def wait(self, ready) -> int:
        """Wait until a set is ready; return how many before it are lost. ETIMEDOUT, EIO when DRDY stays low."""
        fresh = not ready()
        if fresh:
            self._pass_time()
            while not ready():
                if elapsed_us(self._ticks_us(), self._seen_us) > self._patience_us:
                    raise OSError(errno.ETIMEDOUT, "no DRDY")
        self._pass_time()
        if fresh:  # made just now: time starts anew from it
            self._have = max(self._have + (self._phase_ns + self._period_ns // 2) // self._period_ns, 1)
            self._phase_ns = 0
            self._odd = 0
        else:
            self._have += self._made()
            self._present()
        return self._overflow()

    def sent(self) -> int:
        """Note the end of a frame, which takes one set; return how many were lost since `wait` returned."""
        self._pass_time()
        self._during = self._made()
        self._have += self._during
        lost = self._overflow()
        self._have -= 1
        return lost

    def read(self, ready) -> int:
        """Look at DRDY after a frame; return how many sets were lost since. EIO when DRDY stays low."""
        self._pass_time()
        self._have += self._made()
        lost = self._overflow()
        self.empty = not ready()
        if not self.empty:
            self._present()
        else:  # DRDY is not pulsed for a set made during the frame (8.5.1.5): that one is there
            self._have = 1 if self._during else 0
        return lost

    def rest(self, span_us: int) -> None:
        """Wait for a span."""
        since_us = self._ticks_us()
        while elapsed_us(self._ticks_us(), since_us) < span_us:
            pass

    def _present(self) -> None:
        """DRDY says that a set is there: if time says it is not made yet, time is behind, or DRDY is stuck."""
        if self._have > 0:
            return
        self._have = 1
        early_ns = self._period_ns - self._phase_ns
        if (
            4 * early_ns < self._period_ns
        ):  # the clocks differ: follow, by little, for the host may have hurried
            self._phase_ns = min(self._period_ns // 16 - early_ns, 0)
            return
        self._phase_ns = 0
        self._odd += 1
        if self._odd >= _STUCK:
            raise OSError(errno.EIO, "DRDY stays low")

    def _overflow(self) -> int:
        lost = max(self._have - FIFO_SETS, 0)
        self._have -= lost
        return lost

    def _pass_time(self) -> None:
        now_us = self._ticks_us()
        gap_us = elapsed_us(now_us, self._seen_us)
        self._seen_us = now_us
        self._phase_ns = min(self._phase_ns + 1000 * min(max(gap_us, 0), _GAP_MAX_US), 1000 * _GAP_MAX_US)

    def _made(self) -> int:
        if self._phase_ns < self._period_ns:
            return 0
        made = self._phase_ns // self._period_ns
        self._phase_ns -= made * self._period_ns
        self._odd = 0
        return made
