"""Feeds the live page from a running district."""

import asyncio

from sqlalchemy import select

from host_tools.aggregator.store import EventRow
from host_tools.city.district import District, Step
from host_tools.city.progress import clock_of
from host_tools.dashboard.live import LiveState
from islet.names import STATE_NAMES


class Watch:
    """Shows each interval's state; speed is measured over the whole run."""

    def __init__(self, live: LiveState) -> None:
        self.live = live
        self._begun: float | None = None
        self._begun_ms = 0
        self._seen = 0  # id of the newest event shown

    async def show(self, district: District, step: Step, phase: str) -> None:
        """Update the page's state and give its server a turn."""
        now = asyncio.get_running_loop().time()
        if self._begun is None:
            self._begun, self._begun_ms = now, step.t0_ms
        truth = step.truth
        self.live.update(
            {
                "t_s": step.t1_ms / 1000,
                "clock": clock_of(step.t1_ms),
                "speed": (step.t1_ms - self._begun_ms) / 1000 / max(now - self._begun, 1e-3),
                "phase": phase,
                "transformer_va": float(step.network.transformer_va.sum()),
                "transformer_rated_va": float(district.network.rated_va.sum()),
                "load_w": float(truth.load_w.sum()),
                "pv_w": float(truth.pv_w.sum()),
                "battery_w": float(truth.battery_w.sum()),
                "grid_w": float(truth.grid_w.sum()),
                "buildings": [self._building(district, step, k) for k in range(district.options.buildings)],
                "events": self._events(district),
            }
        )
        await asyncio.sleep(0)

    def _building(self, district: District, step: Step, k: int) -> dict[str, object]:
        state = district.fleet.nodes.get(district.keys[k])
        tail = step.tails[k]
        return {
            "id": district.keys[k][1],
            "state": STATE_NAMES[tail.state],
            "grid_w": float(step.truth.grid_w[k]),
            "soc_pu": float(step.truth.soc_pu[k]),
            "shed": tail.shed_level,
            "why": state.report.why if state and state.report else "",
        }

    def _events(self, district: District) -> list[dict[str, object]]:
        query = select(EventRow).where(EventRow.id > self._seen).order_by(EventRow.id)
        rows = district.store.all(query)
        self._seen = rows[-1].id if rows else self._seen
        start_s = district.homes.epoch_s
        return [
            {
                "clock": clock_of(1000 * (r.t - start_s)),
                "node": r.node,
                "from": r.was,
                "to": r.to,
                "why": r.why,
            }
            for r in rows
        ]
