"""What rules above the machine: the switch on the wall, the fast path, and another owner of the transfer."""

from island_world import Hand, settings

from islet.control.island import Island
from islet.names import (
    OVERRIDE_CLOSE,
    OVERRIDE_NONE,
    OVERRIDE_OPEN,
    R_FOLLOWED,
    R_NO_VOLTAGE,
    R_NONE,
    R_OVERRIDE,
    R_ROCOF,
)

ON, OFF = (230.0, 50.0), (0.0, 0.0)


def hand(**changed):
    return Hand(Island(settings(**changed)))


def in_island(**changed):
    rig = hand(**changed)
    rig.to_island()
    return rig


def test_open_leaves_the_grid_and_does_not_go_back():
    rig = hand()
    rig.step()
    rig.image.override = OVERRIDE_OPEN
    assert rig.step() == "OPENING"
    assert rig.machine.reason == rig.machine.held == R_OVERRIDE
    rig.image.contactor_closed = False
    rig.bus = OFF
    assert rig.step() == "FORMING"
    rig.bus, rig.slip_rad = ON, 1.0
    assert rig.step(times=6000) == "ISLAND"
    rig.image.override = OVERRIDE_NONE
    assert rig.step() == "RESYNC"
    assert rig.machine.held == R_NONE


def test_open_takes_back_a_closing_and_a_resync():
    rig = in_island()
    rig.grid, rig.slip_rad = ON, 1.0
    assert rig.step(times=3001) == "RESYNC"
    rig.image.override = OVERRIDE_OPEN
    assert rig.step() == "ISLAND"
    rig.image.override = OVERRIDE_NONE
    rig.step()
    rig.slip_rad = 0.0
    assert rig.step(times=4) == "CLOSING"
    rig.image.override = OVERRIDE_OPEN
    assert rig.step() == "ISLAND"
    assert not rig.wishes.contactor_closed
    assert rig.wishes.forming


def test_open_keeps_a_dark_house_off_the_grid_but_lets_it_form():
    rig = hand()
    rig.image.override = OVERRIDE_OPEN
    rig.image.contactor_closed = False
    rig.grid, rig.bus = ON, OFF
    for _ in range(20):
        state = rig.step()
        assert not rig.wishes.contactor_closed
    assert state == "FORMING"


def test_close_stays_on_a_grid_that_is_gone_and_never_forms():
    rig = hand()
    rig.step()
    rig.image.override = OVERRIDE_CLOSE
    rig.lose_grid()
    for _ in range(600):
        assert rig.step() == "GRID"
        assert rig.wishes.contactor_closed
        assert not rig.wishes.forming
    rig.image.override = OVERRIDE_NONE
    assert rig.step() == "OPENING"


def test_close_brings_a_live_island_back_in_synchronism_at_once():
    rig = in_island()
    rig.grid, rig.slip_rad = ON, 1.0
    rig.step(times=5)
    rig.image.override = OVERRIDE_CLOSE
    assert rig.step() == "RESYNC"  # no enter-service delay
    assert rig.machine.reason == R_OVERRIDE
    assert rig.step(times=100) == "RESYNC"
    assert not rig.wishes.contactor_closed
    rig.slip_rad = 0.0
    assert rig.step(times=4) == "CLOSING"
    rig.image.contactor_closed = True
    assert rig.step() == "SOFT_RETURN"


def test_close_stops_the_inverter_of_an_island_that_cannot_be_synchronised():
    rig = in_island()
    rig.image.override = OVERRIDE_CLOSE  # there is no grid
    assert rig.step() == "BLACK_START"
    assert not rig.wishes.forming
    assert rig.step(times=10) == "BLACK_START"  # the bus still lives: it is not closed
    assert not rig.wishes.contactor_closed
    rig.bus = OFF
    assert rig.step() == "CLOSING"
    assert rig.wishes.contactor_closed
    rig.image.contactor_closed = True
    assert rig.step() == "SOFT_RETURN"
    assert rig.step(times=600) == "SOFT_RETURN"
    assert not rig.wishes.forming


def test_close_after_a_resync_that_failed_stops_the_inverter():
    rig = in_island()
    rig.grid, rig.slip_rad = ON, 1.0
    rig.step()
    rig.image.override = OVERRIDE_CLOSE
    assert rig.step(times=600) == "RESYNC"
    assert rig.step() == "ISLAND"  # 60 s
    assert rig.step() == "BLACK_START"
    assert not rig.wishes.forming


