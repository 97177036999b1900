"""The plant of several cases at once, a building each: one simulation, since many cost little more than one."""

from collections import deque
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from host_tools.hil import case_events as ev
from host_tools.hil.case import Case
from host_tools.hil.case_world import World
from host_tools.plant.dynamics import (
    BatteryParams,
    ContactorParams,
    Demand,
    Dynamics,
    DynCommands,
    DynParams,
    DynTruth,
    FollowerParams,
    FormerParams,
    GensetParams,
    GridSide,
    MotorParams,
    Waves,
)
from host_tools.plant.dynamics.record import Record
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer
from host_tools.plant.types import Bools, Commands, Floats
from islet.names import GROUP_NAMES

WARM_MS = 500  # that the plant runs before the cases begin
POWER_FACTOR = 0.8  # of a genset's rating
PINS = ("contactor_closed", "shed_level", "genset_run", "bond", "ev_w")  # not by Modbus
LAGS = 51  # cycles that a Modbus delay may have


def kind_of(case: Case) -> Hashable:
    """Return what cases of one street must have in common."""
    devices, site = case.devices, case.site
    total_w = sum(devices.battery_w)
    shares = tuple(round(w / total_w, 9) for w in devices.battery_w)
    motor = next((event for event in case.event if isinstance(event, ev.Motor)), None)
    feeder = any(isinstance(event, ev.FeederOpens) for event in case.event)
    alone = object() if feeder else None  # a feeder is set up once, for one building
    tier = motor.tier if motor else None
    return (
        site.f0_hz,
        site.v_nominal_v,
        site.phases,
        shares,
        tier,
        devices.genset_w > 0,
        devices.ev_w > 0,
        alone,
    )


def params_of(cases: Sequence[Case]) -> DynParams:
    """Return the plant of cases of one kind."""
    site, share = cases[0].site, cases[0].devices.battery_w

    def each(name: str) -> Floats:
        return np.array([float(getattr(case.devices, name)) for case in cases])

    ratings = PlantParams(
        each("battery_wh"),
        np.array([sum(case.devices.battery_w) for case in cases]),
        each("pv_w"),
        f0_hz=float(site.f0_hz),
        v_nominal_v=site.v_nominal_v,
    )
    motors = [[event for event in case.event if isinstance(event, ev.Motor)] for case in cases]
    motor_w = np.array([found[0].w if found else 1.0 for found in motors])
    tier = next((GROUP_NAMES.index(found[0].tier) for found in motors if found), 0)
    return DynParams(
        ratings,
        phases=site.phases,
        ids=np.array([case.case.seed for case in cases], dtype=np.int64),
        former_share=tuple(w / sum(share) for w in share),
        contactor=ContactorParams(each("open_ms"), each("close_ms"), each("jitter_ms"), each("bounce_ms")),
        former=FormerParams(form_ms=each("form_ms")),
        battery=BatteryParams(soc_start_pu=np.array([case.start.soc_pu for case in cases])),
        motor=MotorParams(rated_w=motor_w, tier=tier) if any(motors) else None,
        genset=GensetParams(rated_va=each("genset_w") / POWER_FACTOR) if cases[0].devices.genset_w else None,
        ev=FollowerParams() if cases[0].devices.ev_w else None,
        ev_rated_w=np.maximum(each("ev_w"), 1.0),
    )


@dataclass
class StreetCommands(DynCommands):
    """With what the device server fills besides."""

    form_v_droop_pu: Floats = field(default_factory=lambda: np.zeros(0))
    battery_var_enabled: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    pv_var_enabled: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))


