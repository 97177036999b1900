"""The test points of IEC 62053-21 for a class 1 meter, as waves: accuracy (table 4) and influences (table 8).

Ib = 10 A, Imax = 60 A, 230 V, 50 Hz, one phase; 12 bits with 0.2 V or 0.05 A a code, so full scale is 72 A rms.
"""

from typing import NamedTuple

import numpy as np

from host_tools.plant.meter_signal import Wave
from islet.measure.wiring import BUS_V, LOAD_I, THREE, Channel, Wiring, single_phase

NOMINAL_V = 230.0
BASE_A = 10.0
MAX_A = 60.0
NOMINAL_HZ = 50.0
STEP = 16.0  # window codes in a code of 12 bits
VOLTS_PER_CODE = 0.2 / STEP
AMPS_PER_CODE = 0.05 / STEP
NOISE_CODES = float(STEP * np.sqrt(1.0 + 1.0 / 12.0))  # one LSB rms, and that of the rounding
V_RAD = 0.3  # where in the voltage the first sample lies


class Point(NamedTuple):
    """One load: `pf` below 0 is leading; `shape` is sine, fifth, burst or half_wave."""

    amps: float
    pf: float = 1.0
    volts: float = NOMINAL_V
    hz: float = NOMINAL_HZ
    shape: str = "sine"

    @property
    def angle_rad(self) -> float:
        """How far the current lags."""
        return float(np.copysign(np.arccos(abs(self.pf)), self.pf))

    def voltage(self) -> Wave:
        """Return the wave of the voltage."""
        fifth = ((5.0, 0.1, 0.0),) if self.shape == "fifth" else ()
        return Wave(self.volts, V_RAD, fifth)

    def current(self) -> Wave:
        """Return the wave of the current."""
        rad = V_RAD - self.angle_rad
        if self.shape == "fifth":  # in phase with that of the voltage where both rise through zero
            return Wave(self.amps, rad, ((5.0, 0.4, 0.0),))
        if self.shape == "burst":
            return Wave(self.amps, rad, burst=(2, 2))
        return Wave(self.amps, rad, half_wave=self.shape == "half_wave")

    def waves(self) -> dict[str, Wave]:
        """Return both by channel of `wiring()`; grid and bus have one voltage."""
        return {"grid_v": self.voltage(), "bus_v": self.voltage(), "load_i": self.current()}

    def limit_pct(self) -> float:
        """Return the limit of table 4 for class 1."""
        small = 0.1 * BASE_A if abs(self.pf) == 1.0 else 0.2 * BASE_A
        return 1.5 if self.amps < small else 1.0

    def words(self) -> str:
        """Return the load as a row of a table names it."""
        kind = "" if abs(self.pf) == 1.0 else " lagging" if self.pf > 0.0 else " leading"
        return f"{self.amps:g} A, PF {abs(self.pf):g}{kind}"


class Influence(NamedTuple):
    """How much an influence may change the percentage error, against a reference."""

    name: str
    limit_pct: float
    reference: Point
    changed: Point


CURRENTS_A = (
    0.5,
    1.0,
    2.0,
    3.0,
    6.0,
    10.0,
    20.0,
    30.0,
    60.0,
)  # 0.05, 0.1, 0.2, 1 Ib, Imax and shares of Imax
ACCURACY = tuple(
    Point(amps, pf) for pf in (1.0, 0.5, -0.8) for amps in CURRENTS_A if amps >= (0.5 if pf == 1.0 else 1.0)
)
_LOADS = (  # a load, what 10 % of voltage may change, what 2 % of frequency may change
    (Point(0.5), 0.7, 0.5),
    (Point(10.0), 0.7, 0.5),
    (Point(60.0), 0.7, 0.5),
    (Point(1.0, 0.5), 1.0, 0.7),
    (Point(60.0, 0.5), 1.0, 0.7),
)
FIFTH = "fifth harmonic, 10 % of U, 40 % of I"
BURST = "sub-harmonics, 2 cycles on, 2 off"
HALF_WAVE = "DC and even harmonics, half waves"
SEQUENCE = "phases reversed, three phases"


def influences() -> list[Influence]:
    """Return the points of table 8 that are waves; the reversed phase sequence is apart."""
    found = []
    for point, v_limit, f_limit in _LOADS:
        for sign in (-1.0, 1.0):
            volts, hz = NOMINAL_V * (1.0 + 0.1 * sign), NOMINAL_HZ * (1.0 + 0.02 * sign)
            found.append(Influence("voltage ±10 %", v_limit, point, point._replace(volts=volts)))
            found.append(Influence("frequency ±2 %", f_limit, point, point._replace(hz=hz)))
    half, alone = Point(0.5 * MAX_A), Point(MAX_A / 2.0**0.5)
    found.append(Influence(FIFTH, 0.8, half, half._replace(shape="fifth")))
    found.append(Influence(BURST, 3.0, Point(0.5 * BASE_A), Point(0.5 * BASE_A, shape="burst")))
    found.append(Influence(HALF_WAVE, 3.0, alone, Point(MAX_A, shape="half_wave")))
    return found


SEQUENCE_LIMIT_PCT = 1.5  # reversed phase sequence, at 0.1 Ib


def wiring() -> Wiring:
    """Return the four channels of a building with the noise of one LSB told."""
    return single_phase(VOLTS_PER_CODE, AMPS_PER_CODE, NOISE_CODES)


def three_phase() -> Wiring:
    """Return three voltages and three currents."""
    channels = [Channel(f"v{n}", BUS_V, n, VOLTS_PER_CODE, NOMINAL_V, NOISE_CODES) for n in (1, 2, 3)]
    channels += [Channel(f"i{n}", LOAD_I, n, AMPS_PER_CODE, MAX_A, NOISE_CODES) for n in (1, 2, 3)]
    return Wiring(channels, THREE)


def three_phase_waves(amps: float, pf: float, reverse: bool) -> dict[str, Wave]:
    """Return balanced waves; reversed, the third phase comes before the second."""
    lag = Point(amps, pf).angle_rad
    turn = (-1.0 if reverse else 1.0) * 2.0 * np.pi / 3.0
    volts = {f"v{n}": Wave(NOMINAL_V, V_RAD - turn * (n - 1)) for n in (1, 2, 3)}
    return volts | {f"i{n}": Wave(amps, V_RAD - lag - turn * (n - 1)) for n in (1, 2, 3)}
