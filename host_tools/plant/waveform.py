"""The samples a meter's ADC would deliver, made from the truth of N buildings."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from host_tools.plant.types import Truth

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

CHANNELS = 4  # v_grid, v_bus, i_grid, i_load: sampled round robin
SET_HZ = 3600.0
N_SETS = 360  # 100 ms
VOLTS_PER_CODE = 0.2
AMPS_PER_CODE = 0.05
MID = 2048
NOISE_CODES = 1.5  # rms
V_5TH_PU = 0.03  # harmonics of every live voltage, per unit of its fundamental
V_7TH_PU = 0.015
I_3RD_PU = 0.10  # of every current; carries no power, for the voltage has no third
DEAD_V = 1.0  # below this a voltage is only noise and drives no current

# The error of a metering channel, held constant over load: the ratio error of a class 0.5 CT at rated current
# (IEC 61869-2), 0.2 deg of phase left after calibration (the class allows 0.5), a voltage divider of 0.3 %.
CT_GAIN_PU = 0.005
CT_PHASE_RAD = 0.2 * np.pi / 180.0
VT_GAIN_PU = 0.003
# Noise of a power over the fewest cycles a window may yield, three (216 sets): current noise on 230 V
# 1.5 * 0.05 * 230 / sqrt(216) * 0.79 (the two taps average) = 0.9 W rms; voltage noise on 60 A
# 1.5 * 0.2 * 60 / sqrt(216) = 1.2 W rms. Six sigma of both are 9 W, rounding to whole watts adds half a watt.
FLOOR_W = 10.0


def power_bound_w(power_w: ArrayLike, reactive_var: ArrayLike) -> Floats:
    """Return how far a metered power may be from the truth, in W, [N] or scalar.

    P' = gv gi (P cos d + Q sin d), so |P' - P| <= (gv gi - 1) |P| + gv gi sin(d) |Q| + floor: 0.80 % of the
    active and 0.35 % of the reactive reading: 1.0 % of the active reading down to a power factor of 0.9.
    """
    gain = (1.0 + CT_GAIN_PU) * (1.0 + VT_GAIN_PU)
    bound = (gain - np.cos(CT_PHASE_RAD)) * np.abs(power_w)
    return np.asarray(bound + gain * np.sin(CT_PHASE_RAD) * np.abs(reactive_var) + FLOOR_W, dtype=np.float64)


def residual_bound_w(truth: "Truth") -> Floats:
    """Return how far grid_w + DER - load_w, metered, may be from zero with exact DER readings, in W, [N]."""
    grid = power_bound_w(truth.grid_w, truth.grid_var)
    return grid + power_bound_w(truth.load_w, truth.load_var)


class WaveformSynth:
    """N buildings' metering channels, each with its own gain and phase error; repeatable for a seed."""

    def __init__(self, n: int, seed: int, n_sets: int = N_SETS, ideal: bool = False) -> None:
        """An ideal synth has no transducer error, no noise and no harmonics, but still quantises."""
        errors = np.random.default_rng([seed, 0])
        self._noise = np.random.default_rng([seed, 1])
        self.n = n
        self.n_sets = n_sets
        size = 0.0 if ideal else 1.0
        self.vt_gain_pu = size * errors.uniform(-VT_GAIN_PU, VT_GAIN_PU, (n, 2))  # v_grid, v_bus
        self.ct_gain_pu = size * errors.uniform(-CT_GAIN_PU, CT_GAIN_PU, (n, 2))  # i_grid, i_load
        self.ct_lead_rad = size * errors.uniform(-CT_PHASE_RAD, CT_PHASE_RAD, (n, 2))
        self.noise_codes = size * NOISE_CODES
        self.v_harmonics_pu = (size * V_5TH_PU, size * V_7TH_PU)
        self.i_3rd_pu = size * I_3RD_PU
        # seconds from the end of the window, one row a channel: the round robin is in it
        steps = np.arange(CHANNELS * n_sets).reshape(n_sets, CHANNELS).T
        self._time_s = ((steps - CHANNELS * n_sets) / (CHANNELS * SET_HZ)).astype(np.float32)
        self._volts_of = _voltage_polynomial(*self.v_harmonics_pu)

    def windows(self, truth: "Truth") -> NDArray[np.uint16]:
        """Return codes as the FIFO delivers them, uint16 [N, 4 * n_sets]; the window ends with the truth."""
        codes = np.empty((self.n, self.n_sets, CHANNELS), dtype=np.float32)
        grid_rad = self._angles(0, truth.grid_hz, truth.grid_phase_rad)
        codes[:, :, 0] = self._voltage(0, truth.grid_v, np.cos(grid_rad))
        bus_rad = self._angles(1, truth.bus_hz, truth.bus_phase_rad)
        codes[:, :, 1] = self._voltage(1, truth.bus_v, np.cos(bus_rad))
        closed = np.asarray(truth.contactor_closed, dtype=np.float64)
        codes[:, :, 2] = self._current(0, truth, closed * truth.grid_w, closed * truth.grid_var)
        codes[:, :, 3] = self._current(1, truth, truth.load_w, truth.load_var)
        if self.noise_codes:
            noise = self._noise.standard_normal(codes.shape, dtype=np.float32)
            noise *= np.float32(self.noise_codes)
            codes += noise
        codes += np.float32(MID + 0.5)
        np.clip(codes, 0.0, 2 * MID - 1, out=codes)
        return codes.astype(np.uint16).reshape(self.n, CHANNELS * self.n_sets)

    def _angles(self, channel: int, hz: ArrayLike, end_rad: ArrayLike) -> Singles:
        """Return the phase of the cosine at each sample, [N, n_sets]; reduced first, for float32."""
        end = np.remainder(_column(end_rad, self.n), 2.0 * np.pi).astype(np.float32)
        speed = (2.0 * np.pi * _column(hz, self.n)).astype(np.float32)
        angles: Singles = end + speed * self._time_s[channel]
        return angles

    def _voltage(self, index: int, rms_v: ArrayLike, cosine: Singles) -> Singles:
        """Return codes about zero of a voltage whose rms, harmonics included, is rms_v."""
        volts = _column(rms_v, self.n)
        volts = np.where(volts < DEAD_V, 0.0, volts) * (1.0 + self.vt_gain_pu[:, index : index + 1])
        crest = (np.sqrt(2.0) * _fundamental_pu(*self.v_harmonics_pu) / VOLTS_PER_CODE * volts).astype(
            np.float32
        )
        square = cosine * cosine
        wave = np.full_like(cosine, self._volts_of[-1])
        for coefficient in self._volts_of[-2::-1]:
            wave *= square
            wave += coefficient
        wave *= cosine
        wave *= crest
        return wave

    def _current(self, index: int, truth: "Truth", power_w: ArrayLike, reactive_var: ArrayLike) -> Singles:
        """Return codes about zero of a current that carries P and (lagging positive) Q at the bus voltage."""
        volts = _column(truth.bus_v, self.n)
        live = volts >= DEAD_V
        fundamental_v = np.where(live, volts, 1.0) * _fundamental_pu(*self.v_harmonics_pu)
        scale = (
            np.sqrt(2.0)
            / AMPS_PER_CODE
            * live
            / fundamental_v
            * (1.0 + self.ct_gain_pu[:, index : index + 1])
        )
        along = (scale * _column(power_w, self.n)).astype(np.float32)
        across = (scale * _column(reactive_var, self.n)).astype(np.float32)
        end_rad = np.asarray(truth.bus_phase_rad, dtype=np.float64) + self.ct_lead_rad[:, index]
        angles = self._angles(2 + index, truth.bus_hz, end_rad)
        cosine = np.cos(angles)
        wave: Singles = along * cosine + across * np.sin(angles)
        third = np.float32(self.i_3rd_pu) * np.hypot(along, across)
        wave += third * (4.0 * cosine * cosine - 3.0) * cosine
        return wave


def _column(values: ArrayLike, n: int) -> Floats:
    return np.broadcast_to(np.asarray(values, dtype=np.float64), (n,))[:, None]


def _fundamental_pu(fifth_pu: float, seventh_pu: float) -> float:
    return float(1.0 / np.sqrt(1.0 + fifth_pu**2 + seventh_pu**2))


def _voltage_polynomial(fifth_pu: float, seventh_pu: float) -> Singles:
    """Return coefficients of cos, cos**3 ... cos**7 for cos x + fifth cos 5x + seventh cos 7x (Chebyshev)."""
    fifth = fifth_pu * np.array([5.0, -20.0, 16.0, 0.0])
    seventh = seventh_pu * np.array([-7.0, 56.0, -112.0, 64.0])
    return (np.array([1.0, 0.0, 0.0, 0.0]) + fifth + seventh).astype(np.float32)
