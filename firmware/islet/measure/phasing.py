"""Which way round, and on which phase, a current transformer sits: by its angle over time.

A load of cos phi 1 on the wrong phase shows an angle of 120 degrees, a reversed one 180, both together 60, as a
motor at cos phi 0.5 does. So two things are weighed: the mean angle of many windows, and the angles of the steps
in between, which are those of the loads that were switched. Steps do not know which way the power flows, so their
angle is an axis, modulo 180 degrees; the mean tells the direction. Sixty degrees count only when steps of several
sizes have them, and the current is as clean as the voltage: motors differ in the one, ballasts in the other.
Angles are the voltage's phase less the current's: positive lags.
"""

from array import array
from math import atan2, cos, log, pi, sin, sqrt

from islet.measure.wiring import GRID_I, SOURCE_I, THREE

RIGHT, REVERSED, WRONG, WRONG_REVERSED, UNKNOWN = range(5)
ENOUGH = 50  # windows with current before anything is said
STEPS = 16  # steps before their axis counts
_MEMORY = 3000  # windows over which angles are averaged
_MEMORY_STEPS = 100
_LOWEST_PU = 0.01  # of the largest current: standby electronics below it lead by any angle
_LOWEST_SOURCE_PU = 0.05  # the filters of an inverter at night draw reactive current
_STILL_PU = 0.05  # change from one window to the next of a current that stands still
_SIZES = 8  # classes of steps, each 1.4 times the one before
_CLEAN_PU = 0.04  # distortion of a current beyond the voltage's that still is a plain resistor
_SEEN_RIGHT = 0.1  # share of current at cos phi above 0.5; with more it generates at times
_FORGET = 1.0 - 0.5**18


class Steps:
    """The axis of the steps of a current, weighed by their size."""

    def __init__(self, lowest_a: float) -> None:
        self.lowest_a = lowest_a
        self.count = 0
        self._sizes = array("B", bytes(_SIZES))
        self._re2 = self._im2 = self._weight = 0.0
        self._known = False
        self._last_re = self._last_im = self._base_re = self._base_im = 0.0

    def interrupt(self) -> None:
        """Forget where the current stood; what was learned stays."""
        self._known = False

    def add(self, re: float, im: float) -> None:
        """Take the current of a window against its voltage; a step is from one standstill to the next."""
        moved = _size(re - self._last_re, im - self._last_im)
        still = moved < _STILL_PU * _size(re, im) or moved < 0.2 * self.lowest_a
        self._last_re = re
        self._last_im = im
        if not still:
            return
        step_re = re - self._base_re
        step_im = im - self._base_im
        step_a = _size(step_re, step_im)
        if self._known and step_a < self.lowest_a:
            return
        self._base_re = re
        self._base_im = im
        if self._known:
            self._weigh(step_re, step_im, step_a)
        self._known = True

    def _weigh(self, re: float, im: float, size_a: float) -> None:
        keep = 1.0 - 1.0 / min(self.count + 1, _MEMORY_STEPS)
        self._re2 = keep * self._re2 + (re * re - im * im) / size_a
        self._im2 = keep * self._im2 + 2.0 * re * im / size_a
        self._weight = keep * self._weight + size_a
        place = min(_SIZES - 1, int(2.0 * log(size_a / self.lowest_a) / log(2.0)))
        self._sizes[place] = min(200, self._sizes[place] + 1)
        self.count += 1

    def tell(self, agreed: float = 0.9) -> bool:
        """Return whether there were enough steps, of three sizes or more, about one axis."""
        often = 0
        for count in self._sizes:
            if count >= 2:
                often += 1
        return self.count >= STEPS and often >= 3 and _size(self._re2, self._im2) > agreed * self._weight

    def axis_deg(self) -> float:
        """Return the axis, -90..90."""
        return atan2(self._im2, self._re2) * 90.0 / pi


class Phasing:
    """The weighed angle of one current against the voltage of its phase."""

    def __init__(self, current, system: int, two_way: bool = False) -> None:
        """two_way: the current may flow both ways, as at the grid or of a battery; then only the axis is judged."""
        channel = current.channel
        source = channel.kind == SOURCE_I
        self.current = current
        self.two_way = two_way or channel.kind == GRID_I
        self.phases = system == THREE and channel.phase <= 3
        self.lowest_a = (_LOWEST_SOURCE_PU if source else _LOWEST_PU) * channel.rated
        self.steps = Steps(2.0 * self.lowest_a)
        self.windows = 0
        self._re = self._im = self._weight = self._clean = self._rights = self._others = 0.0

    def add(self) -> bool:
        """Weigh the last window; return whether its current was large enough to say anything."""
        current = self.current
        if not current.voltage.alive():
            self.steps.interrupt()
            return False
        weight = current.fundamental_a
        re = weight * cos(current.angle_rad)
        im = weight * sin(current.angle_rad)
        self.steps.add(re, im)
        if weight < self.lowest_a:
            return False
        self.windows += 1
        keep = 1.0 - 1.0 / min(self.windows, _MEMORY)
        most = current.voltage.thd_pu + _CLEAN_PU
        clean = current.variance_a2 < (1.0 + most * most) * weight * weight
        self._re = keep * self._re + re
        self._im = keep * self._im + im
        self._weight = keep * self._weight + weight
        self._clean = keep * self._clean + (weight if clean else 0.0)
        right = re > 0.5 * weight
        self._rights = _FORGET * self._rights + (weight if right else 0.0)
        self._others = _FORGET * self._others + (0.0 if right else weight)
        return True

    def angle_deg(self) -> float:
        """Return the mean angle, -180..180."""
        return atan2(self._im, self._re) * 180.0 / pi

    def verdict(self) -> int:
        """Return RIGHT, REVERSED, WRONG, WRONG_REVERSED, or UNKNOWN when the windows do not tell."""
        if self.windows < ENOUGH:
            return UNKNOWN
        turned = self.phases and self._turned()
        if self.two_way:
            return WRONG if turned else RIGHT
        angle = self.angle_deg()
        if -80.0 < angle < 95.0:
            return WRONG_REVERSED if turned else RIGHT
        if self._rights > _SEEN_RIGHT * self._others:
            return RIGHT
        if self.phases and self.steps.tell():
            return REVERSED if self.straight() else WRONG
        return self._backward(angle)

    def straight(self) -> bool:
        """Return whether the steps show the axis that loads have on their own phase."""
        return self.steps.tell() and -25.0 < self.steps.axis_deg() < 40.0

    def _backward(self, angle: float) -> int:
        """Judge an angle that no load has; loads lag by 10 degrees in the mean, which moves the limits."""
        if _size(self._re, self._im) < 0.9 * self._weight:
            return UNKNOWN
        if not self.phases:
            return REVERSED if abs(angle) > 120.0 else UNKNOWN
        if angle > 165.0 or angle < -145.0:
            return REVERSED
        if angle < 155.0 and not -145.0 < angle < -135.0:
            return WRONG
        return UNKNOWN

    def _turned(self) -> bool:
        """Return whether the loads' axis stands at 60 degrees, or a little more, in a clean current.

        Idle motors lag by about 60 degrees, but each by another angle: on that side the steps must agree closely.
        """
        steps = self.steps
        axis = steps.axis_deg()
        there = steps.tell(0.98) if 54.0 < axis < 68.0 else -75.0 < axis < -40.0 and steps.tell()
        return there and self._clean > 0.7 * self._weight


def _size(re: float, im: float) -> float:
    return sqrt(re * re + im * im)
