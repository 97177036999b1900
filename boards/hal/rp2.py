"""The RP2040 and the RP2350 as the firmware's hardware: converter, lines and watchdog behind the pins."""

from machine import mem32
from uctypes import addressof

from hal import chip, kernels_thumb, rp2_ring
from hal.pacer import Pacer
from hal.pins import Pinout
from hal.rp2_adc import Sampler
from hal.rp2_guard import GuardTimer
from hal.rp2_registers import SCRATCH0, SCRATCH1, SCRATCH2, WATCHDOG_CTRL_CLEAR

WATCHDOG_ENABLE = 1 << 30  # datasheet 4.7.6
STATUS_THERE = 0x49534C54


class Hardware(chip.Hardware):
    """What app.py is handed."""

    kernels = kernels_thumb

    def __init__(
        self, pinout: Pinout, make_wiring, adc_inputs: tuple, serial_lines: tuple, make_nic, table=None
    ) -> None:
        """As chip.Hardware; table tells what the codes of adc_inputs are, None for a converter without errors.

        OSError when its parts are taken.
        """
        rp2_ring.halt()  # what a life before a soft reset has left running
        history = make_wiring(230.0, 50.0, 3600.0).history()
        sampler = Sampler(kernels_thumb, table, adc_inputs, keep_sets=history)  # first: the ring is large
        super().__init__(pinout, make_wiring, serial_lines, make_nic)
        self._sampler = sampler
        self.pacer = Pacer(sampler, pinout, self)
        self._guarding: GuardTimer | None = None
        mem32[SCRATCH1] = addressof(self.status)
        mem32[SCRATCH2] = addressof(self.vitals.words)
        mem32[SCRATCH0] = STATUS_THERE

    def wiring(self, v_nominal_v: float = 230.0, f0_hz: float = 50.0):
        """Return what is connected to the converter's inputs."""
        self._f0_hz = f0_hz
        return self._make_wiring(v_nominal_v, f0_hz, self._sampler.set_hz)

    def attach(self, guard) -> None:
        """Let the fast path see every new set, from an interrupt."""
        self.outputs.guard = guard
        self._guarding = GuardTimer(guard, self._sampler, self._f0_hz)
        self._guarding.start()

    def release(self) -> None:
        """Leave the board to who sits at its console: nothing samples, nothing bites."""
        mem32[WATCHDOG_CTRL_CLEAR] = WATCHDOG_ENABLE
        mem32[SCRATCH0] = 0
        if self._guarding is not None:
            self._guarding.stop()
        self._sampler.close()
