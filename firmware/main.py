"""Hand the board to the firmware."""

import board

from islet.app import run

run(board)
