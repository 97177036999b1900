"""Sags, swells and interruptions of the supply, from the rms of every half cycle (IEC 61000-4-30 5.4, 5.5).

Thresholds are those of EN 50160. A value belongs to one cycle and comes each half cycle; its time is the end of that
cycle. An event begins with the first value beyond the threshold and ends with the first one back behind the
hysteresis, so its duration is known to half a cycle. Times that no window covers are told with the event.
"""

from array import array

from islet.base.clock import elapsed_ms
from islet.measure.disturbance import EVENT_NAMES, INTERRUPTION, SAG, SWELL, Event, Running
from islet.measure.wiring import GRID_V

KEPT = 16
SAG_PU = 0.9
SWELL_PU = 1.1
INTERRUPTION_PU = 0.05  # EN 50160; IEEE 1159 has 0.1
HYSTERESIS_PU = 0.02
_GAP = 1.6  # half cycles between two values from which on something was not seen


class Events:
    """Events of the grid's voltages: `count` only grows; event n is get(n) while count - n <= KEPT."""

    kept = KEPT
    names = EVENT_NAMES

    def __init__(
        self,
        n_phases: int,
        v_nominal_v: float,
        interruption_pu: float = INTERRUPTION_PU,
        hysteresis_pu: float = HYSTERESIS_PU,
    ) -> None:
        """n_phases is how many grid voltages of the meter count, in its order; nominal is of each."""
        low_v = SAG_PU * v_nominal_v
        high_v = SWELL_PU * v_nominal_v
        dead_v = interruption_pu * v_nominal_v
        back_v = hysteresis_pu * v_nominal_v
        self.n_phases = n_phases
        self._low_v = low_v
        self._high_v = high_v
        self._undated = False
        self.running = (
            Running(SAG, n_phases, low_v, low_v + back_v),
            Running(SWELL, n_phases, high_v, high_v - back_v),
            Running(INTERRUPTION, n_phases, dead_v, dead_v + back_v),
        )
        self.count = 0
        self._ring = [Event() for _ in range(KEPT)]
        self._seen = 0  # bits of the phases that had a value
        self._last_ms = [0] * n_phases
        self._next = array("H", bytes(2 * n_phases))
        self._inputs: list = []
        self._up_ms = 0
        self._now_ms = 0

    def get(self, n: int) -> Event:
        """Return completed event n; raises ValueError when it is not kept."""
        if not max(0, self.count - KEPT) <= n < self.count:
            raise ValueError("event %d is not kept" % n)
        return self._ring[n % KEPT]

    def step(self, meter, now_ms: int, epoch_s: int) -> None:
        """Take the half cycles of the meter's last window, which ended at now_ms; epoch_s is 0 without a clock.

        Raises ValueError when the meter has fewer grid voltages than phases.
        """
        if not self._inputs:
            self._inputs = grid_voltages(meter, self.n_phases)
            self._now_ms = now_ms
        self._up_ms += elapsed_ms(now_ms, self._now_ms)
        self._now_ms = now_ms
        set_ms = 1000.0 / meter.wiring.set_hz
        if self._quiet():
            self._pass(set_ms)
        else:
            self._play(meter, set_ms)
        if epoch_s > 0 and self._undated:
            self._date(epoch_s)
            self._undated = False

    def _quiet(self) -> bool:
        """Return whether nothing goes on and nothing begins in this window."""
        for one in self.running:
            if one.out:
                return False
        return all(voltage.halves_within(self._low_v, self._high_v) for voltage in self._inputs)

    def _pass(self, set_ms: float) -> None:
        """Take note of when each phase was seen last."""
        for phase in range(self.n_phases):
            voltage = self._inputs[phase]
            if voltage.half_count:
                end = voltage.half_end[voltage.half_count - 1]
                self._last_ms[phase] = self._up_ms - round((_window_sets(voltage) - end) * set_ms)
                self._seen |= 1 << phase

    def _play(self, meter, set_ms: float) -> None:
        """Put the half cycles of all phases in the order of time."""
        for phase in range(self.n_phases):
            self._next[phase] = 0
        half_ms = round(500.0 / meter.wiring.f0_hz)
        phase = self._earliest()
        while phase >= 0:
            voltage = self._inputs[phase]
            k = self._next[phase]
            back_ms = round((_window_sets(voltage) - voltage.half_end[k]) * set_ms)
            self._put(phase, voltage.half_v(k), self._up_ms - back_ms, half_ms)
            self._next[phase] = k + 1
            phase = self._earliest()

    def _earliest(self) -> int:
        """Return the phase whose next half cycle ends first, or -1: phases are played in the order of time."""
        best = -1
        best_end = 0
        for phase in range(self.n_phases):
            voltage = self._inputs[phase]
            k = self._next[phase]
            if k < voltage.half_count and (best < 0 or voltage.half_end[k] < best_end):
                best = phase
                best_end = voltage.half_end[k]
        return best

    def _put(self, phase: int, volts: float, at_ms: int, half_ms: int) -> None:
        first = not self._seen >> phase & 1
        gap_ms = 0 if first else at_ms - self._last_ms[phase]
        gap_ms = gap_ms - half_ms if gap_ms > _GAP * half_ms else 0
        self._seen |= 1 << phase
        self._last_ms[phase] = at_ms
        for kind in (INTERRUPTION, SWELL, SAG):  # one within a sag is kept before it
            one = self.running[kind]
            change = one.put(phase, volts, at_ms, gap_ms, half_ms, first)
            if change < 0:
                self._keep(one.event)
            elif change > 0:
                self._undated = True
        if self.running[INTERRUPTION].on:
            self.running[SAG].event.interrupted = True

    def _keep(self, event: Event) -> None:
        self._ring[self.count % KEPT].copy(event)
        self.count += 1

    def _date(self, epoch_s: int) -> None:
        """Give events their date as soon as there is a clock, those too that ended before."""
        for one in self.running:
            if one.on:
                self._date_one(one.event, epoch_s)
        for n in range(max(0, self.count - KEPT), self.count):
            self._date_one(self._ring[n % KEPT], epoch_s)

    def _date_one(self, event: Event, epoch_s: int) -> None:
        if event.epoch_s == 0:
            event.epoch_s = epoch_s - (self._up_ms - event.begin_ms) // 1000


def grid_voltages(meter, n_phases: int) -> list:
    """Return the first n_phases grid voltages of a meter; raises ValueError when there are fewer."""
    found = [voltage for voltage in meter.voltages if voltage.channel.kind == GRID_V]
    if len(found) < n_phases:
        raise ValueError("events: %d grid voltages, %d phases" % (len(found), n_phases))
    return found[:n_phases]


def _window_sets(voltage) -> int:
    """Return how many sets the window of the last measurement had."""
    return int(voltage.cycles.stop + voltage.cycles.tail)
