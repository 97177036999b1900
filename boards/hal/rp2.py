"""The RP2040 and the RP2350 as the firmware's hardware: converter, lines and watchdog behind the pins."""

import machine
from machine import mem32
from uctypes import addressof

from hal import chip, kernels_thumb, lines
from hal.pacer import Pacer
from hal.pins import Inputs, Outputs, Pinout
from hal.rp2_adc import Sampler
from hal.rp2_guard import GuardTimer
from hal.rp2_registers import SCRATCH0, SCRATCH1, SCRATCH2, WATCHDOG_CTRL_CLEAR
from hal.serial import SerialPort

WATCHDOG_MS = 8000  # of 8388 at most
WATCHDOG_ENABLE = 1 << 30  # datasheet 4.7.6
STATUS_THERE = 0x49534C54


class Hardware(chip.Hardware):
    """What app.py is handed."""

    kernels = kernels_thumb

    def __init__(
        self, pinout: Pinout, make_wiring, adc_inputs: tuple, serial_lines: dict, make_nic, table=None
    ) -> None:
        """make_wiring(v_nominal_v, f0_hz, set_hz) tells what is connected to adc_inputs, table what its codes are.

        serial_lines are lines.Line by name.
        """
        history = make_wiring(230.0, 50.0, 3600.0).history()
        self._sampler = Sampler(
            kernels_thumb, table, adc_inputs, keep_sets=history
        )  # first: the ring is large
        super().__init__(make_nic)
        self._make_wiring, self._lines = make_wiring, serial_lines
        self.outputs = Outputs(pinout)
        self.inputs = Inputs(pinout)
        self.pacer = Pacer(self._sampler, self.inputs, self.outputs, self)
        self._watchdog: machine.WDT | None = None
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

    def serial(self, device: str, baud: int, parity: str, stop_bits: int) -> SerialPort:
        """Return a serial line by its name; ValueError when the board has it not."""
        return lines.port(self._lines, device, baud, parity, stop_bits)

    def feed_watchdog(self) -> None:
        """Tell the watchdog, which runs from the first call on, that every task met its deadline."""
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
            chip.log("running")
        self._watchdog.feed()
        self.pacer.fed += 1

    def release(self) -> None:
        """Leave the board to who sits at its console: nothing samples, nothing bites."""
        mem32[WATCHDOG_CTRL_CLEAR] = WATCHDOG_ENABLE
        mem32[SCRATCH0] = 0
        if self._guarding is not None:
            self._guarding.stop()
        self._sampler.close()
