"""What goes wrong at a meter, and what only looks so: signals with the codes that the self-checks must find.

Each scenario plays known waves, with the noise, the harmonics and the transducer errors of a real installation,
through the firmware's own Meter and Checks. `expected` is exhaustive: a code too many fails as one that is missing.
"""

from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from host_tools.plant.meter_fault_waves import (
    V_HARMONICS,
    Waves,
    amps,
    legs,
    live,
    loads,
    single,
    solar,
    split,
    three,
    volts,
)
from host_tools.plant.meter_signal import Adc, MeterSignal, Wave
from islet.base.clock import add_ms
from islet.measure import findings as f
from islet.measure import kernels, linearise
from islet.measure.checks import Checks
from islet.measure.meter import WINDOW_SETS, Meter
from islet.measure.wiring import CIRCUIT_I, GRID_I, LOAD_I, SOURCE_I, Wiring
from islet.state.image import Image

Found = frozenset[tuple[str, str]]

CONVERTER = Adc(12, 1.5)
ERRORS = {"i1": (1.005, 0.008), "load_i": (0.995, 0.008), "grid_i": (1.005, -0.005), "v2": (0.997, 0.002)}
SUMS_A = (4.0, 7.0, 2.0, 20.0)  # steps of 3, 5, 18 and 16 A
FAR = 80  # windows: 8 s, enough for every check
WINDOW_MS = 100


@dataclass(frozen=True)
class Stage:
    """Some windows during which waves, contactor and frequency stay; `lost` sets are missing before each window."""

    windows: int
    waves: Waves
    closed: bool = True
    hz: float = 50.0
    lost: int = 0


@dataclass(frozen=True)
class Scenario:
    """A wiring, stages that are played `rounds` times, raw codes at which channels are stuck, and what is found."""

    name: str
    wiring: Wiring
    stages: tuple[Stage, ...]
    expected: Found = frozenset()
    rounds: int = 1
    stuck: Mapping[str, int] = field(default_factory=dict)
    sources_w: float | None = None


def run(scenario: Scenario) -> Found:
    """Return every (code, channel name) that stood at the end of any window."""
    wiring = scenario.wiring
    names = [channel.name for channel in wiring.channels]
    errors = {name: error for name, error in ERRORS.items() if name in names}
    signal = MeterSignal(wiring, {}, seed=3, adc=CONVERTER, errors=errors)
    table = np.array(linearise.plain_table(), dtype=np.uint16)
    meter = Meter(kernels, wiring)
    checks, image, now_ms = Checks(meter), Image(), 0
    history = np.zeros((0, wiring.stride), dtype=np.uint16)
    seen: set[tuple[str, str]] = set()
    for stage in scenario.stages * scenario.rounds:
        signal.waves = {
            name: wave for name, wave in stage.waves.items() if wave is not None and name in names
        }
        signal.set_hz(stage.hz)
        for _ in range(stage.windows):
            if stage.lost:
                signal.codes(stage.lost)
                history = history[:0]
            new = table[signal.codes(WINDOW_SETS)]
            for name, code in scenario.stuck.items():
                new[:, names.index(name)] = table[code]
            codes = np.vstack([history, new])
            window, kept, n_sets = array("H", codes.tobytes()), len(history), len(codes)
            now_ms = add_ms(now_ms, WINDOW_MS)
            meter.measure(window, kept, n_sets, image, now_ms)
            checks.step(window, kept, n_sets, now_ms, stage.closed, stage.lost, scenario.sources_w)
            seen.update(checks.found())
            history = codes[-wiring.history() :]
    return frozenset(seen)


def still(
    name: str, wiring: Wiring, waves: Waves, *expected: tuple[str, str], closed: bool = True, hz: float = 50.0
) -> Scenario:
    """Return a scenario of one long stage."""
    return Scenario(name, wiring, (Stage(FAR, waves, closed, hz),), frozenset(expected))


def scenarios() -> list[Scenario]:
    """Return all scenarios: faults first, then what must raise nothing."""
    return [*_transformers(), *_channels(), *_voltages(), *_healthy_loads(), *_healthy_grids()]


