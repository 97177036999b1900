"""A case's node on the emulated RP2040: the board's own image, samples at its converter, devices on Modbus RTU."""

import asyncio
import errno
import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal import sim
from host_tools.errors import RunError
from host_tools.hil.case_bench import TICK0_MS, usual_files
from host_tools.hil.case_online import OnlineBench
from host_tools.hil.frames import HEAD, Tail
from host_tools.hil.memory_modbus import MemoryBus
from host_tools.hil.rp2040 import lines
from host_tools.hil.rp2040.analog import Feed
from host_tools.hil.rp2040.modbus import RtuUnits
from host_tools.hil.rp2040.net import HOST_IP, Network
from host_tools.hil.rp2040.rig import BOARD, Rig
from host_tools.plant.registers import BATTERY_UNIT, PV_UNIT, DeviceServer
from islet.names import OVERRIDE_CLOSE, OVERRIDE_OPEN

HOME = "/islet/"
BAUD, LATENCY_MS = 115_200, 2.0  # of the Modbus line; what a device takes for an answer
START_S, ONLINE_S = (
    15,
    30,
)  # emulated time at most until the first cycle has ended, until the broker is reached
BOOT_S, DIAL_S = 2, 3  # what a start takes, about, and one with a broker: the clock is put back by so much
STEP_MS = 100
LOG_LINES = 8


