"""A range of battery power that controllers, in order of priority, can only make smaller."""

from islet.names import R_NONE

NO_LIMIT_W = 1e9  # beyond any building


class Band:
    """Allowed battery power lo..hi (W, discharges), and who set each edge; never empty, never widened."""

    def __init__(self) -> None:
        self.lo = 0.0
        self.hi = 0.0
        self.lo_reason = R_NONE
        self.hi_reason = R_NONE

    def reset(self, lo: float, hi: float, reason: str = R_NONE) -> None:
        """Start a new step with lo..hi (W)."""
        self.lo = lo
        self.hi = max(lo, hi)
        self.lo_reason = reason
        self.hi_reason = reason

    def shrink(self, lo: float, hi: float, reason: str) -> None:
        """Cut the band to lo..hi (W); if they do not meet, the nearest point is left and keeps its owner."""
        if lo > self.hi:
            self.lo = self.hi
            self.lo_reason = self.hi_reason
        elif hi < self.lo:
            self.hi = self.lo
            self.hi_reason = self.lo_reason
        else:
            self._raise_lo(lo, reason)
            self._lower_hi(hi, reason)

    def clamp(self, power_w: float) -> float:
        """Return the power in the band that is nearest to power_w."""
        return max(self.lo, min(self.hi, power_w))

    def reason(self, power_w: float, otherwise: str) -> str:
        """Return who stops power_w at the band's edge, or `otherwise` when it lies inside."""
        if power_w < self.lo:
            return self.lo_reason
        return self.hi_reason if power_w > self.hi else otherwise

    def _raise_lo(self, lo: float, reason: str) -> None:
        if lo > self.lo:
            self.lo = lo
            self.lo_reason = reason

    def _lower_hi(self, hi: float, reason: str) -> None:
        if hi < self.hi:
            self.hi = max(self.lo, hi)
            self.hi_reason = reason
