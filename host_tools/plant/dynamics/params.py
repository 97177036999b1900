"""Ratings and constants of the electromechanical plant; a Value is one number for all or an array [N]."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.params import PlantParams
from host_tools.plant.types import Floats, Ints

Value = float | Floats
Phasors = NDArray[np.complex128]


@dataclass(frozen=True)
class ContactorParams:
    """The breaker at the point of interconnection."""

    open_ms: Value = 20.0  # travel from command to contacts apart
    close_ms: Value = 50.0
    jitter_ms: Value = 2.0  # either way, evenly spread, drawn anew for each operation
    bounce_ms: Value = 3.0  # contacts flicker this long after they first meet
    feedback_ms: Value = 5.0  # the auxiliary contact lags the main ones


@dataclass(frozen=True)
class FormerParams:
    """A battery inverter while it forms the voltage; per unit of its own rating."""

    p_filter_s: Value = 0.030  # measured power, first order
    q_filter_s: Value = 0.030
    v_loop_s: Value = 0.008  # lag of the inner voltage loop
    r_pu: Value = 0.01  # virtual and filter impedance
    x_pu: Value = 0.05
    q_droop_pu: Value = 0.02  # fall of voltage at rated var
    v_droop_pu: Value = 0.0  # fall of voltage at rated discharge, for resistive networks
    i_max_pu: Value = 1.5  # held by current limiting
    trip_pu: Value = 4.0  # prospective current that trips at once
    overload_ms: Value = 10_000.0  # allowed above overload_pu of apparent power
    overload_pu: Value = 1.05
    limit_ms: Value = 1500.0  # allowed in current limit
    form_ms: Value = 60.0  # from command to voltage
    stagger_ms: Value = 40.0  # each further inverter in parallel comes this much later
    follow_ms: Value = 100.0  # goes on forming beside a live grid this long, then follows
    hz_span: Value = 5.0  # set-points are clamped to nominal +- this
    v_span_pu: Value = 0.2
    raise_hz: Value = 2.0  # by how much a full battery may raise the frequency to hold generation back
    raise_hz_per_s: Value = 20.0  # per unit of charge above what the battery takes
    refuse_ms: Value = 2000.0  # charge above what the battery takes is borne this long


@dataclass(frozen=True)
class BatteryParams:
    """What is behind the battery inverters of a building."""

    soc_start_pu: Value = 0.5
    one_way_efficiency: Value = 0.9**0.5
    charge_max_pu: Value = 1.0  # of the inverter's rating
    taper_pu: Value = 0.02  # charging falls to nothing over the last part of the capacity


@dataclass(frozen=True)
class TripParams:
    """When a following inverter must cease: v in pu, Hz, clearing times (IEEE 1547-2018 cat. III, 50/60)."""

    v_pu: tuple[float, float, float, float] = (1.20, 1.10, 0.88, 0.50)  # OV2 OV1 UV1 UV2
    v_s: tuple[float, float, float, float] = (0.16, 13.0, 21.0, 2.0)
    hz: tuple[float, float, float, float] = (
        62.0 / 1.2,
        61.2 / 1.2,
        58.5 / 1.2,
        56.5 / 1.2,
    )  # OF2 OF1 UF1 UF2
    hz_s: tuple[float, float, float, float] = (0.16, 300.0, 300.0, 0.16)
    cease_v_pu: float = 0.50  # momentary cessation below, current is back at once above
    enter_v_pu: tuple[float, float] = (0.917, 1.05)
    enter_hz: tuple[float, float] = (59.5 / 1.2, 60.1 / 1.2)
    enter_s: Value = 300.0
    ramp_s: Value = 300.0  # to full output after entering service


@dataclass(frozen=True)
class FollowerParams:
    """An inverter that follows the voltage behind a phase-locked loop."""

    trips: TripParams = TripParams()
    lag_s: Value = 0.02  # of active and reactive power
    i_max_pu: Value = 1.1
    va_pu: Value = 1.1  # apparent power limit, per unit of rated W
    law_s: Value = 5.0  # open-loop response time of the curves: 90 % of the way
    island_free_hz: Value = 0.2  # above nominal: the steep profile of an island starts here
    island_zero_hz: Value = 1.2
    shift_gain_per_hz: Value = 0.0  # Sandia frequency shift, chopping fraction per Hz; 0 is off
    shift_chop_pu: Value = 0.0  # chopping fraction at nominal frequency
    phase: int = -1  # -1: on all phases, else on this one


@dataclass(frozen=True)
class LoopParams:
    """The phase-locked loop of a building's following inverters."""

    natural_rad_per_s: float = 60.0
    damping: float = 0.8
    v_lag_s: float = 0.005  # rms measurement
    span_hz: float = 10.0
    control_ms: float = 5.0  # laws, trips and charge are looked at so often


