"""Rig for measurements: one script on the MicroPython unix port, which prints a JSON value a line."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from host_tools.hil.unixport import ROOT, NodeError, micropython, path_for_nodes

TIMEOUT_S = 300.0


def command(script: Path, *arguments: object, heap_kb: int = 4000) -> list[str]:
    """Return the command that runs a script on the unix port."""
    return [micropython(), "-X", f"heapsize={heap_kb}k", str(script), *map(str, arguments)]


def environment() -> dict[str, str]:
    """Return the environment in which scripts find the firmware, the simulated board and host_tools."""
    return {**os.environ, "MICROPYPATH": f"{ROOT}:{path_for_nodes(ROOT / 'build' / 'lib')}"}


def run_script(script: Path, *arguments: object, lines: str = "", timeout_s: float = TIMEOUT_S) -> list[Any]:
    """Return what a script printed, a value a line, given `lines` on its input; NodeError when it fails."""
    try:
        done = subprocess.run(
            command(script, *arguments),
            input=lines,
            env=environment(),
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise NodeError(f"{script.name} took longer than {timeout_s:.0f} s") from None
    if done.returncode:
        raise NodeError(
            f"{script.name} ended with code {done.returncode}:\n{done.stdout[-500:]}{done.stderr}"
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_script_on(data: bytes, script: Path, *arguments: object) -> list[Any]:
    """Run a script whose first argument is the name of a file that holds data; else as run_script."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        return run_script(script, file.name, *arguments)
