"""Is the grid there, and for how long has it been fit to return to (IEEE 1547-2018, 4.10, 6.4 and 6.5)."""

from array import array

from islet.base.clock import elapsed_ms
from islet.control.grid_code import fast_open_pu, rows
from islet.control.running import MeanVoltage, RunningHz
from islet.names import (
    ABOVE,
    DEAD_V_PU,
    LOSS_NONE,
    LOSS_OUTAGE,
    LOSS_REJECTED,
    R_NO_VOLTAGE,
    R_NONE,
    R_OVERFREQUENCY,
    R_OVERVOLTAGE,
    R_ROCOF,
    R_STALE_INPUT,
    R_UNDERFREQUENCY,
    R_UNDERVOLTAGE,
    R_VECTOR_SHIFT,
    TRIP_HZ,
    TRIP_SHIFT,
    TRIP_V_MEAN,
)

CAP_MS = 86_400_000  # counters of ms stop here: a day, inside the 31 bits of a small int
BLIND_MS = 2000  # a shorter gap in the readings only pauses `healthy_ms`
OUTAGES = (R_NO_VOLTAGE, R_ROCOF, R_VECTOR_SHIFT)  # reasons of the fast path that mean a cut


class Presence:
    """Judges the grid side of the contactor; limits are kept in volt and hertz: a step allocates nothing.

    No usable reading is neither present nor lost: the last verdict stays and `suspect` is set. A blind meter
    must not put a house on its battery (the inverters trip by themselves on a real loss), nor may it ever let
    one reconnect. A dead voltage without a frequency is not blind: it is lost. What the fast path in the
    sampling layer says comes first; it is heard when it opens, and readings decide when that is over.
    """

    def __init__(self, s) -> None:
        v = s.v_nominal_v
        self._fast_v = fast_open_pu(s) * v
        self._dead_v = DEAD_V_PU * v
        self._rows = tuple([_in_volts(row, v) for row in rows(s) if row[0] != TRIP_SHIFT])
        self._over_ms = array("i", [-1] * len(self._rows))
        self._mean = MeanVoltage(v)
        self._running = RunningHz(s.rocof_trip_hz_per_s, int(s.rocof_trip_s * 1000))
        self._enter_v_min, self._enter_v_max = s.enter_v_min_pu * v, s.enter_v_max_pu * v
        self._enter_hz_min, self._enter_hz_max = s.enter_hz_min, s.enter_hz_max
        self.lost = False
        self.kind = LOSS_NONE
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
        self._abnormal = self._time_up = False
        self._guard_open = False

    def step(self, image, now_ms: int, dt_ms: int) -> None:
        """Judge the newest readings; timers run by ticks, from the reading that starts them."""
        self.gap_ms = elapsed_ms(now_ms, self.stepped_ms) if self._started else dt_ms
        self._started = True
        self.stepped_ms = now_ms
        self.since_change_ms = count_ms(self.since_change_ms, self.gap_ms)
        seen = image.grid_v.usable(now_ms)
        why = self._look(image, now_ms) if seen else R_STALE_INPUT
        blind = not seen or (why == R_NONE and not image.grid_hz.usable(now_ms))
        self.blind_ms = count_ms(self.blind_ms, self.gap_ms) if blind else -1
        if not blind:
            self._judge(image.grid_v.value, why)
        self._hear_guard(image)
        self._count_healthy(image, blind or why != R_NONE or self.lost)
        self.suspect = blind or ((self._abnormal or image.guard_suspect) and not self.lost)

    def restart(self) -> None:
        """Forget the healthy time: after any opening the whole enter-service delay runs again."""
        self.healthy = False
        self.healthy_ms = 0

    def _look(self, image, now_ms: int) -> str:
        """Run the rows' timers; return the reason of the first one beyond its limit, voltage before frequency."""
        measured = image.grid_hz.usable(now_ms)
        self._mean.add(image.grid_v.value, self.gap_ms)
        self._running.step(image.grid_hz.value if measured else 0.0, now_ms)
        self._time_up = False
        why = R_NONE
        for k in range(len(self._rows)):
            row = self._rows[k]
            hertz = row[0] == TRIP_HZ
            if hertz and not measured:  # where the voltage is abnormal already, a frequency may be missing
                continue
            value = image.grid_hz.value if hertz else image.grid_v.value
            if row[0] == TRIP_V_MEAN:
                value = self._mean.volts
            if not (value > row[2] if row[1] == ABOVE else value < row[2]):
                self._over_ms[k] = -1
                continue
            self._over_ms[k] = count_ms(self._over_ms[k], self.gap_ms)
            if self._over_ms[k] >= _time_ms(row, value):
                self._time_up = True
            if why == R_NONE or (self._hertz(why) and not hertz):
                why = _reason(hertz, row[1])
        return why

    def _hertz(self, why: str) -> bool:
        return why in (R_UNDERFREQUENCY, R_OVERFREQUENCY)

    def _judge(self, v: float, why: str) -> None:
        self._abnormal = why != R_NONE
        dead = v < self._fast_v
        cut = self._running.lost and not self.lost
        self._set_lost(dead or cut or (self._abnormal and (self.lost or self._time_up)))
        self.fast_transfer = dead
        self.reason = R_ROCOF if cut else R_NO_VOLTAGE if v < self._dead_v else why
        if not self.lost:
            self.kind = LOSS_NONE
        elif v < self._dead_v or cut or (self._hertz(why) and self._running.ran):
            self.kind = LOSS_OUTAGE
        elif self.kind == LOSS_NONE:
            self.kind = LOSS_REJECTED

    def _hear_guard(self, image) -> None:
        """An opening by the fast path is a loss, whatever the slower readings say yet."""
        if image.guard_open and not self._guard_open:
            self._set_lost(True)
            self.reason = image.guard_reason
            if self.reason in OUTAGES:
                self.kind = LOSS_OUTAGE
            elif self.kind == LOSS_NONE:
                self.kind = LOSS_REJECTED
        self._guard_open = image.guard_open

    def _set_lost(self, lost: bool) -> None:
        if lost != self.lost:
            self.since_change_ms = 0
        self.lost = lost

    def _count_healthy(self, image, unfit: bool) -> None:
        if 0 <= self.blind_ms < BLIND_MS and not self.lost:
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


def _in_volts(row: tuple, v: float) -> tuple:
    """Return (quantity, side, limit in V or Hz, open_ms, slope_ms_per_v, floor_ms)."""
    quantity, side, limit, _, _, open_ms, slope, floor_ms = row
    return (quantity, side, limit if quantity == TRIP_HZ else limit * v, open_ms, slope / v, floor_ms)


def _time_ms(row: tuple, value: float) -> float:
    """Return how long a row bears this value."""
    if not row[4]:
        return row[3]
    return max(row[5], row[3] - row[4] * (row[2] - value))


def _reason(hertz: bool, side: int) -> str:
    if hertz:
        return R_OVERFREQUENCY if side == ABOVE else R_UNDERFREQUENCY
    return R_OVERVOLTAGE if side == ABOVE else R_UNDERVOLTAGE
