"""The simulated board's frames: windows put together of fast ones, the guard's view of them, pins and flags."""

import struct
from array import array
from collections.abc import Sequence

import numpy as np
import pytest

from hal import sim
from host_tools.hil.frames import Inputs, Tail, head
from host_tools.hil.memory import MemoryLink
from host_tools.replay import kernels_numpy
from islet.measure.linearise import plain_table
from islet.names import OVERRIDE_CLOSE, OVERRIDE_OPEN

HISTORY = 5
SETS = 36  # 10 ms


class Watcher:
    """A guard that keeps what it sees of channel 0, and opens at a code."""

    def __init__(self, rig: sim.Rig, opens_at: int = -1) -> None:
        self.holding = self.suspect = False
        self.seen: list[int] = []
        self.restarts = 0
        self._rig = rig
        self._opens_at = opens_at

    def step(self, window: Sequence[int], first: int, stop: int) -> None:
        """Take the new sets."""
        codes = [window[sim.CHANNELS * n] >> 4 for n in range(first, stop)]
        self.seen += codes
        if self._opens_at in codes:
            self.holding = self.suspect = True
            self._rig.open_contactor()

    def restart(self) -> None:
        """Count it."""
        self.restarts += 1


def sets(first: int, count: int) -> bytes:
    """Return raw sets whose channel 0 counts."""
    codes = np.zeros((count, sim.CHANNELS), np.uint16)
    codes[:, 0] = np.arange(first, first + count)
    return codes.tobytes()


class Bench:
    """A rig on a link in RAM."""

    def __init__(self, opens_at: int = -1) -> None:
        self.link = MemoryLink()
        self.rig = sim.Rig(self.link, kernels_numpy, plain_table(), HISTORY)
        self.guard = Watcher(self.rig, opens_at)
        self.rig.attach(self.guard)
        self.at = 10  # the next code

    def take(self, kind: int, count: int, dt_ms: int, inputs: Inputs | None = None) -> int:
        """Hand over a frame with so many new sets."""
        frame = head(kind, True, True, count, 0, dt_ms, 1, 0, inputs or Inputs()) + sets(self.at, count)
        self.at += count
        self.link.put(frame)
        return self.rig.take()

    def window(self) -> list[int]:
        """Return channel 0 of the window that the cycle is handed."""
        codes = array("H", self.rig.window)
        return [codes[sim.CHANNELS * n] >> 4 for n in range(self.rig.n_sets)]


def test_a_step_completes_the_window_of_the_fast_frames() -> None:
    bench = Bench()
    for _ in range(2):
        for k in range(10):
            assert bench.take(sim.FAST, SETS, 10) == sim.FAST
            assert len(bench.guard.seen) == bench.at - 10, k
        bench.take(sim.STEP, 0, 100)
    # the second window: the last five of the first, then 360 of its own, without a hole
    assert bench.rig.kept == HISTORY
    assert bench.window() == list(range(10 + 360 - HISTORY, 10 + 720))
    assert bench.guard.seen == list(range(10, 10 + 720))
    assert bench.guard.restarts == 0


def test_a_step_may_bring_the_rest_or_all() -> None:
    bench = Bench()
    for _ in range(4):
        bench.take(sim.FAST, SETS, 10)
    bench.take(sim.STEP, 216, 100)
    assert bench.window() == list(range(10, 370))
    bench.take(sim.STEP, 360, 100)
    assert bench.window() == list(range(370 - HISTORY, 730))
    assert bench.guard.seen == list(range(10, 730))


def test_after_unsampled_time_the_window_begins_anew() -> None:
    bench = Bench()
    bench.take(sim.STEP, 360, 100)
    bench.take(sim.STEP, 360, 60_000)
    assert (bench.rig.kept, bench.window()[0], bench.rig.n_sets) == (0, 370, 360)
    assert bench.guard.restarts == 1
    # a fast frame that is missing in the midst: what came before it is not joined to what comes after
    bench.take(sim.FAST, SETS, 10)
    bench.take(sim.FAST, SETS, 20)
    bench.take(sim.STEP, 252, 100)
    assert bench.guard.restarts == 2
    assert bench.window() == list(range(730 + SETS, 730 + SETS + 288))


def test_more_sets_than_a_window_holds_are_refused() -> None:
    bench = Bench()
    for _ in range(10):
        bench.take(sim.FAST, SETS, 10)
    with pytest.raises(OSError, match="36 sets after 360 of a window, at most 360"):
        bench.take(sim.FAST, SETS, 10)


def test_what_the_guard_opens_nobody_closes_while_it_holds() -> None:
    bench = Bench(opens_at=50)
    bench.take(sim.FAST, SETS, 10)
    assert Tail.decode(bench.link.answer).contactor_closed
    bench.take(sim.FAST, SETS, 10)
    tail = Tail.decode(bench.link.answer)
    assert (tail.kind, tail.contactor_closed, tail.suspect) == (sim.FAST, False, True)
    bench.rig.set_contactor(True)
    bench.take(sim.FAST, SETS, 10)
    assert not Tail.decode(bench.link.answer).contactor_closed
    bench.guard.holding = False
    bench.rig.set_contactor(True)
    bench.take(sim.FAST, SETS, 10)
    assert Tail.decode(bench.link.answer).contactor_closed


@pytest.mark.parametrize("override", [0, OVERRIDE_OPEN, OVERRIDE_CLOSE])
def test_every_input_and_pin_has_a_bit_of_its_own(override: int) -> None:
    bench = Bench()
    names = ("sync_relay", "bond_closed", "genset_live", "ats_on_grid")
    for k in range(16):
        given = {name: bool(k >> n & 1) for n, name in enumerate(names)}
        inputs = Inputs(override=override, **given)
        bench.take(sim.FAST, SETS, 10, inputs)
        bench.take(sim.STEP, 360 - SETS, 100, inputs)
        rig = bench.rig
        seen = (rig.sync_relay_ok, rig.bond_closed, rig.genset_live, rig.ats_on_grid)
        assert (seen, rig.override, rig.contactor_closed, rig.epoch_s) == (
            tuple(given.values()),
            override,
            True,
            1,
        )
    rig.set_bond(True)
    rig.set_genset(True)
    rig.set_shed(2)
    rig.set_contactor(False)
    rig.done(3, 100, 4, 1, 5)
    tail = Tail.decode(bench.link.answer)
    pins = (tail.contactor_closed, tail.bond_closed, tail.genset_run, tail.suspect)
    assert pins == (False, True, True, False)
    assert (tail.shed_level, tail.state, tail.pace_ms, tail.received) == (2, 3, 100, 5)
    # bytes as hal/sim.py's text says them: kind, pins, shed level, state
    assert struct.unpack_from("<BBBB", bench.link.answer) == (sim.STEP, 0b110, 2, 3)


def test_flags_are_those_of_the_text() -> None:
    # bit 0 feedback, 1 clock, 2 sync relay, 3-4 override, 5 bond, 6 genset, 7 not on the grid
    every = Inputs(OVERRIDE_CLOSE, sync_relay=True, bond_closed=True, genset_live=True, ats_on_grid=False)
    assert head(sim.STEP, True, True, 0, 0, 0, 0, 0, every)[1] == 0b1111_0111
    assert head(sim.STEP, False, False, 0, 0, 0, 0, 0)[1] == 0
