"""One building's firmware put together: node, bus and link over the hardware that a board hands in."""

import json

from islet import config, devices
from islet.drivers import grid_curves
from islet.hookup import ORDERS, Hookup
from islet.local import Local
from islet.measure import calibration
from islet.measure.energy_file import EnergyFile
from islet.measure.wiring import BUS_V, GRID_V
from islet.names import A_ACCEPTED, A_NOT_ALLOWED, A_NOT_NOW, GRID, SOFT_RETURN
from islet.node import Node
from islet.sync.command import Gate, Inbox
from islet.sync.link import Link
from islet.sync.outbox import Outbox
from islet.sync.report import ACK, REPORT, Reports, next_boot
from islet.sync.teller import Teller

VERSION = "0.1.0"
PLAN_STAGES = 4  # of the planner in one slice: 10 ms on an RP2040
SAVE_S = 900  # the most learning that a power cut costs
ENERGY_MS = (
    60_000  # the most counted time that it costs, with a clock or without; also saved before each report
)
ENERGY_SLACK_MS = 1000  # so that a report once a minute is the only save
HOLD_MAX_MS = 10_000


class Site:
    """Owns every part; its rounds are called by app.py, each in a task of its own or one after the other."""

    def __init__(self, hw) -> None:
        """Read settings, key and saved state from hw.store; raises ValueError or OSError (missing file)."""
        self.hw = hw
        s = self.s = config.load(hw.store.load("settings.json"))
        self.boot = next_boot(hw.store)
        self.reports = Reports(self.boot, VERSION)
        self.outbox = Outbox(hw.store, self.boot)
        self.now_ms = 0
        self.held_ms = 0  # how long nothing was written for a transition's sake
        hookup = self.hookup = Hookup(
            hw,
            devices.load(hw.store.load(devices.FILE)),
            int(s.step_max_ms),
            s.pv_rated_w,
            grid_curves.wanted(s),
        )
        wiring = self._wiring(hw, s)
        self._check(s, wiring)
        self.local = Local(hookup.bound, s.v_nominal_v, int(s.step_max_ms), wiring.system)
        gate = Gate(hw.store.load("key"), s.node, hw.store, hookup.can)
        self.inbox = Inbox(gate, self._answer, hookup.order, self._plan_island)
        leases = self.inbox.leases
        self.node = Node(s, hw.kernels, wiring, hw.outputs, leases, hookup.parts, hw.metering)
        hw.attach(self.node.guard)
        mqtt = hw.mqtt(s.mqtt_host, int(s.mqtt_port), s.node)
        self.link = Link(mqtt, self.outbox, self.inbox.take, s, hw.random, self.reports)
        self._reported = -1
        self.teller = Teller(self.reports, self.outbox)
        self.energy_file = EnergyFile(hw.store)
        self._unsaved_ms = 0
        self._saved = -1
        self._save_wanted = False
        self._restore()

    def _check(self, s, wiring) -> None:
        """Refuse settings that count on what is not there."""
        kinds = [channel.kind for channel in wiring.channels]
        told = any(part.control for part in self.hookup.parts.batteries)
        wrong = config.misfits(s, told, GRID_V in kinds and BUS_V in kinds)
        if wrong:
            raise ValueError("; ".join(wrong))

    def _wiring(self, hw, s):
        """Return what is connected, calibrated if the store has a calibration."""
        wiring = hw.wiring(s.v_nominal_v, s.f0_hz)
        self._try(calibration.NAME, lambda data: wiring.calibrate(calibration.load(data)["channels"]))
        return wiring

    def _answer(self, seq: int, answer: str) -> None:
        self.outbox.put(ACK, self.reports.ack(self.node.image.epoch_s, seq, answer))

    def _plan_island(self, do: str, begin_s: int, end_s: int, epoch_s: int) -> str:
        """Ask for a planned island from outside, as far as the settings let; return the answer."""
        allowed = self.s.remote_island
        if allowed == "off" or (allowed == "outage" and do not in ("outage", "stop")):
            return A_NOT_ALLOWED
        taken = self.node.island.planned.ask(do, begin_s, end_s)
        self.save()
        return A_ACCEPTED if taken else A_NOT_NOW

    def step(self, inputs, now_ms: int, dt_ms: int) -> None:
        """One control cycle: no I/O but the pins, and no message is made."""
        node = self.node
        node.car_soc_pu = self.local.car_soc_pu()
        node.step(inputs, now_ms, dt_ms)
        self.local.step(node.wishes, node.ladder.phases.ev_limit_a, now_ms)
        self.hookup.step(node.island.state not in (GRID, SOFT_RETURN), now_ms)
        self.now_ms = now_ms
        self._unsaved_ms += dt_ms
        self._hold(dt_ms)

    def _hold(self, dt_ms: int) -> None:
        """Note whether something is under way that a flash erase, with interrupts off, must not meet."""
        node = self.node
        pending = self.hw.erases and (node.guard.suspect or node.island.pending)
        self.held_ms = min(HOLD_MAX_MS, self.held_ms + dt_ms) if pending else 0
        self.outbox.held = self.held

    @property
    def held(self) -> bool:
        """Whether nothing may be written now: a transition is pending; one that takes long is not waited for."""
        return 0 < self.held_ms < HOLD_MAX_MS

    def tend(self) -> None:
        """Make the messages that follow from what the last cycles found, and save what is due, unless held."""
        node, teller = self.node, self.teller
        epoch_s = node.image.epoch_s
        self._save_wanted = teller.changes(node.island.changed, epoch_s) or self._save_wanted
        if node.metering.supply is not None:
            teller.disturbances(node.metering.supply)
        if self.held:
            return
        if self._save_wanted:
            self.save()
        period = epoch_s // int(self.s.report_s)
        if epoch_s and period != self._reported:
            self._reported = period
            self._report(self.now_ms)
            teller.devices(self.hookup, epoch_s)
        if self._unsaved_ms >= ENERGY_MS + ENERGY_SLACK_MS:
            self._save_energy()

    def _report(self, now_ms: int) -> None:
        node = self.node
        self._save_energy()  # first: what was told must never be more than what is saved
        payload = self.reports.report(
            node.image,
            now_ms,
            node.island.state,
            node.reasons(),
            node.shed.level,
            node.metering.told(),
            node.outlook.next_w,
            node.autonomy_h(),
        )
        self.outbox.put(REPORT, payload, self.reports.seq)

    @property
    def forecasts(self) -> int:
        """Return how many plans were begun, each with a forecast."""
        return self.node.outlook.begun

    def plan(self) -> bool:
        """Work off one slice of planning; returns True when nothing is left to do."""
        image = self.node.image
        outlook = self.node.outlook
        if not outlook.due(image.epoch_s):
            return True
        return outlook.advance(image.epoch_s, image.soc_pu.value, PLAN_STAGES)

    def save_if_due(self) -> None:
        """Save what was counted and learned, every SAVE_S of the clock."""
        period = self.node.image.epoch_s // SAVE_S
        if period != self._saved:
            self._saved = period
            self.save()

    def save(self) -> None:
        """Save counters, island state and forecasts; each file is replaced as one."""
        store, node = self.hw.store, self.node
        self._save_wanted = False
        self._save_energy()
        store.save("island.json", json.dumps(node.island.dump()).encode())
        store.save("shares.json", json.dumps(node.ladder.shares.dump()).encode())
        store.save("load_forecast", node.outlook.load.to_bytes())
        store.save("pv_forecast", node.outlook.pv.to_bytes())

    def _save_energy(self) -> None:
        self.energy_file.save(self.node.metering.energy)
        self._unsaved_ms = 0

    def _restore(self) -> None:
        """Take up what was saved; a missing or damaged file starts that part anew and is told at birth."""
        node = self.node
        self._try_energy()
        self._try(ORDERS, self.hookup.restore)
        self._try("island.json", self._set_island)
        self._try("shares.json", lambda data: node.ladder.shares.load(json.loads(data)))
        self._try("load_forecast", node.outlook.load.from_bytes)
        self._try("pv_forecast", node.outlook.pv.from_bytes)

    def _try_energy(self) -> None:
        try:
            self.energy_file.restore(self.node.metering.energy)
        except (OSError, ValueError):
            self.reports.forgot.append("energy")

    def _try(self, name: str, take) -> None:
        try:
            take(self.hw.store.load(name))
        except (OSError, ValueError, KeyError, TypeError):
            self.reports.forgot.append(name)

    def _set_island(self, data: bytes) -> None:
        self.node.island.load(json.loads(data))
