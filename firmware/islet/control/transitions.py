"""When the island machine leaves GRID, OPENING, CLOSING and SOFT_RETURN (IEEE 2030.7: T1 to T3)."""

from islet.control.band import NO_LIMIT_W
from islet.control.contact import STUCK_NONE
from islet.control.interlock import CONTACT_TIMEOUT_MS, ramp
from islet.control.presence import CAP_MS, count_ms
from islet.names import (
    BLACK_START,
    FAULT,
    FORMING,
    ISLAND,
    OPENING,
    R_ANGLE,
    R_CONTACTOR_CLOSED,
    R_CONTACTOR_OPEN,
    R_GRID_LOST_AGAIN,
    R_NO_FEEDBACK,
    R_TIMEOUT,
    R_WELDED,
    SOFT_RETURN,
)

DARK_CLOSE_MS = 10_000  # a healthy grid takes a dark house back after this and the rank's spacing
RESTART_SOC_PU = 0.03  # above soc_min before a black start is tried
UNLOAD_MS = 5000  # the longest a planned opening waits for the exchange to come down
UNSHED_MS = 500  # what the island cannot carry is shed first, and the battery follows
UNLOAD_PU = 0.05  # of the battery's rating: an exchange that counts as none
UNLOAD_MIN_W = 100.0


class Times:
    """The settings that transitions wait for, in whole ms, and the charge a start needs."""

    def __init__(self, s) -> None:
        spacing_ms = int(s.reconnect_rank * s.reconnect_spacing_s * 1000)
        self.reconnect_ms = min(int(s.enter_service_s * 1000) + spacing_ms, CAP_MS)
        self.dark_close_ms = min(DARK_CLOSE_MS + spacing_ms, CAP_MS)
        self.return_ms = int(s.soft_return_s * 1000)
        self.form_timeout_ms = int(s.form_timeout_s * 1000)
        self.resync_timeout_ms = int(s.resync_timeout_s * 1000)
        self.has_genset = s.genset_w > 0
        self.soc_min_pu = s.soc_min_pu
        self.restart_soc_pu = s.soc_min_pu + RESTART_SOC_PU
        self.unload_w = max(UNLOAD_MIN_W, UNLOAD_PU * s.battery_rated_w)


def grid(m, image, now_ms: int) -> None:
    """GRID ends with the grid, when a fast path or a hand has opened the contactor, or by plan."""
    m.tries = 0
    if not leave_grid(m, image, now_ms):
        open_by_plan(m, image, now_ms)


def leave_grid(m, image, now_ms: int) -> bool:
    """Return whether the machine had to go to OPENING."""
    contact = m.contact
    if m.presence.lost:
        m.go(OPENING, m.presence.reason, now_ms)
    elif contact.feedback and not contact.closed:
        m.go(OPENING, R_NO_FEEDBACK, now_ms)
    elif (
        not contact.closed and not contact.joined
    ):  # while bus and grid are one, the feedback alone proves nothing
        m.go(OPENING, R_CONTACTOR_OPEN, now_ms)
    return m.state == OPENING


def open_by_plan(m, image, now_ms: int) -> None:
    """Bring the exchange down, then open: whoever is asked to leave shall not be felt."""
    if not m.planned.wanted:
        m.unload_ms = -1
        m.exchange_w_limit = NO_LIMIT_W
        return
    m.unload_ms = count_ms(m.unload_ms, m.presence.gap_ms)
    m.exchange_w_limit = m.times.unload_w
    low = image.grid_w.usable(now_ms) and abs(image.grid_w.value) <= m.times.unload_w
    low = low and m.unload_ms >= UNSHED_MS
    if low or m.unload_ms >= UNLOAD_MS:
        m.go(OPENING, m.planned.why, now_ms)


def opening(m, image, now_ms: int) -> None:
    """OPENING ends with the feedback, where nothing gives it the lie; nothing forms before it."""
    if m.contact.open_for_sure(image, now_ms):
        m.go(FORMING, R_CONTACTOR_OPEN, now_ms)
    elif m.in_state_ms >= CONTACT_TIMEOUT_MS:
        welded = m.contact.feedback and not m.contact.dark_now(image, now_ms)
        m.welded = m.welded or welded
        m.planned.cancel(R_WELDED if welded else R_NO_FEEDBACK)
        m.fail(FAULT, R_WELDED if welded else R_NO_FEEDBACK, now_ms)


def closing(m, image, now_ms: int) -> None:
    """CLOSING ends with the feedback, or goes back where it came from."""
    back = BLACK_START if m.dark_close else ISLAND
    if m.contact.closed:
        m.go(SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
    elif m.presence.lost:
        m.go(back, R_GRID_LOST_AGAIN, now_ms)
    elif m.in_state_ms >= CONTACT_TIMEOUT_MS:
        m.refused = min(m.refused + 1, 100)
        m.fail(back, R_TIMEOUT, now_ms)
    elif not m.dark_close:
        if m.sync.drifted(image, now_ms):
            m.fail(back, R_ANGLE, now_ms)
        else:
            m.aim.step(image, now_ms)
            m.follow_aim()


def soft_return(m, image, now_ms: int) -> None:
    """SOFT_RETURN ends with its ramp; a house taken back early or rebooted first waits for enter service."""
    if leave_grid(m, image, now_ms):
        return
    open_by_plan(m, image, now_ms)
    if m.state == SOFT_RETURN:
        ramp(m, now_ms)


def fit(m) -> bool:
    """Return whether the grid has been fit for the enter-service delay and the rank's spacing."""
    return m.presence.healthy and m.presence.healthy_ms >= m.times.reconnect_ms


def may_return(m, image) -> bool:
    """Return whether enter service is allowed (IEEE 1547-2018, 4.10.3), and nothing forbids to close."""
    return fit(m) and m.may_close and not image.genset_live


def may_leave_island(m) -> bool:
    """Return whether the island is over: the grid is fit for long enough, and nobody wants to stay apart."""
    rested = m.in_state_ms >= m.hold_ms
    return fit(m) and rested and m.may_close and not m.planned.wanted and m.contact.stuck == STUCK_NONE


def closed_unasked(m, now_ms: int) -> None:
    """Stop forming at once when the contactor is seen closed."""
    m.go(OPENING if m.presence.lost else SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
