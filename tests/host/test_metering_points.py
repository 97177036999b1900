"""The firmware's meter at the points of IEC 62053-21, behind two converters, and the document of its figures."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host_tools.plant import adc, meter_points, meter_table
from host_tools.plant.meter_figures import (
    STEADY_LIMIT_HZ,
    STEP_LIMIT_HZ,
    Accuracy,
    Collected,
    Pair,
    reversed_sequence,
    stepped,
    sweep,
    voltage_only,
)
from host_tools.plant.meter_points import ACCURACY, Point, influences
from host_tools.plant.meter_run import Converter, Figure, MeterRun, calibrated, ideal, measure, rp2040
from host_tools.plant.meter_signal import MeterSignal
from islet.measure.linearise import plain_table

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "cases" / "metering" / "iec_62053_21").glob("*/case.json"))
DOCUMENT = ROOT / "docs" / "measuring.md"


@pytest.fixture(scope="module")
def board() -> Converter:
    """An RP2040's converter behind the table that the firmware's Histogram makes of it."""
    return rp2040(3, own=True)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.parent.name)
def test_cases(path: Path) -> None:
    """Power within the class and our own limit, rms values and power factor as calculated by hand."""
    case = json.loads(path.read_text())
    point, expected, limits = Point(**case["parameters"]), case["expected"], case["limit_pct"]
    assert limits["even_12_bits"] <= limits["class_1"], case["source"]
    figure = measure(point, ideal(), limits["even_12_bits"], seed=11)
    assert abs(figure.p_pct) <= limits["even_12_bits"], (case["source"], figure)
    assert abs(figure.pf) <= 0.002, (case["source"], figure)
    true_w, _ = MeterSignal(meter_points.wiring(), point.waves()).true_power("load_i")
    assert true_w == pytest.approx(expected["w"], rel=1e-6), case["source"]
    run = sent(point)
    assert run.interval.rms_v(1) == pytest.approx(expected["v"], rel=2e-4), case["source"]
    assert run.interval.rms_a(run.place("load_i")) == pytest.approx(expected["a"], rel=2e-3), case["source"]
    pf = run.interval.power_factor(run.place("load_i"))
    assert abs(pf) == pytest.approx(expected["pf"], abs=0.002), case["source"]


def sent(point: Point) -> MeterRun:
    """Return the meter after ten seconds at a point."""
    signal = MeterSignal(meter_points.wiring(), point.waves(), point.hz, seed=12)
    run = MeterRun(signal, ideal().table)
    assert len(list(run.windows(100))) == 100
    return run


def test_there_is_a_case_for_each_kind_of_point() -> None:
    """Accuracy and each influence, by name."""
    words = {path.parent.name.split("_")[0] for path in CASES}
    assert words >= {"accuracy", "voltage", "frequency", "fifth", "sub", "half", "five", "ten"}
    assert len(CASES) >= 15


def test_limits_are_those_of_table_4() -> None:
    """Class 1: 1.5 % from 0.05 to 0.1 Ib at PF 1, from 0.1 to 0.2 Ib at 0.5 and 0.8, else 1.0 %."""
    table = {(0.5, 1.0): 1.5, (1.0, 1.0): 1.0, (60.0, 1.0): 1.0}
    table |= {(1.0, 0.5): 1.5, (2.0, 0.5): 1.0, (1.0, -0.8): 1.5, (2.0, -0.8): 1.0, (60.0, -0.8): 1.0}
    points = {(point.amps, point.pf): point.limit_pct() for point in ACCURACY}
    assert {load: points[load] for load in table} == table
    assert {point.amps for point in ACCURACY} >= {0.5, 1.0, 2.0, 10.0, 60.0}


def test_limits_are_those_of_table_8() -> None:
    """Class 1: voltage 0.7 and 1.0, frequency 0.5 and 0.7, fifth 0.8, sub-harmonics and half waves 3.0 %."""
    found: dict[str, set[float]] = {}
    for influence in influences():
        found.setdefault(influence.name.split()[0], set()).add(influence.limit_pct)
        assert influence.reference != influence.changed
    assert found == {
        "voltage": {0.7, 1.0},
        "frequency": {0.5, 0.7},
        "fifth": {0.8},
        "sub-harmonics,": {3.0},
        "DC": {3.0},
    }


@pytest.mark.parametrize("seed", range(3))
def test_the_firmware_is_as_good_as_numpy(seed: int) -> None:
    """On the same codes both differ by less than a tenth of the limit: the rest is noise that both see."""
    figure = measure(Point(6.0, 0.5), ideal(), 0.05, seed)
    assert abs(figure.p_pct - figure.numpy_p_pct) < 0.005
    assert abs(figure.pf - figure.numpy_pf) < 2e-4
    assert abs(figure.volts - figure.numpy_volts) < 0.01
    assert abs(figure.amps - figure.numpy_amps) < 0.001


@pytest.mark.parametrize(("amps", "limit_pct"), [(3.0, 0.4), (6.0, 0.2), (20.0, 0.2), (60.0, 0.2)])
def test_own_table_of_an_rp2040(board: Converter, amps: float, limit_pct: float) -> None:
    """0.2 % above 10 % of Imax, 0.4 % at 5 %, at PF 1 and 0.5; numpy reads the same error."""
    for pf in (1.0, 0.5):
        figure = measure(Point(amps, pf), board, limit_pct)
        assert abs(figure.p_pct) <= limit_pct
        assert abs(figure.p_pct - figure.numpy_p_pct) < 0.01
        assert abs(figure.pf) <= 0.002


def test_without_a_table_the_gain_shifts() -> None:
    """The four wide codes alone, gain set at 10 A: nothing below, 0.7 to 1.2 % too little at 60 A."""
    even = np.array(plain_table(), dtype=np.uint16)
    plain = calibrated(Converter(adc.rp2040(adc.e11_widths(3)), even, {}), 3)
    assert abs(measure(Point(3.0), plain, 0.2).p_pct) < 0.1
    assert -1.2 < measure(Point(60.0), plain, 0.2).p_pct < -0.7


def test_an_interval_grows_until_its_spread_is_small() -> None:
    """Noise of 20 codes is 1 A on 3 A: over 36000 sets, two taps averaged, 0.15 %, too much for a third of 0.3 %."""
    noisy = ideal()._replace(adc=replace(ideal().adc, noise_codes=20.0))
    figure = measure(Point(3.0), noisy, 0.3)
    assert figure.seconds > 10
    assert figure.spread_pct < 0.3 / 3.0
    assert measure(Point(60.0), ideal(), 0.05).seconds == 10


def test_phase_of_a_transformer_costs_at_half_and_is_calibrated_away() -> None:
    """A CT that leads by 1 degree: cos(59 deg) / cos(60 deg) = 1.0301 at PF 0.5 lagging, 0.015 % at PF 1."""
    lead = float(np.radians(1.0))
    for pf, wanted in ((0.5, 3.008), (1.0, -0.015)):
        for told, error_pct in ((0.0, wanted), (lead, 0.0)):
            wiring = meter_points.wiring()
            wiring.calibrate({"load_i": {"lead_rad": told}})
            signal = MeterSignal(wiring, Point(10.0, pf).waves(), errors={"load_i": (1.0, lead)})
            run = MeterRun(signal, ideal().table)
            assert len(list(run.windows(50))) == 50
            true_w, _ = signal.true_power("load_i")
            read_w = run.interval.active_w(run.place("load_i"))
            assert 100.0 * (read_w / true_w - 1.0) == pytest.approx(error_pct, abs=0.03)


@pytest.mark.parametrize("hz", [45.0, 50.02, 65.0])
def test_frequency_over_a_second(hz: float) -> None:
    """2 thousandths of a hertz, with harmonics and noise."""
    run = voltage_only(hz, ideal(), seed=90)
    errors = [abs(meter.hz_1s - hz) for meter in run.windows(40)]
    assert max(errors[11:]) <= STEADY_LIMIT_HZ


def test_frequency_after_a_step() -> None:
    """10 thousandths of a hertz from 200 ms on; numpy's fit of the same window is closer."""
    worst = stepped(ideal(), 12)
    assert 0.0 < worst.numpy < worst.ours <= STEP_LIMIT_HZ


