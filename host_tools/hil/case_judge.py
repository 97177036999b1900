"""What a case measures: figures from the plant's truth, millisecond by millisecond, and from the node's own word."""

from dataclasses import dataclass

import numpy as np

from host_tools.hil.frames import Tail
from host_tools.plant.types import Bools, Floats

HZ_BAND_PU = 0.02  # EN 50160 4.2.1, not interconnected: 50 Hz +-2 % for 95 % of a week
V_BAND_PU = 0.10  # EN 50160 4.2.2
DARK_PU = 0.5
GAP_MAX_MS = 10_000.0  # dark for longer is not a transfer any more
STEADY_MS = 1000.0  # in band for so long is stable
SETTLE_MS = 100.0  # from forming on, before its voltage is judged
COUNTS = (  # figures that begin at 0
    "dark_s",
    "freq_out_of_band_s",
    "v_out_of_band_s",
    "openings",
    "closings",
    "island_s",
    "shed_level_max",
    "bond_wrong_s",
    "genset_run_s",
)


@dataclass(frozen=True)
class Piece:
    """Some ms of truth of one building: arrays [K], a row a ms; volts [K, phases]."""

    t_ms: Floats  # at the end of each step
    closed: Bools  # the contact itself
    bus_pu: Floats  # rms of each phase
    bus_hz: Floats
    grid_w: Floats  # through the contact, imports
    forming: Bools  # a source of the building sets voltage and frequency

    @property
    def step_ms(self) -> float:
        """Length of one step."""
        return float(self.t_ms[1] - self.t_ms[0]) if len(self.t_ms) > 1 else 1.0


