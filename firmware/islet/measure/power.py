"""Currents and their powers over whole cycles."""

from array import array
from math import atan2, ceil, cos, pi, sin, sqrt

from islet.measure.kernels import PRODUCTS
from islet.measure.phasor import Phasor
from islet.measure.voltage import Distortion, Voltage, rms
from islet.measure.wiring import SPLIT, Wiring

X, Y, YY, XY, XP = 0, 1, 2, 4, 6  # columns of the products
_THD_FROM_PU = 0.02  # of the rating: below, the distortion of a current is that of the noise


def two_tap(first: float, second: float, delay: float, rad_per_set: float) -> float:
    """Return the product `delay` sets back, from the product of now and that of one set back.

    Exact for the fundamental: sin(w(n-d)) sin(w) == sin(w(1-d)) sin(wn) + sin(wd) sin(w(n-1)).
    """
    now = sin(rad_per_set * (1.0 - delay))
    back = sin(rad_per_set * delay)
    return (now * first + back * second) / sin(rad_per_set)


class Pair:
    """The products of a current with one voltage input, standing in for the voltage of a phase."""

    def __init__(
        self, kernels, wiring: Wiring, voltage: Voltage, number: int, phase: int, sign: float
    ) -> None:
        """The voltage input may be on another phase, as when there is only one; sign -1 turns the voltage round."""
        self.kernels = kernels
        self.voltage = voltage
        self.number = number
        same = phase == voltage.channel.phase
        self.sign = -sign if wiring.system == SPLIT and not same else sign
        late = wiring.angle_rad(phase) - wiring.angle_rad(voltage.channel.phase)
        self.late_rad = late % (2.0 * pi)  # the phase's voltage behind that of the input
        self.skew = wiring.skew(number) - wiring.skew(voltage.number)
        self.sums = array("i", bytes(4 * PRODUCTS * len(voltage.cycles.bounds)))
        self._totals = array("i", bytes(8 * PRODUCTS))
        self.lag = 0
        self.delay = 0.0
        self._offset = 0.0  # of the current, in codes

    def aim(self, lead_rad: float) -> None:
        """Find which set of the voltage belongs to which of the current; lead_rad: CT less voltage input; floats."""
        w = self.voltage.cycles.rad_per_set
        apart = self.skew + (lead_rad - self.late_rad) / w
        self.lag = max(0, ceil(-apart))
        self.delay = apart + self.lag

    def accumulate(self, window: array) -> None:
        """Sum the products; allocates nothing."""
        cycles = self.voltage.cycles
        stride = cycles.stride
        v = self.voltage.number - self.lag * stride
        self.kernels.products(window, stride, v, self.number, cycles.bounds, cycles.rows, self.sums)
        self.kernels.fold(self.sums, PRODUCTS, 2, cycles.rows, self._totals)

    def active(self) -> float:
        """Return the mean of voltage times current in codes, both without their offsets."""
        cycles = self.voltage.cycles
        totals = self._totals
        self._offset = cycles.mean_code(totals, PRODUCTS, Y)
        offset = cycles.mean_code(totals, PRODUCTS, X) * self._offset
        now = cycles.mean(totals, PRODUCTS, XY) - offset
        back = cycles.mean(totals, PRODUCTS, XP) - offset
        return self.sign * two_tap(now, back, self.delay, cycles.rad_per_set)

    def variance(self) -> float:
        """Return the square of the current's rms in codes, without its offset; to be called after active()."""
        return self.voltage.cycles.mean(self._totals, PRODUCTS, YY) - self._offset * self._offset

    def phasor_v(self) -> tuple:
        """Return (re, im) in volts of the phase's voltage at the start of set 0."""
        phasor = self.voltage.phasor
        scale = self.sign * self.voltage.channel.scale
        turn = -self.late_rad - self.voltage.channel.lead_rad - phasor.skew * self.voltage.cycles.rad_per_set
        along, across = scale * cos(turn), scale * sin(turn)
        return phasor.re * along - phasor.im * across, phasor.re * across + phasor.im * along


class Current:
    """A current and its power: active of all harmonics, reactive of the fundamental (IEEE 1459).

    Active power is positive along the arrow of the CT; reactive power is positive when the current lags.
    """

    def __init__(self, kernels, wiring: Wiring, number: int, pairs: list, table: array) -> None:
        """pairs holds one Pair, or two for a current between two phases."""
        self.channel = wiring.channels[number]
        self.pairs = pairs
        self.voltage = pairs[0].voltage
        self.phasor = Phasor(kernels, number, wiring.skew(number), table, self.voltage.cycles)
        self.rms_a = 0.0
        self.variance_a2 = 0.0  # rms squared less the noise, negative where the noise was less than that
        self.fundamental_a = 0.0
        self.active_w = 0.0
        self.fundamental_w = 0.0
        self.reactive_var = 0.0
        self.volts_v = 0.0  # rms of the voltage that drives the current
        self.apparent_va = 0.0
        self.power_factor = float("nan")  # active over apparent; not a number while no current flows
        self.thd_pu = float("nan")  # not a number while the current is too small
        self._distortion = Distortion()
        self.angle_rad = 0.0  # the voltage's phase less the current's

    def aim(self) -> None:
        """Line voltages and current up; floats."""
        for pair in self.pairs:
            pair.aim(self.channel.lead_rad - pair.voltage.channel.lead_rad)

    def accumulate(self, window: array) -> None:
        """Sum the products and the fundamental of the current; allocates nothing."""
        for pair in self.pairs:
            pair.accumulate(window)
        self.phasor.accumulate(window, self.voltage.cycles)

    def settle(self) -> None:
        """Turn the sums into powers; floats."""
        channel = self.channel
        active = -channel.offset_w
        for pair in self.pairs:
            active += pair.voltage.channel.scale * channel.scale * pair.active()
        self.active_w = active
        variance = self.pairs[0].variance() - channel.noise_codes * channel.noise_codes
        self.variance_a2 = channel.scale * channel.scale * variance
        self.rms_a = rms(self.variance_a2)
        self._settle_fundamental()
        self.apparent_va = self.volts_v * self.rms_a
        self.power_factor = active / self.apparent_va if self.apparent_va > 0.0 else float("nan")
        loud = self.fundamental_a >= _THD_FROM_PU * channel.rated and self.fundamental_a > 0.0
        thd_pu = self._distortion.pu(self.variance_a2, self.fundamental_a, self.voltage.cycles)
        self.thd_pu = thd_pu if loud else float("nan")

    def _settle_fundamental(self) -> None:
        cycles = self.voltage.cycles
        phasor = self.phasor
        phasor.settle(cycles)
        re = im = 0.0
        for pair in self.pairs:
            part = pair.phasor_v()
            re += part[0]
            im += part[1]
        back = -phasor.skew * cycles.rad_per_set - self.channel.lead_rad
        scale = self.channel.scale
        i_re = scale * (phasor.re * cos(back) - phasor.im * sin(back))
        i_im = scale * (phasor.re * sin(back) + phasor.im * cos(back))
        self.fundamental_a = abs(scale) * phasor.rms()
        self.fundamental_w = re * i_re + im * i_im - self.channel.offset_w
        self.reactive_var = im * i_re - re * i_im
        self.angle_rad = atan2(self.reactive_var, self.fundamental_w)
        single = len(self.pairs) == 1
        self.volts_v = self.voltage.rms_v if single else sqrt(re * re + im * im)
