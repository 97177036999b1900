"""The command `islet replay`: recordings from formulas against hand values and numpy, and all its modes."""

import json
import re
import subprocess
import sys
from array import array
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from replay_waves import codes_of, numpy_reading

from host_tools.__main__ import Sentences
from host_tools.plant.meter_signal import Adc, MeterSignal, Wave
from host_tools.replay import kernels_numpy
from host_tools.replay.command import replay
from host_tools.replay.header import KINDS, Column, Header
from host_tools.replay.header_text import OPTIONAL, RANGES, REQUIRED
from host_tools.replay.reader import Recording
from host_tools.replay.writer import Writer, write
from islet.measure import kernels
from islet.measure.linearise import WIDE_CODES
from islet.measure.phasor import quadrature_table
from islet.measure.wiring import Wiring, single_phase

ROOT = Path(__file__).resolve().parents[2]
CASES = {path.parent.name: path for path in sorted((ROOT / "tests/cases/replay").glob("*/case.json"))}
WHOLE_CYCLES = ("half_lagging", "split_phase", "three_phase")  # what one Fourier transform needs
APP = Sentences(commands={"replay": replay})


def run(*arguments: object) -> Result:
    """Run `islet replay arguments...` within this process; what click does not catch fails the test."""
    return CliRunner().invoke(APP, ["replay", *map(str, arguments)], catch_exceptions=False)


def told(*arguments: object) -> list[dict[str, Any]]:
    """Return the objects of a run with --json; not-a-number and infinity are no JSON."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    ended = run(*arguments, "--json")
    assert ended.exit_code == 0, ended.output
    return [json.loads(line, parse_constant=refuse) for line in ended.stdout.splitlines()]


def case_of(name: str) -> tuple[dict[str, Any], Path]:
    """Return a case and its recording."""
    return json.loads(CASES[name].read_text()), CASES[name].parent / "samples.csv"


def near(found: Any, wanted: Any, where: str) -> None:
    """Assert that found has all of wanted; a pair of numbers is a value and how far off it may be."""
    if isinstance(wanted, dict):
        for key, inner in wanted.items():
            near(found[key], inner, f"{where}.{key}")
    elif isinstance(wanted, list):
        assert found == pytest.approx(wanted[0], abs=wanted[1]), where
    else:
        assert str(found).startswith(wanted), where


@pytest.mark.parametrize("name", CASES)
def test_recording_reads_as_calculated_by_hand(name: str) -> None:
    """Means over the recording against the case's own values; its source says where they come from."""
    case, samples = case_of(name)
    mean = told(samples)[-1]["summary"]["mean"]
    expected = dict(case["expected"])
    events = expected.pop("events")
    near(mean, expected, name)
    assert len(mean["events"]) == len(events)
    for found, wanted in zip(mean["events"], events, strict=True):
        near(found, wanted, f"{name} event")
    assert [finding["code"] for finding in mean["findings"]] == []


@pytest.mark.parametrize("name", CASES)
def test_recording_is_what_its_formula_gives(name: str) -> None:
    """At most one code apart, where a processor rounds a half the other way."""
    case, samples = case_of(name)
    codes, sets = codes_of(case["parameters"])
    with Recording(samples) as recording:
        blocks = list(recording.blocks())
        found = np.concatenate([block.codes for block in blocks]).astype(int)
        numbers = np.concatenate([block.sets for block in blocks])
    assert np.abs(found - codes).max() <= 1
    assert (numbers == sets).all()


@pytest.mark.parametrize("name", WHOLE_CYCLES)
def test_recording_reads_as_numpy_does(name: str) -> None:
    """The same samples in float64: 0.01 % of the rms values and of the apparent power; THD within 0.005."""
    case, samples = case_of(name)
    mean = told(samples)[-1]["summary"]["mean"]
    for channel, wanted in numpy_reading(samples, case["parameters"]).items():
        if channel in mean["voltages"]:
            assert mean["voltages"][channel]["rms_v"] == pytest.approx(wanted["rms"], rel=1e-4)
            continue
        found = mean["currents"][channel]
        assert found["rms_a"] == pytest.approx(wanted["rms"], rel=1e-4)
        assert found["active_w"] == pytest.approx(wanted["w"], abs=1e-4 * found["apparent_va"])
        assert found["reactive_var"] == pytest.approx(wanted["var"], abs=1e-4 * found["apparent_va"])
        assert found["thd_pu"] == pytest.approx(wanted["thd_pu"], abs=0.005)


