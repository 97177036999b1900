"""Reason codes of a meter's self-checks, and which of them stand for which channel."""

from array import array

M_CT_REVERSED = "ct_reversed"
M_CT_WRONG_PHASE = "ct_on_wrong_phase"
M_CT_WRONG_PHASE_REVERSED = "ct_on_wrong_phase_reversed"
M_CLIPPED = "clipped"
M_MISSING = "channel_missing"
M_OFFSET = "offset_at_no_load"
M_NOISE = "noise_without_current"
M_SETS_LOST = "sets_lost"
M_FREQUENCY = "frequency_implausible"
M_SEQUENCE = "phase_sequence_reversed"
M_VOLTAGE_ANGLES = "voltage_angles"
M_VOLTAGES_DIFFER = "grid_and_bus_differ"
CODES = (
    M_CT_REVERSED,
    M_CT_WRONG_PHASE,
    M_CT_WRONG_PHASE_REVERSED,
    M_CLIPPED,
    M_MISSING,
    M_OFFSET,
    M_NOISE,
    M_SETS_LOST,
    M_FREQUENCY,
    M_SEQUENCE,
    M_VOLTAGE_ANGLES,
    M_VOLTAGES_DIFFER,
)
# Numbers of the codes.
REV, TURNED, BOTH, CLIP, MISS, OFFSET, NOISE, LOST, HZ, SEQ, ANGLES, DIFFER = range(12)
_FULL = 1000  # a code appears at this level and goes at 0
_RATES = (  # what a window adds to the level with evidence, and takes off it without
    (100, 20),
    (100, 20),
    (100, 20),
    (200, 50),
    (50, 100),
    (50, 50),
    (50, 50),
    (334, 10),
    (125, 12),
    (50, 50),
    (50, 50),
    (40, 50),
)


class Findings:
    """Level, tick and evidence of every code for every channel; the last column is the meter as a whole."""

    def __init__(self, channels: int) -> None:
        self.columns = channels + 1
        room = len(CODES) * self.columns
        self._level = array("h", bytes(2 * room))
        self._on = array("B", bytes(room))
        self.since_ms = array("i", bytes(4 * room))
        self.value = array("f", bytes(4 * room))

    def note(self, code: int, channel: int, evidence: bool, value: float, now_ms: int) -> None:
        """Take one window's evidence for or against a code (its number)."""
        at = code * self.columns + channel
        more, less = _RATES[code]
        level = self._level[at]
        if evidence:
            level = min(_FULL, level + more)
            self.value[at] = value
        else:
            level = max(0, level - less)
        self._level[at] = level
        if level == _FULL and not self._on[at]:
            self._on[at] = 1
            self.since_ms[at] = now_ms
        elif level == 0:
            self._on[at] = 0

    def on(self, code: int, channel: int) -> bool:
        """Return whether the code stands for the channel."""
        return self._on[code * self.columns + channel] == 1

    def any(self) -> bool:
        """Return whether any code stands; allocates nothing."""
        return max(self._on) > 0
