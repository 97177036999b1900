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
    R_NO_VOLTAGE,
    R_STALE_INPUT,
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
        rig.grid = (230.0, 50.0)  # both sides are one
        rig.step()
        assert not rig.wishes.forming


def test_forming_is_not_believed_from_the_grids_last_reading():
    rig = hand()
    rig.step()
    rig.image.contactor_closed = False  # the last window still shows 230 V of the grid
    assert rig.step() == "GRID"  # one window: feedback and voltages contradict each other
    rig.lose_grid()
    assert rig.step() == "FORMING"
    assert rig.step() == "FORMING"
    rig.bus = (230.0, 50.0)
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
    rig.grid, rig.slip_rad = (230.0, 50.0), 1.0
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
    rig.step(times=9)
    # asked: 0.4 / s * 1 rad / 2 pi, less 0.4 * 0.05 Hz for the slip of -0.05 Hz over the lead of 1 s: 0.0837 Hz;
    # the target moves by 0.2 Hz/s and has been there for long
    assert abs(rig.wishes.form_hz - (49.95 - 0.0837)) < 1e-3
    # 4 V too many: 0.2 / s * 0.9 s
    assert abs(rig.wishes.form_v - (226.0 - 0.72)) < 1e-3
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
    rig.step(times=4)
    assert rig.machine.state == STATE_NAMES.index("CLOSING")
    rig.image.contactor_closed = True
    rig.step()
    assert rig.machine.return_cap_pu == 0.0
    for share in (0.2, 0.4, 0.6, 0.8, 1.0):
        rig.step(60_000)
        assert abs(rig.machine.return_cap_pu - share) < 1e-6
    assert rig.machine.state == GRID


def with_(saved, **changed):
    """Return a copy of a dict with some of it changed."""
    copy = dict(saved)
    copy.update(changed)
    return copy


def reboot(saved, contactor, grid, bus, slip_rad=1.0):
    """Return the state after the first step of a machine that was told what it was before."""
    rig = hand()
    if saved:
        rig.machine.load({"state": saved, "why": R_FORMED, "tries": 1})
    rig.image.contactor_closed = contactor
    rig.grid, rig.bus, rig.slip_rad = grid, bus, slip_rad
    return rig.step(), rig


ON, OFF = (230.0, 50.0), (0.0, 0.0)
# contactor, grid, bus, and where a reboot leads from GRID and from any other state; closed, forming
REBOOTS = (
    (True, ON, ON, "GRID", "SOFT_RETURN", True, False),
    (True, OFF, OFF, "OPENING", "OPENING", False, False),
    (True, ON, OFF, "GRID", "SOFT_RETURN", True, False),  # closed, and nothing comes through: no forming
    (False, OFF, ON, "ISLAND", "ISLAND", False, True),
    (False, ON, ON, "ISLAND", "ISLAND", False, True),  # no closing out of step
    (False, OFF, OFF, "BLACK_START", "BLACK_START", False, False),
    (False, ON, OFF, "BLACK_START", "BLACK_START", False, False),
)


def test_reboot_finds_its_state_from_what_it_sees():
    for saved in (None,) + STATE_NAMES:
        for contactor, grid, bus, from_grid, from_other, closed, forming in REBOOTS:
            state, rig = reboot(saved, contactor, grid, bus, 0.0 if contactor else 1.0)
            where = (saved, contactor, grid, bus, state)
            assert state == (from_grid if saved in (None, "GRID") else from_other), where
            assert (rig.wishes.contactor_closed, rig.wishes.forming) == (closed, forming), where


def test_a_reboot_in_any_state_ends_where_the_undisturbed_house_would():
    """With a fit grid every state comes home, without one every state ends in its island."""
    for saved in STATE_NAMES:
        for contactor in (True, False):
            rig = reboot(saved, contactor, ON, ON, 0.0 if contactor else 1.0)[1]
            for _ in range(12_000):
                state = rig.step()
                if state == "RESYNC":
                    rig.slip_rad = 0.0
                rig.image.contactor_closed = rig.wishes.contactor_closed
                if state == "GRID":
                    break
            assert state == "GRID", (saved, contactor, state)
        rig = reboot(saved, saved in ("GRID", "OPENING", "SOFT_RETURN"), OFF, OFF)[1]
        for _ in range(100):
            rig.image.contactor_closed = rig.wishes.contactor_closed
            rig.bus = ON if rig.wishes.forming else OFF
            state = rig.step()
        assert (state, rig.wishes.forming) == ("ISLAND", True), saved


def test_reboot_with_a_blind_bus_keeps_a_forming_inverter():
    for saved in STATE_NAMES:
        forms = saved in ("FORMING", "ISLAND", "RESYNC", "CLOSING")
        assert reboot(saved, False, (0.0, 0.0), None)[0] == ("ISLAND" if forms else "BLACK_START")


def test_dump_survives_a_round_trip_and_rejects_nonsense():
    rig = hand()
    rig.to_island()
    saved = rig.machine.dump()
    assert (saved["state"], saved["why"], saved["tries"]) == ("ISLAND", R_FORMED, 0)
    other = Island(settings())
    other.load(json.loads(json.dumps(saved)))
    assert other.dump() == saved
    former = {"state": "ISLAND", "why": R_FORMED, "tries": 1}  # as it was saved before there were plans
    third = Island(settings())
    third.load(former)
    assert third.dump() == with_(saved, tries=1)
    for bad in (
        {"state": "NOWHERE", "why": "", "tries": 0},
        {"state": "ISLAND"},
        with_(saved, stuck=7),
        with_(saved, planned=with_(saved["planned"], kind="holiday")),
        with_(saved, planned=with_(saved["planned"], end_s=-1)),
    ):
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
    assert kept.why[:3] == [R_NO_VOLTAGE, R_CONTACTOR_OPEN, R_FORMED]
    rig.image.soc_pu.degrade(NEVER)
    rig.bus = (0.0, 0.0)
    rig.step(times=3000)
    assert kept.count > 8
    assert len(kept.why) == 8
    assert kept.to_state[(kept.count - 1) % 8] == rig.machine.state
