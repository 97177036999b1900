"""States of the battery inverters and the charge behind them: off, following, forming, fault."""

import numpy as np

from host_tools.plant.dynamics import draw
from host_tools.plant.dynamics.former import Formers
from host_tools.plant.dynamics.network import Network
from host_tools.plant.dynamics.params import DynParams, spread
from host_tools.plant.types import FAULT, FOLLOWING, FORMING, OFF, Bools, Floats, Ints

CAUSES = ("none", "overload", "current", "limit", "empty", "full")
_FULL_PU = 0.02  # excess of charge that counts


class Batteries:
    """state [K, N] of the inverters in parallel, soc_pu [N] of what is behind them."""

    def __init__(self, params: DynParams, seed: int) -> None:
        """Start following the grid."""
        p, n, k = params.battery, params.n, len(params.former_share)
        self._former, self._seed, self._ids = params.former, seed, params.names()
        self._rated_w = params.ratings.battery_rated_w
        self._ws = params.ratings.battery_wh * 3600.0
        self._efficiency = spread(p.one_way_efficiency, n)
        self._charge_w = spread(p.charge_max_pu, n) * self._rated_w
        self._taper = np.maximum(spread(p.taper_pu, n), 1e-6)
        self.soc_pu: Floats = spread(p.soc_start_pu, n)
        self.state: Ints = np.full((k, n), FOLLOWING)
        self.trips: Ints = np.zeros(n, dtype=np.int64)
        self.trip_cause: Ints = np.zeros(n, dtype=np.int64)
        self.starts: Ints = np.zeros(n, dtype=np.int64)
        form = params.former
        self._form_ms = spread(form.form_ms, n) + np.arange(k)[:, None] * spread(form.stagger_ms, n)
        self._form_for_ms: Floats = np.zeros((k, n))
        self._beside_ms: Floats = np.zeros((k, n))
        self._over_ms: Floats = np.zeros((k, n))
        self._limit_ms: Floats = np.zeros((k, n))
        self._full_ms: Floats = np.zeros((k, n))

    @property
    def building_state(self) -> Ints:
        """Return one state a building [N]: forming if any inverter is, else that of the first."""
        return np.where((self.state == FORMING).any(axis=0), FORMING, self.state[0])

    def limits_w(self) -> tuple[Floats, Floats]:
        """Return (charge_max_w, discharge_max_w) [N], both >= 0."""
        room = np.clip((1.0 - self.soc_pu) / self._taper, 0.0, 1.0)
        return self._charge_w * room, self._rated_w * (self.soc_pu > 0.0)

    def pass_power(self, battery_w: Floats, span_s: float) -> None:
        """Move the charge by span_s at the terminals' power [N]."""
        stored = np.where(battery_w > 0.0, battery_w / self._efficiency, battery_w * self._efficiency)
        self.soc_pu = np.clip(self.soc_pu - stored * (span_s / self._ws), 0.0, 1.0)

    def fault(self, which: Bools, cause: str) -> None:
        """Trip inverters [K, N]."""
        if not which.any():
            return
        self.state = np.where(which, FAULT, self.state)
        struck = which.any(axis=0)
        self.trips = self.trips + struck
        self.trip_cause = np.where(struck, CAUSES.index(cause), self.trip_cause)

    def control(self, form: Bools, said_open: Bools, on_grid: Bools, genset: Bools, span_ms: float) -> Bools:
        """Move the states; returns where rows begin to form [K, N]. on_grid: closed onto a living grid."""
        state = self.state
        state = np.where(~form & ((state == FORMING) | (state == FAULT)), OFF, state)
        beside = (state == FORMING) & on_grid
        self._beside_ms = (self._beside_ms + span_ms) * beside
        state = np.where(beside & (self._beside_ms > self._former.follow_ms), FOLLOWING, state)
        fed = on_grid | (genset & ~form)
        state = np.where(fed & (state == OFF), FOLLOWING, state)
        state = np.where(~fed & (state == FOLLOWING), OFF, state)
        waits = form & said_open & ~on_grid & (state == OFF)
        self._form_for_ms = (self._form_for_ms + span_ms) * waits
        begins = waits & (self._form_for_ms >= self._form_ms - 1e-9)
        self.state = np.where(begins, FORMING, state)
        self.starts = self.starts + begins.any(axis=0)
        return np.asarray(begins, dtype=np.bool_)

    def watch(self, formers: Formers, network: Network, battery_w: Floats, span_ms: float) -> None:
        """Trip forming inverters that are overloaded on any phase, in limit too long, empty or too full."""
        p, forming = self._former, formers.forming
        over = np.abs(formers.s) > p.overload_pu * formers.rated_w
        if network.former_a.shape[1] > 1:
            over |= formers.worst_phase_va(network.former_a) > p.overload_pu * formers.rated_w
        over &= forming
        self._over_ms = (self._over_ms + span_ms) * over
        self._limit_ms = (self._limit_ms + span_ms) * (network.limited & forming)
        self.fault(self._over_ms >= p.overload_ms, "overload")
        self.fault(self._limit_ms >= p.limit_ms, "limit")
        self.fault(forming & (self.soc_pu <= 0.0) & (battery_w > 0.0), "empty")
        full = formers.hold_back(self.limits_w()[0], span_ms * 1e-3) > _FULL_PU
        self._full_ms = (self._full_ms + span_ms) * full
        self.fault(self._full_ms >= p.refuse_ms, "full")

    def start_angle_rad(self) -> Floats:
        """Return where inverters that form on a dead bus begin, [N]."""
        turn = draw.uniform(self._seed, self._ids, draw.PHASE, self.starts)
        return np.asarray((2.0 * turn - 1.0) * np.pi, dtype=np.float64)
