"""A value that follows its target at a bounded rate."""


class Ramp:
    """`value` moves towards a target by at most rate_per_s (> 0, units of the value per second)."""

    def __init__(self, rate_per_s: float, value: float = 0.0) -> None:
        """Raise ValueError for a rate that is not positive."""
        if not rate_per_s > 0:
            raise ValueError("a ramp's rate must be positive")
        self.rate_per_s = rate_per_s
        self.value = value

    def reset(self, value: float) -> None:
        """Start over from value, without a ramp."""
        self.value = value

    def step(self, target: float, dt_ms: int) -> float:
        """Move towards target for dt_ms (>= 0) and return the value; it lands on the target exactly."""
        reach = self.rate_per_s * dt_ms / 1000
        if target > self.value + reach:
            self.value += reach
        elif target < self.value - reach:
            self.value -= reach
        else:
            self.value = target
        return self.value
