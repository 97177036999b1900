"""One building's firmware put together: node, bus and link over the hardware that a board hands in."""

import json

from islet import config, devices
from islet.drivers import grid_curves
from islet.hookup import ORDERS, Hookup
from islet.local import Local
from islet.measure import calibration
from islet.measure.disturbance import EVENT_NAMES
from islet.measure.energy_file import EnergyFile
from islet.measure.events import KEPT
from islet.names import A_ACCEPTED, A_NOT_ALLOWED, A_NOT_NOW, GRID, SOFT_RETURN
from islet.node import Node
from islet.sync.command import Gate, Inbox
from islet.sync.link import Link
from islet.sync.outbox import Outbox
from islet.sync.report import ACK, DEVICE, EVENT, QUALITY, REPORT, Reports, next_boot

VERSION = "0.1.0"
PLAN_STAGES = 16  # of the planner in one slice
SAVE_S = 900  # the most learning that a power cut costs
DEVICE_S = 900  # between two messages of a device
ENERGY_MS = (
    60_000  # the most counted time that it costs, with a clock or without; also saved before each report
)
ENERGY_SLACK_MS = 1000  # so that a report once a minute is the only save


class Site:
    """Owns every part; its rounds are called by app.py, each in a task of its own or one after the other."""

    def __init__(self, hw) -> None:
        """Read settings, key and saved state from hw.store; raises ValueError or OSError (missing file)."""
        self.hw = hw
        s = self.s = config.load(hw.store.load("settings.json"))
        self.boot = next_boot(hw.store)
        self.reports = Reports(self.boot, VERSION)
        self.outbox = Outbox(hw.store, self.boot)
        hookup = self.hookup = Hookup(
            hw,
            devices.load(hw.store.load(devices.FILE)),
            int(s.step_max_ms),
            s.pv_rated_w,
            grid_curves.wanted(s),
        )
        self._check_battery(s)
        wiring = self._wiring(hw, s)
        self.local = Local(hookup.bound, s.v_nominal_v, int(s.step_max_ms), wiring.system)
        gate = Gate(hw.store.load("key"), s.node, hw.store, hookup.can)
        self.inbox = Inbox(gate, self._answer, hookup.order, self._plan_island)
        leases = self.inbox.leases
        self.node = Node(s, hw.kernels, wiring, hw.outputs, leases, hookup.parts)
        hw.attach(self.node.guard)
        mqtt = hw.mqtt(s.mqtt_host, int(s.mqtt_port), s.node)
        self.link = Link(mqtt, self.outbox, self.inbox.take, s, hw.random, self.reports)
        self._reported = -1
        self._devices_told = -1
        self._told = 0  # transitions
        self._supply_told = 0  # disturbances
        self.energy_file = EnergyFile(hw.store)
        self._unsaved_ms = 0
        self._saved = -1
        self._restore()

    def _check_battery(self, s) -> None:
        """Refuse settings that count on a battery which nobody may tell anything: it cannot balance or form."""
        if s.battery_rated_w > 0 and not any(part.control for part in self.hookup.parts.batteries):
            raise ValueError(
                "settings: battery_rated_w is %s, but no battery of devices.json may be told anything; "
                "set its control to true, or battery_rated_w and battery_wh to 0" % s.battery_rated_w
            )

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
        """One control cycle and the messages that follow from it; no I/O but appends to the outbox."""
        node = self.node
        node.car_soc_pu = self.local.car_soc_pu()
        node.step(inputs, now_ms, dt_ms)
        self.local.step(node.wishes, node.ladder.phases.ev_limit_a, now_ms)
        self.hookup.step(node.island.state not in (GRID, SOFT_RETURN), now_ms)
        self._tell_changes()
        self._tell_supply()
        period = inputs.epoch_s // int(self.s.report_s)
        if inputs.epoch_s and period != self._reported:
            self._reported = period
            self._report(now_ms)
            self._tell_devices()
        self._unsaved_ms += dt_ms
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

    def _tell_devices(self) -> None:
        """Queue a message of each device, once in DEVICE_S, at the time of a report."""
        epoch_s = self.node.image.epoch_s
        if epoch_s // DEVICE_S == self._devices_told:
            return
        self._devices_told = epoch_s // DEVICE_S
        for name, role, readings, counts in self.hookup.told():
            self.outbox.put(
                DEVICE, self.reports.device(epoch_s, name, role, readings, counts), self.reports.seq
            )

    def _tell_changes(self) -> None:
        changed = self.node.island.changed
        self._told = max(self._told, changed.count - len(changed.why))
        if self._told == changed.count:
            return
        while self._told < changed.count:
            i = self._told % len(changed.why)
            event = self.reports.event(
                self.node.image.epoch_s, changed.from_state[i], changed.to_state[i], changed.why[i]
            )
            self.outbox.put(EVENT, event, self.reports.seq)
            self._told += 1
        self.save()

    def _tell_supply(self) -> None:
        """Queue the disturbances of the supply that are over and were not told; the oldest may be gone.

        A sag that went on to an interruption is told as that (EN 50160).
        """
        supply = self.node.metering.supply
        if supply is None:
            return
        self._supply_told = max(self._supply_told, supply.count - KEPT)
        while self._supply_told < supply.count:
            event = supply.get(self._supply_told)
            self._supply_told += 1
            if not event.interrupted:
                kind = EVENT_NAMES[event.kind]
                self.outbox.put(QUALITY, self.reports.quality(event.epoch_s, kind, event), self.reports.seq)

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
