"""What every tool asks a stopped board: self-test of pins, inputs, flash and clock, without driving an output."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from host_tools.board.line import Line

OK, LOOK, WRONG = "OK", "look at this", "wrong"
IMPORT_S = 120.0
ADC_SAMPLES = 256
CLIPPED = (0, 4095)
HALF = 2048
OFFSET_CODES = 205  # 5 % of the converter's range: the swing that is left is 95 % of it
NOISE_CODES = 2.9  # RP2040 datasheet 4.9: 8.7 effective bits are 4096 / 2**8.7 / sqrt(12) codes rms
QUIET_CODES = 20.0  # rms above which an input carries a signal
HEAP_BYTES = 90_000
ROOM_BYTES = 200_000
CLOCK_S = 5.0


@dataclass(frozen=True)
class Verdict:
    """What was looked at, how it is judged (OK, LOOK, WRONG), what was seen, and what to do."""

    what: str
    verdict: str
    seen: str
    do: str = ""

    def text(self) -> str:
        """Return it as a line, or two."""
        more = f"\n{'':16}-> {self.do}" if self.do else ""
        return f"{self.verdict:<14}{self.what}: {self.seen}{more}"

    def as_dict(self) -> dict[str, str]:
        """Return it as it is written to a record."""
        return asdict(self)


def judge(what: str, good: bool, seen: str, do: str, bad: str = WRONG) -> Verdict:
    """Return OK, or `bad` with what to do."""
    return Verdict(what, OK, seen) if good else Verdict(what, bad, seen, do)


def firmware(line: Line) -> Verdict:
    """Import the whole firmware, and say how much heap it leaves."""
    found = line.json("firmware()", IMPORT_S)
    return judge(
        "firmware", found["free"] >= HEAP_BYTES,
        f"imports in {found['ms']} ms, {found['free']} bytes of heap left",
        f"less than {HEAP_BYTES} bytes are left; is something on the file system that takes the place of it?", LOOK,
    )  # fmt: skip


def pins(line: Line) -> list[Verdict]:
    """Judge the outputs as safe() leaves them, hal/pins.py; and tell what the inputs say."""
    found = line.json("pins()")
    closed, outputs, inputs = found["inputs"].get("feedback", False), found["outputs"], found["inputs"]
    wanted = {"contactor": closed}
    wanted["bond"] = not closed and inputs.get("bond_feedback", False)
    wanted["genset"] = not closed and inputs.get("genset_live", False)
    if closed:
        wanted.update({name: True for name in outputs if name.startswith("shed")})
    wrong = [name for name, on in wanted.items() if name in outputs and outputs[name] != on]
    told = states(outputs)
    return [
        judge(
            "outputs", not wrong, told or "the board has none",
            f"{', '.join(wrong)} should be the other way while nothing runs: part the wires and measure the pin.",
        ),
        Verdict("inputs", OK, states(inputs) or "none"),
    ]  # fmt: skip


def states(levels: dict[str, bool]) -> str:
    """Return pins with what they are, in words."""
    return ", ".join(f"{name} {'on' if on else 'off'}" for name, on in sorted(levels.items()))


def contradictions(inputs: dict[str, bool]) -> list[Verdict]:
    """Return what cannot be right in what the inputs say at once."""
    found = []
    if inputs.get("override_open") and inputs.get("override_close"):
        found.append(
            Verdict(
                "override",
                WRONG,
                "both positions are on",
                "One wire of the switch touches ground; open counts.",
            )
        )
    if inputs.get("feedback") and inputs.get("bond_feedback"):
        found.append(
            Verdict("neutral bond", WRONG, "contactor and neutral bond are both closed", "Part the bond now.")
        )
    return found


def analog(line: Line) -> list[Verdict]:
    """Judge each input of the chip's own converter; none on boards with another."""
    return [_input(one) for one in line.json(f"analog({ADC_SAMPLES})")]


def _input(one: dict[str, Any]) -> Verdict:
    offset, rms = one["mean"] - HALF, one["rms"]
    seen = f"mean {one['mean']:.0f}, {rms:.1f} codes rms, {one['low']} to {one['high']}"
    if rms >= 1.0:
        seen += f" ({rms * one['scale']:.1f} {one['unit']})"
    what = f"input {one['name']}"
    if one["low"] <= CLIPPED[0] or one["high"] >= CLIPPED[1]:
        return Verdict(what, WRONG, seen, "It touches the end of its range: check divider, burden and bias.")
    if abs(offset) > OFFSET_CODES:
        return Verdict(
            what, WRONG, seen, f"The bias is {offset:+.0f} codes off the middle: check its two resistors."
        )
    if one["low"] == one["high"]:
        return Verdict(
            what, LOOK, seen, "Always the same code: no converter is so quiet; is it the right image?"
        )
    if NOISE_CODES < rms < QUIET_CODES:
        return Verdict(
            what, LOOK, seen, "More than the converter's own noise: check ground and the 3.3 V filter."
        )
    return Verdict(what, OK, seen)


def flash(line: Line) -> Verdict:
    """Write, read back and remove a file."""
    found = line.json("flash()")
    return judge(
        "file system", bool(found["good"]) and found["free"] >= ROOM_BYTES,
        f"{found['free']} of {found['bytes']} bytes free, a file reads back{'' if found['good'] else ' WRONG'}",
        "Remove what is not the node's; if a file does not read back the flash is worn, take another board.",
    )  # fmt: skip


def clock(line: Line, now_s: Callable[[], float]) -> Verdict:
    """Compare the board's clock with the host's."""
    epoch_s = line.json("epoch_s()")
    off_s = epoch_s - now_s()
    if not epoch_s:
        return Verdict(
            "clock", LOOK, "not set", "It is set by 'islet provision', or by the network's time server."
        )
    return judge(
        "clock", abs(off_s) <= CLOCK_S, f"{off_s:+.0f} s against this computer",
        "Run 'islet provision', or give network.json a time_server.", LOOK,
    )  # fmt: skip


def self_test(line: Line, now_s: Callable[[], float]) -> list[Verdict]:
    """Return all of it."""
    line.load("probe")
    return [firmware(line), *pins(line), *analog(line), flash(line), clock(line, now_s)]
