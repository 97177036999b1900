"""The meter of a building: a window of samples in, quantities of the process image out."""

from array import array

from islet.measure.phasor import quadrature_table, wrap_rad
from islet.measure.power import Current, Pair
from islet.measure.track import Track
from islet.measure.voltage import Voltage
from islet.measure.wiring import BUS_V, GRID_I, GRID_V, LOAD_I, Wiring
from islet.names import NOT_IMPLEMENTED, OK

WINDOW_SETS = 360  # 100 ms at 3600 sets a second
_FEWEST = 4  # new sets


class Meter:
    """Measures window after window; a current is against the bus voltage of its phase, if there is one.

    `grid_w` is the sum of the currents at the point of interconnection, `load_w` that of the load feeders,
    both of all harmonics; `grid_fundamental_w` and `grid_var` are of the fundamental.
    """

    def __init__(
        self, kernels, wiring: Wiring, max_sets: int = WINDOW_SETS, table: array | None = None
    ) -> None:
        """kernels is islet.measure.kernels or its native twin; max_sets is the longest window without history.

        table is phasor.quadrature_table(), if there is one already.
        """
        self.kernels = kernels
        self.wiring = wiring
        self.max_sets = max_sets + wiring.history()
        self._table = table or quadrature_table()
        self._margin = 1 + wiring.delay_sets(40.0)
        self.voltages = [Voltage(kernels, wiring, n, self._table, self.max_sets) for n in wiring.voltages]
        self.currents = [self._current(n) for n in wiring.currents]
        self._phases = [(p - 1, self._of_phase(GRID_I, p), self._of_phase(LOAD_I, p)) for p in (1, 2, 3)]
        self.grid = self._reference(GRID_V) or self._reference(BUS_V)
        self.bus = self._reference(BUS_V) or self.grid
        self._both = self._reference(GRID_V) is not None and self._reference(BUS_V) is not None
        self._loads = bool([c for c in self.currents if c.channel.kind == LOAD_I])
        self._track = Track(wiring.set_hz)
        self._moved = 0
        self._n_sets = 0
        self.tail_ms = 0  # of the window, left to the next
        self.grid_w = self.grid_fundamental_w = self.grid_var = self.load_w = 0.0

    @property
    def hz_1s(self) -> float:
        """The bus's frequency over the last second, 0 when there is none."""
        return self._track.hz_1s

    @property
    def rocof_hz_per_s(self) -> float:
        """The rate of change of the bus's frequency over the last half second."""
        return self._track.rocof_hz_per_s

    def _reference(self, kind: int):
        """Return the first voltage of a side of the contactor, or None."""
        for voltage in self.voltages:
            if voltage.channel.kind == kind:
                return voltage
        return None

    def _current(self, number: int) -> Current:
        phase = self.wiring.channels[number].phase
        first, second = (phase, 0) if phase < 10 else (phase // 10, phase % 10)
        pairs = [self._pair(number, first, 1.0)]
        if second:
            pairs.append(self._pair(number, second, -1.0))
        return Current(self.kernels, self.wiring, number, pairs, self._table)

    def _pair(self, number: int, phase: int, sign: float) -> Pair:
        """Return a current with the voltage of a phase: of the bus, of the grid, or that of phase 1 turned."""
        wiring = self.wiring
        for kind, on in ((BUS_V, phase), (GRID_V, phase), (BUS_V, 1), (GRID_V, 1)):
            found = wiring.find(kind, on)
            if found >= 0:
                break
        voltage = self.voltages[wiring.voltages.index(found)]
        return Pair(self.kernels, wiring, voltage, number, phase, sign)

    def measure(self, window: array, kept: int, n_sets: int, image, now_ms: int) -> None:
        """Measure n_sets sets ending at now_ms, the first `kept` of which the last window ended with; fill the image.

        kept is 0 where samples are missing in between. Raises ValueError when the sets do not fit.
        """
        room = min(self.max_sets, len(window) // self.wiring.stride)
        if kept < 0 or n_sets - kept < _FEWEST or n_sets > room:
            raise ValueError("window of %d sets, %d of them kept, room for %d" % (n_sets, kept, room))
        self._moved = self._n_sets - kept
        self._n_sets = n_sets
        self.find(window, kept)
        self.cut(window)
        self.accumulate(window)
        self.settle()
        self._fill(image, now_ms)

    def find(self, window: array, kept: int) -> None:
        """Find the crossings of all voltages."""
        for voltage in self.voltages:
            voltage.cycles.find(window, kept, self._n_sets, self._margin, self._moved)

    def cut(self, window: array) -> None:
        """Cut the window into cycles; floats."""
        for voltage in self.voltages:
            voltage.cycles.settle(window, self._n_sets)
            voltage.cut(self._n_sets)
        for current in self.currents:
            current.aim()

    def accumulate(self, window: array) -> None:
        """Sum all products over the cycles; allocates nothing."""
        for voltage in self.voltages:
            voltage.accumulate(window)
        for current in self.currents:
            current.accumulate(window)

    def settle(self) -> None:
        """Turn sums into SI units; floats."""
        for voltage in self.voltages:
            voltage.settle(self._n_sets, self._moved)
        self.grid_w = self.grid_fundamental_w = self.grid_var = self.load_w = 0.0
        for current in self.currents:
            current.settle()
            if current.channel.kind == GRID_I:
                self.grid_w += current.active_w
                self.grid_fundamental_w += current.fundamental_w
                self.grid_var += current.reactive_var
            elif current.channel.kind == LOAD_I:
                self.load_w += current.active_w
        cycles = self.bus.cycles
        self._track.step(cycles)
        self.tail_ms = int(1000.0 * cycles.tail / self.wiring.set_hz)

    def _fill(self, image, now_ms: int) -> None:
        grid, bus = self.grid, self.bus
        same = (
            self._both or image.contactor_closed
        )  # with one input the other side is known while they are one
        sees_grid = same or grid.channel.kind == GRID_V
        sees_bus = same or bus.channel.kind == BUS_V
        _fill_known(image.grid_v, self._worst_v(grid.channel.kind), now_ms, sees_grid)
        _fill_known(image.bus_v, self._worst_v(bus.channel.kind), now_ms, sees_bus)
        _fill_known(image.grid_hz, grid.hz, now_ms, sees_grid and grid.alive())
        _fill_known(image.bus_hz, bus.hz, now_ms, sees_bus and bus.alive())
        slip_rad = wrap_rad(grid.phase_rad - bus.phase_rad)
        _fill_known(image.slip_rad, slip_rad, now_ms, self._both and grid.alive() and bus.alive())
        image.grid_w.set(round(self.grid_w), now_ms)
        image.grid_var.set(round(self.grid_var), now_ms)
        _fill_known(image.metered_load_w, round(self.load_w), now_ms, self._loads)
        self._fill_phases(image, now_ms)

    def _fill_phases(self, image, now_ms: int) -> None:
        """Tell what flows in each phase; a current between two phases is in none of them."""
        for phase, grid, loads in self._phases:
            if grid:
                power_w = current_a = 0.0
                for current in grid:
                    power_w += current.active_w
                    current_a += current.rms_a
                image.phase_grid_w[phase].set(power_w, now_ms)
                image.phase_grid_a[phase].set(current_a, now_ms)
            if loads:
                power_w = 0.0
                for current in loads:
                    power_w += current.active_w
                image.phase_load_w[phase].set(power_w, now_ms)

    def _of_phase(self, kind: int, phase: int) -> list:
        return [c for c in self.currents if c.channel.kind == kind and c.channel.phase == phase]

    def _worst_v(self, kind: int) -> float:
        """Return the voltage furthest from nominal on a side of the contactor."""
        nominal = self.wiring.v_nominal_v
        worst = nominal
        for voltage in self.voltages:
            if voltage.channel.kind == kind and abs(voltage.rms_v - nominal) >= abs(worst - nominal):
                worst = voltage.rms_v
        return worst


def _fill_known(quantity, value: float, now_ms: int, known: bool) -> None:
    """Set a value, or say that there is none now and keep the last."""
    if known:
        quantity.set(value, now_ms, OK)
    else:
        quantity.set(quantity.value, now_ms, NOT_IMPLEMENTED)
