"""When the island machine leaves each of its states, one function a state (IEEE 2030.7: T2, T3, T4)."""

from islet.base.clock import elapsed_ms
from islet.control.presence import CAP_MS, count_ms
from islet.names import (
    BLACK_START,
    CLOSING,
    FAULT,
    FORMING,
    GRID,
    ISLAND,
    OPENING,
    R_BATTERY_EMPTY,
    R_CONTACTOR_CLOSED,
    R_CONTACTOR_OPEN,
    R_FORMED,
    R_GRID_HEALTHY,
    R_GRID_LOST_AGAIN,
    R_IN_SYNC,
    R_RAMP_DONE,
    R_STALE_INPUT,
    R_TIMEOUT,
    R_UNDERVOLTAGE,
    RESYNC,
    SOFT_RETURN,
)

CONTACT_TIMEOUT_MS = 1000  # a contactor that has not answered by then does not move
DARK_MS = 500  # a bus under half its voltage for this long has collapsed
DARK_CLOSE_MS = 10_000  # a healthy grid takes a dark house back after this and the rank's spacing
STEADY_MS = 60_000  # an island this old has proved itself: failures are forgotten
RESTART_SOC_PU = 0.03  # above soc_min before a black start is tried


class Times:
    """The settings that transitions wait for, in whole ms, and the charge a start needs."""

    def __init__(self, s) -> None:
        spacing_ms = int(s.reconnect_rank * s.reconnect_spacing_s * 1000)
        self.reconnect_ms = min(int(s.enter_service_s * 1000) + spacing_ms, CAP_MS)
        self.dark_close_ms = min(DARK_CLOSE_MS + spacing_ms, CAP_MS)
        self.return_ms = int(s.soft_return_s * 1000)
        self.form_timeout_ms = int(s.form_timeout_s * 1000)
        self.resync_timeout_ms = int(s.resync_timeout_s * 1000)
        self.soc_min_pu = s.soc_min_pu
        self.restart_soc_pu = s.soc_min_pu + RESTART_SOC_PU


def grid(m, image, now_ms: int) -> None:
    """GRID ends with the grid, or when a fast path or a hand has opened the contactor."""
    m.tries = 0
    leave_grid(m, image, now_ms)


def leave_grid(m, image, now_ms: int) -> bool:
    """Return whether the machine had to go to OPENING."""
    if m.presence.lost:
        m.go(OPENING, m.presence.reason, now_ms)
    elif not image.contactor_closed:
        m.go(OPENING, R_CONTACTOR_OPEN, now_ms)
    return m.state == OPENING


def opening(m, image, now_ms: int) -> None:
    """OPENING ends with the feedback; nothing forms before it."""
    if not image.contactor_closed:
        m.go(FORMING, R_CONTACTOR_OPEN, now_ms)
    elif m.in_state_ms >= CONTACT_TIMEOUT_MS:
        m.fail(FAULT, R_TIMEOUT, now_ms)


def forming(m, image, now_ms: int) -> None:
    """FORMING ends with voltage on the bus, read after the opening: the grid's last one does not count."""
    witness = m.bus.witness(image, now_ms)
    if image.contactor_closed:
        closed_unasked(m, now_ms)
    elif elapsed_ms(witness.stamp_ms, m.entered_ms) > 0 and m.bus.alive(image, now_ms):
        m.go(ISLAND, R_FORMED, now_ms)
    elif m.in_state_ms >= m.times.form_timeout_ms:
        m.fail(FAULT, R_TIMEOUT, now_ms)


def island(m, image, now_ms: int) -> None:
    """ISLAND ends when the grid has been fit for the enter-service delay and the rank's spacing."""
    if m.in_state_ms >= STEADY_MS and m.hold_ms == 0:
        m.tries = 0
    if broken(m, image, now_ms):
        return
    if may_return(m) and m.in_state_ms >= m.hold_ms:
        m.go(RESYNC, R_GRID_HEALTHY, now_ms)
        m.aim.start(image, now_ms)
        m.follow_aim()


