"""What the pins of each board are for, as its data sheet has them, and what is wrong with a use of one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import hal

BOARDS = Path(__file__).resolve().parents[2] / "boards"
HIGH, LOW, FREE = "high", "low", "free"
SWITCHES = ("contactor", "bond", "genset", "shed")
INPUTS = (
    "feedback",
    "bond_feedback",
    "genset_live",
    "sync_relay",
    "override_open",
    "override_close",
    "off_grid",
)
# What holds the pin while the chip is in reset: FREE where only the chip would drive it, or the other end is off
AT_RESET = {
    **dict.fromkeys(SWITCHES, LOW),  # the pull-down of the driver
    **dict.fromkeys((*INPUTS, "ready"), "either"),  # whatever is connected says
    **dict.fromkeys(
        ("sck", "mosi", "miso", "tx", "analog"), FREE
    ),  # miso: a chip that is not selected lets go
    **dict.fromkeys(("select", "rx", "sda", "scl"), HIGH),
    **dict.fromkeys(("direction", "led", "phy power"), LOW),
    "phy": FREE,
}
DRIVEN = {*SWITCHES, "led", "sck", "mosi", "select", "tx", "direction", "sda", "scl", "phy", "phy power"}


@dataclass(frozen=True)
class Board:
    """A board: pins on its headers, what is taken and by what, and its chip's limits."""

    header: frozenset[int]
    taken: dict[int, str]
    analog: frozenset[int] = frozenset()
    input_only: frozenset[int] = frozenset()
    straps: dict[int, str] = field(
        default_factory=dict
    )  # level that a normal start needs; FREE: nobody cares
    pulses: frozenset[int] = frozenset()  # these move while the chip starts
    fixed: dict[str, frozenset[int]] = field(
        default_factory=dict
    )  # what a UART or I2C can be on; none: anything
    led: int = -1


def _every(first: int, last: int, step: int) -> frozenset[int]:
    return frozenset(range(first, last + 1, step))


# RP2040 datasheet, 1.4.3 and RP2350 datasheet, 1.2.3: function select of bank 0, pins 0 to 29
RP2_FIXED = {
    "uart0 tx": frozenset({0, 12, 16, 28}),
    "uart0 rx": frozenset({1, 13, 17, 29}),
    "uart1 tx": frozenset({4, 8, 20, 24}),
    "uart1 rx": frozenset({5, 9, 21, 25}),
    "i2c0 sda": _every(0, 28, 4),
    "i2c0 scl": _every(1, 29, 4),
    "i2c1 sda": _every(2, 26, 4),
    "i2c1 scl": _every(3, 27, 4),
}
RP2_HEADER = frozenset([*range(23), 26, 27, 28])
RADIO = dict.fromkeys((23, 24, 25, 29), "the radio")
# ESP32 datasheet 2.2 (pins), 2.4 (strapping), ESP32-DevKitC guide; 37 and 38 are not on the WROOM module
ESP32_HEADER = frozenset([0, 1, 2, 3, 4, 5, *range(12, 20), 21, 22, 23, 25, 26, 27, 32, 33, 34, 35, 36, 39])
ESP32_TAKEN = {**dict.fromkeys(range(6, 12), "the flash"), 1: "the console", 3: "the console"}
ESP32 = {
    "input_only": frozenset({34, 35, 36, 39}),
    "analog": frozenset({32, 33, 34, 35, 36, 39}),  # of ADC1: ADC2 is dead beside the radio
    "straps": {0: HIGH, 2: LOW, 5: HIGH, 12: LOW, 15: HIGH},
    "pulses": frozenset({1, 3, 5, 14, 15}),
}
RMII = dict.fromkeys((18, 19, 21, 22, 23, 25, 26, 27), "the network chip")

