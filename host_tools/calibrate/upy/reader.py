"""Means of a meter's readings over a few parts of a time; runs on MicroPython.

`samples` is where windows come from: next() fills `window` (codes, array('H')) and tells how many sets there are,
`n_sets`, and how many of them were in the last window, `kept`; `raw` holds the new sets before the `table`.
"""

from array import array

from host_tools.calibrate.upy.samples import Samples
from islet.measure.interval import Interval
from islet.measure.kernels import EXTREMES
from islet.measure.linearise import Histogram
from islet.measure.meter import Meter
from islet.measure.power import Current
from islet.measure.reference import Mean
from islet.measure.voltage import Voltage
from islet.measure.wiring import Channel
from islet.state.image import Image

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    Widths = tuple[tuple[int, ...], tuple[float, ...]]
SETTLE_WINDOWS = 3  # not counted: the first ones after a gap have no cycle before them


class Reader:
    """Reads one current of a meter, and the codes of its converter."""

    def __init__(self, kernels: "ModuleType", meter: Meter, samples: "Samples") -> None:
        self.meter = meter
        self.wiring = meter.wiring
        self.samples = samples
        self.noise_codes = {channel.name: channel.noise_codes for channel in meter.wiring.channels}
        self._kernels = kernels
        self._interval = Interval(meter)
        self._image = Image()
        self._extremes = array("i", bytes(4 * EXTREMES))
        self._now_ms = 0

    def find(self, name: object) -> "Voltage | Current":
        """Return the meter's voltage or current of that name; raises ValueError."""
        channels = self.meter.voltages + self.meter.currents
        for found in channels:
            if found.channel.name == name:
                return found
        known = ", ".join([found.channel.name for found in channels])
        raise ValueError("%r is not a channel of this device, which has %s" % (name, known))

    def mean(self, found: "Voltage | Current", seconds: float, parts: int) -> Mean:
        """Return the readings of a channel over `seconds`, in `parts` of whole windows; a voltage has no current."""
        mean = Mean()
        for _ in range(SETTLE_WINDOWS):
            self._window()
        current = found if isinstance(found, Current) else None
        voltage = found.voltage if isinstance(found, Current) else found
        v = self.meter.voltages.index(voltage)
        k = self.meter.currents.index(current) if current else 0
        for _ in range(parts):
            square = self._part(voltage, current, seconds * self.wiring.set_hz / parts, mean)
            told = self._interval
            w, var = (told.active_w(k), told.reactive_var(k)) if current else (0.0, 0.0)
            mean.add(told.rms_v(v), square, w, var, told.hz(v))
        return mean

    def _part(self, voltage: Voltage, current: "Current | None", sets: float, mean: Mean) -> float:
        """Measure about `sets` sets; return the mean square of the current, which may be negative."""
        self._interval.reset()
        squares = weight = 0.0
        while sets > 0.0:
            sets -= self._window()
            self._interval.add()
            mean.clipped += self._clipped(voltage.channel)
            if current:
                mean.clipped += self._clipped(current.channel)
                weight += voltage.cycles.length
                squares += voltage.cycles.length * current.variance_a2
        return squares / weight if weight else 0.0

    def _window(self) -> int:
        """Measure the next window; return how many sets are new in it."""
        samples = self.samples
        samples.next()
        new = samples.n_sets - samples.kept
        self._now_ms += int(1000 * new / self.wiring.set_hz)
        self.meter.measure(samples.window, samples.kept, samples.n_sets, self._image, self._now_ms)
        return new

    def _clipped(self, channel: Channel) -> int:
        samples, stride = self.samples, self.wiring.stride
        number = self.wiring.index(channel.name)
        self._kernels.extremes(samples.window, stride, number, samples.kept, samples.n_sets, self._extremes)
        return self._extremes[2]

    def widths(self, histogram: Histogram, number: int, limit: int) -> "Widths":
        """Return codes and widths as a channel's samples tell them; raises ValueError when `limit` do not."""
        samples = self.samples
        while True:
            count = samples.next_raw()
            histogram.add(samples.raw, number, self.wiring.stride, count)
            if histogram.total % (64 * count) == 0 or histogram.total >= limit:
                try:
                    codes, widths = histogram.widths()
                    return codes, widths
                except ValueError:
                    if histogram.total >= limit:
                        raise
