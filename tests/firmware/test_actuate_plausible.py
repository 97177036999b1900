"""Obedience: tolerances are 5 % of the ratings below (250 W, 200 W), settling times those of the module."""

from islet.actuate.plausible import Followed, Plausible
from islet.names import R_NONE, R_NOT_OBEYED
from islet.state.image import Image
from islet.state.wishes import Wishes

START_MS = (1 << 30) - 5000  # five seconds before ticks wrap
TICKS = 1 << 30


class Ratings:
    battery_rated_w = 5000.0
    pv_rated_w = 4000.0


class Rig:
    """A node's view of a plant that answers what it is told to."""

    def __init__(self):
        self.image, self.wishes, self.watch = Image(), Wishes(), Plausible(Ratings())
        self.wishes.pv_limit_w = 4000.0
        self.now_ms = START_MS

    def run(self, span_ms, battery_w=0.0, pv_w=0.0, soc_pu=0.5, dt_ms=100):
        for _ in range(span_ms // dt_ms):
            self.now_ms = (self.now_ms + dt_ms) % TICKS
            self.image.battery_w.set(battery_w, self.now_ms)
            self.image.pv_w.set(pv_w, self.now_ms)
            self.image.soc_pu.set(soc_pu, self.now_ms)
            self.watch.step(self.wishes, self.image, self.now_ms)


def test_obeying_is_never_counted():
    rig = Rig()
    for battery_w in (0.0, 3000.0, -3000.0):
        rig.wishes.battery_w = battery_w
        rig.run(30_000, battery_w=battery_w + 240.0, pv_w=4100.0)
    assert rig.watch.battery.count == rig.watch.pv.count == rig.watch.contactor.count == 0
    assert rig.watch.reason == R_NONE


def test_deaf_battery_is_counted_once_and_forgiven_when_it_follows():
    rig = Rig()
    rig.run(1000)
    rig.wishes.battery_w = 3000.0
    rig.run(4000)
    assert rig.watch.reason == R_NONE  # still settling
    rig.run(60_000)
    assert rig.watch.reason == R_NOT_OBEYED
    assert rig.watch.battery.count == 1
    rig.run(1000, battery_w=3000.0)
    assert rig.watch.reason == R_NONE
    assert rig.watch.battery.count == 1


def test_deaf_battery_under_a_moving_set_point_is_found_too():
    rig = Rig()
    for step in range(300):
        rig.wishes.battery_w = 2000.0 + 1000.0 * (step % 2)
        rig.run(100)
    assert rig.watch.battery.count == 1


def test_lagging_battery_under_a_moving_set_point_obeys():
    rig = Rig()
    late_w = 0.0
    for step in range(600):
        asked_w = 40.0 * (step % 100)
        rig.wishes.battery_w = asked_w
        rig.run(100, battery_w=late_w)
        late_w += 0.1 * (asked_w - late_w)  # first order, 1 s
    assert rig.watch.battery.count == 0


def test_long_steps_judge_against_what_was_asked_before():
    rig = Rig()
    rig.wishes.battery_w = 1000.0
    rig.run(120_000, battery_w=1000.0, dt_ms=60_000)
    rig.wishes.battery_w = 3000.0
    rig.run(60_000, battery_w=1000.0, dt_ms=60_000)  # measured before this wish went out
    rig.run(180_000, battery_w=3000.0, dt_ms=60_000)
    assert rig.watch.battery.count == 0
    rig.run(300_000, battery_w=0.0, dt_ms=60_000)
    assert rig.watch.battery.count == 1


def test_full_or_empty_battery_may_decline():
    rig = Rig()
    rig.wishes.battery_w = -3000.0
    rig.run(60_000, soc_pu=1.0)
    rig.wishes.battery_w = 3000.0
    rig.run(60_000, soc_pu=0.0)
    assert rig.watch.battery.count == 0
    rig.run(60_000, soc_pu=1.0)  # a full one may not refuse to discharge
    assert rig.watch.battery.count == 1


def test_in_an_island_the_battery_is_slack_and_not_judged():
    rig = Rig()
    rig.image.contactor_closed = rig.wishes.contactor_closed = False
    rig.run(60_000, battery_w=4000.0)
    assert rig.watch.reason == R_NONE


def test_pv_above_its_limit_is_counted_below_is_not():
    rig = Rig()
    rig.wishes.pv_limit_w = 1000.0
    rig.run(60_000, pv_w=0.0)
    rig.run(60_000, pv_w=1150.0)
    assert rig.watch.pv.count == 0
    rig.run(60_000, pv_w=1250.0)
    assert rig.watch.pv.count == 1
    assert rig.watch.reason == R_NOT_OBEYED


def test_contactor_that_does_not_move_is_found_within_three_seconds():
    rig = Rig()
    rig.run(2000)
    rig.wishes.contactor_closed = False
    rig.run(200)
    assert rig.watch.reason == R_NONE
    rig.run(3000)
    assert rig.watch.contactor.count == 1
    assert rig.watch.reason == R_NOT_OBEYED
    rig.image.contactor_closed = False
    rig.run(200)
    assert rig.watch.reason == R_NONE


def test_unseen_is_not_judged():
    rig = Rig()
    rig.wishes.battery_w = 3000.0
    for _ in range(600):
        rig.now_ms = (rig.now_ms + 100) % TICKS
        rig.watch.step(rig.wishes, rig.image, rig.now_ms)
    assert rig.watch.battery.count == 0
    assert rig.watch.pv.count == 0


def test_nothing_asked_nothing_judged():
    watch = Followed(1000, 1.0)
    for now_ms in range(0, 10_000, 100):
        assert watch.check(500.0, now_ms)
    assert watch.count == 0


def test_anything_asked_within_the_window_is_in_order():
    watch = Followed(1000, 1.0)
    for now_ms, asked in ((0, 0.0), (100, -500.0), (200, 700.0), (300, 0.0)):
        watch.ask(asked, now_ms)
    for measured, obeys in ((-501.0, True), (701.0, True), (-502.0, False), (702.0, False)):
        watch.excuse()
        watch.check(measured, 400)
        assert watch.check(measured, 1400) is obeys
