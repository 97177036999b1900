"""The samples a meter's converter would deliver, made from a trace of any length; phase never drifts."""

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.dynamics import draw
from host_tools.plant.dynamics.params import DynParams, Phasors
from host_tools.plant.dynamics.trace import Trace
from host_tools.plant.types import Floats
from host_tools.plant.waveform import (
    AMPS_PER_CODE,
    CT_GAIN_PU,
    CT_PHASE_RAD,
    MID,
    NOISE_CODES,
    SET_HZ,
    VOLTS_PER_CODE,
    VT_GAIN_PU,
)

Singles = NDArray[np.float32]
Shorts = NDArray[np.complex64]
_SIDES = 4  # grid V, bus V, grid I, load I


class Waves:
    """Round-robin samples of N buildings: grid V, bus V, grid I, load I, each of all phases.

    A sample's value lies on the straight line between the phasors of the two steps about it, so a jump takes
    one step. Gain and angle errors of the transducers and the noise are those of plant.waveform, by building.
    """

    def __init__(self, params: DynParams, seed: int = 0, ideal: bool = False) -> None:
        """An ideal one has no transducer error and no noise, but still quantises; harmonics are the trace's."""
        self._n, self._phases, self._f0_hz = params.n, params.phases, params.f0_hz
        self.channels = _SIDES * params.phases
        self._rate_hz = self.channels * SET_HZ
        size = 0.0 if ideal else 1.0
        self._noise_codes = size * NOISE_CODES
        self._gains = self._errors(seed, params, size)
        ids = params.names()
        self._noise = [np.random.Generator(np.random.SFC64([seed, draw.NOISE, int(b)])) for b in ids]
        self._sets = 0
        self._last: tuple[Phasors, ...] | None = None

    def _errors(self, seed: int, params: DynParams, size: float) -> Phasors:
        """Return what each channel multiplies its phasor by: gain, and the current transformers' lead."""
        gains = np.ones((self.channels, self._n), dtype=np.complex128)
        for channel in range(self.channels):
            current = channel >= 2 * self._phases
            bound = CT_GAIN_PU if current else VT_GAIN_PU
            off, lead = (
                2.0 * draw.uniform(seed, params.names(), draw.GAIN, 2 * channel + k) - 1.0 for k in (0, 1)
            )
            gains[channel] += size * bound * off
            if current:
                gains[channel] *= np.exp(1j * size * CT_PHASE_RAD * lead)
        return gains

    def window(self, trace: Trace) -> NDArray[np.uint16]:
        """Return raw codes uint16 [N, channels * n_sets] of the time the trace covers; call for every trace."""
        step_ms = trace.t_ms[1] - trace.t_ms[0] if len(trace.t_ms) > 1 else None
        start_ms = trace.t_ms[0] - (step_ms if step_ms is not None else 1.0)
        sides = (trace.grid_v, trace.bus_v, trace.grid_a, trace.load_a)
        last = self._last if self._last is not None else tuple(side[0] for side in sides)
        stop = int(np.floor(trace.t_ms[-1] * SET_HZ * 1e-3 + 1e-6))
        count = stop - self._sets
        codes = np.empty((self._n, count, self.channels), dtype=np.float32)
        for channel in range(self.channels):
            side, phase = divmod(channel, self._phases)
            ticks = (self._sets + np.arange(count)) * self.channels + channel
            at = (ticks * (1000.0 / self._rate_hz) - start_ms) / (step_ms or 1.0)
            line = np.concatenate((last[side][None, :, phase], sides[side][:, :, phase]))
            codes[:, :, channel] = self._channel(trace, side, self._gains[channel] * line, at, ticks)
        self._sets = stop
        self._last = tuple(side[-1].copy() for side in sides)
        return self._quantised(codes)

    def _channel(
        self, trace: Trace, side: int, line: Phasors, at: Floats, ticks: NDArray[np.int64]
    ) -> Singles:
        """Return codes about zero, [N, count], of phasors line [K + 1, N] at fractional steps."""
        low = np.clip(np.floor(at).astype(np.int64), 0, len(line) - 2)
        part = (at - low).astype(np.float32)[:, None]
        short = line.astype(np.complex64)
        value = short[low] + part * (short[low + 1] - short[low])  # [count, N]
        turn = np.exp(2j * np.pi * np.remainder(ticks * (self._f0_hz / self._rate_hz), 1.0))
        value *= turn.astype(np.complex64)[:, None]
        wave: Singles = value.real.copy()
        harmonics = self._harmonics(trace, side, np.minimum(low, len(trace.t_ms) - 1))
        if harmonics:
            _add_harmonics(wave, value, harmonics)
        wave *= np.float32(np.sqrt(2.0) / (VOLTS_PER_CODE if side < 2 else AMPS_PER_CODE))
        return wave.T

    @staticmethod
    def _harmonics(trace: Trace, side: int, at: NDArray[np.int64]) -> dict[int, Shorts]:
        """Return order -> amplitude [count or 1, N]; the bus has the grid's while the contacts conduct."""
        if side >= 2:
            third = np.full((1, 1), trace.i_third_pu, dtype=np.complex64)
            return {3: third} if trace.i_third_pu else {}
        rows = {}
        orders = {**trace.grid_harmonics, **trace.bus_harmonics} if side else trace.grid_harmonics
        for order in orders:
            grid = _at(trace.grid_harmonics.get(order), at)
            bus = _at(trace.bus_harmonics.get(order), at) if side else grid
            rows[order] = np.where(trace.conducting[at], grid, bus) if side else grid
        return rows

    def _quantised(self, codes: Singles) -> NDArray[np.uint16]:
        """Return the codes of 12 bits, with noise."""
        if self._noise_codes:
            for row, source in enumerate(self._noise):
                codes[row] += np.float32(self._noise_codes) * source.standard_normal(
                    codes[row].shape, dtype=np.float32
                )
        codes += np.float32(MID + 0.5)
        np.clip(codes, 0.0, 2 * MID - 1, out=codes)
        return codes.astype(np.uint16).reshape(self._n, -1)


def _at(rows: Phasors | None, at: NDArray[np.int64]) -> Shorts:
    """Return the amplitudes at steps, 0 for an order that is not there."""
    if rows is None:
        return np.zeros((1, 1), dtype=np.complex64)
    return (rows if len(rows) == 1 else rows[at]).astype(np.complex64)


def _add_harmonics(wave: Singles, value: Shorts, harmonics: dict[int, Shorts]) -> None:
    """Add Re(c u**h) |value| for each order h, u the unit phasor of value; powers by squaring up."""
    size = np.abs(value)
    unit = value / np.maximum(size, np.float32(1e-6))
    power, reached = unit.copy(), 1
    for order in sorted(harmonics):
        while reached < order:
            double = 2 * reached <= order
            power *= power if double else unit
            reached = 2 * reached if double else reached + 1
        wave += size * (harmonics[order] * power).real
