"""When the island machine leaves the states off the grid: FORMING, ISLAND, RESYNC, BLACK_START, FAULT (T3, T4)."""

from islet.base.clock import elapsed_ms
from islet.control.interlock import CONTACT_TIMEOUT_MS
from islet.control.presence import count_ms
from islet.control.transitions import closed_unasked, may_leave_island, may_return
from islet.names import (
    BLACK_START,
    CLOSING,
    FAULT,
    FORMING,
    ISLAND,
    R_BATTERY_EMPTY,
    R_BOND,
    R_FORMED,
    R_GENSET,
    R_GRID_HEALTHY,
    R_GRID_LOST_AGAIN,
    R_IN_SYNC,
    R_NO_FEEDBACK,
    R_PLAN_OVER,
    R_STALE_INPUT,
    R_TIMEOUT,
    R_UNDERVOLTAGE,
    SOFT_RETURN,
)

STEADY_MS = 60_000  # an island this old has proved itself: failures are forgotten
TRY_MS = (
    900_000  # a battery told as empty is tried nevertheless: sun may have come, and the word may be wrong
)
GENSET_MS = 60_000  # a genset that gives no voltage by then has not started
UNBOND_MS = 3000  # how long an island waits without its earth for the angle to come by
FIRST_RETRY_MS = 2000  # after an island that fell with charge left, once


def forming(m, image, now_ms: int) -> None:
    """FORMING ends with voltage on the bus, read after the opening: the grid's last one does not count."""
    witness = m.bus.witness(image, now_ms)
    if m.contact.closed:
        closed_unasked(m, now_ms)
    elif m.bonds and not image.bond_closed:
        if m.in_state_ms >= CONTACT_TIMEOUT_MS:
            m.fail(FAULT, R_BOND, now_ms)
    elif elapsed_ms(witness.stamp_ms, m.entered_ms) > 0 and m.bus.alive(image, now_ms):
        m.go(ISLAND, R_GENSET if m.genset_carries(image) else R_FORMED, now_ms)
    elif m.in_state_ms >= m.times.form_timeout_ms:
        not_formed(m, now_ms)


def not_formed(m, now_ms: int) -> None:
    """Go on: blind as an island that may well live, by choice back to the grid, else to try again."""
    if m.bus.unseen():
        m.go(ISLAND, R_STALE_INPUT, now_ms)
    elif m.presence.healthy:
        m.planned.cancel(R_TIMEOUT)
        m.fail(BLACK_START, R_TIMEOUT, now_ms)
    else:
        m.fail(FAULT, R_TIMEOUT, now_ms)


def island(m, image, now_ms: int) -> None:
    """ISLAND ends when the grid has been fit for the enter-service delay and the rank's spacing."""
    if m.in_state_ms >= STEADY_MS and m.hold_ms == 0:
        m.tries = 0
    m.by_plan = m.by_plan or m.planned.wanted
    if broken(m, image, now_ms):
        return
    m.returning = may_leave_island(m)
    if m.returning and not image.genset_live:
        m.resync(R_PLAN_OVER if m.by_plan else R_GRID_HEALTHY, image, now_ms)
        return
    probe_hz = m.contact.probe_hz()
    m.target_hz = m.f0_hz + probe_hz if probe_hz else m.f0_hz


def resync(m, image, now_ms: int) -> None:
    """RESYNC ends in sync; after its time limit it rests in ISLAND with what was missing as the reason."""
    if broken(m, image, now_ms):
        return
    if not m.presence.healthy or image.genset_live:
        why = R_STALE_INPUT if m.presence.blind_ms >= 0 else R_GRID_LOST_AGAIN
        m.go(ISLAND, R_GENSET if image.genset_live else why, now_ms)
    elif m.sync.passes(image, now_ms) and unbonded(m, image, now_ms):
        m.go(CLOSING, R_IN_SYNC, now_ms)
    elif m.unbond_ms >= CONTACT_TIMEOUT_MS and image.bond_closed:
        m.fail(ISLAND, R_BOND, now_ms)
    elif m.in_state_ms >= m.times.resync_timeout_ms:
        m.fail(ISLAND, R_BOND if m.unbond_ms >= 0 else m.sync.blocked_by, now_ms)
    else:
        if m.unbond_ms >= 0:
            m.unbond_ms = -1 if m.unbond_ms >= UNBOND_MS else count_ms(m.unbond_ms, m.presence.gap_ms)
        m.aim.step(image, now_ms)
        m.follow_aim()


