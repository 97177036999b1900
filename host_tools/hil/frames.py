"""The frames of boards/hal/sim.py, host side."""

import struct
from dataclasses import dataclass

from hal import sim, tail
from islet.names import OVERRIDE_NONE

HEAD = struct.Struct(sim.HEAD)
TAIL = struct.Struct(tail.TAIL)
_PINS = (tail.CONTACTOR_PIN, tail.BOND_PIN, tail.GENSET_PIN, tail.SUSPECT_PIN)


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
    bond_closed: bool = False  # neutral tied to earth
    genset_run: bool = False
    suspect: bool = False  # the fast path suspects the grid

    @classmethod
    def decode(cls, data: bytes) -> "Tail":
        """Return the answer held in TAIL_BYTES bytes."""
        kind, pins, shed, state, pace_ms, acknowledged, queued, received, fed = TAIL.unpack(data)
        closed, bond, genset, suspect = (bool(pins & bit) for bit in _PINS)
        return cls(
            kind, closed, shed, state, pace_ms, acknowledged, queued, received, fed, bond, genset, suspect
        )


@dataclass(frozen=True)
class Inputs:
    """What a board's inputs say besides the contactor's feedback."""

    override: int = OVERRIDE_NONE
    sync_relay: bool = False  # a hardware synchronism check permits closing
    bond_closed: bool = False
    genset_live: bool = False
    ats_on_grid: bool = True

    @property
    def flags(self) -> int:
        """As bits of HEAD."""
        flags = self.override << sim.OVERRIDE_SHIFT
        for on, bit in (
            (self.sync_relay, sim.SYNC_RELAY),
            (self.bond_closed, sim.BOND),
            (self.genset_live, sim.GENSET),
            (not self.ats_on_grid, sim.OFF_GRID),
        ):
            flags |= bit if on else 0
        return flags


PLAIN = Inputs()


def head(
    kind: int,
    closed: bool,
    clock_valid: bool,
    n_sets: int,
    now_ms: int,
    dt_ms: int,
    epoch_s: int,
    expect: int,
    inputs: Inputs = PLAIN,
) -> bytes:
    """Return the header of a frame to a node; closed is the contactor's feedback."""
    flags = (sim.CLOSED if closed else 0) | (sim.CLOCK if clock_valid else 0) | inputs.flags
    return HEAD.pack(kind, flags, n_sets, now_ms, dt_ms, epoch_s, expect)
