"""The year of 17 homes: its calendar, its faults as they are, and damaged files told in sentences."""

import importlib.util
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from host_tools.city import dataset
from host_tools.city.dataset import FIRST_DAY, PRICE, Year, find_dataset, load_year, read_columns
from host_tools.city.groups import split_groups
from host_tools.city.homes import Homes, parse_day
from host_tools.city.subhourly import minute_powers
from host_tools.errors import InputError


@pytest.fixture(scope="module")
def year() -> Year:
    return load_year()


def test_ratings_are_the_schemas(year: Year) -> None:
    """Expected: schema.json of the data set, read by eye."""
    assert year.names[0] == "Building_1"
    assert len(year.names) == 17
    assert set(year.battery_wh) == {6400.0}
    assert set(year.battery_rated_w) == {5000.0}
    assert year.pv_rated_w.tolist() == [4e3, 4e3, 4e3, 5e3, 4e3, 4e3, 4e3, 4e3, 4e3] + [5e3] * 8


def test_row_zero_is_midnight_of_the_first_of_august_2016(year: Year) -> None:
    """The tariff's peak is 16:00-21:00 and dearer on summer weekdays: this fixes hour and weekday."""
    price = year.price_per_kwh.reshape(365, 24)
    for index in range(61):  # August and September
        weekday = (FIRST_DAY.weekday() + index) % 7
        expected = 0.54 if weekday < 5 else 0.40
        assert np.flatnonzero(price[index] > 0.3).tolist() == [16, 17, 18, 19, 20]
        assert price[index, 16] == expected


def test_clock_is_civil_time(year: Year) -> None:
    """Solar noon at Fontana (117.4 W) is 12:54 PDT in August and 12:00 PST in January; home 1 faces south."""
    pv = year.pv_wh[0].reshape(365, 24)
    hours = np.arange(24) + 0.5

    def centre(first: int, days: int) -> float:
        mean = pv[first : first + days].mean(axis=0)
        return float((mean * hours).sum() / mean.sum())

    assert centre(0, 31) == pytest.approx(12.9, abs=0.15)
    assert centre(153, 31) == pytest.approx(12.0, abs=0.15)


def test_real_faults_are_kept(year: Year) -> None:
    """Homes 12 and 15 have meters frozen at about 1e-4 Wh for months, home 15 nearly dead PV."""
    frozen = (year.load_wh < 1.0).sum(axis=1)
    assert frozen[11] == 4574
    assert frozen[14] == 4405
    assert (
        year.pv_wh[14].sum() / year.pv_rated_w[14] < 30.0
    )  # hours at full power in a year; others above 300
    others = np.delete(year.pv_wh.sum(axis=1) / year.pv_rated_w, 14)
    assert others.min() > 300.0


def test_a_day_and_its_history(year: Year) -> None:
    """16 August 2016 is day 15; 08:00 UTC is midnight at UTC-8 (by hand: 1471334400 s)."""
    homes = Homes(17, date(2016, 8, 16), history_days=3, year=year)
    assert homes.epoch_s == 1471334400
    assert homes.history_epoch_s == homes.epoch_s - 3 * 86400
    assert homes.load_wh[4].tolist() == year.load_wh[4, 15 * 24 : 16 * 24].tolist()
    assert homes.history_load_wh[4].tolist() == year.load_wh[4, 12 * 24 : 15 * 24].tolist()
    assert homes.history_pv_wh.shape == (17, 72)
    assert homes.price_by_hour == [0.22] * 16 + [0.54] * 5 + [0.22] * 3


def test_history_before_the_year_wraps_by_weeks(year: Year) -> None:
    """The Sunday before Monday 1 August 2016 is taken from the Sunday 364 days later, 30 July 2017."""
    homes = Homes(17, FIRST_DAY, history_days=1, year=year)
    assert date(2017, 7, 30).weekday() == 6
    assert homes.history_load_wh[0].tolist() == year.load_wh[0, 363 * 24 : 364 * 24].tolist()


