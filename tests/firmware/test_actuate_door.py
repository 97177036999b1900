"""The door: interlocks, clamps, ramps; limits are the ratings below, 20 degrees IEEE 1547-2018 table 5."""

from islet.actuate.door import Door
from islet.names import (
    NOT_IMPLEMENTED,
    OVERRIDE_CLOSE,
    OVERRIDE_OPEN,
    R_BOND,
    R_GENSET,
    R_INTERLOCK,
    R_NONE,
    R_OVERRIDE,
    R_PLAN,
    R_RATING,
)
from islet.state.image import Image
from islet.state.wishes import Wishes

NOW_MS = (1 << 30) - 50  # the next step lies beyond the wrap


class Ratings:
    battery_rated_w = 5000.0
    pv_rated_w = 4000.0
    v_nominal_v = 230.0
    transfer_owner = "board"
    neutral_bond = "none"
    genset_w = 0.0

    def __init__(self, **changed):
        for name in changed:
            setattr(self, name, changed[name])


class Pins:
    def __init__(self):
        self.contactor = None
        self.shed = None
        self.bond = self.genset = None
        self.order = []

    def set_bond(self, closed):
        self.bond = closed
        self.order.append("bond")

    def set_genset(self, runs):
        self.genset = runs

    def set_contactor(self, closed):
        self.contactor = closed
        self.order.append("contactor")

    def set_shed(self, level):
        self.shed = level


def rig(closed=True, grid_v=230.0, bus_v=230.0, slip_rad=0.0, bus_hz=50.0, **changed):
    """Return (door, pins, wishes, image) with fresh readings."""
    image = Image()
    image.contactor_closed = closed
    image.grid_v.set(grid_v, NOW_MS)
    image.bus_v.set(bus_v, NOW_MS)
    image.slip_rad.set(slip_rad, NOW_MS)
    image.grid_hz.set(50.0, NOW_MS)
    image.bus_hz.set(bus_hz, NOW_MS)
    pins = Pins()
    wishes = Wishes()
    wishes.pv_limit_w = 4000.0
    wishes.battery_reason = wishes.pv_reason = R_PLAN
    return Door(pins, Ratings(**changed)), pins, wishes, image


def closes(**sides):
    door, pins, wishes, image = rig(closed=False, **sides)
    wishes.contactor_closed = True
    wishes.forming = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor == wishes.contactor_closed
    assert (door.blocked_by == R_INTERLOCK) == (not pins.contactor)
    assert door.refusals == (0 if pins.contactor else 1)
    return pins.contactor


def test_closing_joins_live_sides_only_inside_20_degrees():
    assert closes(slip_rad=0.34)
    assert closes(slip_rad=-0.34)
    assert not closes(slip_rad=0.36)
    assert not closes(slip_rad=-0.36)
    assert not closes(slip_rad=3.1)


def test_closing_keeps_to_the_slip_and_voltage_of_table_5():
    assert closes(bus_hz=50.29)
    assert not closes(bus_hz=50.31)
    assert closes(bus_v=208.0)  # 22 V of 23.0
    assert not closes(bus_v=206.0)
    assert not closes(bus_v=254.0)


def test_closing_a_dead_bus_needs_no_angle():
    assert closes(bus_v=0.0, slip_rad=3.1)
    assert closes(bus_v=0.0, grid_v=0.0)


def test_never_closes_a_live_bus_onto_a_dead_grid():
    assert not closes(grid_v=0.0)


def test_what_is_not_known_does_not_close():
    for name in ("bus_v", "grid_v", "slip_rad", "grid_hz", "bus_hz"):
        door, pins, wishes, image = rig(closed=False)
        getattr(image, name).stamp_ms = NOW_MS - 1001  # older than a meter's reading may be
        wishes.contactor_closed = True
        door.apply(wishes, image, NOW_MS, 100)
        assert pins.contactor is False, name


