"""Ramp: expected values are the rate times the time, by hand."""

from islet.base.ramp import Ramp


def test_moves_at_the_rate_both_ways():
    ramp = Ramp(2500.0)
    assert ramp.step(5000.0, 100) == 250.0
    assert ramp.step(5000.0, 1000) == 2750.0
    assert ramp.step(-5000.0, 100) == 2500.0


def test_lands_on_the_target_and_stays():
    ramp = Ramp(10.0, 1.0)
    assert ramp.step(1.5, 60_000) == 1.5
    assert ramp.step(1.5, 60_000) == 1.5


def test_many_short_steps_reach_what_one_long_step_does():
    short, long = Ramp(50.0), Ramp(50.0)
    for _ in range(100):
        short.step(1e9, 100)
    assert abs(short.value - long.step(1e9, 10_000)) < 1e-3


def test_no_time_no_move():
    assert Ramp(10.0, 3.0).step(9.0, 0) == 3.0


def test_reset_jumps():
    ramp = Ramp(10.0)
    ramp.reset(-700.0)
    assert ramp.value == -700.0


def test_refuses_a_rate_that_goes_nowhere():
    for rate in (0.0, -1.0, float("nan")):
        try:
            Ramp(rate)
        except ValueError:
            continue
        raise AssertionError(rate)
