"""Several devices of one role, by hand: totals with their age and quality, shares by rating."""

from islet.names import COMM, NEVER, NOT_IMPLEMENTED, OK, SUSPECT
from islet.state.image import Image
from islet.state.parts import Part, Parts
from islet.state.quantity import Quantity
from islet.state.wishes import Wishes

NOW_MS = 7  # the ticks have just wrapped
BEFORE_MS = (1 << 30) - 400


def house() -> tuple:
    pv = [Part(4000.0), Part(1000.0)]
    batteries = [Part(5000.0, 10_000.0), Part(2500.0, 5000.0)]
    parts, image = Parts(pv, batteries), Image()
    parts.join(image)
    return parts, image


def test_powers_add_up_and_are_as_old_as_the_oldest() -> None:
    parts, image = house()
    parts.pv[0].pv_w.set(3000.0, NOW_MS)
    parts.pv[1].pv_w.set(700.0, BEFORE_MS)
    parts.fold(NOW_MS)
    assert (image.pv_w.value, image.pv_w.quality, image.pv_w.stamp_ms) == (3700.0, OK, BEFORE_MS)
    assert image.pv_w.usable(NOW_MS)
    assert not image.pv_w.usable(9700)  # the older is 10.1 s old then


def test_a_sleeping_inverter_adds_nothing_and_all_asleep_is_told() -> None:
    parts, image = house()
    parts.pv[0].pv_w.set(3000.0, NOW_MS)
    parts.pv[1].pv_w.set(700.0, NOW_MS, NOT_IMPLEMENTED)
    parts.fold(NOW_MS)
    assert (image.pv_w.value, image.pv_w.quality) == (3000.0, OK)
    parts.pv[0].pv_w.set(0.0, NOW_MS, NOT_IMPLEMENTED)
    parts.fold(NOW_MS)
    assert image.pv_w.quality == NOT_IMPLEMENTED


def test_one_that_does_not_answer_spoils_the_total() -> None:
    parts, image = house()
    parts.fold(NOW_MS)
    assert image.pv_w.quality == NEVER
    for part in parts.pv:
        part.pv_w.set(500.0, NOW_MS)
    parts.fold(NOW_MS)
    parts.pv[1].pv_w.degrade(COMM)
    parts.fold(NOW_MS)
    assert (image.pv_w.value, image.pv_w.quality) == (1000.0, COMM)  # the last good total


def test_charge_is_weighed_by_capacity() -> None:
    # 0.9 of 10 kWh and 0.3 of 5 kWh: 10.5 of 15 kWh
    parts, image = house()
    parts.batteries[0].soc_pu.set(0.9, NOW_MS)
    parts.batteries[1].soc_pu.set(0.3, NOW_MS)
    parts.batteries[0].battery_hz.set(50.1, NOW_MS)
    parts.batteries[1].battery_hz.set(49.0, NOW_MS)
    parts.fold(NOW_MS)
    assert abs(image.soc_pu.value - 0.7) < 1e-6
    assert abs(image.battery_hz.value - 50.1) < 1e-6


def test_wishes_are_shared_by_rating() -> None:
    parts, _ = house()
    wishes = Wishes()
    wishes.battery_w, wishes.pv_limit_w = -3000.0, 2500.0
    for part in parts.batteries:
        part.battery_w.set(0.0, NOW_MS)
    parts.split(wishes, NOW_MS, 1000.0)
    assert [round(part.wishes.battery_w) for part in parts.batteries] == [-2000, -1000]
    assert [round(part.wishes.pv_limit_w) for part in parts.pv] == [2000, 500]
    parts.batteries[0].battery_w.degrade(COMM)
    parts.split(wishes, NOW_MS, 1000.0)
    assert [round(part.wishes.battery_w) for part in parts.batteries] == [0, -3000]


def test_only_the_first_battery_forms() -> None:
    parts, _ = house()
    wishes = Wishes()
    wishes.forming, wishes.form_hz, wishes.form_v = True, 50.2, 230.0
    parts.split(wishes, NOW_MS, 1000.0)
    assert [part.wishes.forming for part in parts.batteries] == [True, False]
    assert parts.batteries[0].wishes.form_hz == 50.2


def test_what_is_safe_is_never_more_than_what_is_wished() -> None:
    parts, _ = house()
    wishes = Wishes()
    wishes.battery_w, wishes.pv_limit_w, wishes.forming, wishes.form_hz = 3000.0, 5000.0, True, 49.9
    parts.split(wishes, NOW_MS, 1000.0)
    assert [round(part.safe.pv_limit_w) for part in parts.pv] == [800, 200]
    assert [part.safe.battery_w for part in parts.batteries] == [0.0, 0.0]
    assert [part.safe.forming for part in parts.batteries] == [True, False]  # the island is held up
    assert parts.batteries[0].safe.form_hz == 49.9
    wishes.pv_limit_w = 500.0
    parts.split(wishes, NOW_MS, 1000.0)
    assert [round(part.safe.pv_limit_w) for part in parts.pv] == [400, 100]


