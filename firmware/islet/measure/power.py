"""Power of a voltage and a current channel over whole cycles."""

from array import array
from math import cos, sin, sqrt

from islet.measure.frequency import EDGES, Cycles, Phasor, rows_for, wrap_rad
from islet.measure.kernels import CHANNELS, MAX_SETS, SUMS

X, Y, XX, YY, XY, XP = range(SUMS)  # columns of the sums


class Sums:
    """The products of two channels over whole cycles."""

    def __init__(self, kernels, v: int, i: int, max_sets: int) -> None:
        """v and i are channel numbers."""
        self.kernels = kernels
        self.v = v
        self.i = i
        self.rows = rows_for(max_sets, SUMS)

    def accumulate(self, window: array, cycles: Cycles) -> None:
        """Sum the products; allocates nothing."""
        add = self.kernels.sums
        first = cycles.first
        stop = cycles.stop
        a = first
        at = EDGES * SUMS
        while a < stop:  # a range with a named step would be an object on the heap
            b = min(a + MAX_SETS, stop)
            add(window, self.v, self.i, a, b, self.rows, at)
            a = b
            at += SUMS
        add(window, self.v, self.i, first, first + 1, self.rows, 0)
        add(window, self.v, self.i, stop - 1, stop, self.rows, SUMS)

    def covariance(self, cycles: Cycles, product: int, x: int, y: int) -> float:
        """Return mean(product) - mean(x) * mean(y) in codes squared: what is left without the offsets."""
        mean_x = cycles.mean(self.rows, SUMS, x)
        mean_y = cycles.mean(self.rows, SUMS, y)
        return cycles.mean(self.rows, SUMS, product) - mean_x * mean_y


def rms(variance: float, noise: float) -> float:
    """Return the rms of a signal whose noise of `noise` rms is known; 0 where the noise is all."""
    return sqrt(max(0.0, variance - noise * noise))


def two_tap(first: float, second: float, delay: float, rad_per_set: float) -> float:
    """Return the product `delay` sets back, from the product of now and that of one set back.

    Exact for the fundamental: sin(w(n-d)) sin(w) == sin(w(1-d)) sin(wn) + sin(wd) sin(w(n-1)).
    """
    now = sin(rad_per_set * (1.0 - delay))
    back = sin(rad_per_set * delay)
    return (now * first + back * second) / sin(rad_per_set)


class Voltage:
    """One voltage channel: its cycles, rms, fundamental and phase."""

    def __init__(self, kernels, ratings, channel: int, table: array, max_sets: int) -> None:
        """The channel's scale, phase lead and the smallest live voltage are read from the ratings."""
        self.cycles = Cycles(kernels, channel, ratings.set_hz, ratings.f0_hz, ratings.arm)
        self.phasor = Phasor(kernels, channel, table, max_sets)
        self.scale_v = ratings.scale[channel]
        self.lead_rad = ratings.lead_rad[channel]
        self.noise = ratings.noise_codes
        self.dead_v = ratings.dead_v
        self.rms_v = 0.0
        self.phase_rad = 0.0  # of the cosine at the end of the window

    def settle(self, sums: Sums, n_sets: int) -> None:
        """Turn sums of this voltage over its cycles into rms and phase; floats."""
        cycles = self.cycles
        self.rms_v = self.scale_v * rms(sums.covariance(cycles, XX, X, X), self.noise)
        self.phasor.settle(cycles)
        self.phase_rad = wrap_rad(self.phasor.phase_rad(cycles, n_sets) - self.lead_rad)

    def alive(self) -> bool:
        """Return whether there is a voltage that has a frequency and a phase."""
        return self.cycles.hz > 0.0 and self.rms_v >= self.dead_v


class Power:
    """A current against a voltage: active power of all harmonics, reactive of the fundamental (IEEE 1459)."""

    def __init__(self, kernels, ratings, v: int, i: int, table: array, max_sets: int) -> None:
        """v and i are channel numbers; scales, CT phase and noise are read from the ratings."""
        self.sums = Sums(kernels, v, i, max_sets)
        self.current = Phasor(kernels, i, table, max_sets)
        self.scale_a = ratings.scale[i]
        self.noise = ratings.noise_codes
        self.skew = (i - v) / CHANNELS  # sets the current is sampled after the voltage
        self.lead_rad = ratings.lead_rad[i] - ratings.lead_rad[v]
        self.rms_a = 0.0
        self.active_w = 0.0  # positive along the arrow of the CT
        self.reactive_var = 0.0  # positive when the current lags
        self.apparent_va = 0.0
        self.power_factor = 0.0  # active over apparent; not a number while no current flows

    def accumulate(self, window: array, cycles: Cycles) -> None:
        """Sum the products and the fundamental of the current; allocates nothing."""
        self.sums.accumulate(window, cycles)
        self.current.accumulate(window, cycles)

    def settle(self, voltage: Voltage) -> None:
        """Turn the sums into powers against the voltage over whose cycles they were made; floats."""
        sums = self.sums
        cycles = voltage.cycles
        scale = voltage.scale_v * self.scale_a
        w = cycles.rad_per_set
        now = sums.covariance(cycles, XY, X, Y)
        back = sums.covariance(cycles, XP, X, Y)
        self.active_w = scale * two_tap(now, back, self.skew + self.lead_rad / w, w)
        self.reactive_var = scale * self._quadrature(cycles, voltage.phasor)
        self.rms_a = self.scale_a * rms(sums.covariance(cycles, YY, Y, Y), self.noise)
        self.apparent_va = voltage.rms_v * self.rms_a
        self.power_factor = self.active_w / self.apparent_va if self.apparent_va else float("nan")

    def _quadrature(self, cycles: Cycles, voltage: Phasor) -> float:
        current = self.current
        current.settle(cycles)
        late = self.skew * cycles.rad_per_set + self.lead_rad
        along = voltage.re * current.re + voltage.im * current.im
        across = voltage.im * current.re - voltage.re * current.im
        return across * cos(late) + along * sin(late)
