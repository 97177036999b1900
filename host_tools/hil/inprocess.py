"""Rig: the firmware's site on this Python, devices and broker in RAM; fast, and no process, port or file."""

from typing import Any

from hal import sim
from host_tools.hil.frames import Tail
from host_tools.hil.memory import MemoryBroker, MemoryLink, MemoryMqtt, RamStore, complete
from host_tools.hil.memory_modbus import MemoryBus, MemoryStream
from host_tools.plant.waveform import AMPS_PER_CODE, NOISE_CODES, VOLTS_PER_CODE
from host_tools.replay import kernels_numpy
from islet import app
from islet.measure.linearise import STEP, plain_table
from islet.measure.wiring import Wiring, single_phase, three_phase
from islet.site import Site
from islet.sync.link import HOST_TOPIC


def wiring(phases: int, v_nominal_v: float = 230.0, f0_hz: float = 50.0) -> Wiring:
    """Return what is connected to the simulated board's converter, as boards/sim/board.py has it."""
    make = three_phase if phases == 3 else single_phase
    return make(
        VOLTS_PER_CODE / STEP,
        AMPS_PER_CODE / STEP,
        NOISE_CODES * STEP,
        v_nominal_v=v_nominal_v,
        f0_hz=f0_hz,
        set_hz=sim.SET_HZ,
    )


class Hardware:
    """What a site is handed, as boards/sim/board.py, but all in RAM."""

    lockstep = True
    erases = False
    metering = None
    kernels = kernels_numpy

    def __init__(self, store: RamStore, bus: MemoryBus, broker: MemoryBroker, seed: int, phases: int) -> None:
        self._phases = phases
        self.store = store
        self._bus = bus
        self._broker = broker
        self.link = MemoryLink()
        wired = self.wiring()
        self.pacer = self.outputs = sim.Rig(
            self.link, kernels_numpy, plain_table(), wired.history(), wired.stride
        )
        self.random = sim.Random(seed)

    def wiring(self, v_nominal_v: float = 230.0, f0_hz: float = 50.0) -> Wiring:
        """Return what is connected to the converter's inputs."""
        return wiring(self._phases, v_nominal_v, f0_hz)

    def attach(self, guard: Any) -> None:
        """Let the fast path see every new set."""
        self.pacer.attach(guard)

    def stream(self, _host: str, _port: int) -> MemoryStream:
        """Return a transport to the devices, whatever their address."""
        return MemoryStream(self._bus)

    def mqtt(self, _host: str, _port: int, _client_id: str) -> MemoryMqtt:
        """Return a client of the broker in RAM, where the aggregator is present."""
        return MemoryMqtt(self._broker, (HOST_TOPIC, b"online"))

    def ticks_ms(self) -> int:
        """Return ticks; no time passes within a frame."""
        return self.pacer.now_ms

    async def sleep_ms(self, _span_ms: int) -> None:
        """Return at once, as if that much had passed."""


class InProcess:
    """One node: `exchange` hands it a frame and returns its answer."""

    def __init__(self, files: dict[str, bytes], bus: MemoryBus, seed: int = 1, phases: int = 1) -> None:
        """`files` is its flash: settings.json, devices.json, key."""
        self.store = RamStore(files)
        self.bus = bus
        self.broker = MemoryBroker()
        self._seed, self._phases = seed, phases
        self.boot()

    def boot(self) -> None:
        """Start the firmware on its flash; ValueError when it does not take that."""
        self.hw = Hardware(self.store, self.bus, self.broker, self._seed, self._phases)
        self.site = Site(self.hw)

    def exchange(self, frame: bytes) -> Tail:
        """Hand over a frame and return the answer."""
        pacer = self.hw.pacer
        self.hw.link.put(frame)
        if pacer.take() != sim.FAST:
            complete(app.work(self.site, pacer))
        return Tail.decode(self.hw.link.answer)
