"""A meter that is an energy chip, an ATM90E32: no samples, but what the chip has measured, three times a second."""

import asyncio
import errno
from array import array

from islet.base.clock import elapsed_ms

CYCLE_MS = 100
READ_S = 0.3  # the chip means over 16 cycles
SILENT_MS = 3000  # then a report says so


class Ticks:
    """A sampler without samples: a cycle every CYCLE_MS by the clock."""

    def __init__(self, ticks_ms) -> None:
        self.window = array("H")
        self.kept = self.n_sets = self.lost = 0
        self._ticks_ms = ticks_ms
        self.end_ms = ticks_ms()

    async def ready(self) -> bool:
        """Leave the event loop to others until the next cycle."""
        left_ms = CYCLE_MS - elapsed_ms(self._ticks_ms(), self.end_ms)
        await asyncio.sleep(max(0, left_ms) / 1000)
        return True

    def take(self, now_ms: int) -> bool:
        """Begin a cycle when it is time."""
        if elapsed_ms(now_ms, self.end_ms) < CYCLE_MS:
            return False
        self.end_ms = now_ms
        return True

    def close(self) -> None:
        """Nothing runs."""


class EnergyMeter:
    """Stands where islet.measure.metering.Metering does: step told energy supply.

    Energy is counted by the chip, also while it cannot be reached for up to 48 s.
    """

    supply = None

    def __init__(self, driver, energies, grid: tuple, loads: tuple, ticks_ms, log) -> None:
        """driver: an Atm90e32; energies: an Energies with a point for the grid, then one for each load.

        grid, loads: which of the chip's phases 0, 1, 2 carry the currents at the connection and of load feeders; the
        first of `grid` is the building's first phase, and so on. Voltages are those of `grid`. log(text)
        tells of failures.
        """
        self._driver, self.energy = driver, energies
        self._ticks_ms, self._log = ticks_ms, log
        self._grid, self._loads = grid, loads
        self._told_ms = self._heard_ms = ticks_ms()
        self._fresh = False
        self._counted = [self._totals((k,)) for k in loads]
        self._grid_counted = self._totals(grid)
        self.errors = 0
        self.v_nominal_v = 230.0

    async def keep(self) -> None:
        """Read the chip for ever; what fails is tried again, and its values age meanwhile."""
        while True:
            self.read(self._ticks_ms())
            await asyncio.sleep(READ_S)

    def read(self, now_ms: int) -> None:
        """Read the chip once, 30 ms at worst."""
        try:
            self._driver.read(now_ms)
            self._fresh = True
            self._heard_ms = now_ms
        except OSError as error:
            if error.errno != errno.EAGAIN:
                self.errors += 1
                if self.errors & 63 == 1:
                    self._log("energy chip: %r" % error)

    def step(self, _window, _kept, _n_sets, _lost_sets, image, now_ms: int, _dt_ms, _sources_w) -> None:
        """Fill the image with what was read since; without that its quantities grow old."""
        if not self._fresh:
            self._told_ms = now_ms
            return
        self._fresh = False
        stamp_ms = self._driver.stamp_ms
        phases = self._driver.phases
        self._fill_voltages(image, phases, stamp_ms)
        grid_w = grid_var = load_w = 0.0
        for place in range(len(self._grid)):
            phase = phases[self._grid[place]]
            grid_w += phase.active_w
            grid_var += phase.reactive_var
            image.phase_grid_w[place].set(phase.active_w, stamp_ms)
            image.phase_grid_a[place].set(phase.rms_a, stamp_ms)
        for number in self._loads:
            load_w += phases[number].active_w
        image.grid_w.set(round(grid_w), stamp_ms)
        image.grid_var.set(round(grid_var), stamp_ms)
        if self._loads:
            image.metered_load_w.set(round(load_w), stamp_ms)
        self._count()
        self._told_ms = now_ms

    def _fill_voltages(self, image, phases, stamp_ms: int) -> None:
        """Tell the voltage furthest from nominal; the bus is the grid while the contactor is closed, else unknown."""
        worst = phases[self._grid[0]].rms_v
        for k in self._grid:
            if abs(phases[k].rms_v - self.v_nominal_v) > abs(worst - self.v_nominal_v):
                worst = phases[k].rms_v
        image.grid_v.set(worst, stamp_ms)
        hz = self._driver.hz
        if hz:
            image.grid_hz.set(hz, stamp_ms)
        if image.contactor_closed:
            image.bus_v.set(worst, stamp_ms)
            if hz:
                image.bus_hz.set(hz, stamp_ms)

    def _totals(self, numbers: tuple) -> list:
        """Return what phases have counted: import, export, lagging, leading, each (Wh, J, mJ) summed."""
        sums = []
        for register in range(4):
            words = [0, 0, 0]
            for k in numbers:
                energy = self._driver.phases[k].energies()[register]
                words = [words[0] + energy.wh, words[1] + energy.j, words[2] + energy.mj]
            sums.append(words)
        return sums

    def _count(self) -> None:
        totals = self._totals(self._grid)
        self._add(0, self._grid_counted, totals)
        self._grid_counted = totals
        for place in range(len(self._loads)):
            totals = self._totals((self._loads[place],))
            self._add(place + 1, self._counted[place], totals)
            self._counted[place] = totals

    def _add(self, point: int, before: list, after: list) -> None:
        """Count joules: as watts over one second."""
        taken, given, lagging, leading = [_joules(before[k], after[k]) for k in range(4)]
        var_s = lagging - leading
        self.energy.step(point, taken, var_s if taken >= given else 0.0, 1000)
        if given:
            self.energy.step(point, -given, var_s if given > taken else 0.0, 1000)

    def told(self) -> dict:
        """Return what a report tells, as Metering has it; a check says when the chip is silent."""
        points = self.energy.points
        circuits = {}
        for place in range(len(self._loads)):
            point = points[place + 1]
            power_w = self._driver.phases[self._loads[place]].active_w
            known = power_w == power_w  # not nan: it was read
            circuits[point.name] = [round(power_w) if known else 0, point.import_wh, point.export_wh]
        silent = elapsed_ms(self._told_ms, self._heard_ms) > SILENT_MS
        return {
            "import_wh": points[0].import_wh,
            "export_wh": points[0].export_wh,
            "checks": ["meter_silent"] if silent else [],
            "circuits": circuits,
        }


def _joules(before: list, after: list) -> float:
    j = (after[0] - before[0]) * 3600 + after[1] - before[1]
    return j + (after[2] - before[2]) / 1000
