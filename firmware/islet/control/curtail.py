"""Holds PV down when neither the load, the battery nor the export limit can take it."""

from islet.base.clock import elapsed_ms
from islet.names import R_NONE

_RELEASE_MS = 60_000  # from nothing to the rating, and how long there must be slack before letting go
_SLACK_PU = 0.05


class Curtail:
    """Lowers wishes.pv_limit_w at once, raises it by a ramp, and lets go after a minute of slack."""

    def __init__(self, s) -> None:
        self._rated_w = s.pv_rated_w
        self._active = False
        self._tight_ms = 0  # when the limit last mattered

    def step(self, image, wishes, allowed_w: float, reason: str, now_ms: int, dt_ms: int) -> None:
        """Write wishes.pv_limit_w (W) from the PV power admitted, and the reason while it acts."""
        pv_w = image.pv_w.value
        if pv_w > allowed_w and not self._active:
            self._active = True
            wishes.pv_limit_w = min(pv_w, self._rated_w)
        if not self._active:
            wishes.pv_limit_w = self._rated_w
            wishes.pv_reason = R_NONE
            return
        rise_w = self._rated_w * min(1.0, dt_ms / _RELEASE_MS)
        wishes.pv_limit_w = max(0.0, min(allowed_w, wishes.pv_limit_w + rise_w, self._rated_w))
        wishes.pv_reason = reason
        self._maybe_release(pv_w, wishes.pv_limit_w, now_ms)

    def _maybe_release(self, pv_w: float, limit_w: float, now_ms: int) -> None:
        """Let go when PV has stayed clearly below its limit, or the limit at the rating, for a minute."""
        slack = pv_w < limit_w - _SLACK_PU * self._rated_w or limit_w >= self._rated_w
        if not slack:
            self._tight_ms = now_ms
        elif elapsed_ms(now_ms, self._tight_ms) >= _RELEASE_MS:
            self._active = False
