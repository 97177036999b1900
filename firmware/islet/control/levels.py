"""Which level of shedding fits: the inverter's power, its phases, the energy; in what is now and what may come."""

LEVEL_CRITICAL = 2
LEVEL_NOTHING = 3
RATING_USE = 0.9
PEAK_USE = 1.1  # of the rating that the last peak or step may take if it comes again: inverters trip at 1.2
GENERATION_MARGIN = 1.2  # of generation before critical load is given back on it alone


class Levels:
    """Judges levels 0..3 by what `loads`, `phases`, `autonomy` and `sources` know; decides nothing."""

    def __init__(self, s, loads, phases, autonomy, sources) -> None:
        self.loads, self.phases = loads, phases
        self.autonomy, self.sources = autonomy, sources
        self.limit_w = RATING_USE * s.battery_rated_w
        self._peak_limit_w = PEAK_USE * s.battery_rated_w

    def power(self, car_w: float) -> int:
        """Return the lowest level within the rating; critical load alone is always tried."""
        for level in (0, 1):
            if self.carries(level, car_w):
                return level
        return LEVEL_CRITICAL

    def phase(self) -> int:
        """Return the lowest level that the worst phase bears."""
        for level in (0, 1):
            if self.phase_carries(level):
                return level
        return LEVEL_CRITICAL

    def energy(self, margin: float = 1.0, critical_margin: float = 0.0) -> int:
        """Return the lowest level that lasts, each with its margin; 0: any energy serves critical load."""
        bearable_w = self.autonomy.bearable_w
        for level in (0, 1):
            if margin * self.loads.mean_at_w(level) <= bearable_w:
                return level
        lasts = bearable_w > 0.0 and critical_margin * self.loads.mean_at_w(LEVEL_CRITICAL) <= bearable_w
        return LEVEL_CRITICAL if lasts else LEVEL_NOTHING

    def relief(self, present: int, battery_w: float) -> int:
        """Return the lowest level above the present one that ends the overload."""
        for level in range(present + 1, LEVEL_CRITICAL):
            saved_w = self.loads.load_w(present) - self.loads.load_w(level)
            if battery_w - saved_w <= self.limit_w:
                return level
        return LEVEL_CRITICAL

    def carries(self, level: int, car_w: float = 0.0) -> bool:
        """Return whether the inverter, and what is firm beside it, carries a level now and in its worst moment."""
        return self._carries(level, self.loads.load_w(level), self.sources.firm_w - car_w)

    def carries_warm(self, level: int) -> bool:
        """Return whether it would, were it not for the cold load."""
        return self._carries(level, self.loads.warm_w(level), self.sources.firm_w)

    def _carries(self, level: int, load_w: float, firm_w: float) -> bool:
        fits = load_w <= self.limit_w + firm_w
        return fits and self.loads.worst_w(level, load_w) <= self._peak_limit_w + firm_w

    def phase_carries(self, level: int) -> bool:
        """Return whether the worst phase stays within the inverter's rating for one phase."""
        phases, loads = self.phases, self.loads
        if not phases.known or loads.served_w <= 0.0 or level >= LEVEL_CRITICAL:
            return True
        worst_w = phases.worst_w * loads.load_w(level) / loads.served_w
        return worst_w <= RATING_USE * phases.rated_w()

    def generation_carries(self, image, now_ms: int) -> bool:
        """Return whether PV and sources alone give what critical load takes."""
        pv_w = image.pv_w.value if image.pv_w.usable(now_ms) else 0.0
        need_w = self.loads.load_w(LEVEL_CRITICAL)
        return need_w > 0.0 and pv_w + self.sources.firm_w >= GENERATION_MARGIN * need_w
