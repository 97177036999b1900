"""The registers of one kind of device in N buildings: what clients may write, and when it lapses."""

from dataclasses import dataclass

import numpy as np
from pymodbus.constants import ExcCodes

from host_tools.plant.register_map import Place, Raw, RegisterMap, Registers
from host_tools.plant.types import Bools, Floats


@dataclass(frozen=True)
class Rule:
    """A point that clients may write, and the raw values [N] it may take."""

    model_id: int
    name: str
    place: Place
    low: Floats
    high: Floats


class Unit:
    """One kind of device in all buildings: registers [N, length] and reversion timers [N]."""

    def __init__(self, models: tuple[int, ...], n: int) -> None:
        self.map = RegisterMap(models)
        self.registers: Registers = self.map.blank(n)
        self._n = n
        self._left_s: Floats = np.full(n, np.inf)  # until reversion; inf: no timer runs
        self._touched: Bools = np.zeros(n, dtype=np.bool_)
        self._rules: list[Rule] = []
        self._writable: set[int] = set()
        self._restart_at: set[int] = set()

    def allow(self, model_id: int, name: str, low: Floats | float, high: Floats | float) -> None:
        """Let clients write a point within raw bounds, [N] or one for all."""
        place = self.map.places[model_id, name]
        bounds = [np.broadcast_to(np.asarray(bound, dtype=np.float64), (self._n,)) for bound in (low, high)]
        self._rules.append(Rule(model_id, name, place, *bounds))
        self._writable.update(place.span)

    def restart_on(self, model_id: int, names: tuple[str, ...]) -> None:
        """Name the points whose writing begins the reversion time anew."""
        for name in names:
            self._restart_at.update(self.map.places[model_id, name].span)

    def put(self, model_id: int, **raw: Raw) -> None:
        """Write raw values, [N] or one for all, into points of a model; NaN means "not implemented"."""
        for name, values in raw.items():
            self.map.put(self.registers, model_id, name, values)

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
        if not self._restart_at.isdisjoint(written):
            self._touched[building] = True
        return None

    def run_timers(self, wanted: Bools, limit_s: Floats, dt_s: float) -> Bools:
        """Let dt_s pass for the timers wanted, return which ended; one written since begins anew."""
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
