"""One day of N homes: metered hours, ratings, prices, and the days before it to warm up forecasts."""

from datetime import date, timedelta

import numpy as np

from host_tools.city.dataset import FIRST_DAY, HOURS, Year, load_year
from host_tools.errors import InputError
from host_tools.plant.types import Floats, Ints

DAYS = HOURS // 24
WEEKS_DAYS = 52 * 7  # days beyond either end of the year wrap by whole weeks, so the weekday stays
UTC_OFFSET_S = -8 * 3600  # Pacific standard time, all year: every day has 24 hours
CLEAR_SKY_DAYS = 15  # the envelope of clear hours is the best of this many days to either side
EPOCH = date(1970, 1, 1)


class Homes:
    """Hourly energies of N buildings on one date, and of `history_days` before it.

    Building k is home k modulo 17. Beyond 17, copy c takes the load of a date shifted by whole weeks
    (+1, -1, +2, -2 ...), so weekday and nearly the season stay; the PV keeps the date, the sky is shared.
    Homes 12 and 15 carry real faults (a frozen meter, nearly dead PV) and are kept as they are.
    """

    load_wh: Floats  # [N, 24]
    pv_wh: Floats  # [N, 24]
    pv_clear_wh: Floats  # [N, 24] the best of the same hour in the neighbouring days
    history_load_wh: Floats  # [N, 24 * history_days], oldest first
    history_pv_wh: Floats  # [N, 24 * history_days]
    price_per_kwh: Floats  # [24]
    carbon_kg_per_kwh: Floats  # [24]
    outdoor_degc: Floats  # [24]
    epoch_s: int  # UTC of local midnight
    history_epoch_s: int  # UTC of local midnight of the first day of history
    pv_rated_w: Floats  # [N]
    battery_wh: Floats  # [N]
    battery_rated_w: Floats  # [N]
    home: Ints  # [N] index of the home in the data set
    shift_days: Ints  # [N] whole weeks, in days

    def __init__(self, n: int, day: date, history_days: int = 21, year: Year | None = None) -> None:
        """Take `day` from the year of data; raises InputError for a day outside it or n < 1."""
        _check(n, day, history_days)
        self.n = n
        self.day = day
        self.year = year or load_year()
        copies = np.arange(n) // len(self.year.names)
        self.home = np.arange(n) % len(self.year.names)
        self.shift_days = 7 * ((copies + 1) // 2) * np.where(copies % 2, 1, -1)
        self._take_ratings()
        self._take_hours((day - FIRST_DAY).days, history_days)
        self.epoch_s = (day - EPOCH).days * 86400 - UTC_OFFSET_S
        self.history_epoch_s = self.epoch_s - history_days * 86400

    @property
    def price_by_hour(self) -> list[float]:
        """Price of each local hour as plain numbers, for a node's settings."""
        return [float(p) for p in self.price_per_kwh]

    def _take_ratings(self) -> None:
        self.pv_rated_w = self.year.pv_rated_w[self.home]
        self.battery_wh = self.year.battery_wh[self.home]
        self.battery_rated_w = self.year.battery_rated_w[self.home]

    def _take_hours(self, index: int, history_days: int) -> None:
        year, still = self.year, np.zeros(self.n, dtype=np.int64)
        self.load_wh = _rows(year.load_wh, self.home, index + self.shift_days, 1)
        self.pv_wh = _rows(year.pv_wh, self.home, still + index, 1)
        before = index - history_days
        self.history_load_wh = _rows(year.load_wh, self.home, before + self.shift_days, history_days)
        self.history_pv_wh = _rows(year.pv_wh, self.home, still + before, history_days)
        around = _rows(year.pv_wh, self.home, still + index - CLEAR_SKY_DAYS, 2 * CLEAR_SKY_DAYS + 1)
        self.pv_clear_wh = around.reshape(self.n, -1, 24).max(axis=1)
        hours = slice(24 * index, 24 * index + 24)
        self.price_per_kwh = year.price_per_kwh[hours]
        self.carbon_kg_per_kwh = year.carbon_kg_per_kwh[hours]
        self.outdoor_degc = year.outdoor_degc[hours]


def parse_day(text: str) -> date:
    """Return the day of the homes' year for MM-DD (or YYYY-MM-DD, checked later); raises InputError."""
    try:
        if len(text) > len("MM-DD"):
            return date.fromisoformat(text)
        years = (FIRST_DAY.year, FIRST_DAY.year + 1)
        first, second = (date.fromisoformat(f"{year}-{text}") for year in years)
        return first if first >= FIRST_DAY else second
    except ValueError:
        message = f"date {text!r}: no day of the homes' year; write MM-DD, for example 08-16 (no 02-29)"
        raise InputError(message) from None


def _rows(series: Floats, home: Ints, first_day: Ints, days: int) -> Floats:
    """Return [N, 24 * days] of series [H, HOURS] from first_day [N] on, wrapping by whole weeks."""
    index = first_day[:, np.newaxis] + np.arange(days)
    index = np.where((index < 0) | (index >= DAYS), index % WEEKS_DAYS, index)
    rows: Floats = series.reshape(-1, DAYS, 24)[home[:, np.newaxis], index]
    return rows.reshape(len(home), 24 * days)


def _check(n: int, day: date, history_days: int) -> None:
    last = FIRST_DAY + timedelta(days=DAYS - 1)
    if not FIRST_DAY <= day <= last:
        raise InputError(f"date {day}: outside the homes' data; choose a day from {FIRST_DAY} to {last}")
    if n < 1:
        raise InputError(f"{n} buildings: at least one is needed; choose a number from 1 up")
    if not 0 <= history_days <= WEEKS_DAYS:
        raise InputError(f"history of {history_days} days: choose from 0 to {WEEKS_DAYS}")
