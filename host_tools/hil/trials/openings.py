"""Disturbances played to guard and cycle: none opens that must be ridden through, all that must open do in time."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from host_tools.hil.trials.disturbances import CODES, Disturbance, Draw, settings_of
from host_tools.hil.trials.front_end import FrontEnd
from host_tools.plant.dynamics.commands import Demand, DynCommands
from host_tools.plant.dynamics.dynamics import Dynamics
from host_tools.plant.dynamics.grid import GridSide, Series, Wave
from host_tools.plant.dynamics.params import DynParams, Phasors
from host_tools.plant.dynamics.waves import Waves
from host_tools.plant.params import PlantParams
from host_tools.plant.types import Floats

STEP_MS = 10
BATCH = 40  # trials at once: of like length, so that none waits long for the others
LOAD_W = (600.0, 300.0, 100.0)
USUAL_PU = {5: 0.03, 7: 0.015}  # harmonics where a trial has none of its own


@dataclass(frozen=True)
class Opening:
    """What became of a trial; ms from the disturbance's beginning, None: it did not happen."""

    trial: Disturbance
    suspect_ms: float | None
    open_ms: float | None  # the contacts were apart
    by: str
    why: str

    @property
    def passed(self) -> bool:
        """Whether it was ridden through, or opened in time."""
        if self.trial.open_ms is None:
            return self.open_ms is None
        return self.open_ms is not None and 0.0 <= self.open_ms <= self.trial.open_ms


def drawn(count: int, seed: int, fatal: bool) -> list[Disturbance]:
    """Return so many disturbances, the codes in turn."""
    rng = np.random.default_rng([seed, int(fatal)])
    draws = [Draw(code, rng) for code in CODES]
    chosen = (draws[k % len(draws)] for k in range(count))
    return [draw.fatal() if fatal else draw.ridden() for draw in chosen]


def batches(trials: Sequence[Disturbance]) -> list[list[Disturbance]]:
    """Return the trials in groups of like length, the longest first."""
    ranked = sorted(trials, key=lambda trial: -trial.end_ms)
    return [ranked[k : k + BATCH] for k in range(0, len(ranked), BATCH)]


def play(trials: list[Disturbance], seed: int) -> list[Opening]:
    """Play trials side by side, a building each."""
    n = len(trials)
    ratings = PlantParams.uniform(n)
    params = DynParams(ratings)
    plant = Dynamics(params, seed)
    waves = Waves(params, seed)
    demand = Demand(np.tile(LOAD_W, (n, 1)), np.zeros(n))
    commands = DynCommands.idle(ratings.pv_rated_w)
    grid = grid_of(trials)
    fronts = [FrontEnd(settings_of(trial.code)) for trial in trials]
    begin_ms = np.array([trial.begin_ms for trial in trials])
    end_ms = max(trial.end_ms for trial in trials)
    while plant.t_ms < end_ms and not _settled(trials, fronts, plant):
        before_ms = plant.t_ms
        windows = waves.window(plant.advance(STEP_MS, demand, commands, grid))
        for early in np.flatnonzero(before_ms < begin_ms):
            fronts[early].watch()  # suspicion of before is not of this
        for k, front in enumerate(fronts):
            if not front.opened:
                front.take(windows[k], round(plant.t_ms))
        commands.contactor_closed = np.array([not front.opened for front in fronts])
    return [_result(trials[k], fronts[k], float(plant.record.open_ms[k])) for k in range(n)]


def _settled(trials: list[Disturbance], fronts: list[FrontEnd], plant: Dynamics) -> bool:
    """Return whether nothing more can come of any trial."""
    apart = ~np.isnan(plant.record.open_ms)
    return all(
        plant.t_ms >= trial.end_ms or (front.opened and bool(apart[k]))
        for k, (trial, front) in enumerate(zip(trials, fronts, strict=True))
    )


def _result(trial: Disturbance, front: FrontEnd, open_ms: float) -> Opening:
    suspect_ms = None if front.suspect_ms is None else front.suspect_ms - trial.begin_ms
    return Opening(
        trial, suspect_ms, None if np.isnan(open_ms) else open_ms - trial.begin_ms, front.by, front.why
    )


def grid_of(trials: Sequence[Disturbance]) -> GridSide:
    """Return the supplies of all trials, a building each."""
    orders = sorted({order for trial in trials for order in trial.harmonics} | set(USUAL_PU))
    harmonics: dict[int, complex | Phasors | Wave] = {
        order: np.array([_harmonic(trial, order) for trial in trials]) for order in orders
    }
    return GridSide(
        _series([trial.volts for trial in trials]),
        _series([trial.hertz for trial in trials]),
        _series([trial.jumps for trial in trials]),
        harmonics,
    )


def _harmonic(trial: Disturbance, order: int) -> complex:
    return trial.harmonics.get(order, 0j) if trial.harmonics else complex(USUAL_PU.get(order, 0.0))


def _series(rows: Sequence[Sequence[tuple[float, float]]]) -> Series:
    """Return lines of as many points for all: the last one repeated."""
    most = max(len(row) for row in rows)
    whole = [list(row) + [row[-1]] * (most - len(row)) for row in rows]
    table: Floats = np.array(whole)  # [N, M, 2]
    return Series(table[:, :, 0].T, table[:, :, 1].T)
