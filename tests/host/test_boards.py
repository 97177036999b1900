"""Every board's pins against the rules of its data sheet, its scales by hand, its README against its table."""

import ast
import re
from types import ModuleType, SimpleNamespace

import pytest
from board_rules import ALL, BOARDS, RULES, SWITCHES, load, stubbed_machine, uses, wrong

from islet.measure import wiring as w

TWO_SIDES = (
    "esp32_devkit",
    "esp32_ethernet",
    "esp32_s3",
    "w5500_evb_pico",
)  # both sides of the contactor seen


def set_hz(name: str) -> float:
    return 1000.0 if name.startswith("esp32") else 3600.0


@pytest.mark.parametrize("name", ALL)
def test_pins_keep_the_rules(name: str) -> None:
    """No pin twice, none that belongs to flash, radio or network chip, inputs as inputs, straps at their level."""
    assert wrong(RULES[name], load(name)) == []


@pytest.mark.parametrize(
    ("name", "change", "what"),
    [
        ("pico", {"pins": {"genset": 8}}, "pin 8 is used twice"),
        ("pico_w", {"pins": {"led": 25}}, "the radio"),
        ("pico", {"ADC_INPUTS": (0, 1, 3)}, "the sense of the supply"),
        ("pico", {"ADC_INPUTS": (0, 1, -4)}, "it has no converter"),
        ("pico", {"LINES": (("uart1", 0, 8, 9, 10),)}, "uart0 has no tx there"),
        ("pico2_w", {"FRAM": (1, 20, 21)}, "i2c1 has no sda there"),
        ("w5500_evb_pico", {"pins": {"off_grid": 17}}, "the W5500"),
        ("esp32_devkit", {"pins": {"contactor": 34}}, "it is only an input"),
        ("esp32_devkit", {"pins": {"contactor": 14}}, "it moves while the chip starts"),
        ("esp32_devkit", {"pins": {"feedback": 0}}, "a start needs it high"),
        ("esp32_devkit", {"pins": {"shed": (12, 15)}}, "shed on pin 15: a start needs it high"),
        ("esp32_devkit", {"pins": {"contactor": 9}}, "the flash"),
        ("esp32_devkit", {"pins": {"off_grid": 3}}, "the console"),
        ("esp32_devkit", {"pins": {"led": 13}}, "there is no light"),
        ("esp32_devkit", {"CONVERTER": (2, 36, 23, 19, 5, 34)}, "sck on pin 36: it is only an input"),
        ("esp32_ethernet", {"pins": {"bond": 21}}, "the network chip"),
        ("esp32_ethernet", {"FRAM": (0, 13, 17)}, "the network chip"),
        ("esp32_s3", {"pins": {"bond": 36}}, "the PSRAM"),
        ("esp32_s3", {"pins": {"feedback": 45}}, "a start needs it low"),
        ("esp32_s3", {"pins": {"bond": 27}}, "it is not on a header"),
        ("esp32_atm90e32", {"METER": (2, 18, 23, 19, 12)}, "select on pin 12: a start needs it low"),
    ],
)
def test_a_broken_rule_is_found(name: str, change: dict[str, object], what: str) -> None:
    """Each rule can fail."""
    board = load(name)
    for key, value in change.items():
        if key == "pins":
            for role, pin in dict(value).items():  # type: ignore[call-overload]
                setattr(board.PINS, role, pin)
        else:
            setattr(board, key, value)
    assert any(what in line for line in wrong(RULES[name], board)), wrong(RULES[name], board)


@pytest.mark.parametrize("name", ALL)
def test_only_the_pins_are_loaded_before_outputs_are_safe(name: str) -> None:
    """boot.py imports the board for safe(): nothing at the top of it but hal.pins, and no work."""
    tree = ast.parse((BOARDS / name / "board.py").read_text())
    tops = [node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))]
    assert [ast.unparse(node) for node in tops] == ["from hal import pins"]
    assert {"safe", "open_hardware", "wiring", "network"} <= {
        node.name for node in tree.body if isinstance(node, ast.FunctionDef)
    }


