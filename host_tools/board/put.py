"""Files of the board, each replaced as one: written under another name, compared by hash, then renamed."""

import hashlib
from binascii import b2a_base64
from collections.abc import Callable, Mapping

from host_tools.board.line import PUT_BYTES, Line
from host_tools.errors import RunError

HOME = "/islet"
FIXED = (
    "settings.json",
    "devices.json",
    "network.json",
    "key",
    "calibration.json",
)  # no firmware writes them


def put(line: Line, files: Mapping[str, bytes], say: Callable[[str], None]) -> None:
    """Write files into the node's folder; RunError when one does not read back. Their content is never told."""
    line.load("files")
    line.run(f"make({HOME!r})")
    for name, data in files.items():
        line.run(f"begin({HOME + '/' + name!r})")
        for at in range(0, len(data), PUT_BYTES):
            line.run(f"more({b2a_base64(data[at : at + PUT_BYTES], newline=False)!r})")
        if line.json("end()") != hashlib.sha256(data).hexdigest():
            line.run("drop()")
            raise RunError(
                f"{name} reads back from the board other than it was written; nothing was replaced by it."
            )
        line.run("keep()")
        say(f"wrote {HOME}/{name}, {len(data)} bytes, sha256 compared")


def get(line: Line, names: list[str]) -> dict[str, bytes]:
    """Return files of the node's folder."""
    line.load("files")
    found = {}
    for name in names:
        path = f"{HOME}/{name}"
        size = line.json(f"size({path!r})")
        parts = [bytes.fromhex(line.json(f"part({path!r}, {at})")) for at in range(0, size, PUT_BYTES)]
        found[name] = b"".join(parts)
        if line.json(f"digest({path!r})") != hashlib.sha256(found[name]).hexdigest():
            raise RunError(f"{name} came from the board other than it is there; try again.")
    return found


def names(line: Line) -> list[str]:
    """Return the names in the node's folder."""
    line.load("files")
    listed: list[str] = line.json(f"names({HOME!r})")
    return sorted(listed)
