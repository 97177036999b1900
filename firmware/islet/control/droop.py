"""Frequency and power: frequency-watt on the grid, restoration of the frequency in the island."""

from math import pi, sin

from islet.base.clock import elapsed_ms
from islet.names import R_DROOP

DEAD_BAND_HZ = 0.036  # dbOF = dbUF
SLOPE_PU = 0.05  # kOF = kUF: per-unit frequency change for the whole rating
GAIN = 0.2  # a third of the bound at two samples of delay
GAIN_PER_S = 2.0  # reaches GAIN at 100 ms; sampled more slowly it stays there
TRIM_HZ = (
    0.3  # most of the integral, so that a full battery, which lets the bus rise, does not wind it up far
)
LIMIT_HZ = 1.0  # EN 50160, island: 49..51 Hz for 95 % of a week
NO_LIMIT_W = 1e9


class Droop:
    """On the grid bounds the battery by the frequency, in the island brings the bus back to its target."""

    def __init__(self, s) -> None:
        self._f0_hz = s.f0_hz
        self._rated_w = s.battery_rated_w
        self._droop_hz_per_w = s.droop_pu * s.f0_hz / max(1.0, s.battery_rated_w)
        self.active = False  # outside the dead band, answering from `pre_w`
        self.pre_w = 0.0
        self.forward_hz = 0.0  # what the inverter's droop takes away at the present power
        self.trim_hz = 0.0  # the integral
        self._sampled_ms = 0
        self._sampled = False

    def limit(self, image, band, now_ms: int) -> None:
        """Shrink the battery's band by frequency-watt (IEEE 1547-2018, 6.5.2.7)."""
        if not image.grid_hz.usable(now_ms) or not image.contactor_closed:
            self.active = False
            return
        hz = image.grid_hz.value
        if abs(hz - self._f0_hz) <= DEAD_BAND_HZ:
            self.active = False
        elif not self.active and image.battery_w.usable(now_ms):
            self.active = True
            self.pre_w = image.battery_w.value
        if not self.active:
            return
        power_w = frequency_watt(hz, self._f0_hz, self.pre_w, self._rated_w, -self._rated_w, band.hi)
        if hz > self._f0_hz:
            band.shrink(-NO_LIMIT_W, power_w, R_DROOP)
        else:
            band.shrink(power_w, NO_LIMIT_W, R_DROOP)

    def restore(self, image, wishes, target_hz: float, now_ms: int) -> None:
        """Set wishes.form_hz so that the loaded bus runs at target_hz: droop fed forward plus an integral."""
        if not wishes.forming or image.contactor_closed:
            self.trim_hz = 0.0
            self.forward_hz = 0.0
            self._sampled = False
            return
        if image.bus_hz.usable(now_ms):
            self._sample(image, target_hz, now_ms)
        wishes.form_hz = self._bounded_hz(target_hz + self.forward_hz + self.trim_hz)

    def _sample(self, image, target_hz: float, now_ms: int) -> None:
        """Integrate once a reading, by the time since the one before; not further into a bound of form_hz."""
        if image.battery_w.usable(now_ms):
            self.forward_hz = self._droop_hz_per_w * image.battery_w.value
        stamp_ms = image.bus_hz.stamp_ms
        gap_ms = elapsed_ms(stamp_ms, self._sampled_ms)
        if self._sampled and gap_ms > 0:
            error_hz = target_hz - image.bus_hz.value
            asked_hz = target_hz + self.forward_hz + self.trim_hz
            if (asked_hz - self._bounded_hz(asked_hz)) * error_hz <= 0:
                step_hz = min(GAIN, GAIN_PER_S * gap_ms / 1000) * error_hz
                self.trim_hz = max(-TRIM_HZ, min(TRIM_HZ, self.trim_hz + step_hz))
        self._sampled = True
        self._sampled_ms = stamp_ms

    def _bounded_hz(self, hz: float) -> float:
        return max(self._f0_hz - LIMIT_HZ, min(self._f0_hz + LIMIT_HZ, hz))


def frequency_watt(
    hz: float, f0_hz: float, pre_w: float, rated_w: float, least_w: float, available_w: float
) -> float:
    """Return the power (W, generates) for hz; pre_w: at leaving the dead band (IEEE 1547-2018, 6.5.2.7)."""
    over_hz = hz - (f0_hz + DEAD_BAND_HZ)
    under_hz = (f0_hz - DEAD_BAND_HZ) - hz
    if over_hz > 0:
        return max(pre_w - rated_w * over_hz / (f0_hz * SLOPE_PU), least_w)
    if under_hz > 0:
        return min(pre_w + rated_w * under_hz / (f0_hz * SLOPE_PU), available_w)
    return pre_w


def gain_bound(delay_samples: int) -> float:
    """Return the integral gain a sample below which restoration with this total delay is stable."""
    return 2 * sin(pi / (2 * (2 * delay_samples + 1)))