def test_an_order_under_way_is_not_taken_back_by_what_is_not_known_yet():
    """A dark house is closed: its bus has voltage before it has a frequency, and the feedback may be late or lie."""
    door, pins, wishes, image = rig(closed=False, bus_v=0.0)
    wishes.contactor_closed = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor
    image.bus_v.set(230.0, NOW_MS)
    image.bus_hz.set(0.0, NOW_MS, NOT_IMPLEMENTED)
    image.slip_rad.set(0.0, NOW_MS, NOT_IMPLEMENTED)
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor
    # but two live sides that go their own ways are kept apart: 0.4 rad are 23 degrees
    image.bus_hz.set(50.1, NOW_MS)
    image.slip_rad.set(0.4, NOW_MS)
    door.apply(wishes, image, NOW_MS, 100)
    assert not pins.contactor
    assert door.blocked_by == R_INTERLOCK


def test_closed_contactor_stays_without_any_reading_and_opens_when_asked():
    door, pins, wishes, image = rig()
    image.bus_v.stamp_ms = NOW_MS - 5000
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is True
    wishes.contactor_closed = False
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is False
    assert door.blocked_by == R_NONE


def test_nothing_forms_before_the_contactor_is_seen_open():
    door, pins, wishes, image = rig(closed=True)
    wishes.contactor_closed = False
    wishes.forming = True
    door.apply(wishes, image, NOW_MS, 100)
    assert wishes.forming is False
    assert pins.contactor is False
    assert door.blocked_by == R_INTERLOCK
    image.contactor_closed = False
    wishes.forming = True
    door.apply(wishes, image, NOW_MS, 100)
    assert wishes.forming is True
    assert door.blocked_by == R_NONE


def test_battery_is_ramped_at_half_its_rating_a_second():
    door, _, wishes, image = rig()
    wishes.battery_w = 3000.0
    door.apply(wishes, image, NOW_MS, 100)
    assert wishes.battery_w == 250.0  # 0.5 * 5000 W/s * 0.1 s
    wishes.battery_w = 3000.0
    door.apply(wishes, image, NOW_MS + 60_000, 60_000)
    assert wishes.battery_w == 3000.0
    assert wishes.battery_reason == R_PLAN


def test_battery_and_pv_are_held_to_their_ratings():
    for asked_w, got_w in ((9000.0, 5000.0), (-9000.0, -5000.0), (float("nan"), 0.0), (float("inf"), 5000.0)):
        door, _, wishes, image = rig()
        wishes.battery_w = asked_w
        door.apply(wishes, image, NOW_MS, 60_000)
        assert wishes.battery_w == got_w
        assert wishes.battery_reason == R_RATING
    for asked_w, got_w in ((4000.1, 4000.0), (-1.0, 0.0), (float("nan"), 0.0)):
        door, _, wishes, image = rig()
        wishes.pv_limit_w = asked_w
        door.apply(wishes, image, NOW_MS, 100)
        assert wishes.pv_limit_w == got_w
        assert wishes.pv_reason == R_RATING


def test_shed_level_is_held_to_the_groups():
    for asked, got in ((-1, 0), (0, 0), (3, 3), (7, 3)):
        door, pins, wishes, image = rig()
        wishes.shed_level = asked
        door.apply(wishes, image, NOW_MS, 100)
        assert pins.shed == got
        assert wishes.shed_level == got


def test_coming_back_starts_from_what_the_battery_gave_in_the_island():
    door, _, wishes, image = rig(closed=False)
    image.battery_w.set(1800.0, NOW_MS)
    wishes.contactor_closed = False
    door.apply(wishes, image, NOW_MS, 100)
    assert wishes.battery_w == 1800.0
    image.contactor_closed = True
    wishes.battery_w = 0.0
    door.apply(wishes, image, NOW_MS, 100)
    assert wishes.battery_w == 1550.0  # 1800 W less 2500 W/s * 0.1 s


def test_prepared_set_point_moves_in_steps_of_a_twentieth():
    door, _, wishes, image = rig(closed=False)
    wishes.contactor_closed = False
    given = []
    for slack_w in (1800.0, 1990.0, 2060.0):  # 190 W is within 250 W of the first, 260 W is not
        image.battery_w.set(slack_w, NOW_MS)
        door.apply(wishes, image, NOW_MS, 100)
        given.append(wishes.battery_w)
    assert given == [1800.0, 1800.0, 2060.0]


