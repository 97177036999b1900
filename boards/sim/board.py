"""The board without hardware: what a real board reads from pins and buses, a simulator on loopback tells."""

from hal import kernels_viper, sim
from hal.mqtt import MqttClient
from hal.net import TcpStream
from hal.sim_link import SocketLink
from hal.store import Store
from islet.base.vitals import Vitals
from islet.measure.linearise import plain_table
from islet.measure.wiring import Wiring, single_phase, three_phase

CODE = 16  # window codes in one of the 12 bits of the converter
VOLTS_PER_CODE = 0.2 / CODE  # divider and VT: full scale 409 V peak
AMPS_PER_CODE = 0.05 / CODE  # CT and burden: full scale 102 A peak
NOISE_CODES = 1.5 * CODE
BUS_TIMEOUT_MS = 2000


def safe() -> None:
    """Nothing to make safe: the simulator's contactor stays as it is until the first frame is answered."""


class Hardware:
    """What app.py is handed: store, kernels, pins, streams, pacer."""

    erases = False
    metering = None

    def __init__(self) -> None:
        node = sim.environment("ISLET_NODE")
        self.store = Store(sim.environment("ISLET_HOME"))
        port = int(sim.environment("ISLET_RIG_PORT"))
        link = SocketLink("127.0.0.1", port, node)
        wiring = self.wiring()
        self.pacer = self.outputs = sim.Rig(
            link, kernels_viper, plain_table(), wiring.history(), wiring.stride
        )
        self.lockstep = sim.environment("ISLET_PACE") == "lockstep"
        self.random = sim.Random(int(sim.environment("ISLET_SEED")))
        self.kernels = kernels_viper
        self.vitals = Vitals()

    def wiring(self, v_nominal_v: float = 230.0, f0_hz: float = 50.0) -> Wiring:
        """Return what is connected to the converter's inputs."""
        make = three_phase if sim.environment("ISLET_PHASES") == "3" else single_phase
        return make(
            VOLTS_PER_CODE,
            AMPS_PER_CODE,
            NOISE_CODES,
            v_nominal_v=v_nominal_v,
            f0_hz=f0_hz,
            set_hz=sim.SET_HZ,
        )

    def attach(self, guard) -> None:
        """Let the fast path see every new set."""
        self.pacer.attach(guard)

    def stream(self, host: str, port: int) -> TcpStream:
        """Return a transport to a device on the bus."""
        return TcpStream(host, port, sim.wall_ms, BUS_TIMEOUT_MS, blocking=self.lockstep)

    def serial(self, device: str, baud: int, parity: str, stop_bits: int):
        """Return a serial line by the path of its tty, which must be raw and set already."""
        from hal.serial import SerialPort

        char_bits = 1 + 8 + (parity != "N") + stop_bits
        return SerialPort(device, sim.wall_us, baud, char_bits, blocking=self.lockstep)

    def jobs(self) -> list:
        """Return what the board does beside the node's own tasks: nothing."""
        return []

    def release(self) -> None:
        """Leave the board to who sits at its console: the process ends."""

    def ticks_ms(self) -> int:
        """Return ticks that go on within a cycle, for measuring what takes time on a line."""
        return sim.wall_ms()

    def ticks_us(self) -> int:
        """Return ticks in microseconds that go on within a cycle."""
        return sim.wall_us()

    async def sleep_ms(self, span_ms: int) -> None:
        """Let other tasks run for that long."""
        await sim.sleep_ms(span_ms)

    def mqtt(self, host: str, port: int, client_id: str) -> MqttClient:
        """Return a client of the broker."""
        return MqttClient(host, port, client_id)

    def feed_watchdog(self) -> None:
        """Tell the simulator that every task met its deadline."""
        self.pacer.fed += 1

    def fail(self, error: Exception) -> None:
        """End the process as a board would reset, with the error on its console."""
        raise error


def open_hardware() -> Hardware:
    """Return the hardware; OSError when the simulator is not there."""
    return Hardware()
