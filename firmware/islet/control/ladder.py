"""What an island can carry, in order: cars stop, sources come, then load groups go; ready before it is needed."""

from islet.control.autonomy import Autonomy
from islet.control.group_shares import GroupShares
from islet.control.levels import LEVEL_CRITICAL, Levels
from islet.control.loads import Loads
from islet.control.phases import Phases
from islet.control.shed import Shed
from islet.control.sources import Sources
from islet.names import R_MAIN_FUSE

DARK_PU = 0.5


class Ladder:
    """Joins `phases`, `loads`, `autonomy`, `shed` and `sources`; one step for all, in every state."""

    def __init__(self, s) -> None:
        self.shares = GroupShares(s)
        self.loads = Loads(s, self.shares)
        self.phases = Phases(s)
        self.autonomy = Autonomy(s)
        self.sources = Sources(s)
        self.shed = Shed(s, Levels(s, self.loads, self.phases, self.autonomy, self.sources))
        self._v = s.v_nominal_v

    def step(
        self, image, wishes, state: int, now_ms: int, dt_ms: int, outlook=None, ev_soc_pu: float = -1.0
    ) -> None:
        """Write wishes.shed_level, shed_reason, ev_stop, ev_w and genset_run.

        outlook has pv_low_wh(epoch_s, span_s); ev_soc_pu is the lowest known charge of the cars, below 0 for unknown.
        """
        shed, loads = self.shed, self.loads
        dark = image.bus_v.usable(now_ms) and image.bus_v.value < DARK_PU * self._v
        self.shares.step(shed.level, dark, dt_ms)
        group_a = (loads.load_w(shed.level - 1) - loads.load_w(shed.level)) / self._v if shed.level else 0.0
        self.phases.step(image, state, group_a, now_ms, dt_ms)
        level = min(LEVEL_CRITICAL, shed.level if shed.islanded else shed.ready_level)
        self.autonomy.step(image, loads.mean_at_w(level), self.sources.spare_w, outlook, now_ms)
        shed.step(image, wishes, state, dark, now_ms, dt_ms)
        self.sources.step(image, wishes, state, shed.heavy, shed.short, now_ms, dt_ms, ev_soc_pu)
        if self.phases.ev_stop:
            wishes.ev_stop = True
            self.sources.ev_reason = R_MAIN_FUSE