def test_more_buildings_shift_load_by_weeks_and_share_the_sky(year: Year) -> None:
    """Copies are +7, -7, +14 days away; their PV is the same day's."""
    homes = Homes(17 * 4, date(2017, 1, 10), year=year)
    day = (date(2017, 1, 10) - FIRST_DAY).days
    assert homes.shift_days.reshape(4, 17)[:, 0].tolist() == [0, 7, -7, 14]
    assert homes.load_wh[17].tolist() == year.load_wh[0, (day + 7) * 24 : (day + 8) * 24].tolist()
    assert homes.load_wh[34].tolist() == year.load_wh[0, (day - 7) * 24 : (day - 6) * 24].tolist()
    assert homes.pv_wh[17].tolist() == homes.pv_wh[0].tolist()


def test_groups_sum_to_the_load_with_sensible_shares(year: Year) -> None:
    """The model's own aim: 0.35, 0.40 and 0.25 of the energy, within 0.06, over days of all seasons."""
    energy = np.zeros(3)
    for day in range(5, 365, 45):
        load, _ = minute_powers(Homes(17, date.fromordinal(FIRST_DAY.toordinal() + day), year=year), seed=3)
        groups = split_groups(load)
        assert groups.min() >= 0.0
        assert np.abs(groups.sum(axis=2) - load).max() < 1e-9
        energy += groups.sum(axis=(0, 1))
    assert energy / energy.sum() == pytest.approx([0.35, 0.40, 0.25], abs=0.06)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("08-16", date(2016, 8, 16)), ("07-31", date(2017, 7, 31)), ("2017-01-02", date(2017, 1, 2))],
)
def test_day_of_the_year(text: str, expected: date) -> None:
    assert parse_day(text) == expected


@pytest.mark.parametrize("text", ["13-01", "02-29", "8/16", "", "2016-8-16"])
def test_no_such_day(text: str) -> None:
    with pytest.raises(InputError, match="write MM-DD"):
        parse_day(text)


def test_day_outside_the_data(year: Year) -> None:
    with pytest.raises(InputError, match="from 2016-08-01 to 2017-07-31"):
        Homes(17, date(2018, 1, 1), year=year)
    with pytest.raises(InputError, match="at least one"):
        Homes(0, FIRST_DAY, year=year)


def test_missing_package_names_file_and_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"schema\.json is not installed; run `make setup`"):
        load_year()


def damaged(tmp_path: Path, line: int, old: str, new: str) -> Path:
    """Return a copy of pricing.csv with one change on one line (counted from 1)."""
    lines = (find_dataset() / "pricing.csv").read_text().splitlines()
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path = tmp_path / "pricing.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


@pytest.mark.parametrize(
    ("new", "what"),
    [("-0.22", "'-0.22'"), ("dear", "'dear'"), ("nan", "'nan'"), ("", "''"), ("inf", "'inf'")],
)
def test_bad_cell_is_located(tmp_path: Path, new: str, what: str) -> None:
    path = damaged(tmp_path, 100, "0.22", new)
    with pytest.raises(InputError, match=f"line 100, column .*kWh.*: {what} is not a number"):
        read_columns(path, (PRICE,))


def test_bad_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="line 1 has no column"):
        read_columns(damaged(tmp_path, 1, "Electricity", "Gas"), (PRICE,))
    short = tmp_path / "short.csv"
    short.write_text("\n".join((find_dataset() / "pricing.csv").read_text().splitlines()[:100]))
    with pytest.raises(InputError, match="has 99 rows after the header, not 8760"):
        read_columns(short, (PRICE,))
    with pytest.raises(InputError, match="no such file"):
        read_columns(tmp_path / "absent.csv", (PRICE,))
    binary = tmp_path / "binary.csv"
    binary.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="cannot be read"):
        read_columns(binary, (PRICE,))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"nominal_power": 4.0', '"nominal_power": -4.0', "pv.attributes.nominal_power is not a positive"),
        ('"buildings"', '"houses"', "cannot be read"),
        ("{", "[", "cannot be read"),
    ],
)
def test_bad_schema_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    folder = tmp_path / "data"
    shutil.copytree(find_dataset(), folder)
    text = (folder / "schema.json").read_text()
    assert old in text
    (folder / "schema.json").write_text(text.replace(old, new, 1))
    with pytest.raises(InputError, match=message):
        dataset.load_year(folder)
