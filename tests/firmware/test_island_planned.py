"""Islands on purpose: announced outages, a person's wish, practice; by control/planned.py and the settings."""

import json

from island_world import Hand, settings

from islet.control.island import Island
from islet.control.planned import OUTAGE, PRACTICE, START, STOP
from islet.names import (
    OVERRIDE_OPEN,
    R_BATTERY_EMPTY,
    R_FOLLOWED,
    R_ISLAND,
    R_NONE,
    R_OVERLOAD,
    R_OVERRIDE,
    R_PLAN_OVER,
    R_PLANNED,
    R_PRACTICE,
    R_RESERVE,
    R_STALE_INPUT,
    R_WELDED,
)

ON, OFF = (230.0, 50.0), (0.0, 0.0)
NOON_S = 1_800_000_000


class Home(Hand):
    """A home on a fit grid with a clock and 1 kW of load."""

    def __init__(self, **changed):
        Hand.__init__(self, Island(settings(**changed)))
        self.settings = settings(**changed)
        self.planned = self.machine.planned
        self.epoch_ms = NOON_S * 1000
        self.load_w = self.grid_w = 1000.0
        self.clock = True
        self.step(times=5)

    def see(self, dt_ms=100):
        Hand.see(self, dt_ms)
        self.epoch_ms += dt_ms
        self.image.epoch_s = self.epoch_ms // 1000 if self.clock else 0
        self.image.metered_load_w.set(self.load_w, self.now_ms)
        self.image.grid_w.set(self.grid_w, self.now_ms)

    def leave(self):
        """Go into the island: the exchange is down, the contactor opens, the bus is formed."""
        self.grid_w = 0.0
        self.step(times=5)  # half a second, in which loads are shed before it opens
        assert self.step() == "OPENING"
        self.image.contactor_closed, self.bus = False, OFF
        assert self.step() == "FORMING"
        self.bus, self.slip_rad = ON, 1.0
        assert self.step() == "ISLAND"


def test_a_persons_wish_unloads_the_contactor_first():
    home = Home()
    assert home.planned.ask(START)
    assert home.step() == "GRID"
    assert home.machine.exchange_w_limit == 250.0  # 5 % of 5000 W
    assert home.wishes.contactor_closed
    home.leave()
    assert home.machine.exchange_w_limit == 1e9
    assert home.machine.changed.why[0] == R_PLANNED
    assert home.machine.loss == 0
    assert home.step(times=6000) == "ISLAND"  # with a fit grid beside it
    assert home.planned.ask(STOP)
    assert home.step() == "RESYNC"
    assert home.machine.reason == R_PLAN_OVER


def test_it_opens_after_five_seconds_at_the_latest():
    home = Home()
    home.planned.ask(START)
    assert home.step(times=50) == "GRID"
    assert home.step() == "OPENING"


def test_an_announced_outage_opens_before_it_and_returns_after_it():
    home = Home()  # lead 300 s
    assert home.planned.ask(OUTAGE, NOON_S + 400, NOON_S + 1000)
    assert not home.planned.wanted
    home.grid_w = 0.0
    assert home.step(times=990) == "GRID"  # 99.5 s
    assert home.step(times=16) == "OPENING"
    home.image.contactor_closed, home.bus = False, OFF
    home.step()
    home.bus, home.slip_rad = ON, 1.0
    home.step(times=2990)
    home.grid = OFF  # the outage comes
    assert home.step(times=3000) == "ISLAND"
    home.grid = ON  # and goes before its time
    assert home.step(times=2900) == "ISLAND"
    assert home.planned.wanted
    home.step(times=200)
    assert not home.planned.wanted  # the end is over
    assert home.step(times=10) == "RESYNC"


def test_the_reserve_is_raised_for_twelve_hours_before_it():
    home = Home()
    s = home.settings
    assert home.planned.reserve_pu(s, NOON_S) == 0.30
    home.planned.ask(OUTAGE, NOON_S + 50_000, NOON_S + 60_000)
    assert home.planned.reserve_pu(s, NOON_S) == 0.30
    assert home.planned.reserve_pu(s, NOON_S + 6800) == 0.90  # 43,200 s before
    assert home.planned.reserve_pu(s, 0) == 0.30
    home.planned.cancel()
    assert home.planned.reserve_pu(s, NOON_S + 6800) == 0.30


