"""What of the firmware judges the grid: fast path, meter and Presence, over the simulated board's samples."""

from array import array
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host_tools.hil.inprocess import wiring
from host_tools.replay import kernels_numpy
from islet.control import grid_code
from islet.control.presence import Presence
from islet.measure.guard import REASONS, Guard
from islet.measure.linearise import plain_table
from islet.measure.meter import Meter
from islet.names import R_NONE
from islet.node import FAST_TRANSFER
from islet.state.image import Image

CHANNELS = 4
WINDOW_MS = 100
Codes = NDArray[np.uint16]


class FrontEnd:
    """Takes raw samples of 10 ms each; `opened` once either path orders the contactor to open."""

    def __init__(self, s: Any) -> None:
        """`s` is a node's Settings."""
        self._wiring = wiring(1, v_nominal_v=s.v_nominal_v, f0_hz=s.f0_hz)
        fast_pu = s.fast_open_pu if s.loss_profile == FAST_TRANSFER else 0.0
        ms = int(1000 * s.rocof_trip_s)
        rows = grid_code.rows(s)
        self.guard = Guard(kernels_numpy, self._wiring, rows, fast_pu, s.rocof_trip_hz_per_s, ms, self)
        self.guard.armed = True
        self._meter = Meter(kernels_numpy, self._wiring)
        self._presence = Presence(s)
        self._image = Image()
        self._table = plain_table()
        self._window = array("H", bytes(2 * CHANNELS * (self._wiring.history() + 360)))
        self._kept = self._sets = 0
        self.opened = False
        self.by = ""  # which path did
        self.why = R_NONE
        self.suspect_ms: int | None = None  # when it first became suspicious since `watch`

    def open_contactor(self) -> None:
        """Take the fast path's order."""
        self._open("guard", REASONS[self.guard.why])

    def watch(self) -> None:
        """Forget when it became suspicious."""
        self.suspect_ms = None

    def take(self, raw: Codes, now_ms: int) -> None:
        """Take the samples of one channel set after the other that ended at now_ms."""
        count = len(raw)
        at = CHANNELS * self._sets
        codes = array("H", raw.tobytes())
        kernels_numpy.linearise(codes, self._table, self._window, at, count)
        first, self._sets = self._sets, self._sets + count // CHANNELS
        self.guard.step(self._window, first, self._sets)
        if self.guard.suspect and self.suspect_ms is None:
            self.suspect_ms = now_ms
        if now_ms % WINDOW_MS == 0:
            self._cycle(now_ms)

    def _cycle(self, now_ms: int) -> None:
        image = self._image
        self._meter.measure(self._window, self._kept, self._sets, image, now_ms)
        image.guard_suspect, image.guard_open = self.guard.suspect, self.guard.holding
        image.guard_reason = REASONS[self.guard.why]
        self._presence.step(image, now_ms, WINDOW_MS)
        if self._presence.lost:
            self._open("cycle", self._presence.reason)
        keep = min(self._wiring.history(), self._sets)
        end = CHANNELS * self._sets
        self._window[: CHANNELS * keep] = self._window[end - CHANNELS * keep : end]
        self._kept = self._sets = keep

    def _open(self, by: str, why: str) -> None:
        if not self.opened:
            self.opened, self.by, self.why = True, by, why
