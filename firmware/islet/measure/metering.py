"""All that is made of the samples: quantities, energy, self-checks and disturbances of the supply."""

from array import array

from islet.measure.checks import Checks
from islet.measure.energy import Energies
from islet.measure.events import Events
from islet.measure.meter import Meter
from islet.measure.wiring import GRID_I, GRID_V, Wiring

CHECK_EVERY = 4  # windows: faults of wiring have time, and a chip at 125 MHz has better to do
GRID_POINT = "grid"  # the energy of all currents at the point of interconnection


class Metering:
    """A meter with its counters and its doubts; `supply` is None where no voltage is on the grid's side."""

    def __init__(self, kernels, wiring: Wiring, table: array | None = None) -> None:
        """kernels is islet.measure.kernels or its native twin; table as Meter has it."""
        self.meter = Meter(kernels, wiring, table=table)
        self.circuits = [c for c in self.meter.currents if c.channel.kind != GRID_I]
        self.energy = Energies([GRID_POINT] + [c.channel.name for c in self.circuits])
        self.checks = Checks(self.meter)
        self._windows = 0
        self._lost_sets = 0
        phases = len([c for c in wiring.channels if c.kind == GRID_V])
        self.supply = Events(phases, wiring.v_nominal_v) if phases else None

    def step(
        self,
        window: array,
        kept: int,
        n_sets: int,
        lost_sets: int,
        image,
        now_ms: int,
        dt_ms: int,
        sources_w,
    ) -> None:
        """Measure a window as Meter.measure has it, dt_ms after the last; lost_sets are missing before it.

        sources_w is what sources without a current input here generate, None where that is not known.
        """
        meter = self.meter
        meter.measure(window, kept, n_sets, image, now_ms)
        due_ms = self.energy.due_ms(dt_ms, meter.tail_ms)
        self.energy.step(0, meter.grid_w, meter.grid_var, due_ms)
        point = 1
        for current in self.circuits:
            self.energy.step(point, current.active_w, current.reactive_var, due_ms)
            point += 1
        self._lost_sets += lost_sets
        self._windows += 1
        if self._windows >= CHECK_EVERY:
            closed = image.contactor_closed
            self.checks.step(window, kept, n_sets, now_ms, closed, self._lost_sets, sources_w)
            self._windows = self._lost_sets = 0
        if self.supply is not None:
            self.supply.step(meter, now_ms, image.epoch_s)

    def told(self) -> dict:
        """Return what a report tells: import_wh, export_wh, checks and circuits."""
        points = self.energy.points
        circuits = {}
        for k in range(len(self.circuits)):
            point = points[k + 1]
            circuits[point.name] = [round(self.circuits[k].active_w), point.import_wh, point.export_wh]
        checks = [(code + " " + name).strip() for code, name in self.checks.found()]
        grid = points[0]
        return {
            "import_wh": grid.import_wh,
            "export_wh": grid.export_wh,
            "checks": checks,
            "circuits": circuits,
        }
