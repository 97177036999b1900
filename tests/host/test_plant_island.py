"""A building as an island, tripping and coming back; expected values by hand."""

import numpy as np
import pytest

from host_tools.plant.types import FAULT, FOLLOWING, FORMING, OFF
from tests.host.plant_rig import MS_PER_H, PlantRig


def test_island_runs_on_battery_and_droop() -> None:
    """1 kW of 5 kW at 1 % droop is 0.1 Hz; the voltage falls by a fifth of 2 %."""
    truth = PlantRig().to_island()
    assert truth.battery_w == 1000.0
    assert truth.grid_w == 0.0
    assert truth.bus_hz == pytest.approx(49.9)
    assert truth.bus_v == pytest.approx(230.0 * 0.996)


def test_pv_enters_the_island_after_its_delay() -> None:
    rig = PlantRig()
    rig.pv_w[:] = 1500.0
    rig.to_island()
    rig.run(299_900)
    assert rig.plant.energy_j["pv"] == 0.0
    truth = rig.run(100)  # the island stands since 40 ms before to_island ended
    assert truth.pv_w == 1500.0
    assert rig.plant.energy_j["pv"] == pytest.approx(1500.0 * 0.04)


def test_full_battery_curtails_pv_by_frequency() -> None:
    rig = PlantRig(soc_pu=0.99, pv_reconnect_s=1.0)
    rig.pv_w[:] = 3000.0
    rig.to_island()
    truth = rig.run(MS_PER_H)
    assert truth.soc_pu == 1.0
    assert truth.pv_w == pytest.approx(1000.0)
    assert truth.bus_hz == pytest.approx(50.95)
    assert (rig.plant.sums.curtailed_j > 0).all()


@pytest.mark.parametrize(("load_w", "dark_after_ms"), [(6001.0, 0), (5500.0, 10_000), (5000.0, None)])
def test_overload(load_w: float, dark_after_ms: int | None) -> None:
    """Beyond 1.2 of 5 kW at once, between 1.0 and 1.2 after 10 s, at 1.0 never."""
    rig = PlantRig(soc_pu=1.0)
    rig.to_island()
    before_j = rig.plant.energy_j["load"].copy()
    rig.demand_w[:] = [load_w, 0.0, 0.0]
    truth = rig.run(60_000)
    lasted_ms = 60_000 if dark_after_ms is None else dark_after_ms
    assert rig.plant.energy_j["load"] - before_j == pytest.approx(load_w * lasted_ms / 1000)
    assert truth.battery_state == (FORMING if dark_after_ms is None else FAULT)


def test_relieved_overload_starts_its_ten_seconds_anew() -> None:
    rig = PlantRig(soc_pu=1.0)
    rig.to_island()
    for _ in range(2):
        rig.demand_w[:] = [5500.0, 0.0, 0.0]
        rig.run(9000)
        rig.demand_w[:] = [1000.0, 0.0, 0.0]
        assert rig.run(100).battery_state == FORMING


def test_tripped_inverter_forms_again_only_after_the_order_was_taken_back() -> None:
    rig = PlantRig()
    rig.to_island()
    rig.demand_w[:] = [7000.0, 0.0, 0.0]
    rig.run(100)
    rig.demand_w[:] = [1000.0, 0.0, 0.0]
    assert rig.run(60_000).battery_state == FAULT
    rig.c.form[:] = False
    assert rig.run(100).battery_state == OFF
    rig.c.form[:] = True
    assert rig.run(100).battery_state == FORMING
    assert rig.plant.sums.unserved_dark_j.sum() == pytest.approx(7000.0 * 0.1 + 1000.0 * (60.0 + 0.1 + 0.06))
    assert rig.plant.supply.trips == 1


