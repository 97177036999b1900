"""Real homes under the board's own forecast, planner and balance; hour data held over two slots."""

import importlib.util
from array import array

import numpy as np
import pytest

from host_tools.bench.forecast import FIRST_S
from host_tools.bench.plan import SLOT_S, SLOTS, TOU, settings
from host_tools.city.dataset import Year, load_year
from host_tools.plant.types import Floats
from islet.control.balance import Balance
from islet.control.band import Band
from islet.control.limits import NO_LIMIT_W, Limits
from islet.forecast.load import LoadForecast
from islet.forecast.pv import PvForecast
from islet.plan.intent import Intent
from islet.plan.planner import ETA, Planner
from islet.state.image import Image
from islet.state.wishes import Wishes

STEP_MS = 300_000


def year_or_skip() -> Year:
    """Return the year of homes, or skip the module when the wheel that carries it is not installed."""
    if importlib.util.find_spec("citylearn") is None:
        pytest.skip("needs the wheel citylearn 2.1.2, which carries the homes' data", allow_module_level=True)
    return load_year()


class Home:
    """One home of the year: learns, plans and balances slot by slot; soc_pu is the only physics."""

    def __init__(self, load_wh: Floats, pv_wh: Floats, pv_rated_w: float, soc_pu: float) -> None:
        self.load_wh = load_wh
        self.pv_wh = pv_wh
        self.soc_pu = soc_pu
        self.load = LoadForecast(SLOT_S)
        self.pv = PvForecast(SLOT_S, pv_rated_w)
        self.planner = Planner(settings())
        self.intent = Intent()
        self.band = Band()
        self.limits = Limits(settings())
        self.balance = Balance(settings())
        self.image = Image(STEP_MS)
        self.wishes = Wishes()
        self._load_w = array("f", [0.0] * SLOTS)
        self._pv_w = array("f", [0.0] * SLOTS)

    def learn(self, first: int, last: int) -> None:
        """Teach the slots first..last-1, counted from the start of the year."""
        for slot in range(first, last):
            self.load.learn(FIRST_S + slot * SLOT_S, float(self.load_wh[slot // 2]))
            self.pv.learn(FIRST_S + slot * SLOT_S, float(self.pv_wh[slot // 2]))

    def forecast(self, slot: int) -> tuple["array[float]", "array[float]"]:
        """Return the expected load and PV (W) of the day that begins with the slot."""
        self.load.predict(FIRST_S + slot * SLOT_S, self._load_w)
        self.pv.predict(FIRST_S + slot * SLOT_S, self._pv_w)
        return self._load_w, self._pv_w

    def live(self, slot: int) -> float:
        """Plan, then balance through the slot, then learn it; return the mean grid power (W, imports)."""
        load_w, pv_w = self.forecast(slot)
        self.planner.solve(slot % SLOTS, load_w, pv_w, TOU, self.soc_pu)
        self.planner.plan.fill_intent(0, self.intent)
        steps = SLOT_S * 1000 // STEP_MS
        grid_w = sum(self._balance(slot) for _ in range(steps)) / steps
        self.learn(slot, slot + 1)
        return grid_w

    def _balance(self, slot: int) -> float:
        load_w, pv_w = float(self.load_wh[slot // 2]), float(self.pv_wh[slot // 2])
        self.image.metered_load_w.set(load_w, 0)
        self.image.pv_w.set(pv_w, 0)
        self.image.apart_w.set(0.0, 0)
        self.image.feeder_w.set(0.0, 0)
        self.image.soc_pu.set(self.soc_pu, 0)
        self.band.reset(-NO_LIMIT_W, NO_LIMIT_W)
        self.limits.shrink(self.band, self.image, 0, STEP_MS, 9200.0, 10_000.0)
        self.balance.step(self.image, self.wishes, self.band, self.intent, 0, STEP_MS)
        power_w = self.wishes.battery_w
        stored_w = power_w / ETA if power_w > 0 else power_w * ETA
        self.soc_pu -= stored_w * STEP_MS / 3_600_000 / 6400.0
        return load_w - pv_w - power_w


def day_of_homes(year: Year, day: int, taught_days: int = 14) -> tuple[Floats, list[Home]]:
    """Return the district's grid power (W) by slot of the day, lived from noon before, and its homes."""
    homes = []
    grid_w = np.zeros(SLOTS)
    begin = day * SLOTS - SLOTS // 2
    for h in range(len(year.names)):
        home = Home(year.load_wh[h], year.pv_wh[h], float(year.pv_rated_w[h]), soc_pu=0.5)
        home.learn(begin - taught_days * SLOTS, begin)
        for slot in range(begin, day * SLOTS):
            home.live(slot)
        grid_w += [home.live(slot) for slot in range(day * SLOTS, (day + 1) * SLOTS)]
        homes.append(home)
    return grid_w, homes


def idle_of_homes(year: Year, day: int) -> Floats:
    """Return the district's grid power (W) by slot of the day with idle batteries."""
    hours = slice(day * 24, (day + 1) * 24)
    net_w: Floats = (year.load_wh[:, hours] - year.pv_wh[:, hours]).sum(axis=0).repeat(2)
    return net_w
