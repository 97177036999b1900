"""How the node itself fares: run times and memory, in words that a rig or a debugger may read beside it."""

from array import array

CYCLES = 0  # control cycles since the start
CYCLE_US = 1  # the last cycle: window taken, step, outputs
CYCLE_MOST_US = 2
TAKE_US = 3  # of the last cycle: taking the window
SLIPS = 4  # cycles that began more than a cycle late
COLLECT_US = 5  # the last collection
COLLECT_MOST_US = 6
FREE_BYTES = 7  # of the heap after it
POLL_US = 8  # the last round of a bus, waiting included
PUBLISH_US = 9  # the last exchange of the link that published something, waiting included
PLAN_MOST_US = 10  # a slice of planning
FORECAST_US = 11  # the forecast that the last plan began with
TEND_MOST_US = 12  # making messages and saving
WORDS = 13


class Vitals:
    """`words` are array('I'), by the names above; nothing here allocates."""

    def __init__(self) -> None:
        self.words = array("I", bytes(4 * WORDS))

    def note(self, at: int, value: int) -> None:
        """Keep the newest value."""
        self.words[at] = value

    def most(self, at: int, value: int) -> None:
        """Keep the largest value."""
        if value > self.words[at]:
            self.words[at] = value

    def count(self, at: int, more: int = 1) -> None:
        """Count on."""
        self.words[at] = (self.words[at] + more) & 0x3FFFFFFF
