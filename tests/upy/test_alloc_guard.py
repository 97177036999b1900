"""The guard's step allocates nothing, whatever it sees and when it opens; MicroPython only."""

import sys

import micropython

from hal import kernels_viper
from islet.measure import kernels

sys.path.insert(0, "tests/firmware")
from guard_world import Supply


class Locked(Supply):
    """Steps with the heap locked, as a hard interrupt does."""

    def step(self):
        micropython.heap_lock()
        try:
            self.guard.step(self.window, 0, self.filled)
        finally:
            micropython.heap_unlock()
        self.filled = 0


class Pin:
    def __init__(self):
        self.level = 1

    def open_contactor(self):
        self.level = 0


def trouble(s, f0):
    """All kinds of it: sag, swell, jump, ramp, death, return."""
    s.run(600, 1.0, f0)
    s.run(100, 0.6, f0)
    s.run(60, 1.3, f0)
    s.jump(60)
    s.run(100, 1.0, f0)
    s.run(300, 1.0, f0, f0 + 2.5)
    s.guard.restart()
    s.run(200, 1.0, f0 + 2.5)
    s.run(60, 0.0, f0)
    s.run(600, 1.0, f0)
    s.guard.release()
    s.run(100, 0.0, f0)


def test_nothing_is_allocated():
    for kernel in (kernels, kernels_viper):
        for code in ("site", "ieee1547_2", "vde4105"):
            for phases, f0, chunk in ((1, 50.0, 36), (3, 60.0, 31), (2, 50.0, 360)):
                s = Locked(code, 0.5, 2.0, 500, phases, f0, chunk=chunk, kernel=kernel)
                s.guard._opener = Pin()
                trouble(s, f0)
                assert s.guard.opened >= 2
                assert s.guard._opener.level == 0


def test_widest_codes_stay_small_ints():
    # Codes at either end of the converter, in the worst orders: a product beyond 31 bits would need memory.
    for set_hz in (3600.0, 16_000.0, 1000.0):
        for code in ("ieee1547_2", "en50549"):
            s = Locked(code, 0.5, 2.0, 500, 3, 50.0, set_hz=set_hz, kernel=kernels)
            for n in range(3 * int(set_hz / 100.0) * 40):
                at = s.filled * s.wiring.stride
                half = n // s.guard.halves.n_sets
                level = (65535, 1)[half & 1] if half % 40 < 20 else (65535, 65535, 1)[n % 3]
                for k in range(3):
                    s.window[at + k] = 65536 - level if k == 1 else level
                s.filled += 1
                if s.filled == s.chunk:
                    s.step()
            assert s.guard.suspect
