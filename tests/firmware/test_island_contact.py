"""Contactors that lie or stick: told by the voltages on both sides. Times are those of control/contact.py."""

from island_world import Hand, settings

from islet.control.contact import STUCK_CLOSED, STUCK_NONE, STUCK_OPEN
from islet.control.island import Island
from islet.names import R_NO_FEEDBACK, R_NONE, R_WELDED

ON, OFF = (230.0, 50.0), (0.0, 0.0)


def hand(**changed):
    return Hand(Island(settings(**changed)))


def in_island():
    rig = hand()
    rig.to_island()
    return rig


def test_a_feedback_that_falls_open_on_the_grid_drops_no_healthy_supply():
    rig = hand()
    rig.step(times=5)
    rig.image.contactor_closed = False
    assert rig.step(times=10) == "GRID"
    assert rig.machine.fault == R_NONE
    assert rig.step(times=2) == "GRID"  # one with the grid for a second: the feedback lies
    assert rig.machine.fault == R_NO_FEEDBACK
    assert rig.wishes.contactor_closed
    assert not rig.wishes.forming
    assert rig.step(times=600) == "GRID"


def test_without_a_feedback_to_trust_nothing_forms_into_a_dead_grid():
    rig = hand()
    rig.image.contactor_closed = False
    rig.step(times=20)
    rig.lose_grid()
    rig.step()
    assert rig.step(times=20) == "FAULT"
    assert rig.machine.reason == R_NO_FEEDBACK
    for _ in range(3000):
        assert rig.step() in ("FAULT", "BLACK_START")
        assert not rig.wishes.forming
    rig.grid = ON  # it does not come through: the contactor is open, and may be closed on a dead bus
    rig.step(times=102)
    assert rig.step() == "CLOSING"
    rig.bus = ON
    assert rig.step(times=2) == "SOFT_RETURN"
    rig.image.contactor_closed = True
    rig.step(times=101)
    assert rig.machine.contact.stuck == STUCK_NONE  # trusted again after 10 s of agreement
    assert rig.machine.fault == R_NONE


def test_a_feedback_that_says_closed_does_not_end_an_island_that_is_apart():
    rig = in_island()
    rig.image.contactor_closed = True
    for _ in range(300):  # the grid is dead, the bus lives
        assert rig.step() == "ISLAND"
        assert rig.wishes.forming
        assert not rig.wishes.contactor_closed
    assert rig.machine.contact.stuck == STUCK_CLOSED
    assert rig.machine.fault == R_NO_FEEDBACK


def test_with_such_a_feedback_the_island_is_kept_moving_and_never_closed_live():
    rig = in_island()
    rig.image.contactor_closed = True
    rig.step(times=10)
    rig.grid = (230.0, 50.03)
    for k in range(4000):
        rig.slip_rad = 1.0 if k % 50 < 45 else 0.1  # the angle passes zero
        assert rig.step() == "ISLAND"
        assert rig.wishes.forming
    assert abs(rig.wishes.form_hz - 50.1) < 1e-6  # f0 and the probe
    rig.image.contactor_closed = False
    rig.slip_rad = 1.0
    rig.step(times=102)
    assert rig.machine.fault == R_NONE
    assert rig.step() == "RESYNC"


def test_a_contactor_that_really_closes_ends_forming_within_a_step():
    rig = in_island()
    rig.grid, rig.slip_rad = (230.0, 50.05), 1.5
    rig.step(times=10)
    rig.image.contactor_closed = True
    rig.bus, rig.slip_rad = rig.grid, 0.0
    assert rig.step() == "SOFT_RETURN"
    assert not rig.wishes.forming


def test_an_island_tied_to_the_grid_behind_the_feedbacks_back_is_found():
    rig = in_island()
    rig.grid = (230.0, 50.02)
    rig.bus = rig.grid
    assert rig.step(times=100) == "ISLAND"
    assert rig.wishes.form_hz == 50.0
    assert rig.step(times=2) == "ISLAND"
    assert abs(rig.wishes.form_hz - 50.1) < 1e-6  # after 10 s it is asked to move
    assert rig.step(times=50) == "SOFT_RETURN"  # and after 15 s it is known
    assert not rig.wishes.forming
    assert rig.wishes.contactor_closed
    assert rig.machine.fault == R_NO_FEEDBACK


