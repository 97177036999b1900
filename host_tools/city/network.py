"""The low-voltage network of N homes: voltages at their meters, loading of transformers and cables.

Building k has service point k modulo 55 of feeder k // 55; feeders beyond the first are copies, each with a
transformer of its own. The house's signs end here: what a home imports, the solver consumes.
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from host_tools.city.feeder import load_feeder, transformer_for
from host_tools.city.power_flow import Flow, PowerFlow
from host_tools.errors import InputError
from host_tools.plant.types import Bools, Floats, Ints

V_NOMINAL_V = 230.0
# 234.4 V at no load: halfway between what the evening draws down and the midday PV lifts. The test feeder's
# 1.05 would leave the PV no room below the 1.05 pu above which a node may not enter service.
SOURCE_PU = 1.015


@dataclass(frozen=True)
class NetworkState:
    """One solved instant; N homes, F feeders, L lines of a feeder. All zero when the supply is out."""

    voltage_v: Floats  # [N] line to neutral
    transformer_va: Floats  # [F] apparent power on the low-voltage side
    transformer_pu: Floats  # [F] of the rating
    phase_pu: Floats  # [F, 3] winding current of the rated one
    line_pu: Floats  # [F, L, 3] current of the cable's rating, per phase

    @property
    def worst_line(self) -> tuple[int, int, int]:
        """Feeder, line and phase of the most loaded cable."""
        feeder, line, phase = np.unravel_index(int(np.argmax(self.line_pu)), self.line_pu.shape)
        return int(feeder), int(line), int(phase)

    @property
    def worst_line_pu(self) -> float:
        """Loading of the most loaded cable."""
        return float(self.line_pu.max())


@dataclass(frozen=True)
class NetworkSeries:
    """Many solved instants; T instants, N homes, F feeders. Zero where the supply is out."""

    voltage_v: Floats  # [T, N]
    transformer_va: Floats  # [T, F]
    transformer_pu: Floats  # [T, F]
    phase_pu: Floats  # [T, F, 3]
    worst_line_pu: Floats  # [T, F]


class Network:
    """Feeders and transformers of N homes; solves for powers at the meters."""

    def __init__(
        self,
        n: int,
        cache_dir: Path,
        transformer_kva: float | None = None,
        source_pu: float = SOURCE_PU,
        line_rating_a: float | None = None,
    ) -> None:
        """Size each feeder's transformer by its homes unless told; raises InputError."""
        if not 0.8 <= source_pu <= 1.2:
            raise InputError(f"source voltage of {source_pu} pu: choose from 0.8 to 1.2")
        feeder = load_feeder(cache_dir)
        if line_rating_a is not None:
            feeder = replace(feeder, line_rating_a=np.full_like(feeder.line_rating_a, line_rating_a))
        self.n = n
        self.feeder = feeder
        points = len(feeder.service_node)
        self.feeder_of: Ints = np.arange(n) // points
        self.point_of: Ints = np.arange(n) % points
        self.phase_of: Ints = feeder.service_phase[self.point_of]
        sizes = np.bincount(self.feeder_of)
        transformers = [transformer_for(int(size), transformer_kva) for size in sizes]
        self.rated_va: Floats = np.array([t.rated_va for t in transformers])
        self.rated_a: Floats = np.array([t.rated_a for t in transformers])
        self._flows = [
            PowerFlow(feeder, t, int(size), source_pu) for t, size in zip(transformers, sizes, strict=True)
        ]

    def solve(
        self, grid_w: Floats, consumed_var: Floats | None = None, energised: bool = True
    ) -> NetworkState:
        """Solve one instant for grid_w [N], imports, and consumed_var [N]; raises InputError."""
        power, reactive = self._checked(grid_w[np.newaxis], consumed_var)
        if not energised:
            return self._dead()
        flows = self._solve(power, reactive)
        phase_pu = np.array([f.phase_a[0] for f in flows]) / self.rated_a[:, np.newaxis]
        va = np.array([f.transformer_va[0] for f in flows])
        line_pu = np.array([f.line_a[0] for f in flows]) / self.feeder.line_rating_a[:, np.newaxis]
        voltage = np.concatenate([f.voltage_v[0] for f in flows])
        return NetworkState(voltage, va, va / self.rated_va, phase_pu, line_pu)

    def solve_series(
        self, grid_w: Floats, consumed_var: Floats | None = None, energised: Bools | None = None
    ) -> NetworkSeries:
        """Solve T instants for grid_w and consumed_var [T, N]; energised [T]; raises InputError."""
        power, reactive = self._checked(grid_w, consumed_var)
        on = np.ones(len(power), dtype=np.bool_) if energised is None else energised
        flows = self._solve(power, reactive)
        rating = self.feeder.line_rating_a[:, np.newaxis]
        va = np.stack([f.transformer_va for f in flows], axis=1) * on[:, np.newaxis]
        phase_a = np.stack([f.phase_a for f in flows], axis=1) * on[:, np.newaxis, np.newaxis]
        worst = np.stack([(f.line_a / rating).max(axis=(1, 2)) for f in flows], axis=1)
        return NetworkSeries(
            voltage_v=np.concatenate([f.voltage_v for f in flows], axis=1) * on[:, np.newaxis],
            transformer_va=va,
            transformer_pu=va / self.rated_va,
            phase_pu=phase_a / self.rated_a[:, np.newaxis],
            worst_line_pu=worst * on[:, np.newaxis],
        )

    def below_line(self, feeder: int, line: int, phase: int) -> Ints:
        """Return the buildings that one phase of a cable feeds."""
        fed = self.feeder.path[self.point_of, line]
        return np.flatnonzero(fed & (self.feeder_of == feeder) & (self.phase_of == phase))

    def on_feeder(self, feeder: int, phase: int | None = None) -> Ints:
        """Return the buildings on a feeder, or on one phase of it."""
        here = self.feeder_of == feeder
        return np.flatnonzero(here if phase is None else here & (self.phase_of == phase))

    def line_label(self, feeder: int, line: int, phase: int) -> str:
        """Name a cable for people."""
        return f"feeder {feeder + 1}, {self.feeder.line_name[line]}, phase {'ABC'[phase]}"

    def _solve(self, power: Floats, reactive: Floats) -> list[Flow]:
        members = [self.feeder_of == f for f in range(len(self._flows))]
        return [flow.solve(power[:, m], reactive[:, m]) for flow, m in zip(self._flows, members, strict=True)]

    def _checked(self, grid_w: Floats, consumed_var: Floats | None) -> tuple[Floats, Floats]:
        """Return powers [T, N]; the solver takes NaN for 'as before', so nothing unknown may reach it."""
        reactive = np.zeros_like(grid_w) if consumed_var is None else consumed_var.reshape(grid_w.shape)
        if grid_w.shape[1] != self.n:
            raise ValueError(f"network of {self.n} homes given {grid_w.shape[1]} powers")
        known = np.isfinite(grid_w) & np.isfinite(reactive)
        if not known.all():
            building = int(np.argwhere(~known)[0, 1])
            raise InputError(f"network: the power of building {building + 1} is unknown; give a finite value")
        return grid_w, reactive

    def _dead(self) -> NetworkState:
        feeders, lines = len(self._flows), len(self.feeder.line_to)
        phases, cables = np.zeros((feeders, 3)), np.zeros((feeders, lines, 3))
        return NetworkState(np.zeros(self.n), np.zeros(feeders), np.zeros(feeders), phases, cables)
