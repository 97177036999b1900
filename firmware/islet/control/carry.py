"""PV in an island: held down by its limit register, early and smoothly, so that the frequency need not do it."""

from islet.names import R_NONE, R_SOC_MAX

CEILING_PU = (
    0.95  # charge above which PV gives less than the load: room for a load that drops between two steps
)
SPAN_PU = 0.05  # below the ceiling, over which charging is given up
LEAST_SHARE = 0.5  # of the load that PV gives with a full battery, at most
RISE_MS = 60_000  # from nothing to the rating


class Carry:
    """Sets wishes.pv_limit_w while the battery is the slack; full power is charged up to CEILING_PU - SPAN_PU.

    A limit that is exact leaves the battery no room, at full charge or at full charging, and every load that drops
    pushes the frequency up. Held lower by the largest load that dropped in the last hours, the battery takes the
    difference, and a full one comes back to the ceiling.
    """

    def __init__(self, s) -> None:
        self._pv_rated_w = s.pv_rated_w
        self._battery_rated_w = s.battery_rated_w

    def step(self, image, wishes, now_ms: int, dt_ms: int, fall_w: float = 0.0) -> None:
        """Write wishes.pv_limit_w (W) and its reason: down at once, up by a ramp; fall_w: a drop to be ready for."""
        allowed_w = min(self._pv_rated_w, self.allowed_w(image, now_ms, fall_w))
        rise_w = self._pv_rated_w * min(1.0, dt_ms / RISE_MS)
        wishes.pv_limit_w = min(allowed_w, wishes.pv_limit_w + rise_w)
        wishes.pv_reason = R_NONE if wishes.pv_limit_w >= self._pv_rated_w else R_SOC_MAX

    def allowed_w(self, image, now_ms: int, fall_w: float = 0.0) -> float:
        """Return the PV power (W, >= 0) that load and battery take; with an unknown charge half the load."""
        load_w = self._open_load_w(image, now_ms)
        if not image.soc_pu.usable(now_ms):
            return LEAST_SHARE * load_w
        room_pu = (CEILING_PU - image.soc_pu.value) / SPAN_PU
        if room_pu >= 0.0:
            charge_w = self._battery_rated_w - min(fall_w, LEAST_SHARE * self._battery_rated_w)
            return load_w + min(charge_w, self._battery_rated_w * room_pu)
        least_w = min(LEAST_SHARE * load_w, max(0.0, load_w - fall_w))
        return load_w - (load_w - least_w) * min(1.0, -room_pu)

    def _open_load_w(self, image, now_ms: int) -> float:
        """Return the load that gensets and cars on the other side of the load CT leave to PV and battery (W)."""
        load_w = max(0.0, image.metered_load_w.value) if image.metered_load_w.usable(now_ms) else 0.0
        apart_w = image.apart_w.value if image.apart_w.usable(now_ms) else 0.0
        return max(0.0, load_w - apart_w)
