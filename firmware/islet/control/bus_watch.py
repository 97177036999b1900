"""Does the building's own bus live: by the meter, or by the battery inverter's word when that is blind."""

from islet.control.presence import count_ms
from islet.names import NOT_IMPLEMENTED

BAND_PU = 0.10
DARK_PU = 0.50
DARK_MS = 500  # a bus under half its voltage for this long has collapsed
UNSEEN_MS = 10_000  # a bus that nobody tells anything about: neither meter nor inverter
DEAD_PU = 0.10  # the share that the door takes for no voltage, too


class BusWatch:
    """Judges the bus side of the contactor without allocating."""

    def __init__(self, s) -> None:
        self._min_v = s.v_nominal_v * (1 - BAND_PU)
        self._max_v = s.v_nominal_v * (1 + BAND_PU)
        self._dark_v = s.v_nominal_v * DARK_PU
        self._dead_v = s.v_nominal_v * DEAD_PU
        self._hz_min, self._hz_max = s.hz_min, s.hz_max
        self.dark_ms = -1  # how long the bus has been dark, -1 while alive or not known
        self.unseen_ms = -1  # how long nothing has been known of it, -1 while something is

    def step(self, image, now_ms: int, gap_ms: int) -> None:
        """Count how long the bus has been under half its voltage."""
        hz = image.battery_hz
        seen = True
        if image.bus_v.usable(now_ms):
            dark = image.bus_v.value < self._dark_v
        elif hz.usable(now_ms):
            dark = hz.value < self._hz_min
        else:
            dark = hz.quality == NOT_IMPLEMENTED  # the inverter answers, and has no frequency to tell
            seen = dark
        self.dark_ms = count_ms(self.dark_ms, gap_ms) if dark else -1
        self.unseen_ms = -1 if seen else count_ms(self.unseen_ms, gap_ms)

    def collapsed(self) -> bool:
        """Return whether the bus has been dark for long enough to believe it."""
        return self.dark_ms >= DARK_MS

    def unseen(self) -> bool:
        """Return whether nothing is known of the bus, for long enough to act without."""
        return self.unseen_ms >= UNSEEN_MS

    def alive(self, image, now_ms: int) -> bool:
        """Return whether the bus has its voltage within 10 %."""
        if image.bus_v.usable(now_ms):
            return self._min_v <= image.bus_v.value <= self._max_v
        return image.battery_hz.usable(now_ms) and self._hz_min <= image.battery_hz.value <= self._hz_max

    def dead(self, image) -> bool:
        """Return whether the bus, just seen by the meter, may be joined to the grid without synchronising."""
        return image.bus_v.value < self._dead_v

    def witness(self, image, now_ms: int):
        """Return the quantity that `alive` goes by."""
        return image.bus_v if image.bus_v.usable(now_ms) else image.battery_hz
