"""Sags, swells and interruptions of known waves, through the real meter.

Expected durations are counted by hand from the definition of Urms(1/2): the rms of one cycle, each half cycle. With a
sag to p the first value is that of half a cycle before and half a cycle in: sqrt((1 + p * p) / 2).
"""

from supply_stream import CYCLE, Supply

from islet.measure.disturbance import INTERRUPTION, SAG, SWELL, Event, name_1159, name_50160
from islet.measure.events import KEPT, Events

START = 10 * CYCLE  # all events begin here: 200 ms
CLOCK_S = 1_800_000_000


def between(pu: float, cycles: float, phases: tuple = (0,), begin: int = START):
    """Return amplitudes that are `pu` for some cycles, else 1."""
    stop = begin + round(cycles * CYCLE)
    return lambda phase, n: pu if phase in phases and begin <= n < stop else 1.0


def near(got: float, wanted: float, tolerance: float) -> bool:
    return abs(got - wanted) <= tolerance


def test_sag_of_five_cycles() -> None:
    # sqrt((1 + 0.36) / 2) = 0.82: the values of half a cycle in, and of half a cycle behind, are below 0.9.
    # First one below half a cycle after the beginning, first one back a cycle after the end: 5.5 cycles.
    supply = Supply(1, between(0.6, 5.0))
    supply.run(5)
    assert supply.events.count == 1
    event = supply.events.get(0)
    assert (event.kind, event.phases) == (SAG, 1)
    assert near(event.extreme_v, 138.0, 0.5)  # 0.6 of 230 V
    assert near(event.duration_ms, 110.0, 1.0)
    assert event.unsure_ms == 10  # half a cycle
    assert event.unseen_ms == 0
    assert near(event.begin_ms, 210.0 - 100.0, 1.0)  # since the first step, which was at 100 ms
    assert not event.from_start


def test_hysteresis_holds_a_shallow_sag() -> None:
    # sqrt((1 + 0.64) / 2) = 0.906 is not below 0.9, so it begins half a cycle later; and 0.906 is not back at 0.92.
    supply = Supply(1, between(0.8, 5.0))
    supply.run(5)
    assert supply.events.count == 1
    assert near(supply.events.get(0).duration_ms, 100.0, 1.0)
    # 0.91 alone is no sag, and behind a sag it is not the end of it.
    supply = Supply(1, lambda phase, n: 0.91)
    supply.run(3)
    assert supply.events.count == 0
    assert not supply.events.running[SAG].on
    supply = Supply(1, lambda phase, n: 1.0 if n < START else 0.7 if n < 2 * START else 0.91)
    supply.run(8)
    assert supply.events.count == 0
    assert supply.events.running[SAG].on
    assert near(supply.events.running[SAG].event.extreme_v, 161.0, 0.5)


def test_swell() -> None:
    # sqrt((1 + 1.44) / 2) = 1.105 is above 1.1, and not back at 1.08: 5.5 cycles.
    supply = Supply(1, between(1.2, 5.0))
    supply.run(5)
    event = supply.events.get(0)
    assert (supply.events.count, event.kind) == (1, SWELL)
    assert near(event.extreme_v, 276.0, 0.7)
    assert near(event.duration_ms, 110.0, 1.0)
    assert name_1159(event) == "instantaneous swell"
    assert name_50160(event) == "voltage swell"


def test_interruption_without_any_crossing() -> None:
    # 2 s dead. First value under 0.05 a cycle in; sqrt(1 / 2) is back over 0.07 half a cycle behind: 2 s - 0.5 cycle.
    supply = Supply(1, between(0.0, 100.0))
    supply.run(25)
    assert supply.events.count == 2
    out, sag = supply.events.get(0), supply.events.get(1)
    assert (out.kind, sag.kind) == (INTERRUPTION, SAG)
    # The first cycle between two crossings ends up to two cycles after the return, and the event says so.
    assert out.unsure_ms <= 10 + 40
    assert near(out.duration_ms, 1990.0, out.unsure_ms)
    assert near(sag.duration_ms, 2010.0, sag.unsure_ms)
    assert out.duration_ms <= sag.duration_ms
    assert sag.interrupted
    assert out.extreme_v < 1.0
    assert name_1159(out) == "momentary interruption"
    assert name_50160(out) == "short interruption"


def test_phases_overlap_to_one_event() -> None:
    # L1 sags for cycles 10 to 15, L2 for cycles 14 to 20: one event of 10 cycles and a half.
    first, second = between(0.5, 5.0), between(0.7, 6.0, (1,), 14 * CYCLE)
    supply = Supply(3, lambda phase, n: min(first(phase, n), second(phase, n)))
    supply.run(6)
    assert supply.events.count == 1
    event = supply.events.get(0)
    assert event.phases == 0b011
    assert near(event.extreme_v, 115.0, 0.5)
    assert near(event.duration_ms, 210.0, 10.0)  # L2 crosses a third of a cycle later, where its sag is cut


