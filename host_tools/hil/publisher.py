"""A node's side of the link without the node: real Link, MqttClient, Outbox and Store, values made up.

Runs on CPython and on MicroPython.
"""

from hal.mqtt import MqttClient
from hal.store import Store
from islet import names
from islet.state.image import Image
from islet.sync.command import Gate, Inbox
from islet.sync.link import Link
from islet.sync.outbox import Outbox
from islet.sync.report import ACK, EVENT, REPORT, Reports, next_boot

T0_S = 1_700_000_000
TICK0_MS = (1 << 30) - 5000
SITE = "f1"
REASONS = dict.fromkeys(("pv_why", "shed_why", "held_why", "ev_why", "genset_why", "fault"), names.R_NONE)
REASONS["why"] = names.R_PLAN


class Settings:
    """The two settings the link asks for."""

    def __init__(self, node: str) -> None:
        self.site = SITE
        self.node = node


class Even:
    """Randomness without surprise."""

    def random(self) -> float:
        """Return the middle."""
        return 0.5


class Publisher:
    """One node in virtual time: `step` makes a report and exchanges."""

    def __init__(self, node: str, port: int, directory: object, key: bytes = bytes(32)) -> None:
        """directory is the path of its store, made if missing."""
        self.store = Store(str(directory))
        self.node = node
        self.minute = 0
        self.image = Image()
        self.reports = Reports(next_boot(self.store), "0.1.0")
        self.outbox = Outbox(self.store, self.reports.boot)
        self.inbox = Inbox(Gate(key, node, self.store), self._answer)
        self.mqtt = MqttClient("127.0.0.1", port, f"{SITE}-{node}", timeout_s=5)
        self.link = Link(self.mqtt, self.outbox, self.inbox.take, Settings(node), Even(), self.reports)

    def _answer(self, seq: int, answer: str) -> None:
        self.outbox.put(ACK, self.reports.ack(self.now_s, seq, answer))

    @property
    def now_ms(self) -> int:
        """Ticks, which wrap early in the run."""
        return (TICK0_MS + 60_000 * self.minute) & ((1 << 30) - 1)

    @property
    def now_s(self) -> int:
        """UTC."""
        return T0_S + 60 * self.minute

    def report(self) -> None:
        """Queue one report of made-up values."""
        self.image.epoch_s = self.now_s
        powers = ("grid_w", "pv_w", "battery_w", "ev_w", "chp_w", "load_w", "residual_w")
        for name in powers + ("grid_v", "grid_hz", "bus_v"):
            getattr(self.image, name).set(
                100.0 + self.minute % 800, self.now_ms
            )  # below the wire's bound of a frequency
        self.image.soc_pu.set(0.5, self.now_ms)
        meter = {"import_wh": self.minute, "export_wh": 0, "checks": [], "circuits": {}}
        payload = self.reports.report(self.image, self.now_ms, names.GRID, REASONS, 0, meter, None)
        self.outbox.put(REPORT, payload, self.reports.seq)

    def event(self) -> None:
        """Queue one change of state."""
        payload = self.reports.event(self.now_s, names.GRID, names.OPENING, names.R_UNDERVOLTAGE)
        self.outbox.put(EVENT, payload, self.reports.seq)

    async def exchange(self) -> None:
        """One round of the link."""
        await self.link.exchange(self.now_ms, self.now_s)

    async def step(self) -> None:
        """Let a minute pass: report, then exchange."""
        self.minute += 1
        self.report()
        await self.exchange()
