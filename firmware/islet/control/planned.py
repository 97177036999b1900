"""Islands on purpose (IEEE 2030.7: T1): before an announced outage, by a person's wish, or to practise."""

from islet.control.presence import CAP_MS
from islet.names import (
    GRID,
    OVERRIDE_NONE,
    R_BATTERY_EMPTY,
    R_FOLLOWED,
    R_ISLAND,
    R_NONE,
    R_OVERLOAD,
    R_OVERRIDE,
    R_PLANNED,
    R_PRACTICE,
    R_RESERVE,
    R_STALE_INPUT,
)

OUTAGE, START, PRACTICE, STOP = "outage", "start", "practice", "stop"
KINDS = (OUTAGE, START, PRACTICE, STOP)
NOTHING = ""
LOAD_PU = 0.5  # of the battery's rating, above which practice is refused
LOW_PU = 0.05  # above soc_min: an island by choice ends here, while there is a grid to go back to
RESERVE_LEAD_S = 43_200  # before an announced outage the reserve is raised
LAST_S = (1 << 32) - 1


class Planned:
    """What was asked for, whether it is `wanted` now and `why`; `refused` is the reason of the last refusal.

    An announced outage needs the clock to begin and to end; without it what has begun goes on.
    """

    def __init__(self, s) -> None:
        self._lead_s = int(s.outage_lead_s)
        self._practice_ms = int(s.practice_s * 1000)
        self._practice_soc_pu = s.practice_soc_pu
        self._low_pu = s.soc_min_pu + LOW_PU
        self._load_w = LOAD_PU * s.battery_rated_w
        self._reserve_soc_pu = s.reserve_soc_pu
        self._ours = s.transfer_owner == "board"
        self.kind = NOTHING  # what runs or waits
        self.begin_s = 0
        self.end_s = 0  # 0: until it is stopped
        self.left_ms = 0  # of a practice
        self.wanted = False
        self.why = R_NONE
        self.refused = R_NONE
        self.practice_refusal = R_STALE_INPUT  # what a practice would be refused for now
        self._epoch_s = 0

    def ask(self, kind: str, begin_s: int = 0, end_s: int = 0) -> bool:
        """Take a request (UTC seconds); return False with `refused` set when it cannot be. ValueError: no such kind.

        "start" may have an end. An announced outage goes before what a person wished, a practice before nothing.
        """
        if kind not in KINDS:
            raise ValueError("planned: %r is none of %s" % (kind, ", ".join(KINDS)))
        if kind == STOP:
            self.cancel()
            return True
        self.refused = self._refusal(kind, begin_s, end_s)
        if self.refused != R_NONE:
            return False
        self.kind, self.begin_s, self.end_s = kind, begin_s, end_s
        self.left_ms = self._practice_ms if kind == PRACTICE else 0
        self._want(kind != OUTAGE or self._begun())
        return True

    def cancel(self, why: str = R_NONE) -> None:
        """End what runs and forget what waits; why goes to `refused`."""
        self.kind = NOTHING
        self.begin_s = self.end_s = self.left_ms = 0
        self._want(False)
        self.refused = why

    def step(self, image, state: int, healthy: bool, now_ms: int, gap_ms: int) -> None:
        """Advance clocks: begin, end, or give up for lack of charge; allocates nothing."""
        self._epoch_s = image.epoch_s
        self.practice_refusal = self._unfit(image, state, healthy, now_ms)
        if self.kind == NOTHING:
            return
        if self.kind == PRACTICE and state != GRID:
            self.left_ms -= min(self.left_ms, gap_ms)
        if self._over():
            self.cancel()
        elif self.wanted and healthy and self._is_low(image, now_ms):
            self.cancel(R_BATTERY_EMPTY if self.kind != PRACTICE else R_RESERVE)
        elif not self.wanted and self._begun():
            self._want(True)

    def reserve_pu(self, s, epoch_s: int) -> float:
        """Return the charge to keep now: more for an outage that is announced and not over."""
        if self.kind == OUTAGE and not self.wanted and epoch_s and self.begin_s - epoch_s <= RESERVE_LEAD_S:
            return max(s.reserve_soc_pu, s.storm_reserve_soc_pu)
        return s.reserve_soc_pu

    def dump(self) -> dict:
        """Return what must outlive a reboot."""
        return {
            "kind": self.kind,
            "begin_s": self.begin_s,
            "end_s": self.end_s,
            "left_ms": self.left_ms,
            "wanted": self.wanted,
        }

    def load(self, saved: dict) -> None:
        """Take a dump. Raises ValueError, KeyError or TypeError, and keeps what there was."""
        kind, begin_s, end_s = saved["kind"], int(saved["begin_s"]), int(saved["end_s"])
        left_ms, wanted = int(saved["left_ms"]), bool(saved["wanted"])
        if kind != NOTHING and kind not in (OUTAGE, START, PRACTICE):
            raise ValueError("planned: no such kind")
        if not (0 <= begin_s <= LAST_S and 0 <= end_s <= LAST_S and 0 <= left_ms <= CAP_MS):
            raise ValueError("planned: out of range")
        self.kind, self.begin_s, self.end_s, self.left_ms = kind, begin_s, end_s, left_ms
        self._want(wanted and kind != NOTHING)

    def _want(self, wanted: bool) -> None:
        self.wanted = wanted
        self.why = (R_PRACTICE if self.kind == PRACTICE else R_PLANNED) if wanted else R_NONE

    def _begun(self) -> bool:
        if self.kind != OUTAGE:
            return self.kind != NOTHING
        return self._epoch_s > 0 and self._epoch_s >= self.begin_s - self._lead_s

    def _over(self) -> bool:
        if self.kind == PRACTICE:
            return self.left_ms == 0
        return self.end_s > 0 and self._epoch_s > 0 and self._epoch_s >= self.end_s

    def _is_low(self, image, now_ms: int) -> bool:
        low_pu = self._reserve_soc_pu if self.kind == PRACTICE else self._low_pu
        return image.soc_pu.usable(now_ms) and image.soc_pu.value <= low_pu

    def _refusal(self, kind: str, begin_s: int, end_s: int) -> str:
        if not self._ours:
            return R_FOLLOWED
        if kind == PRACTICE:
            return R_PLANNED if self.kind != NOTHING else self.practice_refusal
        if not (0 <= begin_s <= LAST_S and 0 <= end_s <= LAST_S):
            return R_STALE_INPUT
        if kind == START:
            if self.kind == OUTAGE and self.wanted:
                return R_PLANNED
            return R_STALE_INPUT if end_s and (not self._epoch_s or end_s <= self._epoch_s) else R_NONE
        late = not self._epoch_s or end_s <= begin_s or end_s <= self._epoch_s
        return R_STALE_INPUT if late else R_NONE

    def _unfit(self, image, state: int, healthy: bool, now_ms: int) -> str:
        """Return why there may be no practice now."""
        if image.override != OVERRIDE_NONE:
            return R_OVERRIDE
        if state != GRID:
            return R_ISLAND
        load = image.metered_load_w if image.metered_load_w.usable(now_ms) else image.load_w
        if not (healthy and image.soc_pu.usable(now_ms) and load.usable(now_ms)):
            return R_STALE_INPUT
        if image.soc_pu.value < self._practice_soc_pu:
            return R_RESERVE
        return R_OVERLOAD if load.value > self._load_w else R_NONE
