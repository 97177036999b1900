"""Safe outputs before anything else runs; frequent collections keep the heap in one piece while modules load."""

import gc
import sys

if ".frozen" in sys.path:  # what lies on the file system must not take the place of the firmware
    sys.path.remove(".frozen")
    sys.path.insert(0, ".frozen")
gc.threshold(16_384)

import board  # noqa: E402

board.safe()
