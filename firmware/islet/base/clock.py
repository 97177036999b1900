"""Arithmetic on millisecond ticks that wrap at 2**30, in small ints (31 bits) throughout."""

_MASK = (1 << 30) - 1
_HALF = 1 << 29


def elapsed_ms(now_ms: int, since_ms: int) -> int:
    """Return now - since in ms across the wrap, for spans under 2**29 ms (6.2 days); negative if since is ahead."""
    return (((now_ms - since_ms) & _MASK) ^ _HALF) - _HALF


def add_ms(now_ms: int, span_ms: int) -> int:
    """Return the tick span_ms (0..2**30-1) after now_ms, in 0..2**30-1."""
    return (now_ms - _MASK - 1 + span_ms) & _MASK
