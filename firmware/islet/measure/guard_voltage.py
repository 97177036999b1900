"""One grid-side voltage by half cycles, in integers: rms, fundamental, frequency, its rate of change, jumps of phase.

A half cycle is a whole number of sets: the one nearest to nominal. Its frequency is the reference; where the sets do
not divide the nominal half cycle, the nominal frequency is one off the reference like any other.
Phases are in 1/65536 of a turn and relative to the reference. A phasor is taken over two half cycles, so that direct
current and all harmonics of the reference fall out. All of a small int's 31 bits are used, no float, no memory.
"""

from array import array
from math import atan, pi

from islet.measure.kernels import HALVES
from islet.measure.phasor import quadrature_table
from islet.measure.wiring import Wiring

UNIT = 1 << 20  # square of the nominal voltage
ALIVE = UNIT // 40  # square of 0.16 pu: below, a fundamental has no phase worth following
JUMP = 910  # 5 degrees in a cycle beyond what frequency explains: no frequency is read across it
_MASK = 2  # half cycles after the one a jump was found in
_CLEAN = 4  # half cycles that frequency is read from
_ARC_BITS = 8
_OFFSET_MAX = 4095
_SLOPE_MAX = 4096  # 1/8 of the reference frequency


class Halves:
    """The half cycles of a sampler's sets: how many sets, which reference frequency; and the shared tables."""

    def __init__(self, set_hz: float, f0_hz: float) -> None:
        self.n_sets = int(set_hz / (2.0 * f0_hz) + 0.5)
        self.ref_hz = set_hz / (2.0 * self.n_sets)
        self.half_ms = 500.0 / self.ref_hz
        self.turn = int((1 << 23) / self.n_sets + 0.5)
        self.span = int(
            250.0 / self.half_ms + 0.5
        )  # half cycles of each mean that the rate of change compares
        self.table = quadrature_table()
        steps = 1 << _ARC_BITS
        self.arc = array("H", [int(65536.0 * atan(k / steps) / (2.0 * pi) + 0.5) for k in range(steps + 2)])

    def count(self, span_ms: float) -> int:
        """Return the half cycles that a span takes, the last one begun counted."""
        return -int(-span_ms / self.half_ms // 1)


class GuardedVoltage:
    """After end(): `square` and `fundamental` in UNITs, `valid`, and where that holds `advance` and `rate`.

    `advance`: of the phase in four half cycles, 1 Hz is 131072 / ref_hz. `rate`: its change over 500 ms, 1 Hz/s is
    65536 * (span * half_s)**2. `jump`: of the phase, as far as seen; `jumped`: the whole one, once, when it is over.
    """

    def __init__(self, kernels, wiring: Wiring, number: int, halves: Halves) -> None:
        """number is the channel's. ValueError: the nominal voltage is a small part of the converter's range."""
        self._kernels, self._stride, self._number = kernels, wiring.stride, number
        self._halves, self._n = halves, halves.n_sets
        codes = wiring.v_nominal_v / abs(wiring.channels[number].scale)
        level = codes * codes / 256.0
        if level < 4096.0:
            raise ValueError("guard: nominal is %d codes at %s" % (codes, wiring.channels[number].name))
        self._shift = 0  # square = (level >> 6) * _factor >> _shift
        while UNIT / level * (64 << self._shift) < 8192.0:
            self._shift += 1
        self._factor = int(UNIT / level * (64 << self._shift) + 0.5)
        self._sums = array("i", [0] * HALVES)
        self._total = self._cosine = self._sine = 0  # of the half cycle before
        self._offset64 = 0
        self.square = self.fundamental = UNIT
        self._angle = 0
        self._steps = array("h", [0] * (2 * halves.span))
        self._at = 0
        self._newer = self._older = 0  # sums of the steps in either half of them
        self._slope = self._slope_before = 0
        self.advance = self.rate = self.jump = self.jumped = 0
        self.valid = False
        self._mask, self._clean, self._anew = _MASK, 0, True

    def add(self, window, first: int, stop: int, phase: int) -> None:
        """Take in sets of the half cycle under way."""
        halves = self._halves
        self._kernels.half_cycle(
            window, self._stride, self._number, first, stop, halves.table, halves.turn, phase, self._sums
        )

    def restart(self) -> None:
        """Samples are missing: the phase is learnt anew."""
        for k in range(HALVES):
            self._sums[k] = 0
        self._forget(_MASK)

    def _forget(self, mask: int) -> None:
        self._mask, self._clean = mask, 0
        self._anew = True
        self.valid = False
        self.rate = self.jump = self.jumped = 0

    def end(self) -> None:
        """Judge the half cycle that is complete, with the one before it."""
        sums, n = self._sums, self._n
        offset = self._offset64 >> 6
        total = sums[0]
        level = (sums[1] - 2 * offset * (total >> 8) + n * (offset * offset >> 8)) // n
        mean = (total + self._total) // (2 * n)
        self._offset64 += max(-_OFFSET_MAX, min(_OFFSET_MAX, mean)) - offset
        cosine, sine = sums[2] // n, sums[3] // n
        re = (self._cosine + cosine + 128) >> 8  # half the amplitude in codes
        im = -((self._sine + sine + 128) >> 8)
        self._total = total
        self._cosine, self._sine = cosine, sine
        sums[0] = sums[1] = sums[2] = sums[3] = 0
        self._square(level, re, im)
        self._follow(re, im)

    def _square(self, level: int, re: int, im: int) -> None:
        """Scale the squares. A half cycle that is none of the true frequency's has a ripple, which is known."""
        both = (re * re + im * im) >> 7
        ripple = (((re * re - im * im) >> 14) * self._slope) >> 8
        most = level >> 3
        level -= max(-most, min(most, ripple))
        self.square = (level >> 6) * self._factor >> self._shift if level > 0 else 0
        self.fundamental = (both >> 6) * self._factor >> self._shift

    def _follow(self, re: int, im: int) -> None:
        """Take the phase's step since the half cycle before; across a jump, the step that frequency explains."""
        slope = self._slope
        angle = self._arctan(re - (re * slope >> 16), im + (im * slope >> 16))
        step = ((angle - self._angle + 32768) & 65535) - 32768
        self._angle = angle
        self.jumped = 0
        if self.fundamental < ALIVE or self.square < ALIVE:
            self._forget(_MASK + 1)
        elif self._mask:
            self._masked(step)
        elif self._clean > 2 and self._jumps(step):
            pass
        else:
            self._push(step)
            self._learn()

    def _masked(self, step: int) -> None:
        self._mask -= 1
        if self._anew:
            return
        self.jump += step - self._slope
        self._push(self._slope)
        if not self._mask:
            self.jumped, self.jump = self.jump, 0

    def _jumps(self, step: int) -> bool:
        """Return whether a jump begins, and take back what of it went before."""
        before = self._steps[self._at - 1]
        slope = self._slope_before
        ahead = before + step - 2 * slope
        if -JUMP <= ahead <= JUMP:
            return False
        self._slope = slope
        self._steps[self._at - 1] = slope
        self._newer += slope - before
        self._push(slope)
        self.jump = ahead
        self._mask, self._clean = _MASK, 0
        self.valid = False
        return True

    def _push(self, step: int) -> None:
        steps, span, at = self._steps, self._halves.span, self._at
        middle = steps[at - span]
        self._newer += step - middle
        self._older += middle - steps[at]
        steps[at] = step
        at += 1
        self._at = at if at < 2 * span else 0
        self.rate = self._newer - self._older

    def _learn(self) -> None:
        """Frequency from the steps since the last jump, four at most."""
        clean = self._clean = min(self._clean + 1, _CLEAN)
        if clean < 2:
            return
        steps, at = self._steps, self._at
        total = steps[at - 1] + steps[at - 2]
        if clean > 2:
            total += steps[at - 3]
        if clean > 3:
            total += steps[at - 4]
        self.advance = 4 * total // clean
        self._slope_before = self._slope
        self._slope = max(-_SLOPE_MAX, min(_SLOPE_MAX, total // clean))
        self.valid = True
        if self._anew:
            self._fill()

    def _fill(self) -> None:
        """What went before the phase was learnt is taken to have had this frequency."""
        slope = self._slope
        self._anew = False
        self._slope_before = slope
        for k in range(len(self._steps)):
            self._steps[k] = slope
        self._newer = self._older = slope * self._halves.span
        self.rate = 0

    def _arctan(self, re: int, im: int) -> int:
        """Return the angle of a phasor, 0..65535."""
        x, y = abs(re), abs(im)
        steep = x < y
        angle = self._arc(y if steep else x, x if steep else y) if x or y else 0
        angle = 16384 - angle if steep else angle
        if re < 0:
            angle = 32768 - angle
        return angle & 65535 if im >= 0 else -angle & 65535

    def _arc(self, long: int, short: int) -> int:
        """Return the angle whose tangent is short / long, both under 2**15, by a table and a line between."""
        ratio = (short << 15) // long
        table = self._halves.arc
        k = ratio >> 7
        low = table[k]
        return low + (((table[k + 1] - low) * (ratio & 127) + 64) >> 7)
