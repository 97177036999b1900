"""The cycle by a sampler's windows: samples, what the pins say, the time, and how the node stands."""

from hal.pins import Inputs, Pinout
from hal.tail import SUSPECT_PIN
from islet.base.clock import elapsed_ms

CYCLE_MS = 100


class Pacer(Inputs):
    """What app.py is paced by; its pins are read once a cycle."""

    def __init__(self, sampler, pinout: Pinout, hw) -> None:
        """sampler: ready take window kept n_sets lost end_ms, as hal.rp2_adc; hw: a chip.Hardware."""
        super().__init__(pinout)
        self._sampler, self._hw = sampler, hw
        self.window = sampler.window
        self.kept = self.n_sets = self.lost_sets = self.late = 0
        self.dt_ms = CYCLE_MS
        self.now_ms = hw.ticks_ms()
        self.epoch_s = 0
        self.fed = 0  # times the watchdog was fed
        self.take_us = 0  # that taking the window took

    async def ready(self) -> bool:
        """Leave the loop to others until there is a window."""
        sampler, hw, taken = self._sampler, self._hw, False
        while not taken:
            await sampler.ready()
            begin_us = hw.ticks_us()
            taken = sampler.take(hw.ticks_ms())
            self.take_us = elapsed_ms(hw.ticks_us(), begin_us)  # any ticks that wrap there
        return True

    def next(self) -> bool:
        """Take over the window that ready() has found."""
        sampler = self._sampler
        now_ms = sampler.end_ms
        self.dt_ms = elapsed_ms(now_ms, self.now_ms)
        self.now_ms = now_ms
        self.kept, self.n_sets, self.lost_sets = sampler.kept, sampler.n_sets, sampler.lost
        self.late = 1 if elapsed_ms(self._hw.ticks_ms(), now_ms) > CYCLE_MS else 0
        self.read()
        self.epoch_s = self._hw.clock.epoch_s()
        return True

    def done(self, state: int, pace_ms: int, acknowledged: int, queued: int, received: int) -> None:
        """Note how the node stands."""
        outputs = self._hw.outputs
        guard = outputs.guard
        pins = outputs.levels()
        if guard is not None and guard.suspect:
            pins |= SUSPECT_PIN
        self._hw.tell(pins, outputs.shed_level, state, pace_ms, (acknowledged, queued, received, self.fed))
