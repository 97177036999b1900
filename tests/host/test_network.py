"""The network agrees with pandapower, keeps the house's signs, and fails in sentences."""

import json
from pathlib import Path

import numpy as np
import pandapower_feeder as oracle
import pytest

from host_tools.city import feeder as feeder_module
from host_tools.city.feeder import load_feeder, transformer_for
from host_tools.city.network import V_NOMINAL_V, Network
from host_tools.errors import InputError

CASE_NAMES = ("evening", "noon", "one_phase")


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(oracle.HOMES, oracle.CACHE)


def read_case(name: str) -> dict[str, object]:
    case: dict[str, object] = json.loads((oracle.CASES / name / "case.json").read_text())
    return case


@pytest.mark.parametrize("name", CASE_NAMES)
def test_equals_pandapower(name: str, network: Network) -> None:
    """Expected: pandapower's runpp_3ph, stored with the case; tolerance 1e-4 pu."""
    case = read_case(name)
    assert network.feeder.service_node[: oracle.HOMES].tolist() == case["service_node"]
    assert network.phase_of.tolist() == case["service_phase"]
    state = network.solve(np.array(case["grid_w"]), np.array(case["consumed_var"]))
    assert np.abs(state.voltage_v - case["expected"]["voltage_v"]).max() < 1e-4 * V_NOMINAL_V
    rated_a = 50_000.0 / (400.0 * 3.0**0.5)  # rated current by hand
    assert state.phase_pu[0] * rated_a == pytest.approx(case["expected"]["phase_a"], abs=0.05)


def test_stored_case_is_what_pandapower_says_now() -> None:
    """The file cannot drift from the tool it quotes."""
    case = read_case("one_phase")
    now = oracle.solve(
        load_feeder(oracle.CACHE),
        transformer_for(oracle.HOMES),
        case["parameters"]["source_pu"],
        np.array(case["grid_w"]),
        np.array(case["consumed_var"]),
    )
    assert now["voltage_v"] == pytest.approx(case["expected"]["voltage_v"], abs=1e-3)
    assert now["phase_a"] == pytest.approx(case["expected"]["phase_a"], abs=1e-3)


def test_import_lowers_and_export_raises_voltage(network: Network) -> None:
    """grid_w > 0 imports: the drop along the feeder has the sign of the power."""
    idle = network.solve(np.zeros(17)).voltage_v
    assert idle == pytest.approx(np.full(17, 1.015 * 400.0 / 3**0.5), abs=0.01)
    assert np.all(network.solve(np.full(17, 2000.0)).voltage_v < idle)
    assert np.all(network.solve(np.full(17, -2000.0)).voltage_v > idle)


def test_series_equals_single_solves(network: Network) -> None:
    """A batch is the same physics; minutes without supply are zero and the others untouched."""
    rng = np.random.default_rng(2)
    power = rng.uniform(-3000.0, 4000.0, (4, 17))
    on = np.array([True, True, False, True])
    series = network.solve_series(power, 0.2 * np.abs(power), on)
    for minute in (0, 1, 3):
        single = network.solve(power[minute], 0.2 * np.abs(power[minute]))
        assert series.voltage_v[minute] == pytest.approx(single.voltage_v, abs=1e-4)
        assert series.transformer_pu[minute] == pytest.approx(single.transformer_pu, abs=1e-6)
        assert series.worst_line_pu[minute, 0] == pytest.approx(single.worst_line_pu, abs=1e-6)
    assert not series.voltage_v[2].any()
    assert not series.phase_pu[2].any()


def test_dead_feeder_is_zero_without_nan(network: Network) -> None:
    """Without supply everything is a plain zero."""
    state = network.solve(np.full(17, 1000.0), energised=False)
    for values in (state.voltage_v, state.transformer_va, state.phase_pu, state.line_pu):
        assert np.all(values == 0.0)


