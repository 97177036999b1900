"""What presence needs to remember of the grid's readings: the ten-minute voltage, and whether frequency runs away."""

from math import sqrt

from islet.base.clock import elapsed_ms

BLOCK_MS = 30_000
BLOCKS = 20
SPAN_MS, LONGEST_MS = 500, 2000  # between two readings that make a rate
RAN_HZ_PER_S = 1.0  # a frequency that left its limits so is that of a feeder on its own
RAN_MS = 5000  # and stays so for that long


class MeanVoltage:
    """The rms of the last ten minutes in blocks of 30 s; what was not seen counts as nominal."""

    def __init__(self, nominal_v: float) -> None:
        self._squares = [nominal_v * nominal_v] * BLOCKS
        self._total = BLOCKS * nominal_v * nominal_v
        self._sum = 0.0
        self._sum_ms = self._at = 0
        self.volts = nominal_v

    def add(self, v: float, gap_ms: int) -> None:
        """Take in a reading that stands for the last gap_ms, ten minutes at most."""
        gap_ms = max(0, min(gap_ms, BLOCKS * BLOCK_MS))
        self._sum += v * v * gap_ms
        self._sum_ms += gap_ms
        while self._sum_ms >= BLOCK_MS:
            mean = self._sum / self._sum_ms
            self._sum_ms -= BLOCK_MS
            self._sum -= mean * BLOCK_MS
            self._total += mean - self._squares[self._at]
            self._squares[self._at] = mean
            self._at = (self._at + 1) % BLOCKS
            self.volts = sqrt(max(0.0, self._total / BLOCKS))


class RunningHz:
    """The rate of change of frequency from readings half a second apart, for boards whose chips give no samples."""

    def __init__(self, limit_hz_per_s: float, trip_ms: int) -> None:
        """limit 0: it is never lost by that."""
        self._limit = limit_hz_per_s
        self._trip_ms = trip_ms
        self._hz = 0.0
        self._since_ms = 0
        self._over_ms = 0
        self._ran_ms = RAN_MS
        self.lost = False
        self.ran = False  # fast, in the last seconds

    def step(self, hz: float, now_ms: int) -> None:
        """Take in a frequency, 0 when there is none."""
        gap_ms = elapsed_ms(now_ms, self._since_ms)
        if self._hz and hz and gap_ms < SPAN_MS:
            return
        rate = 0.0
        if self._hz and hz and gap_ms <= LONGEST_MS:
            rate = abs(hz - self._hz) * 1000.0 / gap_ms
        self._ran_ms = 0 if rate > RAN_HZ_PER_S else min(RAN_MS, self._ran_ms + max(0, min(gap_ms, RAN_MS)))
        self.ran = self._ran_ms < RAN_MS
        self._over_ms = self._over_ms + gap_ms if 0.0 < self._limit < rate else 0
        self.lost = self._over_ms > 0 and self._over_ms >= self._trip_ms
        self._hz = hz
        self._since_ms = now_ms
