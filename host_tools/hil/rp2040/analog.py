"""What an emulated RP2040's analog inputs see: a function of input and emulated time."""

from collections.abc import Callable

from rp2040py.peripherals.adc import RPADC
from rp2040py.rp2040 import RP2040

Wave = Callable[[int, float], int]  # input 0..4, seconds of emulated time at sampling -> 12-bit code


class Analog:
    """Feeds the converter from `wave`; counts its conversions and keeps their times, for checks of the rate.

    `flagged` tells by the conversion's number (0, 1, ...) whether the converter reports it as wrong.
    """

    def __init__(self, mcu: RP2040) -> None:
        self.wave: Wave = lambda channel, time_s: 2048
        self.flagged: Callable[[int], bool] = lambda number: False
        self.clear()
        self._adc: RPADC = mcu.adc
        self._clock = mcu.clock
        self._alarm = mcu.clock.create_alarm(self._complete)
        self._code = 0
        self._adc.on_adc_read = self._sample

    def clear(self) -> None:
        """Count from zero again."""
        self.conversions = 0
        self.times_ns: list[float] = []

    def _sample(self, channel: int) -> None:
        now_ns = self._clock.nanos
        self._code = self.wave(channel, now_ns * 1e-9)
        self.times_ns.append(now_ns)
        self._alarm.schedule(self._adc.sample_time * 1000)

    def _complete(self) -> None:
        number, self.conversions = self.conversions, self.conversions + 1
        self._adc.complete_adc_read(self._code, self.flagged(number))