@dataclass(frozen=True)
class LoadParams:
    """Loads of the three tiers: shares of constant impedance, current and power."""

    zip_pu: tuple[float, float, float] = (0.4, 0.3, 0.3)
    var_per_w: Value = 0.2
    drop_pu: float = 0.5  # contactors and supplies fall out below
    drop_ms: float = 20.0
    pick_pu: float = 0.6  # and come back above
    soft_pu: float = 0.7  # constant power and current turn into impedance below
    cold_pu: tuple[float, float, float] = (1.0, 1.0, 1.0)  # tier's load after a long interruption
    cold_off_s: float = 600.0  # time constant of cooling down while off
    cold_on_s: float = 300.0  # and of coming back


@dataclass(frozen=True)
class MotorParams:
    """An induction motor, one equivalent circuit per unit of its rating; start current about 6 times."""

    rated_w: Value = 1500.0
    efficiency_pf: Value = 0.7  # rated W over rated VA
    r1_pu: Value = 0.03
    x1_pu: Value = 0.08
    xm_pu: Value = 2.5
    r2_pu: Value = 0.04
    x2_pu: Value = 0.08
    h_s: Value = 0.15
    torque_pu: Value = 0.7  # of the load at synchronous speed
    torque_power: float = 2.0  # torque grows with this power of speed
    tier: int = 1  # shed and dropped with this tier


@dataclass(frozen=True)
class GensetParams:
    """A genset or CHP unit: classical machine with governor and voltage regulator, per unit of rated_va."""

    rated_va: Value = 8000.0
    h_s: Value = 0.8
    damping_pu: Value = 1.0
    xd_pu: Value = 0.25  # transient reactance
    r_pu: Value = 0.01
    droop_pu: Value = 0.04
    governor_s: Value = 0.15  # lag of valve and engine
    p_max_pu: Value = 1.0
    p_min_pu: Value = 0.0
    avr_gain: Value = 20.0
    avr_s: Value = 0.1
    e_max_pu: Value = 1.8
    i_trip_pu: Value = 6.0
    start_s: Value = 5.0
    min_run_s: Value = 60.0
    sync_rad: float = 0.15
    sync_hz: float = 0.2
    sync_pu: float = 0.1
    hz_trip: float = 5.0  # trips beyond nominal +- this


@dataclass(frozen=True)
class DynParams:
    """N buildings: ratings as for the event-driven plant, and constants by device kind; None means absent."""

    ratings: PlantParams
    phases: int = 1
    ids: Ints | None = None  # names of the buildings for their random draws; default 0..N-1
    grid_ohm: complex = 0.2 + 0.1j  # Thevenin impedance of the grid, a phase
    former_share: tuple[float, ...] = (1.0,)  # the battery's rating split over inverters in parallel
    contactor: ContactorParams = ContactorParams()
    former: FormerParams = FormerParams()
    battery: BatteryParams = BatteryParams()
    battery_follow: FollowerParams = FollowerParams(
        trips=TripParams(enter_s=0.1, ramp_s=0.0, enter_v_pu=(0.88, 1.1), enter_hz=(47.0, 52.0)), va_pu=1.0
    )
    pv: FollowerParams = FollowerParams()
    loop: LoopParams = LoopParams()
    loads: LoadParams = LoadParams()
    motor: MotorParams | None = None
    genset: GensetParams | None = None
    ev: FollowerParams | None = None
    ev_rated_w: Value = 7400.0
    harmonics_pu: dict[int, complex] = field(default_factory=lambda: {5: 0.03 + 0j, 7: 0.015 + 0j})
    i_third_pu: float = 0.10  # of every current

    def __post_init__(self) -> None:
        """Raise ValueError when the parts do not fit together."""
        if self.phases not in (1, 3):
            raise ValueError(f"a building has 1 or 3 phases, not {self.phases}")
        if not self.former_share or abs(sum(self.former_share) - 1.0) > 1e-9 or min(self.former_share) <= 0.0:
            raise ValueError(f"former_share {self.former_share} must be positive and sum to 1")
        if self.ids is not None and np.shape(self.ids) != (self.n,):
            raise ValueError(f"ids of shape {np.shape(self.ids)} do not name {self.n} buildings")
        if self.grid_ohm == 0:
            raise ValueError("the grid needs an impedance")

    @property
    def n(self) -> int:
        """How many buildings."""
        return self.ratings.n

    @property
    def v_nominal_v(self) -> float:
        """Nominal voltage, line to neutral."""
        return self.ratings.v_nominal_v

    @property
    def f0_hz(self) -> float:
        """Nominal frequency."""
        return self.ratings.f0_hz

    def names(self) -> Ints:
        """Return the ids [N]."""
        return np.arange(self.n, dtype=np.int64) if self.ids is None else np.asarray(self.ids, dtype=np.int64)


def spread(value: Value, n: int) -> Floats:
    """Return the value as an array [N] of its own."""
    return np.array(np.broadcast_to(np.asarray(value, dtype=np.float64), (n,)))
