"""Frequency-watt, island equilibrium and stored energy, each against a hand calculation or a named source."""

import numpy as np
import pytest

from host_tools.plant import island, pv
from host_tools.plant.battery import Store
from host_tools.plant.params import PlantParams


def test_over_frequency_droop_equals_opender() -> None:
    """EPRI OpenDER, 60 Hz defaults: a 10 kW plant at 8 kW goes to 6453.3 W at 60.5 Hz; by hand
    0.8 - (60.5 - 60.036) / (60 * 0.05) = 0.645333."""
    hz = np.array([60.0, 60.036, 60.5, 63.5])
    left_w = pv.over_frequency_w(hz, np.full(4, 8000.0), np.full(4, 10_000.0), 60.0, 0.036, 0.05)
    assert left_w == pytest.approx([8000.0, 8000.0, 6453.3333, 0.0], abs=1e-3)


def test_island_profile_is_linear_between_its_corners() -> None:
    params = PlantParams.uniform(5, pv_w=4000.0)
    hz = np.array([49.0, 50.2, 50.7, 51.2, 51.6])
    assert pv.island_ceiling_w(hz, params.pv_rated_w, params) == pytest.approx([4000, 4000, 2000, 0, 0])


@pytest.mark.parametrize(
    ("v", "hz", "trips", "enters"),
    [
        (230.0, 50.0, False, True),
        (210.0, 50.0, False, False),  # 0.913 pu, below 0.917
        (242.0, 50.0, False, False),  # 1.052 pu, above 1.05
        (230.0, 50.11, False, False),
        (230.0, 49.49, False, False),
        (114.0, 50.0, True, False),  # under half of nominal
        (277.0, 50.0, True, False),  # 1.204 pu, OV2 is 1.20
        (230.0, 51.7, True, False),  # OF2: 62 Hz of 60 is 51.67 of 50
        (230.0, 47.0, True, False),  # UF2: 56.5 of 60 is 47.08
        (0.0, 0.0, True, False),
    ],
)
def test_terminals_ieee_1547_limits(v: float, hz: float, trips: bool, enters: bool) -> None:
    params = PlantParams.uniform(1)
    assert bool(pv.must_trip(np.array([v]), np.array([hz]), params)[0]) is trips
    assert bool(pv.may_enter(np.array([v]), np.array([hz]), params)[0]) is enters


def balance(
    load_w: float, pv_free_w: float, charge_max_w: float, form_hz: float = 50.0
) -> tuple[float, float, float]:
    """Return (pv_w, battery_w, hz) of one island with 5 kW battery, 4 kW PV, 1 % droop."""
    params = PlantParams.uniform(1)
    one = [np.array([x]) for x in (load_w, pv_free_w, charge_max_w, form_hz, 0.01)]
    pv_w, battery_w, hz = island.solve(params, *one)
    return float(pv_w[0]), float(battery_w[0]), float(hz[0])


def test_discharge_lowers_the_frequency_by_droop() -> None:
    """1 % of 50 Hz at 5 kW is 0.1 Hz a kW: 2.5 kW from 50.1 Hz gives 49.85 Hz."""
    assert balance(3500.0, 1000.0, 5000.0, form_hz=50.1) == pytest.approx((1000.0, 2500.0, 49.85))


def test_charge_raises_the_frequency_by_droop() -> None:
    """-1.5 kW is +0.15 Hz, still inside the free 0.2 Hz: nothing is held back."""
    assert balance(500.0, 2000.0, 5000.0) == pytest.approx((2000.0, -1500.0, 50.15))


def test_droop_and_profile_meet() -> None:
    """pv = 4000 (1.2 - 0.1 (pv - load)) with kW/Hz by hand: pv (1 + 0.4) = 4.8 + 0.4*0.5 -> 3571.43 W."""
    pv_w, battery_w, hz = balance(500.0, 4000.0, 5000.0)
    assert pv_w == pytest.approx(5000.0 / 1.4)
    assert hz == pytest.approx(50.0 + 1e-4 * (pv_w - 500.0))
    assert battery_w == pytest.approx(500.0 - pv_w)


def test_full_battery_raises_the_frequency_until_pv_fits() -> None:
    """Load 1 kW, PV could 3: a quarter of the rating passes at 51.2 - 0.25 = 50.95 Hz."""
    assert balance(1000.0, 3000.0, 0.0) == pytest.approx((1000.0, 0.0, 50.95))


def test_charge_limit_holds_pv_to_load_and_charge() -> None:
    """1 kW of load and 500 W of charge pass at 51.2 - 0.375 = 50.825 Hz."""
    assert balance(1000.0, 3000.0, 500.0) == pytest.approx((1500.0, -500.0, 50.825))


def test_no_load_and_full_battery_stops_pv() -> None:
    assert balance(0.0, 3000.0, 0.0) == pytest.approx((0.0, 0.0, 51.2))


def test_equilibrium_satisfies_both_laws_everywhere() -> None:
    """Whatever the inputs: sources equal load, PV keeps its profile, no more charge than allowed."""
    rng = np.random.default_rng(3)
    n = 2000
    params = PlantParams(np.full(n, 6400.0), rng.uniform(1e3, 1e4, n), rng.uniform(0.0, 1e4, n))
    load_w, charge_w = rng.uniform(0.0, 8e3, n), rng.uniform(0.0, 5e3, n)
    free_w = params.pv_rated_w * rng.uniform(0.0, 1.0, n)
    form_hz, droop_pu = rng.uniform(49.0, 51.0, n), rng.uniform(0.0, 0.02, n)
    pv_w, battery_w, hz = island.solve(params, load_w, free_w, charge_w, form_hz, droop_pu)
    assert np.abs(pv_w + battery_w - load_w).max() < 1e-9
    assert (battery_w >= -charge_w - 1e-9).all()
    assert (pv_w <= np.minimum(free_w, pv.island_ceiling_w(hz, params.pv_rated_w, params)) + 1e-6).all()
    on_droop_hz = form_hz - droop_pu * 50.0 * battery_w / params.battery_rated_w
    at_limit = battery_w <= -charge_w + 1e-9
    assert np.abs(hz - on_droop_hz)[~at_limit].max() < 1e-9
    assert (hz >= on_droop_hz - 1e-9).all()


def test_round_trip_returns_nine_tenths() -> None:
    """1 kWh in stores 0.94868 kWh, and all of that out gives 0.9 kWh at the terminals."""
    store = Store(PlantParams.uniform(1))
    start = store.soc_pu.copy()
    store.pass_ms(np.array([-2000.0]), np.array([1_800_000.0]))
    assert store.soc_pu - start == pytest.approx(0.9**0.5 * 1000.0 / 6400.0)
    store.pass_ms(np.array([1800.0]), np.array([1_800_000.0]))
    assert store.soc_pu == pytest.approx(start, abs=1e-12)


def test_bound_is_the_time_to_empty_or_full() -> None:
    """3.2 kWh at half: 5 kW out empties it in 3.2*0.94868/5 h, 5 kW in fills it in 3.2/(5*0.94868) h."""
    store = Store(PlantParams.uniform(3))
    hours = store.bound_ms(np.array([5000.0, -5000.0, 0.0])) / 3.6e6
    assert hours == pytest.approx([3.2 * 0.9**0.5 / 5.0, 3.2 / (5.0 * 0.9**0.5), np.inf])


def test_ratings_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        PlantParams(np.full(2, 6400.0), np.full(3, 5000.0), np.full(2, 4000.0))
    with pytest.raises(ValueError, match="positive"):
        PlantParams.uniform(1, battery_w=0.0)