def test_requests_that_cannot_be_are_refused_with_a_reason():
    home = Home()
    for begin_s, end_s in ((NOON_S + 10, NOON_S + 10), (NOON_S - 20, NOON_S - 10), (-1, NOON_S + 9)):
        assert not home.planned.ask(OUTAGE, begin_s, end_s)
        assert home.planned.refused == R_STALE_INPUT
    home.clock = False
    home.step()
    assert not home.planned.ask(OUTAGE, NOON_S + 10, NOON_S + 20)
    try:
        home.planned.ask("holiday")
    except ValueError:
        pass
    else:
        raise AssertionError("not a kind")
    other = Home(transfer_owner="inverter")
    assert not other.planned.ask(START)
    assert other.planned.refused == R_FOLLOWED
    assert home.planned.kind == ""


def refused(change, **changed):
    home = Home(**changed)
    change(home)
    home.step(times=2)
    assert not home.planned.ask(PRACTICE)
    assert not home.planned.wanted
    return home.planned.refused


def test_practice_is_refused_when_it_would_be_felt():
    assert refused(lambda home: setattr(home, "soc_pu", 0.59)) == R_RESERVE  # practice_soc_pu 0.60
    assert refused(lambda home: setattr(home, "load_w", 2501.0)) == R_OVERLOAD  # half of 5000 W
    assert refused(lambda home: home.planned.ask(OUTAGE, NOON_S + 9000, NOON_S + 9900)) == R_PLANNED
    assert refused(lambda home: setattr(home.image, "override", OVERRIDE_OPEN)) == R_OVERRIDE
    assert refused(lambda home: setattr(home, "grid", (205.0, 50.0))) == R_STALE_INPUT
    assert refused(lambda home: home.lose_grid()) == R_ISLAND


def test_practice_takes_its_minutes_and_ends():
    home = Home(practice_s=60, enter_service_s=30)
    assert home.planned.ask(PRACTICE)
    assert home.planned.why == R_PRACTICE
    home.leave()
    assert home.machine.changed.why[0] == R_PRACTICE
    assert home.step(times=590) == "ISLAND"
    assert home.step(times=10) == "RESYNC"
    assert home.planned.why == R_NONE


def test_an_island_by_choice_ends_before_the_battery_does():
    home = Home()
    home.planned.ask(START)
    home.leave()
    home.step(times=3100)
    home.soc_pu = 0.11
    assert home.step() == "ISLAND"
    home.soc_pu = 0.10  # soc_min 0.05 and 0.05
    assert home.step() == "RESYNC"
    assert home.planned.refused == R_BATTERY_EMPTY
    home = Home()
    home.planned.ask(START)
    home.leave()
    home.grid = OFF
    home.soc_pu = 0.06
    assert home.step(times=100) == "ISLAND"
    assert home.planned.wanted  # there is no grid to go back to


def test_a_contactor_that_does_not_open_ends_the_plan():
    home = Home()
    home.planned.ask(START)
    home.grid_w = 0.0
    home.step(times=6)
    assert home.step(times=10) == "FAULT"
    assert home.planned.refused == R_WELDED
    assert not home.planned.wanted
    assert home.step(times=3001) == "SOFT_RETURN"


def test_an_inverter_that_does_not_form_gives_the_house_back_to_the_grid():
    home = Home()
    home.planned.ask(START)
    home.grid_w = 0.0
    home.step()
    home.image.contactor_closed, home.bus = False, OFF
    home.step()
    assert home.step(times=98) == "FORMING"
    assert home.step(times=4) == "CLOSING"  # 10 s without a bus, and the grid has been fit for 10 s
    home.image.contactor_closed, home.bus, home.slip_rad = True, ON, 0.0
    assert home.step() == "SOFT_RETURN"
    assert not home.planned.wanted


def test_plans_outlive_a_reboot():
    home = Home()
    home.planned.ask(OUTAGE, NOON_S + 400, NOON_S + 1000)
    other = Home()
    other.machine.load(json.loads(json.dumps(home.machine.dump())))
    assert other.planned.dump() == home.planned.dump()
    other.grid_w = 0.0
    for _ in range(1010):
        if other.step() == "OPENING":
            break
    assert other.image.epoch_s == NOON_S + 100
    practice = Home()
    practice.planned.ask(PRACTICE)
    practice.leave()
    practice.step(times=100)
    third = Home()
    third.machine.load(practice.machine.dump())
    assert third.planned.wanted
    assert third.planned.left_ms == practice.planned.left_ms < 300_000
    assert third.planned.why == R_PRACTICE


def test_without_a_clock_what_has_begun_goes_on():
    home = Home()
    home.planned.ask(OUTAGE, NOON_S + 100, NOON_S + 200)
    home.leave()
    home.clock = False
    assert home.step(times=4000) == "ISLAND"
    assert home.planned.wanted
    home.clock = True
    assert home.step() == "RESYNC"
