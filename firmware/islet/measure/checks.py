"""Self-checks of a meter: is everything connected as the wiring says, and does it measure?

Each check gives evidence for or against a code, window by window, or says nothing; Findings decides when a code
appears and goes. docs/meter_checks.md tells what each means and what to do.
"""

from array import array
from math import pi

from islet.base.clock import elapsed_ms
from islet.measure import findings as f
from islet.measure.balance import Balance
from islet.measure.kernels import MID
from islet.measure.phasing import REVERSED, UNKNOWN, WRONG, WRONG_REVERSED, Phasing
from islet.measure.phasor import wrap_rad
from islet.measure.wiring import BUS_V, GRID_I, GRID_V, LOAD_I, SOURCE_I

_ASIDE = 655  # codes from the middle, 2 %: no channel rests there
_NOISY = 8.0  # codes of noise below which a channel may show one code for a whole window
_LIVE_PU = 0.5
_START_PU = (
    0.0004  # starting current 0.4 % of Ib (IEC 62053-21, 8.3.3) with Ib a tenth of the largest current
)
_JUMP_HZ = 1.0  # from one window to the next: ten times what a grid of little inertia does
_NEXT_MS = 500  # windows further apart are no neighbours
_APART_PU = 0.05
_APART_DEG = 15.0
_DEG = 180.0 / pi


