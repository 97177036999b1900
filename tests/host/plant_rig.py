"""A plant with the inputs of the last interval kept, so that a test says only what changes."""

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.building import Plant
from host_tools.plant.params import PlantParams
from host_tools.plant.types import Commands, Floats, Truth

MS_PER_H = 3_600_000


class PlantRig:
    """`run(ms)` passes time; demand_w [N, 3], pv_w [N], grid_v [N] and commands c are set between runs."""

    def __init__(self, n: int = 1, soc_pu: float = 0.5, seed: int = 1, pv_reconnect_s: float = 300.0) -> None:
        ratings = PlantParams.uniform(n)
        self.params = PlantParams(
            ratings.battery_wh,
            ratings.battery_rated_w,
            ratings.pv_rated_w,
            soc_start_pu=soc_pu,
            pv_reconnect_s=pv_reconnect_s,
        )
        self.plant = Plant(self.params, seed)
        self.c = Commands.idle(self.params.pv_rated_w)
        self.demand_w: Floats = np.tile([500.0, 300.0, 200.0], (n, 1))
        self.pv_w: Floats = np.zeros(n)
        self.grid_v: NDArray[np.float64] | NDArray[np.complex128] = np.full(n, 230.0)
        self.grid_hz = 50.0
        self.t_ms = 0

    def run(self, span_ms: int, step_ms: int = 0) -> Truth:
        """Pass span_ms in steps of step_ms (0: in one) and return the truth at the end."""
        for _ in range(span_ms // (step_ms or span_ms)):
            t0_ms, self.t_ms = self.t_ms, self.t_ms + (step_ms or span_ms)
            truth = self.plant.advance(
                t0_ms, self.t_ms, self.demand_w, self.pv_w, self.grid_v, self.grid_hz, self.c
            )
        return truth

    def lose_grid(self) -> None:
        """Take the voltage off the grid side."""
        self.grid_v = np.zeros(self.params.n)

    def to_island(self) -> Truth:
        """Lose the grid, open, form; return the truth once the island stands."""
        self.lose_grid()
        self.run(100)
        self.c.contactor_closed[:] = False
        self.run(100)
        self.c.form[:] = True
        return self.run(100)
