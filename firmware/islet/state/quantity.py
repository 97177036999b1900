"""A measured or derived value with the time it was true and how far to trust it."""

from islet.base.clock import elapsed_ms
from islet.names import NEVER, OK, STALE


class Quantity:
    """One value of the process image; `value` keeps the last good reading, `quality` says if it may be used."""

    def __init__(self, max_age_ms: int) -> None:
        self.value = 0.0
        self.quality = NEVER
        self.stamp_ms = 0
        self.max_age_ms = max_age_ms

    def set(self, value: float, now_ms: int, quality: int = OK) -> None:
        """Store a reading and its quality."""
        self.value = value
        self.stamp_ms = now_ms
        self.quality = quality

    def degrade(self, quality: int) -> None:
        """Keep the last value and its age, but lower the trust in it."""
        if quality > self.quality:
            self.quality = quality

    def age_ms(self, now_ms: int) -> int:
        """Return ms since the value was true."""
        return elapsed_ms(now_ms, self.stamp_ms)

    def usable(self, now_ms: int) -> bool:
        """Return whether control may use the value: quality OK and young enough; ageing marks it STALE."""
        if self.quality == OK and elapsed_ms(now_ms, self.stamp_ms) > self.max_age_ms:
            self.quality = STALE
        return self.quality == OK