def unbonded(m, image, now_ms: int) -> bool:
    """Return whether neutral and earth are seen apart; if not, have them parted."""
    if not m.bonds or not image.bond_closed:
        return True
    if m.unbond_ms < 0:
        m.unbond_ms = 0
    return False


def broken(m, image, now_ms: int) -> bool:
    """Return whether the island was left: joined by a contact nobody asked for, or collapsed."""
    before = m.state
    if m.contact.closed:
        closed_unasked(m, now_ms)
    elif m.bus.collapsed():
        empty = image.soc_pu.usable(now_ms) and image.soc_pu.value <= m.times.soc_min_pu
        why = R_BATTERY_EMPTY if empty else R_UNDERVOLTAGE
        if m.planned.wanted:
            m.planned.cancel(why)
        first = m.tries == 0
        m.fail(BLACK_START, why, now_ms)
        if first and not empty:  # all but critical load has gone: whatever was too much for it, too
            m.hold_ms = FIRST_RETRY_MS
    return m.state != before


def black_start(m, image, now_ms: int) -> None:
    """BLACK_START ends in closing onto a healthy grid, else in forming when there is charge for it."""
    if m.contact.closed:
        closed_unasked(m, now_ms)
    elif m.bus.alive(image, now_ms):  # something carries the bus already
        m.go(ISLAND, R_GENSET if m.genset_carries(image) else R_FORMED, now_ms)
    elif m.bus.collapsed() or m.bus.unseen():
        start(m, image, now_ms)


def start(m, image, now_ms: int) -> None:
    """Take the better source for a dark bus: the grid, the battery, the genset; nothing unknown forbids to try."""
    m.waiting = False
    low = image.soc_pu.usable(now_ms) and image.soc_pu.value < m.times.restart_soc_pu
    fit = m.presence.healthy and m.may_close and image.bus_v.usable(now_ms)
    if fit and (m.refused == 0 or low):
        close_dark(m, image, now_ms)
    elif m.genset_wanted:
        m.genset_ms = count_ms(m.genset_ms, m.presence.gap_ms)
        if m.genset_ms >= GENSET_MS:
            m.fail(BLACK_START, R_GENSET, now_ms)
    elif m.in_state_ms >= m.hold_ms:
        take_source(m, image, low, now_ms)


def take_source(m, image, low: bool, now_ms: int) -> None:
    """Form from the battery or start the genset, in turns while they fail; an empty battery is tried at last."""
    if m.times.has_genset and (low or m.tries % 2):
        m.genset_wanted = True
        m.genset_ms = 0
    elif not m.contact.open_for_sure(image, now_ms) or (low and m.in_state_ms < TRY_MS):
        m.waiting = True
    else:
        m.go(FORMING, R_UNDERVOLTAGE, now_ms)


def close_dark(m, image, now_ms: int) -> None:
    """Close a dead bus onto a grid that has been fit for a while."""
    rested = m.refused == 0 or m.in_state_ms >= m.hold_ms
    ready = m.presence.healthy_ms >= m.times.dark_close_ms and m.bus.dead(image)
    m.genset_wanted = False
    if ready and rested and not image.genset_live and not (m.bonds and image.bond_closed):
        m.go(CLOSING, R_GRID_HEALTHY, now_ms)
        m.dark_close = True


def fault(m, image, now_ms: int) -> None:
    """FAULT ends after its back-off: by a new start, or on a fit grid when the contactor is stuck closed."""
    agrees = m.reason == R_NO_FEEDBACK and m.contact.open_for_sure(image, now_ms)
    if m.in_state_ms < m.hold_ms and not agrees:
        return
    if m.contact.open_for_sure(image, now_ms):
        m.go(BLACK_START, m.reason if agrees else R_TIMEOUT, now_ms)
    elif may_return(m, image) and (m.contact.feedback or m.contact.joined):
        m.go(SOFT_RETURN, R_GRID_HEALTHY, now_ms)