def test_an_island_that_happens_to_lie_on_the_grids_angle_moves_away():
    rig = in_island()
    rig.grid = (230.0, 50.0)
    rig.step(times=103)
    rig.bus, rig.slip_rad = (230.0, 50.1), -0.3
    assert rig.step(times=50) == "ISLAND"
    assert rig.machine.fault == R_NONE
    assert rig.wishes.form_hz == 50.0


def test_a_welded_contactor_is_told_until_it_is_seen_open():
    rig = hand()
    rig.step()
    rig.lose_grid()
    rig.step()
    assert rig.step(times=10) == "FAULT"
    assert rig.machine.reason == rig.machine.fault == R_WELDED
    assert not rig.wishes.forming
    other = hand()
    other.machine.load(rig.machine.dump())
    other.step()
    assert other.machine.fault == R_WELDED
    rig.grid = rig.bus = ON
    assert rig.step(times=3001) == "SOFT_RETURN"
    assert rig.machine.fault == R_WELDED
    assert rig.step(times=3001) == "GRID"
    rig.image.contactor_closed = False
    rig.lose_grid()
    rig.step()
    assert rig.machine.fault == R_NONE


def test_closed_but_nothing_comes_through_is_told():
    rig = hand()
    rig.step(times=5)
    rig.bus = OFF
    assert rig.step(times=10) == "GRID"
    assert rig.machine.fault == R_NONE
    assert rig.step(times=2) == "GRID"
    assert rig.machine.fault == R_NO_FEEDBACK
    assert rig.wishes.contactor_closed
    assert not rig.wishes.forming  # the bus's meter alone is no proof
    rig.bus = ON
    rig.step()
    assert rig.machine.fault == R_NONE


def test_a_bus_that_slips_from_the_grid_under_a_closed_feedback_is_opened_and_held():
    rig = hand()
    rig.step(times=5)
    rig.bus, rig.slip_rad = (230.0, 50.3), -1.0
    assert rig.step(times=3) == "GRID"  # a phase jump in one window is none
    rig.step()
    assert rig.machine.contact.stuck == STUCK_CLOSED
    assert not rig.wishes.contactor_closed
    assert rig.step(times=5) == "ISLAND"
    assert rig.wishes.forming


def test_a_dark_house_whose_contactor_refuses_lives_on_its_battery():
    rig = hand()
    rig.image.contactor_closed = False
    rig.grid, rig.bus = ON, OFF
    assert rig.step(times=101) == "CLOSING"
    assert not rig.wishes.forming
    assert rig.step(times=10) == "BLACK_START"  # 1 s without an answer
    for _ in range(200):
        state = rig.step()
        if state == "FORMING":
            break
    assert state == "FORMING"
    rig.bus, rig.slip_rad = ON, 1.0
    assert rig.step() == "ISLAND"


def test_a_late_contactor_does_not_meet_a_bus_that_has_gone_on():
    rig = in_island()
    rig.grid, rig.slip_rad = ON, 1.0
    assert rig.step(times=3001) == "RESYNC"
    rig.slip_rad = 0.0
    assert rig.step(times=4) == "CLOSING"
    rig.slip_rad = 0.11  # twice sync_rad is 0.1
    assert rig.step() == "ISLAND"
    assert rig.machine.reason == "angle"
    assert not rig.wishes.contactor_closed


def test_the_feedback_caught_lying_outlives_a_reboot():
    rig = hand()
    rig.image.contactor_closed = False
    rig.step(times=20)
    saved = rig.machine.dump()
    assert saved["stuck"] == STUCK_OPEN
    other = hand()
    other.machine.load(saved)
    other.image.contactor_closed = False
    other.lose_grid()
    other.step()
    assert other.machine.fault == R_NO_FEEDBACK
    for _ in range(600):
        other.step()
        assert not other.wishes.forming
