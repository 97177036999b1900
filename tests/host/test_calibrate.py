"""The command `islet calibrate` on the simulated bench, and code widths by code density against numpy."""

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner, Result
from numpy.typing import NDArray

from host_tools.__main__ import Sentences
from host_tools.calibrate.bench import Bench, Faults, Load
from host_tools.calibrate.command import calibrate
from host_tools.calibrate.device import Device, Refused
from host_tools.calibrate.guide import Guide, Job
from host_tools.errors import RunError
from host_tools.plant.adc import CODES, e11_widths, rp2040
from host_tools.plant.meter_signal import Adc
from islet.measure import calibration
from islet.measure.linearise import GENERIC_WIDTHS, WIDE_CODES, Histogram, plain_table, wide_code_table

pytestmark = pytest.mark.needs("micropython")

SET_HZ = 3600.0
KNOWN = Faults(
    gains=(("grid_v", 0.985), ("bus_v", 1.012), ("grid_i", 1.023), ("load_i", 0.97)),
    leads_rad=(("grid_i", math.radians(1.2)), ("load_i", math.radians(0.4))),
    crosstalk_a=0.03,
)
OTHERS = [(0.05, 0.0), (0.1, math.pi / 3), (0.2, -0.6435), (0.4, 0.9), (1.0, 0.0), (1.0, math.pi / 3)]