def test_what_is_only_read_takes_no_share_and_counts() -> None:
    parts = Parts([Part(4000.0), Part(1000.0, control=False)], [Part(5000.0), Part(5000.0, control=False)])
    for part in parts.batteries:
        part.battery_w.set(0.0, NOW_MS)
    parts.pv[1].pv_w.set(700.0, NOW_MS)
    wishes = Wishes()
    wishes.battery_w, wishes.pv_limit_w = 2000.0, 2500.0
    parts.split(wishes, NOW_MS, 1000.0)
    assert parts.pv[0].wishes.pv_limit_w == 1800.0
    assert parts.pv[0].safe.pv_limit_w == 300.0
    assert [part.wishes.battery_w for part in parts.batteries] == [2000.0, 0.0]


def test_what_a_house_has_not_is_zero_and_its_charge_unknown() -> None:
    image = Image()
    parts = Parts([], [])
    parts.join(image)
    parts.fold(NOW_MS)
    for quantity in (image.pv_w, image.battery_w, image.ev_w, image.chp_w, image.feeder_w, image.apart_w):
        assert (quantity.value, quantity.quality, quantity.stamp_ms) == (0.0, OK, NOW_MS)
    assert image.soc_pu.quality == NEVER
    try:
        Part(-1.0)
    except ValueError:
        return
    raise AssertionError("took a negative rating")


def test_cars_and_engines_by_where_they_hang() -> None:
    powers = [Quantity(10_000) for _ in range(4)]
    parts = Parts([], [], [(powers[0], True), (powers[1], False)], [(powers[2], False), (powers[3], True)])
    image = Image()
    parts.join(image)
    for k in range(4):
        powers[k].set((-7000.0, -1000.0, 3000.0, 500.0)[k], NOW_MS)
    parts.fold(NOW_MS)
    found = [image.ev_w.value, image.chp_w.value, image.feeder_w.value, image.apart_w.value]
    assert found == [-8000.0, 3500.0, -6500.0, 2000.0]
    powers[1].degrade(COMM)
    parts.fold(NOW_MS)
    assert [image.ev_w.quality, image.feeder_w.quality, image.apart_w.quality] == [COMM, OK, COMM]


def test_what_no_device_can_give_is_suspect() -> None:
    """Three times the rating is no reading, nor is what is no number; the last good total stays."""
    parts, image = house()
    parts.pv[1].pv_w.set(700.0, NOW_MS)
    for good_w in (12_000.0, -12_000.0, 3000.0):
        parts.pv[0].pv_w.set(good_w, NOW_MS)
        parts.fold(NOW_MS)
        assert (image.pv_w.value, image.pv_w.quality) == (good_w + 700.0, OK)
    for bad_w in (12_001.0, 1e30, float("nan"), float("inf"), -float("inf")):
        parts.pv[0].pv_w.set(bad_w, NOW_MS)
        parts.fold(NOW_MS)
        assert (image.pv_w.value, image.pv_w.quality) == (3700.0, SUSPECT)
    for soc_pu, quality in ((1.04, OK), (1.06, SUSPECT), (-0.04, OK), (-0.06, SUSPECT), (50.0, SUSPECT)):
        for part in parts.batteries:
            part.soc_pu.set(soc_pu, NOW_MS)
        parts.fold(NOW_MS)
        assert image.soc_pu.quality == quality


def test_a_battery_without_a_value_is_not_one_of_zero() -> None:
    parts, image = house()
    parts.batteries[0].soc_pu.set(0.9, NOW_MS)
    parts.batteries[1].soc_pu.set(0.0, NOW_MS, NOT_IMPLEMENTED)
    parts.batteries[0].battery_w.set(500.0, NOW_MS)
    parts.batteries[1].battery_w.set(0.0, NOW_MS, NOT_IMPLEMENTED)
    parts.fold(NOW_MS)
    assert (image.soc_pu.quality, image.battery_w.quality) == (NOT_IMPLEMENTED, NOT_IMPLEMENTED)


