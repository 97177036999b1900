"""How well the firmware meter measures, beside numpy on the same samples: all of docs/measuring.md."""

from collections.abc import Callable, Iterable
from functools import cache
from typing import NamedTuple

import numpy as np

from host_tools.plant import meter_points, meter_reference
from host_tools.plant.meter_points import ACCURACY, MAX_A, NOMINAL_V, V_RAD, Influence, Point, influences
from host_tools.plant.meter_run import (
    SETTLE,
    TEN_S,
    WINDOW_SETS,
    WINDOWS_S,
    Converter,
    Figure,
    MeterRun,
    ideal,
    measure,
    rp2040,
)
from host_tools.plant.meter_signal import MeterSignal, Wave

UPPER_A = 0.1 * MAX_A  # from here on the tighter limit holds
FIVE_A = 0.05 * MAX_A
PF_LIMIT = 0.002
QUICK = (
    Point(0.5),
    Point(1.0, 0.5),
    Point(3.0),
    Point(3.0, 0.5),
    Point(6.0),
    Point(6.0, -0.8),
    Point(60.0, 0.5),
)
STEADY_LIMIT_HZ, STEP_LIMIT_HZ, STEP_S = 0.002, 0.010, 0.2
STEADY_HZ = (45.0, 47.5, 49.0, 49.9, 50.0, 50.1, 51.0, 52.37, 55.0, 57.5, 60.0, 62.0, 65.0)
STEP_MAX_HZ = 2.5
DISTORTED = (
    (3.0, 0.05, 0.4),
    (5.0, 0.03, 0.0),
    (7.0, 0.015, 0.0),
)  # of the voltage whose frequency is measured
SWEEP_A = (0.1, MAX_A)
NEAR_PU, NEAR_W = (
    0.01,
    5.0,
)  # a window's power that is not within this has dropped out; 5 W are eight sigma of noise


class Pair(NamedTuple):
    """The worst of the firmware and of numpy, and the limit, if a standard has one."""

    ours: float
    numpy: float
    limit_pct: float = float("nan")


class Accuracy(NamedTuple):
    """The errors of a converter from 10 % of Imax up, at 5 % of it, and below."""

    upper: Figure
    five: Figure
    lower: Figure

    @property
    def worst(self) -> Figure:
        """The worst at any point."""
        return Figure.worst(self)


def accuracy(converters: Iterable[Converter], limits_pct: tuple[float, float], quick: bool) -> Accuracy:
    """Measure the loads of table 4; limits_pct from 10 % of Imax up and at 5 %, class 1 holds below."""
    found: dict[str, list[Figure]] = {"upper": [], "five": [], "lower": []}
    points = [point for point in ACCURACY if not quick or point in QUICK]
    for number, converter in enumerate(converters):
        for seed, point in enumerate(points):
            name = "upper" if point.amps >= UPPER_A else "five" if point.amps == FIVE_A else "lower"
            limit_pct = {"upper": limits_pct[0], "five": limits_pct[1], "lower": point.limit_pct()}[name]
            found[name].append(measure(point, converter, limit_pct, 100 * number + seed))
    return Accuracy(*(Figure.worst(figures) for figures in found.values()))


def influenced(converter: Converter) -> dict[str, Pair]:
    """Return the worst change of the percentage error by name of influence."""
    read = cache(lambda point, limit_pct: measure(point, converter, limit_pct, 17))
    found: dict[str, Pair] = {}
    for influence in influences():
        pair = _change(influence, read)
        worst = found.get(influence.name, Pair(0.0, 0.0, influence.limit_pct))
        limit_pct = min(pair.limit_pct, worst.limit_pct)
        found[influence.name] = Pair(max(worst.ours, pair.ours), max(worst.numpy, pair.numpy), limit_pct)
    found[meter_points.SEQUENCE] = reversed_sequence(converter)
    return found


def _change(influence: Influence, read: Callable[[Point, float], Figure]) -> Pair:
    before, after = (read(p, influence.limit_pct) for p in (influence.reference, influence.changed))
    ours, numpy_pct = abs(after.p_pct - before.p_pct), abs(after.numpy_p_pct - before.numpy_p_pct)
    return Pair(ours, numpy_pct, influence.limit_pct)


def reversed_sequence(converter: Converter) -> Pair:
    """Return how much the error of the power of three phases changes when two change places, at 0.1 Ib."""
    (ours, numpy_pct), (ours_back, numpy_back) = (_three(converter, reverse) for reverse in (False, True))
    return Pair(abs(ours_back - ours), abs(numpy_back - numpy_pct), meter_points.SEQUENCE_LIMIT_PCT)