@pytest.mark.parametrize("name", CASES)
def test_plain_kernels_say_the_same(name: str) -> None:
    """The firmware's plain kernels and their equal in numpy, to the last digit printed."""
    samples = case_of(name)[1]
    assert run(samples, "--json").stdout == run(samples, "--json", "--plain-kernels").stdout


@pytest.mark.parametrize("seed", range(12))
def test_numpy_kernels_are_equal(seed: int) -> None:
    """Random windows and rows, empty rows and rails among them: every word of every kernel."""
    rng = np.random.default_rng(seed)
    stride, n = int(rng.integers(1, 16)), 200
    codes = (
        rng.choice([1, 32767, 32768, 65535], stride * n)
        if seed % 3 == 0
        else rng.integers(1, 65536, stride * n)
    )
    window = array("H", codes.tolist())
    rows = int(rng.integers(1, 6))
    bounds = array("H", sorted(rng.integers(2, n + 1, rows + 1).tolist()))
    bounds[-1] = max(bounds[-1], bounds[0] + 1)
    v, i = (int(rng.integers(stride)) for _ in range(2))
    table, turn = quadrature_table(), int(rng.integers(1, 1 << 21))
    for name, arguments in (
        ("squares", (window, stride, v, bounds, rows)),
        ("products", (window, stride, v - stride, i, bounds, rows)),
        ("correlate", (window, stride, i, bounds, rows, table, turn)),
        ("extremes", (window, stride, i, 3, n)),
    ):
        plain, fast = (array("i", [7] * 64) for _ in range(2))
        getattr(kernels, name)(*arguments, plain)
        getattr(kernels_numpy, name)(*arguments, fast)
        assert plain == fast, name
    for arm, room in ((1, 40), (20_000, 40), (500, 3)):
        plain, fast = (array("H", [7] * 50) for _ in range(2))
        counts = [
            kernel.crossings(window, stride, v, 1, n, arm, out, room)
            for kernel, out in ((kernels, plain), (kernels_numpy, fast))
        ]
        assert counts[0] == counts[1]
        assert plain == fast


def test_drop_out_is_told() -> None:
    """400 sets in one gap; only what is there is measured, and the window after the gap says so."""
    *readings, last = told(case_of("drop_out")[1])
    summary = last["summary"]
    assert (summary["rows"], summary["lost_sets"], summary["gaps"]) == (1400, 400, 1)
    assert summary["measured_s"] + summary["unmeasured_sets"] / 1200 == pytest.approx(1400 / 1200, abs=1e-5)
    after = [reading for reading in readings if reading["lost_sets"]]
    assert [reading["lost_sets"] for reading in after] == [400]
    assert after[0]["t_s"] - after[0]["span_s"] == pytest.approx(1100 / 1200, abs=1e-5)


def test_interval_gives_means() -> None:
    """Half a second each: two readings, of five windows each, whose power is the mean of theirs."""
    samples = case_of("half_lagging")[1]
    windows, halves = told(samples)[:-1], told(samples, "--interval", "500ms")[:-1]
    assert [(reading["windows"], reading["t_s"]) for reading in halves] == [(5, 0.5), (5, 1.0)]
    powers = [reading["grid_w"] for reading in windows]
    assert halves[1]["grid_w"] == pytest.approx(np.mean(powers[5:]), abs=0.002)
    assert halves[1]["import_wh"] == windows[-1]["import_wh"] > halves[0]["import_wh"] > 0.0


