"""Shares of load groups by hand: 0.35 critical, 0.40 normal, 0.25 deferrable at first; cold load 1.5 in 900 s."""

from math import exp

from island_world import settings

from islet.control.group_shares import GroupShares


def close(a, b, tolerance=1e-5):
    return abs(a - b) <= tolerance


def test_start_values_are_those_told():
    shares = GroupShares(settings())
    for level, served in enumerate((1.0, 0.75, 0.35, 0.0)):
        assert close(shares.served[level], served)
        assert close(shares.load_pu(level), served)


def test_a_step_moves_a_share_by_a_fifth():
    # 4000 W become 2400 W when deferrable goes: 0.40 of the load; 0.25 + 0.2 * 0.15 = 0.28
    shares = GroupShares(settings())
    shares.learn(0, 1, 4000.0, 2400.0)
    assert close(shares.group_pu[2], 0.28)
    assert close(shares.served[1], 0.72)
    assert close(shares.group_pu[1], 0.40)
    assert shares.learned == 1


def test_it_converges_to_the_true_share():
    # the error shrinks by 0.8 a step: 0.15 * 0.8^20 = 0.0017
    shares = GroupShares(settings())
    for _ in range(20):
        shares.learn(0, 1, 4000.0, 2400.0)
    assert close(shares.group_pu[2], 0.40, 0.002)
    assert close(sum(shares.group_pu), 1.0)


def test_normal_alone_is_told_by_the_step_between_levels_1_and_2():
    # 3000 W at level 1 are 4000 W of all; 1000 W at level 2: 2000 / 4000 = 0.5; 0.40 + 0.2 * 0.10 = 0.42
    shares = GroupShares(settings())
    shares.learn(1, 2, 3000.0, 1000.0)
    assert close(shares.group_pu[1], 0.42)
    assert close(shares.group_pu[2], 0.25)


def test_two_groups_at_once_keep_their_ratio():
    # 0.65 of the load expected to go, 0.78 goes: both by 1.2, a fifth of it is 1.04
    shares = GroupShares(settings())
    shares.learn(0, 2, 1000.0, 220.0)
    assert close(shares.group_pu[1], 0.40 * 1.04)
    assert close(shares.group_pu[2], 0.25 * 1.04)


def test_shares_are_bounded():
    shares = GroupShares(settings())
    for _ in range(50):
        shares.learn(0, 1, 4000.0, 4000.0)  # nothing went off
    assert close(shares.group_pu[2], 0.125)  # half of its start
    for _ in range(50):
        shares.learn(0, 1, 4000.0, 0.0)  # everything did
    assert close(shares.group_pu[2], 0.50)  # 1 - 0.40 - 0.10 for critical
    assert shares.group_pu[0] >= 0.0999


def test_a_faint_load_teaches_nothing():
    shares = GroupShares(settings())
    shares.learn(0, 1, 90.0, 10.0)
    assert shares.learned == 0


def test_a_group_that_is_not_fitted_stays_so():
    shares = GroupShares(settings(deferrable_share_pu=0.0))
    assert close(shares.served[1], 1.0)
    shares.learn(0, 1, 4000.0, 2400.0)
    assert shares.group_pu[2] == 0.0


def test_shares_beyond_the_whole_leave_something_critical():
    shares = GroupShares(settings(normal_share_pu=0.8, deferrable_share_pu=0.8))
    assert close(shares.group_pu[0], 0.1)
    assert close(shares.group_pu[1], 0.45)


def test_cold_load_builds_up_and_decays():
    # off for 900 s: 1 - 1/e = 0.632, so 1 + 0.5 * 0.632 = 1.316 times; on for 900 s again: 1 + 0.5 * 0.632 / e
    for dt_ms in (100, 60_000):
        shares = GroupShares(settings())
        for _ in range(900_000 // dt_ms):
            shares.step(1, False, dt_ms)
        cold = 1 - exp(-1)
        assert close(shares.factor(2), 1 + 0.5 * cold, 1e-3)
        assert close(shares.load_pu(0), 0.75 + 0.25 * (1 + 0.5 * cold), 1e-3)
        assert shares.factor(1) == 1.0
        for _ in range(900_000 // dt_ms):
            shares.step(0, False, dt_ms)
        assert close(shares.factor(2), 1 + 0.5 * cold * exp(-1), 1e-3)


def test_a_dark_bus_cools_all_groups():
    shares = GroupShares(settings())
    shares.step(0, True, 9_000_000)
    assert close(shares.load_pu(0), 1.5, 1e-3)


def test_without_a_time_there_is_no_cold_load():
    shares = GroupShares(settings(cold_load_s=0))
    shares.step(2, False, 1_000_000)
    assert shares.factor(2) == 1.0


def test_cold_load_is_not_learned_as_share():
    # deferrable back after hours draws 1.5 * 0.25: 1.125 of the usual 4000 W. As expected: nothing to learn.
    shares = GroupShares(settings())
    shares.step(1, False, 90_000_000)
    shares.learn(0, 1, 4500.0, 3000.0)
    assert close(shares.group_pu[2], 0.25, 1e-4)


def test_shares_survive_a_restart():
    shares = GroupShares(settings())
    shares.learn(0, 1, 4000.0, 2400.0)
    again = GroupShares(settings())
    again.load(shares.dump())
    assert close(again.group_pu[2], 0.28)
    assert close(again.served[2], 0.32)


def test_a_damaged_dump_is_refused_and_a_wild_one_bounded():
    for saved in ({}, {"normal_pu": "x", "deferrable_pu": 0.2}, {"normal_pu": 7, "deferrable_pu": 0.2}):
        try:
            GroupShares(settings()).load(saved)
        except (KeyError, ValueError):
            continue
        raise AssertionError(saved)
    shares = GroupShares(settings())
    shares.load({"normal_pu": 0.0, "deferrable_pu": 1.0})
    assert close(shares.group_pu[1], 0.2)
    assert close(shares.group_pu[2], 0.7)
