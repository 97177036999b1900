"""Files of the board in parts, and their hashes."""

import hashlib
import os
from binascii import a2b_base64, hexlify

NEW = ".new"
PART = 384
state: dict = {}


def make(folder: str) -> None:
    """Make a folder, unless it is there."""
    if not exists(folder):
        os.mkdir(folder)


def exists(path: str) -> bool:
    """Return whether there is a file or folder."""
    try:
        os.stat(path)
    except OSError:
        return False
    return True


def names(folder: str) -> list:
    """Return the files of a folder, [] when there is none."""
    return [row[0] for row in os.ilistdir(folder) if row[1] == 0x8000] if exists(folder) else []


def size(path: str) -> int:
    """Return the length of a file."""
    return os.stat(path)[6]


def part(path: str, at: int) -> str:
    """Return a part of a file, as hex digits."""
    with open(path, "rb") as file:
        file.seek(at)
        return hexlify(file.read(PART)).decode()


def digest(path: str) -> str:
    """Return the SHA-256 of a file, as hex digits."""
    found = hashlib.sha256()
    with open(path, "rb") as file:
        while True:
            data = file.read(PART)
            if not data:
                return hexlify(found.digest()).decode()
            found.update(data)


def begin(path: str) -> None:
    """Begin to write a file under another name."""
    state["path"] = path
    state["file"] = open(path + NEW, "wb")  # noqa: SIM115 - end() closes it


def more(data: bytes) -> None:
    """Write more of it, base64."""
    state["file"].write(a2b_base64(data))


def end() -> str:
    """Close it, and return the SHA-256 of what can be read."""
    state["file"].close()
    os.sync()
    return digest(state["path"] + NEW)


def keep() -> None:
    """Let it take its place."""
    os.rename(state["path"] + NEW, state["path"])
    os.sync()


def drop() -> None:
    """Leave the old file in its place."""
    os.remove(state["path"] + NEW)
