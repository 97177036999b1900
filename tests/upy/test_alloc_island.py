"""Steps of the island machine outside resynchronising make a few floats and nothing that stays; MicroPython only."""

import gc

from alloc_settings import settings

from islet.base.clock import add_ms
from islet.control.island import Island
from islet.names import NOT_IMPLEMENTED, STATE_NAMES
from islet.state.image import Image
from islet.state.wishes import Wishes

MADE_BYTES = 8 * 32  # floats: a block of the heap each


class Rig:
    def __init__(self):
        self.image = Image()
        self.wishes = Wishes()
        self.island = Island(settings())
        self.now_ms = (1 << 30) - 500
        self.made = 0  # bytes, in the busiest step

    def step(self, grid_v, bus_v):
        """Set the readings, then step; return the state's name. What is made is counted."""
        image = self.image
        self.now_ms = add_ms(self.now_ms, 100)
        for v, hz, volts in ((image.grid_v, image.grid_hz, grid_v), (image.bus_v, image.bus_hz, bus_v)):
            v.set(volts, self.now_ms)
            hz.set(50.0 if volts else 0.0, self.now_ms, 0 if volts else NOT_IMPLEMENTED)
        image.soc_pu.set(0.5, self.now_ms)
        before = gc.mem_alloc()
        self.island.step(image, self.wishes, self.now_ms, 100)
        self.island.pace_ms(self.now_ms)
        self.made = max(self.made, gc.mem_alloc() - before)
        return STATE_NAMES[self.island.state]


def check_nothing_stays(rig, grid_v, bus_v):
    gc.collect()
    before = gc.mem_alloc()
    for _ in range(300):
        rig.step(grid_v, bus_v)
    gc.collect()
    assert gc.mem_alloc() - before <= 256


def test_grid_outage_and_island_make_floats_alone():
    rig = Rig()
    for _ in range(10):
        assert rig.step(230.0, 230.0) == "GRID"
    assert rig.step(0.0, 0.0) == "OPENING"
    rig.image.contactor_closed = False
    assert rig.step(0.0, 0.0) == "FORMING"
    for _ in range(100):
        assert rig.step(0.0, 230.0) == "ISLAND"
    for _ in range(5):
        rig.step(0.0, 0.0)
    assert rig.step(0.0, 0.0) == "BLACK_START"
    assert rig.made <= MADE_BYTES
    check_nothing_stays(rig, 0.0, 0.0)


def test_a_stuck_contactor_makes_floats_alone():
    rig = Rig()
    rig.step(230.0, 230.0)
    for _ in range(11):
        state = rig.step(0.0, 0.0)
    assert state == "FAULT"
    assert rig.made <= MADE_BYTES
