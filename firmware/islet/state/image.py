"""The process image: all the node believes, filled by meters and bus tasks, read by controllers."""

from islet.names import OVERRIDE_NONE, R_NONE
from islet.state.quantity import Quantity

METER_MAX_AGE_MS = 1000
BUS_MAX_AGE_MS = 10_000


class Image:
    """Quantities with SI units and the signs of the house (`_w` of a DER: generates; `grid_w`: imports)."""

    def __init__(self, step_max_ms: int = 0) -> None:
        """step_max_ms is the longest pause between two steps of this world; ages are judged beyond it."""
        meter = METER_MAX_AGE_MS + step_max_ms
        bus = BUS_MAX_AGE_MS + step_max_ms
        # from the sampled waveforms
        self.grid_v = Quantity(meter)  # rms on the grid side of the contactor
        self.grid_hz = Quantity(meter)
        self.bus_v = Quantity(meter)  # rms on the building side
        self.bus_hz = Quantity(meter)
        self.slip_rad = Quantity(meter)  # phase of grid_v minus phase of bus_v, -pi..pi
        self.grid_w = Quantity(meter)
        self.grid_var = Quantity(
            meter
        )  # the grid injects into the building: an inductive load makes it positive
        self.metered_load_w = Quantity(meter)  # CT on the load feeder
        # from devices
        self.pv_w = Quantity(bus)
        self.pv_available_w = Quantity(bus)
        self.battery_w = Quantity(bus)
        self.battery_hz = Quantity(bus)
        self.soc_pu = Quantity(bus)
        self.ev_w = Quantity(bus)  # chargers; a car that charges makes it negative
        self.chp_w = Quantity(bus)  # gensets too
        self.feeder_w = Quantity(bus)  # what of those two is behind the load CT
        self.apart_w = Quantity(bus)  # and what is not
        # derived
        self.load_w = Quantity(meter)  # grid_w + pv_w + battery_w + ev_w + chp_w
        self.residual_w = Quantity(meter)  # load_w - metered_load_w - feeder_w: what does not fit
        self._phases(meter)
        self._pins()

    def _phases(self, meter: int) -> None:
        # by phase, of the first three: what the meter's current inputs tell, where it has one for that phase
        self.phase_grid_a = [Quantity(meter), Quantity(meter), Quantity(meter)]  # rms at the connection
        self.phase_grid_w = [Quantity(meter), Quantity(meter), Quantity(meter)]  # imports
        self.phase_load_w = [Quantity(meter), Quantity(meter), Quantity(meter)]  # of the load feeder

    def _pins(self) -> None:
        # from the fast path in the sampling layer
        self.guard_suspect = False  # something is wrong with the grid, since the last half cycles
        self.guard_open = False  # it has opened the contactor by itself
        self.guard_reason = R_NONE
        # inputs of the board
        self.contactor_closed = (
            True  # the feedback; of an automatic transfer switch where that owns the transfer
        )
        self.override = OVERRIDE_NONE  # the switch on the wall
        self.sync_relay_ok = False  # a hardware synchronism check permits closing; only where one is fitted
        self.bond_closed = False  # feedback of the contact between neutral and earth
        self.genset_live = False  # the genset's own voltage is there
        self.epoch_s = 0  # UTC, 0 when the clock is not valid
