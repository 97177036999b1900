"""What the node tells chargers and gensets by itself, and what of orders from outside is left; values by hand."""

from islet.base.reading import Reading
from islet.drivers import roles
from islet.local import Local
from islet.names import COMM
from islet.state.wishes import Wishes

NOW_MS = 5000
FREE_A = 1e9


class Part:
    def __init__(self, control, rated_w):
        self.control = control
        self.rated_w = rated_w


class Device:
    def __init__(self, safe, readings):
        self.commands = roles.Commands(safe)
        self.readings = readings


class Bound:
    def __init__(self, role, safe, rated_w=11_000.0, control=True, readings=()):
        self.role = role
        self.part = Part(control, rated_w)
        self.device = Device(safe, {name: Reading() for name in readings})

    def wanted(self, name, now_ms=NOW_MS):
        return self.device.commands.wanted(name, now_ms)


def box(**more):
    return Bound(roles.CHARGER, {"current_a": 6.0}, readings=("limit_a", "soc_pu"), **more)


def wish(**changed):
    wishes = Wishes()
    for name in changed:
        setattr(wishes, name, changed[name])
    return wishes


def test_stopped_cars_stay_stopped_whatever_is_ordered_and_come_back_as_they_were():
    one = box()
    one.device.readings["limit_a"].set(16.0, NOW_MS)
    local = Local([one], 230.0, 0, 1)
    local.step(wish(ev_stop=True), FREE_A, NOW_MS)
    one.device.commands.ask("current_a", 32.0, NOW_MS)
    assert one.wanted("current_a") == 0.0
    local.step(wish(), FREE_A, NOW_MS)
    assert one.wanted("current_a") == 32.0  # what is ordered counts again
    other = box()
    other.device.readings["limit_a"].set(16.0, NOW_MS)
    local = Local([other], 230.0, 0, 1)
    local.step(wish(ev_stop=True), FREE_A, NOW_MS)
    other.device.readings["limit_a"].set(0.0, NOW_MS)  # it obeys
    local.step(wish(ev_stop=True), FREE_A, NOW_MS)
    local.step(wish(), FREE_A, NOW_MS)
    assert other.wanted("current_a") == 16.0


def test_a_charger_nobody_told_anything_is_left_alone():
    one = box()
    Local([one], 230.0, 0, 1).step(wish(), FREE_A, NOW_MS)
    assert not one.device.commands.asked("current_a")


def test_what_the_node_holds_lapses_without_its_word():
    one = box()
    Local([one], 230.0, 500, 1).step(wish(ev_stop=True), FREE_A, NOW_MS)
    assert one.wanted("current_a", NOW_MS + 10_999) == 0.0
    assert one.wanted("current_a", NOW_MS + 11_000) == 6.0  # its own limit was not known: the safe value


def test_a_limit_of_the_fuse_bounds_what_is_ordered():
    one = box()
    local = Local([one], 230.0, 0, 1)
    one.device.commands.ask("current_a", 10.0, NOW_MS)
    for limit_a, wanted_a in ((13.0, 10.0), (8.0, 8.0), (5.9, 0.0)):  # IEC 61851-1: no less than 6 A
        local.step(wish(), limit_a, NOW_MS)
        assert one.wanted("current_a") == wanted_a


def test_cars_give_back_by_their_ratings_and_others_stop():
    # 6000 W of 3700 and 7400 W rated: 2000 and 4000 W
    both = {"current_a": 6.0, "power_w": 0.0}
    small, large = Bound(roles.CHARGER, both, 3700.0), Bound(roles.CHARGER, both, 7400.0)
    plain = box()
    Local([small, large, plain], 230.0, 0, 1).step(wish(ev_w=6000.0, ev_stop=True), FREE_A, NOW_MS)
    assert abs(small.wanted("power_w") - 2000.0) < 1e-3
    assert abs(large.wanted("power_w") - 4000.0) < 1e-3
    assert plain.wanted("current_a") == 0.0


def test_surplus_charges_cars_within_what_there_is():
    # 6900 W over three phases of 230 V are 10 A; of two cars one has it all, for half is under 6 A
    one, two, three = box(), box(), box()
    Local([one], 230.0, 0, 3).step(wish(ev_w=-6900.0), FREE_A, NOW_MS)
    assert abs(one.wanted("current_a") - 10.0) < 1e-4
    Local([two, three], 230.0, 0, 3).step(wish(ev_w=-6900.0), FREE_A, NOW_MS)
    assert abs(two.wanted("current_a") - 10.0) < 1e-4
    assert three.wanted("current_a") == 0.0
    # on one phase 3450 W are 15 A, 7.5 A each
    Local([one, two], 230.0, 0, 1).step(wish(ev_w=-3450.0), FREE_A, NOW_MS)
    assert abs(one.wanted("current_a") - 7.5) < 1e-4
    assert abs(two.wanted("current_a") - 7.5) < 1e-4


def test_a_genset_is_started_and_stopped_but_one_led_by_heat_is_left_alone():
    engine = Bound(roles.GENSET, {"run": 0.0})
    local = Local([engine], 230.0, 0, 1)
    local.step(wish(), FREE_A, NOW_MS)
    assert not engine.device.commands.asked("run")
    local.step(wish(genset_run=True), FREE_A, NOW_MS)
    assert engine.wanted("run") == 1.0
    local.step(wish(), FREE_A, NOW_MS)
    assert engine.wanted("run") == 0.0


def test_a_device_that_is_only_read_is_told_nothing():
    one, engine = box(control=False), Bound(roles.GENSET, {"run": 0.0}, control=False)
    local = Local([one, engine], 230.0, 0, 1)
    local.step(wish(ev_stop=True, genset_run=True), 8.0, NOW_MS)
    assert not one.device.commands.asked("current_a")
    assert not engine.device.commands.asked("run")
    assert local.gensets == 0


def test_the_emptiest_car_that_tells_its_charge():
    one, two, three = box(), box(control=False), box()
    local = Local([one, two, three], 230.0, 0, 1)
    assert local.car_soc_pu() == -1.0
    one.device.readings["soc_pu"].set(0.7, NOW_MS)
    two.device.readings["soc_pu"].set(0.4, NOW_MS)
    three.device.readings["soc_pu"].set(0.1, NOW_MS, COMM)
    assert abs(local.car_soc_pu() - 0.4) < 1e-6
