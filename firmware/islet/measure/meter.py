"""The meter of a building: a window of samples in, quantities of the process image out."""

from array import array

from islet.measure.frequency import quadrature_table, wrap_rad
from islet.measure.kernels import CHANNELS
from islet.measure.power import Power, Sums, Voltage
from islet.names import NOT_IMPLEMENTED, OK

GRID_V, BUS_V, GRID_I, LOAD_I = range(CHANNELS)
DEAD_PU = 0.05  # below this share of nominal a voltage has no frequency worth the name
_ARM_PU = 0.02  # hysteresis of the zero crossings, as share of the nominal crest


class Ratings:
    """What the board and its calibration say about the four channels (grid V, bus V, grid CT, load CT)."""

    def __init__(
        self,
        volts_per_code: float,
        amps_per_code: float,
        v_nominal_v: float = 230.0,
        f0_hz: float = 50.0,
        set_hz: float = 3600.0,
        gains: tuple = (1.0, 1.0, 1.0, 1.0),
        lead_rad: tuple = (0.0, 0.0, 0.0, 0.0),
        noise_codes: float = 0.0,
    ) -> None:
        """Gains multiply readings, lead_rad is how far a transducer's output leads, noise_codes is an rms."""
        self.scale = (
            volts_per_code * gains[GRID_V],
            volts_per_code * gains[BUS_V],
            amps_per_code * gains[GRID_I],
            amps_per_code * gains[LOAD_I],
        )
        self.dead_v = DEAD_PU * v_nominal_v
        self.f0_hz = f0_hz
        self.set_hz = set_hz
        self.lead_rad = lead_rad
        self.noise_codes = noise_codes
        self.arm = max(1, round(_ARM_PU * 1.414 * v_nominal_v / volts_per_code))


class Meter:
    """Measures a window; grid power is against the bus voltage, the same while the contactor is closed."""

    def __init__(self, kernels, ratings: Ratings, max_sets: int = 360) -> None:
        """kernels is islet.measure.kernels or its native twin; max_sets is the longest window."""
        table = quadrature_table()
        self.max_sets = max_sets
        self.grid = Voltage(kernels, ratings, GRID_V, table, max_sets)
        self.bus = Voltage(kernels, ratings, BUS_V, table, max_sets)
        self.grid_sums = Sums(kernels, GRID_V, GRID_I, max_sets)
        self.grid_power = Power(kernels, ratings, BUS_V, GRID_I, table, max_sets)
        self.load_power = Power(kernels, ratings, BUS_V, LOAD_I, table, max_sets)

    def measure(self, window: array, n_sets: int, image, now_ms: int) -> None:
        """Measure n_sets sets ending at now_ms and fill the image; raises ValueError when they do not fit."""
        if not 2 <= n_sets <= self.max_sets or len(window) < CHANNELS * n_sets:
            raise ValueError("window of samples")
        self.find(window, n_sets)
        self.grid.cycles.settle(window, n_sets)
        self.bus.cycles.settle(window, n_sets)
        self.accumulate(window)
        self.settle(n_sets)
        self._fill(image, now_ms)

    def find(self, window: array, n_sets: int) -> None:
        """Find the cycles; allocates nothing."""
        self.grid.cycles.find(window, n_sets)
        self.bus.cycles.find(window, n_sets)

    def accumulate(self, window: array) -> None:
        """Sum all products over the cycles; allocates nothing."""
        grid = self.grid.cycles
        bus = self.bus.cycles
        self.grid.phasor.accumulate(window, grid)
        self.bus.phasor.accumulate(window, bus)
        self.grid_sums.accumulate(window, grid)
        self.grid_power.accumulate(window, bus)
        self.load_power.accumulate(window, bus)

    def settle(self, n_sets: int) -> None:
        """Turn sums into SI units; floats."""
        self.grid.settle(self.grid_sums, n_sets)
        self.bus.settle(self.grid_power.sums, n_sets)
        self.grid_power.settle(self.bus)
        self.load_power.settle(self.bus)

    def _fill(self, image, now_ms: int) -> None:
        grid = self.grid
        bus = self.bus
        image.grid_v.set(grid.rms_v, now_ms)
        image.bus_v.set(bus.rms_v, now_ms)
        _fill_known(image.grid_hz, grid.cycles.hz, now_ms, grid.alive())
        _fill_known(image.bus_hz, bus.cycles.hz, now_ms, bus.alive())
        slip_rad = wrap_rad(grid.phase_rad - bus.phase_rad)
        _fill_known(image.slip_rad, slip_rad, now_ms, grid.alive() and bus.alive())
        image.grid_w.set(round(self.grid_power.active_w), now_ms)
        image.grid_var.set(round(self.grid_power.reactive_var), now_ms)
        image.metered_load_w.set(round(self.load_power.active_w), now_ms)


def _fill_known(quantity, value: float, now_ms: int, known: bool) -> None:
    """Set a value, or say that there is none now and keep the last."""
    if known:
        quantity.set(value, now_ms, OK)
    else:
        quantity.set(quantity.value, now_ms, NOT_IMPLEMENTED)
