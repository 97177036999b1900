"""Synchronisation check before the contactor may close (IEEE 1547-2018, 4.10.4, table 5)."""

from math import pi

from islet.base.clock import elapsed_ms
from islet.names import (
    R_ANGLE,
    R_DWELL,
    R_NONE,
    R_SLIP,
    R_STALE_INPUT,
    R_SYNC_RELAY,
    R_VOLTAGE_DIFFERENCE,
)

LATENCY_MS = 100  # between the measurement and the pin: up to one step
MAX_AGE_MS = 200  # an older angle says nothing
ORDER_ANGLE = 0.5  # shares of the band within which the closing is ordered; the rest is for noise, for the
ORDER_SLIP = 0.6  # spread of the contactor's travel, and for a load that changes while the contacts fly
ORDER_VOLTAGE = 0.75


class SyncCheck:
    """Says when to order the closing, so that the contacts meet close to zero angle.

    In band for the dwell is what a check relay calls in synchronism; the order itself is given in a part of it.
    """

    def __init__(self, s) -> None:
        self._v_nominal_v = s.v_nominal_v
        self._slip_max_hz = s.sync_hz
        self._v_max_pu = s.sync_v_pu
        self._angle_max_rad = s.sync_rad
        self._close_ms = int(s.contactor_close_ms)
        self._dwell_ms = int(s.sync_dwell_ms)
        self._relay = s.sync_relay >= 0.5
        self.angle_rad = 0.0  # grid minus bus, predicted for the contacts meeting with no latency
        self.slip_hz = 0.0  # grid minus bus
        self.dv_pu = 0.0  # grid minus bus
        self.blocked_by = R_NONE
        self._late_rad = 0.0  # the angle when the order is a step late
        self._in_band_ms = -1
        self._stamp_ms = 0

    def restart(self) -> None:
        """Forget the dwell."""
        self._in_band_ms = -1

    def passes(self, image, now_ms: int) -> bool:
        """Return whether to order the closing now; `blocked_by` says what forbids it."""
        self.blocked_by = self._out_of_band(image, now_ms)
        if self.blocked_by != R_NONE:
            self._in_band_ms = -1
            return False
        self._count(image.slip_rad.stamp_ms)
        self.blocked_by = self._not_yet(image)
        return self.blocked_by == R_NONE

    def drifted(self, image, now_ms: int) -> bool:
        """Return whether the angle has left what a contactor that is late may still meet: twice the band."""
        return fresh(image.slip_rad, now_ms) and abs(image.slip_rad.value) > 2 * self._angle_max_rad

    def _out_of_band(self, image, now_ms: int) -> str:
        if not (
            fresh(image.slip_rad, now_ms) and fresh(image.grid_hz, now_ms) and fresh(image.bus_hz, now_ms)
        ):
            return R_STALE_INPUT
        if not (fresh(image.grid_v, now_ms) and fresh(image.bus_v, now_ms)):
            return R_STALE_INPUT
        self.slip_hz = image.grid_hz.value - image.bus_hz.value
        self.dv_pu = (image.grid_v.value - image.bus_v.value) / self._v_nominal_v
        lead_ms = self._close_ms + image.slip_rad.age_ms(now_ms)
        self.angle_rad = angle_after(image.slip_rad.value, self.slip_hz, lead_ms)
        self._late_rad = angle_after(image.slip_rad.value, self.slip_hz, lead_ms + LATENCY_MS)
        if abs(self.slip_hz) > self._slip_max_hz:
            return R_SLIP
        if abs(self.dv_pu) > self._v_max_pu:
            return R_VOLTAGE_DIFFERENCE
        return R_NONE if self._worst_rad() <= self._angle_max_rad else R_ANGLE

    def _worst_rad(self) -> float:
        return max(abs(self.angle_rad), abs(self._late_rad))

    def _count(self, stamp_ms: int) -> None:
        if self._in_band_ms < 0:
            self._in_band_ms = 0
        elif self._in_band_ms < self._dwell_ms:
            self._in_band_ms += max(0, elapsed_ms(stamp_ms, self._stamp_ms))
        self._stamp_ms = stamp_ms

    def _not_yet(self, image) -> str:
        """Return what a bus in band still waits for."""
        if self._relay and not image.sync_relay_ok:
            return R_SYNC_RELAY
        if self._in_band_ms < self._dwell_ms:
            return R_DWELL
        if abs(self.slip_hz) > ORDER_SLIP * self._slip_max_hz:
            return R_SLIP
        if abs(self.dv_pu) > ORDER_VOLTAGE * self._v_max_pu:
            return R_VOLTAGE_DIFFERENCE
        return R_NONE if self._is_best() else R_ANGLE

    def _is_best(self) -> bool:
        """Both ends of the latency lie in the part, and now is nearer to zero than the next step."""
        if self._worst_rad() > ORDER_ANGLE * self._angle_max_rad:
            return False
        now, later = abs(self.angle_rad), abs(self._late_rad)
        return now <= later or self.angle_rad * self._late_rad <= 0 or now < self._angle_max_rad / 4


def fresh(reading, now_ms: int) -> bool:
    """Return whether a reading is usable and of the last two windows."""
    return reading.usable(now_ms) and reading.age_ms(now_ms) <= MAX_AGE_MS


def angle_after(angle_rad: float, slip_hz: float, span_ms: int) -> float:
    """Return the angle in -pi..pi after span_ms at this slip; 2*pi*slip*t is the breaker advance angle."""
    return wrap_rad(angle_rad + 2 * pi * slip_hz * span_ms / 1000)


def wrap_rad(angle_rad: float) -> float:
    """Return the angle in -pi..pi."""
    return (angle_rad + pi) % (2 * pi) - pi
