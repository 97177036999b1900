"""The sweeps of host_tools.stability: bounds by hand, simulations that agree, a command that says so."""

from math import pi
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from host_tools.stability import drawing, drooping, restoring
from host_tools.stability.__main__ import main
from islet.base.bound import gain_bound, smooth_bound


def test_the_firmwares_integral_turns_unstable_at_the_bound() -> None:
    """For delays of 0, 2 and 5 samples and every droop, to 0.2 % of 2 sin(pi / (2 (2 d + 1)))."""
    for delay in (0, 2, 5):
        bound = 2 * np.sin(pi / (2 * (2 * delay + 1)))
        for droop_pu in (0.0, 0.1):
            edge = restoring.critical_gain(restoring.Former(droop_pu=droop_pu), delay)
            # the load's damping divides the loop's gain by 1 + droop * 1.5 * 0.5
            assert edge / (1 + droop_pu * 0.75) == pytest.approx(bound, rel=2e-3), (delay, droop_pu)


def test_without_overshoot_up_to_its_own_bound() -> None:
    """The error of a step keeps its sign at d**d / (d+1)**(d+1), and not at twice that."""
    for delay in (1, 2, 4):
        former = restoring.Former(droop_pu=0.0)
        gain = smooth_bound(delay)
        assert min(restoring.errors_hz(former, 0.98 * gain, delay)) > -1e-6
        assert min(restoring.errors_hz(former, 2.0 * gain, delay)) < -1e-5


def test_a_delay_that_is_longer_than_told_takes_the_margin_of_the_longer_one() -> None:
    former = restoring.Former(droop_pu=0.0)
    assert restoring.is_stable(former, 0.95 * gain_bound(6), 6, told=2)
    assert not restoring.is_stable(former, 1.05 * gain_bound(6), 6, told=2)


def test_restoration_sweep_agrees_and_permits_nothing_unstable() -> None:
    found = restoring.sweep(quick=True)
    assert found.stable.any()
    assert not found.stable.all()
    assert found.agreement == 1.0
    assert found.unsafe == 0


def test_droop_bound_by_hand() -> None:
    """R = 0, X = 0.1, 5 Hz: a1 (a3 a2 - a4 a1) is 0, for without resistance the line is not damped.

    With R/X = 0.2: L = 3.1831e-4, a4 = 1.01321e-7, a3 = 1.59155e-5 (2 R L = 1.27324e-5 and w_c L^2 = 3.18310e-6),
    a2 = 0.0108, a1 = 0.326726: m = 0.326726 (1.71887e-7 - 3.31042e-8) / (2.53303e-10 * 3.14159) = 56.980 rad/s.
    """
    assert drooping.droop_bound(drooping.Coupling(0.1, 0.0, 5.0)) == pytest.approx(0.0, abs=1e-9)
    assert drooping.droop_bound(drooping.Coupling(0.1, 0.02, 5.0)) == pytest.approx(
        56.98 / (2 * pi * 50), rel=1e-3
    )


def test_eigenvalues_and_simulation_agree_with_routh() -> None:
    found = drooping.sweep(quick=True)
    assert found.agreement == (1.0, 1.0)
    assert found.simulated.any()
    assert not found.simulated.all()


def test_under_load_the_state_matrix_says_what_the_simulation_does() -> None:
    """At 60 % load the closed form does not hold; the edge by eigenvalues is 3 % either side of the simulation's."""
    c = drooping.Coupling(0.2, 0.06, 10.0)
    angle = drooping.angle_for(c, 0.6)
    low, high = 0.01, 1.0
    while high - low > 1e-4:
        middle = (low + high) / 2
        low, high = (middle, high) if drooping.growth_per_s(c, middle, angle) < 0 else (low, middle)
    survived = drooping.survives([c, c], np.array([0.97 * low, 1.03 * low]), load_pu=0.6)
    assert survived.tolist() == [True, False]


def test_the_command_draws_and_tells(tmp_path: Path) -> None:
    page = tmp_path / "plots" / "stability.html"
    result = CliRunner().invoke(main, ["--quick", "--out", str(page)])
    assert result.exit_code == 0, result.output
    assert "100.0 % agree with the bound" in result.output
    assert "permitted and not stable: 0" in result.output
    text = page.read_text(encoding="utf-8")
    assert text.count("Plotly.newPlot(") == 2


def test_figures_hold_bounds_and_points() -> None:
    """At a delay of no sample the bound is 2 sin(pi / 2) = 2; a setting permits 10 % of droop."""
    restored = drawing.restoring(restoring.sweep(quick=True))["data"]
    bound, _, stable, unstable = restored
    assert bound["y"][0] == pytest.approx(2.0)
    assert len(stable["x"]) > 5
    assert len(unstable["x"]) > 5
    drooped = drawing.drooping(drooping.sweep(quick=True))["data"]
    assert drooped[-1]["y"] == (0.1, 0.1)
