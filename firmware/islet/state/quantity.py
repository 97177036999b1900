"""A measured or derived value with the time it was true and how far to trust it."""

from islet.base.clock import elapsed_ms
from islet.base.reading import Reading
from islet.names import OK, STALE


class Quantity(Reading):
    """One value of the process image: a reading that ages."""

    def __init__(self, max_age_ms: int) -> None:
        super().__init__()
        self.max_age_ms = max_age_ms

    def age_ms(self, now_ms: int) -> int:
        """Return ms since the value was true."""
        return elapsed_ms(now_ms, self.stamp_ms)

    def usable(self, now_ms: int) -> bool:
        """Return whether control may use the value: quality OK and young enough; ageing marks it STALE."""
        if self.quality == OK and elapsed_ms(now_ms, self.stamp_ms) > self.max_age_ms:
            self.quality = STALE
        return self.quality == OK
