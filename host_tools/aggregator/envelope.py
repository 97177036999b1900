"""Dynamic operating envelopes: import and export limits per building that keep transformers and cables whole.

Rule: the buildings below an overloaded element get one common limit, found by water-filling: who is below it
keeps all, who is above it comes down to it, none is asked to import less than a critical minimum. The power
flow verifies, and the limit is tightened until every element is at LIMIT_PU or below. A feeder's limits are
released together, and only when its worst element, with what is planned, would stay below RELEASE_PU.
"""

from dataclasses import dataclass

import numpy as np

from host_tools.city.network import Network, NetworkState
from host_tools.plant.types import Bools, Floats, Ints

LIMIT_PU = 0.95
TARGET_PU = 0.945  # aimed at, so that the last round lands below the limit
RELEASE_PU = 0.85
ROUNDS = 5
VAR_PER_W = 0.2  # reactive power assumed with imports; reports carry none
TRANSFORMER = "transformer"
CABLE = "cable"


@dataclass(frozen=True)
class Envelope:
    """Limits of one building at its meter, both >= 0; `why` is the element that asks for them."""

    import_w: float
    export_w: float
    why: str


@dataclass(frozen=True)
class Decision:
    """Limits by building, absent for free ones; `note` says what stays overloaded, else empty."""

    envelopes: dict[int, Envelope]
    loading_pu: float  # worst element before these limits
    relieved_pu: float  # worst element with them
    note: str

    @property
    def relieved(self) -> bool:
        """Whether the limits bring every element to LIMIT_PU or below."""
        return not self.note


@dataclass(frozen=True)
class Element:
    """An element above its limit, and the buildings whose power it carries."""

    loading_pu: float
    members: Ints
    why: str
    label: str


class Envelopes:
    """Finds overloads with a network model of its own and keeps the limits in force."""

    def __init__(
        self,
        network: Network,
        import_rated_w: Floats,
        export_rated_w: Floats,
        floor_w: float = 1500.0,
        silent_w: float = 3000.0,
    ) -> None:
        """Take connection limits [N], the least import to ask for, and what an unheard home draws."""
        self._network = network
        self._import_rated_w = import_rated_w
        self._export_rated_w = export_rated_w
        self._floor_w = floor_w
        self._silent_w = silent_w
        self._import_w = import_rated_w.copy()
        self._export_w = export_rated_w.copy()
        self._why = [""] * network.n

    def step(self, grid_w: Floats, next_w: Floats | None = None) -> Decision:
        """Return the limits for metered grid_w [N] and the next slot's planned next_w [N]; NaN is unheard."""
        now = np.where(np.isfinite(grid_w), grid_w, self._silent_w)
        wanted = now if next_w is None else np.where(np.isfinite(next_w), next_w, now)
        states = [self._solve(power) for power in (now, wanted)]
        worst = np.maximum(*(_worst_by_feeder(state) for state in states))
        self._release(worst < RELEASE_PU)
        note_now, after_now = self._tighten(now, states[0])
        limited = self._limited(wanted)
        state = states[1] if np.array_equal(limited, wanted) else self._solve(limited)
        note_next, after_next = self._tighten(limited, state)
        relieved_pu = max(after_now, after_next)
        return Decision(self._envelopes(), float(worst.max()), relieved_pu, note_now or note_next)

    def _solve(self, power: Floats) -> NetworkState:
        return self._network.solve(power, VAR_PER_W * np.maximum(power, 0.0))

    def _limited(self, power: Floats) -> Floats:
        """Return the power that obeys the limits in force."""
        return np.clip(power, -self._export_w, self._import_w)

    def _release(self, quiet: Bools) -> None:
        for building in np.flatnonzero(quiet[self._network.feeder_of]):
            self._import_w[building] = self._import_rated_w[building]
            self._export_w[building] = self._export_rated_w[building]
            self._why[building] = ""

    def _tighten(self, power: Floats, state: NetworkState) -> tuple[str, float]:
        """Lower limits until the power flow is content; return (what stays overloaded, worst loading)."""
        for _ in range(ROUNDS):
            solved, power = power, power.copy()
            over = _overloads(self._network, state)
            if not over:
                break
            for element in over:
                self._limit(element, solved, power)
            state = self._solve(power)
        return self._left_over(state), float(_worst_by_feeder(state).max())

    def _left_over(self, state: NetworkState) -> str:
        left = _overloads(self._network, state)
        if not left:
            return ""
        top = max(left, key=lambda element: element.loading_pu)
        least = bool(np.all(self._import_w[top.members] <= self._floor_w))
        why = f"no home is asked below {self._floor_w:g} W" if least else f"{ROUNDS} rounds are over"
        return f"{top.label} stays at {top.loading_pu:.2f} of its rating: {why}"

    def _limit(self, element: Element, solved: Floats, power: Floats) -> None:
        """Bring the element's buildings to one level, in `power` and in the limits in force."""
        members = element.members
        flow = solved[members]
        imports = float(flow.sum()) >= 0.0
        target = abs(float(flow.sum())) * TARGET_PU / element.loading_pu
        level = water_level(flow if imports else -flow, target, self._floor_w if imports else 0.0)
        limit = self._import_w if imports else self._export_w
        power[members] = np.minimum(power[members], level) if imports else np.maximum(power[members], -level)
        for building in members:
            if level < limit[building]:
                limit[building] = level
                self._why[building] = element.why

    def _envelopes(self) -> dict[int, Envelope]:
        return {
            k: Envelope(float(self._import_w[k]), float(self._export_w[k]), why)
            for k, why in enumerate(self._why)
            if why
        }


