"""Recordings with something wrong in them: one sentence with file and line, exit code 2, never a traceback."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from host_tools.__main__ import Sentences
from host_tools.replay.command import replay

ROOT = Path(__file__).resolve().parents[2]
HEADER = """# islet samples: 1
# set_hz: 1200
# bits: 12
# system: single
# f0_hz: 50
# v_nominal_v: 230
# sampling: round_robin
# channel: grid_v kind=grid_v phase=1 volts_per_code=0.2
# channel: grid_i kind=grid_i phase=1 amps_per_code=0.05
set,grid_v,grid_i
"""
GOOD = HEADER + "".join(f"{n},{2048 + n % 24},2048\n" for n in range(300))
FIRST_ROW = HEADER.count("\n") + 1
VOLT, AMPERE = HEADER.splitlines()[7:9]

# name -> what to replace in a good recording, by what, line told (0: none), and words of the sentence
CASES: dict[str, tuple[str, str, int, tuple[str, ...]]] = {
    "no recording": ("# islet samples: 1", "# other: 1", 1, ("not a recording", "# islet samples: 1")),
    "no header": (HEADER, "", 1, ("not a recording", "# islet samples: 1")),
    "unknown version": ("samples: 1", "samples: 2", 1, ("version '2'", "reads 1")),
    "key missing": ("# set_hz: 1200\n", "", 9, ("without 'set_hz'", "add a line '# set_hz: ...'")),
    "key unknown": ("# set_hz:", "# rate:", 2, ("'rate'", "set_hz, bits")),
    "key twice": ("# bits: 12", "# bits: 12\n# bits: 12", 4, ("'bits'", "second time")),
    "no key": ("# bits: 12", "# recorded by hand", 3, ("'# recorded by hand'", "# note:")),
    "no number": ("set_hz: 1200", "set_hz: fast", 2, ("'set_hz' is 'fast'", "1000 to 16000")),
    "number not finite": ("f0_hz: 50", "f0_hz: nan", 5, ("'f0_hz' is 'nan'", "45 to 65")),
    "set_hz out of range": ("set_hz: 1200", "set_hz: 50", 2, ("'set_hz' is '50'", "1000 to 16000")),
    "other bits": ("bits: 12", "bits: 10", 3, ("'bits' is '10'", "12 or 16")),
    "unknown system": ("system: single", "system: two", 4, ("'two'", "single, split or three")),
    "unknown sampling": ("round_robin", "both", 7, ("'both'", "round_robin or simultaneous")),
    "unknown converter": ("# bits: 12", "# bits: 12\n# adc: esp32", 4, ("'adc' is 'esp32'", "plain or rp2040")),
    "widths of none": ("# bits: 12", "# bits: 12\n# adc: plain 9 9 9 9", 4, ("plain", "no widths")),
    "three widths": ("# bits: 12", "# bits: 12\n# adc: rp2040 9 9 9", 4, ("'rp2040 9 9 9'", "wide codes")),
    "rp2040 of 16 bits": ("# bits: 12", "# bits: 16\n# adc: rp2040", 11, ("12 bits", "'bits' is 16")),
    "no time": ("# bits: 12", "# bits: 12\n# start: noon", 4, ("'noon'", "2026-03-01T12:00:00Z")),
    "unknown kind": ("kind=grid_v", "kind=volts", 8, ("'grid_v kind' is 'volts'", "grid_v, bus_v")),
    "no kind": ("kind=grid_v ", "", 8, ("'grid_v kind' is ''",)),
    "unknown phase": ("grid_v phase=1", "grid_v phase=4", 8, ("'grid_v phase' is '4'", "1, 2, 3, 12, 23 or 31")),
    "phase of another system": ("grid_i phase=1", "grid_i phase=2", 0, ("grid_i", "phase 2")),
    "no scale": (" volts_per_code=0.2", "", 8, ("no 'volts_per_code'",)),
    "scale of the other kind": ("volts_per", "amps_per", 8, ("no 'amps_per_code'", "volts_per_code")),
    "scale of zero": ("code=0.2", "code=0", 8, ("'volts_per_code' is '0'",)),
    "no pair": ("phase=1 volts", "phase volts", 8, ("'phase'", "key=value")),
    "pair twice": ("phase=1 volts", "phase=1 phase=1 volts", 8, ("value twice",)),
    "gain that is none": ("code=0.2", "code=0.2 gain=0.1", 0, ("grid_v.gain is 0.1", "0.5 to 2")),
    "lead beyond limits": ("code=0.05", "code=0.05 lead_deg=90", 9, ("'lead_deg' is '90'",)),
    "two_way neither": ("code=0.05", "code=0.05 two_way=1", 9, ("'1'", "no or yes")),
    "channel twice": (AMPERE, AMPERE.replace("grid_i kind", "grid_v kind"), 9, ("'grid_v'", "second time")),
    "channel without a name": ("channel: grid_v", "channel: 1v", 8, ("'1v'", "letters")),
    "no voltage": (VOLT, VOLT.replace("kind=grid_v", "kind=load_i").replace("volts", "amps"), 0, ("voltage",)),
    "no channel": (f"{VOLT}\n{AMPERE}\n", "", 8, ("without a channel", "# channel:")),
    "columns named otherwise": ("set,grid_v,grid_i", "set,grid_i,grid_v", 10, ("grid_i,grid_v", "same names")),
    "header's end missing": ("set,grid_v,grid_i\n", "", 10, ("the columns are named", "same names")),
    "column missing": ("\n3,2051,2048\n", "\n3,2051\n", FIRST_ROW + 3, ("2 columns instead of 3",)),
    "column too many": ("\n3,2051,", "\n3,2051,7,", FIRST_ROW + 3, ("4 columns instead of 3",)),
    "last line cut off": ("\n299,2059,2048\n", "\n299,20", FIRST_ROW + 299, ("2 columns instead of 3",)),
    "code not an integer": ("\n3,2051,", "\n3,2051.5,", FIRST_ROW + 3, ("grid_v is '2051.5'", "0 to 4095")),
    "code a word": ("\n9,2057,", "\n9,broken,", FIRST_ROW + 9, ("grid_v is 'broken'", "integer")),
    "code missing": ("\n9,2057,", "\n9,,", FIRST_ROW + 9, ("grid_v is ''",)),
    "code negative": ("\n9,2057,", "\n9,-7,", FIRST_ROW + 9, ("grid_v is '-7'", "0 to 4095")),
    "code beyond bits": ("\n9,2057,", "\n9,4096,", FIRST_ROW + 9, ("grid_v is 4096", "12 bits", "4095")),
    "code of 40 digits": ("\n9,2057,", f"\n9,{'9' * 40},", FIRST_ROW + 9, ("beyond 12 bits",)),
    "two numbers in a cell": ("\n9,2057,", "\n9,20 57,", FIRST_ROW + 9, ("grid_v is '20 57'",)),
    "set not a number": ("\n9,2057,", "\nx,2057,", FIRST_ROW + 9, ("set 'x'",)),
    "set of 40 digits": ("\n9,2057,", f"\n{'9' * 40},2057,", FIRST_ROW + 9, ("no set number",)),
    "set twice": ("\n9,2057,", "\n8,2057,", FIRST_ROW + 9, ("set 8 comes after set 8", "must rise")),
    "set backwards": ("\n9,2057,", "\n4,2057,", FIRST_ROW + 9, ("set 4 comes after set 8",)),
    "remark among rows": ("\n9,2057,", "\n# here\n9,2057,", FIRST_ROW + 9, ("1 columns instead of 3",)),
    "nul among rows": ("\n9,2057,", "\n9,\x00,", FIRST_ROW + 9, ("not text",)),
    "endless line": ("\n9,2057,", "\n9," + "1" * 5000, FIRST_ROW + 9, ("2 columns instead of 3",)),
    "rows missing": (GOOD.removeprefix(HEADER), "", 0, ("no rows", "write a row of codes a set")),
}  # fmt: skip


def sentence_of(*arguments: object) -> str:
    """Run the command, which must refuse with one sentence; return it."""
    app = Sentences(commands={"replay": replay})
    ended: Result = CliRunner().invoke(app, ["replay", *map(str, arguments)], catch_exceptions=False)
    assert ended.exit_code == 2, ended.output
    said = [line for line in ended.stderr.splitlines() if line and not line.startswith(("Usage:", "Try '"))]
    assert len(said) == 1, ended.stderr
    assert said[0].lower().startswith("error: ")
    return said[0]


@pytest.mark.parametrize("name", CASES)
def test_wrong_recording(name: str, tmp_path: Path) -> None:
    """The place is the first that is wrong; the sentence says what, and what to do."""
    old, new, line, words = CASES[name]
    assert GOOD.count(old) == 1, "the case changes one place"
    path = tmp_path / "wrong.csv"
    path.write_text(GOOD.replace(old, new))
    said = sentence_of(path, "--summary")
    assert (f"{path}, line {line}: " if line else str(path)) in said
    assert [word for word in words if word not in said] == []


def test_the_good_one_is_good(tmp_path: Path) -> None:
    """What the cases change is read without complaint."""
    (tmp_path / "good.csv").write_text(GOOD)
    app = Sentences(commands={"replay": replay})
    assert CliRunner().invoke(app, ["replay", str(tmp_path / "good.csv")]).exit_code == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ("is empty", "header and rows")),
        (b"# islet samples: 1\n# set_hz: 1200\n", ("ends within its header",)),
        (bytes(range(256)) * 40, ("line 1", "not text")),
        (b"\x89PNG\r\n\x1a\n\0\0", ("line 1", "not text")),
        (b"1" * 10_000, ("line 1", "not text")),
        (HEADER.encode() + b"1" * 3_000_000, ("line 11", "longer than 4096 bytes")),
        ("\n".join(GOOD.splitlines()[:80]).encode(), ("70 rows", "nowhere 74", "record for longer")),
    ],
    ids=["empty", "cut", "binary", "picture", "one line", "endless line", "too short"],
)
def test_wrong_file(content: bytes, words: tuple[str, ...], tmp_path: Path) -> None:
    """Files that are no recording, or too little of one."""
    (tmp_path / "wrong.csv").write_bytes(content)
    said = sentence_of(tmp_path / "wrong.csv")
    assert [word for word in (str(tmp_path / "wrong.csv"), *words) if word not in said] == []


def test_power_beyond_the_counters(tmp_path: Path) -> None:
    """230 V and 283 codes of 5000 A: more than the energy counters take; told, not counted wrong."""
    samples = ROOT / "tests/cases/replay/half_lagging/samples.csv"
    (tmp_path / "wrong.csv").write_text(
        samples.read_text().replace("amps_per_code=0.05", "amps_per_code=5000")
    )
    said = sentence_of(tmp_path / "wrong.csv")
    assert "the power before 0.100 s cannot be counted" in said
    assert "correct the channels' scales" in said


def test_file_missing(tmp_path: Path) -> None:
    """No file, or a folder in its place."""
    assert "none.csv is not there" in sentence_of(tmp_path / "none.csv")
    assert "is a folder" in sentence_of(tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--window-ms", "20"), ("--window-ms", "20", "60<=x<=1000")),
        (("--window-ms", "long"), ("--window-ms", "long")),
        (("--interval", "0s"), ("--interval", "'0s'", "10min")),
        (("--interval", "1 day"), ("--interval", "'1 day'", "10min")),
        (("--every", "10"), ("No such option", "--every")),
    ],
    ids=lambda value: value[1] if value[0].startswith("--") else "",
)
def test_wrong_option(arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path) -> None:
    """Options are refused before the file is looked at."""
    said = sentence_of(tmp_path / "none.csv", *arguments)
    assert [word for word in words if word not in said] == []
