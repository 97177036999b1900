"""The steps of an acceptance: wiring, outputs, inputs, timing, watchdog, brown-out."""

import math
from collections.abc import Iterator
from typing import Any

from host_tools.board import probe, put
from host_tools.board.accept import Result, Trial, result, skipped
from host_tools.board.line import Line
from host_tools.errors import RunError

FOLLOW_MS = 1000
CYCLE_P99_MS, CYCLE_MOST_MS, GC_MS = 25.0, 60.0, 60.0
WATCHDOG_S, BITE_S = 30.0, 2.5
CUT_SECONDS = 300.0
FEEDBACK = {"contactor": "feedback", "bond": "bond_feedback"}
ASKED = {  # of inputs: what makes them on, what makes them off
    "feedback": ("Close the main contactor by hand (or bridge its feedback contact)", "Open it again"),
    "bond_feedback": (
        "Close the neutral bond relay by hand (or bridge its feedback contact)",
        "Open it again",
    ),
    "genset_live": ("Bridge the genset's 'live' contact", "Remove the bridge"),
    "sync_relay": ("Bridge the synchronism-check relay's contact", "Remove the bridge"),
    "override_open": ("Turn the override switch to OPEN", "Turn it back to the middle"),
    "override_close": ("Turn the override switch to CLOSE", "Turn it back to the middle"),
    "off_grid": ("Put the transfer switch off the grid (or bridge its contact)", "Put it back on the grid"),
}
WIRING = "boards/BOARD/README.md, wiring: inputs are low when on"
NOISE = "RP2040 datasheet 4.9: 8.7 effective bits"
CONTACT = "docs/settings.md: longest contactor_close_ms"
SAMPLER = "docs/sampler.md"
LITTLEFS = "littlefs DESIGN.md: power-loss resilience"
BUDGET = "cycle of 100 ms, islet bench rp2040"


def run(trial: Trial, steps: tuple[str, ...]) -> Iterator[Result]:
    """Do the steps in order and yield what was measured."""
    todo = {
        "wiring": wiring, "outputs": outputs, "inputs": inputs, "timing": timing, "watchdog": watchdog,
        "brown_out": brown_out,
    }  # fmt: skip
    trial.load()
    for name in steps:
        trial.say(f"-- {name.replace('_', '-')}")
        for found in todo[name](trial):
            trial.say(found.text())
            yield found


def wiring(trial: Trial) -> Iterator[Result]:
    """Have each input made on and off, and see that it alone changes."""
    names = sorted(trial.line.json("inputs()"))
    if not names:
        yield skipped("wiring", "inputs", "the board has none")
    for name in names:
        seen = []
        for on, text in zip((True, False), ASKED[name], strict=True):
            before = trial.line.json("inputs()")
            trial.person.do(f"{name}:{'on' if on else 'off'}", f"{text}.")
            after = trial.line.json("inputs()")
            others = sorted(one for one in names if one != name and before[one] != after[one])
            seen.append((after[name] == on, others))
        good = all(right and not others for right, others in seen)
        moved = sorted({one for _, others in seen for one in others})
        told = "follows" if all(right for right, _ in seen) else "does not follow"
        told += f", and so do {', '.join(moved)}" if moved else ""
        yield result("wiring", name, good, told, "on and off, no other", WIRING)


def outputs(trial: Trial) -> Iterator[Result]:
    """Drive each output for a moment, after a warning and a word that must be typed."""
    numbers: dict[str, int] = trial.line.json("outputs()")
    if not numbers:
        yield skipped("outputs", "all", "the board has none")
        return
    warning = (
        "WARNING: what hangs on the outputs will switch, one after the other: contactor, neutral bond, genset, "
        "loads. Switch the main switch off and see that nobody works on the installation. Type DEAD when it is"
    )
    if trial.person.types("dead", warning) != "DEAD":
        yield skipped("outputs", "all", "not confirmed that the installation is dead")
        return
    try:
        for name in sorted(numbers):
            yield _output(trial, name, numbers[name])
    finally:
        trial.line.run("import board\nboard.safe()")


def _output(trial: Trial, name: str, number: int) -> Result:
    words = f"Next: {name}. Type its name to switch it on for a moment, anything else to skip it"
    if trial.person.types(name, words) != name:
        return skipped("outputs", name, "not confirmed")
    feedback = trial.line.json(f"getattr(board.PINS, {FEEDBACK.get(name, '')!r}, -1)")
    on_ms = trial.line.json(f"drive({number}, True, {feedback}, {FOLLOW_MS})")
    try:
        moved = trial.person.agrees(f"{name}:on", f"Is {name} on (you hear or see it)?")
    finally:
        off_ms = trial.line.json(f"drive({number}, False, {feedback}, {FOLLOW_MS})")
    moved = trial.person.agrees(f"{name}:off", f"Is {name} off again?") and moved
    seen = "switches" if moved else "does not switch"
    if feedback < 0:
        return result("outputs", name, moved, seen, "seen by a person", WIRING)
    follows = on_ms >= 0 and off_ms >= 0
    told = (
        f"{seen}, feedback after {on_ms} ms and {off_ms} ms"
        if follows
        else f"{seen}, feedback does not follow"
    )
    return result("outputs", name, moved and follows, told, f"both within {FOLLOW_MS} ms", CONTACT)