def test_overlap_within_one_window_is_one_event() -> None:
    # Window 200..300 ms: L1 low for its first 30 ms, L2 from 20 to 50 ms. Phase by phase they would be two.
    first, second = between(0.5, 1.5), between(0.5, 1.5, (1,), 11 * CYCLE)
    supply = Supply(3, lambda phase, n: min(first(phase, n), second(phase, n)))
    supply.run(4)
    assert supply.events.count == 1
    assert supply.events.get(0).phases == 0b011


def test_one_dead_phase_is_a_sag_three_are_an_interruption() -> None:
    supply = Supply(3, between(0.0, 20.0, (1,)))
    supply.run(8)
    assert [supply.events.get(n).kind for n in range(supply.events.count)] == [SAG]
    assert supply.events.get(0).phases == 0b010
    supply = Supply(3, between(0.0, 20.0, (0, 1, 2)))
    supply.run(8)
    assert [supply.events.get(n).kind for n in range(supply.events.count)] == [INTERRUPTION, SAG]


def test_two_kinds_at_once() -> None:
    sag, swell = between(0.6, 5.0), between(1.25, 5.0, (2,))
    supply = Supply(3, lambda phase, n: swell(phase, n) if phase == 2 else sag(phase, n))
    supply.run(5)
    kinds = [supply.events.get(n).kind for n in range(supply.events.count)]
    assert sorted(kinds) == [SAG, SWELL]


def test_ring_keeps_the_last_and_counts_all() -> None:
    # A sag of two cycles every ten, 20 of them.
    supply = Supply(1, lambda phase, n: 0.5 if n >= START and n % START < 2 * CYCLE else 1.0)
    supply.run(2 * 20 + 3)
    assert supply.events.count == 20 + 1
    assert near(supply.events.get(20).begin_ms - supply.events.get(19).begin_ms, 200.0, 1.0)
    for n in (20 - KEPT, 21):
        try:
            supply.events.get(n)
        except ValueError:
            continue
        raise AssertionError(n)


def test_date_comes_with_the_clock() -> None:
    supply = Supply(1, between(0.6, 5.0))
    supply.run(15)
    assert supply.events.get(0).epoch_s == 0
    supply.run(30, epoch_s=CLOCK_S)  # known at once: at 1.6 s, the event began at 0.21 s
    assert supply.events.get(0).epoch_s == CLOCK_S - 1


def test_minute_steps_say_what_is_not_known() -> None:
    # A window of 100 ms each minute; the supply is low from second 90 to second 150: in the window at 120 s only.
    supply = Supply(1, lambda phase, n: 0.5 if 90 * 3600 <= n < 150 * 3600 else 1.0)
    for _ in range(4):
        supply.run(1)
        supply.skip(60 * 3600 - 360)
    assert supply.events.count == 1
    event = supply.events.get(0)
    assert near(event.duration_ms, 60_000.0, 40.0)  # from window to window
    assert near(event.unsure_ms, 2 * 59_930.0, 100.0)  # true: 60 s, anything up to 120 s looks the same
    assert near(event.unseen_ms, 59_930.0, 50.0)


def test_there_from_the_start() -> None:
    supply = Supply(1, lambda phase, n: 0.0)
    supply.run(3)
    running = supply.events.running[INTERRUPTION]
    assert running.on
    assert running.event.from_start
    supply.run(700)  # 70 s
    assert running.event.duration_ms > 65_000
    assert name_1159(running.event) == "sustained interruption"
    assert name_50160(running.event) == "short interruption"  # up to three minutes


def test_names_by_duration() -> None:
    # IEEE 1159-2019, table of categories: 0.5 to 30 cycles, to 3 s, to 1 min, longer.
    event = Event()
    for ms, f0_hz, name in (
        (600, 50.0, "instantaneous sag"),
        (601, 50.0, "momentary sag"),
        (500, 60.0, "instantaneous sag"),
        (501, 60.0, "momentary sag"),
        (3000, 50.0, "momentary sag"),
        (3001, 50.0, "temporary sag"),
        (60_000, 50.0, "temporary sag"),
        (60_001, 50.0, "undervoltage"),
    ):
        event.duration_ms = ms
        assert name_1159(event, f0_hz) == name, ms
    event.kind = INTERRUPTION
    event.duration_ms = 100
    assert name_1159(event) == "momentary interruption"  # there is no instantaneous one
    event.duration_ms = 180_001
    assert (name_1159(event), name_50160(event)) == ("sustained interruption", "long interruption")


def test_too_few_voltages_are_refused() -> None:
    supply = Supply(1, between(1.0, 1.0))
    supply.events = Events(3, 230.0)
    told = ""
    try:
        supply.run(1)
    except ValueError as error:
        told = str(error)
    assert "1 grid voltages, 3 phases" in told
