"""The electromechanical plant for islanding tests: N buildings in steps of a millisecond."""

from host_tools.plant.dynamics.commands import Curves, Demand, DynCommands
from host_tools.plant.dynamics.dynamics import Dynamics
from host_tools.plant.dynamics.feeder import FeederParams
from host_tools.plant.dynamics.grid import GridSide, Series
from host_tools.plant.dynamics.params import (
    BatteryParams,
    ContactorParams,
    DynParams,
    FollowerParams,
    FormerParams,
    GensetParams,
    LoadParams,
    LoopParams,
    MotorParams,
    TripParams,
)
from host_tools.plant.dynamics.trace import DynTruth, Trace
from host_tools.plant.dynamics.waves import Waves

__all__ = [
    "BatteryParams",
    "ContactorParams",
    "Curves",
    "Demand",
    "DynCommands",
    "DynParams",
    "DynTruth",
    "Dynamics",
    "FeederParams",
    "FollowerParams",
    "FormerParams",
    "GensetParams",
    "GridSide",
    "LoadParams",
    "LoopParams",
    "MotorParams",
    "Series",
    "Trace",
    "TripParams",
    "Waves",
]