def test_transformer_follows_the_homes() -> None:
    """By hand: 17 homes x 2.5 kVA = 42.5 -> 50; 55 -> 137.5 -> 160; 1 -> 25 (sizes of the standard)."""
    assert [transformer_for(homes).rated_va for homes in (1, 17, 20, 21, 55)] == [
        25e3,
        50e3,
        50e3,
        75e3,
        160e3,
    ]
    assert transformer_for(17).load_loss_w == 1100.0
    assert transformer_for(17, 2000.0).load_loss_w == pytest.approx(8400.0 * 2.5)


def test_homes_beyond_one_feeder_do_not_disturb_it(network: Network) -> None:
    """Building 56 is on a feeder of its own, with its own transformer."""
    wide = Network(57, oracle.CACHE, transformer_kva=50.0)
    power = np.zeros(57)
    power[:17] = 1500.0
    assert wide.feeder_of.tolist() == [0] * 55 + [1] * 2
    state = wide.solve(power)
    assert state.voltage_v[:17] == pytest.approx(network.solve(power[:17]).voltage_v, abs=1e-3)
    assert state.transformer_va[1] == pytest.approx(0.0, abs=1.0)


def test_every_home_keeps_its_phase_and_place() -> None:
    """All 55 points are taken once; the feeder's own phases are 21, 19 and 15 (pandapower's load table)."""
    feeder = load_feeder(oracle.CACHE)
    assert len(set(feeder.service_node.tolist())) == 55
    assert np.bincount(feeder.service_phase).tolist() == [21, 19, 15]
    assert np.bincount(feeder.service_phase[:17]).max() <= 6


def test_cable_carries_what_is_below_it(network: Network) -> None:
    """The first cable carries all of a phase; at the worst cable the homes below explain the current."""
    for phase in range(3):
        assert network.below_line(0, 0, phase).tolist() == network.on_feeder(0, phase).tolist()
    power = np.zeros(17)
    power[4] = 3000.0
    state = network.solve(power)
    feeder, line, phase = state.worst_line
    assert 4 in network.below_line(feeder, line, phase)
    amps = state.worst_line_pu * network.feeder.line_rating_a[line]
    assert amps == pytest.approx(3000.0 / state.voltage_v[4], rel=1e-3)


def test_cache_spares_the_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second load reads the file; a damaged file is made anew."""
    made = load_feeder(oracle.CACHE)
    calls = []

    def count() -> feeder_module.Feeder:
        calls.append(1)
        return made

    monkeypatch.setattr(feeder_module, "import_feeder", count)
    load_feeder(tmp_path)
    again = load_feeder(tmp_path)
    assert len(calls) == 1
    assert again.line_name.tolist() == made.line_name.tolist()
    assert again.line_r0_ohm.tolist() == made.line_r0_ohm.tolist()
    next(tmp_path.iterdir()).write_bytes(b"PK\x03\x04 cut off")
    load_feeder(tmp_path)
    assert len(calls) == 2


def test_bad_input_is_a_sentence(network: Network, tmp_path: Path) -> None:
    """Unknown power, impossible load and an unusable folder all say what and where."""
    with pytest.raises(InputError, match="power of building 3 is unknown"):
        network.solve(np.where(np.arange(17) == 2, np.nan, 0.0))
    with pytest.raises(InputError, match=r"no power flow in case 0 with 17000\.0 kW drawn"):
        network.solve(np.full(17, 1e6))
    with pytest.raises(InputError, match="no power flow in case 1"):
        network.solve_series(np.stack([np.zeros(17), np.full(17, 1e6)]))
    with pytest.raises(InputError, match="choose from"):
        Network(17, oracle.CACHE, source_pu=3.0)
    with pytest.raises(InputError, match="must be positive"):
        Network(17, oracle.CACHE, transformer_kva=-5.0)
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        load_feeder(tmp_path / "file")


def test_network_recovers_after_an_impossible_load(network: Network) -> None:
    """A failed solve leaves nothing behind."""
    before = network.solve(np.full(17, 1000.0)).voltage_v
    with pytest.raises(InputError):
        network.solve(np.full(17, 1e6))
    assert network.solve(np.full(17, 1000.0)).voltage_v == pytest.approx(before, abs=1e-6)
