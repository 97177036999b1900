"""Leases end when they should, across the wrap of ticks and for good."""

from islet.base.lease import MAX_SPAN_MS, Lease

WRAP = 1 << 30


def test_lives_until_its_last_ms():
    lease = Lease(5, 1000, 250)
    assert lease.live(1000)
    assert lease.live(1249)
    assert not lease.live(1250)


def test_ends_on_time_across_the_wrap_of_ticks():
    lease = Lease(5, WRAP - 100, 250)
    assert lease.live(149)
    assert lease.left_ms(149) == 1
    assert not lease.live(150)


def test_stays_ended_when_ticks_come_round():
    lease = Lease(5, 0, 1000)
    assert not lease.live(1000)
    assert not lease.live(1000 + WRAP // 2 + 5)  # by the ticks alone the end would lie ahead again
    assert lease.left_ms(1000 + WRAP // 2 + 5) == 0


def test_can_be_ended_and_may_be_empty():
    lease = Lease(5, 0, 1000)
    lease.end()
    assert not lease.live(1)
    assert not Lease(5, 0, 0).live(0)


def test_refuses_spans_that_ticks_cannot_tell():
    for span in (-1, MAX_SPAN_MS + 1):
        try:
            Lease(5, 0, span)
        except ValueError:
            continue
        raise AssertionError(f"accepted a span of {span}")
    assert Lease(5, 0, MAX_SPAN_MS).live(MAX_SPAN_MS - 1)
