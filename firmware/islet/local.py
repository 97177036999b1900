"""What the node itself tells chargers and gensets, cycle by cycle: it goes before what was ordered from outside."""

from islet.drivers import roles
from islet.names import EV_LEAST_A, EV_MOST_A, OK

SPAN_MS = 10_000  # what is held lapses this long after the node's last word
FREE_A = 1e8  # a limit above this is none


class Local:
    """Carries wishes.ev_stop, ev_w and genset_run to the devices of their roles that may be told something."""

    def __init__(self, bound: list, v_nominal_v: float, step_max_ms: int, phases: int) -> None:
        """bound are the devices of a Hookup; cars charge with all phases of the building."""
        self._cars = [one for one in bound if one.role == roles.CHARGER]
        self._chargers = [one for one in bound if one.role == roles.CHARGER and one.part.control]
        self._gensets = [one for one in bound if one.role == roles.GENSET and one.part.control]
        self._giving_w = sum([_rating_w(one) for one in self._chargers if _gives(one)])
        self._v = v_nominal_v * phases  # watts for an ampere
        self._span_ms = SPAN_MS + 2 * step_max_ms
        self._ran = False  # a genset led by heat is not stopped by a node that never started it

    @property
    def gensets(self) -> int:
        """How many gensets the node may start."""
        return len(self._gensets)

    def car_soc_pu(self) -> float:
        """Return the charge of the emptiest car that tells it, -1 where none does."""
        lowest = -1.0
        for one in self._cars:
            reading = one.device.readings.get("soc_pu")
            if reading is not None and reading.quality == OK and (lowest < 0.0 or reading.value < lowest):
                lowest = reading.value
        return lowest

    def step(self, wishes, ev_limit_a: float, now_ms: int) -> None:
        """Renew what is wished; ev_limit_a is what a car may draw in a phase."""
        for one in self._chargers:
            self._charger(one, wishes, ev_limit_a, now_ms)
        self._ran = self._ran or wishes.genset_run
        if self._ran:
            for one in self._gensets:
                if "run" in one.device.commands.safe:
                    run = 1.0 if wishes.genset_run else 0.0
                    one.device.commands.hold("run", run, None, now_ms, self._span_ms)

    def _charger(self, one, wishes, ev_limit_a: float, now_ms: int) -> None:
        commands = one.device.commands
        if wishes.ev_w > 0.0 and _gives(one):
            share_w = wishes.ev_w * _rating_w(one) / self._giving_w
            self._hold(one, "power_w", share_w, now_ms)
        elif wishes.ev_stop:
            self._charge(one, 0.0, 0.0, now_ms)
        elif wishes.ev_w < 0.0:
            most_w = self._share_w(one, -wishes.ev_w)
            self._charge(one, -most_w, most_w / self._v, now_ms)
        elif ev_limit_a < FREE_A:
            self._charge(one, -self._v * ev_limit_a, min(ev_limit_a, EV_MOST_A), now_ms)
        else:
            commands.let_go("current_a")
            commands.let_go("power_w")

    def _share_w(self, one, most_w: float) -> float:
        """Return what a charger may take of a surplus: as many as can each charge with it have an equal share."""
        several = max(1, min(len(self._chargers), int(most_w / (EV_LEAST_A * self._v))))
        return most_w / several if self._chargers.index(one) < several else 0.0

    def _charge(self, one, power_w: float, current_a: float, now_ms: int) -> None:
        """Bound what a charger takes, by its current where it can, else by its power; less that is ordered counts."""
        commands = one.device.commands
        if "current_a" in commands.safe:
            current_a = min(current_a, commands.ordered("current_a", current_a, now_ms))
            self._hold(one, "current_a", current_a if current_a >= EV_LEAST_A else 0.0, now_ms)
        else:
            self._hold(one, "power_w", max(power_w, commands.ordered("power_w", power_w, now_ms)), now_ms)

    def _hold(self, one, name: str, value: float, now_ms: int) -> None:
        commands = one.device.commands
        if name not in commands.safe:
            return
        limit = one.device.readings.get("limit_a") if name == "current_a" else None
        before = limit.value if limit is not None and limit.quality == OK and limit.value > 0.0 else None
        commands.hold(name, value, before, now_ms, self._span_ms)


def _gives(one) -> bool:
    """Return whether a charger can discharge its car."""
    return "power_w" in one.device.commands.safe


def _rating_w(one) -> float:
    return one.part.rated_w or 1.0
