"""One building: joins the layers in one synchronous step, with no I/O and no clock of its own."""

from islet.actuate.door import Door
from islet.actuate.plausible import Plausible
from islet.base.ramp import Ramp
from islet.control import grid_code
from islet.control.balance import Balance
from islet.control.band import NO_LIMIT_W, Band
from islet.control.carry import Carry
from islet.control.curtail import Curtail
from islet.control.droop import Droop
from islet.control.island import Island
from islet.control.ladder import Ladder
from islet.control.limits import Limits, net_load_w
from islet.control.sink import Sink
from islet.control.support import Support
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast
from islet.measure.guard import REASONS, Guard
from islet.measure.metering import Metering
from islet.names import (
    GRID,
    NOT_IMPLEMENTED,
    OPENING,
    OVERRIDE_CLOSE,
    OVERRIDE_NONE,
    R_ISLAND,
    R_NONE,
    R_PLANNED,
    SOFT_RETURN,
    STALE,
    SUSPECT,
)
from islet.plan.intent import Intent
from islet.plan.outlook import Outlook
from islet.plan.planner import Planner
from islet.state.image import Image
from islet.state.parts import Parts
from islet.state.wishes import Wishes

ENVELOPE = "envelope"
BOARD, ATS = "board", "ats"  # who owns the transfer
ENVELOPE_RAMP_S = 60  # from nothing to the connection's rating, when a lease begins or lapses
DAY_S = 86_400
PART_SHARE = 0.4  # of the exchange that counts as none: meters and devices are off by some of it
NEGATIVE_LOAD_W = -50.0  # below this the readings contradict each other


def guard_of(s, kernels, wiring, opener) -> Guard:
    """Return the fast path that the settings want; opener is what it calls, see Guard."""
    rows, fast_pu = grid_code.rows(s), grid_code.fast_open_pu(s)
    return Guard(kernels, wiring, rows, fast_pu, s.rocof_trip_hz_per_s, int(1000 * s.rocof_trip_s), opener)


