"""One wish for all devices of a role becomes a share for each, by ratings."""

from islet.names import NOT_IMPLEMENTED

EMPTY_PU, FULL_PU, TAPER_PU = 0.05, 1.0, 0.02  # of charge: ends of what a follower may use in an island
OVER_RATING = 3.0  # no inverter gives or takes more
ANY_W = (-10_000_000.0, 10_000_000.0)


class Shares:
    """Splits wishes between the parts of a building: batteries that form an island, those that follow, and PV."""

    def __init__(self, pv: list, batteries: list, pv_free_w: float) -> None:
        """pv and batteries are lists of Part; a wish of pv_free_w is no limit."""
        for k in range(len(batteries)):
            batteries[k].forms = batteries[k].forms or k == 0
        self._pv_free_w = pv_free_w
        self.pv = pv
        self.batteries = batteries

    @property
    def former_w(self) -> float:
        """Return the rating of the batteries that form the voltage of an island."""
        rated_w = 0.0
        for part in self.batteries:
            if part.forms:
                rated_w += _rated_w(part)
        return rated_w

    def follower_w(self, now_ms: int) -> float:
        """Return the rating of those that answer and follow in an island."""
        return self._told_w(now_ms, True)

    @property
    def battery_own_curves(self) -> bool:
        """Return whether every battery that may be told answers the voltage by curves of its own."""
        return _all_own(self.batteries)

    @property
    def pv_own_curves(self) -> bool:
        """Return whether every PV inverter that may be told does."""
        return _all_own(self.pv)

    def split(self, wishes, now_ms: int, safe_pv_w: float) -> None:
        """Share the wishes out by ratings; safe_pv_w is what all PV may give when control is not heard.

        A battery that does not answer or is only read leaves its share to the others; what PV that is only read
        gives is taken from the share of the others. In an island battery_w is for those that follow.
        """
        self._split_pv(wishes.pv_limit_w, safe_pv_w, now_ms)
        self._split_var(self.pv, wishes.pv_var, False)
        self._split_var(self.batteries, wishes.battery_var, True)
        followers = wishes.forming
        answering_w = self._told_w(now_ms, followers)
        told_w = answering_w or self._told_w(None, followers)
        for part in self.batteries:
            share = 0.0
            asked = part.control and not (followers and part.forms)
            if asked and (not answering_w or part.battery_w.usable(now_ms)):
                share = _rated_w(part) / told_w
            power_w = wishes.battery_w * share
            part.wishes.battery_w = _charge_bound(part, power_w, now_ms) if followers else power_w
            _hold_up(part.wishes, wishes, part.forms)
            _hold_up(part.safe, wishes, part.forms)

    def _split_var(self, parts: list, total_var: float, batteries: bool) -> None:
        """Share reactive power by rating; what has curves of its own is told none, what is not told gives none."""
        rated_w = 0.0
        for part in parts:
            rated_w += _rated_w(part)
        for part in parts:
            share = _rated_w(part) / rated_w if part.control and not part.own_curves else 0.0
            if batteries:
                part.wishes.battery_var = total_var * share
            else:
                part.wishes.pv_var = total_var * share

    def _split_pv(self, limit_w: float, safe_w: float, now_ms: int) -> None:
        rated_w = 0.0
        free = limit_w >= self._pv_free_w  # then no share is to look like a limit
        for part in self.pv:
            if part.control:
                rated_w += _rated_w(part)
            else:
                given_w = _given_w(part, now_ms)
                limit_w -= given_w
                safe_w -= given_w
        for part in self.pv:
            if part.control:
                share = _rated_w(part) / rated_w
                part.wishes.pv_limit_w = self._pv_free_w if free else max(0.0, limit_w) * share
                part.safe.pv_limit_w = min(part.wishes.pv_limit_w, max(0.0, safe_w) * share)

    def _told_w(self, now_ms: int | None, followers: bool = False) -> float:
        """Return the rating of the batteries that may be told; with a tick, of those alone that answer.

        followers: of those that do not form.
        """
        rated_w = 0.0
        for part in self.batteries:
            if not part.control or (followers and part.forms):
                continue
            if now_ms is None or part.battery_w.usable(now_ms):
                rated_w += _rated_w(part)
        return rated_w


def span_w(part) -> tuple:
    """Return what a part's power can be, beyond all doubt."""
    return (-OVER_RATING * part.rated_w, OVER_RATING * part.rated_w) if part.rated_w else ANY_W


def within(quantity, span: tuple) -> bool:
    """Return whether a value can be a reading; one that is no number cannot."""
    low, high = span
    return low <= quantity.value <= high


def _rated_w(part) -> float:
    """Return what a part's share goes by; a rating that is not told is that of the only one."""
    return part.rated_w or 1.0


def _given_w(part, now_ms: int) -> float:
    """Return what PV that is only read gives; the most that it can where that is not known."""
    if part.pv_w.quality == NOT_IMPLEMENTED:
        return 0.0
    if part.pv_w.usable(now_ms) and within(part.pv_w, span_w(part)):
        return part.pv_w.value
    return part.rated_w


def _hold_up(mine, wishes, forms: bool) -> None:
    """Copy what holds an island up: it is held whoever is silent."""
    mine.forming = wishes.forming and forms
    mine.form_hz = wishes.form_hz
    mine.form_v = wishes.form_v
    mine.form_droop_pu = wishes.form_droop_pu
    mine.form_v_droop_pu = wishes.form_v_droop_pu


def _charge_bound(part, power_w: float, now_ms: int) -> float:
    """Return the power that a follower's charge permits: less and less near its ends, none beyond them.

    A charge that is not known permits nothing.
    """
    if not part.soc_pu.usable(now_ms):
        return 0.0
    room_pu = part.soc_pu.value - EMPTY_PU if power_w > 0 else FULL_PU - part.soc_pu.value
    most_w = _rated_w(part) * max(0.0, min(1.0, room_pu / TAPER_PU))
    return max(-most_w, min(most_w, power_w))


def _all_own(parts: list) -> bool:
    told = False
    for part in parts:
        if part.control and not part.own_curves:
            return False
        told = told or part.control
    return told
