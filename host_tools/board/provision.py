"""Writes a node's folder to its board: everything checked first, every file compared, the clock set."""

import re
import time
from collections.abc import Callable
from pathlib import Path

from host_tools.board import folder, put, verify
from host_tools.board.line import Line
from host_tools.board.logs import Reader
from host_tools.errors import InputError, RunError

Say = Callable[[str], None]
STARTS_S = 20.0  # in which the firmware says that it runs, or why not
SAYS = re.compile(r"islet \d+ (failed: .*|running)")


def run(port: str, place: Path, say: Say, watch_s: float = STARTS_S) -> None:
    """Check, write, set the clock, restart and watch; InputError before anything is written."""
    if not folder.is_private(place):
        say("note: others can read the network's key in this folder; run 'chmod 600' on it")
    folder.read(place)  # what is wrong without a look at the board need not stop its firmware
    with Line(port) as line:
        try:
            found = folder.read(place, facts(line))
        except InputError:
            line.restart()
            raise
        say(f"{found.site}/{found.node}: checked")
        put.put(line, found.files, say)
        _forget_old_profiles(line, found, say)
        line.load("probe")
        line.run(f"set_clock({round(time.time())})")
        say(
            "set the board's clock from this computer; it has it until the power goes, then asks the time_server"
        )
        line.restart()
    if watch_s:
        say(f"started; listening to it, {watch_s:g} s at most")
        watch(port, watch_s, say)


def facts(line: Line) -> folder.Facts:
    """Return what the firmware's checks need of the board; RunError when it does not run ours."""
    told = verify.about(line)
    if not told.islet:
        raise RunError(f"The board on {line.port} has not Islet on it; 'islet flash BOARD' comes first.")
    line.load("probe")
    return folder.Facts(told.board, tuple(line.json("lines()")), tuple(line.json("sides()")))


def _forget_old_profiles(line: Line, found: folder.Files, say: Say) -> None:
    """Remove profiles that no device needs any more."""
    for name in put.names(line):
        if name.startswith("profile_") and name not in found.files:
            line.run(f"import os\nos.remove({put.HOME + '/' + name!r})")
            say(f"removed {put.HOME}/{name}")


def watch(port: str, span_s: float, say: Say) -> None:
    """Listen to a board that starts; RunError with its words when it fails."""
    reader = Reader(port)
    try:
        for _, text in reader.lines(span_s):
            said = SAYS.search(text)
            if said and said[1] == "running":
                say("it runs; 'islet logs' shows what it says, 'islet doctor' how it is")
                return
            if said:
                raise RunError(f"The firmware {said[1]}. Correct the folder and provision again.")
            if text:
                say(f"  {text}")
    finally:
        reader.close()
    say(f"it has said nothing for {span_s:g} s; ask 'islet doctor {port}' how it is")
