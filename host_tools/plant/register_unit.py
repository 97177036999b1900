"""The registers of one kind of device in N buildings: what clients may write, and when it lapses."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from pymodbus.constants import ExcCodes

from host_tools.plant.register_map import Counts, Place, Raw, RegisterMap, Registers
from host_tools.plant.types import Bools, Floats


@dataclass(frozen=True)
class Rule:
    """A point that clients may write, and the raw values [N] it may take."""

    model_id: int
    name: str
    place: Place
    low: Floats
    high: Floats


class Reversion:
    """A reversion timer [N], begun anew by writing to one of its registers."""

    def __init__(self, n: int, restart_at: set[int]) -> None:
        """restart_at are registers, counted from BASE."""
        self._left_s: Floats = np.full(n, np.inf)  # inf: it does not run
        self._touched: Bools = np.zeros(n, dtype=np.bool_)
        self._restart_at = restart_at

    def note(self, building: int, written: range) -> None:
        """Note that these registers were written."""
        if not self._restart_at.isdisjoint(written):
            self._touched[building] = True

    def run(self, wanted: Bools, limit_s: Floats, dt_s: float) -> Bools:
        """Let dt_s pass where a timer is wanted, return where it ended; one written since begins anew."""
        self._left_s = np.where(self._touched & wanted, limit_s, self._left_s)
        self._left_s = np.where(wanted, self._left_s - dt_s, np.inf)
        self._touched[:] = False
        over = self._left_s <= 0.0
        self._left_s[over] = np.inf
        return over

    @property
    def left_s(self) -> Floats:
        """Seconds until reversion [N], 0 where no timer runs."""
        return np.where(np.isinf(self._left_s), 0.0, self._left_s)


class Unit:
    """One kind of device in all buildings: registers [N, length] and its reversion timers."""

    def __init__(self, models: tuple[int, ...], n: int, counts: Counts | None = None) -> None:
        """Counts as in RegisterMap."""
        self.map = RegisterMap(models, counts)
        self.registers: Registers = self.map.blank(n)
        self.n = n
        self._rules: list[Rule] = []
        self._writable: set[int] = set()
        self._timers: list[Reversion] = []

    def allow(self, model_id: int, name: str, low: Floats | float, high: Floats | float) -> None:
        """Let clients write a point within raw bounds, [N] or one for all."""
        place = self.map.places[model_id, name]
        bounds = [np.broadcast_to(np.asarray(bound, dtype=np.float64), (self.n,)) for bound in (low, high)]
        self._rules.append(Rule(model_id, name, place, *bounds))
        self._writable.update(place.span)

    def timer(self, model_id: int, names: tuple[str, ...]) -> Reversion:
        """Return a reversion timer that begins anew when one of these points is written."""
        restart_at = {at for name in names for at in self.map.places[model_id, name].span}
        self._timers.append(Reversion(self.n, restart_at))
        return self._timers[-1]

    def put(self, model_id: int, **raw: Raw) -> None:
        """Write raw values, [N] or one for all, into points of a model; NaN means "not implemented"."""
        for name, values in raw.items():
            self.map.put(self.registers, model_id, name, values)

    def put_where(self, where: Bools, model_id: int, raw: Mapping[str, Raw]) -> None:
        """Write raw values as `put`, in these buildings only [N]."""
        for name, values in raw.items():
            self.put(model_id, **{name: np.where(where, values, self.get(model_id, name))})

    def get(self, model_id: int, name: str) -> Floats:
        """Return raw values of a point, [N]."""
        return self.map.get(self.registers, model_id, name).astype(np.float64)

    def write(self, building: int, at: int, values: list[int]) -> ExcCodes | None:
        """Take a write whole or not at all: exception 2 for what is read-only, 3 for a value out of range."""
        written = range(at, at + len(values))
        if not self._writable.issuperset(written):
            return ExcCodes.ILLEGAL_ADDRESS
        row = self.registers[building : building + 1].copy()
        row[0, at : at + len(values)] = values
        for rule in self._rules:
            if rule.place.at >= written.stop or rule.place.span.stop <= at:
                continue
            raw = int(self.map.get(row, rule.model_id, rule.name)[0])
            if not rule.low[building] <= raw <= rule.high[building]:
                return ExcCodes.ILLEGAL_VALUE
        self.registers[building] = row[0]
        for timer in self._timers:
            timer.note(building, written)
        return None
