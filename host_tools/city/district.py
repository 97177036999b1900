"""A district in lockstep: plant, network, devices, broker, aggregator and one firmware process a building."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import aiomqtt
import numpy as np

from hal import sim
from host_tools.aggregator.commands import CommandDesk
from host_tools.aggregator.coordinator import Coordinator
from host_tools.aggregator.envelope import Envelopes
from host_tools.aggregator.fleet import Fleet
from host_tools.aggregator.link import AggregatorLink
from host_tools.aggregator.store import Store
from host_tools.broker import Broker
from host_tools.city.commission import DEFAULT_EXPORT_W, DEFAULT_IMPORT_W, commission, node_keys
from host_tools.city.groups import split_groups
from host_tools.city.homes import Homes, parse_day
from host_tools.city.network import V_NOMINAL_V, Network, NetworkState
from host_tools.city.options import ROOT, Options
from host_tools.city.scenario import Scenario
from host_tools.city.subhourly import minute_powers
from host_tools.errors import InputError, RunError
from host_tools.hil.frames import Tail, head
from host_tools.hil.unixport import UnixPortRig
from host_tools.plant.building import Plant
from host_tools.plant.params import PlantParams
from host_tools.plant.registers import DeviceServer
from host_tools.plant.types import Commands, Truth
from host_tools.plant.waveform import N_SETS, WaveformSynth

F0_HZ = 50.0
CACHE = ROOT / "build" / "cache"
TICK_START = (1 << 30) - 5000  # the nodes' clock wraps five seconds into the run
TICK_MASK = (1 << 30) - 1
PHASE_RAD = np.array([0.0, -2.0 * np.pi / 3.0, 2.0 * np.pi / 3.0])  # of phase A, B, C
CLOSED, CLOCK = True, True
SETTLE_TRIES = 40
BROKER_TIMEOUT_S = 5.0
DRAIN_S = 10.0  # real time for the broker to hand on what it has acknowledged


@dataclass(frozen=True)
class Step:
    """All that is true and known after one lockstep interval (t0_ms, t1_ms], ms since local midnight."""

    t0_ms: int
    t1_ms: int
    truth: Truth
    network: NetworkState
    tails: Sequence[Tail]


class District:
    """Builds everything for Options, advances it interval by interval, and takes it down again."""

    def __init__(self, options: Options) -> None:
        """Load homes and feeder; raises InputError for data that is missing or wrong."""
        self.options = options
        self.homes = Homes(options.buildings, parse_day(options.date))
        self.network = Network(options.buildings, CACHE, options.transformer_kva)
        self.scenario = Scenario.from_options(options)
        self.params = PlantParams(self.homes.battery_wh, self.homes.battery_rated_w, self.homes.pv_rated_w)
        self.load_w, self.pv_w = minute_powers(self.homes, options.seed)
        self.demand_w = split_groups(self.load_w)
        self.plant = Plant(self.params, options.seed)
        self.synth = WaveformSynth(options.buildings, options.seed)
        self.commands = Commands.idle(self.params.pv_rated_w)
        self.keys = node_keys(self.network)
        self._stack = AsyncExitStack()
        self._grid_v = np.full(options.buildings, V_NOMINAL_V)
        self._broker_alive = True

    async def start(self) -> None:
        """Start devices, broker, aggregator and nodes; raises InputError, OSError or NodeError."""
        options = self.options
        self.devices = DeviceServer(options.buildings, self.params)
        ports = await self.devices.start()
        self._stack.push_async_callback(self.devices.stop)
        address = options.broker_address() or self._start_broker()
        places, secrets = commission(options.out / "nodes", self.homes, self.network, ports, address)
        self.store = Store(options.out / "islet.sqlite")
        self._stack.callback(self.store.close)
        self.fleet = Fleet(self.store)
        self.link = AggregatorLink(self.fleet, address[1], address[0])
        self._stack.push_async_callback(self.link.stop)
        await self._reach_broker()
        self.desk = CommandDesk(self.store, secrets)
        self.coordinator = Coordinator(self.fleet, self.link, self.desk, self._envelopes(), self.keys)
        self.rig = UnixPortRig(ROOT / "build" / "lib", seed=options.seed)
        self._stack.push_async_callback(self.rig.stop)
        await self.rig.start([(key[1], place) for key, place in zip(self.keys, places, strict=True)])

    def _envelopes(self) -> Envelopes:
        """Return the aggregator's own view of the feeder; it shares no state with the plant's."""
        options = self.options
        network = Network(options.buildings, CACHE, options.transformer_kva)
        rated = np.ones(options.buildings)
        return Envelopes(network, DEFAULT_IMPORT_W * rated, DEFAULT_EXPORT_W * rated)

    def _start_broker(self) -> tuple[str, int]:
        self.broker = self._stack.enter_context(Broker())
        return "127.0.0.1", self.broker.port

    async def _reach_broker(self) -> None:
        try:
            await self.link.start(BROKER_TIMEOUT_S)
        except TimeoutError as error:
            if self.options.broker is None:
                raise
            raise InputError(
                f"{error}; start one there, or leave out --broker for the embedded one."
            ) from None

    async def stop(self) -> None:
        """Take everything down, nodes first."""
        await self._stack.aclose()

    async def settle(self) -> None:
        """Wait until every command's answer is in the store, so that the counts do not depend on the machine."""
        for _ in range(SETTLE_TRIES):
            await self.link.drain({}, 0.0)
            if len(self.desk.unanswered()) == 0:
                return
            await asyncio.sleep(0.05)

    async def step(self, t0_ms: int, t1_ms: int) -> Step:
        """Pass one interval: plant, nodes (bus, step, writes, publishes), aggregator, commands; in this order."""
        await self._set_broker(t1_ms / 1000)
        truth = self._advance_plant(t0_ms, t1_ms)
        network = self.network.solve(
            truth.grid_w, truth.grid_var, energised=self.scenario.grid_up(t0_ms / 1000)
        )
        self._grid_v = network.voltage_v
        tails = await self._nodes(truth, t0_ms, t1_ms)
        self._take_over(tails)
        tails = await self._aggregate(tails, t1_ms)
        return Step(t0_ms, t1_ms, truth, network, tails)

    def _advance_plant(self, t0_ms: int, t1_ms: int) -> Truth:
        minute = min(t0_ms // 60_000, 1439)
        up = self.scenario.grid_up(t0_ms / 1000)
        volts = (
            np.where(self._grid_v > 0.0, self._grid_v, V_NOMINAL_V)
            if up
            else np.zeros(self.options.buildings)
        )
        angle = PHASE_RAD[self.network.phase_of]
        truth = self.plant.advance(
            t0_ms,
            t1_ms,
            self.demand_w[:, minute],
            self.pv_w[:, minute],
            volts * np.exp(1j * angle),
            F0_HZ,
            self.commands,
        )
        self.devices.advance((t1_ms - t0_ms) / 1000)
        self.devices.publish(truth)
        return truth

    def _frame(self, kind: int, closed: bool, t0_ms: int, t1_ms: int, n_sets: int, expect: int) -> bytes:
        now_ms = (TICK_START + t1_ms) & TICK_MASK
        epoch_s = self.homes.epoch_s + t1_ms // 1000
        return head(kind, closed, CLOCK, n_sets, now_ms, t1_ms - t0_ms, epoch_s, expect)

    async def _nodes(self, truth: Truth, t0_ms: int, t1_ms: int) -> list[Tail]:
        windows = self.synth.windows(truth)
        frames = {
            k: self._frame(sim.STEP, bool(truth.contactor_closed[k]), t0_ms, t1_ms, N_SETS, 0)
            + windows[k].tobytes()
            for k in range(self.options.buildings)
        }
        return list((await self.rig.exchange(frames)).values())

    def _take_over(self, tails: Sequence[Tail]) -> None:
        """Let the pins and the registers that the nodes have set act from now on."""
        self.commands.contactor_closed = np.array([tail.contactor_closed for tail in tails])
        self.commands.shed_level = np.array([tail.shed_level for tail in tails], dtype=np.int64)
        self.devices.commands(self.commands)

    async def _aggregate(self, tails: list[Tail], t1_ms: int) -> list[Tail]:
        if not self._broker_alive:
            return tails
        expected = {key: tail.acknowledged for key, tail in zip(self.keys, tails, strict=True)}
        late = await self.link.drain(expected, DRAIN_S)
        if late:
            names = ", ".join(key[1] for key in sorted(late)[:5])
            raise RunError(
                f"the broker took reports of {names} and did not hand them on within {DRAIN_S:.0f} s."
            )
        if t1_ms % 60_000:
            return tails
        try:
            sent = await self.coordinator.step(self.homes.epoch_s + t1_ms // 1000)
        except aiomqtt.MqttError as error:
            raise RunError(f"a command cannot be sent, for the broker is gone ({error}).") from error
        frames = {
            k: self._frame(
                sim.DELIVER,
                bool(self.commands.contactor_closed[k]),
                t1_ms,
                t1_ms,
                0,
                self.coordinator.sent[k],
            )
            for k in sorted(sent)
        }
        for k, tail in (await self.rig.exchange(frames)).items():
            tails[k] = tail
        return tails

    async def _set_broker(self, t_s: float) -> None:
        """Kill or restart the embedded broker as the scenario has it."""
        alive = not self.scenario.faulty("broker", t_s)
        if alive == self._broker_alive:
            return
        self._broker_alive = alive
        if alive:
            self.broker.restart()
            await self.link.reconnect()
        else:
            self.broker.kill()
