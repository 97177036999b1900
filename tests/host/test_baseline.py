"""The day without Islet, and the scenario it shares with the district."""

import math
from datetime import date

import numpy as np
import pandapower_feeder as oracle
import pytest

from host_tools.city.baseline import comparable, pv_share, run_baseline, supplied_share
from host_tools.city.homes import Homes
from host_tools.city.network import Network
from host_tools.city.options import Options
from host_tools.city.scenario import Fault, Scenario, Window
from host_tools.city.subhourly import minute_powers
from host_tools.errors import InputError

EVENING = Scenario(Window(18 * 3600, 19 * 3600))


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(17, oracle.CACHE)


def test_energies_by_hand(network: Network) -> None:
    """3 kW of load all day, 5 kW of PV 10:00-12:00, outage 11:00-11:30: sums by hand.

    PV returns at 11:35, so it runs 60 + 25 minutes: export 2 kW x 85/60 h, import 3 kW in the remaining
    1440 - 30 - 85 minutes, unserved 3 kW x 0.5 h.
    """
    load, pv = np.full((17, 1440), 3000.0), np.zeros((17, 1440))
    load[1:] = 0.0
    pv[0, 600:720] = 5000.0
    result = run_baseline(load, pv, network, Scenario(Window(39_600, 41_400)))
    assert result.unserved_wh[0] == pytest.approx(1500.0)
    assert result.export_wh[0] == pytest.approx(2000.0 * 85 / 60)
    assert result.import_wh[0] == pytest.approx(3000.0 * (1440 - 30 - 85) / 60)
    assert not result.voltage_v[660:690].any()
    assert result.voltage_v[659].all()
    assert result.voltage_v[690].all()


def test_voltages_are_the_networks(network: Network) -> None:
    """Minute 600 equals a single solve of that minute's powers."""
    load, pv = np.full((17, 1440), 1200.0), np.full((17, 1440), 300.0)
    result = run_baseline(load, pv, network, Scenario())
    single = network.solve(np.full(17, 900.0), np.full(17, 240.0))
    assert result.voltage_v[600] == pytest.approx(single.voltage_v, abs=1e-3)
    assert result.peak_va(np.ones(1440, dtype=np.bool_)) == pytest.approx(single.transformer_va[0], rel=1e-6)


def test_minute_cut_by_the_outage_keeps_its_live_power(network: Network) -> None:
    """Supply ends 15 s into minute 60: a quarter of the energy, but the full power while it lasts."""
    load, pv = np.full((17, 1440), 2000.0), np.zeros((17, 1440))
    result = run_baseline(load, pv, network, Scenario(Window(3615, 7200)))
    assert result.grid_w[60] == pytest.approx(np.full(17, 500.0))
    assert result.transformer_va[60] == pytest.approx(result.transformer_va[59])


def test_hot_evening_overloads_the_transformer_within_normal_voltage(network: Network) -> None:
    """16 August 2016: more than 50 kVA without Islet; voltages inside EN 50160's 0.90..1.10."""
    load, pv = minute_powers(Homes(17, date(2016, 8, 16)), seed=1)
    result = run_baseline(load, pv, network, EVENING)
    low, high = result.voltage_band_pu
    assert 0.90 < low < 1.0 < high < 1.10
    assert result.peak_va(comparable(EVENING, 1440)) > 50_000.0
    assert result.unserved_wh.sum() == pytest.approx(load[:, 1080:1140].sum() / 60)


def test_shares_and_mask_by_hand() -> None:
    scenario = Scenario(Window(90, 180))
    assert supplied_share(scenario, 4).tolist() == [1.0, 0.5, 0.0, 1.0]
    assert pv_share(scenario, 9).tolist() == [1.0, 0.5, 0, 0, 0, 0, 0, 0, 1.0]  # back after 180 + 300 s
    assert comparable(scenario, 5, settle_s=30.0).tolist() == [True, False, False, False, True]
    assert comparable(Scenario(), 3).all()


def test_scenario_moments() -> None:
    assert EVENING.grid_up(64_799.9)
    assert not EVENING.grid_up(64_800.0)
    assert EVENING.grid_up(68_400.0)
    assert EVENING.fine(64_799.0)
    assert EVENING.fine(64_829.9)
    assert not EVENING.fine(64_830.0)


def test_every_change_is_announced() -> None:
    """Walking from change to change, nothing differs between two of them, and the walk ends."""
    scenario = Scenario(EVENING.outage, (Fault("broker", Window(43_200, 43_800)),))
    moments, t = [0.0], 0.0
    while (t := scenario.next_change_s(t)) < math.inf:
        moments.append(t)
    assert moments == [0.0, 43200.0, 43800.0, 64799.0, 64800.0, 64830.0, 68399.0, 68400.0, 68430.0]
    for start, end in zip(moments, [*moments[1:], 86_400.0], strict=True):
        for t in np.linspace(start, end, 20, endpoint=False):
            for question in (scenario.grid_up, scenario.fine, lambda at: scenario.faulty("broker", at)):
                assert question(float(t)) == question(start)


def test_scenario_from_options() -> None:
    """The command's default outage is 18:00-19:00; zero length is none; a broker fault lasts 10 minutes."""
    assert Scenario.from_options(Options()) == EVENING
    calm = Scenario.from_options(Options(outage_length_s=0, faults=("broker",)))
    assert calm.outage is None
    assert calm.faulty("broker", 43_200.0)
    assert not calm.faulty("broker", 43_800.0)


@pytest.mark.parametrize("window", [(-1, 10), (10, 10), (20, 10), (86_000, 86_401), (math.nan, 10)])
def test_windows_that_lie_wrong(window: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="within the day"):
        Scenario(Window(*window))
    with pytest.raises(InputError, match="within the day"):
        Scenario(faults=(Fault("broker", Window(*window)),))


def test_unknown_fault() -> None:
    with pytest.raises(InputError, match="known faults: broker"):
        Scenario(faults=(Fault("meteor", Window(1, 2)),))
