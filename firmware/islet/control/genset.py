"""When a genset or cogeneration runs in an island: low charge, a load too large, and how often it may be started."""

from islet.control.presence import count_ms
from islet.names import (
    GRID,
    ISLAND,
    R_GENSET,
    R_NONE,
    R_OVERLOAD,
    R_SOC_MIN,
    R_SURPLUS,
    R_TIMEOUT,
    SOFT_RETURN,
)

OFF = 0
STARTING = 1
RUNNING = 2
RUN_PU = 0.05  # of its power: it runs
START_MS = 60_000  # cranking, warming up and taking load
DIED_MS = 10_000  # without power while it should run
REST_MS = 60_000  # between two starts
FAILURES = 3  # in a row, then it is left alone
BLOCK_MS = 3_600_000
STARTS = 4  # in store
START_EACH_MS = 900_000  # one more start each
ABOVE_MIN_PU = 0.02  # a start never waits for less charge than this above soc_min
SURPLUS_MS = 300_000  # sun alone carries load and charging for so long
SURPLUS_PU = 0.05  # of charge above the start


class Genset:
    """Sets wishes.genset_run; keeps what the black start wishes. On the grid it never runs."""

    def __init__(self, s) -> None:
        self._rated_w = s.genset_w
        self._min_run_ms = int(s.genset_min_run_s * 1000)
        self._start_pu = max(s.genset_start_soc_pu, s.soc_min_pu + ABOVE_MIN_PU)
        self._stop_pu = max(s.genset_stop_soc_pu, self._start_pu)
        self.phase = OFF
        self.reason = R_NONE  # why it runs, or why it stopped
        self.starts = 0
        self.failures = 0  # since boot
        self.spare_w = 0.0  # what it could give for hours: nothing after a failed start, until one succeeds
        self._row = 0  # failures in a row
        self._in_ms = REST_MS  # in this phase
        self._gone_ms = 0
        self._surplus_ms = 0
        self._budget_ms = STARTS * START_EACH_MS

    @property
    def starting(self) -> bool:
        """Return whether it was asked to run and does not yet."""
        return self.phase == STARTING

    @property
    def wanted(self) -> bool:
        """Return whether it is asked to run."""
        return self.phase != OFF

    @property
    def blocked(self) -> bool:
        """Return whether it failed too often in a row to be tried again now."""
        return self._row >= FAILURES and self._in_ms < BLOCK_MS

    def step(self, image, wishes, state: int, overload: bool, now_ms: int, dt_ms: int) -> None:
        """Advance and write wishes.genset_run; overload: the load has been too large for the battery for long."""
        self._in_ms = count_ms(self._in_ms, dt_ms)
        self._budget_ms = min(STARTS * START_EACH_MS, self._budget_ms + dt_ms)
        runs = self._runs(image, now_ms)
        if self._rated_w <= 0.0 or state in (GRID, SOFT_RETURN):
            self._stop(R_NONE)
            self._row = 0
            wishes.genset_run = False
        elif state == ISLAND:
            self._decide(image, runs, overload, now_ms, dt_ms)
            wishes.genset_run = self.phase != OFF
        elif wishes.genset_run:  # the black start's own wish
            self._follow_black_start(runs)
        else:
            self._stop(R_NONE)
        self.spare_w = self._rated_w if self.phase == RUNNING or self._row == 0 else 0.0

    def _runs(self, image, now_ms: int) -> bool:
        gives = image.chp_w.usable(now_ms) and image.chp_w.value >= RUN_PU * self._rated_w
        return image.genset_live or gives

    def _decide(self, image, runs: bool, overload: bool, now_ms: int, dt_ms: int) -> None:
        if self.phase == OFF:
            self._maybe_start(image, overload, now_ms)
        elif self.phase == STARTING:
            self._await(runs)
        else:
            self._watch(image, runs, overload, now_ms, dt_ms)

    def _maybe_start(self, image, overload: bool, now_ms: int) -> None:
        known = image.soc_pu.usable(now_ms)
        low = known and image.soc_pu.value <= self._start_pu
        if not (low or overload) or self.blocked or self._in_ms < REST_MS or self._budget_ms < START_EACH_MS:
            return
        self._begin(R_SOC_MIN if low else R_OVERLOAD)

    def _begin(self, reason: str) -> None:
        self._enter(STARTING, reason)
        self.starts += 1
        self._budget_ms -= START_EACH_MS

    def _await(self, runs: bool) -> None:
        if runs:
            self._enter(RUNNING, self.reason)
            self._row = 0
        elif self._in_ms >= START_MS:
            self._fail()

    def _watch(self, image, runs: bool, overload: bool, now_ms: int, dt_ms: int) -> None:
        """Stop when its work is done and its minimum run is over; one that has died has failed."""
        self._gone_ms = 0 if runs else count_ms(self._gone_ms, dt_ms)
        if self._gone_ms >= DIED_MS:
            self._fail()
            return
        self._surplus_ms = count_ms(self._surplus_ms, dt_ms) if self._surplus(image, now_ms) else 0
        if self._in_ms < self._min_run_ms or overload:
            return
        if image.soc_pu.usable(now_ms) and image.soc_pu.value >= self._stop_pu:
            self._stop(R_GENSET)
        elif self._surplus_ms >= SURPLUS_MS:
            self._stop(R_SURPLUS)

    def _surplus(self, image, now_ms: int) -> bool:
        """Return whether the battery would be charged without it, from a charge that does not start it again."""
        if not (
            image.battery_w.usable(now_ms) and image.chp_w.usable(now_ms) and image.soc_pu.usable(now_ms)
        ):
            return False
        charged = -image.battery_w.value > image.chp_w.value + RUN_PU * self._rated_w
        return charged and image.soc_pu.value >= self._start_pu + SURPLUS_PU

    def _follow_black_start(self, runs: bool) -> None:
        """Keep in step with a genset that another has started: its minimum run counts from there."""
        if self.phase == OFF:
            self._enter(STARTING, R_GENSET)
            self.starts += 1
        if self.phase == STARTING and runs:
            self._enter(RUNNING, R_GENSET)
            self._row = 0

    def _fail(self) -> None:
        self.failures += 1
        self._row = min(self._row + 1, FAILURES)
        self._enter(OFF, R_TIMEOUT)

    def _stop(self, reason: str) -> None:
        if self.phase != OFF:
            self._enter(OFF, reason)

    def _enter(self, phase: int, reason: str) -> None:
        self.phase = phase
        self.reason = reason
        self._in_ms = self._gone_ms = self._surplus_ms = 0