def test_no_power_drops_out() -> None:
    """From 0.01 Ib to Imax at PF 1 and 0.5."""
    assert sweep(ideal(), 250) == 0


def test_a_drop_out_would_be_seen() -> None:
    """Behind a table that is 5 % too low, what is over some hundred watts is lost."""
    low = (32768 + (ideal().table.astype(float) - 32768) * 0.97).astype(np.uint16)
    assert 100 < sweep(ideal()._replace(table=low), 250) < 500


def test_reversed_phases() -> None:
    """Table 8: 1.5 % at 0.1 Ib; with a voltage input for each phase it is the noise."""
    pair = reversed_sequence(ideal())
    assert pair.ours < 0.3
    assert abs(pair.ours - pair.numpy) < 0.05


def test_the_document_has_the_table() -> None:
    """Names and limits of its rows are the code's; no figure of ours is beyond its limit."""
    figure = Figure(*[0.0] * 9, seconds=10)
    still = Accuracy(figure, figure, figure)
    names = dict.fromkeys([influence.name for influence in influences()], Pair(0.0, 0.0, 1.0))
    names[meter_points.SEQUENCE] = Pair(0.0, 0.0, 1.5)
    nothing = Pair(0.0, 0.0)
    found = Collected(still, still, still, names, nothing, nothing, nothing, nothing, 10, 0)
    text = DOCUMENT.read_text(encoding="utf-8")
    made = cells_of(meter_table.replaced(text, found))
    told = cells_of(text)
    assert [row[0] for row in told] == [row[0] for row in made]
    assert {len(row) for row in told} == {8}
    assert [row[7] for row in told] == [row[7] for row in made]
    for row in told[2:10]:
        limits = numbers(row[1])
        if limits:
            assert numbers(row[2])[0] <= min(limits), row
            assert not numbers(row[4]) or numbers(row[4])[0] <= max(limits), row
    for row in told[11:]:
        assert numbers(row[2])[0] <= numbers(row[1].removeprefix("class 1"))[0], row


def cells_of(text: str) -> list[list[str]]:
    """Return the cells of the table between its marks, its head first."""
    table = text.partition(meter_table.BEGIN)[2].partition(meter_table.END)[0]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()]


def numbers(cell: str) -> list[float]:
    """Return the numbers of a cell that stand alone or before a unit."""
    return [
        float(word)
        for word in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\d)", cell.replace("class 1", ""))
    ]


def test_a_document_without_marks_is_refused() -> None:
    """It would be written over with nothing."""
    nothing: Any = None
    with pytest.raises(ValueError, match="metering: begin"):
        meter_table.replaced("no marks", nothing)
