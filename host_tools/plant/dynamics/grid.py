"""The grid as functions of time: magnitude, frequency, phase jumps, harmonics, an upstream feeder breaker."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from host_tools.plant.dynamics.feeder import FeederParams
from host_tools.plant.dynamics.params import Phasors
from host_tools.plant.types import Bools, Floats

Curve = Callable[[Floats], Floats]  # times [K] in ms -> [K], [K, N] or [K, N, phases]
Wave = Callable[[Floats], Phasors]  # times [K] in ms -> [K] or [K, N]


@dataclass(frozen=True)
class Series:
    """Straight lines between points (ms, value); two points at one time are a step; constant outside.

    times_ms is [M] for all buildings, or [M, N]; values [M], [M, N] or [M, N, phases].
    """

    times_ms: Floats
    values: Floats

    @classmethod
    def of(cls, *points: tuple[float, ArrayLike]) -> "Series":
        """Return the series through points (ms, value); a value may be an array [N] or [N, phases]."""
        values = np.stack(np.broadcast_arrays(*[np.asarray(v, dtype=np.float64) for _, v in points]))
        return cls(np.array([float(t) for t, _ in points]), values)

    def __call__(self, t_ms: Floats) -> Floats:
        """Return the values at times [K]."""
        times = np.asarray(self.times_ms, dtype=np.float64)
        values = np.asarray(self.values, dtype=np.float64)
        if times.ndim == 1:
            return self._shared(times, values, t_ms)
        after = (t_ms[:, None, None] >= times[None]).sum(axis=1)  # [K, N]
        low, high = np.clip(after - 1, 0, len(times) - 1), np.clip(after, 0, len(times) - 1)
        column = np.arange(times.shape[1])
        part = _part(t_ms[:, None], times[low, column], times[high, column])
        if values.ndim == 1:
            return np.asarray(values[low] + part * (values[high] - values[low]))
        a, b = values[low, column], values[high, column]
        return np.asarray(a + part.reshape(part.shape + (1,) * (a.ndim - 2)) * (b - a))

    @staticmethod
    def _shared(times: Floats, values: Floats, t_ms: Floats) -> Floats:
        after = np.searchsorted(times, t_ms, side="right")
        low, high = np.clip(after - 1, 0, len(times) - 1), np.clip(after, 0, len(times) - 1)
        part = _part(t_ms, times[low], times[high]).reshape((-1,) + (1,) * (values.ndim - 1))
        return np.asarray(values[low] + part * (values[high] - values[low]))


def _part(t_ms: Floats, low_ms: Floats, high_ms: Floats) -> Floats:
    """Return how far t is on the way from low to high, 0..1."""
    gap = high_ms - low_ms
    return np.asarray(np.clip((t_ms - low_ms) / np.where(gap > 0.0, gap, 1.0), 0.0, 1.0) * (gap > 0.0))


@dataclass
class GridSide:
    """What is on the grid's side of the contactor; numbers, arrays [N] ([N, phases]) or curves of time."""

    magnitude_pu: ArrayLike | Curve = 1.0
    hz: ArrayLike | Curve = 50.0
    jump_rad: ArrayLike | Curve = 0.0  # added to the phase, [K, N] or per phase
    harmonics: dict[int, complex | Phasors | Wave] | None = None  # order -> amplitude pu; None: the plant's
    feeder_open: ArrayLike | Curve = 0.0  # 1 where the feeder's breaker is open
    feeder: FeederParams | None = None  # what hangs on the feeder besides; None: nothing

    def sample(self, t_ms: Floats, n: int, phases: int) -> "GridSamples":
        """Return the functions at times [K], phase-major for the solver."""
        magnitude = phase_major(values(self.magnitude_pu, t_ms), n, phases)
        jump = phase_major(values(self.jump_rad, t_ms), n, phases)
        hz = np.broadcast_to(_rows(values(self.hz, t_ms)), (len(t_ms), n))
        opened = np.broadcast_to(_rows(values(self.feeder_open, t_ms)), (len(t_ms), n)) > 0.5
        return GridSamples(magnitude, hz, jump, opened)

    def harmonic_rows(self, t_ms: Floats, n: int, usual: dict[int, complex]) -> dict[int, Phasors]:
        """Return order -> amplitude per unit of the fundamental, [K or 1, N]."""
        rows = {}
        for order, source in (usual if self.harmonics is None else self.harmonics).items():
            value = source(t_ms) if callable(source) else np.asarray(source)[None]
            array = np.asarray(value, dtype=np.complex128)
            whole = array[:, None] if array.ndim == 1 else array
            rows[order] = np.broadcast_to(whole, (len(whole), n))
        return rows


@dataclass(frozen=True)
class GridSamples:
    """A grid over K steps: magnitude_pu and jump_rad [K, phases, N], hz and opened [K, N]."""

    magnitude_pu: Floats
    hz: Floats
    jump_rad: Floats
    opened: Bools


def values(source: ArrayLike | Curve, t_ms: Floats) -> Floats:
    """Return a number, array or curve at times [K]: [K or 1, ...]."""
    if callable(source):
        return np.asarray(source(t_ms), dtype=np.float64)
    return np.asarray(source, dtype=np.float64)[None]


def _rows(array: Floats) -> Floats:
    return array[:, None] if array.ndim == 1 else array


def phase_major(array: Floats, n: int, phases: int) -> Floats:
    """Return [K, phases, N] of [K], [K, N] or [K, N, phases]."""
    whole = array
    while whole.ndim < 3:
        whole = whole[..., None]
    shape: Sequence[int] = (whole.shape[0], n, phases)
    return np.moveaxis(np.broadcast_to(whole, shape), 2, 1)
