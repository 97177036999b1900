"""Grid voltages of a few phases, set by set, into a real meter and its events; 50 Hz, 72 sets a cycle."""

from array import array
from math import cos, pi

from islet.measure import kernels
from islet.measure.events import Events
from islet.measure.meter import Meter
from islet.measure.wiring import GRID_V, SINGLE, THREE, Channel, Wiring
from islet.state.image import Image

CYCLE = 72
VOLTS_PER_CODE = 0.0125
BEFORE_WRAP_MS = (1 << 30) - 1500


class Supply:
    """Phases of 230 V whose amplitudes `at(phase, set number)` gives in per unit; the ticks wrap after 1.5 s."""

    def __init__(self, n_phases: int, at, start_ms: int = BEFORE_WRAP_MS) -> None:
        channels = [Channel("v%d" % (k + 1), GRID_V, k + 1, VOLTS_PER_CODE, 230.0) for k in range(n_phases)]
        self.wiring = Wiring(channels, THREE if n_phases == 3 else SINGLE, simultaneous=True)
        self.meter = Meter(kernels, self.wiring, 360)
        self.events = Events(n_phases, 230.0)
        self.image = Image()
        self.n_phases = n_phases
        self.at = at
        self.sets = 0
        self.start_ms = start_ms
        self.kept = 0
        self.shape = [
            [
                325.27 / VOLTS_PER_CODE * cos(2.0 * pi * ((n + 0.5) / CYCLE - 0.25 - k / 3.0))
                for n in range(CYCLE)
            ]
            for k in range(3)
        ]
        self.window = array("H", bytes(2 * n_phases * self.meter.max_sets))

    def now_ms(self) -> int:
        """Return the tick at the end of what was delivered."""
        return (self.start_ms + self.sets * 1000 // 3600) % (1 << 30)

    def run(self, windows: int, n_sets: int = 360, epoch_s: int = 0) -> None:
        """Deliver windows of n_sets new sets, each with the history the meter asks for."""
        for _ in range(windows):
            keep = min(self.kept, self.wiring.history())
            self._shift(keep)
            self._add(keep, n_sets)
            total = keep + n_sets
            self.meter.measure(self.window, keep, total, self.image, self.now_ms())
            self.events.step(self.meter, self.now_ms(), epoch_s)
            self.kept = total

    def skip(self, n_sets: int) -> None:
        """Let time pass that nobody samples."""
        self.sets += n_sets
        self.kept = 0

    def _shift(self, keep: int) -> None:
        width = self.n_phases
        begin = (self.kept - keep) * width
        for k in range(keep * width):
            self.window[k] = self.window[begin + k]

    def _add(self, keep: int, n_sets: int) -> None:
        k = keep * self.n_phases
        for n in range(self.sets, self.sets + n_sets):
            for phase in range(self.n_phases):
                self.window[k] = 32768 + round(self.at(phase, n) * self.shape[phase][n % CYCLE])
                k += 1
        self.sets += n_sets
