"""Leases of commands: when a device needs its value again, and until when a wish is good at all."""

from islet.base.clock import elapsed_ms


class Setpoint:
    """The last value that read back right; due when it changed, or when half its lease is over."""

    def __init__(self, resolution: float, lease_ms: int) -> None:
        """resolution in the unit of the value; lease_ms 0 for a value that the device keeps for ever."""
        self.resolution = resolution
        self.lease_ms = lease_ms
        self.value = 0.0
        self._stamp_ms = 0
        self._known = False

    def changed(self, value: float) -> bool:
        """Return whether the device holds another value, or one not known."""
        return not self._known or abs(value - self.value) > self.resolution

    def expiring(self, now_ms: int) -> bool:
        """Return whether half the lease is over, or it never began."""
        half_over = self.lease_ms > 0 and 2 * elapsed_ms(now_ms, self._stamp_ms) >= self.lease_ms
        return half_over or not self._known

    def hold(self, value: float) -> None:
        """Note a value read back right, its lease as it was."""
        self.value = value
        self._known = True

    def renew(self, value: float, now_ms: int) -> None:
        """Note a value read back right and its lease begun anew."""
        self.hold(value)
        self._stamp_ms = now_ms

    def forget(self) -> None:
        """Forget what the device holds: after a mismatch, an error or a new connection."""
        self._known = False


class Validity:
    """Until when what control wished may be carried out; an ended one stays ended until it is renewed."""

    def __init__(self, span_ms: int) -> None:
        """span_ms after a renewal, below 2**29; 0 is for ever, then it has begun. Else it begins with a renewal."""
        self.span_ms = span_ms
        self.begun = span_ms == 0
        self._stamp_ms = 0
        self._live = self.begun

    def renew(self, now_ms: int) -> None:
        """Note that what is wished is wished now."""
        self._stamp_ms = now_ms
        self.begun = self._live = True

    def live(self, now_ms: int) -> bool:
        """Return whether the wish still holds; ask at least every 6 days."""
        if self.span_ms and self._live and elapsed_ms(now_ms, self._stamp_ms) >= self.span_ms:
            self._live = False
        return self._live
