"""Frequency and power: frequency-watt on the grid; in the island the droop laws, and the way back to nominal."""

from islet.base.clock import elapsed_ms
from islet.control.frequency_watt import FrequencyWatt
from islet.control.restore import Restore

TRIM_HZ = 0.3  # most of the integral: a full battery, which lets the bus rise, does not wind it up far
TRIM_V_PU = 0.05
LIMIT_HZ = 1.0  # EN 50160, island: 49..51 Hz for 95 % of a week
LIMIT_V_PU = 0.10  # EN 50160, 4.2.2: +-10 % for 95 %
FOLLOW_GAIN = 0.05  # a reading, of what following inverters take over
FOLLOW_SLOPE_PU = 0.05  # of the rating, in a reading


class Droop:
    """On the grid bounds the battery by the frequency, in the island brings the bus back to its targets.

    In an inductive network frequency falls with power and voltage with reactive power, in a resistive one (cables
    of low voltage) voltage falls with power and frequency rises with reactive power.
    """

    def __init__(self, s) -> None:
        self._f0_hz = s.f0_hz
        self._v_nominal_v = s.v_nominal_v
        self._droop_pu = s.droop_pu
        self._v_droop_pu = s.v_droop_pu
        self._resistive = s.island_network == "resistive"
        rated_w = max(1.0, s.battery_rated_w)
        self._hz_per_w = 0.0 if self._resistive else s.droop_pu * s.f0_hz / rated_w
        self._v_per_w = s.v_droop_pu * s.v_nominal_v / rated_w if self._resistive else 0.0
        delay = int(s.restore_delay_samples)
        self.watt = FrequencyWatt(s)
        self.hz = Restore(s.restore_gain, delay, s.f0_hz, LIMIT_HZ, TRIM_HZ)
        volts = s.v_nominal_v
        self.v = Restore(s.restore_gain, delay, volts, LIMIT_V_PU * volts, TRIM_V_PU * volts)
        self._follow_pu = 0.0
        self._follow_ms = 0
        self._following = False

    def limit(self, image, band, now_ms: int) -> None:
        """Shrink the battery's band by frequency-watt (IEEE 1547-2018, 6.5.2.7)."""
        self.watt.limit(image, band, now_ms)

    def restore(self, image, wishes, target_hz: float, now_ms: int, target_v: float = 0.0) -> None:
        """Set wishes.form_hz, and with a target_v form_v, so that the loaded bus runs at its targets.

        The droops are wished too; 0 leaves a device its own.
        """
        if not wishes.forming or image.contactor_closed:
            self.hz.stop()
            self.v.stop()
            return
        wishes.form_droop_pu = self._droop_pu
        wishes.form_v_droop_pu = self._v_droop_pu
        known = image.battery_w.usable(now_ms)
        power_w = image.battery_w.value
        wishes.form_hz = _brought(
            self.hz, target_hz, self._hz_per_w * power_w if known else self.hz.forward, image.bus_hz, now_ms
        )
        if target_v > 0:
            wishes.form_v = _brought(
                self.v, target_v, self._v_per_w * power_w if known else self.v.forward, image.bus_v, now_ms
            )

    def follow(self, image, wishes, former_w: float, follower_w: float, now_ms: int) -> float:
        """Return the power (W, generates) of the inverters that follow in the island beside those that form.

        former_w and follower_w are the ratings of both. Each takes the same part of its rating as the droop law
        says of the bus: (form_hz - hz) / (droop f0), in a resistive network of the voltage. Taken slowly, for a
        watt taken here is one less for the former, and the more so the larger the followers.
        """
        droop_pu = self._v_droop_pu if self._resistive else self._droop_pu
        if not wishes.forming or image.contactor_closed or follower_w <= 0 or droop_pu <= 0:
            self._follow_pu = 0.0
            self._following = False
            return 0.0
        reading = image.bus_v if self._resistive else image.bus_hz
        asked, nominal = (
            (self.v.asked, self._v_nominal_v) if self._resistive else (self.hz.asked, self._f0_hz)
        )
        gap_ms = elapsed_ms(reading.stamp_ms, self._follow_ms)
        if reading.usable(now_ms) and (not self._following or gap_ms > 0):
            wanted_pu = max(-1.0, min(1.0, (asked - reading.value) / (droop_pu * nominal)))
            gain = FOLLOW_GAIN / (1.0 + follower_w / max(1.0, former_w))
            step_pu = gain * (wanted_pu - self._follow_pu)
            self._follow_pu += max(-FOLLOW_SLOPE_PU, min(FOLLOW_SLOPE_PU, step_pu))
            self._follow_ms = reading.stamp_ms
            self._following = True
        return self._follow_pu * follower_w


def _brought(loop: Restore, target: float, forward: float, reading, now_ms: int) -> float:
    """Return what to ask of the former; without a reading the trim stays as it is."""
    if not reading.usable(now_ms):
        return loop.hold(target)
    return loop.sample(target, forward, reading.value, reading.stamp_ms)


def droop_hz(f0_hz: float, droop_pu: float, power_w: float, rated_w: float, set_hz: float) -> float:
    """Return the frequency of a P-f droop: w = w0 - m (P - P*), with m = droop f0 / rating."""
    return set_hz - droop_pu * f0_hz * power_w / rated_w


def droop_v(v_nominal_v: float, v_droop_pu: float, power_var: float, rated_va: float, set_v: float) -> float:
    """Return the voltage of a Q-V droop: V = V0 - n (Q - Q*), in a resistive network of the power instead of Q."""
    return set_v - v_droop_pu * v_nominal_v * power_var / rated_va


def reverse_hz(f0_hz: float, droop_pu: float, power_var: float, rated_va: float, set_hz: float) -> float:
    """Return the frequency of a Q-f droop of a resistive network: w = w0 + m (Q - Q*)."""
    return set_hz + droop_pu * f0_hz * power_var / rated_va
