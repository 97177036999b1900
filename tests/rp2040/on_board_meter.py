"""Runs on the emulated RP2040: the firmware's own meter behind the sampler, with its cost in time and memory."""

import gc
import json
import time


def free():
    """Return the free bytes of the heap after a collection."""
    gc.collect()
    return gc.mem_free()


before = free()

from hal import kernels_viper  # noqa: E402
from hal.rp2_adc import Sampler  # noqa: E402
from islet.measure.interval import Interval  # noqa: E402
from islet.measure.linearise import plain_table  # noqa: E402
from islet.measure.meter import Meter  # noqa: E402
from islet.measure.metering import CHECK_EVERY, Metering  # noqa: E402
from islet.measure.wiring import single_phase  # noqa: E402
from islet.state.image import Image  # noqa: E402

loaded = free()


class Timed(Meter):
    """A meter that keeps the times of each part, in us."""

    def start(self):
        """Begin anew."""
        self.times_us = {}

    def middle_us(self):
        """Return the median of each part."""
        return {name: sorted(times)[len(times) // 2] for name, times in self.times_us.items()}

    def timed(self, name, work, *args):
        """Call work and keep its time."""
        since = time.ticks_us()
        work(*args)
        self.times_us.setdefault(name, []).append(time.ticks_diff(time.ticks_us(), since))

    def find(self, window, kept):
        """Time the crossings."""
        self.timed("find", super().find, window, kept)

    def cut(self, window):
        """Time the floats before the sums."""
        self.timed("cut", super().cut, window)

    def accumulate(self, window):
        """Time the kernels."""
        self.timed("sums", super().accumulate, window)

    def settle(self):
        """Time the floats after the sums."""
        self.timed("settle", super().settle)


def run(windows, volts_per_code, amps_per_code, noise_codes):
    """Measure `windows` windows after two that settle; print quantities, times and memory as JSON."""
    wiring = single_phase(volts_per_code, amps_per_code, noise_codes)
    table = plain_table()
    sampler = Sampler(kernels_viper, table, keep_sets=wiring.history(), span_ms=900)
    wiring.set_hz = sampler.set_hz
    meter, image = Timed(kernels_viper, wiring), Image()
    interval = Interval(meter)
    made = free()
    sampler.start()
    meter.start()
    kept = []
    for n in range(windows + 2):
        if n == 2:
            interval.reset()
            meter.start()
        time.sleep_ms(sampler.due_ms())
        meter.timed("take", sampler.take, time.ticks_ms())
        meter.timed(
            "measure", meter.measure, sampler.window, sampler.kept, sampler.n_sets, image, sampler.end_ms
        )
        interval.add()
        kept.append(sampler.kept)
    found = {
        "v": [interval.rms_v(k) for k in range(2)],
        "hz": interval.hz(1),
        "a": [interval.rms_a(k) for k in range(2)],
        "w": [interval.active_w(k) for k in range(2)],
        "var": [interval.reactive_var(k) for k in range(2)],
        "us": meter.middle_us(),
        "whole_us": whole(sampler, wiring, image),
        "lost": sampler.lost_sets,
        "restarts": sampler.restarts,
        "kept": kept,
        "quality_ppm": sampler.quality_ppm,
        "before": before,
        "loaded": loaded,
        "made": made,
        "grid_w": image.grid_w.value,
    }
    sampler.close()
    print(json.dumps(found))


def whole(sampler, wiring, image):
    """Return how long eight steps take of all that is made of the samples: energy, checks, disturbances too."""
    metering = Metering(kernels_viper, wiring)
    times = []
    while len(times) < 2 * CHECK_EVERY:
        time.sleep_ms(sampler.due_ms())
        gc.collect()
        if sampler.take(time.ticks_ms()):
            since = time.ticks_us()
            args = (sampler.window, sampler.kept, sampler.n_sets, sampler.lost)
            metering.step(*args, image, sampler.end_ms, 100, None)
            times.append(time.ticks_diff(time.ticks_us(), since))
    return times
