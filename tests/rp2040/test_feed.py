"""Sets fed to the converter: each once, in order, where its time is; no image is needed."""

import numpy as np
import pytest

from host_tools.hil.rp2040.analog import Feed

HZ = 3600.0


def given(n: int, first: int = 0) -> np.ndarray:
    """Return n sets of two inputs whose codes are 2 k and 2 k + 1 of set k."""
    return np.arange(2 * first, 2 * (first + n), dtype=np.uint16).reshape(n, 2)


def taken(feed: Feed, n: int, begin_s: float, hz: float = HZ) -> list[int]:
    """Return the numbers of the sets that n conversions of both inputs from begin_s on see."""
    codes = [(feed(0, begin_s + k / hz), feed(1, begin_s + (k + 0.5) / hz)) for k in range(n)]
    assert all(second == first + 1 for first, second in codes)
    return [first // 2 for first, _ in codes]


@pytest.mark.parametrize("shift", [0.0, 0.3, -0.45])
def test_each_set_once_in_pieces(shift: float) -> None:
    """30 pieces of 36 sets, given just before their time; the converter begins a part of a set later."""
    feed = Feed(HZ, 2)
    feed.begin(5.0)
    seen = []
    for piece in range(30):
        feed.give(given(36, 36 * piece))
        seen += taken(feed, 36, 5.0 + (36 * piece + shift) / HZ)
    assert seen == list(range(1080))
    assert feed.slips == 0


def test_converter_that_begins_late_sees_the_set_of_its_time() -> None:
    """100 sets late, it begins with set 100."""
    feed = Feed(HZ, 2)
    feed.begin(0.0)
    feed.give(given(300))
    assert taken(feed, 50, 100 / HZ) == list(range(100, 150))


@pytest.mark.parametrize(("hz", "step"), [(HZ * 1.01, 0), (HZ * 0.99, 2)])
def test_another_rate_slips_a_set_now_and_then(hz: float, step: int) -> None:
    """1 % too fast, three or four sets in 360 are given twice; 1 % too slow, as many are passed over."""
    feed = Feed(HZ, 2)
    feed.begin(0.0)
    feed.give(given(400))
    seen = taken(feed, 360, 0.0, hz)
    steps = np.diff(seen).tolist()
    assert set(steps) == {1, step}
    assert steps.count(step) == feed.slips
    assert 2 <= feed.slips <= 4


def test_before_the_first_and_after_the_last_the_nearest() -> None:
    """Nothing given: half scale. All used up: the last set stays."""
    feed = Feed(HZ, 2)
    assert (feed(0, 0.0), feed(1, 0.0)) == (2048, 2048)
    feed.begin(0.0)
    feed.give(given(3))
    assert taken(feed, 5, 0.0) == [0, 1, 2, 2, 2]
