"""What a failing device may cost its line: pauses that double, and a bounded share of the line's time."""

from islet.base.clock import add_ms, elapsed_ms

BACKOFF_MS = 500  # after the first failure, doubling
BACKOFF_MAX_MS = 60_000
PROBE_SHARE = 16  # line time lost to failures is followed by 15 times as much without: 6.25 %
_DOUBLINGS = 7  # 500 ms * 2**7 is beyond BACKOFF_MAX_MS


def backoff_ms(failures: int, random) -> int:
    """Return 50 to 100 % of a pause that doubles with each failure (1 or more in a row) up to its bound."""
    pause_ms = min(BACKOFF_MS << min(failures - 1, _DOUBLINGS), BACKOFF_MAX_MS)
    return pause_ms // 2 + int(random.random() * (pause_ms // 2))


def is_due(due_ms: int | None, now_ms: int) -> bool:
    """Return whether a tick is reached; None is due at once."""
    return due_ms is None or elapsed_ms(now_ms, due_ms) >= 0


class Budget:
    """Time that failures took from the others of a line, paid back before the next try is allowed.

    After a failure of c ms no failing device is tried until PROBE_SHARE * c ms after its begin, several add up:
    in a window that slides by that length, whatever the number of failing devices, the share is at most
    1 / PROBE_SHARE. Only what devices lose that fail in the same moment may exceed it, by BACKOFF_MAX_MS.
    """

    def __init__(self) -> None:
        self.lost_ms = 0  # since boot, modulo 2**28
        self._free_ms: int | None = None  # None: nothing is owed

    def charge(self, cost_ms: int, now_ms: int) -> None:
        """Owe for cost_ms of line time that ended at now_ms."""
        if cost_ms <= 0:
            return
        self.lost_ms = (self.lost_ms + cost_ms) & 0xFFFFFFF
        owed_ms = self.owed_ms(now_ms) + (PROBE_SHARE - 1) * min(cost_ms, BACKOFF_MAX_MS)
        self._free_ms = add_ms(now_ms, min(owed_ms, BACKOFF_MAX_MS))

    def owed_ms(self, now_ms: int) -> int:
        """Return the ms until a failing device may be tried; ask at least every 6 days."""
        if self._free_ms is None or is_due(self._free_ms, now_ms):
            self._free_ms = None
            return 0
        return elapsed_ms(self._free_ms, now_ms)
