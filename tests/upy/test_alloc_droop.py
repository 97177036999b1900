"""Droop, restoration and grid support make floats and nothing that stays; MicroPython only."""

import gc

from alloc_settings import settings

from islet.base.clock import add_ms
from islet.control.band import Band
from islet.control.droop import Droop
from islet.control.support import Support
from islet.names import R_RATING
from islet.state.image import Image
from islet.state.parts import Part, Parts
from islet.state.wishes import Wishes

FLOAT_BYTES = 32  # a block of the heap, at most
STEPS = 50


class Rig:
    def __init__(self):
        s = settings(volt_var="b", volt_watt="on", restore_gain=0.1, restore_delay_samples=3)
        self.image, self.wishes, self.band = Image(), Wishes(), Band()
        self.droop, self.support = Droop(s), Support(s)
        self.parts = Parts([Part(4000.0)], [Part(5000.0), Part(2500.0)])
        self.now_ms = (1 << 30) - 2000

    def step(self, hz, v):
        image, now_ms = self.image, add_ms(self.now_ms, 100)
        self.now_ms = now_ms
        for reading, value in ((image.grid_hz, hz), (image.bus_hz, hz), (image.grid_v, v), (image.bus_v, v)):
            reading.set(value, now_ms)
        image.battery_w.set(1000.0, now_ms)
        before = gc.mem_alloc()
        self.support.step(image, now_ms, 100)
        self.band.reset(-5000.0, 5000.0, R_RATING)
        self.droop.limit(image, self.band, now_ms)
        self.support.limit(self.band)
        self.droop.restore(image, self.wishes, 50.0, now_ms, 230.0)
        self.wishes.battery_w = self.droop.follow(image, self.wishes, 5000.0, 2500.0, now_ms)
        self.support.apply(self.wishes)
        self.parts.split(self.wishes, now_ms, 1000.0)
        return gc.mem_alloc() - before


def used(rig, hz, v):
    """Return the bytes that the busiest of many steps makes, after the first."""
    rig.step(hz, v)
    gc.collect()
    gc.disable()
    try:
        return max([rig.step(hz + 0.001 * k, v) for k in range(STEPS)])
    finally:
        gc.enable()


def test_a_step_makes_floats_alone():
    """200 floats at most, on the grid and in the island, and none of them lives on."""
    rig = Rig()
    assert used(rig, 50.3, 248.0) <= 200 * FLOAT_BYTES
    rig.image.contactor_closed = False
    rig.wishes.forming = True
    assert used(rig, 49.9, 228.0) <= 200 * FLOAT_BYTES
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(10 * STEPS):
        rig.step(49.95, 228.0)
    gc.collect()
    assert gc.mem_alloc() - before <= 4 * FLOAT_BYTES