class Recorder(ModuleType):
    """A module `machine` whose pins are remembered: low inputs by number, what was driven."""

    def __init__(self, low: set[int]) -> None:
        super().__init__("machine")
        self.driven: dict[int, int] = {}
        recorder = self

        class Pin:
            IN, OUT, PULL_UP = 0, 1, 2

            def __init__(self, number: int, mode: int, pull: int = -1, value: int | None = None) -> None:
                self.number = number
                if mode == Pin.OUT:
                    assert value is not None, "an output must be born with a level"
                    recorder.driven[number] = value

            def value(self) -> int:
                return 0 if self.number in low else 1

        self.Pin = Pin


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("closed", [True, False])
def test_safe_outputs_leave_the_supply_as_it_is_found(name: str, closed: bool) -> None:
    """docs/safety.md: the contactor as found; on the grid all load served, in an island as it is."""
    pins = load(name).PINS
    machine = Recorder({pins.feedback} if closed and pins.feedback >= 0 else set())
    with stubbed_machine(machine):
        load(name, machine).safe()
    found = closed and pins.feedback >= 0
    assert machine.driven.get(pins.contactor, found) == found
    assert machine.driven.get(pins.bond, 0) == machine.driven.get(pins.genset, 0) == 0
    assert [machine.driven.get(pin) for pin in pins.shed] == [1 if found else None] * len(pins.shed)
    assert set(machine.driven) <= {pins.contactor, pins.bond, pins.genset, *pins.shed}


@pytest.mark.parametrize("name", ALL)
def test_wiring_is_complete(name: str) -> None:
    """A contactor only where both sides are seen: closing blind joins what is not in step."""
    board = load(name)
    wiring = board.wiring(230.0, 50.0, set_hz(name))
    kinds = [channel.kind for channel in wiring.channels]
    assert w.GRID_V in kinds
    assert w.GRID_I in kinds
    assert (w.BUS_V in kinds) == (name in TWO_SIDES)
    assert (board.PINS.contactor >= 0) == (name in TWO_SIDES)
    assert wiring.simultaneous == name.startswith("esp32")
    if hasattr(board, "ADC_INPUTS"):
        assert len(board.ADC_INPUTS) == wiring.stride
    elif hasattr(board, "CONVERTER"):
        assert wiring.stride == 4


@pytest.mark.parametrize(
    ("name", "peak_v", "peak_a"),
    [
        # 1.65 V at the pin over 8.2 k of 108.2 k, 11.5 V at the transformer for 230 V; 1.65 V over 22 ohm, 2000 turns
        ("pico", 1.65 * 108.2 / 8.2 * 20, 1.65 / 22 * 2000),
        ("w5500_evb_pico", 435.4, 150.0),
        # 1.2 V over 4.7 k of 104.7 k; 1.2 V over 12 ohm
        ("esp32_devkit", 534.6, 200.0),
        ("esp32_s3", 1.2 * 104.7 / 4.7 * 20, 1.2 / 12 * 2000),
    ],
)
def test_scales_follow_from_the_parts(name: str, peak_v: float, peak_a: float) -> None:
    """The largest code is what dividers and burdens make of the converter's range, by hand."""
    channels = load(name).wiring(230.0, 50.0, set_hz(name)).channels
    volts = [channel.per_code for channel in channels if channel.is_voltage()]
    amps = [channel.per_code for channel in channels if not channel.is_voltage()]
    assert [32768 * value for value in volts] == pytest.approx([peak_v] * len(volts), rel=1e-3)
    assert [32768 * value for value in amps] == pytest.approx([peak_a] * len(amps), rel=1e-3)
    assert peak_v > 1.2 * 230 * 2**0.5  # an overvoltage of IEEE 1547 must not clip


@pytest.mark.parametrize("name", ALL)
def test_readme_names_the_pins_of_the_table(name: str) -> None:
    """The wiring table has each pin of board.py once, with its role's first word, and no other."""
    text = (BOARDS / name / "README.md").read_text()
    rows = re.findall(r"^\| (?:GP|GPIO)(\d+) \|", text, re.MULTILINE)
    assert sorted(map(int, rows)) == sorted(pin for _, _, pin in uses(load(name)))
    for heading in ("## Wiring", "## Parts", "## Limits"):
        assert heading in text
    if name not in TWO_SIDES:
        assert "`transfer_owner`" in text
    switched = [role for role, _, _ in uses(load(name)) if role in SWITCHES]
    assert not switched or "10 kΩ" in text  # the pull-down of each output


def test_the_meter_of_the_energy_chip_counts_the_phases_that_are_wired() -> None:
    """The chip's phases A and C, one voltage; anything else is not a phase."""
    board = load("esp32_atm90e32")
    made = board.meter(SimpleNamespace(), None, lambda: 0, print)
    assert [point.name for point in made.energy.points] == ["grid", "load_i"]
    assert [phase.present for phase in made._driver.phases] == [True, False, True]
    assert not set(board.GRID) & set(board.LOADS)
