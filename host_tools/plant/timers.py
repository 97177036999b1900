"""Countdowns of N buildings to their next events, so that an interval is split at exact instants."""

import numpy as np

from host_tools.plant.types import Bools, Floats

CONTACTOR, FORM, PV_ENTER, OVERLOAD, CRASH, GAP, BOUND = range(7)
ROWS = 7
SLACK_MS = 1e-6  # float dust: nearer than this is now


class Timers:
    """left_ms [ROWS, N]; inf where nothing is counting."""

    def __init__(self, n: int) -> None:
        """Nothing is counting at first."""
        self.left_ms: Floats = np.full((ROWS, n), np.inf)

    def run(self, row: int, wanted: Bools, span_ms: Floats | float) -> None:
        """Count down span_ms where wanted, going on where it counts already; forget it elsewhere."""
        self.left_ms[row] = np.where(wanted, np.minimum(self.left_ms[row], span_ms), np.inf)

    def running(self, row: int) -> Bools:
        """Return where a row is counting."""
        return np.asarray(self.left_ms[row] < np.inf, dtype=np.bool_)

    def next_ms(self, limit_ms: Floats) -> Floats:
        """Return ms to the next event of each building, at most limit_ms."""
        return np.asarray(np.minimum(self.left_ms.min(axis=0), limit_ms), dtype=np.float64)

    def pass_ms(self, span_ms: Floats) -> Bools | None:
        """Count span_ms down, stop those that are due and return them [ROWS, N]; None when there is none."""
        self.left_ms -= span_ms
        due = self.left_ms <= SLACK_MS
        if not due.any():
            return None
        self.left_ms[due] = np.inf
        return due
