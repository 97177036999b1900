"""The ESP32 and the ESP32-S3 as the firmware's hardware: converter on SPI, lines and watchdog behind the pins."""

from time import ticks_ms, ticks_us

import machine
from machine import SPI, Pin

from hal import ads131m04_viper, chip, kernels_viper
from hal.esp32_adc import Sampler
from hal.pacer import Pacer
from hal.pins import NONE, Pinout

ASLEEP_MS = 86_400_000  # the watchdog cannot be stopped, but it can be given a day
CONVERTER_HZ = 8_000_000
SET_HZ = 1000.0  # of an ADS131M04 at 8.192 MHz and an oversampling of 4096


class Bus:
    """SPI to one chip: its pins, the chip select, and the pin on which the chip says that there is something."""

    def __init__(self, number: int, sck: int, mosi: int, miso: int, select: int, ready: int = NONE) -> None:
        self.number, self.sck, self.mosi, self.miso = number, sck, mosi, miso
        self.select, self.ready = select, ready

    def pins(self) -> tuple:
        """Return the pins that are taken."""
        return tuple([n for n in (self.sck, self.mosi, self.miso, self.select, self.ready) if n != NONE])

    def open(self, hz: int, polarity: int, phase: int) -> SPI:
        """Return the bus; the chip is not selected."""
        return SPI(
            self.number,
            hz,
            polarity=polarity,
            phase=phase,
            sck=Pin(self.sck),
            mosi=Pin(self.mosi),
            miso=Pin(self.miso),
        )

    def chip_select(self) -> Pin:
        """Return the pin, called with 0 to select."""
        return Pin(self.select, Pin.OUT, value=1)


class Board(chip.Hardware):
    """What every board with an ESP32 hands to app.py; the sampler is added by its kind."""

    kernels = kernels_viper

    set_hz = SET_HZ

    def _pace(self, sampler) -> None:
        self._sampler = sampler
        self.pacer = Pacer(sampler, self._pinout, self)

    def wiring(self, v_nominal_v: float = 230.0, f0_hz: float = 50.0):
        """Return what is connected to the converter's inputs."""
        return self._make_wiring(v_nominal_v, f0_hz, self.set_hz)

    def release(self) -> None:
        """Leave the board to who sits at its console: nothing samples, nothing bites for a day."""
        if self._watchdog is not None:
            machine.WDT(timeout=ASLEEP_MS)
        self._sampler.close()


class Hardware(Board):
    """A board that samples with an ADS131M04."""

    def __init__(
        self, pinout: Pinout, make_wiring, bus: Bus, make_chip, serial_lines: tuple, make_nic
    ) -> None:
        """make_chip(spi, cs, ticks_us, unpack) returns the driver. A chip that does not answer resets the board."""
        super().__init__(pinout, make_wiring, serial_lines, make_nic)
        spi = bus.open(CONVERTER_HZ, polarity=0, phase=1)
        converter = make_chip(spi, bus.chip_select(), ticks_us, ads131m04_viper.unpack)
        self.set_hz = converter.set_hz
        ready = Pin(bus.ready, Pin.IN)
        history = make_wiring(230.0, 50.0, self.set_hz).history()
        sampler = Sampler(converter, lambda: not ready.value(), ticks_ms, int(self.set_hz / 10), history)
        self._pace(sampler)
        try:
            sampler.start()
        except OSError as error:
            self.fail(error)
        ready.irq(sampler.on_ready, Pin.IRQ_FALLING)

    def attach(self, guard) -> None:
        """Let the fast path see every new set, from the interrupt that takes it."""
        self.outputs.guard = guard
        self._sampler.guard = guard
