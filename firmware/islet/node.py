"""One building: joins the layers in one synchronous step, with no I/O and no clock of its own."""

from islet.actuate.door import Door
from islet.actuate.plausible import Plausible
from islet.base.ramp import Ramp
from islet.control.balance import Balance
from islet.control.band import Band
from islet.control.carry import Carry
from islet.control.curtail import Curtail
from islet.control.droop import Droop
from islet.control.island import Island
from islet.control.limits import NO_LIMIT_W, Limits
from islet.control.shed import Shed
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast
from islet.measure.metering import Metering
from islet.names import GRID, NOT_IMPLEMENTED, R_ISLAND, R_NONE, SOFT_RETURN, STALE, SUSPECT
from islet.plan.intent import Intent
from islet.plan.outlook import Outlook
from islet.plan.planner import Planner
from islet.state.image import Image
from islet.state.parts import Parts
from islet.state.wishes import Wishes

ENVELOPE = "envelope"
ENVELOPE_RAMP_S = 60  # from nothing to the connection's rating, when a lease begins or lapses
DAY_S = 86_400
NEGATIVE_LOAD_W = -50.0  # below this the readings contradict each other


class Node:
    """The building's brain; `leases` (kind to Lease) is filled by the link, everything else is handed to step()."""

    def __init__(self, s, kernels, wiring, outputs, leases: dict, parts: Parts) -> None:
        self.s = s
        self.leases = leases
        self.image = Image(int(s.step_max_ms))
        self.parts = parts
        self.parts.join(self.image)
        image = self.image
        self._powers = (image.grid_w, image.pv_w, image.battery_w, image.ev_w, image.chp_w)
        self.wishes = Wishes()
        self.wishes.pv_limit_w = s.pv_rated_w
        self.metering = Metering(kernels, wiring)
        self.band = Band()
        self.limits = Limits(s)
        self.balance = Balance(s)
        self.curtail = Curtail(s)
        self.carry = Carry(s)
        self.droop = Droop(s)
        self.island = Island(s)
        self.shed = Shed(s)
        self.door = Door(outputs, s)
        self.plausible = Plausible(s)
        slot_s, offset_s = int(s.plan_slot_s), int(s.utc_offset_s)
        load = LoadForecast(slot_s, offset_s, s.import_rated_w)
        pv = PvForecast(slot_s, s.pv_rated_w, offset_s)
        self.outlook = Outlook(s, load, pv, self._planner(s), Intent())
        self._default_envelope = {"import_w": s.default_import_w, "export_w": s.default_export_w}
        self._import_w = Ramp(max(1.0, s.import_rated_w / ENVELOPE_RAMP_S), s.default_import_w)
        self._export_w = Ramp(max(1.0, s.export_rated_w / ENVELOPE_RAMP_S), s.default_export_w)

    def _planner(self, s) -> Planner:
        return Planner(
            s,
            slots=int(DAY_S / s.plan_slot_s),
            peak_weight=s.peak_weight,
            wear_per_kwh=s.wear_per_kwh,
            reserve_per_kwh_h=s.reserve_per_kwh_h,
        )

    def step(self, samples, contactor_closed: bool, epoch_s: int, now_ms: int, dt_ms: int) -> None:
        """Advance to now_ms, dt_ms after the last step: measure, decide, drive the pins; buses find wishes.

        samples has a `window` of `n_sets` sets, the first `kept` of which ended the last one, and `lost_sets`.
        """
        image = self.image
        image.contactor_closed = contactor_closed
        image.epoch_s = epoch_s
        self.parts.fold(now_ms)
        self._measure(samples, now_ms, dt_ms)
        self._derive(now_ms)
        self.outlook.observe(image, self.wishes.pv_limit_w < self.s.pv_rated_w, now_ms, dt_ms)
        self.outlook.guide(epoch_s)
        self._decide(now_ms, dt_ms)
        self.door.apply(self.wishes, image, now_ms, dt_ms)
        self.parts.split(self.wishes, now_ms, self.s.default_export_w)
        self.plausible.step(self.wishes, image, now_ms)

    def _measure(self, samples, now_ms: int, dt_ms: int) -> None:
        image = self.image
        known = image.pv_w.usable(now_ms) and image.battery_w.usable(now_ms) and image.apart_w.usable(now_ms)
        sources_w = image.pv_w.value + image.battery_w.value + image.apart_w.value if known else None
        self.metering.step(
            samples.window, samples.kept, samples.n_sets, samples.lost_sets, image, now_ms, dt_ms, sources_w
        )

    def _derive(self, now_ms: int) -> None:
        """Work out the load from the other powers; what the load CT does not confirm is the residual."""
        image = self.image
        if image.pv_w.quality == NOT_IMPLEMENTED:  # the driver's word for an inverter that sleeps
            image.pv_w.set(0.0, now_ms)
        load_w = 0.0
        for quantity in self._powers:
            if not quantity.usable(now_ms):
                image.load_w.degrade(STALE)
                image.residual_w.degrade(STALE)
                return
            load_w += quantity.value
        image.load_w.set(load_w, now_ms)
        if load_w < NEGATIVE_LOAD_W:
            image.load_w.degrade(SUSPECT)
        image.residual_w.set(load_w - image.metered_load_w.value - image.feeder_w.value, now_ms)

    def _decide(self, now_ms: int, dt_ms: int) -> None:
        image, wishes, island = self.image, self.wishes, self.island
        island.step(image, wishes, now_ms, dt_ms)
        pv_wh = self.outlook.pv_wh(image.epoch_s, self.s.autonomy_s)
        self.shed.step(image, wishes, island.state, now_ms, dt_ms, pv_wh)
        self.band.reset(-NO_LIMIT_W, NO_LIMIT_W)
        if island.state in (GRID, SOFT_RETURN) and image.contactor_closed:
            self._follow(now_ms, dt_ms)
        else:
            self.wishes.battery_w = 0.0  # the battery is the slack
            self.wishes.battery_reason = R_ISLAND
            self.carry.step(image, wishes, now_ms, dt_ms)
        self.droop.restore(image, wishes, island.target_hz, now_ms)

    def _envelope(self, now_ms: int) -> dict:
        """Return the limits (W) of the living lease, or the declared ones without it."""
        lease = self.leases.get(ENVELOPE)
        if lease is not None and lease.live(now_ms):
            return lease.value
        return self._default_envelope

    def _follow(self, now_ms: int, dt_ms: int) -> None:
        """On the grid: the plan's intent inside what ratings, reserve, envelope and frequency allow."""
        wanted = self._envelope(now_ms)
        import_w = self._import_w.step(wanted["import_w"], dt_ms)
        export_w = self._export_w.step(wanted["export_w"], dt_ms)
        soft_w = (
            NO_LIMIT_W if self.island.state == GRID else self.island.return_cap_pu * self.s.import_rated_w
        )
        self.limits.shrink(self.band, self.image, now_ms, dt_ms, import_w, export_w, soft_w)
        self.droop.limit(self.image, self.band, now_ms)
        self.balance.step(self.image, self.wishes, self.band, self.outlook.intent, now_ms, dt_ms)
        limits = self.limits
        self.curtail.step(self.image, self.wishes, limits.pv_allowed_w, limits.pv_reason, now_ms, dt_ms)

    def reasons(self) -> dict:
        """Return why the building does what it does: reason codes by their names on the wire."""
        wishes, island = self.wishes, self.island
        fault = self.plausible.reason
        return {
            "why": wishes.battery_reason if island.state == GRID else island.reason,
            "pv_why": wishes.pv_reason,
            "shed_why": wishes.shed_reason,
            "fault": self.door.blocked_by if fault == R_NONE else fault,
        }
