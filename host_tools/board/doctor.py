"""How a board is: what can be seen without driving an output, each thing judged, with what to do."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

from host_tools.board import folder, image, probe, put, verify
from host_tools.board.line import Line
from host_tools.board.probe import LOOK, OK, WRONG, Verdict, judge
from host_tools.errors import RunError
from islet import config, devices

CAUSES = {  # MicroPython's machine.reset_cause()
    "rp2": {1: "power-on or reset pin", 3: "watchdog or machine.reset()"},
    "esp32": {1: "power-on", 2: "reset", 3: "watchdog", 4: "deep sleep", 5: "soft reset"},
}
ON_GRID = ("GRID", "SOFT_RETURN")
CHECKED = ("settings.json", devices.FILE, "network.json")
BUS_S = 60.0
ANSWERS = {
    "answers": (OK, ""),
    "refuses": (OK, ""),  # it is there, and has nothing at this address
    "silent": (
        LOOK,
        "Is it on? Then A and B swapped, another rate, parity or unit, no termination, no common ground.",
    ),
    "garbled": (
        LOOK,
        "Two devices with one unit, another rate or parity, a line without termination or bias.",
    ),
}
Say = Callable[[str], None]


class NotNow(RunError):
    """The board is in an island and was restarted at once."""


def run(port: str, force: bool, say: Say) -> list[Verdict]:
    """Interrupt the firmware, look at all, restart it; NotNow in an island unless it is forced."""
    say(f"interrupting the firmware on {port}")
    with Line(port) as line:
        try:
            told = verify.about(line)
            files = read_files(line) if told.islet else {}
            if not force and (state := island(files)) not in ("", *ON_GRID):
                raise NotNow(
                    f"The building is in an island (state {state}): the firmware was restarted at once. Look again "
                    "on the grid, or add --force: nothing balances meanwhile."
                )
            return list(look(line, told, files, say))
        finally:
            line.restart()


def read_files(line: Line) -> dict[str, bytes]:
    """Return what is judged of the node's files; the key is read as its length only."""
    there = put.names(line)
    found = put.get(line, [name for name in (*CHECKED, "island.json", "last_error") if name in there])
    if "key" in there:
        found["key"] = bytes(line.json(f"size({put.HOME + '/key'!r})"))
    return found


def island(files: dict[str, bytes]) -> str:
    """Return the state that the node last wrote down, "" when it wrote none."""
    try:
        return str(json.loads(files["island.json"])["state"])
    except (KeyError, ValueError, TypeError):
        return ""


def look(line: Line, told: verify.About, files: dict[str, bytes], say: Say) -> Iterator[Verdict]:
    """Yield what is found, one thing after the other."""
    yield Verdict("board", OK, f"{told.machine}, id {told.id}, MicroPython {told.micropython}")
    if not told.islet:
        yield Verdict("image", WRONG, f"not Islet ({told.build or 'unknown'})", "Run 'islet flash BOARD'.")
        return
    if told.platform == "rp2":
        yield installed(line, told, say)
    yield Verdict(
        "last reset", OK, CAUSES.get(told.platform, {}).get(told.reset_cause, f"cause {told.reset_cause}")
    )
    yield last_error(files)
    line.load("probe")
    yield memory(line.json("memory()"))
    yield probe.flash(line)
    yield from written(files)
    yield from probe.pins(line)
    yield from probe.contradictions(line.json("inputs()"))
    yield from probe.analog(line)
    yield from buses(line, files)
    yield probe.clock(line, time.time)
    yield from network(line, files)


def installed(line: Line, told: verify.About, say: Say) -> Verdict:
    """Compare the image with the one built here, where there is one."""
    size = line.json("image_bytes()")
    if not size:
        return Verdict(
            "image", LOOK, f"{told.board}, it does not say how long it is", "Run 'islet flash' again."
        )
    found = verify.flash_hash(line, size, say)
    seen = f"{told.board}, {size} bytes, sha256 {found[:12]}"
    here = image.BUILD / f"{told.board}.uf2"
    if not here.exists():
        return Verdict("image", OK, f"{seen}; no image of this board is here to compare it with")
    same = image.read(here).sha256 == found
    return judge(
        "image", same, seen, f"It is not the one in {here}; 'islet flash {told.board}' puts that on it.", LOOK
    )


