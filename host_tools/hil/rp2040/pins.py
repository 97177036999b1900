"""The chip's pins: outputs watched with the emulated time of their edges, inputs driven."""

from typing import NamedTuple

from rp2040py.gpio_pin import GPIOPinState
from rp2040py.rp2040 import RP2040


class Edge(NamedTuple):
    """An output's change: emulated seconds, and what it is since."""

    at_s: float
    level: bool | None  # None: nobody drives it


def _level(state: GPIOPinState) -> bool | None:
    return {GPIOPinState.HIGH: True, GPIOPinState.LOW: False}.get(state)


class Pins:
    """Inputs are driven by drive(); outputs are read by level(); watch() begins to keep a pin's edges."""

    def __init__(self, mcu: RP2040) -> None:
        self._gpio = mcu.gpio
        self._clock = mcu.clock
        self.edges: dict[int, list[Edge]] = {}

    def drive(self, number: int, high: bool) -> None:
        """Drive an input from outside."""
        self._gpio[number].set_input_value(high)

    def release(self, number: int) -> None:
        """Leave an input to its pull resistor."""
        self._gpio[number].release_input()

    def level(self, number: int) -> bool | None:
        """Return what the board drives, None where it drives nothing."""
        return _level(self._gpio[number].value)

    def watch(self, *numbers: int) -> None:
        """Keep the edges of these pins from now on."""
        for number in numbers:
            self.edges[number] = []
            self._gpio[number].add_listener(self._keeper(number))

    def clear(self) -> None:
        """Forget the edges so far."""
        for found in self.edges.values():
            found.clear()

    def changed(self) -> None:
        """Look at every watched pin: a chip that was reset drives nothing, without an edge of its own."""
        for number, found in self.edges.items():
            level = self.level(number)
            if found and found[-1].level != level:
                found.append(Edge(self._clock.nanos * 1e-9, level))

    def _keeper(self, number: int):  # type: ignore[no-untyped-def] # a listener
        found = self.edges[number]

        def keep(state: GPIOPinState, _before: GPIOPinState) -> None:
            found.append(Edge(self._clock.nanos * 1e-9, _level(state)))

        return keep
