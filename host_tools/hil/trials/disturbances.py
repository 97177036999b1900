"""Draws disturbances of the supply that a grid code wants ridden through, and such that must open the contactor."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from host_tools.hil import usual
from islet.config import Settings
from islet.control import grid_code
from islet.names import ABOVE, BELOW, TRIP_HZ, TRIP_V

SITE = "site"
CODES = (SITE, *(row[0] for row in grid_code.CODES))
BEGIN_MS = 800.0  # the disturbance begins about then: the frequency is known by that time
CYCLE_MS = 20.0
EDGE_PU, EDGE_HZ = 0.01, 0.05  # drawn no closer to a limit than this
RIDE_PU = 0.97  # of the ride-through's length, at most
LONGEST_MS = 6000.0  # of what is ridden through or waited for here
SITE_OVER_MS = 200.0  # what a site's own limits may take beyond `ride_s`
HIGHEST_PU = 1.24  # the simulated board's converter ends at 1.257 of 230 V
UNASKED_MS = 500.0  # after a ride-through that no clearing time follows
JITTER_MS = 2.0  # of the plant's contactor
SEARCHES = 200
AWAY_HZ_PER_S = 5.0
# EN 50160, 4.2.5: shares of the fundamental that harmonics may reach
HARMONICS_PU = {3: 0.05, 5: 0.06, 7: 0.05, 9: 0.015, 11: 0.035, 13: 0.03}
Points = tuple[tuple[float, float], ...]  # (ms, value), straight lines between
Row = tuple[
    str, int, float, float, float, float, float
]  # as in grid_code's tables, in pu or Hz of this system


@dataclass(frozen=True)
class Disturbance:
    """What the supply does; `open_ms` is when the contacts must be apart after `begin_ms`, None: never."""

    code: str
    kind: str
    begin_ms: float
    end_ms: float  # of the trial
    open_ms: float | None
    volts: Points = ((0.0, 1.0),)
    hertz: Points = ((0.0, 50.0),)
    jumps: Points = ((0.0, 0.0),)  # rad
    harmonics: dict[int, complex] = field(default_factory=dict)
    dead: bool = False

    @property
    def ridden(self) -> bool:
        """Whether it must be ridden through."""
        return self.open_ms is None


def settings_of(code: str, f0_hz: float = 50.0) -> Any:
    """Return the Settings of a node under a code; `site` is the fast transfer of the defaults."""
    loss_profile = grid_code.FAST_TRANSFER if code == SITE else "ride_through"
    return Settings(usual.settings(f0_hz=f0_hz, grid_code=code, loss_profile=loss_profile))


class Draw:
    """Draws disturbances for one code; a seed gives the same ones again."""

    def __init__(self, code: str, rng: np.random.Generator, f0_hz: float = 50.0) -> None:
        self.code = code
        self._rng = rng
        self._f0_hz = f0_hz
        s = settings_of(code, f0_hz)
        self._contactor_ms = float(s.contactor_open_ms)
        self._fast_pu = grid_code.fast_open_pu(s)
        self._rows: list[Row] = []
        self.jump_deg, self.rocof_hz_per_s = 20.0, 2.0
        if code == SITE:
            for quantity, side, limit, ride_ms, *_ in grid_code.rows(s):
                self._rows.append((quantity, side, limit, ride_ms, ride_ms + SITE_OVER_MS, 0.0, 0.0))
            return
        _, table, hz, self.rocof_hz_per_s, _, single_deg = grid_code.code(code)
        self.jump_deg = single_deg or self.jump_deg
        for quantity, side, limit, *times in table:
            scaled = limit * f0_hz / hz if quantity == TRIP_HZ else limit
            self._rows.append((quantity, side, scaled, *map(float, times)))

    def ridden(self) -> Disturbance:
        """Return one that must be ridden through."""
        kinds = (self._dip, self._swell, self._ramp, self._jump, self._harmonics, self._motor, self._mixed)
        return kinds[self._rng.integers(len(kinds))]()

    def fatal(self) -> Disturbance:
        """Return one that must open the contactor."""
        kinds = (self._dead, self._deep, self._high, self._off_frequency)
        return kinds[self._rng.integers(len(kinds))]()

    def _begin(self) -> float:
        return float(BEGIN_MS + self._rng.uniform(0.0, CYCLE_MS))

    def _between(self, low: float, high: float) -> float:
        return float(self._rng.uniform(low, high))

    def ride_ms(self, quantity: str, side: int, value: float) -> float:
        """Return for how long a voltage (pu) or frequency (Hz) must be ridden through; inf within the limits."""
        if quantity == TRIP_V and value < self._fast_pu:
            return 0.0
        spans = [np.inf]
        for what, where, limit, ride_ms, _, slope, floor_ms in self._rows:
            if (what, where) == (quantity, side) and (value - limit) * side > 0.0:
                spans.append(max(floor_ms, ride_ms - slope * abs(limit - value)) if slope else ride_ms)
        return min(spans)

    def clear_ms(self, quantity: str, side: int, value: float) -> float:
        """Return when the contacts must be apart; soon after the ride-through where the code demands nothing."""
        if quantity == TRIP_V and value < self._fast_pu:
            return CYCLE_MS + self._contactor_ms + JITTER_MS
        spans = []
        for what, where, limit, _, clear_ms, *_ in self._rows:
            if (what, where) == (quantity, side) and (value - limit) * side > 0.0 and clear_ms:
                spans.append(clear_ms)
        return min(spans, default=self.ride_ms(quantity, side, value) + UNASKED_MS)

    def _near(self, quantity: str, side: int, value: float) -> bool:
        edge = EDGE_PU if quantity == TRIP_V else EDGE_HZ
        limits = [row[2] for row in self._rows if (row[0], row[1]) == (quantity, side)]
        if quantity == TRIP_V and side == BELOW:
            limits.append(self._fast_pu)
        return any(abs(value - limit) < edge for limit in limits)

    def _found(self, quantity: str, side: int, low: float, high: float, fatal: bool) -> tuple[float, float]:
        """Return a value beyond the limits and its time; RuntimeError when the span holds none."""
        for _ in range(SEARCHES):
            value = self._between(low, high)
            span_ms = (self.clear_ms if fatal else self.ride_ms)(quantity, side, value)
            fits = CYCLE_MS < span_ms <= LONGEST_MS if fatal else span_ms > CYCLE_MS
            if fits and not self._near(quantity, side, value):
                return value, span_ms
        raise RuntimeError(f"{self.code} has nothing between {low} and {high}")

    def _made(self, kind: str, begin_ms: float, lasts_ms: float, **more: object) -> Disturbance:
        end_ms = begin_ms + lasts_ms + 400.0
        return Disturbance(self.code, kind, begin_ms, end_ms, None, **more)  # type: ignore[arg-type]

    def _for_a_while(self, kind: str, side: int, low: float, high: float) -> Disturbance:
        value, ride_ms = self._found(TRIP_V, side, low, high, fatal=False)
        begin = self._begin()
        lasts = self._between(CYCLE_MS, min(LONGEST_MS, RIDE_PU * ride_ms))
        volts = ((begin, 1.0), (begin, value), (begin + lasts, value), (begin + lasts, 1.0))
        return self._made(kind, begin, lasts, volts=volts)

    def _dip(self) -> Disturbance:
        return self._for_a_while("dip", BELOW, 0.05, 0.95)

    def _swell(self) -> Disturbance:
        return self._for_a_while("swell", ABOVE, 1.05, 1.19)

    def _ramp(self) -> Disturbance:
        """A frequency that runs away and comes back, no faster than the code says, within its limits."""
        side = int(self._rng.choice((ABOVE, BELOW)))
        span = self._f0_hz * 0.03
        hz, ride_ms = self._found(
            TRIP_HZ, side, self._f0_hz + min(0.0, side * span), self._f0_hz + max(0.0, side * span), False
        )
        rate = self._between(0.2, 0.95 * self.rocof_hz_per_s)
        limits = [row[2] for row in self._rows if row[0] == TRIP_HZ and row[1] == side]
        beyond = max(
            0.0, max((hz - one) * side for one in limits)
        )  # on either way, counted with what is ridden
        if np.isfinite(ride_ms) and beyond:
            rate = max(rate, 4000.0 * beyond / (RIDE_PU * ride_ms))
        way_ms = 1000.0 * abs(hz - self._f0_hz) / rate
        begin = self._begin()
        rest = min(1500.0, RIDE_PU * ride_ms - 2000.0 * beyond / rate)
        times = (begin, begin + way_ms, begin + way_ms + rest, begin + 2.0 * way_ms + rest)
        hertz = tuple(zip(times, (self._f0_hz, hz, hz, self._f0_hz), strict=True))
        return self._made("frequency ramp", begin, 2.0 * way_ms + rest, hertz=hertz)

    def _jump(self) -> Disturbance:
        begin = self._begin()
        rad = np.radians(self._between(5.0, self.jump_deg)) * self._rng.choice((1.0, -1.0))
        return self._made("phase jump", begin, 1000.0, jumps=((begin, 0.0), (begin, float(rad))))

    def _harmonics(self) -> Disturbance:
        found = {
            order: complex(share * self._rng.uniform(0.3, 1.0) * np.exp(2j * np.pi * self._rng.uniform()))
            for order, share in HARMONICS_PU.items()
        }
        return self._made("harmonics", self._begin(), 1000.0, harmonics=found)

    def _motor(self) -> Disturbance:
        """A start nearby: a dip that comes back exponentially, drawn as four lines."""
        begin, depth, decay = self._begin(), self._between(0.03, 0.11), self._between(100.0, 600.0)
        rest = [(begin + k * decay, 1.0 - depth * np.exp(-k)) for k in (0.0, 0.5, 1.0, 2.0)]
        volts = ((begin, 1.0), *rest, (begin + 4.0 * decay, 1.0))
        return self._made("motor start", begin, 4.0 * decay, volts=volts)

    def _mixed(self) -> Disturbance:
        """A fault as it comes: dip, jump of phase and harmonics together."""
        dip, jump, found = self._dip(), self._jump(), self._harmonics()
        jumps = tuple((dip.begin_ms, rad) for _, rad in jump.jumps)
        return replace(dip, kind="dip, jump and harmonics", jumps=jumps, harmonics=found.harmonics)

    def _lasting(
        self, kind: str, value: float, open_ms: float, dead: bool = False, **more: object
    ) -> Disturbance:
        begin = self._begin()
        volts = ((begin, 1.0), (begin, value))
        whole: dict[str, object] = {"volts": volts, "dead": dead, **more}
        return Disturbance(self.code, kind, begin, begin + open_ms + 60.0, open_ms, **whole)  # type: ignore[arg-type]

    def _dead(self) -> Disturbance:
        return self._lasting("dead", 0.0, self.clear_ms(TRIP_V, BELOW, 0.0), dead=True)

    def _deep(self) -> Disturbance:
        return self._lasting("low", *self._found(TRIP_V, BELOW, 0.02, 0.86, fatal=True))

    def _high(self) -> Disturbance:
        if not any(self.clear_ms(TRIP_V, ABOVE, pu) <= LONGEST_MS for pu in (1.14, HIGHEST_PU)):
            return self._dead()
        return self._lasting("high", *self._found(TRIP_V, ABOVE, 1.08, HIGHEST_PU, fatal=True))

    def _off_frequency(self) -> Disturbance:
        """A frequency that must be cleared; the time runs from when it crosses the first such limit."""
        side = int(self._rng.choice((ABOVE, BELOW)))
        span = self._f0_hz * 0.09
        low, high = self._f0_hz + min(0.0, side * span), self._f0_hz + max(0.0, side * span)
        hz, _ = self._found(TRIP_HZ, side, low, high, fatal=True)
        limits = [row[2] for row in self._rows if row[:2] == (TRIP_HZ, side) and 0.0 < row[4] <= LONGEST_MS]
        crossed = min(limits, key=lambda limit: abs(limit - self._f0_hz))
        open_ms = self.clear_ms(TRIP_HZ, side, crossed + side * EDGE_HZ)
        start = self._begin()
        reached, begin = (start + 1000.0 * abs(to - self._f0_hz) / AWAY_HZ_PER_S for to in (hz, crossed))
        hertz = ((start, self._f0_hz), (reached, hz))
        made = self._lasting("off frequency", 1.0, open_ms)
        return replace(made, begin_ms=begin, end_ms=begin + open_ms + 60.0, volts=((0.0, 1.0),), hertz=hertz)
