"""What a calibration compares: mean readings of the meter, and what a reference meter showed over the same time."""

from math import acos, atan2, cos, sqrt

MIN_PARTS = 5  # sub-windows, for a spread to mean something
STEADY_PU = 0.0005  # standard error of a mean for gain and phase: costs 0.05 %, a tenth of a class 0.5 CT
STEADY_OFFSET_PU = 0.0001  # standard error of the power at the offset, of rated power
HZ_SPAN = 0.2
HZ_MIN, HZ_MAX = 45.0, 65.0
REFERENCE_KEYS = ("v", "a", "w", "var", "pf")


class _Track:
    """Mean and standard error of a few values, without the loss of float32's squares."""

    def __init__(self) -> None:
        self.count = 0
        self.first = self.total = self.squares = self.low = self.high = 0.0

    def add(self, value: float) -> None:
        """Take in a value."""
        if not self.count:
            self.first = self.low = self.high = value
        self.count += 1
        self.total += value - self.first
        self.squares += (value - self.first) * (value - self.first)
        self.low, self.high = min(self.low, value), max(self.high, value)

    @property
    def mean(self) -> float:
        """Mean value; 0 of none."""
        return self.first + self.total / self.count if self.count else 0.0

    @property
    def error(self) -> float:
        """Standard error of the mean, from the spread of the values; 0 below two."""
        if self.count < 2:
            return 0.0
        spread = self.squares - self.total * self.total / self.count
        return sqrt(max(0.0, spread) / (self.count - 1) / self.count)


class Mean:
    """Readings of a current and its voltage over an integration time, in sub-windows of equal length."""

    def __init__(self) -> None:
        self._v, self._a2, self._w, self._var, self._hz = [_Track() for _ in range(5)]
        self.clipped = 0  # samples at a rail

    def add(self, rms_v: float, variance_a2: float, active_w: float, reactive_var: float, hz: float) -> None:
        """Take in the means of a sub-window; variance_a2 is the current's mean square less its noise, unclipped."""
        for track, value in (
            (self._v, rms_v),
            (self._a2, variance_a2),
            (self._w, active_w),
            (self._var, reactive_var),
            (self._hz, hz),
        ):
            track.add(value)

    @property
    def parts(self) -> int:
        """Number of sub-windows."""
        return self._v.count

    @property
    def v(self) -> float:
        """Volt."""
        return self._v.mean

    @property
    def a2(self) -> float:
        """Mean square of the current less its noise; may be negative at no load."""
        return self._a2.mean

    @property
    def a(self) -> float:
        """Ampere."""
        return sqrt(max(0.0, self._a2.mean))

    @property
    def w(self) -> float:
        """Watt, of all harmonics."""
        return self._w.mean

    @property
    def var(self) -> float:
        """Reactive power of the fundamental, positive when the current lags."""
        return self._var.mean

    @property
    def pf(self) -> float:
        """Active over apparent power, 0 without current."""
        apparent = self.v * self.a
        return self.w / apparent if apparent else 0.0

    @property
    def hz(self) -> float:
        """Frequency."""
        return self._hz.mean

    def faults(self, v_min_v: float) -> list:
        """Return what makes these readings unfit for any step, as sentences."""
        found = []
        if self.parts < MIN_PARTS:
            found.append("%d sub-windows were read, %d are needed" % (self.parts, MIN_PARTS))
        if self.clipped:
            found.append("%d samples are clipped: the signal is larger than the input takes" % self.clipped)
        if self.v < v_min_v:
            found.append("there is no voltage: %.1f V" % self.v)
        elif not HZ_MIN <= self._hz.low <= self._hz.high <= HZ_MAX:
            found.append("the frequency is %.2f Hz, must be %g to %g" % (self.hz, HZ_MIN, HZ_MAX))
        elif self._hz.high - self._hz.low > HZ_SPAN:
            span = (self._hz.low, self._hz.high, HZ_SPAN)
            found.append("the frequency is not steady: %.2f to %.2f Hz, at most %g apart" % span)
        return found

    def restless(self) -> list:
        """Return why the readings move too much for gain and phase, as sentences."""
        apparent = self.v * self.a
        errors = [("voltage", self._v.error, self.v), ("current", self._a2.error, 2.0 * self.a2)]
        errors += [("power", self._w.error, apparent), ("reactive power", self._var.error, apparent)]
        words = "%s is unsteady: its mean is known to %.3f %% only, must be %.3f; wait, or read for longer"
        limit = STEADY_PU
        return [words % (n, 100 * e / x, 100 * limit) for n, e, x in errors if x > 0 and e > limit * x]

    def restless_offset(self, rated_w: float) -> list:
        """Return why the power moves too much for an offset, as sentences."""
        limit_w = STEADY_OFFSET_PU * rated_w
        if self._w.error <= limit_w:
            return []
        return ["power is unsteady: its mean is known to %.2f W, must be %.2f" % (self._w.error, limit_w)]


class Reference:
    """What the reference meter showed over the same time: v, a, w, var, pf, those that are known."""

    def __init__(self, raw: dict) -> None:
        """Raises ValueError that lists all that is wrong."""
        self.v = raw.get("v")
        self.a = raw.get("a")
        self.w = raw.get("w")
        self.var = raw.get("var")
        self.pf = raw.get("pf")
        wrong = ["%s is not a reading" % key for key in raw if key not in REFERENCE_KEYS]
        for key in REFERENCE_KEYS:
            value = raw.get(key)
            if value is not None and (type(value) not in (int, float) or not abs(value) < 1e7):
                wrong.append("%s is %r, must be a number" % (key, value))
        if not wrong:
            wrong += self._contradictions()
        if wrong:
            raise ValueError("reference: " + "; ".join(wrong))

    def _contradictions(self) -> list:
        wrong = []
        for key, value in (("v", self.v), ("a", self.a)):
            if value is not None and value < 0:
                wrong.append("%s is %g, must not be negative" % (key, value))
        if self.pf is not None and abs(self.pf) > 1:
            wrong.append("pf is %g, must be -1 to 1" % self.pf)
        if self.v and self.a and self.w is not None:
            pf = self.w / (self.v * self.a)
            if abs(pf) > 1.005:
                wrong.append("%g W are more than %g V times %g A" % (self.w, self.v, self.a))
            elif self.pf is not None and abs(abs(pf) - abs(self.pf)) > 0.01:
                wrong.append("W / (V A) is %.3f, but pf is %.3f" % (pf, self.pf))
        return wrong

    def power_factor(self):
        """Return the power factor without its sign, or None when it is not known."""
        angle_rad = self.angle_rad(0.0)
        return None if angle_rad is None else abs(cos(angle_rad))

    def angle_rad(self, like_rad: float):
        """Return the angle of the load, positive lagging, on the side of like_rad where no var is known; or None."""
        if self.w is not None and self.var is not None:
            return atan2(self.var, self.w)
        pf = self.pf
        if pf is None and self.w is not None and self.v and self.a:
            pf = max(-1.0, min(1.0, self.w / (self.v * self.a)))
        if pf is None:
            return None
        return acos(pf) if like_rad >= 0 else -acos(pf)
