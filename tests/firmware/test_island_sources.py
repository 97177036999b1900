"""Black start and the interlocks of sources: battery, genset, grid, and the bond between neutral and earth."""

from island_world import Hand, settings

from islet.control.island import Island
from islet.names import NEVER, R_BOND, R_GENSET, R_NONE, R_STALE_INPUT, SUSPECT

ON, OFF = (230.0, 50.0), (0.0, 0.0)


def dark(**changed):
    """Return a dark house whose contactor is open, without a grid."""
    rig = Hand(Island(settings(**changed)))
    rig.image.contactor_closed = False
    rig.grid = rig.bus = OFF
    return rig


def steps_to(rig, state, most):
    for k in range(most):
        if rig.step() == state:
            return k
    raise AssertionError(state)


def test_nothing_unknown_prevents_a_black_start():
    rig = dark()
    rig.soc_pu = None  # never read
    assert rig.image.soc_pu.quality == NEVER
    steps_to(rig, "FORMING", 20)
    rig = dark()
    rig.bus = rig.grid = None  # no meter, no inverter that answers
    rig.image.grid_v.degrade(SUSPECT)
    assert 95 <= steps_to(rig, "FORMING", 200) <= 105  # 10 s of nothing
    assert rig.wishes.forming
    assert steps_to(rig, "ISLAND", 200) > 90  # blind, but for all one knows it lives
    assert rig.machine.reason == R_STALE_INPUT
    assert rig.step(times=600) == "ISLAND"
    assert rig.wishes.forming


def test_an_empty_battery_is_tried_after_a_quarter_of_an_hour():
    rig = dark()
    rig.soc_pu = 0.05
    assert rig.step(times=8990) == "BLACK_START"
    steps_to(rig, "FORMING", 30)


def test_a_genset_starts_what_the_battery_cannot():
    rig = dark(genset_w=6000)
    rig.soc_pu = 0.05
    steps_to(rig, "BLACK_START", 2)
    rig.step(times=6)
    assert rig.wishes.genset_run
    assert not rig.wishes.forming
    rig.image.genset_live, rig.bus = True, ON
    assert rig.step() == "ISLAND"
    assert rig.machine.reason == R_GENSET
    assert not rig.wishes.forming  # the inverter follows it
    rig.image.genset_live = False
    rig.step()
    assert rig.wishes.forming


def test_battery_and_genset_are_tried_in_turns():
    rig = dark(genset_w=6000)
    steps_to(rig, "FORMING", 20)
    steps_to(rig, "FAULT", 110)
    steps_to(rig, "BLACK_START", 110)
    for _ in range(20):
        rig.step()
    assert rig.wishes.genset_run
    steps_to(rig, "FORMING", 1200)  # 60 s without a genset's voltage, and the back-off of 20 s
    assert not rig.wishes.genset_run


def test_a_genset_stops_before_the_house_goes_back_to_the_grid():
    rig = dark(genset_w=6000)
    rig.image.genset_live, rig.bus, rig.slip_rad = True, ON, 1.0
    assert rig.step() == "ISLAND"
    assert not rig.machine.genset_forbidden
    rig.grid = ON
    for _ in range(3300):
        assert rig.step() == "ISLAND"
        assert not rig.wishes.contactor_closed
    assert rig.machine.genset_forbidden
    rig.image.genset_live = False
    assert rig.step() == "RESYNC"
    assert rig.machine.genset_forbidden
    rig.image.genset_live = True
    assert rig.step() == "ISLAND"
    assert rig.machine.reason == R_GENSET


def test_a_genset_is_forbidden_on_the_grid():
    rig = Hand(Island(settings(genset_w=6000)))
    rig.step()
    assert rig.machine.genset_forbidden
    assert not rig.wishes.genset_run


def test_neutral_is_tied_after_opening_and_before_forming():
    rig = Hand(Island(settings(neutral_bond="board")))
    rig.step()
    assert not rig.wishes.bond_closed
    rig.lose_grid()
    rig.step()
    assert not rig.wishes.bond_closed  # the contactor is still seen closed
    rig.image.contactor_closed = False
    assert rig.step() == "FORMING"
    assert rig.wishes.bond_closed
    assert not rig.wishes.forming
    rig.image.bond_closed = True
    assert rig.step() == "FORMING"
    assert rig.wishes.forming


def test_without_the_bond_nothing_forms():
    rig = Hand(Island(settings(neutral_bond="board")))
    rig.step()
    rig.lose_grid()
    rig.image.contactor_closed = False
    for _ in range(12):
        state = rig.step()
        assert not rig.wishes.forming
    assert (state, rig.machine.reason) == ("FAULT", R_BOND)


def bonded_resync():
    rig = Hand(Island(settings(neutral_bond="board", enter_service_s=1)))
    rig.step()
    rig.lose_grid()
    rig.image.contactor_closed = False
    rig.step()
    rig.image.bond_closed = True
    rig.step()
    rig.bus = ON
    assert rig.step() == "ISLAND"
    rig.grid, rig.slip_rad = ON, 1.0
    steps_to(rig, "RESYNC", 20)
    assert rig.wishes.bond_closed
    return rig


def test_neutral_is_seen_parted_before_the_contactor_closes():
    rig = bonded_resync()
    rig.slip_rad = 0.0
    assert rig.step(times=4) == "RESYNC"
    assert not rig.wishes.bond_closed
    assert not rig.wishes.contactor_closed
    rig.image.bond_closed = False
    assert rig.step() == "CLOSING"
    assert rig.wishes.contactor_closed


def test_a_bond_that_does_not_part_keeps_the_island():
    rig = bonded_resync()
    rig.slip_rad = 0.0
    assert rig.step(times=13) == "RESYNC"  # 300 ms of dwell, and a second for the bond
    assert rig.step() == "ISLAND"
    assert rig.machine.reason == R_BOND
    assert rig.wishes.bond_closed
    assert rig.wishes.forming


def test_a_bond_that_is_lost_in_the_island_is_told_and_the_island_lives():
    rig = bonded_resync()
    rig.grid = OFF
    assert rig.step() == "ISLAND"
    assert rig.machine.fault == R_NONE
    rig.image.bond_closed = False
    rig.step()
    assert rig.machine.fault == R_BOND
    assert rig.wishes.forming


def test_a_black_house_with_a_bond_closes_only_when_it_is_parted():
    rig = dark(neutral_bond="board")
    rig.grid = ON
    rig.image.bond_closed = True
    assert rig.step(times=150) == "BLACK_START"
    assert not rig.wishes.bond_closed
    rig.image.bond_closed = False
    assert rig.step() == "CLOSING"
