"""Safe outputs before anything else runs; frequent collections keep the heap in one piece while modules load."""

import gc

gc.threshold(16_384)

import board  # noqa: E402

board.safe()
