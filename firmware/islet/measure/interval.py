"""Means over any number of windows: powers as means, rms values as roots of mean squares (IEC 61000-4-30)."""

from math import sqrt


class _Sum:
    """Of one channel, weighted by the length of its cycles."""

    def __init__(self) -> None:
        self.weight = self.square = self.active = self.reactive = self.fundamental = 0.0
        self.cycles = self.alive = 0.0

    def mean(self, total: float) -> float:
        """Return the mean; 0 before anything was added."""
        return total / self.weight if self.weight else 0.0


class Interval:
    """Collects what a Meter has measured since reset(); k is the place in meter.voltages or meter.currents."""

    def __init__(self, meter) -> None:
        self._meter = meter
        self.reset()

    def reset(self) -> None:
        """Begin anew."""
        self.windows = 0
        self._voltages = [_Sum() for _ in self._meter.voltages]
        self._currents = [_Sum() for _ in self._meter.currents]

    def add(self) -> None:
        """Take in the window that the meter has just measured."""
        self.windows += 1
        for k in range(len(self._voltages)):
            total, voltage = self._voltages[k], self._meter.voltages[k]
            length = voltage.cycles.length
            total.weight += length
            total.square += length * voltage.rms_v * voltage.rms_v
            if voltage.hz:
                total.cycles += voltage.cycles.count
                total.alive += length
        for k in range(len(self._currents)):
            total, current = self._currents[k], self._meter.currents[k]
            length = current.voltage.cycles.length
            total.weight += length
            total.square += length * current.variance_a2
            total.active += length * current.active_w
            total.reactive += length * current.reactive_var
            total.fundamental += length * current.fundamental_w

    def rms_v(self, k: int) -> float:
        """Return the rms of a voltage."""
        total = self._voltages[k]
        return sqrt(total.mean(total.square))

    def hz(self, k: int) -> float:
        """Return the frequency of a voltage while it was alive, 0 when it was dead throughout."""
        total = self._voltages[k]
        return total.cycles * self._meter.wiring.set_hz / total.alive if total.alive else 0.0

    def rms_a(self, k: int) -> float:
        """Return the rms of a current, its noise taken out of the mean square."""
        total = self._currents[k]
        return sqrt(max(0.0, total.mean(total.square)))

    def active_w(self, k: int) -> float:
        """Return the active power of a current."""
        total = self._currents[k]
        return total.mean(total.active)

    def fundamental_w(self, k: int) -> float:
        """Return the active power of the fundamental of a current."""
        total = self._currents[k]
        return total.mean(total.fundamental)

    def reactive_var(self, k: int) -> float:
        """Return the reactive power of the fundamental of a current, positive when it lags."""
        total = self._currents[k]
        return total.mean(total.reactive)

    def apparent_va(self, k: int) -> float:
        """Return rms voltage times rms current; of two phases, the voltage of the last window."""
        current = self._meter.currents[k]
        if len(current.pairs) > 1:
            return current.volts_v * self.rms_a(k)
        return self.rms_v(self._meter.voltages.index(current.voltage)) * self.rms_a(k)

    def power_factor(self, k: int) -> float:
        """Return active over apparent power; not a number without current."""
        apparent = self.apparent_va(k)
        return self.active_w(k) / apparent if apparent else float("nan")
