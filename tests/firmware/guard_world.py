"""A supply made by plain math for the guard's tests: its voltages are stepped into the guard, window by window."""

from array import array
from math import cos, pi

from island_world import settings

from islet.control import grid_code
from islet.measure import kernels
from islet.measure.guard import Guard
from islet.measure.wiring import GRID_V, LOAD_I, SINGLE, SPLIT, THREE, Channel, Wiring

VOLTS_PER_CODE = 0.0125
MID = 32768
TURN = 1 << 24


class Opener:
    """Counts how often the contactor was told to open."""

    def __init__(self):
        self.count = 0

    def open_contactor(self):
        self.count += 1


def wiring(phases=1, f0_hz=50.0, set_hz=3600.0, nominal_v=230.0):
    """Return one to three grid voltages and a current, taken in turn."""
    channels = [Channel("v%d" % p, GRID_V, p, VOLTS_PER_CODE, nominal_v, 24.0) for p in range(1, phases + 1)]
    channels.append(Channel("i", LOAD_I, 1, 0.003, 60.0))
    system = (SINGLE, SPLIT, THREE)[phases - 1]
    return Wiring(channels, system, v_nominal_v=nominal_v, f0_hz=f0_hz, set_hz=set_hz)


class Supply:
    """A guard and what feeds it. Times are in ms since the beginning, taken at the end of the call that told."""

    def __init__(self, code="site", fast=0.0, rocof=0.0, rocof_ms=500, phases=1, f0_hz=50.0, set_hz=3600.0,
                 chunk=0, table=None, kernel=kernels, **changed):  # fmt: skip
        self.wiring = wiring(phases, f0_hz, set_hz)
        self.opener = Opener()
        if f0_hz != 50.0 and code == "site":
            changed.setdefault("hz_min", f0_hz - 1.0)
            changed.setdefault("hz_max", f0_hz + 1.0)
        self.rows = table or grid_code.rows(settings(grid_code=code, f0_hz=f0_hz, **changed))
        self.guard = Guard(kernel, self.wiring, self.rows, fast, rocof, rocof_ms, self.opener)
        self.guard.armed = True
        self.set_hz = set_hz
        self.chunk = chunk or int(set_hz / 100.0)
        self.window = array("H", [MID] * (self.chunk * self.wiring.stride))
        self.filled = 0
        self.sets = 0
        self.phase = 0
        self.lags = [k * TURN // max(phases, 1) for k in range(phases)]  # a half turn for two legs
        self.offset = 0
        self.noise = 24
        self.harmonics = ()
        self.draw = 2463534242
        self.suspect_ms = self.lost_ms = -1.0  # when first seen so, since mark()
        self.marked = 0
        self.why = ""

    @property
    def now_ms(self):
        return self.sets * 1000.0 / self.set_hz

    def mark(self):
        """Begin to wait for suspicion and verdict."""
        self.marked = self.sets
        self.suspect_ms = self.lost_ms = -1.0
        self.why = ""

    def jump(self, degrees):
        """Let the phase of all voltages jump."""
        self.phase = (self.phase + int(degrees / 360.0 * TURN)) % TURN

    def run(self, ms, v=1.0, hz=50.0, to_hz=None, to_v=None):
        """Let time pass; v in pu, one or one a phase; hz and a single v may change in a line."""
        count = int(ms * self.set_hz / 1000.0 + 0.5)
        levels = list(v) if isinstance(v, (list, tuple)) else [v] * len(self.lags)
        each_hz = 0.0 if to_hz is None else (to_hz - hz) / count
        each_v = 0.0 if to_v is None else (to_v - levels[0]) / count
        for _ in range(count):
            self.take(levels, hz)
            hz += each_hz
            if each_v:
                levels = [level + each_v for level in levels]
        return self

    def take(self, levels, hz):
        """Sample one set."""
        self.phase = (self.phase + int(hz / self.set_hz * TURN + 0.5)) & TURN - 1
        at = self.filled * self.wiring.stride
        for k in range(len(levels)):
            angle = ((self.phase - self.lags[k]) & TURN - 1) * (2.0 * pi / TURN)
            x = cos(angle)
            for order, part, lead in self.harmonics:
                x += part * cos(order * angle + lead)
            code = x * levels[k] * 26020.0 + self.offset + self.random()  # 230 V * sqrt(2) / 0.0125
            self.window[at + k] = max(1, min(65535, MID + int(code)))
        self.filled += 1
        self.sets += 1
        if self.filled == self.chunk:
            self.step()

    def random(self):
        """Return noise of about the rms asked for: evenly spread."""
        if not self.noise:
            return 0
        x = self.draw
        x ^= (x << 13) & 0xFFFFFFFF
        x ^= x >> 17
        x ^= (x << 5) & 0xFFFFFFFF
        self.draw = x
        return (x & 1023) * self.noise * 3.46 / 1023.0 - 1.73 * self.noise

    def step(self):
        """Hand the sets taken over to the guard."""
        self.guard.step(self.window, 0, self.filled)
        self.filled = 0
        ms = (self.sets - self.marked) * 1000.0 / self.set_hz
        if self.suspect_ms < 0.0 and self.guard.suspect:
            self.suspect_ms = ms
        if self.lost_ms < 0.0 and self.guard.lost:
            self.lost_ms = ms
            self.why = self.guard.REASONS[self.guard.why]
