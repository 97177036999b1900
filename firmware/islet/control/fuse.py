"""Heat of a main fuse's phase: short overloads are let pass, long ones are ended well before it opens.

A circuit breaker may open within 1 h at 1.45 times its rating and within 1 to 60 s at 2.55 times (IEC 60898-1,
table 7, up to 32 A); a gG fuse within 1 h at 1.6 times (IEC 60269-1, table 2, up to 63 A). Neither opens at 1.13.
"""

FREE_PU = 1.05  # of the rating: never acted on, so that a meter's error does not stop anything
HEAT_MAX = 24.0
EV_HEAT = 4.0  # cars stop: 4 s at 1.45, 0.7 s at 2.55, 23 s at 1.13 times the rating
BATTERY_HEAT = 8.0  # the battery helps: 8 s, 1.5 s, 46 s
SHED_HEAT = 16.0  # deferrable load goes: 16 s, 3 s, 92 s


class Heat:
    """`value` is the integral of (i/In)^2 above that of FREE_PU over seconds; it falls the same way."""

    def __init__(self) -> None:
        self.value = 0.0

    def step(self, current_pu: float, dt_ms: int) -> float:
        """Pass dt_ms at a current per unit of the rating and return the value, 0..HEAT_MAX."""
        over = current_pu * current_pu - FREE_PU * FREE_PU
        self.value = max(0.0, min(HEAT_MAX, self.value + over * dt_ms / 1000))
        return self.value
