"""The RP2040's sampler on the emulated chip: what is lost is counted exactly, and the next capture is in order."""

import pytest

from host_tools.errors import RunError
from host_tools.hil.rp2040.rig import Rig

LATE = """
r = Reader(sampler(keep_sets=%d))
r.take()
time.sleep_ms(%d)
for _ in range(3):
    r.take()
r.close()
"""


@pytest.mark.parametrize("pause_ms", [700, 1100])
def test_late_reader_knows_exactly_what_it_lost(rig: Rig, pause_ms: int) -> None:
    """The codes carry the set's number: what follows a pause is where `lost` says; the latest sets are handed out."""
    seen = rig.json(LATE % (40, pause_ms))
    assert seen["wrong"] == 0
    assert seen["overruns"] == 1
    assert seen["lost"] == seen["lost_sets"]
    assert seen["lost"] == pytest.approx(3.6 * pause_ms - 360, abs=20)
    assert seen["kept"] == [0, 0, 40, 40]


DEAF = """
from machine import disable_irq, enable_irq
r = Reader(sampler(keep_sets=40))
r.take()
state = disable_irq()
time.sleep_us(400000)
enable_irq(state)
for _ in range(3):
    r.take()
r.close()
"""


def test_longest_flash_erase_loses_nothing(rig: Rig) -> None:
    """400 ms with interrupts off, the longest by the flash's datasheet: all windows arrive, in order."""
    seen = rig.json(DEAF)
    assert [seen[key] for key in ("wrong", "lost_sets", "overruns")] == [0, 0, 0]
    assert seen["kept"] == [0, 40, 40, 40]


def test_history_overwritten_leaves_the_new_sets(rig: Rig) -> None:
    """After 500 ms the ring has the 360 oldest new sets, but no more 360 before them: kept 0, nothing lost."""
    seen = rig.json(LATE % (400, 500))
    assert [seen[key] for key in ("wrong", "lost_sets", "overruns", "refused")] == [0, 0, 0, 0]
    assert seen["kept"][:2] == [0, 0]
    assert seen["kept"][2:] == [360, 400]  # at most what the window before held


TORN = """
class Slow:
    pause_ms = 0
    def linearise(self, raw, table, out, at, count):
        kernels_viper.linearise(raw, table, out, at, count)
        time.sleep_ms(self.pause_ms)
        self.pause_ms = 0
slow = Slow()
r = Reader(Sampler(slow, TABLE, keep_sets=40))
r.take()
slow.pause_ms = 600
for _ in range(4):
    r.take()
r.close()
"""


def test_window_overwritten_while_it_is_copied_is_not_handed_out(rig: Rig) -> None:
    """A copy that takes longer than the ring lasts (569 ms): that window is refused, and counted as lost."""
    seen = rig.json(TORN)
    assert (seen["wrong"], seen["refused"], seen["windows"]) == (0, 1, 4)
    assert seen["lost"] == seen["lost_sets"] >= 360
    assert seen["kept"] == [0, 0, 40, 40]


STILL = """
r = Reader(sampler(span_ms=500))
r.take()
mem32[0x4004F000] = 8
time.sleep_ms(60)
mem32[0x4004E000] = 8
for _ in range(5):
    r.take()
r.close()
"""


def test_converter_that_paused_shows_in_the_quality(rig: Rig) -> None:
    """60 ms without conversions in a span of 500 to 700 ms: between 8.5 and 12 % of the samples are missing."""
    seen = rig.json(STILL)
    assert seen["wrong"] == 0
    assert -120000 <= seen["quality_ppm"] <= -85000


def test_flagged_samples_are_counted_in_their_window(rig: Rig) -> None:
    """Conversions 1440 n .. 1440 n + 1439 make window n; bit 15 does not reach the codes."""
    flagged = {100, 101, 5000, 5759, 5760}
    rig.analog.flagged = lambda number: number in flagged
    seen = rig.json("r = Reader(sampler())\nfor _ in range(6):\n r.take()\nr.close()")
    assert seen["flags"] == [2, 0, 0, 2, 1, 0]
    assert seen["error_samples"] == 5
    assert seen["wrong"] == 0


def test_close_gives_everything_back(rig: Rig) -> None:
    """Seven samplers would need 14 of 12 DMA channels; the last one's samples are all right."""
    code = "for _ in range(7):\n sampler().close()\ngc.collect()\n"
    rig.run(code)
    seen = rig.json("r = Reader(sampler())\nr.take()\nr.take()\nr.close()\nr.sampled.close()")
    assert (seen["windows"], seen["sets"]) == (2, 720)


def test_no_free_channel_is_an_error_and_holds_nothing(rig: Rig) -> None:
    """With eleven channels taken the second is missing: OSError, and the first is free again."""
    code = "taken = [rp2.DMA() for _ in range(11)]\ntry:\n sampler()\n print('made')\n"
    code += "except OSError as e:\n print(e.errno)\ntaken.append(rp2.DMA())\n"
    code += "for d in taken:\n d.close()\nprint(len(taken))"
    assert rig.run(code).split() == ["16", "12"]  # EBUSY


AGAIN = """
s = sampler(new_sets=100, keep_sets=10)
bad = []
for _ in range(3):
    time.sleep_ms(s.due_ms())
    s.take(0)
    bad.append(unsteady(s.window, s.n_sets))
s.close()
print(json.dumps([bad, s.restarts]))
"""


def test_capture_left_running_does_not_spoil_the_next(rig: Rig) -> None:
    """A sampler that was never closed: its DMA would take every other sample from the new one."""
    rig.run("left = sampler()")
    assert rig.json(AGAIN) == [[0, 0, 0], 0]
    rig.run("left.close()")


LOSS = """
r = Reader(sampler())
r.take()
halting = 0x50000010 + 64 * r.sampled._ring._dma[0].channel
mem32[halting] = mem32[halting] & ~1
time.sleep_ms(5)
for _ in range(3):
    r.take()
s = r.sampled
r.close(inputs=[c & 3 for c in s.window[:8]])
"""


def test_lost_sample_begins_a_new_capture_in_order(rig: Rig) -> None:
    """The FIFO overflows while the DMA stands still: no window with mixed inputs, the restart is counted."""
    seen = rig.json(LOSS)
    assert (seen["refused"], seen["restarts"], seen["windows"]) == (1, 1, 3)
    assert seen["kept"] == [0, 0, 0]
    assert seen["inputs"] == [0, 1, 2, 3, 0, 1, 2, 3]


def test_wrong_arguments_are_listed_together(rig: Rig) -> None:
    """Order of inputs, rate and ring are told at once, and no DMA channel is taken."""
    with pytest.raises(RunError) as told:
        rig.run("sampler(inputs=(1, 0), ring_bytes=1000, new_sets=360)")
    assert "inputs must ascend" in str(told.value)
    assert "power of two" in str(told.value)
    assert "fit in the ring" in str(told.value)
    with pytest.raises(RunError, match="733 to 500000"):
        rig.run("sampler(set_hz=126000)")


def test_soft_reset_with_a_capture_running(rig: Rig) -> None:
    """The DMA outlives a soft reset; a new sampler stops it first and is right from its first set."""
    rig.run("left = sampler()")
    rig.soft_reset()
    rig.run("from on_board import *\nplain = set(globals())")
    assert rig.json(AGAIN) == [[0, 0, 0], 0]
