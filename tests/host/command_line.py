"""The command `islet` in a process of its own, as a person runs it; whatever it starts carries its mark."""

import os
import subprocess
import sys
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MARK = "ISLET_TEST_MARK"
SCRIPT = Path(sys.executable).parent / "islet"
SEARCH = [] if SCRIPT.exists() else [str(ROOT), str(ROOT / "firmware"), str(ROOT / "boards")]
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else [sys.executable, "-m", "host_tools"]
LIMIT_S = 60.0


@dataclass
class Ended:
    """What a command left behind."""

    code: int
    out: str
    err: str


@dataclass
class Running:
    """A command under way; `wait` gives what it left."""

    process: "subprocess.Popen[str]"
    mark: str = field(default="")

    def wait(self, limit_s: float = LIMIT_S) -> Ended:
        """Return the end; a command that does not end in time is killed and fails the test."""
        try:
            out, err = self.process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return Ended(self.process.returncode, out, err)

    def children(self) -> list[int]:
        """Return the ids of all living processes that came from this command, without itself."""
        wanted = f"{MARK}={self.mark}".encode()
        return [pid for pid in _processes() if pid != self.process.pid and wanted in environment(pid)]

    def none_left(self, limit_s: float = 2.0) -> bool:
        """Return whether every child is gone, now or within limit_s."""
        end_s = time.monotonic() + limit_s
        while self.children() and time.monotonic() < end_s:
            time.sleep(0.05)
        return not self.children()


def start(*arguments: object, before: Path | None = None) -> Running:
    """Start `islet arguments...`; modules below `before` hide the installed ones of their name."""
    mark = uuid.uuid4().hex
    search = [*([str(before)] if before else []), *SEARCH]
    environment = {**os.environ, MARK: mark, "COLUMNS": "100", "PYTHONPATH": os.pathsep.join(search)}
    if environment.pop("PYTHONDONTWRITEBYTECODE", None):  # else each start would compile 1000 modules
        environment["PYTHONPYCACHEPREFIX"] = str(ROOT / "build" / "pycache")
    process = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    return Running(process, mark)


def run(*arguments: object, before: Path | None = None) -> Ended:
    """Run `islet arguments...` to its end."""
    return start(*arguments, before=before).wait()


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def environment(pid: int) -> bytes:
    """Return the raw environment a process was started with."""
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""  # gone meanwhile, or another user's
