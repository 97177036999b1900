"""Envelopes relieve what is overloaded, fairly, verified by a power flow of their own, and let go late."""

import numpy as np
import pandapower_feeder as oracle
import pytest

from host_tools.aggregator.envelope import LIMIT_PU, Envelopes, water_level
from host_tools.city.network import Network

RATED_IMPORT, RATED_EXPORT = 13_800.0, 10_000.0


@pytest.fixture(scope="module")
def network() -> Network:
    return Network(17, oracle.CACHE)


def envelopes(network: Network, **options: float) -> Envelopes:
    return Envelopes(network, np.full(network.n, RATED_IMPORT), np.full(network.n, RATED_EXPORT), **options)


def obeying(power: np.ndarray, decision: object) -> np.ndarray:
    """Return the power with every limit obeyed."""
    result = power.copy()
    for k, envelope in decision.envelopes.items():
        result[k] = np.clip(power[k], -envelope.export_w, envelope.import_w)
    return result


def worst_pu(network: Network, power: np.ndarray) -> float:
    state = network.solve(power, 0.2 * np.maximum(power, 0.0))
    return max(state.transformer_pu.max(), state.phase_pu.max(), state.worst_line_pu)


@pytest.mark.parametrize(
    ("flow", "target", "floor", "level"),
    [
        ([5.0, 3.0, 1.0], 6.0, 0.0, 2.5),  # 2.5 + 2.5 + 1
        ([5.0, 3.0, 1.0], 8.0, 0.0, 4.0),  # only the largest comes down
        ([5.0, 3.0, -2.0], 2.0, 0.0, 2.0),  # 2 + 2 - 2: what flows back counts in full
        ([5.0, 3.0, 1.0], 1.5, 0.0, 0.5),  # all of them
        ([5.0, 3.0, 1.0], 1.5, 2.0, 2.0),  # not below the floor
    ],
)
def test_water_level(flow: list[float], target: float, floor: float, level: float) -> None:
    """Expected by hand, the sum is in the comment."""
    assert water_level(np.array(flow), target, floor) == pytest.approx(level)


def test_quiet_network_needs_no_envelope(network: Network) -> None:
    decision = envelopes(network).step(np.full(17, 1000.0))
    assert decision.envelopes == {}
    assert decision.relieved


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_overload_is_relieved_and_not_by_more_than_needed(network: Network, sign: float) -> None:
    """17 homes x 4.5 kW = 76.5 kW on 50 kVA, imported and exported; an own power flow checks the result."""
    power = np.full(17, sign * 4500.0)
    assert worst_pu(network, power) > 1.4
    decision = envelopes(network).step(power)
    assert decision.relieved
    assert 0.88 < worst_pu(network, obeying(power, decision)) <= LIMIT_PU
    for envelope in decision.envelopes.values():
        free = envelope.export_w if sign > 0 else envelope.import_w
        assert free == (RATED_EXPORT if sign > 0 else RATED_IMPORT)
        assert envelope.why == "transformer"


def test_only_the_loaded_phase_is_limited(network: Network) -> None:
    """7 kW at homes of phase B overload one winding, not the transformer; the others stay free."""
    on_b = network.on_feeder(0, 1)
    power = np.full(17, 500.0)
    power[on_b] = 7000.0
    decision = envelopes(network).step(power)
    assert set(decision.envelopes) == set(on_b.tolist())
    assert worst_pu(network, obeying(power, decision)) <= LIMIT_PU


def test_equal_limits_and_small_homes_keep_theirs(network: Network) -> None:
    """Within a phase all get one level; who is below it loses nothing."""
    power = np.full(17, 800.0)
    on_b = network.on_feeder(0, 1)
    power[on_b[:4]] = [9000.0, 7000.0, 5000.0, 4500.0]
    decision = envelopes(network).step(power)
    levels = {decision.envelopes[int(k)].import_w for k in on_b}
    assert len(levels) == 1
    assert levels.pop() > 800.0
    assert obeying(power, decision)[on_b[4:]].tolist() == power[on_b[4:]].tolist()


def test_planned_power_is_seen_before_it_flows(network: Network) -> None:
    decision = envelopes(network).step(np.full(17, 500.0), next_w=np.full(17, 5000.0))
    assert len(decision.envelopes) == 17
    assert worst_pu(network, obeying(np.full(17, 5000.0), decision)) <= LIMIT_PU


def test_released_late(network: Network) -> None:
    """Held between 0.85 and 0.95 of the rating, let go below."""
    watch = envelopes(network)
    assert watch.step(np.full(17, 4500.0)).envelopes
    between = np.full(17, 2450.0)
    assert 0.85 < worst_pu(network, between) < 0.95
    assert watch.step(between).envelopes
    assert watch.step(np.full(17, 1500.0), next_w=np.full(17, 4500.0)).envelopes
    assert watch.step(np.full(17, 1500.0)).envelopes == {}


def test_critical_minimum_is_kept_and_the_rest_is_said() -> None:
    """25 kVA cannot carry 17 x 2 kW: nobody is asked below 2 kW, and the answer says so."""
    small = Network(17, oracle.CACHE, transformer_kva=25.0)
    decision = envelopes(small, floor_w=2000.0).step(np.full(17, 4000.0))
    assert {e.import_w for e in decision.envelopes.values()} == {2000.0}
    assert not decision.relieved
    assert "stays at" in decision.note
    assert "no home is asked below 2000 W" in decision.note


def test_export_limits_never_below_zero(network: Network) -> None:
    decision = envelopes(network).step(np.full(17, -9000.0))
    assert decision.relieved
    assert all(e.export_w >= 0.0 for e in decision.envelopes.values())


def test_cable_limits_only_the_homes_below_it() -> None:
    """Cables of 20 A: 6 kW (26 A) at one home overloads what leads to it and binds only homes below."""
    thin = Network(17, oracle.CACHE, transformer_kva=400.0, line_rating_a=20.0)
    power = np.zeros(17)
    power[7] = 6000.0
    decision = envelopes(thin).step(power)
    assert decision.envelopes[7].why == "cable"
    assert set(decision.envelopes) <= set(thin.on_feeder(0, int(thin.phase_of[7])).tolist())
    assert worst_pu(thin, obeying(power, decision)) <= LIMIT_PU


def test_unheard_home_is_assumed_to_draw(network: Network) -> None:
    """NaN is neither zero nor a crash: 3 kW each is assumed, which overloads 50 kVA."""
    assert envelopes(network).step(np.full(17, np.nan)).loading_pu > 0.95


def test_second_feeder_keeps_its_freedom() -> None:
    """Homes 1..55 overload feeder 1; the two on feeder 2 stay free."""
    wide = Network(57, oracle.CACHE)
    power = np.full(57, 4000.0)
    power[55:] = 1000.0
    decision = envelopes(wide).step(power)
    assert set(decision.envelopes) == set(range(55))
    assert decision.relieved
