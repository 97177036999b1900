"""Waves and wirings of the meter's fault scenarios: what a house has, by channel name."""

import numpy as np

from host_tools.plant.meter_signal import Wave
from islet.measure.wiring import (
    BUS_V,
    CIRCUIT_I,
    GRID_I,
    GRID_V,
    LOAD_I,
    SOURCE_I,
    SPLIT,
    THREE,
    Channel,
    Wiring,
    single_phase,
)

Waves = dict[str, Wave | None]

VOLTS, AMPS = 0.0125, 0.003125  # per window code: 0.2 V and 50 mA per code of 12 bits
NOISE = 24.0  # window codes: 1.5 of 12 bits
V_HARMONICS = ((5.0, 0.03, 0.4), (7.0, 0.015, -1.0))


def volts(rms: float = 230.0, lag_deg: float = 0.0, hz: float | None = None) -> Wave:
    """Return a grid's voltage that lags L1."""
    return Wave(rms, -np.radians(lag_deg), V_HARMONICS, hz=hz)


def amps(rms: float, lag_deg: float = 0.0, harmonics: tuple[tuple[float, float, float], ...] = ()) -> Wave:
    """Return a current that lags the voltage of L1; without harmonics of its own it has those of the voltage."""
    return Wave(rms, -np.radians(lag_deg), harmonics or V_HARMONICS)


def live(**waves: Wave | None) -> Waves:
    """Return 230 V at every voltage input of the wirings below, and the waves given."""
    base: Waves = {name: volts() for name in ("grid_v", "bus_v", "v", "v1", "b1")}
    for k in (2, 3):
        base[f"v{k}"] = base[f"b{k}"] = volts(230.0, 120.0 * (k - 1))
    return {**base, **waves}


def loads(rms: float, *lags_deg: float) -> Waves:
    """Return live voltages and currents i1.. of equal size."""
    return live(**{f"i{k}": amps(rms, lag) for k, lag in enumerate(lags_deg, start=1)})


def legs(*lags_deg: float) -> Waves:
    """Return 120 V on either leg of a split phase and 9 A in it, which lag the first leg."""
    voltages: Waves = {"v1": volts(120.0), "v2": volts(120.0, 180.0)}
    return voltages | {f"i{k}": amps(9.0, lag) for k, lag in enumerate(lags_deg, start=1)}


def single() -> Wiring:
    """Return grid and bus voltage, grid and load current."""
    return single_phase(VOLTS, AMPS, NOISE)


def three(kind: int, v_inputs: int = 3, both_sides: bool = False) -> Wiring:
    """Return three phases with currents i1..i3 of a kind, three voltage inputs or one, on one side or both."""
    voltages = [("v", GRID_V, k) for k in range(1, v_inputs + 1)]
    voltages += [("b", BUS_V, k) for k in (1, 2, 3)] if both_sides else []
    channels = [Channel(f"{letter}{k}", side, k, VOLTS, 230.0, NOISE) for letter, side, k in voltages]
    channels += [Channel(f"i{k}", kind, k, AMPS, 60.0, NOISE) for k in (1, 2, 3)]
    return Wiring(channels, THREE)


def split() -> Wiring:
    """Return two legs of 120 V and a circuit on each."""
    channels = [Channel(f"v{k}", GRID_V, k, VOLTS, 120.0, NOISE) for k in (1, 2)]
    channels += [Channel(f"i{k}", CIRCUIT_I, k, AMPS, 60.0, NOISE) for k in (1, 2)]
    return Wiring(channels, SPLIT, v_nominal_v=120.0)


def solar() -> Wiring:
    """Return one phase with grid, load and source."""
    channels = [Channel("v", GRID_V, 1, VOLTS, 230.0, NOISE)]
    kinds = (("grid", GRID_I, 60.0), ("load", LOAD_I, 60.0), ("pv", SOURCE_I, 30.0))
    channels += [Channel(name, kind, 1, AMPS, rated, NOISE) for name, kind, rated in kinds]
    return Wiring(channels)
