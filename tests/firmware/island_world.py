"""What the tests of the island share: settings, an image filled by hand, and ticks that cross the wrap."""

from valid_settings import raw

from islet.base.clock import add_ms
from islet.config import Settings
from islet.names import NOT_IMPLEMENTED, STATE_NAMES
from islet.state.image import Image
from islet.state.wishes import Wishes

START_MS = (1 << 30) - 5000  # five seconds before the wrap


def settings(**changed):
    """Return valid settings, some of them changed."""
    changed.setdefault("step_max_ms", 60_000)
    return Settings(raw(**changed))


class Hand:
    """Sets readings by hand and steps a machine; `now_ms` begins before the wrap."""

    def __init__(self, machine=None):
        self.image = Image(60_000)
        self.wishes = Wishes()
        self.machine = machine
        self.now_ms = START_MS
        self.grid = (230.0, 50.0)
        self.bus = (230.0, 50.0)
        self.slip_rad = 0.0
        self.soc_pu = 0.6

    def see(self, dt_ms=100):
        """Let dt_ms pass and measure."""
        self.now_ms = add_ms(self.now_ms, dt_ms)
        image, now = self.image, self.now_ms
        for v, hz, side in ((image.grid_v, image.grid_hz, self.grid), (image.bus_v, image.bus_hz, self.bus)):
            if side is None:
                continue
            v.set(side[0], now)
            if side[1]:
                hz.set(side[1], now)
            else:
                hz.set(0.0, now, NOT_IMPLEMENTED)
        image.slip_rad.set(self.slip_rad, now)
        if self.soc_pu is not None:
            image.soc_pu.set(self.soc_pu, now)

    def step(self, dt_ms=100, times=1):
        """See and step the island machine; return its state's name."""
        for _ in range(times):
            self.see(dt_ms)
            self.machine.step(self.image, self.wishes, self.now_ms, dt_ms)
        return STATE_NAMES[self.machine.state]

    def lose_grid(self):
        """Take the grid away: no voltage, and no frequency of it."""
        self.grid = (0.0, 0.0)
        self.bus = (0.0, 0.0)

    def to_island(self):
        """Lose the grid and form."""
        self.step()
        self.lose_grid()
        self.step()
        self.image.contactor_closed = False
        self.step()
        self.bus = (230.0, 50.0)
        return self.step()