def test_close_out_of_every_other_state():
    for contactor, states in ((True, ("SOFT_RETURN",)), (False, ("BLACK_START", "CLOSING"))):
        for saved in ("OPENING", "FORMING", "FAULT"):
            rig = hand()
            rig.step()
            rig.lose_grid()
            rig.step()
            if saved == "FAULT":
                rig.step(times=10)
            rig.image.contactor_closed = contactor
            if saved == "FORMING" and not contactor:
                assert rig.step() == "FORMING"
            rig.image.override = OVERRIDE_CLOSE
            assert rig.step() in states, (saved, contactor)
            assert not rig.wishes.forming


def test_close_with_a_blind_meter_waits_ten_seconds():
    rig = in_island()
    rig.image.override = OVERRIDE_CLOSE
    rig.bus = None
    rig.image.bus_v.degrade(1)
    rig.image.bus_hz.degrade(1)
    rig.step()
    assert rig.step(times=99) == "BLACK_START"
    assert rig.step() == "CLOSING"


def test_the_fast_path_is_followed_and_not_contradicted():
    rig = hand()
    rig.step(times=5)
    rig.image.guard_open, rig.image.guard_reason = True, R_ROCOF  # readings still look well
    assert rig.step() == "OPENING"
    assert rig.machine.reason == R_ROCOF
    assert not rig.wishes.contactor_closed
    rig.image.contactor_closed = False
    rig.bus = OFF
    assert rig.step() == "FORMING"
    rig.bus, rig.slip_rad = ON, 1.0
    assert rig.step(times=4000) == "ISLAND"  # as long as it holds
    rig.image.guard_open = False
    assert rig.step(times=3001) == "RESYNC"


def test_the_fast_path_has_opened_already():
    rig = hand()
    rig.step(times=5)
    rig.image.guard_open, rig.image.guard_reason = True, R_NO_VOLTAGE
    rig.image.contactor_closed = False
    rig.lose_grid()
    assert rig.step() == "FORMING"  # in one step
    assert rig.wishes.forming


def test_the_fast_path_takes_back_a_closing():
    rig = in_island()
    rig.grid, rig.slip_rad = ON, 1.0
    rig.step(times=3001)
    rig.slip_rad = 0.0
    assert rig.step(times=4) == "CLOSING"
    rig.image.guard_open, rig.image.guard_reason = True, R_NO_VOLTAGE
    assert rig.step() == "ISLAND"
    assert not rig.wishes.contactor_closed


def follower(owner):
    return hand(transfer_owner=owner)


def move(rig, on_grid):
    rig.image.contactor_closed = on_grid


def test_another_owner_is_followed():
    for owner in ("inverter", "ats"):
        rig = follower(owner)
        assert rig.step() == "GRID"
        assert rig.machine.held == R_FOLLOWED
        rig.lose_grid()
        assert rig.step(times=50) == "GRID"  # it has not moved: nor do we
        assert rig.wishes.contactor_closed
        move(rig, False)
        assert rig.step() == "BLACK_START"
        assert rig.wishes.forming
        rig.bus, rig.slip_rad = ON, 1.0
        assert rig.step() == "ISLAND"
        assert rig.machine.reason == R_FOLLOWED
        rig.grid = ON
        assert rig.step(times=6000) == "ISLAND"  # no resynchronising of ours
        assert not rig.wishes.contactor_closed
        assert rig.wishes.forming
        move(rig, True)
        rig.slip_rad = 0.0
        assert rig.step() == "SOFT_RETURN"
        assert not rig.wishes.forming
        assert rig.step(times=3100) == "GRID"  # fit for long before: the ramp of 300 s alone


def test_a_following_house_finds_its_state_after_a_reboot():
    for on_grid, bus, state in (
        (True, ON, "SOFT_RETURN"),
        (False, ON, "ISLAND"),
        (False, OFF, "BLACK_START"),
    ):
        rig = follower("inverter")
        rig.machine.load({"state": "FORMING", "why": "boot", "tries": 0})
        rig.image.contactor_closed = on_grid
        rig.grid, rig.bus, rig.slip_rad = (ON if on_grid else OFF), bus, 0.0
        assert rig.step() == state
