"""Grid presence against the limits of the settings, by hand-timed readings across the tick wrap."""

from island_world import Hand, settings

from islet.control.presence import CAP_MS, Presence
from islet.names import (
    R_NONE,
    R_OVERFREQUENCY,
    R_OVERVOLTAGE,
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
