"""The words of the house: states, qualities, reasons and limits that every layer shares."""

# Quality of a quantity, best first. Only OK may be used for control.
OK = 0
SUSPECT = 1  # read, but implausible
STALE = 2  # read once, too long ago
NOT_IMPLEMENTED = 3  # the device says it has no such value now
COMM = 4  # the device did not answer
NEVER = 5  # not read since boot
QUALITY_NAMES = ("ok", "suspect", "stale", "not_implemented", "comm", "never")

# Island state machine (IEEE 2030.7: SS1 is GRID, SS2 is ISLAND, the others are transitions).
GRID = 0
OPENING = 1
FORMING = 2
ISLAND = 3
RESYNC = 4
CLOSING = 5
SOFT_RETURN = 6
BLACK_START = 7
FAULT = 8
STATE_NAMES = (
    "GRID",
    "OPENING",
    "FORMING",
    "ISLAND",
    "RESYNC",
    "CLOSING",
    "SOFT_RETURN",
    "BLACK_START",
    "FAULT",
)

# Reason codes: why a value, a transition or a refusal came about. People read them.
R_NONE = "none"
R_BOOT = "boot"
R_PLAN = "plan"
R_SELF_CONSUME = "self_consume"
R_NO_PLAN = "no_plan"
R_RATING = "rating"
R_SOC_MIN = "soc_min"
R_SOC_MAX = "soc_max"
R_RESERVE = "reserve"
R_ENVELOPE = "envelope"
R_DEFAULT_ENVELOPE = "default_envelope"
R_DROOP = "droop"
R_STALE_INPUT = "stale_input"
R_ISLAND = "island"
R_UNDERVOLTAGE = "undervoltage"
R_OVERVOLTAGE = "overvoltage"
R_UNDERFREQUENCY = "underfrequency"
R_OVERFREQUENCY = "overfrequency"
R_CONTACTOR_OPEN = "contactor_open"
R_FORMED = "formed"
R_GRID_HEALTHY = "grid_healthy"
R_GRID_LOST_AGAIN = "grid_lost_again"
R_IN_SYNC = "in_sync"
R_CONTACTOR_CLOSED = "contactor_closed"
R_RAMP_DONE = "ramp_done"
R_TIMEOUT = "timeout"
R_OVERLOAD = "overload"
R_AUTONOMY = "autonomy"
R_SURPLUS = "surplus"
R_BATTERY_EMPTY = "battery_empty"
R_CHARGE_SURPLUS = "charge_surplus"
R_CHARGE_CHEAP = "charge_cheap"
R_PRICE_DISCHARGE = "price_discharge"
R_PEAK_SHAVE = "peak_shave"
R_IDLE = "idle"
R_SOFT_RETURN = "soft_return"
R_ANGLE = "angle"
R_SLIP = "slip"
R_VOLTAGE_DIFFERENCE = "voltage_difference"
R_INTERLOCK = "interlock"
R_NOT_OBEYED = "not_obeyed"
R_NO_VOLTAGE = "no_voltage"  # gone, not just low
R_ROCOF = "rocof"  # rate of change of frequency: the feeder is cut off, and carried by its own sources
R_VECTOR_SHIFT = "vector_shift"
R_DWELL = "dwell"
R_SYNC_RELAY = "sync_relay"
R_PLANNED = "planned"  # an announced outage, or a person's wish
R_PRACTICE = "practice"
R_PLAN_OVER = "plan_over"
R_OVERRIDE = "override"  # the switch on the wall
R_FOLLOWED = "followed"  # another device owns the transfer, the node follows it
R_WELDED = "contactor_welded"
R_NO_FEEDBACK = "no_feedback"
R_BOND = "neutral_bond"
R_GENSET = "genset"
R_PHASE_RATING = "phase_rating"
R_MAIN_FUSE = "main_fuse"
R_EV_FIRST = "ev_first"
R_COLD_LOAD = "cold_load"
R_VOLT_WATT = "volt_watt"
R_VOLT_VAR = "volt_var"

# The switch on the wall, which always wins.
OVERRIDE_NONE = 0
OVERRIDE_OPEN = 1  # stay off the grid, whatever else is wished
OVERRIDE_CLOSE = 2  # stay on the grid, as if the node were not there
OVERRIDE_NAMES = ("none", "open", "close")

# Why the grid is not there for the building.
LOSS_NONE = 0
LOSS_OUTAGE = 1  # no voltage, or a feeder that was cut off
LOSS_REJECTED = 2  # there, but beyond the limits for longer than they allow
LOSS_NAMES = ("none", "outage", "rejected")

# What a trip row of a grid code looks at, and on which side of its limit it counts.
TRIP_V = "v"  # rms of a half cycle, in pu
TRIP_V_MEAN = "v_mean"  # rms of the last ten minutes, in pu
TRIP_HZ = "hz"
TRIP_SHIFT = "shift"  # jump of the voltage's phase, in degrees, either way
ABOVE, BELOW = 1, -1
DEAD_V_PU = 0.2  # what induction leaves on an open line is below

# Answers to a command (every refusal is counted and reported).
A_ACCEPTED = "accepted"
A_MALFORMED = "malformed"
A_BAD_SIGNATURE = "bad_signature"
A_WRONG_DEVICE = "wrong_device"
A_EARLY = "early"
A_EXPIRED = "expired"
A_REPLAYED = "replayed"
A_UNKNOWN_KIND = "unknown_kind"
A_OUT_OF_RANGE = "out_of_range"
A_NO_CLOCK = "no_clock"
A_NO_STORE = "no_store"
A_NO_DEVICE = "no_device"
A_NOT_NOW = "not_now"  # allowed, but not in this state of the building
A_NOT_ALLOWED = "not_allowed"  # by a setting of the node
ANSWERS = (
    A_ACCEPTED,
    A_MALFORMED,
    A_BAD_SIGNATURE,
    A_WRONG_DEVICE,
    A_EARLY,
    A_EXPIRED,
    A_REPLAYED,
    A_UNKNOWN_KIND,
    A_OUT_OF_RANGE,
    A_NO_CLOCK,
    A_NO_STORE,
    A_NO_DEVICE,
    A_NOT_NOW,
    A_NOT_ALLOWED,
)

# Load groups in the order they are kept; shed level n drops the last n groups.
CRITICAL = 0
NORMAL = 1
DEFERRABLE = 2
GROUP_NAMES = ("critical", "normal", "deferrable")

# A car charges with at least this in each phase, or not at all; and with no more (IEC 61851-1).
EV_LEAST_A = 6.0
EV_MOST_A = 80.0

WH_J = 3600  # joules in a watt-hour
