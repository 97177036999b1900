"""Who else rules the transfer, and what may never be connected with what."""

from islet.control.presence import count_ms
from islet.names import (
    BLACK_START,
    CLOSING,
    GRID,
    ISLAND,
    OPENING,
    OVERRIDE_CLOSE,
    OVERRIDE_OPEN,
    R_CONTACTOR_CLOSED,
    R_FOLLOWED,
    R_GRID_LOST_AGAIN,
    R_NONE,
    R_OVERRIDE,
    R_RAMP_DONE,
    R_TIMEOUT,
    RESYNC,
    SOFT_RETURN,
)

CONTACT_TIMEOUT_MS = 1000  # a contactor that has not answered by then does not move
BLIND_MS = 10_000  # a bus that nobody forms and nobody sees is taken as dead after this


def ruled(m, image, now_ms: int) -> bool:
    """Return whether something above the machine has settled this step: another owner, the switch, the guard."""
    m.held = R_FOLLOWED if m.follows else R_OVERRIDE if image.override else R_NONE
    m.bypassed = image.override == OVERRIDE_CLOSE and not m.follows
    m.may_close = image.override != OVERRIDE_OPEN and not image.guard_open
    if m.follows:
        follow(m, image, now_ms)
        return True
    if m.bypassed:
        return BYPASS[m.state](m, image, now_ms)
    if not m.may_close:
        why = R_OVERRIDE if image.override else image.guard_reason
        if m.state in (GRID, SOFT_RETURN):
            m.go(OPENING, why, now_ms)
        elif m.state in (RESYNC, CLOSING) and not m.contact.closed:
            back = BLACK_START if m.dark_close else ISLAND
            m.go(back, R_OVERRIDE if image.override else R_GRID_LOST_AGAIN, now_ms)
    return False


def follow(m, image, now_ms: int) -> None:
    """The inverter or an automatic switch transfers: the state is what is seen, and nothing is ordered."""
    if m.contact.feedback:
        if m.state not in (GRID, SOFT_RETURN):
            m.go(SOFT_RETURN, R_FOLLOWED, now_ms)
        elif m.state == SOFT_RETURN:
            ramp(m, now_ms)
    elif m.bus.alive(image, now_ms):
        if m.state != ISLAND:
            m.go(ISLAND, R_FOLLOWED, now_ms)
    elif m.state in (GRID, SOFT_RETURN) or (m.bus.collapsed() and m.state != BLACK_START):
        m.go(BLACK_START, R_FOLLOWED, now_ms)


def ramp(m, now_ms: int) -> None:
    """Let the allowed import rise; a house taken back early or rebooted first waits for enter service."""
    if m.ramp_ms == 0 and m.presence.healthy_ms < m.times.reconnect_ms:
        return
    m.ramp_ms = count_ms(m.ramp_ms, m.presence.gap_ms)
    if m.ramp_ms >= m.times.return_ms:
        m.go(GRID, R_RAMP_DONE, now_ms)
    else:
        m.return_cap_pu = m.ramp_ms / m.times.return_ms


def bypass_closed(m, image, now_ms: int) -> bool:
    """GRID, SOFT_RETURN: the contactor stays closed, whatever becomes of the grid."""
    if not m.contact.closed:
        m.go(BLACK_START, R_OVERRIDE, now_ms)
    elif m.state == SOFT_RETURN:
        ramp(m, now_ms)
    return True


def bypass_stop(m, image, now_ms: int) -> bool:
    """OPENING, FORMING, FAULT: nothing forms any more; back to the grid's side."""
    m.go(SOFT_RETURN if m.contact.closed else BLACK_START, R_OVERRIDE, now_ms)
    return True


def bypass_island(m, image, now_ms: int) -> bool:
    """ISLAND: in synchronism to a fit grid, at once; else the inverter stops, and the dead bus is closed."""
    if m.contact.closed:
        m.go(SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
    elif m.presence.healthy and m.hold_ms == 0 and not image.genset_live:
        m.resync(R_OVERRIDE, image, now_ms)
    else:
        m.go(BLACK_START, R_OVERRIDE, now_ms)
    return True


def bypass_leave(m, image, now_ms: int) -> bool:
    """RESYNC: its own rule goes on, and its failure leads to ISLAND."""
    return False


def bypass_dark(m, image, now_ms: int) -> bool:
    """BLACK_START: a dead bus is closed at once; one that something else carries is waited for."""
    if m.contact.closed:
        m.go(SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
        return True
    m.waiting = False
    dead = m.bus.dead(image) if image.bus_v.usable(now_ms) else m.in_state_ms >= BLIND_MS
    if dead and m.in_state_ms >= m.hold_ms and not image.genset_live and not (m.bonds and image.bond_closed):
        m.go(CLOSING, R_OVERRIDE, now_ms)
        m.dark_close = True
    return True


def bypass_closing(m, image, now_ms: int) -> bool:
    """CLOSING: onto whatever the grid is when the bus is dead."""
    if not m.dark_close:
        return False
    if m.contact.closed:
        m.go(SOFT_RETURN, R_CONTACTOR_CLOSED, now_ms)
    elif m.in_state_ms >= CONTACT_TIMEOUT_MS:
        m.fail(BLACK_START, R_TIMEOUT, now_ms)
    return True


# What OVERRIDE_CLOSE does, in the order of STATE_NAMES.
BYPASS = (
    bypass_closed,
    bypass_stop,
    bypass_stop,
    bypass_island,
    bypass_leave,
    bypass_closing,
    bypass_closed,
    bypass_dark,
    bypass_stop,
)