class Street:
    """Passes time for `worlds`; the nodes' pins and the registers act from the next piece on."""

    def __init__(self, cases: Sequence[Case]) -> None:
        """All cases are of one kind (kind_of)."""
        n, self._phases = len(cases), cases[0].site.phases
        self.n = n
        self.params = params_of(cases)
        self.dynamics = Dynamics(self.params)
        self._waves = Waves(self.params)
        self.served = DeviceServer(n, self.params.ratings)
        rated = self.params.ratings.pv_rated_w
        idle = Commands.idle(rated, self.params.f0_hz, self.params.v_nominal_v)
        self.commands = StreetCommands(**vars(idle))
        self.commands.genset_run = np.zeros(n, dtype=np.bool_)
        self.commands.bond = np.zeros(n, dtype=np.bool_)
        self.commands.ev_w = np.zeros(n)
        self._told: deque[StreetCommands] = deque(maxlen=LAGS)
        self._true: deque[DynTruth] = deque(maxlen=LAGS)
        self.worlds = [World(self.dynamics, self.commands, case, k) for k, case in enumerate(cases)]
        supplies = [world.supply for world in self.worlds]
        self._grid = GridSide(
            lambda t_ms: np.stack([supply.magnitude(t_ms - WARM_MS) for supply in supplies], axis=1),
            lambda t_ms: np.stack([supply.hz(t_ms - WARM_MS) for supply in supplies], axis=1),
            lambda t_ms: np.stack([supply.jump_rad(t_ms - WARM_MS) for supply in supplies], axis=1),
            feeder_open=lambda t_ms: np.stack([supply.cut(t_ms - WARM_MS) for supply in supplies], axis=1),
        )
        self.t_ms = -WARM_MS
        while self.t_ms < 0:
            self.advance(10)
        self.dynamics.record = Record(n)
        for world in self.worlds:
            world.begin()

    def advance(self, span_ms: int) -> None:
        """Pass span_ms and hand every world its piece, truth and samples."""
        self._harmonics()
        self._grid.feeder = next((w.supply.feeder for w in self.worlds if w.supply.feeder), None)
        trace = self.dynamics.advance(span_ms, self._demand(self.t_ms + span_ms), self.commands, self._grid)
        self.t_ms += span_ms
        truth = self.dynamics.truth()
        codes = self._waves.window(trace)
        trace.t_ms = trace.t_ms - WARM_MS
        for world in self.worlds:
            world.take(trace, truth, codes, span_ms)
        self._truth = truth

    def _demand(self, t_ms: int) -> Demand:
        worlds = self.worlds
        return Demand(
            np.stack([world.load_w for world in worlds]),
            np.array([world.sun_w(t_ms) for world in worlds]),
            motor_on=np.array([world.motor_on for world in worlds]),
            ev_plugged=np.array([world.ev_plugged for world in worlds]),
        )

    def _harmonics(self) -> None:
        """Let each supply have its own harmonics, else the plant's."""
        usual = self.params.harmonics_pu
        rows = [usual if w.supply.harmonics is None else w.supply.harmonics for w in self.worlds]
        orders = sorted({order for row in rows for order in row})
        self._grid.harmonics = {k: np.array([complex(row.get(k, 0.0)) for row in rows]) for k in orders}

    def publish(self, dt_ms: int) -> None:
        """Let the devices' clocks run and their registers show what was true, in each building after its delay."""
        self.served.advance(dt_ms / 1000.0)
        self._true.appendleft(self._truth)
        truth = self._truth
        if any(world.delay_cycles for world in self.worlds):
            truth = DynTruth(**{f.name: self._late(self._true, f.name) for f in fields(DynTruth)})
        self.served.publish(truth)

    def obey(self) -> None:
        """Let what was written over Modbus act, in each building after its own delay."""
        told = StreetCommands(**{f.name: getattr(self.commands, f.name) for f in fields(StreetCommands)})
        self.served.commands(told)
        told.q_droop_pu = told.form_v_droop_pu
        self._told.appendleft(told)
        for f in fields(StreetCommands):
            if f.name not in PINS:
                setattr(self.commands, f.name, self._late(self._told, f.name))

    def _late(self, past: Any, name: str) -> Any:
        """Return a row of each building out of the past, newest first; what is not an array [N] as it is now."""
        now = getattr(past[0], name)
        if not isinstance(now, np.ndarray) or len(now) != self.n:
            return now
        ages = [min(world.delay_cycles, len(past) - 1) for world in self.worlds]
        return np.array([getattr(past[age], name)[k] for k, age in enumerate(ages)])