class Node:
    """The building's brain; `leases` (kind to Lease) is filled by the link, everything else is handed to step()."""

    def __init__(self, s, kernels, wiring, outputs, leases: dict, parts: Parts, metering=None) -> None:
        """Make all parts; the sampler steps `guard`, which may open the contactor; metering: an energy chip's."""
        self.s = s
        self.guard = guard_of(s, kernels, wiring, outputs)
        self.leases = leases
        self.image = Image(int(s.step_max_ms))
        image, self.parts = self.image, parts
        parts.join(image)
        self._powers = (image.grid_w, image.pv_w, image.battery_w, image.ev_w, image.chp_w)
        self.wishes = Wishes()
        self.wishes.pv_limit_w = s.pv_rated_w
        self.metering = metering or Metering(kernels, wiring, self.guard.halves.table)
        self.band = Band()
        self.limits = Limits(s)
        self.balance = Balance(s)
        self.curtail = Curtail(s)
        self.carry = Carry(s)
        self.droop = Droop(s)
        self.island = Island(s)
        self.ladder = Ladder(s)
        self.shed = self.ladder.shed
        self.sink = Sink(s)
        self.support = Support(s)
        self.car_soc_pu = -1.0  # of the emptiest car that tells it
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

    def step(self, inputs, now_ms: int, dt_ms: int) -> None:
        """Advance to now_ms, dt_ms after the last step: measure, decide, drive the pins; buses find wishes.

        inputs has a `window` of `n_sets` sets, the first `kept` of which ended the last one, `lost_sets`, `epoch_s`
        (0 without a clock), and what the board's pins tell, by the names of the image.
        """
        image = self.image
        self._take(inputs)
        self.parts.fold(now_ms)
        self._measure(inputs, now_ms, dt_ms)
        self._derive(now_ms)
        self.outlook.observe(image, self.wishes.pv_limit_w < self.s.pv_rated_w, now_ms, dt_ms)
        self.outlook.guide(image.epoch_s)
        self._decide(now_ms, dt_ms)
        self.door.apply(self.wishes, image, now_ms, dt_ms)
        self.parts.split(self.wishes, now_ms, self.s.default_export_w)
        self.plausible.step(self.wishes, image, now_ms)
        self._arm()

    def _take(self, inputs) -> None:
        """Take over pins and clock, and what the fast path has found."""
        image, guard = self.image, self.guard
        image.epoch_s = inputs.epoch_s
        ats = self.s.transfer_owner == ATS
        image.contactor_closed = inputs.ats_on_grid if ats else inputs.contactor_closed
        image.override = inputs.override
        image.sync_relay_ok = inputs.sync_relay_ok
        image.bond_closed = inputs.bond_closed
        image.genset_live = inputs.genset_live
        image.guard_suspect = guard.suspect
        image.guard_open = guard.holding
        image.guard_reason = REASONS[guard.why]

    def _arm(self) -> None:
        """Let the fast path act while it is the board that keeps the building connected."""
        guard, image = self.guard, self.image
        closed = self.island.contact.closed  # as the voltages tell, where the feedback lies
        free = image.override == OVERRIDE_NONE and self.s.transfer_owner == BOARD
        guard.armed = closed and self.wishes.contactor_closed and free
        ordered = not (closed or self.wishes.contactor_closed)  # by the machine itself
        if guard.holding and (ordered or image.override == OVERRIDE_CLOSE):
            guard.release()

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
        if not image.metered_load_w.usable(now_ms):
            image.residual_w.degrade(STALE)
            return
        image.residual_w.set(load_w - image.metered_load_w.value - image.feeder_w.value, now_ms)

    def _decide(self, now_ms: int, dt_ms: int) -> None:
        image, wishes, island = self.image, self.wishes, self.island
        self.support.step(image, now_ms, dt_ms)
        island.step(image, wishes, now_ms, dt_ms)
        state = OPENING if island.exchange_w_limit < NO_LIMIT_W else island.state
        self.ladder.step(image, wishes, state, now_ms, dt_ms, self.outlook, self.car_soc_pu)
        if island.genset_forbidden:
            wishes.genset_run = False
        self.band.reset(-NO_LIMIT_W, NO_LIMIT_W)
        if island.state in (GRID, SOFT_RETURN) and image.contactor_closed:
            self._follow(now_ms, dt_ms)
        else:
            self.wishes.battery_w = 0.0  # the battery is the slack
            self.wishes.battery_reason = R_ISLAND
            self.carry.step(image, wishes, now_ms, dt_ms, self.ladder.loads.fall_w)
            self.sink.step(image, wishes, self.shed.level, now_ms, dt_ms)
        self.droop.restore(image, wishes, island.target_hz, now_ms, island.target_v)
        shares = self.parts.shares
        if wishes.forming:  # for the batteries that follow in the island
            follower_w = shares.follower_w(now_ms)
            wishes.battery_w = self.droop.follow(image, wishes, shares.former_w, follower_w, now_ms)
        self.support.apply(wishes, shares.battery_own_curves, shares.pv_own_curves)

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
        island, limits = self.island, self.limits
        soft_w = NO_LIMIT_W if island.state == GRID else island.return_cap_pu * self.s.import_rated_w
        planned, s = island.planned, self.s  # the reserve is kept for the island: leaving may use it
        limits.reserve_pu = s.soc_min_pu if planned.wanted else planned.reserve_pu(s, self.image.epoch_s)
        phases = self.ladder.phases
        limits.hold_fuse(phases.battery_lo_w, phases.battery_hi_w, phases.pv_cap_w)
        limits.shrink(self.band, self.image, now_ms, dt_ms, import_w, export_w, soft_w)
        self._part_gently(now_ms)
        self.sink.reset()
        self.droop.limit(self.image, self.band, now_ms)
        self.support.limit(self.band, self.parts.shares.battery_own_curves)
        self.balance.step(self.image, self.wishes, self.band, self.outlook.intent, now_ms, dt_ms)
        self.curtail.step(self.image, self.wishes, limits.pv_allowed_w, limits.pv_reason, now_ms, dt_ms)

    def _part_gently(self, now_ms: int) -> None:
        """Before a planned opening bring the exchange at the contactor down, so that nothing is felt of it."""
        exchange_w = self.island.exchange_w_limit
        if exchange_w >= NO_LIMIT_W:
            return
        exchange_w *= PART_SHARE
        net_w = net_load_w(self.image, now_ms)
        if net_w == net_w:
            self.band.shrink(net_w - exchange_w, net_w + exchange_w, R_PLANNED)
            load_w = net_w + self.image.pv_w.value
            self.limits.allow_pv(load_w + exchange_w - min(self.band.lo, 0.0), R_PLANNED)

    def reasons(self) -> dict:
        """Return why the building does what it does: reason codes by their names on the wire."""
        wishes, island = self.wishes, self.island
        faults = (island.fault, self.plausible.reason, self.door.blocked_by)
        return {
            "why": wishes.battery_reason if island.state == GRID else island.reason,
            "pv_why": wishes.pv_reason,
            "shed_why": wishes.shed_reason,
            "held_why": self.shed.blocked_by,
            "ev_why": self.sink.reason if self.sink.on else self.ladder.sources.ev_reason,
            "genset_why": self.ladder.sources.reason(),
            "fault": next((fault for fault in faults if fault != R_NONE), R_NONE),
        }

    def autonomy_h(self):
        """Return how long the building could be its own island from now on (h), None when that is not known."""
        hours = self.ladder.autonomy.hours_left
        return None if hours < 0.0 else hours
