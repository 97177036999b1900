"""Runs on the emulated RP2040: the guard in its interrupt, while the main program collects garbage or is busy."""

import gc
import json
import time

from hal import kernels_viper
from hal.pins import Outputs, Pinout
from hal.rp2_adc import Sampler
from hal.rp2_guard import GuardTimer
from islet.measure.guard import Guard
from islet.measure.linearise import plain_table
from islet.measure.wiring import single_phase

ROWS = (("v", -1, 0.88, 2000, 0, 2000, 0, 0), ("v", 1, 1.10, 2000, 0, 2000, 0, 0))
ROWS += (("hz", -1, 49.0, 2000, 0, 2000, 0, 0), ("hz", 1, 51.0, 2000, 0, 2000, 0, 0))


class Timed(GuardTimer):
    """Notes how long its interrupts take."""

    longest_us = total_us = 0

    def _tick(self, dma):
        before = time.ticks_us()
        GuardTimer._tick(self, dma)
        span = time.ticks_diff(time.ticks_us(), before)
        self.total_us += span
        if span > self.longest_us:
            self.longest_us = span


def run(busy, volts_per_code, pin):
    """Guard for 400 ms and more, doing nothing else, or collecting, or counting; print what was seen."""
    table = plain_table()
    sampler = Sampler(kernels_viper, table, keep_sets=40)
    wiring = single_phase(volts_per_code, 0.003, 16.0, set_hz=sampler.set_hz)
    contactor = Outputs(Pinout(contactor=pin))
    guard = Guard(kernels_viper, wiring, ROWS, 0.5, 0.0, 500, contactor)
    contactor.guard = guard
    timer = Timed(guard, sampler, 50.0)
    guard.armed = True
    contactor.set_contactor(True)
    alive = [[k] for k in range(1500)]
    timer.start()
    begun = time.ticks_ms()
    while time.ticks_diff(time.ticks_ms(), begun) < 400:
        if busy == "collect":
            gc.collect()
        elif busy == "count":
            for _ in range(2000):
                pass
        else:
            time.sleep_ms(10)
    timer.stop()
    contactor.set_contactor(True)  # without effect: the guard holds it
    sampler.close()
    print(
        json.dumps(
            {
                "holding": guard.holding, "why": guard.REASONS[guard.why], "opened": guard.opened,
                "calls": timer.calls, "skips": timer.skips, "longest_us": timer.longest_us,
                "mean_us": timer.total_us / timer.calls, "level": contactor.levels() & 1, "alive": len(alive),
            }
        )
    )  # fmt: skip