def _three(converter: Converter, reverse: bool) -> tuple[float, float]:
    wiring = meter_points.three_phase()
    waves = meter_points.three_phase_waves(0.1 * meter_points.BASE_A, 1.0, reverse)
    run = MeterRun(MeterSignal(wiring, waves, seed=5, adc=converter.adc), converter.table)
    for _ in run.windows(SETTLE):
        pass
    run.clear()
    for _ in run.windows(TEN_S * WINDOWS_S):
        pass
    true_w = sum(run.signal.true_power(f"i{n}")[0] for n in (1, 2, 3))
    ours_w = sum(run.interval.active_w(k) for k in range(3))
    values = run.units()
    numpy_w = sum(meter_reference.read(wiring, values, f"v{n}", f"i{n}").p_w for n in (1, 2, 3))
    return 100.0 * (ours_w / true_w - 1.0), 100.0 * (numpy_w / true_w - 1.0)


def voltage_only(hz: float, converter: Converter, seed: int) -> MeterRun:
    """Return a run on a distorted voltage without load."""
    v = Wave(NOMINAL_V, V_RAD, DISTORTED)
    signal = MeterSignal(meter_points.wiring(), {"grid_v": v, "bus_v": v}, hz, seed, converter.adc)
    return MeterRun(signal, converter.table)


def steady(converter: Converter) -> Pair:
    """Return the worst error of the frequency over a second, in Hz, at each of STEADY_HZ."""
    ours = numpy_hz = 0.0
    for seed, hz in enumerate(STEADY_HZ):
        run = voltage_only(hz, converter, seed)
        for number, meter in enumerate(run.windows(60)):
            if number > WINDOWS_S:
                ours = max(ours, abs(meter.hz_1s - hz))
        set_hz = run.signal.wiring.set_hz
        second = run.units()[-int(set_hz) :, 1]
        numpy_hz = max(numpy_hz, abs(meter_reference.frequency_hz(second, set_hz, hz) - hz))
    return Pair(ours, numpy_hz)


def stepped(converter: Converter, count: int) -> Pair:
    """Return the worst error of a window's frequency, in Hz, from STEP_S after steps at random instants on.

    numpy fits the window's samples.
    """
    draws = np.random.default_rng(20)
    ours = numpy_hz = 0.0
    for seed in range(count):
        run = voltage_only(50.0, converter, seed)
        for _ in run.windows(4):
            pass
        hz, after_s = 50.0 + draws.uniform(-STEP_MAX_HZ, STEP_MAX_HZ), draws.uniform(0.0, 0.1)
        at_s = run.signal.time_s + after_s
        run.signal.set_hz(hz, after_s=after_s)
        for meter in run.windows(6):
            if run.signal.time_s - at_s >= STEP_S:
                ours = max(ours, abs(meter.bus.hz - hz))
                part = run.units()[-WINDOW_SETS:, 1]
                fit = meter_reference.frequency_hz(part, run.signal.wiring.set_hz, hz)
                numpy_hz = max(numpy_hz, abs(fit - hz))
    return Pair(ours, numpy_hz)


def sweep(converter: Converter, windows: int) -> int:
    """Return how many windows dropped out, of a current that grows from 0.01 Ib to Imax, at PF 1 and 0.5 each."""
    lost = 0
    for pf in (1.0, 0.5):
        run = MeterRun(
            MeterSignal(meter_points.wiring(), Point(0.0, pf).waves(), adc=converter.adc), converter.table
        )
        place = run.place("load_i")
        for amps in np.geomspace(*SWEEP_A, windows):
            run.signal.waves["load_i"] = Point(float(amps), pf).current()
            power_w = run.step().currents[place].active_w
            true_w, _ = run.signal.true_power("load_i")
            lost += not abs(power_w - true_w) <= NEAR_PU * true_w + NEAR_W  # what is not a number is lost too
    return lost


class Collected(NamedTuple):
    """All figures; the RP2040's are the worst of its devices."""

    ideal: Accuracy
    own: Accuracy
    generic: Accuracy
    influences: dict[str, Pair]
    steady_hz: Pair
    step_hz: Pair
    own_steady_hz: Pair
    own_step_hz: Pair
    sweep_windows: int
    drop_outs: int


def collect(quick: bool) -> Collected:
    """Measure everything; quick takes fewer loads, devices and steps."""
    even = ideal()
    devices = range(1 if quick else 5)
    boards = [rp2040(seed, own=True) for seed in devices]
    steps, windows = (20, 300) if quick else (200, 1500)
    return Collected(
        accuracy([even], (0.05, 0.2), quick),
        accuracy(boards, (0.2, 0.4), quick),
        accuracy((rp2040(seed, own=False) for seed in devices), (0.2, 0.4), quick),
        influenced(even),
        steady(even),
        stepped(even, steps),
        steady(boards[0]),
        stepped(boards[0], steps),
        2 * windows,
        sweep(even, windows),
    )
