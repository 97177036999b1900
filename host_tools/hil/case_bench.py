"""A case's node on one of two rigs: what the runner asks of it, and the rig in this process."""

import json
from typing import Any, Protocol

from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.store import Store
from host_tools.errors import RunError
from host_tools.hil.frames import Tail
from host_tools.hil.inprocess import InProcess
from host_tools.hil.memory_modbus import MemoryBus
from host_tools.plant.registers import BATTERY_UNIT, PV_UNIT, DeviceServer
from host_tools.provision import devices

KEY = ("f1", "b01")
SECRET = bytes(range(32))
T0_S = 1_700_000_000  # UTC at the start of a case
TICK0_MS = (1 << 30) - 5000  # the node's clock wraps five seconds into the run
ISLAND_VALID_S = 3600

Table = dict[str, Any]


class Bench(Protocol):
    """A node with its devices and its broker."""

    sent: int  # commands since the node started

    async def start(self) -> None:
        """Start everything; RunError when the node does not take its files."""

    async def stop(self) -> None:
        """End everything."""

    async def exchange(self, frame: bytes) -> Tail:
        """Hand the node a frame and return its answer."""

    async def power_cut(self) -> None:
        """End the firmware in the midst of whatever it does; its flash stays."""

    async def boot(self) -> None:
        """Start the firmware again on its flash."""

    def modbus(self, fault: str) -> None:
        """Let the line fail as a case's modbus_lost says, or work again (empty)."""

    async def mqtt(self, up: bool) -> None:
        """End or restart the broker."""

    async def command(self, do: str, begin_s: int, end_s: int, now_s: int) -> bool:
        """Send a signed island command; return whether it is on its way."""

    def saved(self, name: str) -> bytes:
        """Return a file of the node's flash; OSError when there is none."""

    async def answers(self) -> list[str]:
        """Return the answers to commands so far."""


def usual_files(settings: Table, port: int) -> dict[str, bytes]:
    """Return the flash of a node with these settings, whose devices are at that port."""
    ratings = [float(settings[name]) for name in ("pv_rated_w", "battery_rated_w", "battery_wh")]
    found = devices.usual("127.0.0.1", port, *ratings)
    if not ratings[0]:
        found["devices"] = [one for one in found["devices"] if one["role"] != "inverter"]
    return {
        "settings.json": json.dumps(settings).encode(),
        "devices.json": json.dumps(found).encode(),
        "key": SECRET,
    }


class Desk:
    """Signs island commands; made when the first one is needed, for its store takes a while."""

    def __init__(self) -> None:
        self._desk: CommandDesk | None = None

    def issue(self, do: str, begin_s: int, end_s: int, now_s: int) -> str:
        """Return a signed command; times are UTC, 0 for now and for no end."""
        self._desk = self._desk or CommandDesk(Store(), {KEY: SECRET})
        return self._desk.issue_island(KEY, do, begin_s, end_s, now_s, ISLAND_VALID_S, "case")[1]


class MemoryBench:
    """The rig in this process."""

    def __init__(
        self, settings: Table, served: DeviceServer, seed: int, phases: int = 1, building: int = 0
    ) -> None:
        self.sent = 0
        self._bus = MemoryBus({PV_UNIT: served.pv, BATTERY_UNIT: served.battery}, building)
        self._files = usual_files(settings, 502)
        self._seed, self._phases = seed, phases
        self._desk = Desk()
        self.node: InProcess

    async def start(self) -> None:
        """As Bench."""
        try:
            self.node = InProcess(self._files, self._bus, self._seed, self._phases)
        except ValueError as error:
            raise RunError(f"the node does not start: {error}") from error

    async def stop(self) -> None:
        """As Bench."""

    async def exchange(self, frame: bytes) -> Tail:
        """As Bench."""
        return self.node.exchange(frame)

    async def power_cut(self) -> None:
        """As Bench; nothing of the firmware is kept but its files."""
        self.sent = 0

    async def boot(self) -> None:
        """As Bench."""
        self.node.boot()

    def modbus(self, fault: str) -> None:
        """As Bench."""
        self._bus.fault = fault

    async def mqtt(self, up: bool) -> None:
        """As Bench."""
        self.node.broker.up = up

    async def command(self, do: str, begin_s: int, end_s: int, now_s: int) -> bool:
        """As Bench."""
        if not self.node.broker.up:
            return False
        token = self._desk.issue(do, begin_s, end_s, now_s)
        self.node.broker.send(b"islet/%s/%s/dn/cmd" % (KEY[0].encode(), KEY[1].encode()), token.encode())
        self.sent += 1
        return True

    def saved(self, name: str) -> bytes:
        """As Bench."""
        return self.node.store.load(name)

    async def answers(self) -> list[str]:
        """As Bench."""
        acks = [payload for topic, payload in self.node.broker.sent if topic.endswith(b"/ack")]
        return [str(json.loads(payload)["answer"]) for payload in acks]
