"""A meter with its self-checks, and windows of known currents and voltages for it: 50 Hz, 72 sets a cycle."""

from array import array
from math import cos, pi, sqrt

from islet.measure import kernels
from islet.measure.checks import Checks
from islet.measure.meter import Meter
from islet.measure.wiring import (
    BUS_V,
    CIRCUIT_I,
    GRID_I,
    GRID_V,
    LOAD_I,
    SOURCE_I,
    SPLIT,
    THREE,
    Channel,
    Wiring,
    single_phase,
)
from islet.state.image import Image

VOLTS = 0.0125  # per code: 230 V rms is 26 021 codes crest
AMPS = 0.003  # per code: 98 A crest
NOISE = 24.0  # codes rms, 1.5 of 12 bits
SETS = 360
SUMS_A = (4.0, 7.0, 2.0, 20.0)  # ampere; steps of 3, 5, 18 and 16
LONG = 80  # windows: enough for every check


def wave(rms: float, lag_deg: float = 0.0, harmonics: tuple = (), dc: float = 0.0, noise: float = NOISE):
    """Return what a channel carries: V or A rms, how far it lags L1, (order, share), V or A, codes."""
    return rms, lag_deg, harmonics, dc, noise


def single() -> Wiring:
    """Grid and bus voltage, grid and load current of one phase."""
    return single_phase(VOLTS, AMPS, NOISE)


def three(kind: int = LOAD_I, both_sides: bool = False) -> Wiring:
    """Three phases: voltages v1..v3 (and b1..b3), currents i1..i3 of a kind."""
    channels = [Channel("v%d" % k, GRID_V, k, VOLTS, 230.0, NOISE) for k in (1, 2, 3)]
    if both_sides:
        channels += [Channel("b%d" % k, BUS_V, k, VOLTS, 230.0, NOISE) for k in (1, 2, 3)]
    channels += [Channel("i%d" % k, kind, k, AMPS, 60.0, NOISE) for k in (1, 2, 3)]
    return Wiring(channels, THREE)


def split(kind: int = CIRCUIT_I) -> Wiring:
    """Two legs of 120 V with a current in each."""
    channels = [Channel("v%d" % k, GRID_V, k, VOLTS, 120.0, NOISE) for k in (1, 2)]
    channels += [Channel("i%d" % k, kind, k, AMPS, 60.0, NOISE) for k in (1, 2)]
    return Wiring(channels, SPLIT, v_nominal_v=120.0)


def solar() -> Wiring:
    """One phase with all that the balance needs: grid, load and source."""
    channels = [Channel("v", GRID_V, 1, VOLTS, 230.0, NOISE), Channel("grid", GRID_I, 1, AMPS, 60.0, NOISE)]
    channels += [Channel("load", LOAD_I, 1, AMPS, 60.0, NOISE), Channel("pv", SOURCE_I, 1, AMPS, 30.0, NOISE)]
    return Wiring(channels)


def healthy(**currents) -> dict:
    """Return the voltages of all wirings here, 230 V, and the currents given."""
    waves = {name: wave(230.0) for name in ("grid_v", "bus_v", "v", "v1", "b1")}
    for k in (2, 3):
        waves["v%d" % k] = waves["b%d" % k] = wave(230.0, 120.0 * (k - 1))
    waves.update(currents)
    return waves


def loads(a: float, lag1: float, lag2: float, lag3: float, harmonics: tuple = ()) -> dict:
    """Return three currents of `a` ampere that lag L1 by so many degrees."""
    return healthy(i1=wave(a, lag1, harmonics), i2=wave(a, lag2, harmonics), i3=wave(a, lag3, harmonics))


class World:
    """Windows in, codes out; a tick is 100 ms and the first ones lie before the wrap."""

    def __init__(self, wiring: Wiring, **settings) -> None:
        self.wiring = wiring
        self.meter = Meter(kernels, wiring, SETS)
        self.checks = Checks(self.meter, **settings)
        self.image = Image()
        self.now_ms = (1 << 30) - 2000
        self.window = array("H", bytes(2 * SETS * wiring.stride))
        self._seed = 1

    def measure(self, waves: dict, hz: float = 50.0) -> None:
        """Make a window of the waves by channel name, and measure it."""
        stride = self.wiring.stride
        for c in range(stride):
            channel = self.wiring.channels[c]
            rms, lag_deg, harmonics, dc, noise = waves.get(channel.name, wave(0.0))
            crest = sqrt(2.0) * rms / channel.per_code
            late = c / stride
            step = 2.0 * pi * hz / self.wiring.set_hz
            lag = lag_deg * pi / 180.0
            for n in range(SETS):
                x = step * (n + late) - lag + 0.02
                value = cos(x)
                for order, share in harmonics:
                    value += share * cos(order * x)
                code = 32768.0 + crest * value + dc / channel.per_code + noise * self._noise()
                self.window[stride * n + c] = max(1, min(65535, 16 * round(code / 16.0)))
        self.meter.measure(self.window, 0, SETS, self.image, self.now_ms)

    def step(self, times: int = 1, closed: bool = True, lost: int = 0, sources_w=None) -> None:
        """Let the checks see the measured window as often, 100 ms apart."""
        for _ in range(times):
            self.now_ms = (self.now_ms + 100) % (1 << 30)
            self.checks.step(self.window, 0, SETS, self.now_ms, closed, lost, sources_w)

    def play(
        self, waves: dict, times: int = 1, closed: bool = True, hz: float = 50.0, sources_w=None
    ) -> list:
        """Measure and let the checks see it; return what they found."""
        self.measure(waves, hz)
        self.step(times, closed, 0, sources_w)
        return self.checks.found()

    def _noise(self) -> float:
        """Return noise of rms 1 and at most 3.5: the sum of four even draws."""
        total = 0
        for _ in range(4):
            self._seed = self._seed * 75 % 65537
            total += self._seed
        return (total - 131074.0) / 37838.0
