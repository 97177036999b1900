"""A first-order response told by its open-loop response time, as grid codes tell it."""

from math import exp

from islet.base.curves import NINETY_PCT


class Lag:
    """`value` follows its target and has covered 90 % of a step after response_s."""

    def __init__(self, response_s: float, value: float = 0.0) -> None:
        """response_s 0 follows at once."""
        self._tau_ms = 1000.0 * response_s / NINETY_PCT
        self.value = value

    def reset(self, value: float) -> None:
        """Start over from value."""
        self.value = value

    def step(self, target: float, dt_ms: int) -> float:
        """Move towards the target for dt_ms (>= 0) and return the value."""
        if self._tau_ms <= 0:
            self.value = target
        else:
            self.value = target + (self.value - target) * exp(-dt_ms / self._tau_ms)
        return self.value
