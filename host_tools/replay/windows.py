"""Cuts the rows of a recording into windows as a sampler hands them to the meter: with history, without gaps."""

from array import array
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from host_tools.replay.header import Header
from host_tools.replay.reader import Block, Codes, Sets

LEAST_CYCLES = 3  # a shorter rest before a gap, or at the end, holds no whole cycles worth the name


class Window(NamedTuple):
    """`n_sets` sets in the shared buffer, the first `kept` of them again from the window before."""

    kept: int
    n_sets: int
    end_set: int  # one behind the last
    lost_sets: int  # missing right before the first new one


class Windows:
    """The windows of a recording. `codes` is the buffer, array('H'), that each of them is left in."""

    def __init__(self, header: Header, history: int, new: int, kernels: Any) -> None:
        """A window has `new` sets of its own, and up to `history` of the one before."""
        self._kernels = kernels
        self._table = header.table()
        self._stride = len(header.columns)
        self._history = history
        self._new = new
        self.least = min(new, round(LEAST_CYCLES * header.set_hz / header.f0_hz) + 2)
        self.codes = array("H", bytes(2 * self._stride * (history + new)))
        self._view = np.frombuffer(self.codes, np.uint16).reshape(-1, self._stride)
        self._kept = 0
        self._n_sets = 0
        self._end_set = 0
        self._lost = 0
        self.rows = 0  # read so far
        self.lost_sets = 0  # missing in the recording
        self.unmeasured_sets = 0  # in runs too short for a window
        self.gaps = 0

    def cut(self, blocks: Iterable[Block]) -> Iterator[Window]:
        """Yield window after window; each must be used before the next."""
        for block in blocks:
            codes = self._linear(block.codes)
            if not self.rows:
                self._end_set = int(block.sets[0])
            self.rows += len(codes)
            for begin, stop, lost in self._runs(block.sets):
                if lost:
                    yield from self._break(lost)
                yield from self._fill(codes[begin:stop])
        yield from self._rest()

    def _linear(self, raw: Codes) -> Codes:
        """Return window codes of recorded ones."""
        if self._table is None:
            return np.maximum(raw, 1)
        found = array("H", raw.tobytes())
        out = array("H", bytes(2 * raw.size))
        self._kernels.linearise(found, self._table, out, 0, raw.size)
        return np.frombuffer(out, np.uint16).reshape(raw.shape)

    def _runs(self, sets: Sets) -> Iterator[tuple[int, int, int]]:
        """Yield (begin, stop, sets lost before) of the runs of rows without a gap."""
        steps = np.diff(sets, prepend=self._end_set - 1) - 1
        at = [0, *(n for n in np.flatnonzero(steps).tolist() if n), len(sets)]
        for begin, stop in pairwise(at):
            yield begin, stop, int(steps[begin])

    def _fill(self, codes: Codes) -> Iterator[Window]:
        at = 0
        while at < len(codes):
            room = self._kept + self._new - self._n_sets
            part = codes[at : at + room]
            self._view[self._n_sets : self._n_sets + len(part)] = part
            self._n_sets += len(part)
            self._end_set += len(part)
            at += len(part)
            if len(part) == room:
                yield self._window()
                self._keep()

    def _window(self) -> Window:
        done = Window(self._kept, self._n_sets, self._end_set, self._lost)
        self._lost = 0
        return done

    def _keep(self) -> None:
        """Move the newest sets to the front, as history of the next window."""
        kept = min(self._history, self._n_sets)
        self._view[:kept] = self._view[self._n_sets - kept : self._n_sets].copy()
        self._kept = self._n_sets = kept

    def _break(self, lost: int) -> Iterator[Window]:
        """Measure what is there before a gap, and begin anew behind it."""
        yield from self._rest()
        self._kept = self._n_sets = 0
        self._end_set += lost
        self._lost += lost
        self.lost_sets += lost
        self.gaps += 1

    def _rest(self) -> Iterator[Window]:
        new = self._n_sets - self._kept
        if new >= self.least:
            yield self._window()
        else:
            self.unmeasured_sets += new
