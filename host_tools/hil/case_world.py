"""The building of a case in its street: what its node is told and shown, and the events that change it."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from host_tools.hil import case_events as ev
from host_tools.hil.case import Case
from host_tools.hil.case_grid import Supply, Way
from host_tools.hil.case_judge import Piece
from host_tools.hil.frames import Inputs, Tail
from host_tools.plant.dynamics import Dynamics, DynCommands, DynTruth, Trace
from host_tools.plant.types import FORMING, Floats
from islet.names import GROUP_NAMES, OVERRIDE_NAMES

CYCLE_MS = 100


class World:
    """Building k of a street, which passes the time; `sets` and `piece` are of the last stretch."""

    def __init__(self, dynamics: Dynamics, commands: DynCommands, case: Case, k: int) -> None:
        self._dynamics, self._commands, self._case, self.k = dynamics, commands, case, k
        self.supply = Supply(case)
        self.load_w: Floats = np.outer(case.start.load_w, case.start.load_share)
        self._sun = Way(case.start.pv_w)
        self.motor_on = False
        self.delay_cycles = 0  # of Modbus
        self._genset_fails = False
        self._inputs = Inputs()
        self._relay: bool | None = None
        self._owner = str(case.site.settings.get("transfer_owner", "board"))
        commands.contactor_closed[k] = case.start.closed
        self.sets = b""
        self.piece: Piece
        self.begin()

    def begin(self) -> None:
        """Count from now on."""
        self._sums = {"unserved_wh": 0.0, "pv_curtailed_wh": 0.0, "soc_min_pu": 1.0}

    def sun_w(self, t_ms: float) -> float:
        """Return what PV could give."""
        return float(self._sun(np.array([float(t_ms)]))[0])

    @property
    def ev_plugged(self) -> bool:
        """Whether a car is there."""
        return bool(self._commands.ev_w[self.k] != 0.0)

    def take(self, trace: Trace, truth: DynTruth, codes: NDArray[np.uint16], span_ms: int) -> None:
        """Take what has happened in the street."""
        k, nominal_v = self.k, self._dynamics.params.v_nominal_v
        self.truth = truth
        self.sets = codes[k].tobytes()
        bus_pu = np.abs(trace.bus_v[:, k]) / nominal_v
        self._grid_pu = float(np.abs(trace.grid_v[-1, k]).min()) / nominal_v
        forming = (trace.battery_state[:, k] == FORMING) | bool(truth.genset_on[k])
        closed, hz, grid_w = trace.closed[:, k], trace.bus_hz[:, k], trace.grid_va[:, k].real
        self.piece = Piece(trace.t_ms, closed, bus_pu, hz, grid_w, forming)
        sums, hours = self._sums, span_ms / 3.6e6
        sums["unserved_wh"] += float((truth.demand_w[k] - truth.served_w[k]).sum()) * hours
        sums["pv_curtailed_wh"] += float(truth.pv_available_w[k] - truth.pv_w[k]) * hours
        sums["soc_min_pu"] = min(sums["soc_min_pu"], float(truth.soc_pu[k]))

    @property
    def feedback(self) -> bool:
        """What the contactor's auxiliary contact says."""
        return bool(self.truth.contactor_closed[self.k])

    @property
    def inputs(self) -> Inputs:
        """The board's other inputs."""
        truth, k = self.truth, self.k
        relay = bool(truth.sync_relay_ok[k]) if self._relay is None else self._relay
        bond, live = bool(truth.bond_closed[k]), bool(truth.genset_live[k])
        return replace(self._inputs, sync_relay=relay, bond_closed=bond, genset_live=live)

    def sample(self) -> tuple[float, ...]:
        """Return what is drawn, in the order of case_trace.COLUMNS without the time."""
        truth, k = self.truth, self.k
        powers = (truth.grid_w, truth.pv_w, truth.battery_w, truth.load_w, truth.soc_pu)
        ends = (float(self.piece.bus_pu[-1].min()), self._grid_pu)
        return (float(truth.bus_hz[k]), *ends, *(float(power[k]) for power in powers))

    def pins(self, tail: Tail) -> None:
        """Let the node's pins act."""
        commands, k = self._commands, self.k
        if self._owner == "board":
            commands.contactor_closed[k] = tail.contactor_closed
        commands.shed_level[k] = tail.shed_level
        commands.genset_run[k] = tail.genset_run and not self._genset_fails
        commands.bond[k] = tail.bond_closed

    def happen_to_grid(self, event: ev.Event, t_ms: float) -> None:
        """Let an event of the supply begin."""
        grid_w, grid_var = float(self.truth.grid_w[self.k]), float(self.truth.grid_var[self.k])
        self.supply.happen(event, t_ms, grid_w, grid_var)

    def happen(self, event: ev.Event, t_ms: float) -> None:
        """Let an event of loads, sources, contactor or inputs begin."""
        if isinstance(event, ev.LoadStep):
            self._step_load(event)
        elif isinstance(event, ev.Motor):
            self.motor_on = True
        elif isinstance(event, ev.Sun):
            self._sun.go(event.w, t_ms, 1000.0 * event.over_s)
        elif isinstance(event, ev.Charge):
            self._dynamics.batteries.soc_pu[self.k] = event.pu
        elif isinstance(event, ev.Contactor):
            self._break_contactor(event.fault)
        elif isinstance(event, ev.Genset):
            self._genset_fails = event.fault == "fails"
        elif isinstance(event, ev.Car):
            self._commands.ev_w[self.k] = -event.w
        elif isinstance(event, ev.Delay):
            self.delay_cycles = event.ms // CYCLE_MS
        else:
            self._switch(event)

    def _switch(self, event: ev.Event) -> None:
        """Let somebody move a switch."""
        if isinstance(event, ev.Override):
            self._inputs = replace(self._inputs, override=OVERRIDE_NAMES.index(event.position))
        elif isinstance(event, ev.SyncRelay):
            self._relay = event.permits
        elif isinstance(event, ev.Transfer):
            self._inputs = replace(self._inputs, ats_on_grid=event.on_grid)
            self._commands.contactor_closed[self.k] = event.on_grid

    def _step_load(self, event: ev.LoadStep) -> None:
        row = self.load_w[GROUP_NAMES.index(event.tier)]
        if event.phase is None:
            row += event.w * np.array(self._case.start.load_share)
        else:
            row[event.phase - 1] += event.w
        np.maximum(row, 0.0, out=row)

    def _break_contactor(self, fault: str) -> None:
        faults, k = self._dynamics.faults, self.k
        faults.welded[k] = fault == "welded"
        faults.refuses[k] = fault == "refuses"
        faults.feedback_stuck[k] = {"feedback_open": 0, "feedback_closed": 1}.get(fault, -1)

    def figures(self) -> dict[str, float]:
        """Return the figures that the plant keeps itself."""
        record, k = self._dynamics.record, self.k
        found = {
            **self._sums,
            "critical_wh_lost": float(record.critical_lost_j[k]) / 3600.0,
            "critical_wh_gap": float(record.critical_gap_j[k]) / 3600.0,
            "soc_end_pu": float(self.truth.soc_pu[k]),
        }
        if record.closings[k]:
            found["close_angle_deg"] = float(np.degrees(record.worst_rad[k]))
            found["close_slip_hz"] = float(record.worst_slip_hz[k])
            found["close_dv_pct"] = 100.0 * float(record.worst_dv_pu[k])
        return found
