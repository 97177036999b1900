"""How much droop an inverter bears: its power filter and coupling against the rest of the network.

A forming inverter E behind R + sL beside a stiff bus, or beside its twin (the middle between both is stiff for their
swing against each other). Its angle moves with -m P_f, P_f is the power behind a low-pass of w_c:

    s (s + w_c) ((s L + R)**2 + X**2) + m w_c E**2 X = 0      (no load, X = w0 L)

Routh's array gives the largest m; the dynamics of the line, usually left out, are what bounds it.
"""

from dataclasses import dataclass
from math import pi

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
F0_HZ = 50.0
W0 = 2 * pi * F0_HZ
_PUSH_RAD = 1e-3


@dataclass(frozen=True)
class Coupling:
    """Impedance between inverter and bus, per unit of its rating, and the cut-off of its power filter."""

    x_pu: float = 0.1
    r_pu: float = 0.02
    filter_hz: float = 5.0

    @property
    def filter_w(self) -> float:
        """Cut-off in rad/s."""
        return 2 * pi * self.filter_hz


def droop_bound(c: Coupling) -> float:
    """Return the droop (pu of f0 at rated power) below which it is stable, by Routh's array of the polynomial."""
    inductance, wc = c.x_pu / W0, c.filter_w
    a4 = inductance**2
    a3 = 2 * c.r_pu * inductance + wc * inductance**2
    a2 = c.r_pu**2 + c.x_pu**2 + 2 * c.r_pu * inductance * wc
    a1 = wc * (c.r_pu**2 + c.x_pu**2)
    m = a1 * (a3 * a2 - a4 * a1) / (a3**2 * wc * c.x_pu)
    return m / W0


def state_matrix(c: Coupling, droop_pu: float, angle_rad: float = 0.0) -> Floats:
    """Return d(angle, P_f, i_d, i_q)/dt linearised at an angle to the bus; currents in the frame of the bus."""
    inductance, wc, m = c.x_pu / W0, c.filter_w, droop_pu * W0
    i_d, i_q = _current(c, angle_rad)
    sin, cos = np.sin(angle_rad), np.cos(angle_rad)
    swing = -sin * i_d + cos * i_q  # dP/dangle at constant current: P = cos i_d + sin i_q
    return np.array(
        [
            [0.0, -m, 0.0, 0.0],
            [wc * swing, -wc, wc * cos, wc * sin],
            [-sin / inductance, 0.0, -c.r_pu / inductance, W0],
            [cos / inductance, 0.0, -W0, -c.r_pu / inductance],
        ]
    )


def growth_per_s(c: Coupling, droop_pu: float, angle_rad: float = 0.0) -> float:
    """Return the largest real part of the eigenvalues: negative is stable."""
    return float(np.linalg.eigvals(state_matrix(c, droop_pu, angle_rad)).real.max())


def _current(c: Coupling, angle_rad: float) -> tuple[float, float]:
    current = (np.exp(1j * angle_rad) - 1.0) / (c.r_pu + 1j * c.x_pu)
    return float(current.real), float(current.imag)


def survives(
    couplings: list[Coupling], droops_pu: Floats, load_pu: float = 0.0, span_s: float = 3.0
) -> Bools:
    """Return where the nonlinear inverter, pushed by a mrad, comes back to rest: [points], all integrated together.

    Runge-Kutta 4 with steps of 0.2 ms. load_pu: the power it gives at rest. Judged by the swing of the last third
    against that of the second.
    """
    x = np.array([c.x_pu for c in couplings])
    impedance = np.array([c.r_pu for c in couplings]) + 1j * x
    wc, m = np.array([c.filter_w for c in couplings]), droops_pu * W0
    angle0 = np.array([angle_for(c, load_pu) for c in couplings])
    current = (np.exp(1j * angle0) - 1.0) / impedance
    rest = (np.exp(1j * angle0) * np.conj(current)).real
    state = np.array([angle0 + _PUSH_RAD, rest, current])
    step, largest = 2e-4, np.zeros((3, len(couplings)))

    def rate(state: NDArray[np.complex128]) -> NDArray[np.complex128]:
        voltage = np.exp(1j * state[0].real)
        given = (voltage * np.conj(state[2])).real
        swing = (voltage - 1.0 - impedance * state[2]) * W0 / x
        return np.array([-m * (state[1] - rest), wc * (given - state[1]), swing])

    steps = int(span_s / step)
    for k in range(steps):
        k1 = rate(state)
        k2 = rate(state + step / 2 * k1)
        k3 = rate(state + step / 2 * k2)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + rate(state + step * k3))
        state[:2] = np.clip(state[:2].real, -10.0, 10.0)  # what has left is lost, and is not to overflow
        third = 3 * k // steps
        largest[third] = np.maximum(largest[third], np.abs(state[0].real - angle0))
    shrinks = (largest[2] < largest[1]) & (
        largest[2] < 2 * _PUSH_RAD
    )  # not a swing that went on without growing
    return np.asarray(shrinks | (largest[2] < 1e-9), dtype=np.bool_)


def angle_for(c: Coupling, load_pu: float) -> float:
    """Return the angle at which it gives load_pu, by bisection."""
    low, high = 0.0, pi / 4
    for _ in range(60):
        middle = (low + high) / 2
        i_d, i_q = _current(c, middle)
        given = np.cos(middle) * i_d + np.sin(middle) * i_q
        low, high = (middle, high) if given < load_pu else (low, middle)
    return (low + high) / 2 if load_pu else 0.0


@dataclass(frozen=True)
class DroopSweep:
    """Couplings and droops, per unit of each one's bound: what bears it by Routh, eigenvalues and simulation."""

    couplings: list[Coupling]
    factors: Floats
    by_eigenvalues: Bools  # [couplings, factors]
    simulated: Bools

    @property
    def agreement(self) -> tuple[float, float]:
        """Part of the points where the bound agrees with the eigenvalues, and with the simulation."""
        bound = self.factors < 1.0
        return float(np.mean(self.by_eigenvalues == bound)), float(np.mean(self.simulated == bound))


def sweep(quick: bool = False) -> DroopSweep:
    """Vary filter, reactance and resistance; droops from 30 to 170 % of the bound."""
    filters = (2.0, 10.0) if quick else (1.0, 2.0, 5.0, 10.0, 20.0)
    reactances = (0.1,) if quick else (0.05, 0.1, 0.2, 0.3)
    ratios = (0.2,) if quick else (0.1, 0.3, 1.0)
    couplings = [Coupling(x, ratio * x, f) for f in filters for x in reactances for ratio in ratios]
    factors = np.array([0.5, 0.9, 1.1, 1.5] if quick else [0.3, 0.6, 0.8, 0.9, 0.95, 1.05, 1.1, 1.3, 1.7])
    bounds = np.array([droop_bound(c) for c in couplings])
    droops = bounds[:, None] * factors
    eigen = [[growth_per_s(c, float(d)) < 0 for d in row] for c, row in zip(couplings, droops, strict=True)]
    every = [c for c in couplings for _ in factors]
    simulated = survives(every, droops.ravel()).reshape(droops.shape)
    return DroopSweep(couplings, factors, np.array(eigen), simulated)
