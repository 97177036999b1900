"""What the door knows of the two sides of the contactor, by itself: may they be joined, are they apart."""

from islet.names import OVERRIDE_CLOSE

CLOSE_RAD_MAX = 0.349  # 20 degrees, IEEE 1547-2018 table 5 up to 500 kVA: the last word
CLOSE_HZ_MAX = 0.3
CLOSE_PU_MAX = 0.10
DEAD_PU = 0.1  # a bus or grid below this share of nominal carries no voltage
LIVE_PU = 0.5
APART_HZ = 0.02  # an angle that stands may be a meter wired to another phase
PROVEN_MS = 300  # apart for so long against a feedback that says closed: it lies
PROOF_MS = 10_000  # and how long each later proof is good then
IDLE_MS = 10_000  # a bus that nobody forms for so long, and nobody sees, may be closed by the switch
CAP_MS = 1 << 29


class Sides:
    """`open`: the contactor is open, by its feedback or against it by a proof; `bypassed`: the switch says closed.

    A proof is a live bus beside a dead grid, or beside one whose angle runs away.
    """

    def __init__(self, s) -> None:
        self._dead_v = DEAD_PU * s.v_nominal_v
        self._live_v = LIVE_PU * s.v_nominal_v
        self._close_v = CLOSE_PU_MAX * s.v_nominal_v
        self.open = False
        self.bypassed = False
        self.apart = False  # two live sides that go their own ways, or a live bus beside a dead grid
        self._apart_ms = 0
        self._proof_ms = PROOF_MS
        self._idle_ms = 0

    def step(self, wishes, image, now_ms: int, dt_ms: int) -> None:
        """Look at both sides."""
        apart = self.apart = self._apart(image, now_ms)
        self._prove(apart, image.contactor_closed, dt_ms)
        self._idle_ms = 0 if wishes.forming else min(self._idle_ms + dt_ms, CAP_MS)
        self.bypassed = image.override == OVERRIDE_CLOSE
        self.open = not image.contactor_closed or apart or self._proof_ms < PROOF_MS

    def _prove(self, apart: bool, closed: bool, dt_ms: int) -> None:
        """Find a feedback that says closed and lies."""
        if not closed:
            self._apart_ms = 0
            self._proof_ms = PROOF_MS
            return
        self._proof_ms = min(self._proof_ms + dt_ms, CAP_MS)
        if apart:
            self._apart_ms = min(self._apart_ms + dt_ms, CAP_MS)
            if self._apart_ms >= PROVEN_MS:
                self._proof_ms = 0
        elif self._proof_ms >= PROOF_MS:
            self._apart_ms = 0

    def may_join(self, image, now_ms: int) -> bool:
        """Return whether closing joins no two live sides out of step; an unknown bus counts as live."""
        if not image.bus_v.usable(now_ms):
            return self.bypassed and self._idle_ms >= IDLE_MS
        if image.bus_v.value < self._dead_v:
            return True
        if not image.grid_v.usable(now_ms) or image.grid_v.value < self._dead_v:
            return False
        if abs(image.grid_v.value - image.bus_v.value) > self._close_v or not image.slip_rad.usable(now_ms):
            return False
        if not (image.grid_hz.usable(now_ms) and image.bus_hz.usable(now_ms)):
            return False
        slip_hz = abs(image.grid_hz.value - image.bus_hz.value)
        return slip_hz <= CLOSE_HZ_MAX and abs(image.slip_rad.value) <= CLOSE_RAD_MAX

    def _apart(self, image, now_ms: int) -> bool:
        if not (image.grid_v.usable(now_ms) and image.bus_v.usable(now_ms)):
            return False
        if image.bus_v.value <= self._live_v:
            return False
        if image.grid_v.value < self._dead_v:
            return True
        if image.grid_v.value <= self._live_v or not image.slip_rad.usable(now_ms):
            return False
        if not (image.grid_hz.usable(now_ms) and image.bus_hz.usable(now_ms)):
            return False
        moves = abs(image.grid_hz.value - image.bus_hz.value) > APART_HZ
        return moves and abs(image.slip_rad.value) > CLOSE_RAD_MAX