RULES = {
    "pico": Board(
        RP2_HEADER | {25},
        {23: "the supply", 24: "the sense of USB", 29: "the sense of the supply"},
        analog=frozenset({26, 27, 28}), fixed=RP2_FIXED, led=25,
    ),
    "pico_w": Board(RP2_HEADER, RADIO, analog=frozenset({26, 27, 28}), fixed=RP2_FIXED),
    "pico2_w": Board(RP2_HEADER, RADIO, analog=frozenset({26, 27, 28}), fixed=RP2_FIXED),
    "w5500_evb_pico": Board(
        RP2_HEADER | {25},
        {**dict.fromkeys(range(16, 22), "the W5500"), 24: "the sense of USB", 29: "the sense of the supply"},
        analog=frozenset({26, 27, 28}), fixed=RP2_FIXED, led=25,
    ),
    "esp32_devkit": Board(ESP32_HEADER, ESP32_TAKEN, led=2, **ESP32),
    "esp32_atm90e32": Board(ESP32_HEADER, ESP32_TAKEN, led=2, **ESP32),
    # Olimex ESP32-POE-ISO: 12 powers the network chip, 17 gives it its clock, 34 is the button
    "esp32_ethernet": Board(
        ESP32_HEADER,
        {**ESP32_TAKEN, **RMII, 12: "the network chip", 17: "the network chip", 34: "the button"},
        **ESP32,
    ),
    # ESP32-S3 datasheet 2.2, 2.6 and ESP32-S3-DevKitC-1 guide: flash 26 to 32, octal PSRAM 33 to 37, RGB 38 or 48
    "esp32_s3": Board(
        frozenset([*range(22), *range(35, 49)]),
        {
            **dict.fromkeys((35, 36, 37), "the PSRAM"),
            **dict.fromkeys((19, 20), "USB"),
            **dict.fromkeys((43, 44), "the console"),
            **dict.fromkeys((38, 48), "the coloured light"),
        },
        analog=frozenset(range(1, 11)), straps={0: HIGH, 3: FREE, 45: LOW, 46: LOW}, pulses=frozenset({18, 19, 20}),
    ),
}  # fmt: skip
ALL = tuple(sorted(RULES))


@contextmanager
def stubbed_machine(machine: ModuleType | None = None) -> Iterator[None]:
    """Let boards be loaded without a chip: a module `machine` that has a Pin."""
    stub = machine or ModuleType("machine")
    if machine is None:
        stub.Pin = object  # type: ignore[attr-defined]
    before = sys.modules.get("machine")
    sys.modules["machine"] = stub
    _forget_pins()
    try:
        yield
    finally:
        _forget_pins()
        del sys.modules["machine"]
        if before is not None:
            sys.modules["machine"] = before


def _forget_pins() -> None:
    """Let hal.pins be imported anew, with the `machine` of then."""
    sys.modules.pop("hal.pins", None)
    vars(hal).pop("pins", None)


def load(name: str, machine: ModuleType | None = None) -> ModuleType:
    """Return the board's table: its board.py, loaded as boot.py does."""
    spec = spec_from_file_location(f"board_{name}", BOARDS / name / "board.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    with stubbed_machine(machine):
        spec.loader.exec_module(module)
    return module


def uses(board: ModuleType) -> list[tuple[str, str, int]]:
    """Return (role, bus that its pins depend on or "", pin) of every pin that a board's table names."""
    pins = board.PINS
    found = [(role, "", getattr(pins, role)) for role in ("contactor", "bond", "genset", "led", *INPUTS)]
    found += [("shed", "", pin) for pin in pins.shed]
    found += [("analog", "", 26 + number) for number in getattr(board, "ADC_INPUTS", ())]
    lines = [row[1:] for row in board.LINES] + [getattr(board, "PPP_LINE", ())]
    for row in filter(None, lines):
        found += [("tx", f"uart{row[0]}", row[1]), ("rx", f"uart{row[0]}", row[2])]
        found += [("direction", "", row[3])] if len(row) > 3 else []
    found += [("sda", f"i2c{board.FRAM[0]}", board.FRAM[1]), ("scl", f"i2c{board.FRAM[0]}", board.FRAM[2])]
    bus = getattr(board, "CONVERTER", None) or getattr(board, "METER", (0,))
    found += [
        (role, "", pin)
        for role, pin in zip(("sck", "mosi", "miso", "select", "ready"), bus[1:], strict=False)
    ]
    return [use for use in found if use[2] >= 0]


def wrong(rules: Board, board: ModuleType) -> list[str]:
    """Return what is wrong with a board's pins, as sentences."""
    found = uses(board)
    pins = [pin for _, _, pin in found]
    errors = [f"pin {pin} is used twice" for pin in sorted(set(pins)) if pins.count(pin) > 1]
    for role, bus, pin in found:
        errors += [f"{role} on pin {pin}: {what}" for what in _wrong_use(rules, role, bus, pin)]
    return errors


def _wrong_use(rules: Board, role: str, bus: str, pin: int) -> Iterator[str]:
    if pin in rules.taken:
        yield f"it belongs to {rules.taken[pin]}"
    elif pin not in rules.header:
        yield "it is not on a header"
    if role == "analog" and pin not in rules.analog:
        yield "it has no converter"
    if role in DRIVEN and pin in rules.input_only:
        yield "it is only an input"
    if role in SWITCHES and pin in rules.pulses:
        yield "it moves while the chip starts"
    if role == "led" and pin != rules.led:
        yield "there is no light"
    needed = rules.straps.get(pin, FREE)
    if needed != FREE and AT_RESET[role] not in (FREE, needed):
        yield f"a start needs it {needed}, it may be {AT_RESET[role]}"
    can = rules.fixed.get(f"{bus} {role}")
    if can is not None and pin not in can:
        yield f"{bus} has no {role} there"
