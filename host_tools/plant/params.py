"""Ratings and constants of the plant's devices; arrays are [N]."""

from dataclasses import dataclass

import numpy as np

from host_tools.plant.types import Floats


@dataclass(frozen=True)
class PlantParams:
    """Ratings per building and constants shared by all."""

    battery_wh: Floats
    battery_rated_w: Floats
    pv_rated_w: Floats
    soc_start_pu: float = 0.5
    one_way_efficiency: float = 0.9**0.5  # 0.9 for the round trip
    f0_hz: float = 50.0
    v_nominal_v: float = 230.0
    load_var_per_w: float = 0.2
    # contactor and battery inverter
    open_ms: float = 20.0
    close_ms: float = 50.0
    form_ms: float = 60.0
    v_droop_pu: float = 0.02  # fall of the formed voltage at rated discharge
    trip_pu: float = 1.2  # of rating, at once
    overload_ms: float = 10_000.0  # allowed between 1.0 and trip_pu of the rating
    close_angle_max_rad: float = np.pi / 3.0  # beyond it the current of closing trips the inverter
    crash_dark_ms: float = 1000.0  # and takes the bus down this long
    # supply seen by devices
    dead_pu: float = 0.5  # loads and grid-following devices drop out below
    gap_limit_ms: float = 10_000.0  # without supply for longer is not a transfer any more
    # PV inverter: trips at once outside (IEEE 1547-2018 OV2/OF2/UF2 scaled from 60 Hz)
    pv_v_max_pu: float = 1.20
    pv_hz_min: float = 47.08
    pv_hz_max: float = 51.67
    # enter service (IEEE 1547-2018 4.10, frequencies scaled)
    enter_v_min_pu: float = 0.917
    enter_v_max_pu: float = 1.05
    enter_hz_min: float = 49.5
    enter_hz_max: float = 50.1
    pv_reconnect_s: float = 300.0
    # frequency-watt: on the grid IEEE 1547-2018 6.5.2.7 defaults scaled, in the island the steep profile
    dbof_hz: float = 0.036 * 50.0 / 60.0
    kof: float = 0.05
    island_free_hz: float = 0.2  # above nominal: full output up to here
    island_zero_hz: float = 1.2  # above nominal: nothing from here

    def __post_init__(self) -> None:
        """Raise ValueError when the ratings do not fit together."""
        shapes = {np.shape(self.battery_wh), np.shape(self.battery_rated_w), np.shape(self.pv_rated_w)}
        if len(shapes) != 1 or len(next(iter(shapes))) != 1:
            raise ValueError(f"ratings must be one-dimensional and of one length, not {sorted(shapes)}")
        if np.any(self.battery_wh <= 0) or np.any(self.battery_rated_w <= 0) or np.any(self.pv_rated_w < 0):
            raise ValueError("battery ratings must be positive and PV ratings not negative")

    @property
    def n(self) -> int:
        """How many buildings."""
        return len(self.battery_wh)

    @classmethod
    def uniform(
        cls, n: int, battery_wh: float = 6400.0, battery_w: float = 5000.0, pv_w: float = 4000.0
    ) -> "PlantParams":
        """Return n buildings with the same ratings."""
        return cls(np.full(n, battery_wh), np.full(n, battery_w), np.full(n, pv_w))
