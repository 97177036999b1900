"""One bus a building and phase: voltages from sources behind impedances, current sources and admittances."""

import numpy as np

from host_tools.plant.dynamics.former import Formers
from host_tools.plant.dynamics.params import Phasors
from host_tools.plant.types import Bools, Floats

LEAK_S = 1e-9  # keeps a dead bus defined; part of the load
_ROUNDS = 4


class Network:
    """Keeps the last solution: v and size_v [phases, N], former_a [K, phases, N]."""

    def __init__(self, v: Phasors, formers: Formers) -> None:
        """Start at the voltages v."""
        self.v = v.copy()
        self.size_v: Floats = np.abs(v)
        self._formers = formers
        shape = (len(formers.rated_w), *v.shape)
        self.former_a: Phasors = np.zeros(shape, dtype=np.complex128)
        self.limited: Bools = np.zeros(formers.rated_w.shape, dtype=np.bool_)
        self.struck: Bools = np.zeros(formers.rated_w.shape, dtype=np.bool_)  # prospective current over trip

    def solve(self, amps: Phasors, siemens: Phasors) -> None:
        """Find v from what all but the formers bring: current sources and admittances, [phases, N]."""
        formers = self._formers
        if not formers.any:
            self.v = amps / siemens
        else:
            self._with_formers(amps, siemens)
        self.size_v = np.abs(self.v)

    def _with_formers(self, amps: Phasors, siemens: Phasors) -> None:
        formers = self._formers
        y, e = formers.y[:, None], formers.sources()
        push = y * e
        total, den = amps + push.sum(axis=0), siemens + formers.y.sum(axis=0)
        v = total / den
        own = push - y * v
        size = np.abs(own)
        over = size > formers.i_max_a
        self.limited = np.asarray(over.any(axis=1))
        self.struck = np.asarray((size > formers.i_trip_a).any(axis=1))
        if self.limited.any():
            v, own = self._limit(amps, siemens, push, own, over)
        self.v, self.former_a = v, own

    def _limit(
        self, amps: Phasors, siemens: Phasors, push: Phasors, own: Phasors, over: Bools
    ) -> tuple[Phasors, Phasors]:
        """Turn sources beyond their limit into current sources of the limit, direction kept."""
        formers = self._formers
        y = np.broadcast_to(formers.y[:, None], push.shape)
        held = own
        for _ in range(_ROUNDS):
            held = np.where(over, held * (formers.i_max_a / np.maximum(np.abs(held), 1e-12)), 0.0)
            total = amps + np.where(over, held, push).sum(axis=0)
            v = total / (siemens + np.where(over, 0.0, y).sum(axis=0))
            own = np.where(over, held, push - y * v)
            more = (np.abs(own) > formers.i_max_a * (1.0 + 1e-9)) & ~over
            if not more.any():
                break
            over, held = over | more, own
        self.limited = np.asarray(over.any(axis=1))
        return v, own
