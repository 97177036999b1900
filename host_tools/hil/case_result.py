"""What came of a case: figures beside their limits, the way through the states, and whether all was kept."""

from dataclasses import asdict, dataclass, field
from typing import Any

from host_tools.hil.case import Limit
from host_tools.hil.figures import FIGURES, NUMBER

Value = float | str | list[str] | None
_ROUND = {"ms": 1, "s": 3, "Hz": 4, "deg": 3, "%": 3, "Wh": 4, "W": 1, "pu": 4, "": 3}
SLACK = 1e-9


@dataclass(frozen=True)
class Check:
    """A limit and what was measured; None: it did not come to that."""

    name: str
    op: str
    value: Value
    unit: str
    measured: Value
    passed: bool
    source: str


@dataclass(frozen=True)
class Change:
    """A state that the node went to, and why, as it tells after the cycle that ended at t_s."""

    t_s: float
    state: str
    why: str


@dataclass
class Result:
    """One case on one rig."""

    name: str
    title: str
    rig: str
    measured: dict[str, Value]
    limits: list[Check]
    path: list[Change]
    wall_s: float
    virtual_s: float
    missed: list[str] = field(default_factory=list)  # events that never happened
    error: str = ""  # why the run ended early

    @property
    def passed(self) -> bool:
        """Whether every limit was kept, every event happened, and the run came to its end."""
        return all(check.passed for check in self.limits) and not self.missed and not self.error

    def json(self) -> dict[str, Any]:
        """Return the result for a JSON object."""
        return {**asdict(self), "passed": self.passed}


def check(limit: Limit, measured: dict[str, Value]) -> Check:
    """Hold a figure against its limit; one that was not measured fails."""
    value, limited = measured.get(limit.name), limit.value
    if value is None:
        good = False
    elif limit.op == "contains":
        good = _contains(value, limited)
    elif isinstance(value, float) and isinstance(limited, float):
        slack = limit.tolerance + SLACK
        good = {
            "max": value <= limited + slack,
            "min": value >= limited - slack,
            "equal": abs(value - limited) <= slack,
        }[limit.op]
    else:
        good = value == limited
    whole: Value = [str(one) for one in limited] if isinstance(limited, list) else limited
    return Check(limit.name, limit.op, whole, limit.unit, value, good, limit.source)


def _contains(value: Value, wanted: Any) -> bool:
    """Return whether a text has the word, or a way the states in this order, whatever lies between."""
    if isinstance(value, str):
        return str(wanted) in value
    states = iter(value if isinstance(value, list) else [])
    return all(state in states for state in wanted)


def rounded(figures: dict[str, float]) -> dict[str, Value]:
    """Return the numbers with the digits that mean something, every figure there, None where not measured."""
    found: dict[str, Value] = {}
    for name, figure in FIGURES.items():
        if figure.kind == NUMBER:
            value = figures.get(name)
            found[name] = None if value is None else round(float(value), _ROUND[figure.unit])
    return found
