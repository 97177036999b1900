"""A band only shrinks, is never empty, and says who owns each edge."""

from islet.control.band import Band


def band(lo=-100.0, hi=100.0):
    made = Band()
    made.reset(lo, hi, "start")
    return made


def edges(made):
    return made.lo, made.hi, made.lo_reason, made.hi_reason


def test_shrinks_one_edge_and_names_it():
    made = band()
    made.shrink(-50.0, 200.0, "a")
    assert edges(made) == (-50.0, 100.0, "a", "start")


def test_never_widens():
    made = band()
    made.shrink(-1000.0, 1000.0, "a")
    assert edges(made) == (-100.0, 100.0, "start", "start")


def test_collapses_to_the_nearest_point_and_keeps_its_owner():
    above, below = band(), band()
    above.shrink(150.0, 300.0, "late")
    assert edges(above) == (100.0, 100.0, "start", "start")
    below.shrink(-300.0, -150.0, "late")
    assert edges(below) == (-100.0, -100.0, "start", "start")


def test_contradictory_limits_leave_a_point():
    made = band()
    made.shrink(40.0, 20.0, "mad")
    assert made.lo == made.hi == 40.0


def test_clamp_and_reason():
    made = band()
    made.shrink(-50.0, 60.0, "limit")
    assert [made.clamp(w) for w in (-80.0, 10.0, 80.0)] == [-50.0, 10.0, 60.0]
    assert [made.reason(w, "plan") for w in (-80.0, 10.0, 60.0, 80.0)] == ["limit", "plan", "plan", "limit"]


def test_reset_starts_over():
    made = band()
    made.shrink(0.0, 0.0, "a")
    made.reset(-5.0, 5.0)
    assert edges(made) == (-5.0, 5.0, "none", "none")
