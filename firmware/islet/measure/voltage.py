"""Voltages: cycles, rms, fundamental, distortion, phase, and the rms of every half cycle."""

from array import array
from math import pi, sqrt

from islet.measure.frequency import Cycles, cycles_room
from islet.measure.kernels import SQUARES
from islet.measure.kernels_rows import FOLD
from islet.measure.phasor import Phasor, wrap_rad
from islet.measure.wiring import Channel, Wiring

DEAD_PU = 0.05  # below this share of nominal a voltage has no frequency worth the name
_KEEP = 0.9  # of the windows before, in a distortion
_ARM_PU = 0.02  # hysteresis of the zero crossings, as share of the nominal crest


def rms(variance: float) -> float:
    """Return the root; 0 where noise made the variance negative."""
    return sqrt(variance) if variance > 0.0 else 0.0


class Distortion:
    """Total harmonic distortion against the fundamental (IEEE 1459), over about a second of cycles without a gap.

    One window alone knows its length to a few hundred-thousandths. That is a distortion of half a per cent, and its
    errors cancel from window to window.
    """

    def __init__(self) -> None:
        self._rest = self._square = 0.0

    def pu(self, variance: float, fundamental: float, cycles: Cycles) -> float:
        """Take in rms squared and rms of the fundamental of a window; return the distortion."""
        keep = _KEEP if cycles.joined else 0.0
        square = fundamental * fundamental
        self._rest = keep * self._rest + cycles.length * (variance - square)
        self._square = keep * self._square + cycles.length * square
        return rms(self._rest / self._square) if self._square > 0.0 else 0.0


class Voltage:
    """One voltage input: its cycles, rms, fundamental, distortion, phase, and the rms of its half cycles."""

    def __init__(self, kernels, wiring: Wiring, number: int, table: array, max_sets: int) -> None:
        """number is the channel's; max_sets counts the history too."""
        channel: Channel = wiring.channels[number]
        room = cycles_room(max_sets, wiring.set_hz)
        arm = max(1, round(_ARM_PU * 1.414 * wiring.v_nominal_v / channel.per_code))
        self.kernels = kernels
        self.channel = channel
        self.number = number
        self.dead_v = DEAD_PU * wiring.v_nominal_v
        self.cycles = Cycles(kernels, number, wiring.stride, wiring.set_hz, wiring.f0_hz, arm, room)
        self.phasor = Phasor(kernels, number, wiring.skew(number), table, self.cycles)
        self.rms_v = 0.0
        self.fundamental_v = 0.0
        self.thd_pu = 0.0
        self._distortion = Distortion()
        self.phase_rad = 0.0  # of the cosine at the end of the window
        self._halves = array("H", bytes(4 * room + 4))
        self._rows = 0
        self._sums = array("i", bytes(4 * SQUARES * (2 * room + 1)))
        self._totals = array("i", bytes(8 * SQUARES))
        self._state = array("i", [0] * 5)  # of kernels.half_squares
        self._offset_code2 = 0.0
        self.half_count = 0
        self._half_square = array("i", bytes(8 * room + 4))  # mean square of a cycle, in 256 codes squared
        self.half_end = array("H", bytes(4 * room + 2))  # the set at which it ended

    @property
    def hz(self) -> float:
        """The frequency of the window's newest cycles, 0 when there is no regular voltage."""
        return self.cycles.hz

    def alive(self) -> bool:
        """Return whether there is a voltage that has a frequency and a phase."""
        return self.cycles.hz > 0.0 and self.rms_v >= self.dead_v

    def cut(self, n_sets: int) -> None:
        """Lay the bounds of the half cycles."""
        edges = self.cycles.edges
        count = self.cycles.count
        halves = self._halves
        edge = halves[0] = edges[0]
        row = 0
        for k in range(1, count + 1):
            after = edges[k]
            halves[row + 1] = (edge + after + 1) // 2
            row += 2
            halves[row] = edge = after
        half = edge + (edge - edges[0] + count) // (2 * count)
        if half <= n_sets:
            row += 1
            halves[row] = half
        self._rows = row

    def accumulate(self, window: array) -> None:
        """Sum squares by half cycles, and the fundamental; allocates nothing."""
        cycles = self.cycles
        self.kernels.squares(window, cycles.stride, self.number, self._halves, self._rows, self._sums)
        self.kernels.fold(self._sums, SQUARES, 1, 2 * cycles.count, self._totals)
        self.phasor.accumulate(window, cycles)

    def settle(self, n_sets: int, moved: int) -> None:
        """Turn sums into rms, fundamental and phase; floats."""
        cycles = self.cycles
        channel = self.channel
        totals = self._totals
        offset = totals[0] / cycles.length
        self._offset_code2 = offset * offset + channel.noise_codes * channel.noise_codes
        square = (FOLD * totals[1] + totals[2]) / cycles.length
        variance = square * (1.0 + cycles.bend_0) - self._offset_code2  # at the ends, it is 0
        scale = abs(channel.scale)
        self.rms_v = scale * rms(variance)
        self._settle_halves(moved)
        self.phasor.settle(cycles)
        fundamental = self.phasor.rms()
        self.fundamental_v = scale * fundamental
        self.thd_pu = self._distortion.pu(variance, fundamental, cycles) if self.alive() else 0.0
        late = channel.lead_rad if channel.scale > 0.0 else channel.lead_rad + pi
        self.phase_rad = wrap_rad(self.phasor.phase_rad(cycles, n_sets) - late)

    def _settle_halves(self, moved: int) -> None:
        """Note the mean square of each cycle that ended with a half cycle after those told in the window before."""
        cycles, state = self.cycles, self._state
        state[0] -= moved
        if not cycles.joined:
            state[1] = state[2] = 0
        self.half_count = self.kernels.half_squares(
            self._halves,
            self._rows,
            cycles.places,
            cycles.count,
            self._sums,
            state,
            self._half_square,
            self.half_end,
        )

    def half_v(self, k: int) -> float:
        """Return the rms of the cycle that ended with half cycle k of half_count (IEC 61000-4-30: Urms(1/2))."""
        return abs(self.channel.scale) * rms(256.0 * self._half_square[k] - self._offset_code2)

    def halves_within(self, low_v: float, high_v: float) -> bool:
        """Return whether all half_v of the window lie between two voltages; cheaper than asking for each."""
        unit = 1.0 / (256.0 * self.channel.scale * self.channel.scale)
        bias = self._offset_code2 / 256.0
        low, high = int(low_v * low_v * unit + bias), int(high_v * high_v * unit + bias)
        return not self.half_count or (low < self._state[3] and self._state[4] < high)
