"""An ESP32 whose meter is an energy chip on SPI.

It knows no cycle of its own: no fast path, no disturbances of the supply, no angle between two voltages. Whatever
transfers the building, it is not this board.
"""

from time import ticks_ms

from hal.chip import log
from hal.energy_meter import Ticks
from hal.esp32 import Board, Bus
from hal.pins import Pinout

CHIP_HZ = 1_000_000


class Hardware(Board):
    """A board that meters with an energy chip."""

    def __init__(
        self, pinout: Pinout, make_wiring, bus: Bus, make_meter, serial_lines: tuple, make_nic
    ) -> None:
        """make_meter(spi, cs, ticks_ms, log) returns an energy_meter.EnergyMeter."""
        super().__init__(pinout, make_wiring, serial_lines, make_nic)
        spi = bus.open(CHIP_HZ, polarity=1, phase=1)
        self.metering = self._meter = make_meter(spi, bus.chip_select(), ticks_ms, log)
        self._pace(Ticks(ticks_ms))

    def wiring(self, v_nominal_v: float = 230.0, f0_hz: float = 50.0):
        """Return what is connected to the chip."""
        self._meter.v_nominal_v = v_nominal_v
        return super().wiring(v_nominal_v, f0_hz)

    def attach(self, guard) -> None:
        """The fast path has nothing to look at here."""

    def jobs(self) -> list:
        """Return what the board does beside the node's own tasks."""
        return super().jobs() + [self._meter.keep()]
