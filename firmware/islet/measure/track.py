"""Frequency over a second, and its rate of change, from one window after the other."""

from array import array

_WINDOWS = 16
SECOND = 1.0
ROCOF_S = 0.5  # the span of a rate of change (IEEE 1547-2018 6.5.2.5 averages over 0.1 s and more)


class Track:
    """The last windows of a voltage: cycles, their length and their frequency."""

    def __init__(self, set_hz: float) -> None:
        self._set_hz = set_hz
        self._count = array("H", bytes(2 * _WINDOWS))
        self._length = array("f", bytes(4 * _WINDOWS))
        self._hz = array("f", bytes(4 * _WINDOWS))
        self._newest = 0
        self._filled = 0
        self.hz_1s = 0.0  # over the last second of cycles without a gap; 0 when there is no regular voltage
        self.rocof_hz_per_s = 0.0

    def step(self, cycles) -> None:
        """Take in the cycles of a window."""
        if cycles.hz == 0.0 or not cycles.joined:
            self._filled = 0
        if cycles.hz == 0.0:
            self.hz_1s = self.rocof_hz_per_s = 0.0
            return
        self._newest = (self._newest + 1) % _WINDOWS
        self._count[self._newest] = cycles.count
        self._length[self._newest] = cycles.length
        self._hz[self._newest] = cycles.hz
        self._filled = min(self._filled + 1, _WINDOWS)
        self._settle()

    def _settle(self) -> None:
        """Add cycles up, newest first, until they make a second; on the way, fit a line through ROCOF_S of it."""
        count = 0
        length = 0.0
        n = t_sum = hz_sum = tt_sum = thz_sum = 0.0
        newest_hz = self._hz[self._newest]
        for back in range(self._filled):
            k = (self._newest - back) % _WINDOWS
            middle_s = -(length + 0.5 * self._length[k]) / self._set_hz
            if middle_s > -ROCOF_S:
                hz = self._hz[k] - newest_hz  # small numbers, for the sums
                n += 1.0
                t_sum += middle_s
                hz_sum += hz
                tt_sum += middle_s * middle_s
                thz_sum += middle_s * hz
            count += self._count[k]
            length += self._length[k]
            if length >= SECOND * self._set_hz:
                break
        self.hz_1s = count * self._set_hz / length
        spread = n * tt_sum - t_sum * t_sum
        self.rocof_hz_per_s = (n * thz_sum - t_sum * hz_sum) / spread if n >= 3.0 else 0.0
