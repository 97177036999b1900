"""What each state of the island machine asks for, and forbids by leaving it out, in the order of STATE_NAMES."""

# GRID, OPENING, FORMING, ISLAND, RESYNC, CLOSING, SOFT_RETURN, BLACK_START, FAULT
CLOSED = (True, False, False, False, False, True, True, False, False)  # the contactor
FORMS = (False, False, True, True, True, True, False, False, False)  # the battery inverter
BONDS = (False, False, True, True, True, False, False, False, False)  # neutral is tied to earth here
AIMS = (False, False, False, False, True, True, False, False, False)  # the bus is led to the grid's angle
GENSET = (False, False, True, True, False, False, False, True, True)  # may run
QUIET = (True, False, False, False, False, False, True, False, False)  # nothing to do but wait for a change
PENDING = (False, True, True, False, True, True, False, False, False)  # a delay of a cycle would be felt
