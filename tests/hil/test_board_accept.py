"""`islet hil accept` on the emulated board: a script plays the person, and leaves out what it should do."""

import json
from pathlib import Path

import pytest
from board_rig import REASON, image
from click.testing import CliRunner

from host_tools.board.accept import FAIL, PASS, SKIPPED, Result
from host_tools.board.accept_command import accept
from host_tools.board.accept_record import Record
from host_tools.board.accept_simulated import Bench
from host_tools.errors import InputError

ALL = ("wiring", "outputs", "inputs", "timing", "watchdog", "brown_out")
INPUTS = {
    "feedback", "bond_feedback", "genset_live", "sync_relay", "override_open", "override_close", "off_grid",
}  # fmt: skip


@pytest.mark.skipif(image() is None, reason=REASON)
def test_all_steps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the person does not work fails, what is not confirmed is skipped, all else passes; one record of it."""
    original = Bench.__init__

    def lazy(self: Bench, path: Path) -> None:
        original(self, path)
        self.refused = {"off_grid:on", "shed1", "shed2:on"}

    monkeypatch.setattr(Bench, "__init__", lazy)
    words = ["--simulated", "--cycles", "3", "--cuts", "1", "--tester", "A. Nobody", "--image", str(image())]
    done = CliRunner().invoke(accept, [*words, "--out", str(tmp_path)])
    assert done.exit_code == 1, done.output
    record = json.loads(next(tmp_path.glob("*.json")).read_text())
    assert (record["verdict"], record["tester"], record["simulated"]) == ("FAIL", "A. Nobody", True)
    assert record["board"] == "rp2040_emulated"
    assert len(record["image_sha256"]) == 64
    found = {(one["step"], one["what"]): one for one in record["results"]}
    assert {step for step, _ in found} == set(ALL)
    assert {what for step, what in found if step == "wiring"} == INPUTS
    failed = {key for key, one in found.items() if one["verdict"] == FAIL}
    assert failed - {key for key in found if key[0] == "timing"} == {
        ("wiring", "off_grid"),
        ("outputs", "shed2"),
    }
    assert {key for key, one in found.items() if one["verdict"] == SKIPPED} == {("outputs", "shed1")}
    assert (
        found["outputs", "contactor"]["measured"] == "switches, feedback after 50 ms and 50 ms"
    )  # the relay's, Bench.RELAYS
    assert found["timing", "sets lost"]["measured"] == "0"
    assert "whole" in found["brown_out", "cut 1"]["measured"]
    assert all(one["limit"] and one["source"] for one in record["results"] if one["verdict"] != SKIPPED)
    text = next(tmp_path.glob("*.txt")).read_text()
    assert all(one["measured"] in text for one in record["results"])


def test_verdict_of_a_record() -> None:
    """One failed fails; one left out makes it incomplete; nothing at all does too."""
    good, bad, none = (Result("wiring", "x", "m", "l", "s", verdict) for verdict in (PASS, FAIL, SKIPPED))
    for results, verdict in (
        ([good], "pass"),
        ([good, none], "incomplete"),
        ([none, bad], "FAIL"),
        ([], "incomplete"),
    ):
        assert Record("d", "b", "i", "h", "", False, results).verdict == verdict


def test_a_port_or_the_simulation() -> None:
    """Neither, or both, is refused."""
    for words in ([], ["/dev/ttyACM0", "--simulated"]):
        assert isinstance(CliRunner().invoke(accept, words).exception, InputError)