class Judge:
    """Takes pieces and answers in their order; `figures` is what came of them."""

    def __init__(self, f0_hz: float) -> None:
        self._f0_hz = f0_hz
        self._trouble_ms = self._back_ms = -1.0
        self._closed = True
        self._exchange_w = 0.0
        self._dark_from_ms = -1.0
        self._open_ms = self._bad_ms = -1.0  # of the opening whose island is not steady yet
        self._resync_ms = -1.0
        self._formed_ms = 0.0  # for so long
        self.figures: dict[str, float] = dict.fromkeys(COUNTS, 0.0)

    def trouble(self, t_ms: float) -> None:
        """Note that something is wrong with the grid from now on; the first such moment counts."""
        if self._trouble_ms < 0.0:
            self._trouble_ms = t_ms

    def back(self, t_ms: float) -> None:
        """Note that the supply has returned."""
        self._back_ms = t_ms

    def state(self, name: str, t_ms: float) -> None:
        """Note the state that the node has entered."""
        if name == "RESYNC":
            self._resync_ms = t_ms

    def answered(self, t_ms: float, tail: Tail, dt_ms: float) -> None:
        """Take the node's pins of a frame that ended at t_ms, and held for dt_ms."""
        if self._trouble_ms >= 0.0:
            for name, so in (("detect_ms", tail.suspect), ("order_ms", not tail.contactor_closed)):
                if so:
                    self.figures.setdefault(name, t_ms - self._trouble_ms)
        self._most("shed_level_max", tail.shed_level)
        self.figures["shed_level_end"] = float(tail.shed_level)
        self.figures["genset_run_s"] += 1e-3 * dt_ms * tail.genset_run
        self.figures["bond_wrong_s"] += 1e-3 * dt_ms * (tail.bond_closed and self._closed)

    def passed(self, piece: Piece) -> None:
        """Take the truth of some ms."""
        all_closed = bool(piece.closed.all())
        if all_closed != self._closed or all_closed != bool(piece.closed.any()):
            for k in np.flatnonzero(np.diff(piece.closed, prepend=self._closed)):
                self._moved(piece, int(k))
        self._exchange_w = float(piece.grid_w[-1])
        self._voltage(piece)
        if all_closed:
            self._formed_ms = 0.0
        else:
            self._island(piece)
        self._closed = bool(piece.closed[-1])
        self.figures["on_grid_end"] = float(self._closed)

    def _moved(self, piece: Piece, k: int) -> None:
        t_ms = float(piece.t_ms[k])
        if piece.closed[k]:
            self.figures["closings"] += 1
            self._span("resync_s", self._resync_ms, t_ms, 1e-3)
            self._span("return_s", self._back_ms, t_ms, 1e-3)
            self._open_ms = self._resync_ms = self._back_ms = -1.0
            return
        before_w = float(piece.grid_w[k - 1]) if k else self._exchange_w
        self.figures["openings"] += 1
        self.figures.setdefault("gap_ms", 0.0)
        self._most("exchange_w", abs(before_w))
        if self._trouble_ms >= 0.0:
            self.figures.setdefault("open_ms", t_ms - self._trouble_ms)
        self._open_ms = self._bad_ms = t_ms

    def _voltage(self, piece: Piece) -> None:
        dark = piece.bus_pu.min(axis=1) < DARK_PU
        if self._dark_from_ms < 0.0 and not dark.any():
            return
        self.figures["dark_s"] += 1e-3 * piece.step_ms * int(dark.sum())
        begins = self._dark_from_ms >= 0.0
        for k in np.flatnonzero(np.diff(dark, prepend=begins)):
            t_ms = float(piece.t_ms[k])
            if dark[k]:
                self._dark_from_ms = t_ms
            elif t_ms - self._dark_from_ms <= GAP_MAX_MS:
                self._most("gap_ms", t_ms - self._dark_from_ms)
        if not dark[-1]:
            self._dark_from_ms = -1.0

    def _island(self, piece: Piece) -> None:
        """Judge the voltage that the building forms itself: contact open, bus alive."""
        sums, f = self.figures, piece.bus_hz
        least, high = piece.bus_pu.min(axis=1), piece.bus_pu.max(axis=1)
        open_ = ~piece.closed
        alive = open_ & piece.forming & (least >= DARK_PU)
        formed = alive & self._settled(alive, piece.step_ms)
        off_v = formed & ((least < 1.0 - V_BAND_PU) | (high > 1.0 + V_BAND_PU))
        off_hz = formed & (np.abs(f - self._f0_hz) > HZ_BAND_PU * self._f0_hz)
        s = 1e-3 * piece.step_ms
        sums["island_s"] += s * int(alive.sum())
        sums["v_out_of_band_s"] += s * int(off_v.sum())
        sums["freq_out_of_band_s"] += s * int(off_hz.sum())
        if formed.any():
            self._extremes(f[formed], least[formed], high[formed])
        off = (least < 1.0 - V_BAND_PU) | (high > 1.0 + V_BAND_PU)
        off |= np.abs(f - self._f0_hz) > HZ_BAND_PU * self._f0_hz
        self._steady(piece.t_ms, open_ & (off | ~alive), open_)

    def _settled(self, alive: Bools, step_ms: float) -> Bools:
        """Return which steps come SETTLE_MS after the source began to form."""
        settled = np.zeros(len(alive), dtype=np.bool_)
        for k, on in enumerate(alive.tolist()):
            self._formed_ms = self._formed_ms + step_ms if on else 0.0
            settled[k] = self._formed_ms > SETTLE_MS
        return settled

    def _extremes(self, hz: Floats, least: Floats, most: Floats) -> None:
        self._least("freq_nadir_hz", hz.min())
        self._most("freq_peak_hz", hz.max())
        self._least("v_min_pu", least.min())
        self._most("v_max_pu", most.max())

    def _steady(self, t_ms: Floats, bad: Bools, open_: Bools) -> None:
        if self._open_ms < 0.0 or not open_.any():
            return
        if bad.any():
            self._bad_ms = float(t_ms[np.flatnonzero(bad)[-1]])
        elif t_ms[-1] - self._bad_ms >= STEADY_MS:
            self._most("open_to_stable_ms", self._bad_ms - self._open_ms)
            self._open_ms = -1.0

    def _span(self, name: str, from_ms: float, t_ms: float, scale: float) -> None:
        if from_ms >= 0.0:
            self._most(name, scale * (t_ms - from_ms))

    def _most(self, name: str, value: float) -> None:
        self.figures[name] = max(self.figures.get(name, -np.inf), float(value))

    def _least(self, name: str, value: float) -> None:
        self.figures[name] = min(self.figures.get(name, np.inf), float(value))