class Checks:
    """Watches a meter after each of its measurements."""

    def __init__(self, meter, two_way: tuple = ()) -> None:
        """two_way names the sources that also consume, as a battery: no angle tells them reversed."""
        wiring = meter.wiring
        self.meter = meter
        self.found_in = f.Findings(wiring.stride)
        self.whole = wiring.stride
        self._names = [channel.name for channel in wiring.channels] + [""]
        self._extremes = array("i", bytes(12))
        self.lowest = array("H", bytes(2 * wiring.stride))
        self.highest = array("H", bytes(2 * wiring.stride))
        self.railed = array("H", bytes(2 * wiring.stride))
        self.phasing = [Phasing(c, wiring.system, c.channel.name in two_way) for c in meter.currents]
        self._balance = Balance(meter, [c for c in meter.currents if c.channel.kind == GRID_I])
        self._by_source = [c for c in meter.currents if c.channel.kind == SOURCE_I]
        self._by_load = [c for c in meter.currents if c.channel.kind == LOAD_I]
        self._sides = [_phases_of(meter, kind) for kind in (GRID_V, BUS_V)]
        self._live_v = _LIVE_PU * wiring.v_nominal_v
        self._apart_v = _APART_PU * wiring.v_nominal_v
        self._hz = array("f", bytes(4 * len(meter.voltages)))
        self._last_ms = 0
        self._now_ms = 0

    def found(self) -> list:
        """Return (code, channel name) of all that stands, "" for the meter as a whole."""
        return [row[:2] for row in self.details()]

    def details(self) -> list:
        """Return (code, channel name, tick of its appearance, evidence) of all that stands."""
        all_of = self.found_in
        rows = []
        for code in range(len(f.CODES)):
            for channel in range(all_of.columns):
                if all_of.on(code, channel):
                    at = code * all_of.columns + channel
                    rows.append((f.CODES[code], self._names[channel], all_of.since_ms[at], all_of.value[at]))
        return rows

    def step(
        self,
        window: array,
        kept: int,
        n_sets: int,
        now_ms: int,
        contactor_closed: bool,
        lost_sets: int,
        sources_w=None,
    ) -> None:
        """Check the window that the meter has just measured; lost_sets were lost since the one before.

        sources_w is what sources without a CT of this meter generate, None when that is not known.
        """
        self.scan(window, kept, n_sets)
        near = elapsed_ms(now_ms, self._last_ms) < _NEXT_MS
        self._last_ms = self._now_ms = now_ms
        self._note(f.LOST, self.whole, lost_sets > 0, lost_sets)
        for channel in range(self.whole):
            self._check_codes(channel, n_sets - kept)
        self._check_dead(contactor_closed)
        self._check_hz(near)
        for side in self._sides:
            self._check_angles(side)
        self._check_differ(contactor_closed)
        for k in range(len(self.phasing)):
            self._check_current(self.phasing[k], self.meter.wiring.currents[k], contactor_closed)
        self._check_balance(contactor_closed, sources_w)

    def scan(self, window: array, kept: int, n_sets: int) -> None:
        """Take the extremes of the new sets of all channels; allocates nothing."""
        out = self._extremes
        for channel in range(self.whole):
            self.meter.kernels.extremes(window, self.whole, channel, kept, n_sets, out)
            self.lowest[channel] = out[0]
            self.highest[channel] = out[1]
            self.railed[channel] = out[2]

    def _note(self, code: int, channel: int, evidence: bool, value: float) -> None:
        self.found_in.note(code, channel, evidence, value, self._now_ms)

    def _stuck(self, channel: int) -> bool:
        flat = self.lowest[channel] == self.highest[channel]
        aside = abs(self.lowest[channel] - MID) > _ASIDE
        return flat and (aside or self.meter.wiring.channels[channel].noise_codes >= _NOISY)

    def _check_codes(self, channel: int, n_sets: int) -> None:
        """A channel that shows one code, or runs into the converter's ends."""
        stuck = self._stuck(channel)
        railed = self.railed[channel]
        if not self.meter.wiring.channels[channel].is_voltage():
            self._note(f.MISS, channel, stuck, self.lowest[channel])
        self._note(f.CLIP, channel, railed > 0 and not stuck, 100.0 * railed / n_sets)

    def _check_dead(self, closed: bool) -> None:
        """A voltage that is dead while others of its side live, or its counterpart across the closed contactor."""
        for voltage in self.meter.voltages:
            dead = voltage.rms_v < voltage.dead_v
            alone = False
            for other in self.meter.voltages:
                live = other.rms_v > self._live_v
                same_side = other.channel.kind == voltage.channel.kind
                same_phase = other.channel.phase == voltage.channel.phase
                alone = alone or (live and (same_side or (closed and same_phase)))
            evidence = (dead and alone) or self._stuck(voltage.number)
            self._note(f.MISS, voltage.number, evidence, voltage.rms_v)

    def _check_hz(self, near: bool) -> None:
        """A live voltage must have a frequency that a grid or an island can have, and keep it."""
        voltages = self.meter.voltages
        for k in range(len(voltages)):
            hz = voltages[k].hz
            if voltages[k].rms_v > self._live_v:
                jump = near and hz > 0.0 and self._hz[k] > 0.0 and abs(hz - self._hz[k]) > _JUMP_HZ
                self._note(f.HZ, voltages[k].number, jump or not 45.0 <= hz <= 65.0, hz)
            self._hz[k] = hz

    def _check_angles(self, side: list) -> None:
        """Voltages of one side stand 120 degrees apart in the order L1 L2 L3, the legs of a split phase 180."""
        if len(side) < 2 or not all(voltage.alive() for voltage in side):
            return
        first = _apart_deg(side[0], side[1])
        number = side[0].number
        if len(side) == 2:
            self._note(f.ANGLES, number, abs(first) < 155.0, first)
            return
        second = _apart_deg(side[1], side[2])
        right = abs(first - 120.0) < 25.0 and abs(second - 120.0) < 25.0
        turned = abs(first + 120.0) < 25.0 and abs(second + 120.0) < 25.0
        self._note(f.SEQ, number, turned, first)
        self._note(f.ANGLES, number, not right and not turned, second if abs(first - 120.0) < 25.0 else first)

    def _check_differ(self, closed: bool) -> None:
        """Across the closed contactor there is one voltage."""
        if not closed:
            return
        for grid in self._sides[0]:
            for bus in self._sides[1]:
                if grid.channel.phase == bus.channel.phase and grid.alive() and bus.alive():
                    apart_deg = _apart_deg(grid, bus)
                    apart = abs(grid.rms_v - bus.rms_v) > self._apart_v
                    evidence = apart or abs(apart_deg) > _APART_DEG
                    self._note(
                        f.DIFFER, bus.number, evidence, apart_deg if not apart else bus.rms_v - grid.rms_v
                    )

    def _check_current(self, phasing: Phasing, channel: int, closed: bool) -> None:
        """Direction and phase of a current, and what it shows when there is none."""
        current = phasing.current
        self._check_still(current, channel, closed)
        if not phasing.add():
            return
        verdict = phasing.verdict()
        if verdict == UNKNOWN:
            return
        if not (current.channel.kind == GRID_I or phasing.two_way):
            self._note(f.REV, channel, verdict == REVERSED, phasing.angle_deg())
        axis_deg = phasing.steps.axis_deg()
        angle_deg = axis_deg if phasing.two_way else phasing.angle_deg()
        if verdict == WRONG or not phasing.two_way or phasing.straight():
            self._note(f.TURNED, channel, verdict == WRONG, angle_deg)
        if verdict == WRONG_REVERSED or phasing.straight():
            self._note(f.BOTH, channel, verdict == WRONG_REVERSED, axis_deg)

    def _check_still(self, current, channel: int, closed: bool) -> None:
        """Behind the open contactor no current flows; and what is far above the noise has a fundamental."""
        start_a = _START_PU * current.channel.rated
        if current.channel.kind == GRID_I and not closed:
            self._note(f.OFFSET, channel, current.fundamental_a > start_a, current.fundamental_a)
        noise_a = current.channel.noise_codes * current.channel.scale
        if noise_a != 0.0:
            loud = current.variance_a2 > max(24.0 * noise_a * noise_a, start_a * start_a)
            pure = current.fundamental_a * current.fundamental_a < 0.01 * current.variance_a2
            self._note(f.NOISE, channel, loud and pure, current.rms_a)

    def _check_balance(self, closed: bool, sources_w) -> None:
        """Grid, sources and loads add up to nothing, when all are known and themselves not in doubt."""
        if not closed or not self._by_load or (sources_w is None and not self._by_source):
            return
        rest_w = sources_w or 0.0
        for current in self._by_source:
            rest_w += current.active_w
        for current in self._by_load:
            if current.active_w < 0.0:
                return
            rest_w -= current.active_w
        self._balance.add(rest_w)
        for k in range(len(self._balance.grid)):
            turned = self._balance.turned(k)
            if turned >= 0:
                current = self._balance.grid[k]
                self._note(
                    f.REV, self.meter.wiring.index(current.channel.name), turned == 1, current.active_w
                )


def _phases_of(meter, kind: int) -> list:
    """Return the voltages of a side in the order of their phases."""
    found = [voltage for voltage in meter.voltages if voltage.channel.kind == kind]
    return sorted(found, key=lambda voltage: voltage.channel.phase)


def _apart_deg(first, second) -> float:
    """Return how far the second voltage lags the first, -180..180."""
    return wrap_rad(first.phase_rad - second.phase_rad) * _DEG
