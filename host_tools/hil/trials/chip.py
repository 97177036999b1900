"""The emulated chip watched from outside: what the firmware notes of itself, and the grid's loss at chosen moments.

A loss is tried on a copy of the whole emulator (a forked process), so that one start serves many: the copy dies with
its answer, and the board goes on as if nothing had been.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rp2040py.memory_map import RAM_START_ADDRESS

from hal import sim
from host_tools.errors import RunError
from host_tools.hil.case_batch import Batch
from host_tools.hil.case_bench import Bench
from host_tools.hil.case_chip import ChipBench
from host_tools.hil.case_file import Named, settings
from host_tools.hil.frames import Tail
from host_tools.hil.rp2040 import lines
from host_tools.hil.rp2040.rig import Rig
from islet.app import COLLECT_CYCLES
from islet.base import vitals
from islet.names import GRID

MIDDLE = 2048
DEAD_MS = 60  # a copy gives up after so long
FIRST_CYCLE = 30  # by then the node has found its grid
PLAIN_AT = 5  # of ten cycles the one with a trial beside no collection
SHIFTS = 9  # in one frame of 36 sets: moments of the loss, four sets apart
SHIFT_SETS = 4


def words(rig: Rig) -> list[int] | None:
    """Return what the firmware notes of itself (islet.base.vitals), None before it has begun."""
    if rig.status() is None:
        return None
    at = rig.mcu.watchdog.scratch_data[2] - RAM_START_ADDRESS
    raw = bytes(rig.mcu.sram[at : at + 4 * vitals.WORDS])
    return [int(word) for word in np.frombuffer(raw, np.uint32)]


@dataclass(frozen=True)
class Loss:
    """One loss of the grid: when the pin fell, and what was going on."""

    pin_ms: float
    collecting: bool
    polling: bool  # a request or its answer was on the Modbus line
    publishing: bool  # the link was busy
    erase_ms: float  # of a flash erase that began with it


@dataclass
class Seen:
    """What was seen of a board over its run."""

    rows: list[list[int]] = field(default_factory=list)  # words() after each cycle
    losses: list[Loss] = field(default_factory=list)


class Watched(ChipBench):
    """A chip's bench that keeps what the firmware notes, and tries losses of the grid while the node is on it."""

    def __init__(self, *arguments: Any, seen: Seen, erases_ms: Sequence[float]) -> None:
        super().__init__(*arguments)
        self._seen, self._erases_ms = seen, erases_ms
        self._polls = 0
        self._healthy = np.full((1, sim.CHANNELS), MIDDLE, np.uint16)  # sets of the last frame

    async def exchange(self, frame: bytes) -> Tail:
        """As Bench."""
        before = len(self._seen.rows)
        self._polls = self._units.requests if self._started else 0
        tail = await super().exchange(frame)
        found = words(self.rig) if self._started else None
        if found and (not before or found[vitals.CYCLES] != self._seen.rows[-1][vitals.CYCLES]):
            self._seen.rows.append(found)
            if self._last.state == GRID and found[vitals.CYCLES] >= FIRST_CYCLE:
                self._try(found[vitals.CYCLES])
        return tail

    async def _sample(self, codes: NDArray[np.uint16], dt_ms: int, epoch_s: int) -> None:
        self._healthy = codes
        await super()._sample(codes, dt_ms, epoch_s)

    def _try(self, cycle: int) -> None:
        """Lose the grid at several moments after this cycle: when a collection has begun, or none."""
        collects = cycle % COLLECT_CYCLES == 0
        if not collects and cycle % 10 != PLAIN_AT:
            return
        for shift in range(SHIFTS):
            for erase_ms in self._erases_ms if shift == 0 else (0.0,):
                self._seen.losses.append(self._copy(shift * SHIFT_SETS, collects, erase_ms))

    def _copy(self, sets: int, collecting: bool, erase_ms: float) -> Loss:
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            try:
                answer = json.dumps(self._lose(sets, erase_ms))
            except Exception as error:
                answer = json.dumps({"error": repr(error)})
            os.write(writing, answer.encode())
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as file:
            told = json.loads(file.read() or '{"error": "it died"}')
        os.waitpid(child, 0)
        if "error" in told:
            raise RunError(f"a trial of the grid's loss failed: {told['error']}")
        return Loss(told["pin_ms"], collecting, told["polling"], told["publishing"], erase_ms)

    def _lose(self, sets: int, erase_ms: float) -> dict[str, Any]:
        """In the copy: some more sets of the grid, then nothing; return when the contactor's pin falls."""
        rig = self.rig
        rig.engine.ports.clear()  # the other end belongs to the parent
        if sets:
            self._feed.give(self._healthy[:sets])
            rig.advance(sets * 1000.0 / sim.SET_HZ)
        rig.pins.watch(lines.CONTACTOR)
        begin_s = rig.emulated_s
        self._feed.give(np.full((DEAD_MS * 36 // 10 + int(3.6 * erase_ms), sim.CHANNELS), MIDDLE, np.uint16))
        if erase_ms:
            rig.engine.stall(erase_ms)
        busy = self._network is not None and self._network.waiting
        edges = rig.pins.edges[lines.CONTACTOR]
        fallen = rig.until(lambda: any(edge.level is False for edge in edges), (DEAD_MS + erase_ms) / 1000)
        if not fallen:
            raise RunError(f"the pin did not fall within {DEAD_MS} ms")
        fell_s = next(edge.at_s for edge in edges if edge.level is False)
        polling = self._units.requests != self._polls
        return {"pin_ms": 1000.0 * (fell_s - begin_s), "polling": polling, "publishing": busy}


class WatchedBatch(Batch):
    """One case on a watched chip."""

    def __init__(self, case: Named, image: Any, online: bool, erases_ms: Sequence[float] = ()) -> None:
        self.seen = Seen()
        self._online, self._erases_ms = online, erases_ms
        super().__init__([case], "rp2040", image)

    def _bench(self, one: Named, _rig: str, k: int) -> Bench:
        case, served = one.case, self._street.served
        self.bench = Watched(
            settings(case), served, self._image, case.site.phases, k, self._online,
            seen=self.seen, erases_ms=(0.0, *self._erases_ms),
        )  # fmt: skip
        return self.bench