def last_error(files: dict[str, bytes]) -> Verdict:
    """Judge why the firmware ended last."""
    if "last_error" not in files:
        return Verdict("last error", OK, "none")
    text = files["last_error"].decode(errors="replace")
    return Verdict("last error", LOOK, text, "If it is mended, it stands here until the next one.")


def memory(found: dict[str, int]) -> Verdict:
    """Judge the heap with the firmware imported, not running."""
    return judge(
        "heap", found["free"] >= probe.HEAP_BYTES, f"{found['free']} of {found['bytes']} bytes free, the firmware "
        "loaded and stopped", "Restart it and look again; then report it with this output.", LOOK,
    )  # fmt: skip


def written(files: dict[str, bytes]) -> Iterator[Verdict]:
    """Judge the node's files by the firmware's own checks; secrets are counted, not shown."""
    for name, load in (("settings.json", config.load), (devices.FILE, devices.load)):
        try:
            found: Any = load(files[name])
            yield Verdict(name, OK, _summary(found))
        except KeyError:
            yield Verdict(name, WRONG, "missing", "Run 'islet provision PORT FOLDER'.")
        except ValueError as error:
            yield Verdict(
                name, WRONG, str(error), "Correct the folder and run 'islet provision PORT FOLDER'."
            )
    size = len(files.get("key", b""))
    yield judge("key", size == 32, f"{size} bytes", "Run 'islet provision PORT FOLDER'.")


def _summary(found: Any) -> str:
    if isinstance(found, config.Settings):
        names = ("site", "node", "mqtt_host", "battery_rated_w", "pv_rated_w", "transfer_owner", "grid_code")
        return ", ".join(f"{name} {getattr(found, name)}" for name in names)
    return ", ".join(f"{one.name} ({one.role}, {one.driver})" for one in found.devices) or "no devices"


def buses(line: Line, files: dict[str, bytes]) -> Iterator[Verdict]:
    """Ask each device on a serial line for one register."""
    try:
        found = devices.load(files[devices.FILE])
    except (KeyError, ValueError):
        return
    wires = [one for one in found.lines if one.kind == devices.RTU and found.on(one)]
    if wires:
        line.load("bus")
    wire: Any
    for wire in wires:
        members = found.on(wire)
        asked = (wire.device, wire.baud, wire.parity, wire.stop_bits, wire.latency_ms)
        units = tuple(one.unit for one in members)
        told = line.json(f"answers(*{asked!r}, {units!r})", BUS_S)
        for one, said in zip(members, told, strict=True):
            verdict, do = ANSWERS[said]
            yield Verdict(f"device {one.name}", verdict, f"{said} at {wire.device}, unit {one.unit}", do)


def network(line: Line, files: dict[str, bytes]) -> Iterator[Verdict]:
    """Judge network.json, and the interface as far as it can be seen."""
    try:
        table = json.loads(files["network.json"])
    except (KeyError, ValueError):
        yield Verdict(
            "network", LOOK, "no network.json", "The node works alone; 'islet provision' gives it one."
        )
        return
    wrong = folder.network_errors(table) if isinstance(table, dict) else ["network: must be an object"]
    if wrong:
        yield Verdict(
            "network", WRONG, "; ".join(wrong), "Correct the folder and run 'islet provision PORT FOLDER'."
        )
        return
    found = line.json("network()")
    if table["kind"] != "wlan" or not found:
        yield Verdict("network", OK, f"{table['kind']}; whether it is up is in 'islet logs'")
        return
    yield judge(
        "network", found["up"], f"WLAN {table['ssid']}, {found['address'] if found['up'] else 'not joined'}",
        f"Status {found['status']} of network.WLAN: name, passphrase, or too far away.", LOOK,
    )  # fmt: skip
