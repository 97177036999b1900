"""The aggregator's minute: solve the feeder from the nodes' reports, lease envelopes where it would overload."""

import numpy as np

from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.envelope import Envelope, Envelopes
from host_tools.aggregator.fleet import Fleet, NodeKey
from host_tools.aggregator.link import AggregatorLink
from host_tools.plant.types import Floats

VALID_S = 900
RENEW_S = 300  # an envelope that stays is renewed this long before it lapses, or when it moves
MOVED_W = 200.0


class Coordinator:
    """Knows only what came over the link; `issued` counts commands, `in_force` who has a living envelope."""

    def __init__(
        self, fleet: Fleet, link: AggregatorLink, desk: CommandDesk, envelopes: Envelopes, keys: list[NodeKey]
    ) -> None:
        self.fleet = fleet
        self.issued = 0
        self.note = ""  # the last overload that no envelope could relieve
        self.sent = [0] * len(keys)  # commands delivered to the broker, per node
        self._link = link
        self._desk = desk
        self._envelopes = envelopes
        self._keys = keys
        self._leases: dict[int, tuple[Envelope, int]] = {}  # building to envelope and its end

    async def step(self, now_s: int) -> set[int]:
        """Look at the fleet at UTC now_s and send what is due; return the buildings that were sent a command."""
        metered_w, planned_w = self._powers(now_s)
        if np.isnan(metered_w).all():
            return set()
        decision = self._envelopes.step(metered_w, planned_w)
        self.note = decision.note or self.note
        envelopes = decision.envelopes
        due = [k for k, envelope in sorted(envelopes.items()) if self._due(k, envelope, now_s)]
        for k in due:
            await self._send(k, envelopes[k], now_s)
        return set(due)

    def in_force(self, now_s: int) -> int:
        """Return how many buildings have a living envelope."""
        return sum(end_s > now_s for _, end_s in self._leases.values())

    def _powers(self, now_s: int) -> tuple[Floats, Floats]:
        """Return metered and next planned grid power [N], NaN where nothing young is known."""
        metered = np.full(len(self._keys), np.nan)
        planned = metered.copy()
        for k, key in enumerate(self._keys):
            state = self.fleet.nodes.get(key)
            if state is None or state.report is None or state.stale(now_s):
                continue
            if state.report.grid_w is not None:
                metered[k] = state.report.grid_w
                planned[k] = metered[k] if state.report.next_w is None else state.report.next_w
        return metered, planned

    def _due(self, k: int, envelope: Envelope, now_s: int) -> bool:
        held = self._leases.get(k)
        if held is None or held[1] <= now_s + RENEW_S:
            return True
        before = held[0]
        moved = max(abs(envelope.import_w - before.import_w), abs(envelope.export_w - before.export_w))
        return moved > MOVED_W

    async def _send(self, k: int, envelope: Envelope, now_s: int) -> None:
        _, token = self._desk.issue_envelope(
            self._keys[k], envelope.import_w, envelope.export_w, now_s, VALID_S, envelope.why
        )
        await self._link.send(self._keys[k], token)
        self.sent[k] += 1
        self.issued += 1
        self._leases[k] = (envelope, now_s + VALID_S)
