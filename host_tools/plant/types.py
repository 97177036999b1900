"""Arrays that pass between runner, plant, device server and waveforms, one row a building."""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]

GROUPS = 3  # critical, normal, deferrable

# battery_state, as register St of the battery inverter's vendor model 64900
OFF = 0
FOLLOWING = 1
FORMING = 2
FAULT = 3


class PlantError(AssertionError):
    """The plant broke its own physics: says which building, when and with which values."""


@dataclass
class Commands:
    """What N buildings are told, each [N]; it appears to the plant at the start of an interval."""

    battery_w: Floats  # set-point while following, discharges positive
    battery_enabled: Bools  # WSetEna; without it a following battery idles
    pv_limit_w: Floats  # ceiling; the rating means free
    form: Bools  # obeyed only with the contactor open
    form_hz: Floats  # frequency at no load
    form_v: Floats  # voltage at no load, line to neutral
    droop_pu: Floats  # frequency fall at rated discharge, per unit of nominal
    contactor_closed: Bools  # the pin, not the feedback
    shed_level: Ints  # 0..3, drops the last groups

    @classmethod
    def idle(cls, pv_rated_w: Floats, f0_hz: float = 50.0, v_nominal_v: float = 230.0) -> "Commands":
        """Return commands of buildings on the grid, battery idle, PV free; pv_rated_w is [N]."""
        n = len(pv_rated_w)
        return cls(
            battery_w=np.zeros(n),
            battery_enabled=np.zeros(n, dtype=np.bool_),
            pv_limit_w=np.array(pv_rated_w, dtype=np.float64),
            form=np.zeros(n, dtype=np.bool_),
            form_hz=np.full(n, f0_hz),
            form_v=np.full(n, v_nominal_v),
            droop_pu=np.full(n, 0.01),
            contactor_closed=np.ones(n, dtype=np.bool_),
            shed_level=np.zeros(n, dtype=np.int64),
        )

    def copy(self) -> "Commands":
        """Return an independent copy."""
        return Commands(**{f.name: getattr(self, f.name).copy() for f in fields(self)})


@dataclass
class Truth:
    """What is true of N buildings at the end of an interval, each [N] unless noted; yours to keep."""

    grid_w: Floats  # imports
    grid_var: Floats  # injected by the grid into the building: grid_var + battery_var == load_var
    pv_w: Floats
    pv_available_w: Floats
    battery_w: Floats  # discharges
    battery_var: Floats  # injects
    load_w: Floats  # served
    load_var: Floats  # consumed by the served load, >= 0
    demand_w: Floats  # [N, 3] wanted, per load group
    served_w: Floats  # [N, 3] got
    bus_v: Floats  # rms, building side of the contactor
    bus_hz: Floats  # 0 when the bus is dead
    bus_phase_rad: Floats  # -pi..pi
    grid_v: Floats  # rms, grid side of the contactor
    grid_hz: Floats  # the same for all; 0 when the grid side is dead
    grid_phase_rad: Floats  # -pi..pi, the supply's phase A/B/C shift included
    soc_pu: Floats
    contactor_closed: Bools  # feedback contact
    battery_state: Ints  # OFF FOLLOWING FORMING FAULT
    pv_on: Bools  # connected, not waiting to enter service
    energised: Bools  # the bus carries voltage
