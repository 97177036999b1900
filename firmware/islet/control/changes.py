"""The last state transitions, kept for event reports."""

from islet.names import GRID, R_NONE

KEPT = 8


class Changes:
    """The last 8 transitions; `count` only grows, transition n lies at index n % 8 while count - n <= 8."""

    def __init__(self) -> None:
        self.count = 0
        self.from_state = [GRID] * KEPT
        self.to_state = [GRID] * KEPT
        self.why = [R_NONE] * KEPT
        self.at_ms = [0] * KEPT

    def put(self, from_state: int, to_state: int, why: str, now_ms: int) -> None:
        """Keep one transition, over the oldest."""
        i = self.count % KEPT
        self.from_state[i] = from_state
        self.to_state[i] = to_state
        self.why[i] = why
        self.at_ms[i] = now_ms
        self.count += 1
