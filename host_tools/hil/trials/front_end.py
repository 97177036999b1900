"""What of the firmware judges the grid: fast path, meter and Presence, over the simulated board's samples."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from hal import sim
from host_tools.hil.frames import head
from host_tools.hil.inprocess import wiring
from host_tools.hil.memory import MemoryLink
from host_tools.replay import kernels_numpy
from islet.control.presence import Presence
from islet.measure.guard import REASONS
from islet.measure.linearise import plain_table
from islet.measure.meter import Meter
from islet.names import R_NONE
from islet.node import guard_of
from islet.state.image import Image

WINDOW_MS = 100
Codes = NDArray[np.uint16]


class FrontEnd:
    """Takes raw samples of 10 ms each; `opened` once either path orders the contactor to open."""

    def __init__(self, s: Any) -> None:
        """`s` is a node's Settings."""
        self._wiring = wiring(1, v_nominal_v=s.v_nominal_v, f0_hz=s.f0_hz)
        self._link = MemoryLink()
        self._rig = sim.Rig(self._link, kernels_numpy, plain_table(), self._wiring.history())
        self.guard = guard_of(s, kernels_numpy, self._wiring, self)
        self.guard.armed = True
        self._rig.attach(self.guard)
        self._meter = Meter(kernels_numpy, self._wiring)
        self._presence = Presence(s)
        self._image = Image()
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
        """Take the samples that ended at now_ms, one set after the other."""
        n_sets = len(raw) // sim.CHANNELS
        span_ms = 1000 * n_sets // sim.SET_HZ
        self._frame(sim.FAST, n_sets, now_ms, span_ms, raw.tobytes())
        if self.guard.suspect and self.suspect_ms is None:
            self.suspect_ms = now_ms
        if now_ms % WINDOW_MS == 0:
            self._frame(sim.STEP, 0, now_ms, WINDOW_MS, b"")
            self._cycle(now_ms)

    def _frame(self, kind: int, n_sets: int, now_ms: int, dt_ms: int, sets: bytes) -> None:
        self._link.put(head(kind, True, False, n_sets, now_ms, dt_ms, 0, 0) + sets)
        self._rig.take()

    def _cycle(self, now_ms: int) -> None:
        image, rig = self._image, self._rig
        self._meter.measure(rig.window, rig.kept, rig.n_sets, image, now_ms)
        image.guard_suspect, image.guard_open = self.guard.suspect, self.guard.holding
        image.guard_reason = REASONS[self.guard.why]
        self._presence.step(image, now_ms, WINDOW_MS)
        if self._presence.lost:
            self._open("cycle", self._presence.reason)

    def _open(self, by: str, why: str) -> None:
        if not self.opened:
            self.opened, self.by, self.why = True, by, why
