"""Fetch the pinned micropython-lib packages of `micropython-lib.lock` from the package index into a folder."""

import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from host_tools.errors import InputError

MAX_MEMBER_BYTES = 1_000_000


def read_lock(path: Path) -> list[tuple[str, str]]:
    """Return (requirement, sha256) pairs; InputError names the line that is not `name==version sha256:<hex>`."""
    pairs = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        words = line.split()
        if len(words) != 2 or "==" not in words[0] or not words[1].startswith("sha256:"):
            raise InputError(
                f"{path.name} line {number}: expected 'name==version sha256:<hex>', got {line!r}."
            )
        pairs.append((words[0], words[1].removeprefix("sha256:")))
    return pairs


def download(requirement: str, folder: Path) -> Path:
    """Return the source archive of a requirement, found through pip's configured index."""
    command = [sys.executable, "-m", "unearth", "--no-binary", "--download", str(folder), requirement]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no answer"]
        raise InputError(
            f"{requirement}: the package index gave no source archive ({reason[0]}); check the network."
        )
    return Path(json.loads(done.stdout)["local_path"])


def unpack(archive: Path, target: Path) -> int:
    """Copy the .py files of a source archive below target, without their top folder; return how many."""
    count = 0
    with tarfile.open(archive) as tar:
        for member in tar:
            parts = Path(member.name).parts[1:]
            if not member.isfile() or not member.name.endswith(".py") or ".." in parts or not parts:
                continue
            if parts == ("setup.py",) or member.size > MAX_MEMBER_BYTES:
                continue
            source = tar.extractfile(member)
            assert source is not None
            place = target.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(source.read())
            count += 1
    return count


def fetch(lock: Path, target: Path) -> None:
    """Download, verify and unpack every locked package; InputError when a checksum differs."""
    for requirement, digest in read_lock(lock):
        with tempfile.TemporaryDirectory() as folder:
            archive = download(requirement, Path(folder))
            found = hashlib.sha256(archive.read_bytes()).hexdigest()
            if found != digest:
                raise InputError(
                    f"{requirement}: sha256 is {found}, but {lock.name} says {digest}; refusing it."
                )
            if unpack(archive, target) == 0:
                raise InputError(f"{requirement}: the archive holds no Python file.")


if __name__ == "__main__":
    try:
        fetch(Path(sys.argv[1]), Path(sys.argv[2]))
    except InputError as error:
        sys.exit(f"error: {error}")
