"""Where the bus shall go to resynchronise: a phase-locked loop around an inverter that follows late."""

from math import pi

from islet.base.clock import elapsed_ms
from islet.control.sync_check import wrap_rad

GAIN_PER_S = 0.4  # of the angle: its time constant is 2.5 s
LEAD_S = 1.0  # the angle is taken as it will be after this at the present slip: what an inverter's delay owes
INTEGRAL_PER_S = 0.15  # of the proportional part: holds the angle to a grid whose frequency runs away
INTEGRAL_HZ = 0.05
NEAR_RAD = 0.7  # beyond it the integral waits
SLEW_HZ_PER_S = 0.2  # the target moves no faster: restoration is not to take the way there for an error
TURN_RAD = 4.0  # an angle carried past half a turn goes on, up to here; then the other way is shorter
GAP_MS = 1000
V_GAIN_PER_S = 0.2
V_REST_PU = 0.005  # a smaller difference is left alone
V_TRIM_PU = 0.05


class Aim:
    """Gives `hz` and `v` for the bus: fast while the angle is far, ever slower towards it, at rest on it.

    hz = grid + K * (angle + lead * slip) / 2 pi + integral, within slip_hz of the grid. With a delay of tau and
    the lead T the loop crosses over near K, where tau takes K * tau and the lead gives atan(K * T):
    for tau = 1.3 s there are 82 degrees of phase left.
    """

    def __init__(self, s) -> None:
        self._slip_hz = s.slip_hz
        self._min_v = s.v_nominal_v * s.enter_v_min_pu
        self._max_v = s.v_nominal_v * s.enter_v_max_pu
        self._rest_v = s.v_nominal_v * V_REST_PU
        self._trim_v = s.v_nominal_v * V_TRIM_PU
        self.offset_hz = 0.0  # bus minus grid
        self.hz = s.f0_hz
        self.v = s.v_nominal_v
        self._angle_rad = 0.0  # grid minus bus, unwrapped
        self._seen_rad = 0.0
        self._integral_hz = 0.0
        self._v_trim_v = 0.0
        self._stamp_ms = 0

    def start(self, image, now_ms: int) -> None:
        """Begin from the present angle; a bus that lags runs faster, the shorter way."""
        self.offset_hz = 0.0
        self._integral_hz = 0.0
        self._v_trim_v = 0.0
        self._angle_rad = self._seen_rad = image.slip_rad.value
        self._stamp_ms = image.slip_rad.stamp_ms
        if image.grid_hz.usable(now_ms) and image.grid_v.usable(now_ms):
            self._ask(image, now_ms)

    def step(self, image, now_ms: int) -> None:
        """Go on with a new reading; keep the last aim while one is missing."""
        if not (image.grid_hz.usable(now_ms) and image.grid_v.usable(now_ms)):
            return
        if not (image.slip_rad.usable(now_ms) and image.bus_hz.usable(now_ms)):
            return
        gap_ms = elapsed_ms(image.slip_rad.stamp_ms, self._stamp_ms)
        if gap_ms <= 0:
            return
        self._stamp_ms = image.slip_rad.stamp_ms
        gap_s = min(gap_ms, GAP_MS) / 1000
        self._follow(image.slip_rad.value)
        ahead_rad = self._angle_rad + 2 * pi * (image.grid_hz.value - image.bus_hz.value) * LEAD_S
        self._move(GAIN_PER_S * ahead_rad / (2 * pi), abs(ahead_rad) < NEAR_RAD, gap_s)
        self._trim(image, now_ms, gap_s)
        self._ask(image, now_ms)

    def _follow(self, angle_rad: float) -> None:
        """Unwrap the angle, so that the bus does not turn round at half a turn."""
        self._angle_rad += wrap_rad(angle_rad - self._seen_rad)
        self._seen_rad = angle_rad
        if self._angle_rad > TURN_RAD:
            self._angle_rad -= 2 * pi
        elif self._angle_rad < -TURN_RAD:
            self._angle_rad += 2 * pi

    def _move(self, wanted_hz: float, near: bool, gap_s: float) -> None:
        if near:
            summed_hz = self._integral_hz + INTEGRAL_PER_S * gap_s * wanted_hz
            self._integral_hz = max(-INTEGRAL_HZ, min(INTEGRAL_HZ, summed_hz))
        wanted_hz = max(-self._slip_hz, min(self._slip_hz, wanted_hz + self._integral_hz))
        reach_hz = SLEW_HZ_PER_S * gap_s
        self.offset_hz += max(-reach_hz, min(reach_hz, wanted_hz - self.offset_hz))

    def _trim(self, image, now_ms: int, gap_s: float) -> None:
        """Take out what the voltage droop leaves of the difference."""
        if not image.bus_v.usable(now_ms):
            return
        off_v = image.grid_v.value - image.bus_v.value
        if abs(off_v) > self._rest_v:
            trim_v = self._v_trim_v + V_GAIN_PER_S * gap_s * off_v
            self._v_trim_v = max(-self._trim_v, min(self._trim_v, trim_v))

    def _ask(self, image, now_ms: int) -> None:
        self.hz = image.grid_hz.value + self.offset_hz
        self.v = max(self._min_v, min(self._max_v, image.grid_v.value)) + self._v_trim_v
