"""A genset of 3 kW: starts at a charge of 0.15, stops at 0.60, runs 600 s at least. Timings by hand."""

from island_world import Hand, settings

from islet.control.genset import RUNNING, Genset
from islet.names import (
    BLACK_START,
    FORMING,
    GRID,
    ISLAND,
    R_GENSET,
    R_OVERLOAD,
    R_SOC_MIN,
    R_SURPLUS,
    R_TIMEOUT,
    RESYNC,
    SOFT_RETURN,
)


class Yard(Hand):
    """A genset that gives 3 kW `delay_ms` after it was told to run, while it is not broken."""

    def __init__(self, soc_pu, **changed):
        Hand.__init__(self)
        changed.setdefault("genset_w", 3000)
        self.genset = Genset(settings(**changed))
        self.soc_pu, self.overload, self.broken, self.live = soc_pu, False, False, False
        self.battery_w, self.delay_ms, self.told_ms = 1000.0, 20_000, 0
        self.wish = False

    def run(self, seconds, state=ISLAND, dt_ms=1000):
        """Let seconds pass, a black start's wish as told; return whether the genset is to run."""
        for _ in range(int(seconds * 1000 // dt_ms)):
            self.see(dt_ms)
            runs = self.wishes.genset_run and self.told_ms >= self.delay_ms and not self.broken
            self.told_ms = self.told_ms + dt_ms if self.wishes.genset_run else 0
            self.image.chp_w.set(3000.0 if runs else 0.0, self.now_ms)
            self.image.battery_w.set(self.battery_w, self.now_ms)
            self.image.genset_live = self.live
            self.wishes.genset_run = self.wish  # as the island machine leaves it
            self.genset.step(self.image, self.wishes, state, self.overload, self.now_ms, dt_ms)
        return self.wishes.genset_run


def test_low_charge_starts_it():
    yard = Yard(0.16)
    assert not yard.run(120)
    yard.soc_pu = 0.15
    assert yard.run(1)
    assert yard.genset.reason == R_SOC_MIN
    assert yard.genset.starting
    yard.run(25)
    assert yard.genset.phase == RUNNING
    assert (yard.genset.starts, yard.genset.failures) == (1, 0)


def test_it_runs_its_minimum_and_until_the_charge_is_there():
    yard = Yard(0.10)
    yard.run(30)
    yard.soc_pu = 0.59
    assert yard.run(1000)  # its minimum is over, the charge is not there
    yard.soc_pu = 0.60
    assert not yard.run(1)
    assert yard.genset.reason == R_GENSET
    yard = Yard(0.10)
    yard.run(22)  # told in the first second, gives power after 20: running for 1 s
    yard.soc_pu = 0.95
    assert yard.run(590)
    assert not yard.run(12)


def test_a_long_overload_starts_it_and_keeps_it():
    yard = Yard(0.90)
    yard.overload = True
    assert yard.run(1)
    assert yard.genset.reason == R_OVERLOAD
    assert yard.run(1000)
    yard.overload = False
    assert not yard.run(1)


def test_sun_that_carries_all_alone_stops_it():
    yard = Yard(0.10)
    yard.run(30)
    yard.soc_pu, yard.battery_w = 0.25, -4000.0  # charged with 1 kW more than the genset gives
    assert yard.run(560)
    assert not yard.run(60)
    assert yard.genset.reason == R_SURPLUS
    yard = Yard(0.10)
    yard.run(30)
    yard.soc_pu, yard.battery_w = 0.25, -2900.0  # the genset's own power goes into the battery
    assert yard.run(1200)


def test_a_start_that_fails_is_tried_three_times_then_rests_for_an_hour():
    # 60 s of trying and 60 s of rest: failed at 60, 180, 300 s, each a second later for the one that tells
    yard = Yard(0.10)
    assert yard.run(1)
    assert yard.genset.spare_w == 3000.0
    yard.broken = True
    yard.run(61)
    assert (yard.genset.failures, yard.genset.reason) == (1, R_TIMEOUT)
    assert yard.genset.spare_w == 0.0  # not counted on any more
    yard.run(243)
    assert yard.genset.failures == 3
    assert yard.genset.blocked
    assert not yard.run(3500)
    assert yard.genset.starts == 3
    yard.run(100)
    assert yard.genset.starts == 4


def test_starts_are_limited():
    # four in store, one more each 15 min: of starts that each run their minute of minimum
    yard = Yard(0.10, genset_min_run_s=60)
    for _ in range(8):
        yard.soc_pu = 0.10
        yard.run(90)
        yard.soc_pu = 0.95
        yard.run(60)
    # 20 min: 4 + 1 at 15 min
    assert 4 <= yard.genset.starts <= 5


def test_one_that_dies_has_failed():
    yard = Yard(0.10)
    yard.run(100)
    yard.broken = True
    assert yard.run(9)
    assert not yard.run(3)
    assert yard.genset.failures == 1


def test_voltage_of_its_own_counts_as_running():
    yard = Yard(0.10)
    yard.broken, yard.live = True, True
    yard.run(100)
    assert yard.genset.failures == 0
    assert yard.genset.phase == RUNNING


def test_never_on_the_grid():
    yard = Yard(0.10)
    for state in (GRID, SOFT_RETURN):
        yard.overload = True
        assert not yard.run(100, state)
    yard.run(30)
    assert yard.run(1)
    assert not yard.run(1, GRID)  # minimum run or not


def test_it_stops_for_the_way_back():
    yard = Yard(0.10)
    yard.run(30)
    assert not yard.run(1, RESYNC)


def test_a_black_start_s_wish_is_kept_and_taken_over():
    yard = Yard(0.06)
    yard.wish = True
    assert yard.run(30, BLACK_START)
    yard.wish = False
    assert not yard.run(1, FORMING)
    yard = Yard(0.06)
    yard.wish = True
    yard.run(30, BLACK_START)
    yard.run(5, FORMING)
    yard.wish = False
    assert yard.run(10, ISLAND)
    assert yard.genset.starts == 1
    yard.soc_pu = 0.7
    assert yard.run(500)  # its minimum run counts
    assert not yard.run(90)


def test_without_a_genset_nothing_runs():
    yard = Yard(0.01, genset_w=0)
    assert not yard.run(200)
    assert yard.genset.spare_w == 0.0


def test_a_start_never_waits_for_less_than_what_the_battery_gives():
    yard = Yard(0.11, genset_start_soc_pu=0.0, soc_min_pu=0.1)
    assert yard.run(1)  # 0.02 above soc_min
