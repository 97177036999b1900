"""A case's node on the MicroPython unix port: its own process, devices on Modbus TCP, a real broker."""

from contextlib import AsyncExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from host_tools.hil.case_bench import KEY, usual_files
from host_tools.hil.case_online import OnlineBench
from host_tools.hil.frames import Tail
from host_tools.hil.relay import ModbusRelay
from host_tools.hil.unixport import ROOT, UnixPortRig
from host_tools.plant.registers import DeviceServer


class UnixBench(OnlineBench):
    """The rig of a process; lockstep, so that it goes through the same cycles as the one in memory."""

    def __init__(self, settings: dict[str, Any], served: DeviceServer, seed: int, phases: int = 1) -> None:
        super().__init__()
        self._settings = settings
        self._served = served
        self._seed, self._phases = seed, phases
        self._stack = AsyncExitStack()
        self._home = Path()

    async def start(self) -> None:
        """Start devices, relay, broker, aggregator's link and node; NodeError when the node does not come up."""
        stack = self._stack
        self._home = Path(stack.enter_context(TemporaryDirectory(prefix="islet-case-"))) / KEY[1]
        port = (await self._served.start())[0]
        stack.push_async_callback(self._served.stop)
        self._relay = ModbusRelay(port)
        port = await self._relay.start()
        stack.push_async_callback(self._relay.stop)
        mqtt_port = await self._go_online(stack)
        self._home.mkdir()
        for name, data in usual_files({**self._settings, "mqtt_port": mqtt_port}, port).items():
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
        self.acknowledged = tail.acknowledged
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

    def saved(self, name: str) -> bytes:
        """As Bench."""
        return (self._home / name).read_bytes()