def water_level(flow_w: Floats, target_w: float, floor_w: float) -> float:
    """Return the level L >= floor_w at which the sum of min(flow, L) is target_w; flows < 0 count in full."""
    ordered = np.sort(flow_w)[::-1]
    kept = float(flow_w.sum())
    for count, flow in enumerate(ordered, start=1):
        kept -= float(flow)
        level = (target_w - kept) / count
        if count == len(ordered) or level >= ordered[count]:
            return max(level, floor_w)
    return floor_w


def _worst_by_feeder(state: NetworkState) -> Floats:
    cables = state.line_pu.max(axis=(1, 2))
    worst: Floats = np.maximum(np.maximum(state.transformer_pu, state.phase_pu.max(axis=1)), cables)
    return worst


def _overloads(network: Network, state: NetworkState) -> list[Element]:
    """Return what is overloaded: cables and windings first, whole transformers once those are content."""
    inner = _windings(network, state) + _cables(network, state)
    return inner or [
        Element(
            float(state.transformer_pu[f]),
            network.on_feeder(int(f)),
            TRANSFORMER,
            f"feeder {f + 1}, transformer",
        )
        for f in np.flatnonzero(state.transformer_pu > LIMIT_PU)
    ]


def _windings(network: Network, state: NetworkState) -> list[Element]:
    found = []
    for feeder, phase in np.argwhere(state.phase_pu > LIMIT_PU):
        label = f"feeder {feeder + 1}, transformer, phase {'ABC'[phase]}"
        members = network.on_feeder(int(feeder), int(phase))
        found.append(Element(float(state.phase_pu[feeder, phase]), members, TRANSFORMER, label))
    return [element for element in found if len(element.members)]


def _cables(network: Network, state: NetworkState) -> list[Element]:
    """Return for each set of buildings the worst cable that carries them on one phase."""
    worst: dict[tuple[int, ...], Element] = {}
    for feeder, line, phase in np.argwhere(state.line_pu > LIMIT_PU):
        members = network.below_line(int(feeder), int(line), int(phase))
        key, loading = tuple(members), float(state.line_pu[feeder, line, phase])
        if key and (key not in worst or loading > worst[key].loading_pu):
            label = network.line_label(int(feeder), int(line), int(phase))
            worst[key] = Element(loading, members, CABLE, label)
    return list(worst.values())