@pytest.fixture(autouse=True)
def _known_bench(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every bench of the command has the known errors."""
    monkeypatch.setattr(Faults, "drawn", classmethod(lambda cls, seed: KNOWN))


def run(home: Path, *words: str, typed: str | None = None) -> Result:
    """Run `islet calibrate --simulated` in this process."""
    main = click.Group(commands={"calibrate": calibrate})
    main.__class__ = Sentences
    arguments = ["calibrate", "--simulated", "--home", str(home), *words]
    return CliRunner().invoke(main, arguments, input=typed)


def stored(home: Path) -> dict[str, object]:
    """Return the calibration in the device's store."""
    return calibration.load((home / calibration.NAME).read_bytes())


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A bench without errors, its device running."""
    found = Bench(tmp_path / "store", Faults())
    yield found
    found.close()


def errors_pct(home: Path, faults: Faults = KNOWN, channel: str = "grid_i") -> list[float]:
    """Return the errors of power at other loads than those calibrated at, in percent of the truth."""
    bench = Bench(home, faults, seed=5)
    try:
        found = []
        for share, lag_rad in OTHERS:
            bench.connect(Load(a=share * 60.0, lag_rad=lag_rad))
            true_w = 230.0 * share * 60.0 * math.cos(lag_rad)
            read = Device(bench).ask("read", channel=channel, seconds=20.0, parts=10)
            found.append(100.0 * (read["w"] / true_w - 1.0))
        return found
    finally:
        bench.close()


def test_three_steps_leave_little_of_known_errors(tmp_path: Path) -> None:
    """Gain +2.3 %, lead 1.2 degrees, 7 W of crosstalk: errors up to 8 % become less than 0.12 % at other loads.

    That is what the typical table of the converter leaves; a CT's own nonlinearity is not simulated.
    """
    before = errors_pct(tmp_path)
    assert max(map(abs, before)) > 8.0
    done = run(tmp_path, "--yes", "--reference-meter", "class 0.2, 2026")
    assert done.exit_code == 0, done.output
    for channel in ("grid_i", "load_i"):
        assert max(map(abs, errors_pct(tmp_path, channel=channel))) < 0.12
    found = stored(tmp_path)
    assert found["stages"] == {"grid_v": 1, "bus_v": 1, "grid_i": 3, "load_i": 3}
    assert found["reference"] == "class 0.2, 2026"
    values = found["channels"]["grid_i"]  # type: ignore[index]
    assert values["gain"] == pytest.approx(1 / 1.023, abs=5e-4)
    assert values["lead_rad"] == pytest.approx(math.radians(1.2), abs=3e-4)
    assert values["offset_w"] == pytest.approx(230 * 0.03, rel=0.05)
    assert re.search(
        r"grid_v, gain.*\n  V +230.00 +226.5. +-1.5.. % +230.0. ", done.output
    )  # read with 0.985
    assert "read back the same" in done.output


def test_measured_widths_make_it_better(tmp_path: Path) -> None:
    """With the device's own table errors at other loads are below 0.05 %, noise of 20 s included."""
    done = run(tmp_path, "--widths")
    assert done.exit_code == 0, done.output
    found = stored(tmp_path)
    assert found["adc_codes"] == list(WIDE_CODES)
    assert found["adc_widths"] == pytest.approx(e11_widths(0)[list(WIDE_CODES)].tolist(), abs=0.6)
    assert run(tmp_path, "--yes").exit_code == 0
    assert max(map(abs, errors_pct(tmp_path))) < 0.05


def test_a_dry_run_stores_nothing(tmp_path: Path) -> None:
    """And shows the table."""
    done = run(tmp_path, "--yes", "--dry-run", "--channel", "grid_v")
    assert done.exit_code == 0
    assert "Nothing was stored" in done.output
    assert "-1.5" in done.output  # grid_v reads 0.985 of the truth
    assert list(tmp_path.iterdir()) == []


def test_readings_of_a_reference_by_options(tmp_path: Path) -> None:
    """One step a call; the bench shows 42 A at PF 1, 230 V."""
    words = ("--channel", "grid_i", "--step", "gain", "--reference-v", "230.0", "--reference-a", "42.0")
    assert run(tmp_path, *words).exit_code == 0
    first = stored(tmp_path)
    assert first["stages"] == {"bus_v": 1, "grid_i": 1}
    done = run(tmp_path, "--channel", "grid_i", "--step", "phase", "--reference-pf", "0.5")
    assert done.exit_code == 0, done.output
    assert stored(tmp_path)["stages"] == {"bus_v": 1, "grid_i": 2}
    assert run(tmp_path, "--channel", "grid_i", "--step", "offset", "--reference-w", "0").exit_code == 0
    assert stored(tmp_path)["stages"] == {"bus_v": 1, "grid_i": 3}
    assert max(map(abs, errors_pct(tmp_path))) < 0.2


def test_undo_goes_back_once(tmp_path: Path) -> None:
    """To what was stored before; to the nominal scales when that was the first."""
    run(tmp_path, "--yes", "--channel", "grid_v")
    first = stored(tmp_path)
    run(tmp_path, "--yes", "--channel", "bus_v")
    assert stored(tmp_path) != first
    assert run(tmp_path, "--undo").exit_code == 0
    assert stored(tmp_path) == first
    again = run(tmp_path, "--undo")
    assert (again.exit_code, again.output) == (
        2,
        "error: The device refuses: there is no earlier calibration to go back to.\n",
    )


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--step gain --reference-v 300 --reference-a 42", "28.9 % off the nominal scale of bus_v"),
        (
            "--step gain --reference-v 230 --reference-a 21",
            "off the nominal scale of grid_i, at most 10: check its range and its clamp's turns.",
        ),
        (
            "--step gain --reference-v 230 --reference-a 42 --reference-pf 0.7",
            "for gain it must be above 0.98",
        ),
        (
            "--step gain --reference-v 230 --reference-a 42 --reference-w 9900",
            "9900 W are more than 230 V times 42 A",
        ),
        (
            "--step gain --reference-v 230 --reference-w -9660",
            "its CT is reversed, turn it or swap its wires",
        ),
        ("--step gain --reference-a 42", "the reference's V is needed"),
        ("--step phase --reference-pf 0.5", "phase comes after gain: do that first"),
        ("--step offset --reference-w 0", "offset comes after phase: do that first"),
        ("--step gain --reference-v -5 --reference-a 42", "v is -5, must not be negative"),
    ],
)
def test_bad_references_are_refused(tmp_path: Path, words: str, said: str) -> None:
    """Exit code 2, a sentence, and the store as it was."""
    run(tmp_path, "--yes", "--channel", "grid_v")
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    done = run(tmp_path, "--channel", "grid_i", *words.split())
    assert done.exit_code == 2, done.output
    assert "error: The device refuses: " in done.output
    assert said in done.output
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--reference-v 230", "Readings of the reference belong to one step; add --channel and one --step."),
        ("--channel kitchen --yes", "no step for kitchen; its channels are grid_v, bus_v, grid_i, load_i"),
        ("--channel grid_v --step phase --yes", "no step for grid_v"),
        ("--channel grid_v --step gain --reference-v 230 --seconds 1000", "seconds is 1000"),
    ],
)
def test_bad_options_are_refused(tmp_path: Path, words: str, said: str) -> None:
    """Exit code 2 and a sentence."""
    done = run(tmp_path, *words.split())
    assert (done.exit_code, said in done.output) == (2, True), done.output


