"""What is connected to the pins of boards/rp2040_emulated, and what they say together."""

from typing import NamedTuple

from host_tools.hil.frames import Tail
from host_tools.hil.rp2040.pins import Pins

CONTACTOR, BOND, GENSET, SHED = 2, 3, 4, (5, 6, 7)  # outputs, high: closed, tied, running, load served
FEEDBACK, BOND_FEEDBACK, GENSET_LIVE, SYNC_RELAY = 11, 12, 13, 14  # inputs, low when on
OVERRIDE_OPEN, OVERRIDE_CLOSE, OFF_GRID = 15, 16, 17
DIRECTION = 10  # of UART1's RS-485 transceiver, high while the board sends


class Found(NamedTuple):
    """What contacts and genset do: while nobody drives a pin, a latch beside it leaves things as they are."""

    contactor: bool
    bond: bool
    genset: bool


def tail(kind: int, pins: Pins, found: Found, noted: Tail) -> Tail:
    """Return the answer to a frame: outputs from the pins, the rest as the firmware noted it last."""
    driven = [pins.level(pin) for pin in (CONTACTOR, BOND, GENSET)]
    closed, bond, genset = (
        as_found if level is None else level for level, as_found in zip(driven, found, strict=True)
    )
    served = [pins.level(pin) for pin in SHED]
    shed = noted.shed_level if None in served else served.count(False)
    return Tail(
        kind,
        closed,
        shed,
        noted.state,
        noted.pace_ms,
        noted.acknowledged,
        noted.queued,
        noted.received,
        noted.fed,
        bond,
        genset,
        noted.suspect,
    )
