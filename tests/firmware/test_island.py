"""The island machine: sequences of tests/cases/island, reboots, pace and the kept transitions."""

import json

from island_world import Hand, settings

from islet.control.island import Island
from islet.names import (
    FORMING,
    GRID,
    ISLAND,
    NEVER,
    OPENING,
    R_BOOT,
    R_CONTACTOR_OPEN,
    R_FORMED,
    R_STALE_INPUT,
    R_UNDERVOLTAGE,
    STATE_NAMES,
    SUSPECT,
)

CASES = __file__.rsplit("/", 2)[0] + "/cases/island/"
NAMES = (
    "a_hand_opens_the_contactor",
    "contactor_closes_unasked",
    "contactor_does_not_close",
    "contactor_opens_late",
    "contactor_stuck_closed",
    "dark_house_taken_back_by_the_grid",
    "empty_battery_waits_for_charge",
    "flicker_in_resync",
    "forming_fails_and_is_tried_again",
    "grid_lost_while_closing",
    "outage_and_return",
    "overfrequency_rides_two_seconds",
    "overload_brings_the_island_down",
    "quiet_steps",
    "rank_and_spacing",
    "resync_times_out",
)


def hand(**changed):
    return Hand(Island(settings(**changed)))


def change(rig, do):
    """Carry out what a case's step says happens before it."""
    for name in do:
        if name == "contactor":
            rig.image.contactor_closed = do[name]
        else:
            setattr(rig, name, do[name])


def play(name):
    with open(CASES + name + "/case.json") as f:
        case = json.load(f)
    rig = hand(**case["parameters"])
    for i, row in enumerate(case["steps"]):
        change(rig, row["do"])
        state = rig.step(row["dt_ms"], row["times"])
        where = (name, i, state, rig.machine.reason)
        assert (state, rig.machine.reason) == (row["state"], row["why"]), where
        assert rig.wishes.contactor_closed == row.get("closed", rig.wishes.contactor_closed), where
        assert rig.wishes.forming == row.get("forming", rig.wishes.forming), where


def test_cases():
    for name in NAMES:
        play(name)


def test_never_forms_with_the_contactor_closed():
    for closes_at in range(1, 8):
        rig = hand()
        rig.to_island()
        rig.step(times=closes_at)
        rig.image.contactor_closed = True
        rig.step()
        assert not rig.wishes.forming


def test_forming_is_not_believed_from_the_grids_last_reading():
    rig = hand()
    rig.step()
    rig.image.contactor_closed = False  # the last window still shows 230 V of the grid
    assert rig.step() == "FORMING"
    assert rig.step() == "ISLAND"


def test_blind_meter_stays_on_the_grid_and_never_reconnects():
    rig = hand()
    rig.step()
    rig.grid = None
    rig.image.grid_v.degrade(SUSPECT)
    assert rig.step(times=600) == "GRID"
    assert rig.wishes.contactor_closed
    rig = hand()
    rig.to_island()
    rig.grid = (230.0, 50.0)
    rig.step(times=2000)
    rig.grid = None
    rig.image.grid_v.degrade(SUSPECT)
    assert rig.step(times=6000) == "ISLAND"
    assert rig.machine.reason == R_FORMED


def test_blind_in_resync_returns_to_the_island():
    rig = hand()
    rig.to_island()
    rig.grid, rig.slip_rad = (230.0, 50.0), 1.0
    assert rig.step(times=3001) == "RESYNC"
    rig.grid = None
    rig.image.grid_v.degrade(SUSPECT)
    assert rig.step(times=20) == "RESYNC"
    assert rig.step() == "ISLAND"
    assert rig.machine.reason == R_STALE_INPUT


def test_the_inverter_vouches_for_the_bus_when_the_meter_is_blind():
    rig = hand()
    rig.step()
    rig.lose_grid()
    rig.step()
    rig.image.contactor_closed = False
    rig.bus = None
    rig.image.bus_v.degrade(SUSPECT)
    assert rig.step(times=20) == "FORMING"
    rig.image.battery_hz.set(50.0, rig.now_ms + 1)
    assert rig.step() == "ISLAND"


def test_resync_asks_for_the_grids_voltage_and_a_frequency_beside_it():
    rig = hand()
    rig.to_island()
    assert (rig.wishes.form_hz, rig.wishes.form_v) == (50.0, 230.0)
    rig.grid, rig.slip_rad = (226.0, 49.95), -1.0  # the bus leads: slower
    rig.step(times=3001)
    assert abs(rig.wishes.form_hz - 49.85) < 1e-4
    assert rig.wishes.form_v == 226.0
    rig.lose_grid()
    rig.bus = (230.0, 50.0)
    rig.step()
    assert (rig.wishes.form_hz, rig.wishes.form_v) == (50.0, 230.0)


