"""When the island machine wants its next step: at once while something happens, rarely when nothing does."""

from islet.base.clock import elapsed_ms
from islet.control.contact import STUCK_NONE
from islet.control.states import QUIET
from islet.names import FAULT, ISLAND

STEP_MS = 100
QUIET_MS = 60_000
SETTLE_MS = 5000  # after forming: at full pace
CHANGE_MS = 1000  # after the grid went or came: at full pace


def next_ms(m, now_ms: int) -> int:
    """Return ms from now until the step that machine m wants next, 100..60000."""
    p = m.presence
    wait_ms = _wait_ms(m)
    if (p.suspect and p.blind_ms < SETTLE_MS) or p.since_change_ms < CHANGE_MS:
        wait_ms = STEP_MS
    return max(STEP_MS, min(QUIET_MS, wait_ms - elapsed_ms(now_ms, p.stepped_ms)))


def _wait_ms(m) -> int:
    doubtful = m.contact.feedback != m.contact.closed or m.contact.stuck != STUCK_NONE
    if doubtful or m.unload_ms >= 0 or m.bypassed:
        return STEP_MS
    if m.state == ISLAND:
        return _island_wait_ms(m)
    if m.state == FAULT:
        return m.hold_ms - m.in_state_ms
    return QUIET_MS if QUIET[m.state] or m.waiting else STEP_MS


def _island_wait_ms(m) -> int:
    if m.in_state_ms < SETTLE_MS or m.bus.dark_ms >= 0 or m.returning or m.contact.joined:
        return STEP_MS
    if not m.presence.healthy or m.planned.wanted:
        return QUIET_MS
    return max(m.times.reconnect_ms - m.presence.healthy_ms, m.hold_ms - m.in_state_ms)
