"""Device keys: 32 random bytes for every node, one file each that only its owner may read."""

from __future__ import annotations

import os
import re
import secrets
import stat
from pathlib import Path

KEY_BYTES = 32
_WORD = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")

NodeKey = tuple[str, str]  # site, node


def _path(directory: Path, key: NodeKey) -> Path:
    if not all(_WORD.match(word) for word in key):
        raise ValueError(f"site and node must be words of letters, digits, _ and -, not {key!r}")
    return directory / f"{key[0]}.{key[1]}.key"


def create_key(directory: Path, key: NodeKey) -> bytes:
    """Make and store the key of a new node; raises FileExistsError rather than replace one."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret = secrets.token_bytes(KEY_BYTES)
    handle = os.open(_path(directory, key), os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secret.hex() + "\n")
    return secret


def load_key(directory: Path, key: NodeKey) -> bytes:
    """Return a node's key; raises FileNotFoundError, PermissionError (others may read it) or ValueError."""
    path = _path(directory, key)
    with path.open() as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
            raise PermissionError(f"{path} can be read by others; run chmod 600 on it and replace the key")
        secret = bytes.fromhex(file.read().strip())
    if len(secret) != KEY_BYTES:
        raise ValueError(f"{path} holds {len(secret)} bytes, must be {KEY_BYTES}")
    return secret


def ensure_key(directory: Path, key: NodeKey) -> bytes:
    """Return a node's key, making it when there is none."""
    try:
        return load_key(directory, key)
    except FileNotFoundError:
        return create_key(directory, key)
