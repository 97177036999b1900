"""A value that is only good until a tick: what every remote command becomes on the board."""

from islet.base.clock import add_ms, elapsed_ms

MAX_SPAN_MS = 86_400_000  # a day; far inside the 6.2 days that ticks can tell apart


class Lease:
    """A value with its end in ticks: setting the clock cannot lengthen it, and an ended one stays ended."""

    def __init__(self, value, now_ms: int, span_ms: int, source: str = "", reason: str = "") -> None:
        """Start at now_ms for span_ms, 0..MAX_SPAN_MS or ValueError. Ask `live` at least every 5 days."""
        if not 0 <= span_ms <= MAX_SPAN_MS:
            raise ValueError(f"lease of {span_ms} ms, must be 0 to {MAX_SPAN_MS}")
        self.value = value
        self.source = source
        self.reason = reason
        self.expires_ms = add_ms(now_ms, span_ms)
        self._ended = span_ms == 0

    def live(self, now_ms: int) -> bool:
        """Return whether the value may still be used at now_ms."""
        if not self._ended and elapsed_ms(now_ms, self.expires_ms) >= 0:
            self._ended = True
        return not self._ended

    def renew(self, value, now_ms: int, span_ms: int) -> None:
        """Begin anew with a value, without making anything; span_ms as at the start."""
        self.value = value
        self.expires_ms = add_ms(now_ms, span_ms)
        self._ended = span_ms == 0

    def left_ms(self, now_ms: int) -> int:
        """Return the ms until the end, 0 once ended."""
        return -elapsed_ms(now_ms, self.expires_ms) if self.live(now_ms) else 0

    def end(self) -> None:
        """End the lease now."""
        self._ended = True
