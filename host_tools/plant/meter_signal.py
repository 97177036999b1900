"""Raw codes that a meter's converter would deliver from known waves: float64, independent of the firmware."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Codes = NDArray[np.uint16]

WINDOW_BITS = 16  # `per_code` of a channel is of a code of 16 bits
RECTIFIED_ORDERS = 40  # of the Fourier series of a half wave, for its true power
NO_ERROR = (1.0, 0.0)
GRID_V, BUS_V, SPLIT = 0, 1, 2  # as islet.measure.wiring has them


@dataclass(frozen=True)
class Wave:
    """One quantity over time, in V or A: sqrt(2) rms cos(2 pi f t + phase_rad) and what is added to it.

    A harmonic (order, rms_pu, phase_rad) adds cos(order * (2 pi f t + phase of the fundamental) + phase_rad) with
    rms_pu of the fundamental; its order need not be whole (0.5 is a sub-harmonic, 2.3 an inter-harmonic). `dc` is
    in the unit of rms. `drift_pu_s`: growth of the amplitude in a second. `burst` (on, off): cycles that flow and
    cycles that do not. `half_wave`: only the positive half waves flow. `hz`: a frequency of its own, fixed.
    """

    rms: float
    phase_rad: float = 0.0
    harmonics: tuple[tuple[float, float, float], ...] = ()
    dc: float = 0.0
    drift_pu_s: float = 0.0
    burst: tuple[int, int] = (1, 0)
    half_wave: bool = False
    hz: float | None = None

    def at(self, cycles: Floats, lead_rad: float, time_s: Floats) -> Floats:
        """Return the wave at the phase `cycles` (whole turns counted) moved forward by lead_rad."""
        theta = 2.0 * np.pi * cycles + self.phase_rad + lead_rad
        shape = np.cos(theta)
        for order, rms_pu, phase_rad in self.harmonics:
            shape += rms_pu * np.cos(order * theta + phase_rad)
        if self.half_wave:
            shape = np.maximum(shape, 0.0)
        on, off = self.burst
        if off:  # thyristors fire at the rising zero crossing of the wave
            shape *= np.mod(theta / (2.0 * np.pi) + 0.25, on + off) < on
        wave: Floats = np.sqrt(2.0) * self.rms * (1.0 + self.drift_pu_s * time_s) * shape + self.dc
        return wave

    def phasors(self, time_s: float = 0.0) -> dict[float, complex]:
        """Return the rms phasor of each order but 0 at zero phase of the signal, mean over whole bursts.

        A half wave must have no harmonics; its series is 1/2 cos x + 2/pi sum (-1)**(n+1) cos(2nx) / (4n*n - 1).
        """
        scale = self.rms * (1.0 + self.drift_pu_s * time_s) * self.burst[0] / sum(self.burst)
        if not self.half_wave:
            parts = [(1.0, 1.0, 0.0), *self.harmonics]
        elif self.harmonics:
            raise ValueError("a half wave has no harmonics of its own")
        else:
            evens = range(1, RECTIFIED_ORDERS // 2 + 1)
            parts = [(2.0 * n, 2.0 / np.pi * (-1.0) ** (n + 1) / (4.0 * n * n - 1.0), 0.0) for n in evens]
            parts.append((1.0, 0.5, 0.0))
        found: dict[float, complex] = {}
        for order, pu, phase_rad in parts:
            turned = scale * pu * np.exp(1j * (order * self.phase_rad + phase_rad))
            found[order] = found.get(order, 0j) + complex(turned)
        return found


@dataclass(frozen=True)
class Adc:
    """A converter: bits, white noise in its own codes (rms), and the width of each code (None: all are 1).

    Zero volts is the middle of code 2**(bits-1), as in the firmware.
    """

    bits: int = 12
    noise_codes: float = 1.0
    widths: Floats | None = field(default=None, compare=False)

    def convert(self, values: Floats) -> Codes:
        """Return the codes of values in codes about zero volts; clipped to the range."""
        codes = values + 2.0 ** (self.bits - 1)
        if self.widths is None:
            raw = np.floor(codes + 0.5)
        else:
            raw = np.searchsorted(self.thresholds(), codes, side="right").astype(np.float64)
        return np.clip(raw, 0.0, 2.0**self.bits - 1.0).astype(np.uint16)

    def thresholds(self) -> Floats:
        """Return the voltages, in codes, at which code k + 1 begins: [2**bits - 1]."""
        widths = np.ones(2**self.bits) if self.widths is None else np.asarray(self.widths, dtype=np.float64)
        if widths.shape != (2**self.bits,):
            raise ValueError("a converter has one width a code")
        edges: Floats = np.cumsum(widths)[:-1] - 0.5
        return edges


class Span(NamedTuple):
    """From `start_s` on: phase in cycles there, frequency there, and its slope."""

    start_s: float
    cycles: float
    hz: float
    hz_per_s: float

    def phase(self, time_s: Floats) -> Floats:
        """Return the phase in cycles at times in this span."""
        dt = time_s - self.start_s
        cycles: Floats = self.cycles + dt * (self.hz + 0.5 * self.hz_per_s * dt)
        return cycles


class MeterSignal:
    """The channels of a wiring, sample by sample; each codes() goes on where the last one ended.

    `wiring` is an islet.measure.wiring.Wiring or anything with its channels (name, per_code), stride, set_hz and
    simultaneous. `waves` maps a channel's name to its Wave; a channel without one has no voltage. `errors` maps a
    name to (gain, lead_rad): what the transducer does to the wave before the converter; lead moves the whole wave
    in time. `hz` changes without a jump of phase by set_hz(). Time is the sample's own: round robin is in it.
    """

    def __init__(
        self,
        wiring: Any,
        waves: Mapping[str, Wave],
        hz: float = 50.0,
        seed: int = 0,
        adc: Adc = Adc(),
        errors: Mapping[str, tuple[float, float]] | None = None,
    ) -> None:
        """Raises ValueError when a wave or an error belongs to no channel."""
        self.wiring = wiring
        self.waves = dict(waves)
        self.adc = adc
        self.errors = dict(errors or {})
        self._names = [channel.name for channel in wiring.channels]
        unknown = sorted({*self.waves, *self.errors} - set(self._names))
        if unknown:
            raise ValueError(f"no such channel: {', '.join(unknown)}")
        self._noise = np.random.default_rng(seed)
        self._sets = 0  # delivered so far
        self._last = 0  # of these, by the last call
        self._spans = [Span(0.0, 0.0, hz, 0.0)]

    @property
    def time_s(self) -> float:
        """Time of the next set's first channel."""
        return float(self._sets / self.wiring.set_hz)

    def set_hz(self, hz: float, after_s: float = 0.0, hz_per_s: float = 0.0) -> None:
        """Step the frequency to hz, after_s from now, and ramp on from there; must follow earlier changes."""
        start_s = self.time_s + after_s
        last = self._spans[-1]
        if start_s < last.start_s:
            raise ValueError("changes of frequency come in order")
        cycles = float(last.phase(np.array(start_s)))
        self._spans.append(Span(start_s, cycles, hz, hz_per_s))

    def cycles_at(self, time_s: Floats) -> Floats:
        """Return the signal's phase in cycles at each time."""
        starts = np.array([span.start_s for span in self._spans])
        index = np.maximum(np.searchsorted(starts, time_s, side="right") - 1, 0)
        cycles = np.empty_like(time_s)
        for number, span in enumerate(self._spans):
            here = index == number
            cycles[here] = span.phase(time_s[here])
        return cycles

    def hz_at(self, time_s: float) -> float:
        """Return the true frequency at a time."""
        span = [span for span in self._spans if span.start_s <= time_s][-1]
        return span.hz + span.hz_per_s * (time_s - span.start_s)

    def values(self, n_sets: int) -> Floats:
        """Return V and A at the converter's input without noise, [n_sets, stride], and go on in time."""
        stride = self.wiring.stride
        out = np.zeros((n_sets, stride))
        for k, name in enumerate(self._names):
            wave = self.waves.get(name)
            if wave is not None:
                gain, lead_rad = self.errors.get(name, NO_ERROR)
                late = 0.0 if self.wiring.simultaneous else k / stride
                time_s = (self._sets + np.arange(n_sets) + late) / self.wiring.set_hz
                cycles = self.cycles_at(time_s) if wave.hz is None else wave.hz * time_s
                out[:, k] = gain * wave.at(cycles, lead_rad, time_s)
        self._sets += n_sets
        self._last = n_sets
        return out

    def codes(self, n_sets: int) -> Codes:
        """Return the raw codes of the next n_sets sets, uint16 [n_sets, stride]."""
        per_code = np.array([channel.per_code for channel in self.wiring.channels])
        values = self.values(n_sets) / (per_code * 2.0 ** (WINDOW_BITS - self.adc.bits))
        noise = self._noise.standard_normal(values.shape)
        return self.adc.convert(values + self.adc.noise_codes * noise)

    def true_power(self, current: str) -> tuple[float, float]:
        """Return P in W of all orders but 0 and Q in var of the fundamental (positive: lags), before the transducers.

        Against the voltage of the current's phase. Amplitudes are those in the middle of the last codes(). Both
        waves must have one frequency.
        """
        middle_s = (self._sets - 0.5 * self._last) / self.wiring.set_hz
        phase = next(channel.phase for channel in self.wiring.channels if channel.name == current)
        v = self.voltage(phase, middle_s)
        i = self.waves[current].phasors(middle_s) if current in self.waves else {}
        powers = {order: v[order] * i[order].conjugate() for order in v if order in i}
        return sum(s.real for s in powers.values()), powers.get(1.0, 0j).imag

    def voltage(self, phase: int, time_s: float = 0.0) -> dict[float, complex]:
        """Return the rms phasors by order of a phase 1..3 to neutral or 12, 23, 31 between two.

        A phase without a channel is phase 1 a third of a turn later, or turned over in a split-phase system.
        """
        if phase > 3:
            minus = self.voltage(phase % 10, time_s)
            return {order: v - minus[order] for order, v in self.voltage(phase // 10, time_s).items()}
        kinds = {channel.kind: channel.name for channel in self.wiring.channels if channel.phase == phase}
        name = kinds.get(BUS_V, kinds.get(GRID_V))
        if name is not None:
            return self.waves[name].phasors(time_s) if name in self.waves else {}
        if phase == 1:
            raise ValueError("no voltage in the wiring")
        turn = np.pi if self.wiring.system == SPLIT else (phase - 1) * 2.0 * np.pi / 3.0
        first = self.voltage(1, time_s)
        return {order: complex(v * np.exp(-1j * order * turn)) for order, v in first.items()}
