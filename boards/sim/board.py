"""The board without hardware: what a real board reads from pins and buses, a simulator on loopback tells."""

from hal import kernels_viper, sim
from hal.mqtt import MqttClient
from hal.net import TcpStream
from hal.store import Store
from islet.measure.meter import Ratings

VOLTS_PER_CODE = 0.2  # divider and VT: full scale 409 V peak
AMPS_PER_CODE = 0.05  # CT and burden: full scale 102 A peak
NOISE_CODES = 1.5
BUS_TIMEOUT_MS = 2000


def safe() -> None:
    """Nothing to make safe: the simulator's contactor stays as it is until the first frame is answered."""


class Hardware:
    """What app.py is handed: store, kernels, pins, streams, pacer."""

    def __init__(self) -> None:
        node = sim.environment("ISLET_NODE")
        self.store = Store(sim.environment("ISLET_HOME"))
        self.pacer = self.outputs = sim.Rig("127.0.0.1", int(sim.environment("ISLET_RIG_PORT")), node)
        self.lockstep = sim.environment("ISLET_PACE") == "lockstep"
        self.random = sim.Random(int(sim.environment("ISLET_SEED")))
        self.kernels = kernels_viper
        self.ratings = Ratings(VOLTS_PER_CODE, AMPS_PER_CODE, noise_codes=NOISE_CODES)

    def stream(self, host: str, port: int) -> TcpStream:
        """Return a transport to a device on the bus."""
        return TcpStream(host, port, sim.wall_ms, BUS_TIMEOUT_MS, blocking=self.lockstep)

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
