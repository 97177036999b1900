"""A building on the grid and losing it: instants and energies, expected values by hand."""

import numpy as np
import pytest

from host_tools.plant.types import FOLLOWING, FORMING, OFF, PlantError
from tests.host.plant_rig import MS_PER_H, PlantRig


def test_on_the_grid_the_grid_covers_what_is_missing() -> None:
    rig = PlantRig()
    rig.pv_w[:] = 2500.0
    rig.c.battery_enabled[:] = True
    rig.c.battery_w[:] = -400.0
    truth = rig.run(MS_PER_H)
    assert truth.grid_w == pytest.approx(1000.0 - 2500.0 + 400.0)
    assert truth.grid_var == pytest.approx(200.0)
    energy = rig.plant.energy_j
    assert energy["grid_export"] == pytest.approx(1100.0 * 3600)
    assert energy["battery_charge"] == pytest.approx(400.0 * 3600)
    assert truth.soc_pu == pytest.approx(0.5 + 0.9**0.5 * 400.0 / 6400.0)


def test_disabled_battery_idles_and_rating_bounds_the_rest() -> None:
    rig = PlantRig()
    rig.c.battery_w[:] = 9000.0
    assert rig.run(100).battery_w == 0.0
    rig.c.battery_enabled[:] = True
    assert rig.run(100).battery_w == 5000.0
    rig.pv_w[:] = 4500.0
    rig.c.pv_limit_w[:] = 9000.0
    assert rig.run(100).pv_w == 4000.0
    rig.c.pv_limit_w[:] = 1200.0
    assert rig.run(100).pv_w == 1200.0


def test_battery_stops_at_the_instant_it_is_empty() -> None:
    """6.4 Wh are left: 5 kW last 6.4*0.94868/5000 h = 4.3715 s of a minute."""
    rig = PlantRig(soc_pu=0.001)
    rig.c.battery_enabled[:] = True
    rig.c.battery_w[:] = 5000.0
    truth = rig.run(60_000)
    assert truth.soc_pu == 0.0
    assert truth.battery_w == 0.0
    assert rig.plant.energy_j["battery_discharge"] == pytest.approx(6.4 * 3600 * 0.9**0.5)


def test_over_frequency_curtails_from_the_output_before() -> None:
    """IEEE 1547 at 50 Hz: 50.53 is 0.5 Hz past the dead band, 0.5/2.5 = 20 % of 4 kW less than 3 kW."""
    rig = PlantRig()
    rig.pv_w[:] = 3000.0
    rig.run(1000)
    rig.grid_hz = 50.53
    rig.pv_w[:] = 3600.0
    assert rig.run(1000).pv_w == pytest.approx(2200.0)
    rig.grid_hz = 50.0
    assert rig.run(1000).pv_w == pytest.approx(3600.0)


def test_transfer_takes_the_delays_of_contactor_and_inverter() -> None:
    """Loss at 0, open ordered at 100 (open at 120), forming ordered at 200: energised at 260."""
    rig = PlantRig()
    truth = rig.to_island()
    assert truth.energised.all()
    assert truth.battery_state == FORMING
    assert rig.plant.to_island_ms == 260.0
    assert rig.plant.unserved_gap_j[0] == pytest.approx([500 * 0.26, 300 * 0.26, 200 * 0.26])
    assert rig.plant.unserved_j == pytest.approx(rig.plant.unserved_gap_j)
    assert rig.plant.energy_j["load"] == pytest.approx(1000.0 * 0.04)


def test_contactor_moves_at_its_instant_and_an_order_taken_back_is_void() -> None:
    rig = PlantRig()
    rig.c.contactor_closed[:] = False
    assert rig.run(19).contactor_closed.all()
    assert not rig.run(1).contactor_closed.any()
    rig.c.contactor_closed[:] = True
    rig.run(40)
    rig.c.contactor_closed[:] = False
    rig.run(5)
    rig.c.contactor_closed[:] = True
    assert not rig.run(49).contactor_closed.any()
    assert rig.run(1).contactor_closed.all()


def test_forming_waits_for_the_open_contactor() -> None:
    """Both ordered at once: open at 20, forming 60 ms later at 80."""
    rig = PlantRig()
    rig.c.form[:] = True
    assert rig.run(1000).battery_state == FOLLOWING
    rig.c.contactor_closed[:] = False
    rig.run(100)
    assert rig.plant.to_island_ms == 60.0  # from the opening on, which is when the bus lost the grid
    assert rig.plant.energy_j["load"] == pytest.approx(1000.0 * (1.0 + 0.02 + 0.02))


def test_dead_grid_takes_everything_down_while_the_contactor_is_closed() -> None:
    rig = PlantRig()
    rig.pv_w[:] = 3000.0
    rig.run(1000)
    rig.lose_grid()
    rig.c.form[:] = True
    truth = rig.run(1000)
    for powers in (truth.grid_w, truth.pv_w, truth.battery_w, truth.load_w, truth.bus_v, truth.bus_hz):
        assert not powers.any()
    assert truth.battery_state == OFF


def test_gap_turns_into_dark_after_ten_seconds() -> None:
    rig = PlantRig()
    rig.lose_grid()
    rig.run(60_000)
    assert rig.plant.unserved_gap_j.sum() == pytest.approx(1000.0 * 10)
    assert rig.plant.sums.unserved_dark_j.sum() == pytest.approx(1000.0 * 50)
    assert np.isnan(rig.plant.to_island_ms).all()


def test_shed_groups_are_counted_apart() -> None:
    rig = PlantRig()
    rig.c.shed_level[:] = 2
    truth = rig.run(10_000)
    assert truth.load_w == 500.0
    assert rig.plant.sums.unserved_shed_j[0] == pytest.approx([0.0, 3000.0, 2000.0])
    assert not rig.plant.unserved_gap_j.any()


def test_ticks_may_wrap_inside_an_interval() -> None:
    rig = PlantRig()
    rig.plant.advance((1 << 30) - 50, 50, rig.demand_w, rig.pv_w, rig.grid_v, 50.0, rig.c)
    assert rig.plant.energy_j["load"] == pytest.approx(100.0)


def test_nonsense_is_refused_and_an_imbalance_names_its_building() -> None:
    rig = PlantRig(3)
    with pytest.raises(ValueError, match="no length"):
        rig.plant.advance(7, 7, rig.demand_w, rig.pv_w, rig.grid_v, 50.0, rig.c)
    with pytest.raises(ValueError, match="never negative"):
        rig.plant.advance(0, 100, -rig.demand_w, rig.pv_w, rig.grid_v, 50.0, rig.c)
    rig.c.battery_enabled[:] = True
    rig.c.battery_w[1] = np.nan
    with pytest.raises(PlantError, match="building 1"):
        rig.run(100)
