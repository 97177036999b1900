"""How far a replay is: told on standard error, for files that take long."""

import sys
import time

TERMINAL_S, LINE_S = 0.5, 10.0  # between two signs of life: on a terminal, and in a log


class Progress:
    """Tells share of the file and rows a second; a short replay tells nothing."""

    def __init__(self, size_bytes: int, quiet: bool = False) -> None:
        """The clock starts here; size 0 is not known; quiet where readings run over the same screen."""
        self._quiet = quiet
        self._size_bytes = size_bytes
        self._terminal = sys.stderr.isatty()
        self._start_s = self._last_s = time.monotonic()
        self._open = False

    def at(self, read_bytes: int, rows: int) -> None:
        """Say how much of the file was read, when it is time to."""
        now_s = time.monotonic()
        if self._quiet or now_s - self._last_s < (TERMINAL_S if self._terminal else LINE_S):
            return
        self._last_s = now_s
        speed = rows / (now_s - self._start_s)
        words = f"replay: {rows:,} rows, {speed:,.0f} rows/s"
        if self._size_bytes:
            share = read_bytes / self._size_bytes
            left_s = (now_s - self._start_s) * (1.0 / share - 1.0)
            words += f", {100 * share:.0f} %, {left_s:.0f} s left"
        print(
            f"\r{words}   " if self._terminal else words, end="" if self._terminal else "\n", file=sys.stderr
        )
        sys.stderr.flush()
        self._open = self._terminal

    def done(self, rows: int) -> None:
        """Close the line, and say how fast it went if anything was told."""
        if self._open:
            print(file=sys.stderr)
        spent_s = time.monotonic() - self._start_s
        if spent_s >= LINE_S:
            print(f"replay: {rows:,} rows in {spent_s:.1f} s, {rows / spent_s:,.0f} rows/s", file=sys.stderr)