def _transformers() -> list[Scenario]:
    both = tuple(Stage(5, loads(a, 300.0, 120.0, 240.0)) for a in SUMS_A)
    swapped = (
        *(Stage(5, loads(a, 125.0, 5.0, 245.0)) for a in SUMS_A),
        Stage(5, loads(9.0, 300.0, 180.0, 60.0)),
    )
    import_turned = live(grid=amps(7.0, 180.0), load=amps(10.0), pv=amps(3.0))
    export_turned = live(grid=amps(8.0), load=amps(2.0), pv=amps(10.0))
    told = (Stage(FAR, live(grid_i=amps(7.0, 180.0), load_i=amps(10.0))),)
    turned, wrong = f.M_CT_REVERSED, f.M_CT_WRONG_PHASE
    grid_turned = frozenset({(turned, "grid_i")})
    return [
        still("load CT reversed", single(), live(load_i=amps(10.0, 195.0)), (turned, "load_i")),
        still("circuit CT reversed", three(CIRCUIT_I), loads(6.0, 10.0, 310.0, 250.0), (turned, "i2")),
        still("source CT reversed", three(SOURCE_I), loads(9.0, 0.0, 120.0, 62.0), (turned, "i3")),
        still("CT reversed, split phase", split(), legs(190.0, 180.0), (turned, "i1")),
        still("circuit on next phase", three(CIRCUIT_I), loads(6.0, 10.0, 250.0, 250.0), (wrong, "i2")),
        still("load on phase before", three(LOAD_I), loads(6.0, 10.0, 10.0, 250.0), (wrong, "i2")),
        still("load swapped", three(LOAD_I), loads(6.0, 130.0, 10.0, 250.0), (wrong, "i1"), (wrong, "i2")),
        still("wrong phase, one voltage", three(LOAD_I, 1), loads(6.0, 10.0, 250.0, 250.0), (wrong, "i2")),
        Scenario("both", three(CIRCUIT_I), both, frozenset({(f.M_CT_WRONG_PHASE_REVERSED, "i1")}), 6),
        Scenario("grid CTs swapped", three(GRID_I), swapped, frozenset({(wrong, "i1"), (wrong, "i2")}), 5),
        still("grid CT reversed, import", solar(), import_turned, (turned, "grid")),
        still("grid CT reversed, export", solar(), export_turned, (turned, "grid")),
        Scenario("grid CT reversed, source told", single(), told, grid_turned, sources_w=690.0),
    ]


def _channels() -> list[Scenario]:
    load = live(load_i=amps(10.0, 10.0), grid_i=amps(10.0, 10.0))
    lost = (Stage(1, load, lost=50), Stage(8, load))
    stage, missing = (Stage(FAR, load),), f.M_MISSING
    noisy = (*V_HARMONICS, *((2.37 * k, 0.4, k) for k in range(1, 8)))
    hash_wave = Wave(0.001, 0.0, tuple((order, pu * 1000.0, phase) for order, pu, phase in noisy))
    three_of = three(LOAD_I)
    dead = loads(6.0, 10.0, 130.0, 250.0) | {"v2": None}
    return [
        still("clipped", single(), live(load_i=amps(85.0), grid_i=amps(10.0)), (f.M_CLIPPED, "load_i")),
        Scenario(
            "stuck at the rail", single(), stage, frozenset({(missing, "load_i")}), stuck={"load_i": 4095}
        ),
        Scenario("stuck aside", single(), stage, frozenset({(missing, "grid_i")}), stuck={"grid_i": 1500}),
        Scenario(
            "stuck in the middle", single(), stage, frozenset({(missing, "load_i")}), stuck={"load_i": 2048}
        ),
        still("voltage input unplugged", three_of, dead, (missing, "v2")),
        still("grid voltage unplugged", single(), load | {"grid_v": None}, (missing, "grid_v")),
        still(
            "grid CT offset", single(), live(grid_i=amps(0.15, 40.0)), (f.M_OFFSET, "grid_i"), closed=False
        ),
        still("noise of no current", single(), live(load_i=hash_wave), (f.M_NOISE, "load_i")),
        Scenario("sets lost", single(), lost, frozenset({(f.M_SETS_LOST, "")}), 6),
    ]


