"""Exactness of the plant: splitting an interval, conservation of energy, determinism."""

import numpy as np
import pytest

from host_tools.plant.sums import NAMES
from host_tools.plant.types import FAULT, FORMING, OFF
from tests.host.plant_rig import MS_PER_H, PlantRig


def busy(n: int = 9) -> PlantRig:
    """Return buildings that differ in charge, load and orders, with the grid just lost."""
    rig = PlantRig(n, pv_reconnect_s=5.0)
    rig.plant.store.soc_pu[:] = np.linspace(0.0005, 0.9999, n)
    rig.demand_w *= np.linspace(0.6, 13.4, n)[:, None]
    rig.pv_w[:] = np.linspace(3500.0, 0.0, n)
    rig.run(1000)
    rig.lose_grid()
    rig.c.form[:] = True
    rig.c.contactor_closed[: n - 1] = False
    rig.c.shed_level[:] = np.arange(n) % 3
    return rig


def test_one_minute_equals_six_hundred_tenths_of_a_second() -> None:
    one, many = busy(), busy()
    a, b = one.run(60_000), many.run(60_000, step_ms=100)
    for name in NAMES:
        assert one.plant.energy_j[name] == pytest.approx(many.plant.energy_j[name], rel=1e-9), name
    assert one.plant.unserved_j == pytest.approx(many.plant.unserved_j, rel=1e-9)
    assert one.plant.unserved_gap_j == pytest.approx(many.plant.unserved_gap_j, rel=1e-9)
    assert a.soc_pu == pytest.approx(b.soc_pu, abs=1e-12)
    assert a.bus_phase_rad == pytest.approx(b.bus_phase_rad, abs=1e-6)
    assert list(a.battery_state) == list(b.battery_state)
    assert {int(s) for s in a.battery_state} >= {FORMING, FAULT, OFF}  # it was busy indeed


def test_energy_is_conserved_through_everything() -> None:
    """Sources equal load, and charge is what the battery took less what it gave, each with its loss."""
    rig = busy()
    start_pu = np.linspace(0.0005, 0.9999, 9)
    rig.run(60_000, step_ms=1000)
    rig.grid_v = np.full(9, 230.0)
    rig.c.contactor_closed[:] = True
    rig.run(30_000)
    rig.c.form[:] = False
    rig.c.battery_enabled[:] = True
    rig.c.battery_w[:] = np.linspace(-5000.0, 5000.0, 9)
    truth = rig.run(2 * MS_PER_H, step_ms=60_000)
    e = rig.plant.energy_j
    sources_j = e["grid_import"] - e["grid_export"] + e["pv"] + e["battery_discharge"] - e["battery_charge"]
    assert sources_j == pytest.approx(e["load"], rel=1e-9)
    stored_j = e["battery_charge"] * 0.9**0.5 - e["battery_discharge"] / 0.9**0.5
    assert (truth.soc_pu - start_pu) * 6400.0 * 3600 == pytest.approx(stored_j, abs=1e-3)
    assert rig.plant.balance_error_w_max < 1e-6
    assert (e["pv"] <= e["pv_available"]).all()


def test_same_seed_same_history_and_buildings_do_not_touch() -> None:
    whole, again, part = busy(), busy(), busy()
    a, b = whole.run(60_000), again.run(60_000)
    assert (a.bus_phase_rad == b.bus_phase_rad).all()
    assert (whole.plant.energy_j["load"] == again.plant.energy_j["load"]).all()
    part.demand_w[0] = 0.0  # another first building changes no other
    c = part.run(60_000)
    assert c.soc_pu[1:] == pytest.approx(a.soc_pu[1:], abs=1e-12)