def inputs(trial: Trial) -> Iterator[Result]:
    """Measure noise and offset of the converter while nothing is on its inputs."""
    trial.person.do(
        "quiet", "Keep the main switch off: no voltage at the transformers, no current through the clamps."
    )
    found: list[dict[str, Any]] = trial.line.json(f"analog({probe.ADC_SAMPLES})")
    if not found:
        yield skipped("inputs", "converter", "not the chip's own; 'islet calibrate' checks it")
    for one in found:
        offset = one["mean"] - probe.HALF
        yield result(
            "inputs", f"{one['name']} noise", 0.0 < one["rms"] <= probe.NOISE_CODES, f"{one['rms']:.2f} codes rms",
            f"above 0, at most {probe.NOISE_CODES}", NOISE,
        )  # fmt: skip
        yield result(
            "inputs", f"{one['name']} offset", abs(offset) <= probe.OFFSET_CODES, f"{offset:+.1f} codes",
            f"within {probe.OFFSET_CODES}", "95 % of the range must be left for the signal",
        )  # fmt: skip


def timing(trial: Trial) -> Iterator[Result]:
    """Run the node's cycle with what is on the board; not before it was provisioned."""
    if not {"settings.json", "devices.json", "key"} <= set(put.names(trial.line)):
        yield skipped("timing", "cycle", "the board has no settings; 'islet provision' comes first")
        return
    trial.say(f"running {trial.cycles} cycles of the firmware, which drives its outputs")
    try:
        found = trial.line.json(f"cycles({trial.cycles})", 60.0 + 10.0 * trial.cycles)
    except RunError as error:
        yield result("timing", "cycle", False, str(error), "it runs", BUDGET)
        return
    yield from _figures(found)


def _figures(found: dict[str, Any]) -> Iterator[Result]:
    spans_ms = sorted(span / 1000 for span in found["us"])
    for what, value_ms, limit_ms in (
        ("cycle, 99 of 100", spans_ms[math.ceil(0.99 * len(spans_ms)) - 1], CYCLE_P99_MS),
        ("cycle, longest", spans_ms[-1], CYCLE_MOST_MS),
        ("collection", found["gc_us"] / 1000, GC_MS),
    ):
        yield result("timing", what, value_ms <= limit_ms, f"{value_ms:.1f} ms", f"{limit_ms:g} ms", BUDGET)
    rate_ms, lost = found["ms"] / len(spans_ms), found["lost"]
    yield result(
        "timing", "window", abs(rate_ms - 100.0) <= 1.0, f"{rate_ms:.2f} ms", "99 to 101 ms", SAMPLER
    )
    yield result("timing", "sets lost", lost == 0, str(lost), "0", SAMPLER)


def watchdog(trial: Trial) -> Iterator[Result]:
    """Start the watchdog and do not feed it."""
    trial.say("the watchdog is started and not fed")
    trial.line.begin("bite()")
    trial.again(WATCHDOG_S, BITE_S)
    good = trial.line.json("bitten()")
    yield result(
        "watchdog", "reset", good, "by the watchdog" if good else "not by it", "by it", "docs/safety.md"
    )


def brown_out(trial: Trial) -> Iterator[Result]:
    """Have the plug pulled while the board writes, and see that every file is whole."""
    before = _hashes(trial.line)
    for k in range(trial.cuts):
        trial.line.begin("write()")
        words = f"Pull the board's plug now, while it writes, and plug it again ({k + 1} of {trial.cuts})."
        trial.person.do("cut", words)
        trial.again(CUT_SECONDS)
        yield _survived(trial.line, f"cut {k + 1}")
    trial.line.run("forget()")
    good = _hashes(trial.line) == before
    told = "unchanged" if good else "changed"
    yield result("brown_out", "other files", good, told, "unchanged", LITTLEFS)


def _survived(line: Line, what: str) -> Result:
    number = line.json("written()")
    cut = line.json("machine.reset_cause() == machine.PWRON_RESET")
    told = {-1: "the file is torn", 0: "nothing was written"}.get(number, f"file {number} whole")
    told += "" if cut else ", but the power was not away"
    return result("brown_out", what, number > 0 and cut, told, "old or new, whole", LITTLEFS)


def _hashes(line: Line) -> dict[str, str]:
    return {
        name: line.json(f"digest({put.HOME + '/' + name!r})") for name in put.names(line) if name in put.FIXED
    }
