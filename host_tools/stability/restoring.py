"""Restoration in the loop: the firmware's sampled integral around a forming inverter that hears of it late."""

from dataclasses import dataclass
from math import exp, pi

import numpy as np
from numpy.typing import NDArray

from islet.base.bound import gain_bound
from islet.base.clock import add_ms
from islet.control.restore import SAMPLE_MS, Restore

F0_HZ = 50.0
LOAD_STEP_HZ = 1e-3  # small, so that no bound of the controller is met before growth is seen
GROWN_HZ = 0.05
GONE_HZ = 1e-9
SAMPLES_MAX = 6000
LOAD_DAMPING = 1.5  # per unit of power a per unit of frequency: motors among the load


@dataclass(frozen=True)
class Former:
    """A forming inverter at half load: f = form - droop f0 P, P behind its power filter, `lag_s` to follow form."""

    droop_pu: float = 0.01
    filter_hz: float = 5.0
    lag_s: float = 0.0
    load_pu: float = 0.5


@dataclass(frozen=True)
class Sweep:
    """Which gains, per unit of the bound, are stable in the simulation for each droop and delay."""

    delays: NDArray[np.int64]
    gains_pu: NDArray[np.float64]
    droops_pu: NDArray[np.float64]
    stable: NDArray[np.bool_]  # [droops, delays, gains]

    @property
    def bound(self) -> NDArray[np.bool_]:
        """What the bound says, as `stable`."""
        return np.broadcast_to(self.gains_pu < 1.0, self.stable.shape)

    @property
    def agreement(self) -> float:
        """Part of the points where simulation and bound say the same."""
        return float(np.mean(self.stable == self.bound))

    @property
    def unsafe(self) -> int:
        """Points that the bound permits and that are not stable."""
        return int(np.sum(self.bound & ~self.stable))


def errors_hz(former: Former, gain: float, delay: int, told: int | None = None) -> list[float]:
    """Return the error at each sample after a small load step; told: the delay that the controller believes.

    What is asked at a sample is heard of `delay` samples after the next one; ends when it has grown or gone.
    """
    loop = Restore(gain, delay if told is None else told, F0_HZ, 10.0, 0.3)
    per_hz = former.droop_pu * LOAD_DAMPING * former.load_pu  # of the frequency's own fall, through the load
    step_s = SAMPLE_MS / 1000
    follow = 1.0 - exp(-step_s / former.lag_s) if former.lag_s else 1.0
    settle = 1.0 - exp(-2 * pi * former.filter_hz * step_s)
    forward = former.droop_pu * F0_HZ * former.load_pu  # known, and not of the step
    late = [F0_HZ + forward] * (delay + 1)
    heard, fall_hz, tick = F0_HZ + forward, 0.0, (1 << 30) - 5000
    found: list[float] = []
    for _ in range(SAMPLES_MAX):
        heard += follow * (late.pop(0) - heard)
        hz = (heard - forward - fall_hz + per_hz * F0_HZ) / (1.0 + per_hz)
        fall_hz += settle * (LOAD_STEP_HZ - fall_hz)
        tick = add_ms(tick, SAMPLE_MS)
        late.append(loop.sample(F0_HZ, forward, hz, tick))
        found.append(F0_HZ - hz)
        if len(found) > 50 + 10 * delay and not GONE_HZ < max(map(abs, found[-2 * delay - 4 :])) < GROWN_HZ:
            break
    return found


def is_stable(former: Former, gain: float, delay: int, told: int | None = None) -> bool:
    """Return whether the error goes away."""
    found = [abs(error) for error in errors_hz(former, gain, delay, told)]
    last = max(found[-2 * delay - 4 :])
    if not GONE_HZ < last < GROWN_HZ:
        return last <= GONE_HZ
    third = len(found) // 3
    return max(found[-third:]) < max(found[third : 2 * third])


def critical_gain(former: Former, delay: int, told: int | None = None) -> float:
    """Return the gain at which the simulation loses stability, to a thousandth of the bound."""
    bound = gain_bound(delay)
    low, high = 0.2 * bound, 3.0 * bound
    while high - low > 1e-3 * bound:
        middle = (low + high) / 2
        low, high = (middle, high) if is_stable(former, middle, delay, told) else (low, middle)
    return (low + high) / 2


def sweep(quick: bool = False) -> Sweep:
    """Simulate droop gains, delays and restoration gains; none within 1 % of the bound, where both may be right."""
    delays = np.arange(0, 5 if quick else 11)
    gains = np.linspace(0.1, 1.9, 10 if quick else 25)
    gains = np.where(np.abs(gains - 1.0) < 0.01, 0.985, gains)
    droops = np.array([0.01] if quick else [0.0, 0.01, 0.05, 0.1])
    stable = np.zeros((len(droops), len(delays), len(gains)), dtype=np.bool_)
    for k, droop in enumerate(droops):
        former = Former(droop_pu=float(droop))
        for i, delay in enumerate(delays):
            bound = gain_bound(int(delay))
            for j, gain in enumerate(gains):
                stable[k, i, j] = is_stable(former, float(gain) * bound, int(delay))
    return Sweep(delays, gains, droops, stable)


def margins(delays: NDArray[np.int64], former: Former | None = None) -> NDArray[np.float64]:
    """Return how far the gain at which the simulation turns unstable lies from the bound, per unit of it."""
    former = former or Former(droop_pu=0.0)
    return np.array([critical_gain(former, int(d)) / gain_bound(int(d)) - 1.0 for d in delays])
