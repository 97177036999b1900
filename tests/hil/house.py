"""One building on a bench: a real node, its devices, plant and waveforms, a broker and the aggregator's link."""

import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, Self

import numpy as np
from sqlalchemy import select

from hal import sim
from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import AckRow, EventRow, ReportRow, Store
from host_tools.broker import Broker
from host_tools.hil import usual
from host_tools.hil.frames import Tail, head
from host_tools.hil.unixport import ROOT, UnixPortRig
from host_tools.plant.building import Plant
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer
from host_tools.plant.types import Commands
from host_tools.plant.waveform import N_SETS, WaveformSynth
from host_tools.provision import devices

KEY = ("f1", "b01")
SECRET = bytes(range(32))
T0_S = 1_700_000_000
TICK0_MS = (1 << 30) - 2000  # the node's clock wraps two seconds into the run
FAST_MS, FAST_SETS = 10, 36
LIBRARY = ROOT / "build" / "lib"


class House:
    """`step(dt_ms)` lets time pass and hands the node its frame; what it says is in `store`."""

    def __init__(
        self, folder: Path, pace: str, more: dict[str, list[Any]] | None = None, **settings: object
    ) -> None:
        """The node's home is folder/b01; pace as UnixPortRig has it; more lines and devices than the usual two."""
        self._more = more or {}
        self.usual_control = True  # whether the inverters may be told something
        self.files: dict[str, bytes] = {}  # more files of its store
        self.home = folder / KEY[1]
        self.pace = pace
        self.params = PlantParams.uniform(1)
        self.plant = Plant(self.params, seed=1)
        self.synth = WaveformSynth(1, seed=1, ideal=True)
        self._fast_synth = WaveformSynth(1, seed=1, n_sets=FAST_SETS, ideal=True)
        self.devices = DeviceServer(1, self.params)
        self.commands = Commands.idle(self.params.pv_rated_w)
        self.store = Store()
        self.fleet = Fleet(self.store)
        self.desk = CommandDesk(self.store, {KEY: SECRET})
        self.demand_w = np.array([[600.0, 300.0, 100.0]])
        self.grid_v = np.array([230.0])
        self.t_ms = 0
        self.clock_valid = True
        self._settings = settings
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        ports = await self.devices.start()
        self._stack.push_async_callback(self.devices.stop)
        self._stack.callback(self.store.close)
        self.broker = self._stack.enter_context(Broker())
        self.link = AggregatorLink(self.fleet, self.broker.port)
        await self.link.start()
        self._stack.push_async_callback(self.link.stop)
        self._make_home(ports[0])
        await self.start_node()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rig.stop()
        await self._stack.aclose()

    def _make_home(self, bus_port: int) -> None:
        self.home.mkdir(parents=True)
        settings = usual.settings(mqtt_port=self.broker.port, **self._settings)
        (self.home / "settings.json").write_text(json.dumps(settings))
        found = devices.usual("127.0.0.1", bus_port, 4000, 5000, 6400)
        found["devices"] = [{**row, "control": self.usual_control} for row in found["devices"]]
        devices.store(self.home, {key: rows + self._more.get(key, []) for key, rows in found.items()})
        for name, data in self.files.items():
            (self.home / name).write_bytes(data)
        (self.home / "key").write_bytes(SECRET)

    async def start_node(self) -> None:
        """Start the firmware on its home folder."""
        self.rig = UnixPortRig(LIBRARY, pace=self.pace)
        await self.rig.start([(KEY[1], self.home)])

    async def power_cut(self) -> None:
        """End the firmware in the middle of whatever it does."""
        process = self.rig.nodes[0].process
        assert process is not None
        process.kill()
        await process.wait()
        await self.rig.stop()

    @property
    def now_s(self) -> int:
        """UTC of the bench."""
        return T0_S + self.t_ms // 1000

    def _frame(self, kind: int, dt_ms: int, n_sets: int, expect: int = 0) -> bytes:
        now_ms = (TICK0_MS + self.t_ms) & ((1 << 30) - 1)
        closed = bool(self.truth.contactor_closed[0])
        return head(kind, closed, self.clock_valid, n_sets, now_ms, dt_ms, self.now_s, expect)

    async def step(self, dt_ms: int) -> Tail:
        """Pass dt_ms: plant, devices, node; its pins and registers act from the next step on."""
        t0_ms, self.t_ms = self.t_ms, self.t_ms + dt_ms
        truth = self.truth = self.plant.advance(
            t0_ms, self.t_ms, self.demand_w, np.zeros(1), self.grid_v, 50.0, self.commands
        )
        self.devices.advance(dt_ms / 1000)
        self.devices.publish(truth)
        window = self.synth.windows(truth)[0].tobytes()
        tail = (await self.rig.exchange({0: self._frame(sim.STEP, dt_ms, N_SETS) + window}))[0]
        self.commands.contactor_closed[:] = tail.contactor_closed
        self.commands.shed_level[:] = tail.shed_level
        self.devices.commands(self.commands)
        return tail

    async def fast(self) -> Tail:
        """Pass FAST_MS, of which the fast path is shown the samples; its pin acts from then on."""
        t0_ms, self.t_ms = self.t_ms, self.t_ms + FAST_MS
        truth = self.truth = self.plant.advance(
            t0_ms, self.t_ms, self.demand_w, np.zeros(1), self.grid_v, 50.0, self.commands
        )
        sets = self._fast_synth.windows(truth)[0].tobytes()
        tail = (await self.rig.exchange({0: self._frame(sim.FAST, FAST_MS, FAST_SETS) + sets}))[0]
        self.commands.contactor_closed[:] = tail.contactor_closed
        return tail

    async def end_of_window(self) -> Tail:
        """Let the node work off the cycle that ten fast frames have filled."""
        return (await self.rig.exchange({0: self._frame(sim.STEP, 10 * FAST_MS, 0)}))[0]

    def plant_state(self) -> int:
        """Return the battery inverter's state at the end of the last step."""
        return int(self.truth.battery_state[0])

    async def send(self, token: str, expect: int) -> None:
        """Send the node a command and wait for its answer; expect counts all since it started (lockstep only)."""
        await self.link.send(KEY, token)
        await self.rig.exchange({0: self._frame(sim.DELIVER, 0, 0, expect)})

    def issue(self, import_w: float) -> str:
        """Return a signed envelope, valid for a day."""
        value = {"import_w": import_w, "export_w": 5000.0}
        return self.desk.issue(KEY, "envelope", value, self.now_s, 86_400, "test")[1]

    async def heard(self, tail: Tail | None = None) -> None:
        """Bring what the node has sent into the store, all of it when its last tail is given."""
        late = await self.link.drain({KEY: tail.acknowledged} if tail else {}, 5.0)
        assert not late

    def reports(self) -> Sequence[Any]:
        """Return every report so far, in order."""
        return self.store.all(select(ReportRow).order_by(ReportRow.id))

    def ways(self) -> list[str]:
        """Return the states that the node told it went to."""
        return [row.to for row in self.store.all(select(EventRow).order_by(EventRow.id))]

    def answers(self) -> list[str]:
        """Return the answers to commands so far, in order."""
        return [row.answer for row in self.store.all(select(AckRow).order_by(AckRow.id))]
