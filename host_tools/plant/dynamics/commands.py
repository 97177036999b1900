"""What the buildings are told and what they want, beyond the commands of the event-driven plant."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from host_tools.plant.types import GROUPS, Bools, Commands, Floats


def _none() -> Floats:
    return np.zeros(0)


@dataclass
class Curves:
    """Grid-support functions of one inverter of each building; arrays [N] or [points, N], or one number."""

    volt_var: bool | Bools = False
    vv_v_pu: ArrayLike = (0.92, 0.98, 1.02, 1.08)  # IEEE 1547-2018 category B
    vv_var_pu: ArrayLike = (0.44, 0.0, 0.0, -0.44)
    volt_watt: bool | Bools = False
    vw_v_pu: ArrayLike = (1.06, 1.10)
    vw_w_pu: ArrayLike = (1.0, 0.2)
    freq_watt: bool | Bools = True
    dbof_hz: ArrayLike = 0.036 / 1.2
    kof: ArrayLike = 0.05
    dbuf_hz: ArrayLike = 0.036 / 1.2
    kuf: ArrayLike = 0.05


@dataclass
class DynCommands(Commands):
    """Commands with what this plant obeys besides; an empty array means as at the start."""

    pv_var: Floats = field(default_factory=_none)  # [N], injects
    battery_var: Floats = field(default_factory=_none)
    ev_w: Floats = field(default_factory=_none)  # gives back positive
    form_w: Floats = field(default_factory=_none)  # P* and Q* of the droop, discharge and injection
    form_var: Floats = field(default_factory=_none)
    q_droop_pu: Floats = field(default_factory=_none)  # voltage fall at rated var, of a forming inverter
    genset_run: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))
    genset_w: Floats = field(default_factory=_none)  # its P*
    genset_hz: Floats = field(default_factory=_none)  # governor's frequency at P*
    bond: Bools = field(default_factory=lambda: np.zeros(0, dtype=np.bool_))  # neutral-earth bond
    pv_curves: Curves = field(default_factory=Curves)
    battery_curves: Curves = field(default_factory=lambda: Curves(freq_watt=False))
    ev_curves: Curves = field(default_factory=lambda: Curves(freq_watt=False))

    def copy(self) -> "DynCommands":
        """Return an independent copy; curves are shared, for they are replaced and never changed."""
        values: dict[str, Any] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            values[f.name] = value.copy() if isinstance(value, np.ndarray) else value
        return DynCommands(**values)


@dataclass
class Demand:
    """What the buildings want during a stretch of time."""

    load_w: Floats  # [N, 3] per tier, spread evenly over the phases; or [N, 3, phases]
    pv_available_w: Floats  # [N]
    motor_on: Bools | None = None  # [N]
    load_var: Floats | None = None  # as load_w; None: by the power factor of LoadParams
    ev_plugged: Bools | None = None  # [N]; None: never

    def check(self, n: int, phases: int) -> None:
        """Raise ValueError for wrong shapes or negative powers."""
        shape = np.shape(self.load_w)
        if shape not in ((n, GROUPS), (n, GROUPS, phases)) or np.shape(self.pv_available_w) != (n,):
            raise ValueError(f"load {shape} and pv {np.shape(self.pv_available_w)} do not fit {n} buildings")
        if np.min(self.load_w, initial=0.0) < 0.0 or np.min(self.pv_available_w, initial=0.0) < 0.0:
            raise ValueError("demand and available PV are never negative")


def given(value: Floats, n: int, otherwise: float) -> Floats:
    """Return a command [N], or what holds when it was left out."""
    return np.full(n, otherwise) if len(value) == 0 else np.asarray(value, dtype=np.float64)


def asked(value: Bools, n: int) -> Bools:
    """Return a yes or no [N], no when it was left out."""
    return np.zeros(n, dtype=np.bool_) if len(value) == 0 else np.asarray(value, dtype=np.bool_)