def test_without_a_bench_there_is_no_device() -> None:
    """The serial line is not there yet, and that is said."""
    main = click.Group(commands={"calibrate": calibrate})
    main.__class__ = Sentences
    done = CliRunner().invoke(main, ["calibrate"])
    assert (done.exit_code, "--simulated" in done.output) == (2, True)


def test_a_person_is_led(tmp_path: Path) -> None:
    """Types what the reference shows, and Enter where the bench's own reading stands."""
    done = run(tmp_path, "--channel", "grid_i", typed="\n\n\n" + "\n\n\n\n" + "0\n0\n")
    assert done.exit_code == 0, done.output
    for words in ("a heater", "a motor, a choke", "Switch off all", "note what the reference shows"):
        assert words in done.output
    assert stored(tmp_path)["stages"] == {"bus_v": 1, "grid_i": 3}
    wrong = run(tmp_path, "--channel", "grid_v", typed="23o\n")
    assert (wrong.exit_code, "'23o' is not a number" in wrong.output) == (2, True)


def test_a_load_that_moves_is_refused(tmp_path: Path) -> None:
    """What is made of another load's reading is worse than before, and is let go of."""
    bench = Bench(tmp_path / "store", KNOWN)
    try:
        device = Device(bench)
        leader = Guide(device, bench, 5.0, lambda words: None)
        job = Job("grid_i", False, 60.0, "gain")
        reference = leader.connect(job)
        with pytest.raises(Refused, match="last readings are not of this channel"):
            leader.work(job, reference, last=True)
        leader.read("grid_i")
        bench.connect(Load(a=30.0))
        with pytest.raises(Refused, match="made the reading worse: did the load change meanwhile"):
            leader.work(job, reference, last=True)
        assert device.ask("about")["calibration"] != calibration.empty()
        assert device.ask("drop")["calibration"] == calibration.empty()
    finally:
        bench.close()


def test_what_the_bench_shows_wrong_is_told(tmp_path: Path) -> None:
    """A reversed CT, a voltage that clips, no voltage, a frequency out of range."""
    for faults, load, said in (
        (Faults(reversed_ct=True), Load(a=30.0), "its CT is reversed"),
        (Faults(), Load(v=300.0, a=30.0), "samples are clipped"),
        (Faults(), Load(v=5.0, a=30.0), "there is no voltage: 5.0 V"),
        (Faults(), Load(a=3.0), "too small: 3.00 A, must be 6.00 to 60.00"),
        (Faults(), Load(a=30.0, lag_rad=1.0), "the power factor is 0.540"),
    ):
        bench = Bench(tmp_path / "store", faults)
        try:
            bench.connect(load)
            with pytest.raises(Refused, match=said):
                Device(bench).ask(
                    "step",
                    channel="grid_i",
                    step="gain",
                    seconds=5.0,
                    parts=5,
                    reference={"v": 230.0, "a": 30.0},
                )
        finally:
            bench.close()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"hello\n", "the request is not JSON"),
        (b"[1]\n", "the request is not an object"),
        (b"{}\n", "do is None"),
        (b'{"do": "read", "seconds": 5, "parts": 5}\n', "None is not a channel"),
        (b'{"do": "read", "channel": "grid_i", "seconds": true, "parts": 5}\n', "seconds is True"),
        (b'{"do": "read", "channel": "grid_i", "seconds": 5, "parts": 1e9}\n', "parts is 1000000000.0"),
        (b'{"do": "step", "step": "all"}\n', "step is 'all', must be gain, phase or offset"),
        (b'{"do": "store", "date": "2026", "reference": 5}\n', "reference must be text of at most 120"),
        (b'{"do": "widths", "channel": "x", "samples": 9}\n', "no channel is called 'x'"),
        (b'{"do": "widths", "channel": "grid_v", "samples": 9}\n', "go beyond 447 and 3647"),
        (b"x" * 100_000 + b"\n", "the request is longer than 1024 bytes"),
        (b'{"do": "about"' + b" " * 1011 + b"}\n", "the request is longer than 1024 bytes"),
    ],
)
def test_the_device_answers_every_line_with_a_sentence(bench: Bench, line: bytes, said: str) -> None:
    """And goes on; long lines are not kept."""
    bench.connect(Load(v=100.0))
    answer = json.loads(bench.exchange(line))
    assert said in answer["error"]
    assert Device(bench).ask("about")["device"] == "simulated"


