"""What bounds the battery on the grid: rating, charge, connection, reserve, envelope, soft return."""

import math

from islet.control.band import NO_LIMIT_W
from islet.names import R_ENVELOPE, R_MAIN_FUSE, R_RATING, R_RESERVE, R_SOC_MAX, R_SOC_MIN, R_SOFT_RETURN

ETA = math.sqrt(0.9)  # one way
HOLD_MS = 60_000  # the longest pause between steps: a set-point may have to last so long


def net_load_w(image, now_ms: int) -> float:
    """Return what grid and battery must give together (W): load less PV, cars and cogeneration; NaN if unusable."""
    load_w = feeder_load_w(image, now_ms)
    if not (image.pv_w.usable(now_ms) and image.apart_w.usable(now_ms)):
        return math.nan
    return load_w - image.pv_w.value - image.apart_w.value


def feeder_load_w(image, now_ms: int) -> float:
    """Return the power of the load feeder (W, consumes), cars behind its CT too; NaN when it is not known.

    The metered load goes first: no device's age is in it.
    """
    if image.metered_load_w.usable(now_ms):
        return image.metered_load_w.value
    if image.load_w.usable(now_ms) and image.feeder_w.usable(now_ms):
        return image.load_w.value - image.feeder_w.value
    return math.nan


class Limits:
    """Shrinks the battery's band step by step; later layers cannot take back what earlier ones need.

    The reserve goes before the envelope: a house at its reserve imports what it needs rather than lose its
    outage supply. The connection's rating and its main fuse go before the reserve: they would cause the outage.
    """

    def __init__(self, s) -> None:
        self._s = s
        self.pv_allowed_w = NO_LIMIT_W  # most PV power that export limit and fullest charging admit
        self.pv_reason = R_RATING
        self.reserve_pu = s.reserve_soc_pu  # may be raised, as before an announced outage
        self._fuse_lo_w, self._fuse_hi_w, self._fuse_pv_w = -NO_LIMIT_W, NO_LIMIT_W, NO_LIMIT_W

    def allow_pv(self, most_w: float, reason: str) -> None:
        """Lower what PV may give (W), after shrink."""
        if most_w < self.pv_allowed_w:
            self.pv_allowed_w, self.pv_reason = max(0.0, most_w), reason

    def hold_fuse(self, lo_w: float, hi_w: float, pv_w: float) -> None:
        """Take what the main fuse asks: bounds of the battery and a cap of PV (W)."""
        self._fuse_lo_w, self._fuse_hi_w, self._fuse_pv_w = lo_w, hi_w, pv_w

    def shrink(
        self,
        band,
        image,
        now_ms: int,
        dt_ms: int,
        import_w: float,
        export_w: float,
        soft_import_w: float = NO_LIMIT_W,
    ) -> None:
        """Apply every limit; import_w, export_w: envelope (W, >= 0); soft_import_w: cap after an outage."""
        s = self._s
        band.shrink(-s.battery_rated_w, s.battery_rated_w, R_RATING)
        self._charge(band, image, now_ms, max(dt_ms, HOLD_MS) / 3_600_000)
        net_w = net_load_w(image, now_ms)
        self._allow_pv(band.lo, net_w, image, export_w)
        if not math.isnan(net_w):
            band.shrink(net_w - s.import_rated_w, net_w + s.export_rated_w, R_RATING)
        band.shrink(self._fuse_lo_w, self._fuse_hi_w, R_MAIN_FUSE)
        self._keep_reserve(band, image, now_ms, max(dt_ms, HOLD_MS) / 3_600_000)
        if not math.isnan(net_w):
            band.shrink(net_w - import_w, net_w + export_w, R_ENVELOPE)
            band.shrink(net_w - max(0.0, soft_import_w), NO_LIMIT_W, R_SOFT_RETURN)

    def _charge(self, band, image, now_ms: int, hold_h: float) -> None:
        """Bound the power so that charge or room outlasts the hold; unknown charge moves nothing."""
        s = self._s
        if not image.soc_pu.usable(now_ms):
            band.shrink(0.0, 0.0, R_SOC_MIN)
            return
        left_wh = max(0.0, image.soc_pu.value - s.soc_min_pu) * s.battery_wh
        room_wh = max(0.0, s.soc_max_pu - image.soc_pu.value) * s.battery_wh
        band.shrink(-NO_LIMIT_W, left_wh * ETA / hold_h, R_SOC_MIN)
        band.shrink(-room_wh / ETA / hold_h, NO_LIMIT_W, R_SOC_MAX)

    def _keep_reserve(self, band, image, now_ms: int, hold_h: float) -> None:
        if image.soc_pu.usable(now_ms):
            spare_wh = max(0.0, image.soc_pu.value - self.reserve_pu) * self._s.battery_wh
            band.shrink(-NO_LIMIT_W, spare_wh * ETA / hold_h, R_RESERVE)

    def _allow_pv(self, lo_w: float, net_w: float, image, export_w: float) -> None:
        """Work out how much PV load, fullest charging (lo_w) and export limit can take together."""
        self.pv_reason = R_ENVELOPE if export_w <= self._s.export_rated_w else R_RATING
        if math.isnan(net_w):  # what is never too much: a load is never below 0
            self.pv_allowed_w = max(0.0, min(export_w, self._s.export_rated_w))
            return
        load_w = net_w + image.pv_w.value
        self.pv_allowed_w = max(0.0, load_w + min(export_w, self._s.export_rated_w) - min(lo_w, 0.0))
        if self._fuse_pv_w < self.pv_allowed_w:
            self.pv_allowed_w, self.pv_reason = self._fuse_pv_w, R_MAIN_FUSE
