"""The tools with which a person puts the firmware on a board and looks after it."""