def resync(m, image, now_ms: int) -> None:
    """RESYNC ends in sync; after its time limit it rests in ISLAND with what was missing as the reason."""
    if broken(m, image, now_ms):
        return
    if not m.presence.healthy:
        m.go(ISLAND, R_STALE_INPUT if m.presence.blind_ms >= 0 else R_GRID_LOST_AGAIN, now_ms)
    elif m.sync.passes(image, now_ms):
        m.go(CLOSING, R_IN_SYNC, now_ms)
    elif m.in_state_ms >= m.times.resync_timeout_ms:
        m.fail(ISLAND, m.sync.blocked_by, now_ms)
    else:
        m.aim.step(image, now_ms)
        m.follow_aim()


def closing(m, image, now_ms: int) -> None:
    """CLOSING ends with the feedback, or goes back where it came from."""
    back = BLACK_START if m.dark_close else ISLAND
    if image.contactor_closed:
        m.go(SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
    elif m.presence.lost:
        m.go(back, R_GRID_LOST_AGAIN, now_ms)
    elif m.in_state_ms >= CONTACT_TIMEOUT_MS:
        m.fail(back, R_TIMEOUT, now_ms)


def soft_return(m, image, now_ms: int) -> None:
    """SOFT_RETURN ends with its ramp; a house taken back early or rebooted first waits for enter service."""
    if leave_grid(m, image, now_ms) or (m.ramp_ms == 0 and not may_return(m)):
        return
    m.ramp_ms = count_ms(m.ramp_ms, m.presence.gap_ms)
    if m.ramp_ms >= m.times.return_ms:
        m.go(GRID, R_RAMP_DONE, now_ms)
    else:
        m.return_cap_pu = m.ramp_ms / m.times.return_ms


def black_start(m, image, now_ms: int) -> None:
    """BLACK_START ends in closing onto a healthy grid, else in forming when there is charge for it."""
    if image.contactor_closed:
        closed_unasked(m, now_ms)
    elif m.bus.alive(image, now_ms):  # something carries the bus already
        m.go(ISLAND, R_FORMED, now_ms)
    elif m.bus.dark_ms >= DARK_MS and m.in_state_ms >= m.hold_ms:
        start(m, image, now_ms)


def start(m, image, now_ms: int) -> None:
    """Take the better source for a dark bus; an unknown charge does not forbid to try."""
    m.waiting = False
    if m.presence.healthy and image.bus_v.usable(now_ms):
        if m.presence.healthy_ms >= m.times.dark_close_ms and m.bus.dead(image):
            m.go(CLOSING, R_GRID_HEALTHY, now_ms)
            m.dark_close = True
    elif image.soc_pu.usable(now_ms) and image.soc_pu.value < m.times.restart_soc_pu:
        m.waiting = True
    else:
        m.go(FORMING, R_UNDERVOLTAGE, now_ms)


def fault(m, image, now_ms: int) -> None:
    """FAULT ends after its back-off: by a new start, or on a fit grid when the contactor is stuck closed."""
    if m.in_state_ms < m.hold_ms:
        return
    if not image.contactor_closed:
        m.go(BLACK_START, R_TIMEOUT, now_ms)
    elif may_return(m):
        m.go(SOFT_RETURN, R_GRID_HEALTHY, now_ms)


def may_return(m) -> bool:
    """Return whether enter service is allowed."""
    return m.presence.healthy and m.presence.healthy_ms >= m.times.reconnect_ms


def broken(m, image, now_ms: int) -> bool:
    """Return whether the island was left: joined by a contact nobody asked for, or collapsed."""
    before = m.state
    if image.contactor_closed:
        closed_unasked(m, now_ms)
    elif m.bus.dark_ms >= DARK_MS:
        empty = image.soc_pu.usable(now_ms) and image.soc_pu.value <= m.times.soc_min_pu
        m.fail(BLACK_START, R_BATTERY_EMPTY if empty else R_UNDERVOLTAGE, now_ms)
    return m.state != before


def closed_unasked(m, now_ms: int) -> None:
    """Stop forming at once when the contactor is seen closed."""
    m.go(OPENING if m.presence.lost else SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
