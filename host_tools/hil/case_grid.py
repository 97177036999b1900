"""The supply of a case as functions of time: what its events add up to."""

from dataclasses import dataclass

import numpy as np

from host_tools.hil import case_events as ev
from host_tools.hil.case import Case
from host_tools.plant.dynamics import FeederParams, Series
from host_tools.plant.types import Bools, Floats

SHIFT_PER_HZ = 0.1  # Sandia frequency shift of a feeder whose inverters look for islands
GRID_EVENTS = (
    ev.GridLost, ev.GridBack, ev.Dip, ev.Volts, ev.Frequency, ev.Jump, ev.Harmonics, ev.FeederOpens,
)  # fmt: skip


class Way:
    """A value over time: steps and straight lines; constant before the first and after the last point."""

    def __init__(self, value: float) -> None:
        self._t_ms = [0.0]
        self._values = [value]
        self._lines = Series(np.zeros(1), np.array([value]))

    def go(self, value: float, t_ms: float, over_ms: float = 0.0) -> None:
        """Go from what it is at t_ms to the value within over_ms; what was ahead is dropped."""
        now = float(self(np.array([t_ms]))[0])
        keep = [k for k, at in enumerate(self._t_ms) if at < t_ms]
        self._t_ms = [self._t_ms[k] for k in keep] + [t_ms, t_ms + over_ms]
        self._values = [self._values[k] for k in keep] + [now, value]
        self._lines = Series(np.array(self._t_ms), np.array(self._values))

    def __call__(self, t_ms: Floats) -> Floats:
        """Return the values at these times [K]; at a step the later one."""
        if t_ms[0] >= self._t_ms[-1]:
            return np.full(len(t_ms), self._values[-1])
        return self._lines(t_ms)


@dataclass(frozen=True)
class _Dip:
    begin_ms: float
    end_ms: float
    pu: float
    phases: tuple[int, ...]  # from 0


class Supply:
    """Takes events; gives functions of times [K], in ms of the case, and what hangs on the feeder."""

    def __init__(self, case: Case) -> None:
        self._f0_hz, self._phases = float(case.site.f0_hz), case.site.phases
        self._on = Way(1.0 if case.start.grid else 0.0)
        self._pu = Way(case.start.grid_pu)
        self.hz = Way(case.start.grid_hz or self._f0_hz)
        self.jump_rad = Way(0.0)
        self.cut = Way(0.0)
        self._dips: list[_Dip] = []
        self.harmonics: dict[int, complex] | None = None  # None: the plant's
        self.feeder: FeederParams | None = None

    def happen(self, event: ev.Event, t_ms: float, building_w: float, building_var: float) -> None:
        """Let an event begin at t_ms, when the building imports so much."""
        if isinstance(event, ev.GridLost):
            self._on.go(0.0, t_ms)
        elif isinstance(event, ev.GridBack):
            self._back(event, t_ms)
        elif isinstance(event, ev.Dip):
            phases = tuple(phase - 1 for phase in event.phases if phase <= self._phases)
            self._dips.append(_Dip(t_ms, t_ms + event.ms, event.pu, phases))
        elif isinstance(event, ev.Volts):
            self._pu.go(event.pu, t_ms, 1000.0 * event.over_s)
        elif isinstance(event, ev.Frequency):
            self.hz.go(event.hz, t_ms, 1000.0 * event.over_s)
        elif isinstance(event, ev.Jump):
            self._turn(event.deg, t_ms)
        elif isinstance(event, ev.Harmonics):
            self.harmonics = {int(order): complex(pu) for order, pu in event.pu.items()}
        elif isinstance(event, ev.FeederOpens):
            self.feeder = self._feeder(event, building_w, building_var)
            self.cut.go(1.0, t_ms)

    def _back(self, event: ev.GridBack, t_ms: float) -> None:
        self._on.go(1.0, t_ms)
        self.cut.go(0.0, t_ms)
        self._pu.go(event.pu, t_ms)
        self.hz.go(event.hz or self._f0_hz, t_ms)
        self._turn(event.deg, t_ms)

    def _turn(self, deg: float, t_ms: float) -> None:
        before = float(self.jump_rad(np.array([t_ms]))[0])
        self.jump_rad.go(before + np.radians(deg), t_ms)

    def _feeder(self, event: ev.FeederOpens, building_w: float, building_var: float) -> FeederParams:
        """Return a feeder whose generation misses dp, dq of its own and the building's load."""
        phases = self._phases
        need_w = event.load_w + building_w
        gen_w = max(need_w * (1.0 - event.dp_pu), 0.0) / phases
        gen_var = (building_var - event.dq_pu * event.load_w) / phases
        shift = SHIFT_PER_HZ if event.active else 0.0
        return FeederParams(
            load_w=event.load_w / phases,
            quality=event.quality,
            gen_w=gen_w,
            gen_var=gen_var,
            shift_gain_per_hz=shift,
        )

    def magnitude(self, t_ms: Floats) -> Floats:
        """Return per unit [K, phases]."""
        pu = np.repeat((self._on(t_ms) * self._pu(t_ms))[:, None], self._phases, axis=1)
        for dip in self._dips:
            during: Bools = (t_ms >= dip.begin_ms) & (t_ms < dip.end_ms)
            for phase in dip.phases:
                pu[:, phase] = np.where(during, dip.pu * self._on(t_ms), pu[:, phase])
        return pu