def test_safe_values_on_the_grid_and_in_an_island():
    door, pins, wishes, image = rig(closed=True)
    wishes.contactor_closed, wishes.forming = False, True
    wishes.battery_w, wishes.pv_limit_w, wishes.shed_level = 3000.0, 100.0, 2
    door.safe(wishes, image)
    assert (pins.contactor, pins.shed) == (True, 0)
    assert (wishes.battery_w, wishes.pv_limit_w, wishes.forming) == (0.0, 4000.0, False)
    door, pins, wishes, image = rig(closed=False)
    wishes.contactor_closed, wishes.forming, wishes.shed_level = True, True, 2
    door.safe(wishes, image)
    assert (pins.contactor, pins.shed) == (False, 2)
    assert wishes.forming is True


def test_the_switch_on_the_wall_wins():
    door, pins, wishes, image = rig(closed=True)
    image.override = OVERRIDE_OPEN
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is False
    assert door.blocked_by == R_OVERRIDE
    door, pins, wishes, image = rig(closed=False, slip_rad=1.0)
    image.override = OVERRIDE_CLOSE
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is False  # not even then out of step
    image.bus_v.degrade(1)
    for _ in range(99):
        door.apply(wishes, image, NOW_MS, 100)
        wishes.contactor_closed = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is True  # a bus that nobody sees and nobody has formed for 10 s


def test_the_fast_path_is_not_contradicted():
    door, pins, wishes, image = rig(closed=True)
    image.guard_open = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is False


def test_neutral_is_tied_to_earth_only_off_the_grid_and_parts_first():
    door, pins, wishes, image = rig(closed=True, neutral_bond="board")
    wishes.bond_closed = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.bond is False
    assert door.blocked_by == R_BOND
    door, pins, wishes, image = rig(closed=False, neutral_bond="board")
    wishes.bond_closed, wishes.contactor_closed = True, False
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.bond is True
    assert pins.order == ["contactor", "bond"]
    image.bond_closed = True
    wishes.bond_closed, wishes.contactor_closed = False, True
    door.apply(wishes, image, NOW_MS, 100)
    assert (pins.bond, pins.contactor) == (False, False)  # seen open first
    assert door.blocked_by == R_BOND
    image.bond_closed = False
    wishes.contactor_closed = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is True
    assert pins.order[-2:] == ["bond", "contactor"]


def test_a_genset_never_meets_the_grid_and_goes_before_the_inverter():
    door, pins, wishes, image = rig(closed=True, genset_w=6000.0)
    wishes.genset_run = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.genset is False
    assert door.blocked_by == R_GENSET
    door, pins, wishes, image = rig(closed=False, genset_w=6000.0)
    image.genset_live = True
    wishes.genset_run = wishes.forming = True
    door.apply(wishes, image, NOW_MS, 100)
    assert (pins.contactor, pins.genset, wishes.forming) == (False, True, False)


def test_another_owner_of_the_transfer_is_not_interfered_with():
    for owner in ("inverter", "ats"):
        door, pins, wishes, image = rig(closed=False, slip_rad=2.0, transfer_owner=owner)
        door.apply(wishes, image, NOW_MS, 100)
        assert pins.contactor is None
        assert pins.shed == 0


def test_a_feedback_that_lies_stops_no_island_and_permits_no_closing():
    door, pins, wishes, image = rig(closed=False, slip_rad=1.0, bus_hz=50.1)
    wishes.contactor_closed, wishes.forming = False, True
    door.apply(wishes, image, NOW_MS, 100)
    image.contactor_closed = True
    for slip_rad in (1.0, 0.8, 0.6, 0.4, 0.1):  # known by then: it may pass through zero
        image.slip_rad.set(slip_rad, NOW_MS)
        door.apply(wishes, image, NOW_MS, 100)
        assert wishes.forming, slip_rad
    image.slip_rad.set(0.4, NOW_MS)
    wishes.contactor_closed = True
    door.apply(wishes, image, NOW_MS, 100)
    assert pins.contactor is False
    image.slip_rad.set(0.0, NOW_MS)
    door.apply(wishes, image, NOW_MS + 10, 10_000)
    assert not wishes.forming  # 10 s without another proof


def test_safe_values_of_bond_and_genset():
    for closed in (True, False):
        door, pins, wishes, image = rig(closed=closed, neutral_bond="board", genset_w=6000.0)
        image.bond_closed = image.genset_live = True
        door.safe(wishes, image)
        assert (pins.bond, pins.genset, pins.contactor) == (not closed, not closed, closed)
