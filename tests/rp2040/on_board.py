"""Runs on the emulated RP2040: reads the sampler's windows as the tests need them; they take all names from it."""
# ruff: noqa: F401, F821

import asyncio
import gc
import json
import time
from array import array

import micropython
import rp2
from machine import mem32

from hal import kernels_viper
from hal.rp2_adc import Sampler
from hal.rp2_ring import halt

TABLE = array("H", range(4096))  # window codes are raw codes


def sampler(**options):
    """Return a sampler of raw codes."""
    return Sampler(kernels_viper, TABLE, **options)


@micropython.viper
def wrong(window: ptr16, sets: int, stride: int, number: int) -> int:
    """Return how many codes are not those of inputs 0..stride-1 from set `number` on; stride 2 or more."""
    found = 0
    k = 0
    while sets > 0:
        c = 0
        while c < stride:
            digit = (number >> 10) if c == 1 else number
            if window[k] != ((digit & 1023) << 2 | c):
                found += 1
            k += 1
            c += 1
        number += 1
        sets -= 1
    return found


def unsteady(window, sets):
    """Return how many codes of a window of inputs 0..3 are another input's, or do not follow the set before."""
    found = 0
    for k in range(4, 4 * sets):
        step = window[k] - window[k - 4]
        found += window[k] & 3 != k & 3 or (k & 3 != 1 and step != 4 and step != -4092)
    return found


class Reader:
    """Takes windows and checks each sample against the set number it must have."""

    def __init__(self, sampled):
        """All counts are zero."""
        self.sampled = sampled
        self.number = self.wrong = self.windows = self.refused = self.lost = 0
        self.kept, self.flags = [], []

    def take(self):
        """Wait for a window and check it."""
        s = self.sampled
        time.sleep_ms(s.due_ms())
        if not s.take(time.ticks_ms()):
            self.refused += 1
            return
        self.windows += 1
        self.lost += s.lost
        self.number += s.lost
        self.wrong += wrong(s.window, s.n_sets, s.stride, self.number - s.kept)
        self.number += s.n_sets - s.kept
        self.kept.append(s.kept)
        self.flags.append(s.errors)

    def close(self, **more):
        """Close the sampler and print what was seen."""
        s = self.sampled
        s.close()
        more.update(
            wrong=self.wrong, windows=self.windows, refused=self.refused, lost=self.lost, kept=self.kept,
            flags=self.flags, sets=self.number, lost_sets=s.lost_sets, overruns=s.overruns, restarts=s.restarts,
            error_samples=s.error_samples, quality_ppm=s.quality_ppm, clocks256=s.clocks256, set_hz=s.set_hz,
        )  # fmt: skip
        print(json.dumps(more))


def timed_us(work):
    """Return the microseconds that work() takes."""
    before = time.ticks_us()
    work()
    return time.ticks_diff(time.ticks_us(), before)
