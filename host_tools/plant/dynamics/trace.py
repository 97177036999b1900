"""What happened at each step of a stretch, and what is true at its end."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.plant.dynamics.params import Phasors
from host_tools.plant.types import Bools, Floats, Truth


@dataclass
class Trace:
    """K steps of N buildings; phasors are rms in a frame turning at f0, [K, N, phases]; P + jQ is [K, N].

    Harmonics are per unit of the fundamental and turn with it: v = |v| sqrt 2 (cos a + Re(c exp(j h a))).
    """

    t_ms: Floats  # [K], of the steps' ends
    f0_hz: float
    bus_v: Phasors
    grid_v: Phasors
    grid_a: Phasors  # import
    load_a: Phasors  # what loads and motor consume
    grid_va: Phasors  # [K, N] import
    load_va: Phasors  # consumed
    pv_va: Phasors  # this and the others inject
    battery_va: Phasors
    ev_va: Phasors
    genset_va: Phasors
    bus_hz: Floats  # [K, N]; 0 when dead
    grid_hz: Floats
    closed: Bools  # [K, N] contacts together
    conducting: Bools  # bounce included
    feedback: Bools
    energised: Bools
    battery_state: NDArray[np.int8]
    motor_pu: Floats  # speed
    grid_harmonics: dict[int, Phasors] = field(default_factory=dict)  # order -> [K, N]
    bus_harmonics: dict[int, Phasors] = field(default_factory=dict)
    i_third_pu: float = 0.0  # third harmonic of every current

    @classmethod
    def of(cls, t_ms: Floats, f0_hz: float, n: int, phases: int, i_third_pu: float) -> "Trace":
        """Return an empty trace for the times."""
        k = len(t_ms)
        lines = {
            name: np.moveaxis(np.zeros((k, phases, n), dtype=np.complex128), 1, 2)
            for name in ("bus_v", "grid_v", "grid_a", "load_a")
        }
        kinds = ("grid", "load", "pv", "battery", "ev", "genset")
        powers = {f"{kind}_va": np.zeros((k, n), dtype=np.complex128) for kind in kinds}
        flags = {
            name: np.zeros((k, n), dtype=np.bool_)
            for name in ("closed", "conducting", "feedback", "energised")
        }
        reals = {name: np.zeros((k, n)) for name in ("bus_hz", "grid_hz", "motor_pu")}
        state = np.zeros((k, n), dtype=np.int8)
        rows: dict[str, Any] = {**lines, **powers, **flags, **reals}
        return cls(t_ms=t_ms, f0_hz=f0_hz, battery_state=state, i_third_pu=i_third_pu, **rows)

    def balance_w(self) -> Floats:
        """Return what sources and loads differ by, VA [K, N]: 0 but for rounding."""
        sources = self.grid_va + self.pv_va + self.battery_va + self.ev_va + self.genset_va
        return np.asarray(np.abs(sources - self.load_va), dtype=np.float64)


@dataclass
class DynTruth(Truth):
    """Truth with what the event-driven plant has not; grid + pv + battery + ev + chp == load."""

    chp_w: Floats = field(default_factory=lambda: np.zeros(0))
    chp_var: Floats = field(default_factory=lambda: np.zeros(0))
    chp_hz: Floats = field(default_factory=lambda: np.zeros(0))
    pv_var: Floats = field(default_factory=lambda: np.zeros(0))  # injects
    ev_w: Floats = field(default_factory=lambda: np.zeros(0))
    ev_var: Floats = field(default_factory=lambda: np.zeros(0))
    genset_live: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    genset_on: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # connected
    bond_closed: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    sync_relay_ok: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    really_closed: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # not the feedback
    bus_phase_v: Floats = field(default_factory=lambda: np.zeros((0, 1)))  # [N, phases]
    grid_phase_v: Floats = field(default_factory=lambda: np.zeros((0, 1)))
    load_phase_a: Floats = field(default_factory=lambda: np.zeros((0, 1)))