class ChipBench(OnlineBench):
    """The rig of a chip. FAST frames' sets are sampled in emulated time; before the first cycle the chip is started.

    A case begins with a node that works: its first 100 ms are sampled over and over while the chip starts, and, with
    a broker, until that has heard of it. What happens later, such as the start after a power cut, takes its time
    within the case. The board's clock is right to a second or two.
    """

    def __init__(
        self,
        settings: dict[str, Any],
        served: DeviceServer,
        image: Path,
        phases: int = 1,
        building: int = 0,
        online: bool = False,
    ) -> None:
        """`online`: with a broker over PPP, as commands need it; else the board has no network."""
        super().__init__()
        self._settings, self._image, self._phases, self._online = settings, image, phases, online
        self._bus = MemoryBus({PV_UNIT: served.pv, BATTERY_UNIT: served.battery}, building)
        self._stack = AsyncExitStack()
        self._feed = Feed(sim.SET_HZ, sim.CHANNELS)
        self._first: list[NDArray[np.uint16]] = []
        self._started = self._due = False  # due: power comes with the next frame
        self._last = Tail(sim.STEP, True, 0, 0, 0, 0, 0, 0, 0)
        self._found = lines.Found(True, False, False)
        self._network: Network | None = None

    async def start(self) -> None:
        """As Bench; the chip itself starts with the first cycle."""
        if self._phases != 1:
            raise RunError("the emulated board measures one phase; run three phases with another rig.")
        settings = dict(self._settings)
        if self._online:
            port = await self._go_online(self._stack)
            settings |= {"mqtt_host": ".".join(map(str, HOST_IP)), "mqtt_port": port}
        self.rig = Rig(self._image, _files(settings, self._online), BOARD, ticks_ms=TICK0_MS)
        self._stack.callback(self.rig.close)
        self.rig.analog.keep_times = False
        self.rig.analog.wave = self._feed
        self._units = RtuUnits(self.rig.mcu, 1, self._bus, LATENCY_MS, lines.DIRECTION)
        if self._online:
            self._network = Network(self.rig.mcu)
            self.rig.engine.ports.append(self._network)

    async def stop(self) -> None:
        """As Bench."""
        if self._network:
            self._network.close()
        await self._stack.aclose()

    async def exchange(self, frame: bytes) -> Tail:
        """As Bench; RunError when the firmware has failed and so reset the chip."""
        kind, flags, n_sets, _now_ms, dt_ms, epoch_s, _expect = HEAD.unpack_from(frame)
        self._drive(flags)
        if kind == sim.FAST:
            codes = np.frombuffer(frame, np.uint16, sim.CHANNELS * n_sets, HEAD.size)
            await self._sample(codes.reshape(n_sets, sim.CHANNELS), dt_ms, epoch_s)
        elif kind == sim.STEP and not self._started:
            await self._warm_up(epoch_s)
        if self.rig.resets:
            raise RunError(f"the firmware failed and reset the chip; what it printed:\n{self._log()}")
        return self._tail(kind)

    async def _sample(self, codes: NDArray[np.uint16], dt_ms: int, epoch_s: int) -> None:
        if not self._started:
            self._first.append(codes)
            return
        if self._due:
            self._power(epoch_s)
        self._feed.give(codes)
        await self._advance(dt_ms)

    async def _warm_up(self, epoch_s: int) -> None:
        """Start the chip and sample the case's beginning again and again until the node works."""
        codes = np.concatenate(self._first)
        self._power(epoch_s - (DIAL_S if self._online else BOOT_S))
        self._started = True
        limit_s = ONLINE_S if self._online else START_S
        for _ in range(limit_s * 1000 // STEP_MS):
            self._feed.give(codes)
            await self._advance(STEP_MS)
            status = self.rig.status()
            if self.rig.resets or (status and (status.acknowledged or not self._online)):
                return
        what = "reach its broker" if self.rig.status() else "start"
        raise RunError(f"the firmware did not {what} within {limit_s} s; what it printed:\n{self._log()}")

    def _power(self, epoch_s: int) -> None:
        self._due = False
        self._feed.begin(self.rig.emulated_s)
        self.rig.know_time(epoch_s)
        self.rig.boot()

    async def _advance(self, span_ms: int) -> None:
        """Let time pass, and others on this computer work; follow real time while a command is on its way."""
        self.rig.engine.paced = self._online and self._last.received < self.sent
        for _ in self.rig.advancing(span_ms):
            await asyncio.sleep(0)

    def _drive(self, flags: int) -> None:
        """Put a frame's flags on the inputs."""
        override = flags >> sim.OVERRIDE_SHIFT & sim.OVERRIDE_BITS
        self._found = lines.Found(bool(flags & sim.CLOSED), bool(flags & sim.BOND), bool(flags & sim.GENSET))
        on = {
            lines.FEEDBACK: self._found.contactor,
            lines.BOND_FEEDBACK: self._found.bond,
            lines.GENSET_LIVE: self._found.genset,
            lines.SYNC_RELAY: bool(flags & sim.SYNC_RELAY),
            lines.OVERRIDE_OPEN: override == OVERRIDE_OPEN,
            lines.OVERRIDE_CLOSE: override == OVERRIDE_CLOSE,
            lines.OFF_GRID: bool(flags & sim.OFF_GRID),
        }
        for pin, state in on.items():
            self.rig.pins.drive(pin, not state)

    def _tail(self, kind: int) -> Tail:
        """Return what the pins say, with what the firmware noted last."""
        self._last = self.rig.status() or self._last
        self.acknowledged = self._last.acknowledged
        return lines.tail(kind, self.rig.pins, self._found, self._last)

    def _log(self) -> str:
        return "\n".join(self.rig.console.text.strip().splitlines()[-LOG_LINES:])

    async def power_cut(self) -> None:
        """As Bench."""
        self.rig.power_cut()
        if self._network:
            self._network.close()
        self.sent = 0

    async def boot(self) -> None:
        """As Bench; the power comes with the next frame, whose time is known."""
        self._due = True

    def modbus(self, fault: str) -> None:
        """As Bench."""
        self._bus.fault = fault

    def saved(self, name: str) -> bytes:
        """As Bench."""
        files = self.rig.files()
        if HOME + name not in files:
            raise OSError(errno.ENOENT, name)
        return files[HOME + name]

    async def answers(self) -> list[str]:
        """As Bench."""
        return await super().answers() if self._online else []


def _files(settings: dict[str, Any], online: bool) -> dict[str, bytes]:
    """Return the flash of a board whose devices are on its serial line."""
    files = usual_files(settings, 502)
    found = json.loads(files["devices.json"])
    found["lines"] = [{"name": "bus", "kind": "rtu", "device": "uart1", "baud": BAUD}]
    files["devices.json"] = json.dumps(found).encode()
    files["network.json"] = json.dumps({"kind": "ppp" if online else "none"}).encode()
    return {HOME + name: data for name, data in files.items()}
