"""The contactor at the point of interconnection: travel, bounce, faults, and what its feedback says."""

from dataclasses import dataclass, field

import numpy as np

from host_tools.plant.dynamics import draw
from host_tools.plant.dynamics.params import DynParams, spread
from host_tools.plant.types import Bools, Floats, Ints


@dataclass
class Faults:
    """Faults of N contactors, [N]; a test sets them at any time."""

    n: int
    welded: Bools = field(init=False)  # once closed it never opens
    refuses: Bools = field(init=False)  # does not close
    feedback_stuck: Ints = field(init=False)  # -1: works, 0 or 1: says this always
    feedback_inverted: Bools = field(init=False)

    def __post_init__(self) -> None:
        """Start without faults."""
        self.welded = np.zeros(self.n, dtype=np.bool_)
        self.refuses = np.zeros(self.n, dtype=np.bool_)
        self.feedback_inverted = np.zeros(self.n, dtype=np.bool_)
        self.feedback_stuck = np.full(self.n, -1)


class Contactor:
    """closed: contacts at rest together; conducting: bounce included; feedback: the auxiliary contact."""

    def __init__(self, params: DynParams, seed: int, dt_ms: float) -> None:
        """Start closed."""
        p, n = params.contactor, params.n
        self._ids, self._seed, self._dt_ms = params.names(), seed, dt_ms
        self._open_ms, self._close_ms = spread(p.open_ms, n), spread(p.close_ms, n)
        self._jitter_ms, self._bounce_ms = spread(p.jitter_ms, n), spread(p.bounce_ms, n)
        self._feedback_ms = spread(p.feedback_ms, n)
        self.faults = Faults(n)
        self.closed: Bools = np.ones(n, dtype=np.bool_)
        self.conducting: Bools = np.ones(n, dtype=np.bool_)
        self.made: Bools = np.zeros(n, dtype=np.bool_)  # contacts met in the last step
        self.operations: Ints = np.zeros(n, dtype=np.int64)
        self.since_ms: Floats = np.full(n, 1e9)  # since the contacts last moved
        self._aux: Bools = self.closed.copy()
        self._moving: Bools = np.zeros(n, dtype=np.bool_)
        self._left_ms: Floats = np.zeros(n)
        self._busy = False

    @property
    def feedback(self) -> Bools:
        """Return what the auxiliary contact says, [N]."""
        said = self._aux ^ self.faults.feedback_inverted
        stuck = self.faults.feedback_stuck
        return said if (stuck < 0).all() else np.where(stuck >= 0, stuck > 0, said)

    def step(self, close: Bools) -> bool:
        """Pass one step under the pin close [N]; return whether contacts moved or may flicker."""
        stays = np.where(close, self.faults.refuses, self.faults.welded)
        wanted = (close != self.closed) & ~stays
        if not self._busy and not wanted.any():
            return False
        self._travel(wanted)
        self._flicker()
        return True

    def _travel(self, wanted: Bools) -> None:
        begun = wanted & ~self._moving
        if begun.any():
            spread_ms = self._jitter_ms * (2.0 * self._draw(draw.TRAVEL, self.operations) - 1.0)
            travel = np.where(self.closed, self._open_ms, self._close_ms) + spread_ms
            self._left_ms = np.where(begun, travel, self._left_ms)
            self.operations = self.operations + begun
        self._moving = wanted  # a pin that goes back calls the armature back
        self._left_ms -= self._dt_ms
        self.since_ms += self._dt_ms
        due = self._moving & (self._left_ms <= 1e-9)
        self.closed = self.closed ^ due
        self.made = due & self.closed
        self.since_ms[due] = 0.0
        self._moving = self._moving & ~due

    def _flicker(self) -> None:
        bouncing = self.closed & (self.since_ms > 0.0) & (self.since_ms <= self._bounce_ms)
        self.conducting = self.closed
        if bouncing.any():
            step = np.round(self.since_ms / self._dt_ms).astype(np.int64) + 1000 * self.operations
            self.conducting = self.closed & ~(bouncing & (self._draw(draw.BOUNCE, step) < 0.5))
        settled = self.since_ms >= self._feedback_ms - 1e-9
        self._aux = np.where(settled, self.closed, self._aux)
        self._busy = bool((self._moving | ~settled | bouncing | self.made).any())

    def _draw(self, purpose: int, count: Ints) -> Floats:
        return draw.uniform(self._seed, self._ids, purpose, count)
