"""Grid presence against the limits of the settings, by hand-timed readings across the tick wrap."""

from island_world import Hand, settings

from islet.control.presence import CAP_MS, Presence
from islet.names import (
    LOSS_NONE,
    LOSS_OUTAGE,
    LOSS_REJECTED,
    R_NO_VOLTAGE,
    R_NONE,
    R_OVERFREQUENCY,
    R_OVERVOLTAGE,
    R_ROCOF,
    R_UNDERFREQUENCY,
    R_UNDERVOLTAGE,
    SUSPECT,
)


class Watch(Hand):
    def __init__(self):
        Hand.__init__(self)
        self.presence = Presence(settings())

    def see_grid(self, v, hz, dt_ms=100, times=1):
        self.grid = (v, hz)
        for _ in range(times):
            self.see(dt_ms)
            self.presence.step(self.image, self.now_ms, dt_ms)
        return self.presence


def test_dead_voltage_is_lost_at_once():
    w = Watch()
    assert not w.see_grid(230.0, 50.0).lost
    p = w.see_grid(114.9, 0.0)  # 0.4996 pu, under fast_open_pu 0.5
    assert p.lost
    assert p.fast_transfer
    assert p.reason == R_UNDERVOLTAGE
    assert not p.suspect  # a dead voltage without frequency is certain


def test_half_voltage_rides_through_for_two_seconds():
    w = Watch()
    w.see_grid(230.0, 50.0)
    p = w.see_grid(115.1, 50.0, times=20)  # first seen, then 1.9 s more
    assert not p.lost
    assert p.suspect
    p = w.see_grid(115.1, 50.0)
    assert p.lost
    assert not p.fast_transfer
    assert p.reason == R_UNDERVOLTAGE


def test_each_limit_has_its_reason():
    cases = (
        (202.3, 50.0, R_UNDERVOLTAGE),  # 0.88 pu is 202.4 V
        (253.1, 50.0, R_OVERVOLTAGE),  # 1.10 pu is 253.0 V
        (230.0, 48.99, R_UNDERFREQUENCY),
        (230.0, 51.01, R_OVERFREQUENCY),
        (202.5, 50.0, R_NONE),
        (252.9, 51.0, R_NONE),
    )
    for v, hz, reason in cases:
        p = Watch().see_grid(v, hz, times=21)
        assert (p.reason, p.lost) == (reason, reason != R_NONE), (v, hz)


def test_an_excursion_shorter_than_the_ride_leaves_no_trace():
    w = Watch()
    w.see_grid(200.0, 50.0, times=20)
    w.see_grid(230.0, 50.0)
    assert not w.see_grid(200.0, 50.0, times=20).lost


def test_long_steps_count_from_the_reading_that_starts_the_ride():
    w = Watch()
    w.see_grid(230.0, 50.0)
    assert not w.see_grid(200.0, 50.0, dt_ms=60_000).lost
    assert w.see_grid(200.0, 50.0, dt_ms=60_000).lost


