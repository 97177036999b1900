"""A case's node on the MicroPython unix port: its own process, devices on Modbus TCP, a real broker."""

from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aiomqtt
from sqlalchemy import select

from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import AckRow, Store
from host_tools.broker import Broker
from host_tools.hil.case_bench import KEY, Desk, usual_files
from host_tools.hil.frames import Tail
from host_tools.hil.relay import ModbusRelay
from host_tools.hil.unixport import ROOT, UnixPortRig
from host_tools.plant.registers import DeviceServer

DRAIN_S = 5.0


class UnixBench:
    """The rig of a process; lockstep, so that it goes through the same cycles as the one in memory."""

    def __init__(self, settings: dict[str, Any], served: DeviceServer, seed: int, phases: int = 1) -> None:
        self.sent = 0
        self._settings = settings
        self._served = served
        self._seed, self._phases = seed, phases
        self._desk = Desk()
        self._store = Store()
        self._stack = AsyncExitStack()
        self._home = Path()
        self._acknowledged = 0

    async def start(self) -> None:
        """Start devices, relay, broker, aggregator's link and node; NodeError when the node does not come up."""
        stack = self._stack
        self._home = Path(stack.enter_context(TemporaryDirectory(prefix="islet-case-"))) / KEY[1]
        stack.callback(self._store.close)
        port = (await self._served.start())[0]
        stack.push_async_callback(self._served.stop)
        self._relay = ModbusRelay(port)
        port = await self._relay.start()
        stack.push_async_callback(self._relay.stop)
        self._broker = stack.enter_context(Broker())
        self._link = AggregatorLink(Fleet(self._store), self._broker.port)
        stack.push_async_callback(self._link.stop)
        await self._link.start()
        self._home.mkdir()
        for name, data in usual_files({**self._settings, "mqtt_port": self._broker.port}, port).items():
            (self._home / name).write_bytes(data)
        await self.boot()

    async def stop(self) -> None:
        """End the node first."""
        if hasattr(self, "_rig"):
            await self._rig.stop()
        await self._stack.aclose()

    async def exchange(self, frame: bytes) -> Tail:
        """As Bench."""
        tail = (await self._rig.exchange({0: frame}))[0]
        self._acknowledged = tail.acknowledged
        return tail

    async def power_cut(self) -> None:
        """As Bench."""
        process = self._rig.nodes[0].process
        assert process is not None
        process.kill()
        await process.wait()
        await self._rig.stop()
        self.sent = 0

    async def boot(self) -> None:
        """As Bench."""
        self._rig = UnixPortRig(ROOT / "build" / "lib", heap_kb=1200, seed=self._seed, phases=self._phases)
        await self._rig.start([(KEY[1], self._home)])

    def modbus(self, fault: str) -> None:
        """As Bench."""
        self._relay.fault = fault

    async def mqtt(self, up: bool) -> None:
        """As Bench."""
        if up:
            self._broker.restart()
            await self._link.reconnect()
        else:
            self._broker.kill()

    async def command(self, do: str, begin_s: int, end_s: int, now_s: int) -> bool:
        """As Bench."""
        try:
            await self._link.send(KEY, self._desk.issue(do, begin_s, end_s, now_s))
        except aiomqtt.MqttError:
            return False
        self.sent += 1
        return True

    def saved(self, name: str) -> bytes:
        """As Bench."""
        return (self._home / name).read_bytes()

    async def answers(self) -> list[str]:
        """As Bench."""
        await self._link.drain({KEY: self._acknowledged}, DRAIN_S)
        return [row.answer for row in self._store.all(select(AckRow).order_by(AckRow.id))]
