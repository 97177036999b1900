"""How a node stands, in TAIL_BYTES bytes: its answer to a simulator, and what a rig finds in a chip's RAM.

Kind, pins, shed level, state, wanted pace in ms, messages acknowledged, messages queued, commands received, times the
watchdog was fed. Pins: bit 0 contactor, 1 neutral bond, 2 genset runs, 3 the fast path suspects the grid.
"""

TAIL = "<BBBBiIIII"
TAIL_BYTES = 24
STEP = 1  # a kind: the answer to a cycle
CONTACTOR_PIN, BOND_PIN, GENSET_PIN, SUSPECT_PIN = 1, 2, 4, 8