def test_healthy_time_is_the_same_at_any_pace():
    for dt_ms in (100, 1000, 60_000):
        p = Watch().see_grid(230.0, 50.0, dt_ms, times=1 + 300_000 // dt_ms)
        assert (p.healthy, p.healthy_ms) == (True, 300_000), dt_ms


def test_healthy_time_stops_at_a_day_and_survives_a_week():
    p = Watch().see_grid(230.0, 50.0, 60_000, times=7 * 1440)
    assert p.healthy_ms == CAP_MS


def test_outside_enter_service_limits_the_time_starts_again():
    # 0.917 pu is 210.91 V, 1.05 pu is 241.5 V
    for v, hz in ((210.8, 50.0), (241.6, 50.0), (230.0, 49.49), (230.0, 50.11)):
        w = Watch()
        w.see_grid(230.0, 50.0, times=50)
        p = w.see_grid(v, hz)
        assert not p.healthy
        assert p.healthy_ms == 0
        assert not p.lost
        p = w.see_grid(230.0, 50.0)
        assert p.healthy
        assert p.healthy_ms == 0


def test_blind_is_suspect_but_keeps_the_verdict():
    for lost in (False, True):
        w = Watch()
        w.see_grid(0.0 if lost else 230.0, 50.0)
        for _ in range(100):
            w.see(100)
            w.image.grid_v.set(0.0, w.now_ms, SUSPECT)
            w.presence.step(w.image, w.now_ms, 100)
        assert w.presence.suspect
        assert w.presence.lost == lost
        assert not w.presence.healthy


def test_a_short_gap_only_pauses_the_healthy_time():
    w = Watch()
    w.see_grid(230.0, 50.0, times=101)
    w.see(100)
    w.image.grid_hz.set(50.0, w.now_ms, SUSPECT)
    w.presence.step(w.image, w.now_ms, 100)
    assert w.presence.suspect
    assert w.presence.healthy_ms == 10_000
    assert w.see_grid(230.0, 50.0).healthy_ms == 10_100


def guarded(**changed):
    w = Watch()
    w.presence = Presence(settings(**changed))
    return w


def test_kinds_of_loss():
    # (voltage, frequency, kind): a dead line, a low one, a high one, a frequency out of limits
    cases = ((0.0, 0.0, LOSS_OUTAGE), (190.0, 50.0, LOSS_REJECTED), (260.0, 50.0, LOSS_REJECTED))
    for v, hz, kind in cases + ((230.0, 48.5, LOSS_REJECTED),):
        w = Watch()
        assert w.see_grid(230.0, 50.0).kind == LOSS_NONE
        if hz == 48.5:  # a step would be no grid's
            for n in range(25):
                w.see_grid(230.0, 50.0 - 0.06 * n)
        p = w.see_grid(v, hz, times=60)
        assert (p.lost, p.kind) == (True, kind), (v, hz)
        p = w.see_grid(230.0, 50.0)
        assert (p.lost, p.kind) == (False, LOSS_NONE)


def test_a_rejected_grid_that_dies_is_an_outage():
    w = Watch()
    w.see_grid(230.0, 50.0)
    assert w.see_grid(190.0, 50.0, times=25).kind == LOSS_REJECTED
    assert w.see_grid(10.0, 0.0).kind == LOSS_OUTAGE
    assert w.see_grid(190.0, 50.0).kind == LOSS_OUTAGE  # not back yet


def test_a_feeder_that_runs_away_is_an_outage():
    # 1.6 Hz/s down from 50 Hz; under 49 Hz after 0.6 s, for ride_s: a cut-off feeder, not a grid in trouble
    w = Watch()
    w.see_grid(230.0, 50.0, times=10)
    for n in range(30):
        w.see_grid(230.0, max(47.5, 50.0 - 0.16 * n))
    assert w.presence.lost
    assert (w.presence.reason, w.presence.kind) == (R_UNDERFREQUENCY, LOSS_OUTAGE)


def test_rate_of_change_by_readings_alone():
    for rate, lost in ((0.0, False), (1.5, False), (2.5, True)):
        w = guarded(rocof_trip_hz_per_s=2.0)
        w.see_grid(230.0, 49.2, times=10)
        told = False
        for n in range(12):
            p = w.see_grid(230.0, min(50.9, 49.2 + 0.1 * rate * n))
            if p.lost and not told:
                told = True
                assert (p.reason, p.kind) == (R_ROCOF, LOSS_OUTAGE)
        assert told == lost, rate


def test_ride_through_profile_waits_in_a_dead_voltage():
    # IEEE 1547-2018 table 13: 0.50 pu, cleared in 2 s; table 16: 1 s to ride through
    w = guarded(loss_profile="ride_through", grid_code="ieee1547_3")
    w.see_grid(230.0, 50.0)
    p = w.see_grid(0.0, 0.0, times=11)  # first seen, then 1 s
    assert not p.lost
    assert p.suspect
    p = w.see_grid(0.0, 0.0, times=9)
    assert p.lost
    assert not p.fast_transfer


def test_a_code_gives_each_depth_its_time():
    # IEEE 1547-2018 table 15: 3 s + 8.7 s/pu (V - 0.65): 4.31 s at 0.80 pu; margin 0.1 s, steps of 0.1 s
    for pu, ride_s in ((0.80, 4.305), (0.66, 3.087)):
        w = guarded(fast_open_pu=0.4, grid_code="ieee1547_2")
        w.see_grid(230.0, 50.0)
        steps = 0
        while not w.see_grid(230.0 * pu, 50.0).lost:
            steps += 1
            assert steps < 60
        assert ride_s <= steps * 0.1 <= ride_s + 0.25, (pu, steps)


def test_mean_of_ten_minutes():
    # 1.15 pu for x of the time: 1 + x (1.3225 - 1) = 1.21, x = 0.651 or 391 s
    w = guarded(grid_code="vde4105")
    assert not w.see_grid(264.5, 50.0, dt_ms=1000, times=385).lost
    p = w.see_grid(264.5, 50.0, dt_ms=1000, times=40)
    assert (p.lost, p.reason, p.kind) == (True, R_OVERVOLTAGE, LOSS_REJECTED)


def test_the_fast_path_is_believed_before_the_readings():
    for reason, kind in (
        (R_NO_VOLTAGE, LOSS_OUTAGE),
        (R_ROCOF, LOSS_OUTAGE),
        (R_OVERFREQUENCY, LOSS_REJECTED),
    ):
        w = Watch()
        w.see_grid(230.0, 50.0, times=20)
        w.image.guard_suspect = True
        assert w.see_grid(230.0, 50.0).suspect
        w.image.guard_open, w.image.guard_reason = True, reason
        p = w.see_grid(230.0, 50.0)
        assert (p.lost, p.reason, p.kind, p.healthy) == (True, reason, kind, False)
        assert p.since_change_ms == 0
        w.image.guard_suspect = False
        p = w.see_grid(230.0, 50.0)  # it still holds the contactor open; the grid is there
        assert (p.lost, p.suspect, p.healthy) == (False, False, True)


def test_the_fast_path_is_heard_by_a_blind_meter():
    w = Watch()
    w.see_grid(230.0, 50.0)
    w.image.grid_v.set(0.0, w.now_ms, SUSPECT)
    w.image.guard_open, w.image.guard_reason = True, R_NO_VOLTAGE
    w.presence.step(w.image, w.now_ms, 100)
    assert w.presence.lost
