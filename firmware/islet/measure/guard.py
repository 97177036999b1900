"""The fast path that guards the grid connection: half cycle by half cycle, apart from the control cycle.

step() is integers only and allocates nothing, so a hard interrupt may call it while the heap is locked. It opens the
contactor by itself; closing is for others. Detection: IEEE 1547-2018 6.4 and 6.5 (rms of each half cycle, frequency),
8.1 (unintentional island: rate of change of frequency over 500 ms; a jump of phase makes suspicious only, 6.5.2.6).
"""

from array import array
from math import sqrt

from islet.measure.guard_rows import (
    FAST,
    HIGH,
    LOW,
    MEAN,
    NONE,
    SHIFT,
    SLOW,
    TenMinutes,
    TripRows,
    square_of,
)
from islet.measure.guard_voltage import UNIT, GuardedVoltage, Halves
from islet.measure.wiring import GRID_V, Wiring
from islet.names import (
    ABOVE,
    DEAD_V_PU,
    R_NO_VOLTAGE,
    R_NONE,
    R_OVERFREQUENCY,
    R_OVERVOLTAGE,
    R_ROCOF,
    R_UNDERFREQUENCY,
    R_UNDERVOLTAGE,
    R_VECTOR_SHIFT,
)

REASONS = (
    R_NONE,
    R_NO_VOLTAGE,
    R_UNDERVOLTAGE,
    R_OVERVOLTAGE,
    R_UNDERFREQUENCY,
    R_OVERFREQUENCY,
    R_ROCOF,
    R_VECTOR_SHIFT,
)
NO_VOLTAGE, UNDERVOLTAGE, OVERVOLTAGE, UNDERFREQUENCY, OVERFREQUENCY, ROCOF, VECTOR_SHIFT = range(1, 8)
SUSPECT_HZ_PER_S = 1.0
SUSPECT_SHIFT = 1820  # 10 degrees
QUIET_MS = 250.0  # without anything abnormal, then suspicion and verdict end