@pytest.mark.parametrize(("window_ms", "windows", "unmeasured"), [(150, 7, 0), (120, 8, 88), (1000, 1, 0)])
def test_rest_of_a_recording(window_ms: int, windows: int, unmeasured: int) -> None:
    """Of 2160 sets: 6 windows of 324 and one of 216; 8 of 259 and 88, less than three cycles; one of all."""
    *readings, last = told(case_of("half_lagging")[1], "--window-ms", window_ms)
    summary = last["summary"]
    assert summary["windows"] == len(readings) == windows
    assert summary["unmeasured_sets"] == unmeasured
    assert summary["measured_s"] == pytest.approx((2160 - unmeasured) / 2160, abs=1e-6)
    assert summary["mean"]["grid_w"] == pytest.approx(1150.0, abs=1.2)


def test_text_has_every_channel() -> None:
    """Each window has a line of its own and one a channel; --summary leaves the windows out."""
    samples = case_of("three_phase")[1]
    lines, summary = run(samples).stdout.splitlines(), run(samples, "--summary").stdout.splitlines()
    assert lines[-len(summary) :] == summary
    assert len(lines) == 5 * 7 + len(summary)
    for name in ("v1", "v2", "v3", "i1", "i2", "i3"):
        assert sum(line.startswith(f"  {name} ") for line in lines) == 6


def test_help_says_what_it_does() -> None:
    """Options and the place of the format's description."""
    ended = run("--help")
    assert ended.exit_code == 0
    for word in ("SAMPLES", "--json", "--window-ms", "--interval", "--summary", "docs/replay.md"):
        assert word in ended.stdout


def every_key() -> tuple[Wiring, Header]:
    """Return a wiring with all that a header can say, and a header that says it."""
    columns = (
        Column("v", "grid_v", 0.2, rated=240.0, noise_codes=1.5, gain=1.01, lead_deg=-0.25),
        Column("pv_i", "source_i", 0.05, rated=60.0, gain=-0.99, lead_deg=1.5, offset_w=2.5),
    )
    header = Header(
        set_hz=2500.5,
        columns=columns,
        f0_hz=60.0,
        v_nominal_v=120.0,
        sampling="simultaneous",
        adc="rp2040",
        adc_widths=(9.5, 8.25, 10.0, 9.0),
        start=datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC),
        notes=("where: here", "second"),
    )
    return header.wiring(), header


def read_back(path: Path, block_bytes: int = 1 << 20) -> tuple[Header, Any, Any]:
    """Return header, set numbers and codes of a recording."""
    with Recording(path, block_bytes) as recording:
        blocks = list(recording.blocks())
        return (
            recording.header,
            np.concatenate([block.sets for block in blocks]),
            np.concatenate([block.codes for block in blocks]),
        )


def test_written_is_read_back(tmp_path: Path) -> None:
    """Every key of the header, every code, and the numbers of the sets."""
    header = every_key()[1]
    codes = np.random.default_rng(1).integers(0, 4096, (1000, 2))
    sets = np.cumsum(np.random.default_rng(2).integers(1, 4, 1000))
    with Writer(tmp_path / "a.csv", header, has_sets=True) as writer:
        writer.add(codes[:300], sets[:300])
        writer.add(codes[300:], sets[300:])
    found, numbers, read = read_back(tmp_path / "a.csv")
    assert found == header
    assert (numbers == sets).all()
    assert (read == codes).all()


def test_wiring_is_read_back(tmp_path: Path) -> None:
    """A wiring, saved and read, is the same for the meter: scales, ratings and calibration of 16-bit codes."""
    wiring = every_key()[0]
    write(tmp_path / "a.csv", wiring, np.zeros((2, 2), int), start=datetime(2026, 1, 1, tzinfo=UTC))
    again = read_back(tmp_path / "a.csv")[0].wiring()
    assert again.calibration().keys() == wiring.calibration().keys()
    for one, other in zip(again.channels, wiring.channels, strict=True):
        assert vars(one) == pytest.approx(vars(other))
    for key in ("system", "v_nominal_v", "f0_hz", "set_hz", "simultaneous"):
        assert getattr(again, key) == getattr(wiring, key)


