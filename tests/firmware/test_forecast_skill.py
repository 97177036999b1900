"""Skill against yesterday: 1 - mse(model) / mse(yesterday), by hand."""

from islet.forecast.skill import Skill


def test_value_is_one_minus_the_ratio():
    skill = Skill(10)
    for _ in range(5):
        skill.add(100.0, 110.0, 120.0)  # errors 10 and 20: 1 - 100 / 400
    assert abs(skill.value() - 0.75) < 1e-6


def test_nothing_varied_is_no_skill_either_way():
    skill = Skill(1)
    skill.add(5.0, 5.0, 5.0)
    assert skill.value() == 0.0
    assert not skill.demoted


def test_model_that_errs_where_yesterday_was_right_is_demoted():
    skill = Skill(1)
    skill.add(5.0, 6.0, 5.0)
    assert skill.value() == -1.0
    assert skill.demoted


def test_not_judged_before_it_is_warm():
    skill = Skill(3)
    skill.add(0.0, 2.0, 1.0)
    skill.add(0.0, 2.0, 1.0)
    assert not skill.demoted
    skill.add(0.0, 2.0, 1.0)
    assert skill.demoted


def test_return_needs_five_percent():
    skill = Skill(1)
    skill.restore(101.0, 100.0, 50)
    assert skill.demoted
    skill.restore(97.0, 100.0, 50)
    assert skill.demoted
    skill.restore(94.0, 100.0, 50)
    assert not skill.demoted
