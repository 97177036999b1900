"""Reads the year of 17 metered homes in the citylearn 2.1.2 wheel (CityLearn Challenge 2022, MIT)."""

import csv
import importlib.util
import json
import math
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from host_tools.errors import InputError
from host_tools.plant.types import Floats

HOURS = 8760
DATASET = "citylearn_challenge_2022_phase_all"
# Row 0 is 00:00-01:00 of this day: the peak tariff fills rows 16..20 of each day (16:00-21:00), its weekday
# price follows Day Type 1..5 with 1 August a Monday, February has 28 days, and the study was in 2016/17.
# Rows are civil time: the middle of the PV day moves by an hour with daylight saving, though the column
# "Daylight Savings Status" is 0 throughout.
FIRST_DAY = date(2016, 8, 1)
LOAD = "Equipment Electric Power [kWh]"
PV = "Solar Generation [W/kW]"
PRICE = "Electricity Pricing [$/kWh]"
CARBON = "kg_CO2/kWh"
TEMPERATURE = "Outdoor Drybulb Temperature [C]"
REPAIR = "run `make setup` to install citylearn 2.1.2 again"


@dataclass(frozen=True)
class Year:
    """The year by hour; H is the home of the data set, the last axis is HOURS long."""

    names: tuple[str, ...]
    load_wh: Floats  # [H, HOURS]
    pv_wh: Floats  # [H, HOURS]
    pv_rated_w: Floats  # [H]
    battery_wh: Floats  # [H]
    battery_rated_w: Floats  # [H]
    price_per_kwh: Floats  # [HOURS]
    carbon_kg_per_kwh: Floats  # [HOURS]
    outdoor_degc: Floats  # [HOURS]


def load_year(folder: Path | None = None) -> Year:
    """Return the whole year from `folder` (default: inside the installed wheel); raises InputError."""
    folder = folder or find_dataset()
    buildings = _buildings(folder / "schema.json")
    series = [read_columns(folder / b["energy_simulation"], (LOAD, PV)) for b in buildings.values()]
    pv_kw = np.array([_rating(b, "pv", "nominal_power", folder) for b in buildings.values()])
    battery_kwh = [_rating(b, "electrical_storage", "capacity", folder) for b in buildings.values()]
    battery_kw = [_rating(b, "electrical_storage", "nominal_power", folder) for b in buildings.values()]
    return Year(
        names=tuple(buildings),
        load_wh=np.array([s[LOAD] for s in series]) * 1000.0,
        pv_wh=np.array([s[PV] for s in series]) * pv_kw[:, np.newaxis],
        pv_rated_w=pv_kw * 1000.0,
        battery_wh=np.array(battery_kwh) * 1000.0,
        battery_rated_w=np.array(battery_kw) * 1000.0,
        price_per_kwh=read_columns(folder / "pricing.csv", (PRICE,))[PRICE],
        carbon_kg_per_kwh=read_columns(folder / "carbon_intensity.csv", (CARBON,))[CARBON],
        outdoor_degc=read_columns(folder / "weather.csv", (TEMPERATURE,), minimum=-60.0)[TEMPERATURE],
    )


def find_dataset() -> Path:
    """Return the data set's folder inside the installed wheel, without importing it; raises InputError."""
    spec = importlib.util.find_spec("citylearn")
    if spec is None or spec.origin is None:
        raise InputError(
            f"city data: the package citylearn 2.1.2 with {DATASET}/schema.json is not installed; "
            "run `make setup`"
        )
    return Path(spec.origin).parent / "data" / DATASET


def read_columns(path: Path, columns: tuple[str, ...], minimum: float = 0.0) -> dict[str, Floats]:
    """Return HOURS values >= minimum per column of a CSV; raises InputError with file, line, column."""
    where = _positions(path, columns)
    try:
        table = np.loadtxt(path, delimiter=",", skiprows=1, usecols=where, ndmin=2, encoding="utf-8")
    except (ValueError, OSError) as error:
        raise _bad_cell(path, where, columns, minimum) or unreadable(path, error) from None
    if not np.all(np.isfinite(table) & (table >= minimum)):
        raise _bad_cell(path, where, columns, minimum) or unreadable(path, "a value that is no number")
    if len(table) != HOURS:
        raise InputError(f"{path}: has {len(table)} rows after the header, not {HOURS}; {REPAIR}")
    return {name: table[:, index].copy() for index, name in enumerate(columns)}


def unreadable(path: Path, why: object) -> InputError:
    """Return the error for a file that is there and makes no sense."""
    return InputError(f"{path}: cannot be read ({why}); {REPAIR}")


def _positions(path: Path, columns: tuple[str, ...]) -> list[int]:
    """Return where the columns stand in the header; raises InputError."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header = next(csv.reader(file), [])
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {REPAIR}") from None
    except (OSError, ValueError, csv.Error) as error:
        raise unreadable(path, error) from None
    for name in columns:
        if name not in header:
            raise InputError(f"{path}: line 1 has no column '{name}'; {REPAIR}")
    return [header.index(name) for name in columns]


def _bad_cell(path: Path, where: list[int], columns: tuple[str, ...], minimum: float) -> InputError | None:
    """Return what is wrong with the first bad cell; slow, so only after the fast reader has complained."""
    with path.open(newline="", encoding="utf-8", errors="replace") as file:
        rows = csv.reader(file)
        next(rows)
        for row in rows:
            for name, index in zip(columns, where, strict=True):
                text = row[index] if index < len(row) else ""
                if not _is_number(text, minimum):
                    what = f"line {rows.line_num}, column '{name}': '{text}'"
                    return InputError(f"{path}: {what} is not a number of at least {minimum:g}; {REPAIR}")
    return None


def _is_number(text: str, minimum: float) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return math.isfinite(value) and value >= minimum


def _buildings(path: Path) -> dict[str, dict[str, Any]]:
    """Return the schema's included buildings by name; raises InputError."""
    try:
        schema = json.loads(path.read_text(encoding="utf-8"))
        return {name: b for name, b in schema["buildings"].items() if b["include"] and b["energy_simulation"]}
    except FileNotFoundError:
        raise InputError(f"{path}: no such file; {REPAIR}") from None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise unreadable(path, repr(error)) from None


def _rating(building: dict[str, Any], part: str, name: str, folder: Path) -> float:
    try:
        value = float(building[part]["attributes"][name])
    except (KeyError, TypeError, ValueError):
        value = math.nan
    if not (math.isfinite(value) and value > 0.0):
        where = f"{folder / 'schema.json'}: {part}.attributes.{name}"
        raise InputError(f"{where} is not a positive number; {REPAIR}")
    return value