@pytest.mark.parametrize("codes", [[[1, 2, 3]], [[4096, 0]], [[-1, 0]]], ids=["columns", "high", "low"])
def test_wrong_codes_are_not_written(tmp_path: Path, codes: list[list[int]]) -> None:
    """What could not be read again is refused when written."""
    with (
        Writer(tmp_path / "a.csv", every_key()[1]) as writer,
        pytest.raises(ValueError, match="codes must be"),
    ):
        writer.add(codes)


@pytest.mark.parametrize("block_bytes", [1, 7, 64, 1000])
def test_blocks_of_any_size_are_the_same(block_bytes: int, tmp_path: Path) -> None:
    """Wherever the file is cut; with Windows line ends, a mark at the start, blank lines and no last line end."""
    text = case_of("drop_out")[1].read_text().splitlines()[:60]
    (tmp_path / "plain.csv").write_text("\n".join(text) + "\n")
    (tmp_path / "odd.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join([*text[:-1], "", text[-1]]).encode())
    wanted = read_back(tmp_path / "plain.csv")
    for name in ("plain.csv", "odd.csv"):
        found = read_back(tmp_path / name, block_bytes)
        assert found[0] == wanted[0]
        assert (found[1] == wanted[1]).all()
        assert (found[2] == wanted[2]).all()


def test_rp2040_and_transducers_are_taken_out(tmp_path: Path) -> None:
    """Wide codes and a CT off by 2 % and 1.5 deg: 2 A at PF 0.5 within 0.4 % with what the header says, else not."""
    widths = np.ones(4096) * (4096 - 37) / 4092
    widths[list(WIDE_CODES)] = (10.0, 8.25, 9.75, 9.0)
    wiring = single_phase(0.2 / 16, 0.05 / 16)
    current = Wave(2.0, -np.pi / 3)
    waves = {"grid_v": Wave(230.0), "bus_v": Wave(230.0), "grid_i": current, "load_i": current}
    lead_rad = np.radians(1.5)
    signal = MeterSignal(wiring, waves, 50.03, 5, Adc(12, 1.0, widths), {"grid_i": (1 / 1.02, lead_rad)})
    codes = signal.codes(2 * 3600)
    truth_w = 230.0 * 2.0 * 0.5
    write(tmp_path / "bare.csv", wiring, codes)
    wiring.calibrate({"grid_i": {"gain": 1.02, "lead_rad": lead_rad}})
    write(tmp_path / "known.csv", wiring, codes, adc="rp2040", adc_widths=(10.0, 8.25, 9.75, 9.0))
    bare, known = (told(tmp_path / name)[-1]["summary"]["mean"] for name in ("bare.csv", "known.csv"))
    assert known["grid_w"] == pytest.approx(truth_w, rel=0.004)
    assert known["load_w"] == pytest.approx(truth_w, rel=0.004)
    assert bare["grid_w"] != pytest.approx(truth_w, rel=0.02)
    assert bare["load_w"] != pytest.approx(truth_w, rel=0.004)


def test_reversed_current_transformer_is_found(tmp_path: Path) -> None:
    """The self-checks run: a load that seems to generate, for ten seconds."""
    wiring = single_phase(0.2 / 16, 0.05 / 16)
    waves = {"grid_v": Wave(230.0), "bus_v": Wave(230.0), "grid_i": Wave(5.0), "load_i": Wave(5.0, np.pi)}
    write(tmp_path / "a.csv", wiring, MeterSignal(wiring, waves).codes(36_000))
    findings = told(tmp_path / "a.csv")[-1]["summary"]["mean"]["findings"]
    assert ("ct_reversed", "load_i") in [(finding["code"], finding["channel"]) for finding in findings]
    assert "finding: ct_reversed on load_i" in run(tmp_path / "a.csv", "--summary").stdout


def test_noise_and_rails_are_no_traceback(tmp_path: Path) -> None:
    """Codes that no grid makes: random, all at a rail, all zero, a step."""
    wiring = single_phase(0.2 / 16, 0.05 / 16)
    rng = np.random.default_rng(3)
    step = np.repeat([0, 4095, 2048], 1200)
    for number, column in enumerate([rng.integers(0, 4096, 3600), np.full(3600, 4095), np.zeros(3600), step]):
        write(tmp_path / f"{number}.csv", wiring, np.tile(column[:, None], (1, 4)))
        assert told(tmp_path / f"{number}.csv")[-1]["summary"]["windows"] == 10


MEMORY = """
import sys
from pathlib import Path
from host_tools.replay.command import replay
replay.main([sys.argv[1], "--summary", "--window-ms", "1000"], standalone_mode=False)
print(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0])
"""


def test_memory_does_not_grow_with_the_recording(tmp_path: Path) -> None:
    """A recording 12 times as long, 1.3 million rows in 13 MB of text, needs at most 4 MB more at its peak."""
    text = case_of("half_lagging")[1].read_text()
    rows = re.sub(r"^[^\d].*\n", "", text, flags=re.MULTILINE)
    header = text.removesuffix(rows)
    search = {
        "PYTHONPATH": ":".join(str(ROOT / folder) for folder in ("", "firmware", "boards", "boards/cpython"))
    }
    peaks = []
    for times in (50, 600):
        (tmp_path / "long.csv").write_text(header + rows * times)
        command = [sys.executable, "-c", MEMORY, str(tmp_path / "long.csv")]
        ended = subprocess.run(command, capture_output=True, text=True, check=True, env=search)
        assert f"{times * 2160:,} rows" in ended.stdout
        peaks.append(int(ended.stdout.splitlines()[-1]))
    assert peaks[1] - peaks[0] < 4096  # in KB


DOCUMENT = (ROOT / "docs/replay.md").read_text()


def block_of(language: str) -> list[str]:
    """Return the lines of the document's block in a language."""
    return DOCUMENT.partition(f"```{language}\n")[2].partition("\n```")[0].splitlines()


def test_example_of_the_document() -> None:
    """Its recording is the first lines of the case, its output that of the command; the last digits may differ."""
    samples = case_of("half_lagging")[1]
    example = block_of("csv")
    assert len(example) > 10
    assert samples.read_text().splitlines()[: len(example)] == example
    command = re.search(r"`islet replay (\S*half_lagging\S* .*)`", DOCUMENT)
    assert command is not None
    path, *options = command[1].split()
    printed, wanted = run(ROOT / path, *options).stdout.splitlines(), block_of("console")
    number = re.compile(r"-?\d[\d,]*\.?\d*")
    assert [number.sub("", line).split() for line in printed] == [
        number.sub("", line).split() for line in wanted
    ]
    values = [
        [float(word.replace(",", "")) for word in number.findall("\n".join(lines))]
        for lines in (printed, wanted)
    ]
    assert values[0] == pytest.approx(values[1], rel=2e-4, abs=0.3)


def test_keys_of_the_document() -> None:
    """Every key of the output is in the document's tables, and no other; so is every key of a header."""
    section = DOCUMENT.partition("## JSON")[2].partition("\n## ")[0]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    named = {key for cell in cells for key in re.findall(r"`(\w+)`", cell)}
    *readings, last = told(case_of("sag")[1]) + told(case_of("half_lagging")[1])
    finding = {"code", "channel", "since_s", "time", "evidence", "stands"}
    used = {*readings[0], *last["summary"], *finding}
    for reading in readings:
        parts = [*reading.get("voltages", {}).values(), *reading.get("currents", {}).values()]
        for part in parts + reading.get("events", []):
            used |= set(part)
    assert named == used
    for word in (*REQUIRED, *OPTIONAL, *RANGES, *KINDS, "two_way"):
        assert f"`{word}`" in DOCUMENT, word
    for word in replay.params:
        assert word.opts[0].startswith("samples") or f"`{word.opts[0]}`" in DOCUMENT