def test_a_damaged_file_is_told_and_replaced(tmp_path: Path) -> None:
    """The device goes on with nominal scales."""
    (tmp_path / calibration.NAME).write_bytes(b'{"crc":"00000000","calibration":{}}')
    done = run(tmp_path, "--show")
    assert "The stored calibration is not used: calibration: the file is damaged" in done.output
    assert run(tmp_path, "--yes", "--channel", "grid_v").exit_code == 0
    assert "not used" not in run(tmp_path, "--show").output


def test_a_device_that_ends_is_told(bench: Bench) -> None:
    """As a failed run, with the end of its log."""
    bench._process.kill()
    bench._process.wait()
    with pytest.raises(RunError, match="the simulated device ended"):
        Device(bench).ask("about")


def counted(adc: Adc, crest: float, samples: int, seed: int) -> Histogram:
    """Return a histogram of a mains voltage with 3 % of harmonics, wandering about 50 Hz."""
    histogram, rng = Histogram(), np.random.default_rng(seed)
    counts = np.zeros(CODES, dtype=np.int64)
    cycles = 50.0 * np.arange(samples) / SET_HZ + np.cumsum(rng.normal(0.0, 2e-4, samples))
    for turn in np.array_split(2.0 * np.pi * cycles, 20):
        wave = np.cos(turn) + 0.02 * np.cos(3 * turn + 1.0) + 0.03 * np.cos(5 * turn)
        raw = adc.convert(crest * wave + rng.standard_normal(len(turn)))
        counts += np.bincount(raw, minlength=CODES)
    window = np.repeat(np.arange(CODES), np.minimum(counts, 1)).astype(np.uint16)
    histogram.add(window, 0, 1, len(window))  # type: ignore[arg-type]
    for row, place in enumerate((*WIDE_CODES, 2047)):
        for offset in range(-64, 65):
            histogram._counts[129 * row + 64 + offset] = int(counts[place + offset])
    return histogram


def gain(adc: Adc, table: NDArray[np.float64], crest: float) -> float:
    """Return the gain that a sine of a crest in codes is seen with, by its mean over noise and phases."""
    rng = np.random.default_rng(3)
    turn = 2.0 * np.pi * 0.6180339887 * np.arange(400_000)
    seen = table[adc.convert(crest * np.sin(turn) + rng.standard_normal(len(turn)))]
    return float(2.0 * np.mean((seen - seen.mean()) * np.sin(turn)) / crest / 16.0)


def gain_error_pct(adc: Adc, table: object) -> float:
    """Return by how much the gain differs between 5 % and 100 % of the range, at most, in percent."""
    values = np.asarray(table, dtype=np.float64)
    gains = [gain(adc, values, share * 1840.0) for share in (0.05, 0.1, 0.2, 0.5, 1.0)]
    return 100.0 * (max(gains) / min(gains) - 1.0)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_widths_by_code_density(seed: int) -> None:
    """5.2 million samples (24 min of one voltage, 800 counts a code): widths within 0.6 LSB, 4 standard errors.

    A plain table leaves about 1 % between small and large signals, the typical one 0.2 %, the device's own 0.05 %.
    """
    widths = e11_widths(seed)
    adc = rp2040(widths)
    codes, found = counted(adc, 1750.0, 5_200_000, seed).widths()
    assert codes == WIDE_CODES
    assert list(found) == pytest.approx(widths[list(WIDE_CODES)].tolist(), abs=0.6)
    assert gain_error_pct(adc, plain_table()) > 0.8
    assert gain_error_pct(adc, wide_code_table(GENERIC_WIDTHS)) < 0.25
    assert gain_error_pct(adc, wide_code_table(found, codes)) < 0.05


def test_a_voltage_locked_to_the_sampling_is_refused() -> None:
    """50 Hz exactly meet 72 codes a cycle only, and any of them may look wide."""
    adc = rp2040(e11_widths(0))
    turn = 2.0 * np.pi * np.arange(3600) / 72.0
    rng = np.random.default_rng(1)
    histogram = Histogram()
    for _ in range(60):
        raw = adc.convert(1750.0 * np.cos(turn) + rng.standard_normal(3600))
        histogram.add(raw, 0, 1, 3600)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="locked to the sampling"):
        histogram.widths(1)
