"""Every profile on MicroPython: loaded, its readings equal to CPython's, and what it takes from the heap."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from host_tools.profiles import check, compact

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "upy" / "profile_dump.py"
SEARCH = [str(ROOT / folder) for folder in ("firmware", "boards", "boards/sim", "build/lib")]
HEAP_MAX = 16_384  # bytes that one profile may hold once it is loaded
BYTES_MAX = 2_048  # of a compact profile; the board would take 8192


def _dumped(command: list[str], profiles: Path, path: str) -> dict[str, Any]:
    environment = {**os.environ, "MICROPYPATH": path + os.pathsep + ".frozen", "PYTHONPATH": path}
    done = subprocess.run(
        [*command, str(SCRIPT), str(profiles)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {row[0]: row[1:] for row in map(json.loads, done.stdout.splitlines())}


@pytest.mark.needs("micropython")
def test_readings_on_micropython(tmp_path: Path, program: Callable[[str], str]) -> None:
    profiles = tmp_path / "profiles"
    profiles.write_text("\n".join(compact.text(check.load(name)) for name in check.names()))
    path = os.pathsep.join(SEARCH)
    here = _dumped([sys.executable], profiles, path)
    there = _dumped([program("micropython"), "-X", "heapsize=600k"], profiles, path)
    assert list(here) == list(there) == check.names()
    for name, (expected, _) in here.items():
        found, held = there[name]
        assert {one: row[1] for one, row in found.items()} == {one: row[1] for one, row in expected.items()}
        for one, (value, _) in expected.items():
            exact = isinstance(value, int)
            assert found[one][0] == (value if exact else pytest.approx(value, rel=1e-6)), f"{name}.{one}"
        assert 0 < held < HEAP_MAX, name


@pytest.mark.parametrize("name", check.names())
def test_size_for_the_board(name: str) -> None:
    assert len(compact.text(check.load(name))) < BYTES_MAX
