"""An electromechanical plant with demand, commands and grid kept, so that a test says only what changes."""

from typing import Any

import numpy as np

from host_tools.plant.dynamics import Demand, Dynamics, DynCommands, DynParams, GridSide, Trace
from host_tools.plant.params import PlantParams


class DynamicsRig:
    """`run(ms)` passes time; demand, commands c and grid are set between runs."""

    def __init__(
        self,
        n: int = 1,
        load_w: tuple[float, float, float] = (500.0, 300.0, 200.0),
        pv_w: float = 0.0,
        seed: int = 1,
        dt_ms: float = 1.0,
        ratings: PlantParams | None = None,
        grid: GridSide | None = None,
        **params: Any,
    ) -> None:
        self.params = DynParams(ratings or PlantParams.uniform(n), **params)
        self.dyn = Dynamics(self.params, seed, dt_ms)
        self.c = DynCommands.idle(self.params.ratings.pv_rated_w, self.params.f0_hz)
        assert isinstance(self.c, DynCommands)
        self.demand = Demand(np.tile(load_w, (n, 1)), np.full(n, pv_w))
        self.grid = grid or GridSide(hz=self.params.f0_hz)

    def run(self, span_ms: float) -> Trace:
        """Pass span_ms and return the trace."""
        return self.dyn.advance(span_ms, self.demand, self.c, self.grid)

    def to_island(self, settle_ms: float = 1000.0) -> Trace:
        """Open, form, wait until steady."""
        self.c.contactor_closed[:] = False
        self.run(100)
        self.c.form[:] = True
        return self.run(settle_ms)
