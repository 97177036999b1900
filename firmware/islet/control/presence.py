"""Is the grid there, and for how long has it been fit to return to (IEEE 1547-2018, 4.10 and 6.4)."""

from islet.base.clock import elapsed_ms
from islet.names import (
    R_NONE,
    R_OVERFREQUENCY,
    R_OVERVOLTAGE,
    R_STALE_INPUT,
    R_UNDERFREQUENCY,
    R_UNDERVOLTAGE,
)

CAP_MS = 86_400_000  # counters of ms stop here: a day, inside the 31 bits of a small int
BLIND_MS = 2000  # a shorter gap in the readings only pauses `healthy_ms`


class Presence:
    """Judges the grid side of the contactor; limits are kept in volt and hertz: a step allocates nothing.

    No usable reading is neither present nor lost: the last verdict stays and `suspect` is set. A blind meter
    must not put a house on its battery (the inverters trip by themselves on a real loss), nor may it ever let
    one reconnect. A dead voltage without a frequency is not blind: it is lost.
    """

    def __init__(self, s) -> None:
        v = s.v_nominal_v
        self._fast_v = s.fast_open_pu * v
        self._v_min, self._v_max = s.v_min_pu * v, s.v_max_pu * v
        self._hz_min, self._hz_max = s.hz_min, s.hz_max
        self._enter_v_min, self._enter_v_max = s.enter_v_min_pu * v, s.enter_v_max_pu * v
        self._enter_hz_min, self._enter_hz_max = s.enter_hz_min, s.enter_hz_max
        self._ride_ms = int(s.ride_s * 1000)
        self.lost = False
        self.fast_transfer = False  # lost without waiting: the voltage is gone
        self.suspect = False  # abnormal but riding through, or blind
        self.healthy = False  # the last readings are within the enter-service limits
        self.healthy_ms = 0  # for how long, from the first such reading, at most CAP_MS
        self.blind_ms = -1  # without a usable reading, -1 while there is one
        self.since_change_ms = 0  # since `lost` changed or boot, at most CAP_MS
        self.reason = R_NONE
        self.gap_ms = 0  # between this step and the one before
        self.stepped_ms = 0
        self._started = False
        self._abnormal_ms = -1

    def step(self, image, now_ms: int, dt_ms: int) -> None:
        """Judge the newest readings; timers run by ticks, from the reading that starts them."""
        self.gap_ms = elapsed_ms(now_ms, self.stepped_ms) if self._started else dt_ms
        self._started = True
        self.stepped_ms = now_ms
        self.since_change_ms = count_ms(self.since_change_ms, self.gap_ms)
        seen = image.grid_v.usable(now_ms)
        why = self._abnormal(image, now_ms) if seen else R_STALE_INPUT
        blind = not seen or (why == R_NONE and not image.grid_hz.usable(now_ms))
        self.blind_ms = count_ms(self.blind_ms, self.gap_ms) if blind else -1
        if not blind:
            self._judge(image.grid_v.value < self._fast_v, why)
        self._count_healthy(image, blind or why != R_NONE)
        self.suspect = blind or (self._abnormal_ms >= 0 and not self.lost)

    def restart(self) -> None:
        """Forget the healthy time: after any opening the whole enter-service delay runs again."""
        self.healthy = False
        self.healthy_ms = 0

    def _abnormal(self, image, now_ms: int) -> str:
        v = image.grid_v.value
        if v < self._v_min:
            return R_UNDERVOLTAGE
        if v > self._v_max:
            return R_OVERVOLTAGE
        if not image.grid_hz.usable(now_ms):
            return R_NONE
        if image.grid_hz.value < self._hz_min:
            return R_UNDERFREQUENCY
        return R_OVERFREQUENCY if image.grid_hz.value > self._hz_max else R_NONE

    def _judge(self, dead: bool, why: str) -> None:
        self._abnormal_ms = -1 if why == R_NONE else count_ms(self._abnormal_ms, self.gap_ms)
        lost = dead or (why != R_NONE and (self.lost or self._abnormal_ms >= self._ride_ms))
        self.fast_transfer = dead
        if lost != self.lost:
            self.since_change_ms = 0
        self.lost = lost
        self.reason = why

    def _count_healthy(self, image, unfit: bool) -> None:
        if 0 <= self.blind_ms < BLIND_MS:
            return
        if unfit or not self._may_enter(image):
            self.restart()
        elif self.healthy:
            self.healthy_ms = count_ms(self.healthy_ms, self.gap_ms)
        else:
            self.healthy = True

    def _may_enter(self, image) -> bool:
        if not self._enter_v_min <= image.grid_v.value <= self._enter_v_max:
            return False
        return self._enter_hz_min <= image.grid_hz.value <= self._enter_hz_max


def count_ms(count: int, gap_ms: int) -> int:
    """Return a timer advanced by gap_ms and held at CAP_MS; a stopped one (-1) starts at 0."""
    if count < 0:
        return 0
    return min(count + gap_ms, CAP_MS)