def test_return_cap_ramps_after_closing():
    rig = hand()
    rig.step()
    assert rig.machine.return_cap_pu == 1.0
    rig.to_island()
    assert rig.machine.return_cap_pu == 0.0
    rig.grid, rig.slip_rad = (230.0, 50.0), 1.0
    rig.step(times=3001)
    rig.slip_rad = 0.0
    rig.step()
    rig.image.contactor_closed = True
    rig.step()
    assert rig.machine.return_cap_pu == 0.0
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        rig.step(60_000)
        assert abs(rig.machine.return_cap_pu - share) < 1e-6
    assert rig.machine.state == GRID


def reboot(saved, contactor, grid, bus):
    """Return the state after the first step of a machine that was told what it was before."""
    rig = hand()
    if saved:
        rig.machine.load({"state": saved, "why": R_FORMED, "tries": 1})
    rig.image.contactor_closed = contactor
    rig.grid, rig.bus = grid, bus
    return rig.step(), rig


def check_reboot(saved, on_grid):
    on, off = (230.0, 50.0), (0.0, 0.0)
    assert reboot(saved, True, on, on)[0] == on_grid, saved
    assert reboot(saved, True, off, off)[0] == "OPENING", saved
    state, rig = reboot(saved, False, off, on)
    assert (state, rig.wishes.forming, rig.wishes.contactor_closed) == ("ISLAND", True, False), saved
    state, rig = reboot(saved, False, on, on)
    assert (state, rig.wishes.contactor_closed) == ("ISLAND", False), saved  # no closing out of step
    assert reboot(saved, False, off, off)[0] == "BLACK_START", saved


def test_reboot_finds_its_state_from_what_it_sees():
    check_reboot(None, "GRID")
    for saved in STATE_NAMES:
        check_reboot(saved, "GRID" if saved == "GRID" else "SOFT_RETURN")


def test_reboot_with_a_blind_bus_keeps_a_forming_inverter():
    for saved in STATE_NAMES:
        forms = saved in ("FORMING", "ISLAND", "RESYNC", "CLOSING")
        assert reboot(saved, False, (0.0, 0.0), None)[0] == ("ISLAND" if forms else "BLACK_START")


def test_dump_survives_a_round_trip_and_rejects_nonsense():
    rig = hand()
    rig.to_island()
    saved = rig.machine.dump()
    assert saved == {"state": "ISLAND", "why": R_FORMED, "tries": 0}
    other = Island(settings())
    other.load(json.loads(json.dumps(saved)))
    assert other.dump() == saved
    for bad in ({"state": "NOWHERE", "why": "", "tries": 0}, {"state": "ISLAND"}):
        try:
            other.load(bad)
        except (ValueError, KeyError):
            continue
        raise AssertionError(bad)
    assert other.dump() == saved


def test_pace():
    rig = hand()
    assert rig.machine.reason == R_BOOT
    rig.step(times=20)
    assert rig.machine.pace_ms(rig.now_ms) == 60_000
    assert rig.machine.pace_ms(rig.now_ms + 40_000) == 20_000
    rig.grid = (200.0, 50.0)
    rig.step()
    assert rig.machine.pace_ms(rig.now_ms) == 100  # riding through
    rig = hand()
    rig.to_island()
    rig.step(times=30)
    assert rig.machine.pace_ms(rig.now_ms) == 100  # settling
    rig.step(times=30)
    assert rig.machine.pace_ms(rig.now_ms) == 60_000
    rig.grid, rig.slip_rad = (230.0, 50.0), 1.0
    rig.step(times=2501)
    assert rig.machine.pace_ms(rig.now_ms) == 50_000  # to the reconnect timer
    rig.step(times=500)
    assert rig.machine.pace_ms(rig.now_ms) == 100
    assert rig.machine.state == STATE_NAMES.index("RESYNC")


def test_transitions_are_kept_for_the_reports():
    rig = hand()
    rig.to_island()
    kept = rig.machine.changed
    assert kept.count == 3
    assert kept.from_state[:3] == [GRID, OPENING, FORMING]
    assert kept.to_state[:3] == [OPENING, FORMING, ISLAND]
    assert kept.why[:3] == [R_UNDERVOLTAGE, R_CONTACTOR_OPEN, R_FORMED]
    rig.image.soc_pu.degrade(NEVER)
    rig.bus = (0.0, 0.0)
    rig.step(times=3000)
    assert kept.count > 8
    assert len(kept.why) == 8
    assert kept.to_state[(kept.count - 1) % 8] == rig.machine.state