class Guard:
    """One verdict for all grid-side voltages: a loss on any phase is a loss.

    `armed`: the contactor is closed and this board may open it. `holding`: it has, until release(). `suspect`: a
    half cycle was outside the continuous band, or something jumped. `lost`: a row's time is up; `why`, in REASONS.
    `hz_raw`: how far the phase advances beyond the reference in four half cycles, 1/65536 turn; `rocof_raw`: see
    GuardedVoltage.rate; `shift_raw`: the last jump of phase, 1/65536 turn. `opened`: how often it opened.
    """

    REASONS = REASONS

    def __init__(
        self, kernels, wiring: Wiring, rows, fast_open_pu: float, rocof_hz_per_s: float, rocof_ms: int, opener
    ) -> None:
        """rows: of control.grid_code.rows(). fast_open_pu 0: ride through. rocof_hz_per_s 0: it never opens by that.

        opener.open_contactor() must not allocate. Build it after the wiring is calibrated.
        """
        self.halves = halves = Halves(wiring.set_hz, wiring.f0_hz)
        numbers = [n for n in wiring.voltages if wiring.channels[n].kind == GRID_V]
        self.voltages = [GuardedVoltage(kernels, wiring, n, halves) for n in numbers]
        self._rows = TripRows(rows, halves)
        self._means = [TenMinutes(halves) for _ in numbers] if self._rows.has(MEAN) else []
        self._opener = opener
        self._fast = square_of(fast_open_pu)
        self._dead = square_of(DEAD_V_PU)
        one = 65536.0 * (halves.span * halves.half_ms / 1000.0) ** 2  # rate of 1 Hz/s
        self._rate_unit = one
        self._rate_suspect = int(one * SUSPECT_HZ_PER_S)
        self._rate_trip = int(one * rocof_hz_per_s) if rocof_hz_per_s > 0.0 else NONE
        self._rate_need = halves.count(rocof_ms)
        self._rate_beyond = 0
        self._seen = array("i", [0] * 6)
        self._quiet_need = halves.count(QUIET_MS)
        self._quiet = self._quiet_need
        self._done = self._odd = 0
        self._phase = halves.turn >> 1
        self.armed = self.holding = self.suspect = self.lost = False
        self.why = self.opened = 0
        self.hz_raw = self.rocof_raw = self.shift_raw = 0

    def step(self, window, first: int, stop: int) -> None:
        """Take in sets first..stop-1 of a window, which follow on those before; what is no half cycle yet waits."""
        halves = self.halves
        if not self.voltages:
            return
        while first < stop:
            end = min(stop, first + halves.n_sets - self._done)
            for voltage in self.voltages:
                voltage.add(window, first, end, self._phase)
            self._done += end - first
            self._phase += halves.turn * (end - first)
            first = end
            if self._done == halves.n_sets:
                self._done = 0
                self._odd ^= 1
                self._phase = (halves.turn >> 1) + (self._odd << 23)
                self._end_half()

    def release(self) -> None:
        """Let others close the contactor again; what is wrong still will open it again."""
        self.holding = False

    def restart(self) -> None:
        """Samples were lost: the half cycle under way is void, phases are learnt anew, counts stay."""
        self._done = 0
        self._phase = (self.halves.turn >> 1) + (self._odd << 23)
        for voltage in self.voltages:
            voltage.restart()

    def _end_half(self) -> None:
        for voltage in self.voltages:
            voltage.end()
        locked = self._gather()
        frequency = self._seen[SLOW] != NONE
        steady = self._steady(frequency)
        quiet = locked and steady and self._rows.within(self._seen)
        if not quiet or self._rows.counting or not frequency:
            self._judge(frequency)
        self._rest(quiet)
        if self.lost and self.armed and not self.holding:
            self.holding = True
            self.opened += 1
            self._opener.open_contactor()

    def _gather(self) -> bool:
        """Fill `_seen` with the worst of all phases; return whether each is mostly fundamental and at rest."""
        seen = self._seen
        seen[LOW] = seen[SLOW] = NONE
        seen[FAST] = -NONE
        seen[HIGH] = seen[SHIFT] = rate = 0
        locked = True
        for voltage in self.voltages:
            seen[LOW] = min(seen[LOW], voltage.square)
            seen[HIGH] = max(seen[HIGH], voltage.square)
            if voltage.valid:
                seen[SLOW] = min(seen[SLOW], voltage.advance)
                seen[FAST] = max(seen[FAST], voltage.advance)
                rate = voltage.rate if abs(voltage.rate) > abs(rate) else rate
                self.hz_raw = voltage.advance
            jump = voltage.jump or voltage.jumped
            distorted = voltage.valid and 2 * voltage.fundamental < voltage.square
            if distorted or abs(jump) > SUSPECT_SHIFT:
                locked = False
            if voltage.jumped:
                self.shift_raw = voltage.jumped
                seen[SHIFT] = max(seen[SHIFT], abs(voltage.jumped))
        seen[MEAN] = self._mean()
        if seen[SLOW] != NONE:
            self.rocof_raw = rate
        return locked

    def _mean(self) -> int:
        worst = 0
        for k in range(len(self._means)):
            self._means[k].add(self.voltages[k].square)
            worst = max(worst, self._means[k].square)
        return worst

    def _steady(self, frequency: bool) -> bool:
        """Return whether frequency does not run away; counts the half cycles for which it does."""
        rate = abs(self.rocof_raw)
        if not frequency:
            return rate <= self._rate_suspect
        self._rate_beyond = min(self._rate_beyond + 1, NONE) if rate > self._rate_trip else 0
        return rate <= self._rate_suspect

    def _judge(self, frequency: bool) -> None:
        up = self._rows.judge(self._seen, frequency)
        if self._seen[LOW] < self._fast:
            self._lose(NO_VOLTAGE if self._seen[LOW] < self._dead else UNDERVOLTAGE)
        elif up >= 0:
            self._lose(self._reason(up))
        elif self._rate_beyond > self._rate_need:
            self._lose(ROCOF)

    def _reason(self, row: int) -> int:
        source = self._rows.source(row)
        if source == SHIFT:
            return VECTOR_SHIFT
        above = self._rows.side(row) == ABOVE
        if source == SLOW or source == FAST:  # noqa: SIM109 - such a tuple would be made each time
            return OVERFREQUENCY if above else UNDERFREQUENCY
        if above:
            return OVERVOLTAGE
        return NO_VOLTAGE if self._seen[LOW] < self._dead else UNDERVOLTAGE

    def _lose(self, why: int) -> None:
        if not self.lost:
            self.lost = True
            self.why = self.why if self.holding else why
        elif self.why == UNDERVOLTAGE and why == NO_VOLTAGE:  # it had not died with the half cycle
            self.why = why

    def _rest(self, quiet: bool) -> None:
        """Suspicion and verdict outlast their cause, so that a slower reader sees them."""
        self._quiet = min(self._quiet + 1, self._quiet_need) if quiet else 0
        self.suspect = self._quiet < self._quiet_need
        if not self.suspect and self.lost:
            self.lost = False
        if not (self.lost or self.holding):
            self.why = 0

    def volts_pu(self, k: int = 0) -> float:
        """Return the rms of the last half cycle of the k-th grid voltage."""
        return sqrt(max(0, self.voltages[k].square) / UNIT)

    def hz(self) -> float:
        """Return the frequency when one was last read."""
        return self.halves.ref_hz * (1.0 + self.hz_raw / 131072.0)

    def rocof_hz_per_s(self) -> float:
        """Return the rate of change of frequency over 500 ms."""
        return self.rocof_raw / self._rate_unit

    def shift_deg(self) -> float:
        """Return the last jump of phase."""
        return self.shift_raw * 360.0 / 65536.0
