"""What an emulated RP2040's analog inputs see: a function of input and emulated time, or sets fed in step."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from rp2040py.peripherals.adc import RPADC
from rp2040py.rp2040 import RP2040

Wave = Callable[[int, float], int]  # input 0..4, seconds of emulated time at sampling -> 12-bit code
HALF_SCALE = 2048


class Analog:
    """Feeds the converter from `wave`; counts its conversions and keeps their times, for checks of the rate.

    `flagged` tells by the conversion's number (0, 1, ...) whether the converter reports it as wrong.
    `times_ns` grow only while `keep_times` is true.
    """

    def __init__(self, mcu: RP2040) -> None:
        self.wave: Wave = lambda channel, time_s: HALF_SCALE
        self.flagged: Callable[[int], bool] = lambda number: False
        self.keep_times = True
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
        if self.keep_times:
            self.times_ns.append(now_ns)
        self._alarm.schedule(self._adc.sample_time * 1000)

    def _complete(self) -> None:
        number, self.conversions = self.conversions, self.conversions + 1
        self._adc.complete_adc_read(self._code, self.flagged(number))

    def cancel(self) -> None:
        """Forget the conversion under way: the chip was reset."""
        self._alarm.cancel()


class Feed:
    """A Wave of sets that follow each other from `begin_s` on, each handed out once and in order.

    The converter takes them at its own rate, a fraction of a ppm off; when it is a whole set away from where the
    time says, one is passed over or given twice (`slips`). Before the first set and after the last: the nearest.
    """

    def __init__(self, set_hz: float, inputs: int) -> None:
        self.set_hz, self.inputs = set_hz, inputs
        self.begin(0.0)

    def begin(self, begin_s: float) -> None:
        """Let the set given next begin at a time, and forget those before."""
        self.begin_s = begin_s
        self.slips = 0
        self._codes = [HALF_SCALE] * self.inputs
        self._given = 0  # sets, also those that were let go
        self._number = -1  # of the set handed out
        self._aligned = False
        self._at = 0

    def give(self, codes: NDArray[np.uint16]) -> None:
        """Append sets [n, inputs] of 12-bit codes."""
        n, size = len(codes), self.inputs
        held = len(self._codes) // size if self._given else 0
        keep = min(held, max(1, self._given - self._number)) if held else 0  # from the one handed out on
        self._codes = self._codes[(held - keep) * size :] if keep else []
        self._codes += codes.reshape(-1).tolist()
        self._given += n
        self._place()

    def _place(self) -> None:
        held = len(self._codes) // self.inputs
        first = max(0, self._given - held)
        self._at = min(max(self._number - first, 0), held - 1) * self.inputs

    def __call__(self, channel: int, time_s: float) -> int:
        """Return the code of an input; input 0 begins a set."""
        if channel == 0:
            self._number += 1
            due = (time_s - self.begin_s) * self.set_hz
            if not -1.0 < due - self._number < 1.0:
                self.slips += self._aligned
                self._number = round(due)
            self._aligned = True
            self._place()
        return self._codes[self._at + channel]
