"""Frequency-watt on the grid: the battery's power follows an abnormal frequency (IEEE 1547-2018, 6.5.2.7)."""

from islet.base import curves
from islet.base.clock import elapsed_ms
from islet.control.band import NO_LIMIT_W
from islet.control.lag import Lag
from islet.names import R_DROOP

DONE_PU = 0.001  # of the rating: the way back is over


class FrequencyWatt:
    """Bounds the band from the power at leaving the dead band, with the response time of the grid code."""

    def __init__(self, s) -> None:
        row = curves.frequency_watt(s.grid_code)
        self._f0_hz = s.f0_hz
        self._rated_w = s.battery_rated_w
        self._row = row
        self._lag = Lag(row[4])
        self._now_ms = 0
        self._side = 0  # 1 over, -1 under, 0 inside; of the last reading
        self._bound = 0  # which side of the band is bounded: until the way back is over
        self.pre_w = 0.0

    @property
    def active(self) -> bool:
        """Return whether it bounds the battery, outside of the dead band or on the way back."""
        return self._bound != 0

    def limit(self, image, band, now_ms: int) -> None:
        """Shrink the band; without a trusted frequency, or off the grid, it has no say."""
        dt_ms = max(0, elapsed_ms(now_ms, self._now_ms))
        self._now_ms = now_ms
        if not image.grid_hz.usable(now_ms) or not image.contactor_closed:
            self._side = self._bound = 0
            return
        hz = image.grid_hz.value
        side = self._side_of(hz)
        if side and (side != self._side) and not self._begin(image, side, now_ms):
            side = 0
        self._side = side
        if not self._bound:
            return
        self._respond(hz, band, dt_ms)

    def _side_of(self, hz: float) -> int:
        if hz > self._f0_hz + self._row[0]:
            return 1
        return -1 if hz < self._f0_hz - self._row[1] else 0

    def _begin(self, image, side: int, now_ms: int) -> bool:
        """Latch the power before the event; without a reading of it there is nothing to answer from."""
        if not image.battery_w.usable(now_ms):
            return False
        self.pre_w = image.battery_w.value
        self._lag.reset(self.pre_w)
        self._bound = side
        return True

    def _respond(self, hz: float, band, dt_ms: int) -> None:
        """Move the bound to where the frequency, or back in the dead band the rest of the band, has it."""
        if self._side:
            target_w = frequency_watt(
                hz, self._f0_hz, self.pre_w, self._rated_w, -self._rated_w, self._rated_w, self._row
            )
        else:
            target_w = band.hi if self._bound > 0 else band.lo
            target_w = max(-self._rated_w, min(self._rated_w, target_w))
        power_w = self._lag.step(target_w, dt_ms)
        if not self._side and abs(target_w - power_w) <= DONE_PU * self._rated_w:
            self._bound = 0
        elif self._bound > 0:
            band.shrink(-NO_LIMIT_W, power_w, R_DROOP)
        else:
            band.shrink(power_w, NO_LIMIT_W, R_DROOP)


def frequency_watt(
    hz: float,
    f0_hz: float,
    pre_w: float,
    rated_w: float,
    least_w: float,
    available_w: float,
    row: tuple = curves.FREQ_WATT,
) -> float:
    """Return the power (W, generates) for hz; pre_w: at leaving the dead band (IEEE 1547-2018, 6.5.2.7).

    over: p = max(p_pre - (f - (f0 + dbOF)) / (f0 kOF), p_min); under: p = min(p_pre + ((f0 - dbUF) - f) / (f0 kUF),
    p_avail), of the rating. row is (dbOF, dbUF, kOF, kUF, ...) as of base/curves.py; LFSM of EN 50549-1 is the same.
    """
    over_hz = hz - (f0_hz + row[0])
    under_hz = (f0_hz - row[1]) - hz
    if over_hz > 0:
        return max(pre_w - rated_w * over_hz / (f0_hz * row[2]), least_w)
    if under_hz > 0:
        return min(pre_w + rated_w * under_hz / (f0_hz * row[3]), available_w)
    return pre_w
