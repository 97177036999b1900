"""The frames of boards/hal/sim.py, host side."""

import struct
from dataclasses import dataclass

from hal import sim

HEAD = struct.Struct(sim.HEAD)
TAIL = struct.Struct(sim.TAIL)


@dataclass(frozen=True)
class Tail:
    """What a node answers to a frame."""

    kind: int
    contactor_closed: bool
    shed_level: int
    state: int
    pace_ms: int
    acknowledged: int
    queued: int
    received: int
    fed: int  # times the watchdog was fed

    @classmethod
    def decode(cls, data: bytes) -> "Tail":
        """Return the answer held in TAIL_BYTES bytes."""
        kind, contactor, *rest = TAIL.unpack(data)
        return cls(kind, bool(contactor), *rest)


def head(
    kind: int,
    closed: bool,
    clock_valid: bool,
    n_sets: int,
    now_ms: int,
    dt_ms: int,
    epoch_s: int,
    expect: int,
) -> bytes:
    """Return the header of a frame to a node."""
    return HEAD.pack(kind, closed | clock_valid << 1, n_sets, now_ms, dt_ms, epoch_s, expect)
