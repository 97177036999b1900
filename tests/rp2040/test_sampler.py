"""The RP2040's sampler on the emulated chip: every sample once, in order, at the rate told, without allocation."""

from itertools import pairwise

import pytest

from host_tools.hil.rp2040.rig import Rig

STEADY = """
r = Reader(sampler(keep_sets=40, span_ms=500, laps=1))
alive = [[k] for k in range(1500)]
gc_us = flash_us = 0
def write():
    with open("log.txt", "wb") as f:
        for k in range(3):
            f.write(bytes(4096))
for n in range(14):
    r.take()
    if n % 3 == 1:
        gc_us = timed_us(gc.collect)
    if n % 5 == 2:
        flash_us = timed_us(write)
r.close(gc_us=gc_us, flash_us=flash_us)
"""


def test_windows_follow_each_other_through_collections_and_flash_writes(rig: Rig) -> None:
    """1.4 s of windows: every sample once and in order; the channels chain every 0.57 s (laps=1)."""
    seen = rig.json(STEADY)
    assert seen["windows"] == 14
    assert seen["sets"] == 14 * 360
    assert [seen[key] for key in ("wrong", "refused", "lost_sets", "overruns", "restarts")] == [0, 0, 0, 0, 0]
    assert seen["kept"] == [0] + [40] * 13
    assert seen["gc_us"] > 5000
    assert seen["flash_us"] > 10000
    assert abs(seen["quality_ppm"]) < 200  # one sample in 500 ms is 139 ppm, a lost set would be 556


@pytest.mark.parametrize(
    ("inputs", "set_hz", "clocks256"),
    [
        ((0, 1, 2, 3), 3600, 853333),  # 48 MHz / 14400 = 3333.33; rounded to 1/256
        ((0, 1), 7000, 877714),  # 48 MHz / 14000 = 3428.571
        ((0, 1, 2), 250, 16384000),  # 48 MHz / 750 = 64000
        ((0, 1), 250000, 24576),  # as fast as it can: 96 clocks
    ],
)
def test_rate_is_what_the_divider_gives(
    rig: Rig, inputs: tuple[int, ...], set_hz: int, clocks256: int
) -> None:
    """set_hz told is 48 MHz * 256 / clocks256 / inputs, and conversions come that often in emulated time."""
    seen = rig.json(
        f"r = Reader(sampler(inputs={inputs}, set_hz={set_hz}, new_sets=100))\nr.take()\nr.close()"
    )
    assert seen["clocks256"] == clocks256
    assert seen["wrong"] == 0
    told = 48e6 * 256 / clocks256
    assert seen["set_hz"] * len(inputs) == pytest.approx(told, rel=3e-7)  # 32-bit floats
    times = rig.analog.times_ns[: 100 * len(inputs)]
    assert (len(times) - 1) * 1e9 / (times[-1] - times[0]) == pytest.approx(told, rel=1e-6)


def test_first_code_of_a_set_is_the_lowest_input(rig: Rig) -> None:
    """Inputs 1, 3 and the temperature (4): the code's lowest bits are the input's."""
    code = "s = sampler(inputs=(1, 3, 4), new_sets=50)\ntime.sleep_ms(s.due_ms())\n"
    code += "s.take(0)\ns.close()\nprint(json.dumps([s.stride, list(s.window[:9])]))"
    stride, codes = rig.json(code)
    assert stride == 3
    assert [code & 3 for code in codes] == [1, 3, 0] * 3


READY = """
s = sampler(new_sets=90, keep_sets=20)
beats = 0
async def beat():
    global beats
    while True:
        beats += 1
        await asyncio.sleep_ms(5)
async def main():
    beating = asyncio.create_task(beat())
    taken = []
    for _ in range(4):
        await s.ready()
        taken.append(s.take(time.ticks_ms()))
    steady = beats
    mem32[0x4004F000] = 8
    while not s.restarts:
        await s.ready()
        s.take(time.ticks_ms())
    await s.ready()
    taken.append(s.take(time.ticks_ms()))
    beating.cancel()
    s.close()
    print(json.dumps([taken, steady, s.restarts]))
asyncio.run(main())
"""


def test_waiting_leaves_the_event_loop_to_others(rig: Rig) -> None:
    """A task beats every 5 ms while windows of 25 ms are awaited; a converter that stands still is begun again."""
    taken, beats, restarts = rig.json(READY)
    assert taken == [True] * 5
    assert beats >= 14  # of 20
    assert restarts == 1


HEAP = """
s = sampler(keep_sets=40)
for _ in range(3):
    time.sleep_ms(s.due_ms())
    s.take(0)
time.sleep_ms(s.due_ms())
due = done = None  # the names have their places
now = time.ticks_ms()
micropython.heap_lock()
due = s.due_ms()
done = s.take(now)
micropython.heap_unlock()
age = time.ticks_diff(now, s.end_ms)
n_sets = s.n_sets
cost = timed_us(lambda: s.due_ms())
time.sleep_ms(s.due_ms() + 1)
take = timed_us(lambda: s.take(0))
s.close()
print(json.dumps([due, done, n_sets, age, cost, take]))
"""


def test_a_window_allocates_nothing(rig: Rig) -> None:
    """due_ms() and take() under heap_lock(); a window comes within a few ms of its last set, and costs about 1 ms."""
    due, done, n_sets, age_ms, due_us, take_us = rig.json(HEAP)
    assert (due, done, n_sets) == (0, True, 400)
    assert 0 <= age_ms <= 4
    assert due_us < 500
    assert take_us < 4000


BURST = """
s = sampler(keep_sets=40)
time.sleep_ms(s.due_ms())
s.take(0)
b = array("H", bytes(8192))
errors = s.burst(0, b)
steps = [b[k + 1] - b[k] for k in range(4095)]
time.sleep_ms(s.due_ms())
done = s.take(0)
s.close()
print(json.dumps([errors, len([x for x in steps if x not in (4, -4092)]), done, s.kept, b[0] & 3]))
"""


def test_burst_takes_every_sample_at_full_speed(rig: Rig) -> None:
    """4096 codes of one input in a row, 2 us apart; then windows begin anew without history."""
    rig.analog.times_ns.clear()
    errors, gaps, done, kept, channel = rig.json(BURST)
    assert (errors, gaps, done, kept, channel) == (0, 0, True, 0, 0)
    times = rig.analog.times_ns
    assert sum(b - a == pytest.approx(2000) for a, b in pairwise(times)) >= 4095
