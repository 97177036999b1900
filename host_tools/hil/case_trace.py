"""What there is to draw of a case: a row every ten milliseconds, of a long one less often."""

from typing import TYPE_CHECKING

import numpy as np

from host_tools.hil.case_judge import Piece

if TYPE_CHECKING:
    from host_tools.hil.case_world import World

ROWS_MAX = 12_000
COLUMNS = ("t_s", "bus_hz", "bus_pu", "grid_pu", "grid_w", "pv_w", "battery_w", "load_w", "soc_pu")


class Trail:
    """`rows` are tuples in the order of COLUMNS."""

    def __init__(self, duration_s: float) -> None:
        self._every = max(1, round(100.0 * duration_s / ROWS_MAX))
        self._count = 0
        self.rows: list[tuple[float, ...]] = []

    def add(self, piece: Piece, world: "World") -> None:
        """Keep what is true at the end of a piece, if it is its turn."""
        self._count += 1
        if self._count % self._every:
            return
        self.rows.append((float(piece.t_ms[-1]) / 1000.0, *world.sample()))

    def column(self, name: str) -> list[float | None]:
        """Return a column; what is not a number is None, and so is the frequency of a dead bus."""
        values = np.array([row[COLUMNS.index(name)] for row in self.rows], dtype=np.float64)
        if name == "bus_hz":
            values[values < 1.0] = np.nan
        return [None if np.isnan(value) else round(float(value), 4) for value in values]