def test_empty_battery_ends_the_island_and_sun_alone_can_keep_it() -> None:
    """6.4 Wh at 1 kW last 6.4*0.94868/1000 h = 21.858 s."""
    rig = PlantRig(soc_pu=0.001)
    rig.to_island()
    truth = rig.run(60_000)
    assert truth.battery_state == FAULT
    assert rig.plant.energy_j["load"] == pytest.approx(6.4 * 3600 * 0.9**0.5)
    rig.c.form[:] = False
    rig.run(100)
    rig.c.form[:] = True
    rig.c.shed_level[:] = 3
    rig.pv_w[:] = 2500.0
    assert rig.run(300_100).pv_on.all()  # nothing drawn: the empty battery can hold the voltage for PV
    rig.c.shed_level[:] = 0
    truth = rig.run(60_000)
    assert truth.battery_state == FORMING
    assert truth.battery_w == pytest.approx(-1500.0)


def closing(rig: PlantRig, wanted_rad: float) -> None:
    """Bring the grid back at such an angle that the contacts meet at wanted_rad (grid minus bus)."""
    truth = rig.run(100)
    lead_rad = 2.0 * np.pi * (50.0 - truth.bus_hz[0]) * 0.05
    angle_rad = wanted_rad - lead_rad - (truth.grid_phase_rad[0] - truth.bus_phase_rad[0])
    rig.grid_v = 230.0 * np.exp(1j * np.array([angle_rad]))
    rig.c.contactor_closed[:] = True


@pytest.mark.parametrize("angle_rad", [0.0, 0.15, -0.15, 1.0])
def test_closing_is_recorded_where_the_contacts_meet(angle_rad: float) -> None:
    rig = PlantRig()
    rig.to_island()
    closing(rig, angle_rad)
    truth = rig.run(100)
    assert truth.battery_state == FOLLOWING
    assert rig.plant.closing_angle_rad == pytest.approx(angle_rad, abs=1e-9)
    assert rig.plant.closing_slip_hz == pytest.approx(0.1)
    assert rig.plant.closing_dv_pu == pytest.approx(0.004)
    assert truth.bus_phase_rad == pytest.approx(truth.grid_phase_rad)


@pytest.mark.parametrize("angle_rad", [1.1, -1.1])  # 63 degrees
def test_closing_out_of_phase_trips_and_darkens_for_a_second(angle_rad: float) -> None:
    rig = PlantRig()
    rig.to_island()
    before_j = rig.plant.energy_j["load"].copy()
    closing(rig, angle_rad)
    truth = rig.run(1000)
    assert truth.battery_state == FAULT
    assert not truth.energised.any()
    truth = rig.run(1000)
    assert truth.energised.all()
    assert rig.plant.energy_j["load"] - before_j == pytest.approx(1000.0 * (0.1 + 0.05 + 0.95))
    rig.c.form[:] = False
    assert rig.run(100).battery_state == FOLLOWING


def test_closing_onto_a_dead_grid_is_an_overload() -> None:
    rig = PlantRig()
    rig.to_island()
    rig.c.contactor_closed[:] = True
    truth = rig.run(100)
    assert truth.battery_state == FAULT
    assert not truth.energised.any()
    assert np.isnan(rig.plant.closing_angle_rad).all()


def test_closing_a_dark_bus_is_no_synchronising() -> None:
    rig = PlantRig()
    rig.lose_grid()
    rig.c.contactor_closed[:] = False
    rig.run(1000)
    rig.grid_v = np.full(1, 230.0)
    rig.c.contactor_closed[:] = True
    assert rig.run(100).energised.all()
    assert np.isnan(rig.plant.closing_angle_rad).all()
    assert rig.plant.energy_j["load"] == pytest.approx(1000.0 * 0.05)


def test_second_outage_counts_anew_and_the_longest_is_kept() -> None:
    rig = PlantRig()
    rig.to_island()
    closing(rig, 0.0)
    rig.run(1000)
    rig.lose_grid()
    rig.c.contactor_closed[:] = False
    rig.run(1000)  # forming is still ordered: open at 20, energised at 80
    assert rig.plant.to_island_ms == 80.0
    assert rig.plant.to_island_max_ms == 260.0
