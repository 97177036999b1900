"""The firmware's IEEE 1547-2018 controllers against EPRI's OpenDER: `compare()` gives the largest difference in %.

OpenDER's answers are tables in tests/cases/opender, made by opender_table; where it is installed they are made anew.
"""

import importlib.util
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from host_tools.stability import opender_table
from islet.base.clock import add_ms
from islet.control.band import Band
from islet.control.frequency_watt import FrequencyWatt
from islet.control.support import Support
from islet.state.image import Image
from islet.state.wishes import Wishes

F0_HZ = 60.0
V_NOMINAL_V = 230.0
RATED_W = opender_table.RATED
LONG_MS = 100_000  # after all responses
Rows = list[list[float]]


def settings(**changed: Any) -> SimpleNamespace:
    """Return what the controllers ask of settings: 10 kVA at 60 Hz."""
    known = {"f0_hz": F0_HZ, "v_nominal_v": V_NOMINAL_V, "battery_rated_w": RATED_W, "pv_rated_w": RATED_W}
    return SimpleNamespace(
        **known, **{"grid_code": "ieee1547_2", "volt_var": "off", "volt_watt": "off", **changed}
    )


class Bench:
    """The controllers of one inverter at a connection whose voltage and frequency are given."""

    def __init__(self, s: SimpleNamespace) -> None:
        self.image, self.wishes, self.band = Image(LONG_MS), Wishes(), Band()
        self._watt, self._support = FrequencyWatt(s), Support(s)
        self._now_ms = (1 << 30) - 5000

    def step(self, v_pu: float, hz: float, power_w: float, dt_ms: int) -> None:
        """Let dt_ms pass and let the controllers shrink the band and write their wishes."""
        self._now_ms = add_ms(self._now_ms, dt_ms)
        self.image.grid_v.set(v_pu * V_NOMINAL_V, self._now_ms)
        self.image.grid_hz.set(hz, self._now_ms)
        self.image.battery_w.set(power_w, self._now_ms)
        self.band.reset(-RATED_W, RATED_W)
        self.wishes.pv_limit_w = RATED_W
        self._support.step(self.image, self._now_ms, dt_ms)
        self._support.limit(self.band)
        self._watt.limit(self.image, self.band, self._now_ms)
        self._support.apply(self.wishes)


def frequency_watt_errors(rows: Rows) -> list[float]:
    """Return the differences (pu) for rows of (power before, Hz, power after); PV has no less than nothing."""
    found = []
    for before, hz, wanted in rows:
        bench = Bench(settings())
        bench.step(1.0, F0_HZ, before * RATED_W, LONG_MS)
        bench.step(1.0, hz, before * RATED_W, LONG_MS)
        held_w = bench.band.clamp(before * RATED_W)
        found.append(max(0.0, held_w) / RATED_W - wanted)
    return found


def volt_var_errors(rows: Rows, name: str) -> list[float]:
    """Return the differences for rows of (power available, voltage, power, var)."""
    found = []
    for available, v_pu, power, var in rows:
        bench = Bench(settings(volt_var=name))
        bench.step(v_pu, F0_HZ, available * RATED_W, LONG_MS)
        given = min(available, bench.wishes.pv_limit_w / RATED_W)
        battery = bench.band.clamp(available * RATED_W) / RATED_W
        found += [bench.wishes.battery_var / RATED_W - var, bench.wishes.pv_var / RATED_W - var]
        found += [given - power, battery - power]
    return found


def volt_watt_errors(rows: Rows) -> list[float]:
    """Return the differences for rows of (power available, voltage, power)."""
    found = []
    for available, v_pu, power in rows:
        bench = Bench(settings(volt_watt="on"))
        bench.step(v_pu, F0_HZ, available * RATED_W, LONG_MS)
        found.append(min(available, bench.wishes.pv_limit_w / RATED_W) - power)
        found.append(bench.band.clamp(available * RATED_W) / RATED_W - power)
    return found


def response_errors(rows: Rows) -> list[float]:
    """Return the differences for rows of (seconds after the step, power at 60.5 Hz from 0.8, var at 1.08 pu)."""
    by_hz, by_v = Bench(settings()), Bench(settings(volt_var="b"))
    by_hz.step(1.0, F0_HZ, 0.8 * RATED_W, LONG_MS)
    by_v.step(1.0, F0_HZ, 0.0, LONG_MS)
    wanted = {round(10 * row[0]): row for row in rows}
    found = []
    for k in range(1, max(wanted) + 1):
        by_hz.step(1.0, 60.5, by_hz.band.clamp(0.8 * RATED_W), 100)
        by_v.step(1.08, F0_HZ, 0.0, 100)
        if k in wanted:
            found.append(by_hz.band.clamp(0.8 * RATED_W) / RATED_W - wanted[k][1])
            found.append(by_v.wishes.battery_var / RATED_W - wanted[k][2])
    return found


def errors_pu(folder: Path = opender_table.CASES) -> dict[str, list[float]]:
    """Return all differences by table; OSError or ValueError when the tables cannot be read."""
    return {
        "frequency_watt": frequency_watt_errors(_rows(folder, "frequency_watt")),
        "volt_var_a": volt_var_errors(_rows(folder, "volt_var_a"), "a"),
        "volt_var_b": volt_var_errors(_rows(folder, "volt_var_b"), "b"),
        "volt_watt": volt_watt_errors(_rows(folder, "volt_watt")),
        "response": response_errors(_rows(folder, "response")),
    }


def compare(folder: Path = opender_table.CASES) -> float:
    """Return the largest difference from OpenDER in percent of the rating."""
    return 100.0 * max(abs(error) for found in errors_pu(folder).values() for error in found)


def installed() -> bool:
    """Return whether OpenDER itself is here."""
    return importlib.util.find_spec("opender") is not None


def _rows(folder: Path, name: str) -> Rows:
    if installed():
        return opender_table.tables()[name][1]
    rows: Rows = json.loads((folder / f"{name}.json").read_text())["rows"]
    return rows
