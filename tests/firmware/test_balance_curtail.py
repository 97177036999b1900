"""Curtailment: down at once, up by a ramp, let go after a minute of slack."""

from islet.control.curtail import Curtail
from islet.names import R_ENVELOPE, R_NONE
from islet.state.image import Image
from islet.state.wishes import Wishes


class Settings:
    pv_rated_w = 4000.0


class Rig:
    def __init__(self):
        self.image, self.wishes = Image(), Wishes()
        self.curtail = Curtail(Settings)
        self.now_ms = (1 << 30) - 5000  # the ticks wrap on the way

    def step(self, available_w, allowed_w, dt_ms=1000):
        """PV gives what it has under the limit of the last step; returns the new limit."""
        self.now_ms = (self.now_ms + dt_ms) & ((1 << 30) - 1)
        limit_w = self.wishes.pv_limit_w or Settings.pv_rated_w
        self.image.pv_w.set(min(available_w, limit_w), self.now_ms)
        self.curtail.step(self.image, self.wishes, allowed_w, R_ENVELOPE, self.now_ms, dt_ms)
        return self.wishes.pv_limit_w


def test_free_pv_has_its_rating_as_limit():
    rig = Rig()
    assert rig.step(3000.0, 3500.0) == 4000.0
    assert rig.wishes.pv_reason == R_NONE


def test_too_much_is_lowered_at_once_and_the_reason_given():
    rig = Rig()
    assert rig.step(3000.0, 2000.0) == 2000.0
    assert rig.wishes.pv_reason == R_ENVELOPE
    assert rig.step(3000.0, 1500.0) == 1500.0


def test_more_room_is_given_by_a_ramp():
    # 4000 W in 60 s: 66.7 W a second.
    rig = Rig()
    rig.step(3500.0, 2000.0)
    assert abs(rig.step(3500.0, 3000.0) - 2066.7) < 0.1
    assert rig.step(3500.0, 3000.0, 60_000) == 3000.0


def test_limit_at_the_rim_does_not_flap():
    rig = Rig()
    rig.step(3000.0, 2000.0)
    limits = [rig.step(3000.0, 2000.0) for _ in range(300)]
    assert limits == [2000.0] * 300


def test_let_go_after_a_minute_of_slack():
    rig = Rig()
    rig.step(3000.0, 2000.0)
    limits = [rig.step(1000.0, 2000.0) for _ in range(70)]
    assert limits[50] == 2000.0
    assert limits[69] == 4000.0


def test_short_cloud_does_not_let_go():
    rig = Rig()
    rig.step(3000.0, 2000.0)
    for _ in range(10):
        for _ in range(30):
            rig.step(1000.0, 2000.0)
        assert rig.step(3000.0, 2000.0) == 2000.0


def test_nothing_allowed_is_zero_not_negative():
    rig = Rig()
    assert rig.step(3000.0, -50.0) == 0.0
