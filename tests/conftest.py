"""What all tests share: programs that a test needs, found or the reason told."""

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

collect_ignore_glob = ["upy/*"]  # MicroPython only; tests/host/test_upy.py runs them

PLACES = (Path(sys.executable).parent, Path("/usr/sbin"), Path("/usr/local/sbin"))


def find_program(name: str) -> str | None:
    """Return the path of a program beside this Python, on PATH, or where daemons live; None when absent."""
    path = os.pathsep.join([str(PLACES[0]), os.environ.get("PATH", ""), *map(str, PLACES[1:])])
    return shutil.which(name, path=path)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Obey `@pytest.mark.needs("program", ...)`: skip with the reason, but fail under CI=true."""
    wanted = [name for mark in item.iter_markers("needs") for name in mark.args]
    absent = [name for name in wanted if find_program(name) is None]
    if not absent:
        return
    reason = f"needs {', '.join(absent)}, not found beside {PLACES[0]}, on PATH or in /usr/sbin"
    if os.environ.get("CI") == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return a function from a program's name to its path; for tests that carry the marker `needs`."""

    def path_of(name: str) -> str:
        found = find_program(name)
        assert found is not None, f"mark the test with needs({name!r})"
        return found

    return path_of
