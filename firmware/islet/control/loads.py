"""The building's load as an island would have to carry it: now, on average, at its peak and in its largest step."""

from math import isnan

from islet.control.limits import feeder_load_w
from islet.control.presence import count_ms

PEAK_MS = 14_400_000  # time constant in which peaks and steps are forgotten: appliances come back
MEAN_MS = 900_000  # time constant of the load that the stored energy is held against
STEP_MS = 2000  # a load that rises within this is a step
SAME = 0.7  # of the largest step: the same appliance
ON_MS = 3_600_000  # no appliance is held for running for longer
ALIVE_PU = 0.85  # a load metered at less voltage says nothing
FRESH_MS = 10_000  # an older load is not known; two further apart tell nothing about a group


class Loads:
    """Loads of all groups (W), inferred from what the served ones draw; cars and gensets are not in them."""

    def __init__(self, s, shares) -> None:
        self.shares = shares
        self.known = False
        self.total_w = 0.0
        self.mean_w = 0.0
        self.peak_w = 0.0  # the highest total of the last hours, fading
        self.fall_w = 0.0  # the largest load that went off, fading
        self.served_w = 0.0  # what is drawn at the present level
        self._step_w = [0.0, 0.0, 0.0]  # the largest rise seen at a level, fading
        self._alive_v = ALIVE_PU * s.v_nominal_v
        self._low_w = self._high_w = 0.0  # of the last seconds
        self._on_ms = -1  # since the largest appliance went on, -1 while it is off
        self._before_w = 0.0  # what was drawn before the level changed
        self._from = -1  # and that level; -1: nothing to learn
        self._since_ms = 0
        self._blind_ms = 0

    @property
    def fresh(self) -> bool:
        """Return whether the load was measured within the last seconds."""
        return self.known and self._blind_ms <= FRESH_MS

    def step(self, image, level: int, settled: bool, now_ms: int, dt_ms: int) -> None:
        """Measure; settled: the meters show what the present level draws."""
        self._since_ms = count_ms(self._since_ms, dt_ms)
        self._blind_ms = count_ms(self._blind_ms, dt_ms)
        load_w = house_load_w(image, now_ms)
        alive = image.bus_v.usable(now_ms) and image.bus_v.value >= self._alive_v
        drawn_pu = self.shares.load_pu(level)
        if not (alive and not isnan(load_w) and drawn_pu > 0.0 and settled):
            return
        self._blind_ms = 0
        self.served_w = max(0.0, load_w)
        self._learn(level)
        self.total_w = self.served_w / self.shares.load_pu(level)
        self.mean_w += (dt_ms / (dt_ms + MEAN_MS) if self.known else 1.0) * (self.total_w - self.mean_w)
        self._watch(level, dt_ms)
        self.known = True

    def changed(self, level: int) -> None:
        """Note that another level than this one, so far applied, is served from now on."""
        self._from = level if self.known and self._low_w >= 0.0 else -1
        self._before_w = self.served_w
        self._since_ms = 0
        self._low_w = -1.0

    def tripped(self, level: int, trip_w: float) -> None:
        """Take an inverter that gave up as a peak at this level that no meter has seen."""
        if self.shares.served[level] > 0.0:
            self.peak_w = max(self.peak_w, trip_w / self.shares.served[level])

    def load_w(self, level: int) -> float:
        """Return what a level would draw now, cold load included (W)."""
        return self.total_w * self.shares.load_pu(level)

    def mean_at_w(self, level: int) -> float:
        """Return what a level draws on average (W)."""
        return self.mean_w * self.shares.served[level]

    def warm_w(self, level: int) -> float:
        """Return what a level would draw now without cold load (W)."""
        return self.total_w * self.shares.served[level]

    def worst_w(self, level: int, load_w: float) -> float:
        """Return the most a level of load_w would draw if the last hours' peak or largest step came again (W)."""
        step_w = 0.0 if self._on_ms >= 0 else self.step_at_w(level)
        return max(self.peak_w * self.shares.served[level], load_w + step_w)

    def step_at_w(self, level: int) -> float:
        """Return the largest step to expect at a level: in full if seen with less served, else in proportion (W)."""
        served = self.shares.served
        most = 0.0
        for k in range(len(self._step_w)):
            seen_w = self._step_w[k] if k >= level else self._step_w[k] * served[level] / served[k]
            most = max(most, seen_w)
        return most

    def _learn(self, level: int) -> None:
        """Once a changed level has settled, tell what the change was worth."""
        was, self._from = self._from, -1
        if was < 0 or was == level or self._since_ms > FRESH_MS or max(was, level) > 2:
            return
        if was < level:
            self.shares.learn(was, level, self._before_w, self.served_w)
        else:
            self.shares.learn(level, was, self.served_w, self._before_w)

    def _watch(self, level: int, dt_ms: int) -> None:
        """Follow peaks and steps; what is inferred from a share is no peak seen."""
        load_w, step_w = self.served_w, self._step_w
        faded = PEAK_MS / (dt_ms + PEAK_MS)
        self.peak_w *= faded
        self.fall_w *= faded
        for k in range(len(step_w)):
            step_w[k] *= faded
        if level == 0:
            self.peak_w = max(self.peak_w, load_w)
        if self._low_w < 0.0 or not self.known:
            self._low_w = self._high_w = load_w
            return
        rise_w, fall_w = load_w - self._low_w, self._high_w - load_w
        step_w[level] = max(step_w[level], rise_w)
        self.fall_w = max(self.fall_w, fall_w)
        self._note_large(rise_w, fall_w, load_w, SAME * self.step_at_w(level), dt_ms)
        share = dt_ms / (dt_ms + STEP_MS)
        self._low_w = min(load_w, self._low_w + share * (load_w - self._low_w))
        self._high_w = max(load_w, self._high_w + share * (load_w - self._high_w))

    def _note_large(self, rise_w: float, fall_w: float, load_w: float, large_w: float, dt_ms: int) -> None:
        """Follow whether the largest appliance runs: it cannot go on a second time."""
        if self._on_ms >= 0:
            self._on_ms = count_ms(self._on_ms, dt_ms)
        if fall_w >= large_w or load_w < large_w or self._on_ms > ON_MS:
            self._on_ms = -1
        elif rise_w >= large_w:
            self._on_ms = 0


def house_load_w(image, now_ms: int) -> float:
    """Return what the load groups draw (W): the feeder without cars and gensets behind its CT; NaN if unknown."""
    load_w = feeder_load_w(image, now_ms)
    if image.feeder_w.usable(now_ms):
        load_w += image.feeder_w.value
    return load_w
