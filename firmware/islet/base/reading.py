"""A value with the tick at which it was true and how far to trust it."""

from islet.names import NEVER, OK


class Reading:
    """`value` keeps the last good one, `quality` says if it may be used; filled by whoever reads it."""

    def __init__(self) -> None:
        self.value = 0.0
        self.stamp_ms = 0
        self.quality = NEVER

    def set(self, value, now_ms: int, quality: int = OK) -> None:
        """Store a value read at now_ms and its quality."""
        self.value = value
        self.stamp_ms = now_ms
        self.quality = quality

    def degrade(self, quality: int) -> None:
        """Keep the last value and its age, but lower the trust in it; what was never read stays so."""
        if quality > self.quality:
            self.quality = quality

    def take(self, other, now_ms: int) -> None:
        """Store what another was just set to; without a good value only its quality."""
        self.set(other.value if other.quality == OK else self.value, now_ms, other.quality)
