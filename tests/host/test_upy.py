"""Every firmware test again, now on MicroPython, each file in a process of its own."""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests" / "upy" / "run.py"
FILES = sorted([*ROOT.glob("tests/firmware/test_*.py"), *ROOT.glob("tests/upy/test_*.py")])
SEARCH = ["firmware", "boards", "boards/sim", "build/lib", "tests"]
LIMIT_S = 120
HEAPS = {"test_heap.py": "800k", "test_power_cut.py": "8M"}  # as a simulated node has; a flash in RAM
pytestmark = pytest.mark.needs("micropython")


def run(micropython: str, *files: Path) -> subprocess.CompletedProcess[str]:
    """Run files under the runner, with the board's modules on its path and a heap of 1 MB, or as HEAPS has it."""
    path = os.pathsep.join([*(str(ROOT / folder) for folder in SEARCH), ".frozen"])
    heap = HEAPS.get(files[0].name, "1M")
    command = [micropython, "-X", f"heapsize={heap}", str(RUNNER), *map(str, files)]
    environment = {**os.environ, "MICROPYPATH": path}
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


@pytest.mark.parametrize("file", FILES, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_file_on_micropython(file: Path, program: Callable[[str], str]) -> None:
    """All test functions of the file pass."""
    done = run(program("micropython"), file)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("def test_a():\n    assert 1 + 1 == 2\n", 0, "1 passed, 0 failed"),
        ("def test_a():\n    assert 1 + 1 == 3\n\ndef test_b():\n    pass\n", 1, "1 passed, 1 failed"),
        ("async def test_a():\n    assert False\n", 1, "is it async"),
        ("import no_such_module\n", 1, "no_such_module"),
        ("def helper():\n    pass\n", 1, "has no tests"),
        ("def test_a():\n    raise OSError(110)\n", 1, "in test_a"),
    ],
)
def test_runner_itself(
    tmp_path: Path, program: Callable[[str], str], body: str, code: int, said: str
) -> None:
    """The runner passes, fails and says why as it should."""
    file = tmp_path / "test_sample.py"
    file.write_text(body)
    done = run(program("micropython"), file)
    assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
