"""Ticks that wrap; expected values by hand."""

from islet.base.clock import add_ms, elapsed_ms

LAST = (1 << 30) - 1


def test_elapsed_across_the_wrap():
    assert elapsed_ms(4999, LAST - 5000) == 10_000
    assert elapsed_ms(0, LAST) == 1
    assert elapsed_ms(7, 7) == 0


def test_elapsed_of_a_time_ahead_is_negative():
    assert elapsed_ms(LAST, 0) == -1
    assert elapsed_ms(0, 100) == -100


def test_elapsed_reaches_half_the_period():
    assert elapsed_ms((1 << 29) - 1, 0) == (1 << 29) - 1
    assert elapsed_ms(1 << 29, 0) == -(1 << 29)


def test_add_wraps():
    assert add_ms(LAST, 1) == 0
    assert add_ms(LAST - 4999, 5000 + 7) == 7
    assert add_ms(5, 0) == 5
    assert elapsed_ms(add_ms(LAST - 3, 60_000), LAST - 3) == 60_000
