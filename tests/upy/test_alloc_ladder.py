"""Steps of the ladder, of curtailment in an island and of the cars' sink make no containers; MicroPython only.

Where floats are objects they are made on the heap, so what a step may take is measured, not forbidden: far less than
a list or a dict each for its parts.
"""

import gc

from alloc_settings import settings

from islet.base.clock import add_ms
from islet.control.carry import Carry
from islet.control.ladder import Ladder
from islet.control.sink import Sink
from islet.names import BLACK_START, FORMING, GRID, ISLAND, OPENING, SOFT_RETURN
from islet.state.image import Image
from islet.state.wishes import Wishes

STEPS = 50
LEAKED_BYTES = 64  # in all steps together, after collecting: nothing is kept


class Home:
    """A three-phase home with a genset and a car."""

    def __init__(self):
        s = settings(battery_rated_w=9000, genset_w=3000, ev_discharge_w=3000, main_fuse_a=25)
        self.image, self.wishes, self.now_ms = Image(), Wishes(), (1 << 30) - 500
        self.ladder, self.carry, self.sink = Ladder(s), Carry(s), Sink(s)

    def pv_low_wh(self, _epoch_s, _span_s):
        """Return no sun."""
        return 0.0

    def step(self, state, load_w):
        """Set the readings and step all."""
        self.now_ms = add_ms(self.now_ms, 100)
        image, now_ms = self.image, self.now_ms
        image.bus_v.set(230.0, now_ms)
        image.soc_pu.set(0.6, now_ms)
        image.metered_load_w.set(load_w, now_ms)
        image.battery_w.set(load_w, now_ms)
        image.pv_w.set(500.0, now_ms)
        image.ev_w.set(0.0, now_ms)
        image.chp_w.set(0.0, now_ms)
        for k in range(3):
            image.phase_load_w[k].set(load_w / 3, now_ms)
            image.phase_grid_a[k].set(30.0, now_ms)
            image.phase_grid_w[k].set(6900.0, now_ms)
        self.ladder.step(image, self.wishes, state, now_ms, 100, self, 0.8)
        self.carry.step(image, self.wishes, now_ms, 100, self.ladder.loads.fall_w)
        self.sink.step(image, self.wishes, self.ladder.shed.level, now_ms, 100)


def test_nothing_is_kept_from_step_to_step():
    home = Home()
    for state in (GRID, OPENING, FORMING, ISLAND, BLACK_START, ISLAND, SOFT_RETURN):
        for load_w in (1000.0, 9000.0):
            for _ in range(20):
                home.step(state, load_w)
            gc.collect()
            before = gc.mem_alloc()
            for _ in range(STEPS):
                home.step(state, load_w)
            gc.collect()
            assert gc.mem_alloc() - before <= LEAKED_BYTES, (state, gc.mem_alloc() - before)


def test_a_step_takes_floats_only():
    # a 64-bit build boxes a float in 16 or 32 bytes; a step of all parts works out some 400 of them at most
    home = Home()
    for state in (GRID, ISLAND):
        for _ in range(120):
            home.step(state, 4000.0)
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        home.step(state, 4000.0)
        taken = gc.mem_alloc() - before
        gc.enable()
        assert taken < 400 * 32, taken
