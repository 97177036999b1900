"""PV in an island; expected values by hand: load 400 W, battery 5000 W, ceiling 0.95 with a span of 0.05."""

from islet.control.carry import Carry
from islet.names import R_NONE, R_SOC_MAX
from islet.state.image import Image
from islet.state.wishes import Wishes


class Ratings:
    pv_rated_w = 4000.0
    battery_rated_w = 5000.0


def island(soc_pu, load_w=400.0, limit_w=4000.0):
    image, wishes = Image(), Wishes()
    image.metered_load_w.set(load_w, 0)
    if soc_pu is not None:
        image.soc_pu.set(soc_pu, 0)
    wishes.pv_limit_w = limit_w
    return image, wishes


def limit_w(soc_pu, fall_w=0.0, **more):
    image, wishes = island(soc_pu, **more)
    Carry(Ratings()).step(image, wishes, 0, 100, fall_w)
    return wishes.pv_limit_w


def test_with_room_pv_is_free():
    image, wishes = island(0.6)
    Carry(Ratings()).step(image, wishes, 0, 100)
    assert wishes.pv_limit_w == 4000.0
    assert wishes.pv_reason == R_NONE


def test_charging_is_given_up_towards_the_ceiling():
    assert abs(limit_w(0.94) - (400.0 + 5000.0 * 0.2)) < 0.1
    assert abs(limit_w(0.95) - 400.0) < 0.1


def test_a_full_battery_gets_its_room_back():
    assert abs(limit_w(1.0) - 200.0) < 0.1
    assert abs(limit_w(0.975) - 300.0) < 0.1


def test_unknown_charge_never_charges():
    image, wishes = island(None)
    Carry(Ratings()).step(image, wishes, 0, 100)
    assert wishes.pv_limit_w == 200.0
    assert wishes.pv_reason == R_SOC_MAX


def test_the_limit_rises_by_a_ramp_and_falls_at_once():
    assert abs(limit_w(0.6, limit_w=100.0) - (100.0 + 4000.0 * 100 / 60_000)) < 0.01
    assert abs(limit_w(0.95, limit_w=4000.0) - 400.0) < 0.1


def test_a_dark_house_gets_nothing():
    assert limit_w(0.95, load_w=0.0) == 0.0


def test_a_full_battery_leaves_room_for_the_largest_load_that_drops():
    # of 400 W one of 300 W went off before: PV gives the other 100 W; in the middle of the span (400 + 100) / 2
    assert abs(limit_w(1.0, fall_w=300.0) - 100.0) < 0.1
    assert abs(limit_w(0.975, fall_w=300.0) - 250.0) < 0.1
    assert limit_w(1.0, fall_w=900.0) == 0.0
    assert abs(limit_w(1.0, fall_w=50.0) - 200.0) < 0.1  # half the load in any case


def test_full_charging_leaves_room_for_a_load_that_drops():
    # 4000 W of PV for 400 W of load: 3600 W into 5000 W, and a drop of 2000 W would not fit: 400 + 5000 - 2000
    assert abs(limit_w(0.6, fall_w=2000.0) - 3400.0) < 0.1
    assert abs(limit_w(0.6, fall_w=4000.0) - 2900.0) < 0.1  # half the rating is charged in any case
    assert limit_w(0.6, fall_w=1000.0) == 4000.0


def test_what_gensets_and_cars_give_is_not_asked_of_pv():
    image, wishes = island(0.95, load_w=1000.0)
    image.apart_w.set(700.0, 0)
    Carry(Ratings()).step(image, wishes, 0, 100)
    assert abs(wishes.pv_limit_w - 300.0) < 0.1