def _voltages() -> list[Scenario]:
    sides = [(f.M_FREQUENCY, "grid_v"), (f.M_FREQUENCY, "bus_v")]
    jumps = (Stage(1, live(), hz=48.0), Stage(1, live(), hz=52.0))
    crossed = live(b2=volts(230.0, 240.0), b3=volts(230.0, 120.0))
    differ, angles = f.M_VOLTAGES_DIFFER, f.M_VOLTAGE_ANGLES
    wrong_pair = ((f.M_SEQUENCE, "b1"), (differ, "b2"), (differ, "b3"))
    return [
        still("42 Hz", single(), live(), *sides, hz=42.0),
        still("no frequency", single(), live(grid_v=volts(230.0, hz=21.0)), sides[0]),
        Scenario("frequency jumps", single(), jumps, frozenset(sides), 15),
        still("L2 and L3 swapped", three(LOAD_I), _turning_left(), (f.M_SEQUENCE, "v1")),
        still("L1 twice", three(LOAD_I), live(v2=volts()), (angles, "v1")),
        still("voltage turned round", three(LOAD_I), live(v3=volts(230.0, 60.0)), (angles, "v1")),
        still("bus on other phases", three(LOAD_I, both_sides=True), crossed, *wrong_pair),
        still("contactor pole open", single(), live(bus_v=volts(205.0)), (differ, "bus_v")),
    ]


def _turning_left() -> Waves:
    waves = loads(6.0, 10.0, 250.0, 130.0)
    return waves | {"v2": volts(230.0, 240.0), "v3": volts(230.0, 120.0)}


def _healthy_loads() -> list[Scenario]:
    one = live(i2=amps(20.0, 122.0), i1=amps(0.1, -80.0), i3=amps(0.1, 160.0))
    fifth = ((5.0, 0.4, 0.0),)
    distorted = live(load_i=amps(10.0, 10.0, fifth), grid_i=amps(10.0, 10.0, fifth))
    half = live(load_i=Wave(14.0, half_wave=True), grid_i=Wave(14.0, half_wave=True))
    on = Stage(10, live(load_i=amps(13.0), grid_i=amps(13.0)))
    off = Stage(10, live(load_i=amps(0.3, -70.0), grid_i=amps(0.3, -70.0)))
    ballasts = ((3.0, 0.15, 0.0),)
    lamps = [Stage(5, live(i1=amps(a, 60.0, ballasts))) for a in SUMS_A]
    plug_in = (Stage(70, live(load_i=amps(4.0, 20.0))), Stage(70, live(load_i=amps(3.0, 180.0))))
    found = [Scenario("load that switches", single(), (on, off), rounds=6, sources_w=0.0)]
    for kind, word in ((LOAD_I, "load"), (CIRCUIT_I, "circuit"), (GRID_I, "grid"), (SOURCE_I, "source")):
        found += [
            still(f"motor at 0.5, {word}", three(kind), loads(10.0, 60.0, 180.0, 300.0)),
            still(f"leading electronics, {word}", three(kind), loads(2.0, -45.0, 75.0, 195.0)),
        ]
    return [
        *found,
        still("tiny loads", three(CIRCUIT_I), loads(0.05, -85.0, 300.0, 40.0)),
        still("one phase of three", three(GRID_I), one),
        still("fifth of 40 %", single(), distorted),
        still("half wave", single(), half),
        Scenario("ballasts by turns", three(CIRCUIT_I), tuple(lamps), rounds=7),
        Scenario("plug-in PV on the load", single(), plug_in),
    ]


def _healthy_grids() -> list[Scenario]:
    low: Waves = {
        "grid_v": volts(145.0),
        "bus_v": volts(145.0),
        "load_i": amps(10.0, 20.0),
        "grid_i": amps(10.0, 20.0),
    }
    dark = Stage(20, {}, closed=False)
    island = Stage(40, live(grid_v=None, load_i=amps(5.0, 10.0)), closed=False, hz=52.0)
    joined = Stage(40, live(load_i=amps(5.0, 10.0), grid_i=amps(5.0, 10.0)))
    once = (Stage(1, live(), lost=200), Stage(FAR, live()))
    reactive = three(GRID_I, both_sides=True)
    return [
        still("export at noon", solar(), live(grid=amps(8.0, 180.0), load=amps(2.0), pv=amps(10.0))),
        still("inverter at night", solar(), live(grid=amps(2.1), load=amps(2.0), pv=amps(0.9, 97.0))),
        still("dawn", solar(), live(grid=amps(1.9, 25.0), load=amps(2.0, 10.0), pv=amps(0.7, -70.0))),
        still("active power from PV, reactive from the grid", reactive, loads(5.0, 95.0, 215.0, 335.0)),
        still("brown-out", single(), low),
        Scenario("outage, island, return", single(), (joined, dark, island, joined), sources_w=0.0),
        still("60 Hz", three(LOAD_I), loads(5.0, 10.0, 130.0, 250.0), hz=60.0),
        still("split phase", split(), legs(10.0, 200.0)),
        Scenario("sets lost once", single(), once),
        still("nothing flows", three(LOAD_I, both_sides=True), live()),
    ]
