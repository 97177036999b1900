"""From readings to a plan: slot means teach the forecasts, their curves feed the planner, its intent guides."""

from array import array

HOUR_S = 3600


class Outlook:
    """Holds the forecasts of load and PV and the planner, all handed in; works in slots of s.plan_slot_s."""

    def __init__(self, s, load, pv, planner, intent) -> None:
        self.load = load
        self.pv = pv
        self.planner = planner
        self.intent = intent
        self.next_w = None  # mean grid_w planned for the next slot
        self.planned = 0  # plans finished
        self.begun = 0
        self._slot_s = int(s.plan_slot_s)
        self._offset_s = int(s.utc_offset_s)
        self._price = s.price_per_kwh
        slots = planner.plan.slots
        self._load_w = array("f", [0.0] * slots)
        self._pv_w = array("f", [0.0] * slots)
        self._pv_low_w = array("f", [0.0] * slots)
        self._spare_w = array("f", [0.0] * slots)
        self._slot = -1  # number of the running slot since 1970
        self._planned_slot = -1
        self._begun_slot = -1
        self._ms = 0  # observed in the running slot
        self._load_wds = self._pv_wds = 0  # watts by tenths of a second: a float would lose what is added
        self._curtailed = False

    def observe(self, image, curtailed: bool, now_ms: int, dt_ms: int) -> None:
        """Add a reading to the running slot; at a slot's end teach the forecasts its means."""
        if not image.epoch_s:
            return
        slot = (image.epoch_s - 1) // self._slot_s  # a reading at the slot's end belongs to it
        if slot != self._slot:
            self._close()
            self._slot = slot
        if image.load_w.usable(now_ms) and image.pv_w.usable(now_ms):
            self._ms += dt_ms
            self._load_wds += int(max(0.0, image.load_w.value) * dt_ms / 100)
            self._pv_wds += int(max(0.0, image.pv_w.value) * dt_ms / 100)
            self._curtailed = self._curtailed or curtailed

    def _close(self) -> None:
        """Learn the slot that ended, when at least half of it was seen."""
        if self._ms >= 500 * self._slot_s:
            begin_s = self._slot * self._slot_s
            self.load.learn(begin_s, 100.0 * self._load_wds / self._ms)
            self.pv.learn(begin_s, 100.0 * self._pv_wds / self._ms, self._curtailed)
        self._ms = 0
        self._load_wds = self._pv_wds = 0
        self._curtailed = False

    def due(self, epoch_s: int) -> bool:
        """Return whether the slot that holds epoch_s has no plan yet."""
        return epoch_s > 0 and epoch_s // self._slot_s != self._planned_slot

    def advance(self, epoch_s: int, soc_pu: float, stages: int) -> bool:
        """Work off a slice of the plan for the slot holding epoch_s; returns True when nothing is left to do."""
        slot = epoch_s // self._slot_s
        if slot == self._planned_slot:
            return True
        if slot != self._begun_slot:
            self._begin(slot, soc_pu)
            return False
        if self.planner.advance(stages):
            self._planned_slot = slot
            self.planned += 1
            return True
        return False

    def _begin(self, slot: int, soc_pu: float) -> None:
        self.begun += 1
        begin_s = slot * self._slot_s
        self.load.predict(begin_s, self._load_w)
        self.pv.predict(begin_s, self._pv_w)
        self.pv.predict_quantiles(begin_s, self._pv_w, self._pv_low_w, self._spare_w)
        day_slot = (begin_s + self._offset_s) // self._slot_s % self.load.slots
        self.planner.begin(day_slot, self._load_w, self._pv_w, self._price, soc_pu)
        self._begun_slot = slot

    def guide(self, epoch_s: int) -> None:
        """Set the intent and the expected next slot from the newest plan; without plan or clock the default ones."""
        if self._planned_slot < 0 or epoch_s <= 0:
            self.intent.reset()
            self.next_w = None
            return
        plan = self.planner.plan
        slot = max(0, epoch_s // self._slot_s - self._planned_slot)
        plan.fill_intent(slot, self.intent)
        self.next_w = plan.grid_w[min(slot + 1, plan.slots - 1)]

    def pv_low_wh(self, epoch_s: int, span_s: float) -> float:
        """Return the PV energy (Wh) within span_s of epoch_s that nine of ten days exceed, slot by slot.

        Without a plan or a clock it is 0.
        """
        if self._planned_slot < 0 or epoch_s <= 0:
            return 0.0
        slot_s = self._slot_s
        first_s = epoch_s - self._planned_slot * slot_s
        end_s = first_s + span_s
        total_ws = 0.0
        k = max(0, first_s // slot_s)
        while k < len(self._pv_low_w) and k * slot_s < end_s:
            span = min(end_s, (k + 1) * slot_s) - max(first_s, k * slot_s)
            total_ws += self._pv_low_w[k] * span
            k += 1
        return total_ws / HOUR_S