def test_what_read_only_pv_gives_is_the_worst_where_it_is_not_known() -> None:
    parts = Parts([Part(4000.0), Part(1000.0, control=False)], [])
    wishes = Wishes()
    wishes.pv_limit_w = 2500.0
    told = []
    for value, quality in ((700.0, OK), (700.0, NOT_IMPLEMENTED), (0.0, COMM), (1e9, OK)):
        parts.pv[1].pv_w.set(value, NOW_MS, quality)
        parts.split(wishes, NOW_MS, 1000.0)
        told.append(parts.pv[0].wishes.pv_limit_w)
    assert told == [1800.0, 2500.0, 1500.0, 1500.0]


def test_free_is_free_for_each() -> None:
    """700 / 9700 of 9700 is 699.9999999999999 in doubles: a limit that would be written and renewed for ever."""
    parts = Parts([Part(700.0), Part(9000.0)], [], pv_free_w=9700.0)
    wishes = Wishes()
    wishes.pv_limit_w = 9700.0
    parts.split(wishes, NOW_MS, 1000.0)
    assert all(part.wishes.pv_limit_w >= part.rated_w for part in parts.pv)


def test_those_that_may_form_form_beside_the_first_with_the_same_droop() -> None:
    batteries = [
        Part(5000.0),
        Part(2500.0, forms=True),
        Part(2500.0),
        Part(2500.0, control=False, forms=True),
    ]
    parts = Parts([], batteries)
    for part in batteries:
        part.battery_w.set(0.0, NOW_MS)
        part.soc_pu.set(0.5, NOW_MS)
    wishes = Wishes()
    wishes.forming, wishes.form_hz, wishes.form_droop_pu, wishes.form_v_droop_pu = True, 50.1, 0.01, 0.02
    wishes.battery_w = 1000.0
    parts.split(wishes, NOW_MS, 0.0)
    assert [part.wishes.forming for part in batteries] == [True, True, False, False]
    assert [part.safe.forming for part in batteries] == [True, True, False, False]
    assert [part.wishes.form_hz for part in batteries[:2]] == [50.1, 50.1]
    assert [part.wishes.form_droop_pu for part in batteries[:2]] == [0.01, 0.01]
    assert [part.safe.form_v_droop_pu for part in batteries[:2]] == [0.02, 0.02]
    assert [part.wishes.battery_w for part in batteries] == [
        0.0,
        0.0,
        1000.0,
        0.0,
    ]  # for the one that follows
    assert parts.shares.former_w == 7500.0
    assert parts.shares.follower_w(NOW_MS) == 2500.0
    batteries[2].battery_w.degrade(COMM)
    assert parts.shares.follower_w(NOW_MS) == 0.0


def test_what_a_followers_charge_permits() -> None:
    """From 7 % down to 5 % ever less discharge, from 98 % to full ever less charging; not known: none."""
    parts = Parts([], [Part(5000.0), Part(2000.0)])
    follower = parts.batteries[1]
    for part in parts.batteries:
        part.battery_w.set(0.0, NOW_MS)
    wishes = Wishes()
    wishes.forming = True
    for soc_pu, asked_w, got_w in (
        (0.5, 1500.0, 1500.0),
        (0.06, 1500.0, 1000.0),
        (0.05, 1500.0, 0.0),
        (0.05, -1500.0, -1500.0),
        (0.99, -1500.0, -1000.0),
        (1.0, -1500.0, 0.0),
        (1.0, 1500.0, 1500.0),
    ):
        follower.soc_pu.set(soc_pu, NOW_MS)
        wishes.battery_w = asked_w
        parts.split(wishes, NOW_MS, 0.0)
        assert abs(follower.wishes.battery_w - got_w) < 0.5, (soc_pu, asked_w)
    follower.soc_pu.degrade(COMM)
    parts.split(wishes, NOW_MS, 0.0)
    assert follower.wishes.battery_w == 0.0


def test_reactive_power_by_rating_and_none_for_those_with_curves() -> None:
    """4 kW and 1 kW: one with curves keeps its part of the sum to itself; on the grid every battery has its part."""
    parts, _ = house()
    wishes = Wishes()
    wishes.battery_var, wishes.pv_var = 750.0, -1000.0
    parts.split(wishes, NOW_MS, 1000.0)
    assert [part.wishes.battery_var for part in parts.batteries] == [500.0, 250.0]
    assert [part.wishes.pv_var for part in parts.pv] == [-800.0, -200.0]
    parts.pv[0].own_curves = True
    parts.split(wishes, NOW_MS, 1000.0)
    assert [part.wishes.pv_var for part in parts.pv] == [0.0, -200.0]
    assert not parts.shares.pv_own_curves
    parts.pv[1].own_curves = True
    assert parts.shares.pv_own_curves
    assert not parts.shares.battery_own_curves
    assert not Parts([], []).shares.pv_own_curves
