"""How far a scan is: told on standard error, when it takes long."""

import sys
import time

TERMINAL_S, LINE_S = 0.3, 5.0  # between two signs of life: on a terminal, and in a log


class Progress:
    """Tells what is being looked at; a short scan tells nothing."""

    def __init__(self) -> None:
        """The clock starts here."""
        self._terminal = sys.stderr.isatty()
        self._start_s = self._last_s = time.monotonic()
        self._words = ""
        self._open = False

    def doing(self, words: str) -> None:
        """Note what is being looked at."""
        self._words = words
        self.tick()

    def tick(self) -> None:
        """Say it, when it is time to."""
        now_s = time.monotonic()
        if now_s - self._last_s < (TERMINAL_S if self._terminal else LINE_S):
            return
        self._last_s = now_s
        line = f"scan: {self._words}, {now_s - self._start_s:.0f} s"
        print(
            f"\r{line:<78}" if self._terminal else line, end="" if self._terminal else "\n", file=sys.stderr
        )
        sys.stderr.flush()
        self._open = self._terminal

    def done(self) -> None:
        """Take the line back."""
        if self._open:
            print(f"\r{'':<78}\r", end="", file=sys.stderr)
            self._open = False
