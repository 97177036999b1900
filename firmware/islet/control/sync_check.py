"""Synchronisation check before the contactor may close (IEEE 1547-2018, 4.10.4, table 5)."""

from math import pi

from islet.names import R_ANGLE, R_NONE, R_SLIP, R_STALE_INPUT, R_VOLTAGE_DIFFERENCE

LATENCY_MS = 100  # between the decision and the pin: up to one step
MAX_AGE_MS = 200  # an older angle says nothing
TURN_RAD = 2.6  # a zero missed by more is reached as soon by going on round


class SyncCheck:
    """Says when to order the closing, so that the contacts meet close to zero angle."""

    def __init__(self, s) -> None:
        self._v_nominal_v = s.v_nominal_v
        self._slip_max_hz = s.sync_hz
        self._v_max_pu = s.sync_v_pu
        self._angle_max_rad = s.sync_rad
        self._close_ms = s.contactor_close_ms
        self.angle_rad = 0.0  # grid minus bus, predicted for the contacts meeting with no latency
        self.slip_hz = 0.0  # grid minus bus
        self.dv_pu = 0.0  # grid minus bus
        self.blocked_by = R_NONE

    def passes(self, image, now_ms: int) -> bool:
        """Return whether to order the closing now; `blocked_by` says what forbids it."""
        self.blocked_by = self._blocked(image, now_ms)
        return self.blocked_by == R_NONE

    def _blocked(self, image, now_ms: int) -> str:
        for reading in (image.slip_rad, image.grid_hz, image.bus_hz, image.grid_v, image.bus_v):
            if not reading.usable(now_ms) or reading.age_ms(now_ms) > MAX_AGE_MS:
                return R_STALE_INPUT
        self.slip_hz = image.grid_hz.value - image.bus_hz.value
        self.dv_pu = (image.grid_v.value - image.bus_v.value) / self._v_nominal_v
        lead_ms = self._close_ms + image.slip_rad.age_ms(now_ms)
        self.angle_rad = angle_after(image.slip_rad.value, self.slip_hz, lead_ms)
        late_rad = angle_after(image.slip_rad.value, self.slip_hz, lead_ms + LATENCY_MS)
        if abs(self.slip_hz) > self._slip_max_hz:
            return R_SLIP
        if abs(self.dv_pu) > self._v_max_pu:
            return R_VOLTAGE_DIFFERENCE
        return R_NONE if self._angle_fits(self.angle_rad, late_rad) else R_ANGLE

    def _angle_fits(self, early_rad: float, late_rad: float) -> bool:
        """Both ends of the latency lie in the window, and now is nearer to zero than the next step."""
        now, later = abs(early_rad), abs(late_rad)
        if max(now, later) > self._angle_max_rad or later < now:
            return False
        return early_rad * late_rad <= 0 or now < self._angle_max_rad / 4


class Aim:
    """Where the bus shall go to resynchronise: beside the grid's frequency, so the angle sweeps to zero."""

    def __init__(self, s) -> None:
        self._slip_hz = s.slip_hz
        self._far_rad = 3 * s.sync_rad
        self._min_v = s.v_nominal_v * (1 - s.sync_v_pu)
        self._max_v = s.v_nominal_v * (1 + s.sync_v_pu)
        self.offset_hz = s.slip_hz  # bus minus grid
        self.hz = s.f0_hz
        self.v = s.v_nominal_v

    def start(self, image, now_ms: int) -> None:
        """Choose the shorter way: a bus that lags runs faster."""
        self.offset_hz = self._slip_hz if image.slip_rad.value > 0 else -self._slip_hz
        self.step(image, now_ms)

    def step(self, image, now_ms: int) -> None:
        """Follow the grid; keep the last aim while a reading is missing."""
        for reading in (image.grid_hz, image.grid_v, image.slip_rad):
            if not reading.usable(now_ms):
                return
        passed_rad = -image.slip_rad.value if self.offset_hz > 0 else image.slip_rad.value
        if self._far_rad < passed_rad < TURN_RAD:
            self.offset_hz = -self.offset_hz
        self.hz = image.grid_hz.value + self.offset_hz
        self.v = max(self._min_v, min(self._max_v, image.grid_v.value))


def angle_after(angle_rad: float, slip_hz: float, span_ms: int) -> float:
    """Return the angle in -pi..pi after span_ms at this slip; 2*pi*slip*t is the breaker advance angle."""
    return wrap_rad(angle_rad + 2 * pi * slip_hz * span_ms / 1000)


def wrap_rad(angle_rad: float) -> float:
    """Return the angle in -pi..pi."""
    return (angle_rad + pi) % (2 * pi) - pi
