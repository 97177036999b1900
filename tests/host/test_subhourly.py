"""Minutes keep each hour's metered energy, move like homes and roofs, and depend on the seed only."""

import math
from datetime import date

import numpy as np
import pytest

from host_tools.city.dataset import FIRST_DAY, Year, load_year
from host_tools.city.homes import Homes
from host_tools.city.subhourly import minute_powers, minute_pv_w

DAYS = (15, 100, 165, 260)  # every season


@pytest.fixture(scope="module")
def year() -> Year:
    return load_year()


def day(year: Year, index: int, n: int = 17) -> Homes:
    return Homes(n, date.fromordinal(FIRST_DAY.toordinal() + index), year=year)


@pytest.mark.parametrize("index", DAYS)
def test_energy_of_every_hour_is_kept(year: Year, index: int) -> None:
    """Conservation, summed with fsum: 60 minutes of W x 60 s equal the hour's Wh x 3600 to 1e-9."""
    homes = day(year, index)
    load, pv = minute_powers(homes, seed=1)
    for minutes, hours in ((load, homes.load_wh), (pv, homes.pv_wh)):
        for k in range(17):
            for hour in range(24):
                joule = math.fsum(60.0 * minutes[k, 60 * hour : 60 * hour + 60])
                assert joule == pytest.approx(3600.0 * hours[k, hour], rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("index", DAYS)
def test_bounds(year: Year, index: int) -> None:
    """Nothing negative, no PV above nameplate or in the dark, no home beyond its 60 A x 230 V."""
    homes = day(year, index)
    load, pv = minute_powers(homes, seed=1)
    assert load.min() >= 0.0
    assert load.max() <= 13_800.0
    assert pv.min() >= 0.0
    assert np.all(pv <= homes.pv_rated_w[:, np.newaxis] * (1 + 1e-12))
    dark = np.repeat(homes.pv_wh == 0.0, 60, axis=1)
    assert dark.any()
    assert not pv[dark].any()


def test_building_does_not_depend_on_the_others(year: Year) -> None:
    few, many = (minute_powers(day(year, 15, n), seed=5) for n in (3, 40))
    assert np.array_equal(few[0], many[0][:3])
    assert np.array_equal(few[1], many[1][:3])


def test_seed_decides_everything(year: Year) -> None:
    homes = day(year, 15)
    first, again, other = (minute_powers(homes, seed) for seed in (1, 1, 2))
    assert np.array_equal(first[0], again[0])
    assert np.array_equal(first[1], again[1])
    assert not np.array_equal(first[0], other[0])
    assert not np.array_equal(first[1], other[1])


def test_copies_of_a_home_are_not_alike(year: Year) -> None:
    """Building 18 is home 1 again, with a stream of its own."""
    _, pv = minute_powers(day(year, 15, 18), seed=1)
    assert not np.array_equal(pv[0], pv[17])


def test_load_moves_like_a_home(year: Year) -> None:
    """Appliances switch: steps of over 500 W within a minute, and quiet minutes between them."""
    load, _ = minute_powers(day(year, 15), seed=1)
    steps = np.abs(np.diff(load[16]))
    assert (steps > 500.0).sum() > 20
    assert np.median(steps) < 150.0


def test_street_is_smoother_than_its_homes(year: Year) -> None:
    """Coincidence: the street's minute peak stays within 1.6 of its hourly peak, single homes go further."""
    for index in DAYS:
        homes = day(year, index)
        load, _ = minute_powers(homes, seed=1)
        street = load.sum(axis=0).max() / homes.load_wh.sum(axis=0).max()
        single = float(np.median(load.max(axis=1) / homes.load_wh.max(axis=1)))
        assert 1.0 < street < min(1.6, single)


def test_clear_hours_are_smooth_and_half_covered_ones_flicker() -> None:
    """A bell-shaped day, once as its own clear-sky envelope and once at half of it."""
    clear = 4000.0 * np.clip(np.sin(np.pi * (np.arange(24) + 0.5 - 6.0) / 12.0), 0.0, None)
    clear[:6] = clear[18:] = 0.0
    clouds = np.random.default_rng(0).standard_normal(24 * 60 + 3)
    blue = minute_pv_w(clear, clear, 4000.0, clouds, np.random.default_rng(1))
    grey = minute_pv_w(0.5 * clear, clear, 4000.0, clouds, np.random.default_rng(1))
    assert np.abs(np.diff(blue)).max() < 100.0  # the bell itself climbs 17.5 W a minute
    assert np.abs(np.diff(grey)).max() > 500.0


def test_pv_at_nameplate_all_hour_stays_there() -> None:
    full = np.where((np.arange(24) > 9) & (np.arange(24) < 15), 4000.0, 0.0)
    power = minute_pv_w(full, full, 4000.0, np.zeros(24 * 60 + 3), np.random.default_rng(1))
    assert power[600:900] == pytest.approx(np.full(300, 4000.0))
    assert not power[:600].any()
