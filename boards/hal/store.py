"""Files of one directory as the node's store: whole files replaced at once, others only appended to."""

import errno
import os

_NEW = ".new"


class Store:
    """A flat directory; OSError as the file system gives it (ENOENT for a missing name)."""

    def __init__(self, root: str, sync=None) -> None:
        """root is made if missing; sync() makes files durable (boards: os.sync), left out in simulations."""
        self._root = root
        self._sync = sync
        try:
            os.mkdir(root)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise
        for name in os.listdir(root):
            if name.endswith(_NEW):  # a save that was cut short
                os.remove(root + "/" + name)

    def _path(self, name: str) -> str:
        if not name or "/" in name or name.startswith(".") or name.endswith(_NEW):
            raise OSError(errno.EINVAL)
        return self._root + "/" + name

    def _write(self, path: str, mode: str, data: bytes) -> None:
        with open(path, mode) as file:
            if file.write(data) != len(data):
                raise OSError(errno.EIO)
        if self._sync:
            self._sync()

    def load(self, name: str) -> bytes:
        """Return the whole content."""
        with open(self._path(name), "rb") as file:
            return file.read()

    def save(self, name: str, data: bytes) -> None:
        """Replace the content as one: after a power cut it is the old or the new."""
        path = self._path(name)
        self._write(path + _NEW, "wb", data)
        os.rename(path + _NEW, path)
        if self._sync:
            self._sync()

    def overwrite(self, name: str, data: bytes) -> None:
        """Replace the content in place; after a power cut it may be anything: for who keeps copies in turn.

        On littlefs it is the old or the new here too, for a third of what save() writes.
        """
        self._write(self._path(name), "wb", data)

    def append(self, name: str, data: bytes) -> None:
        """Add to the end, making the file if missing; a power cut may leave any beginning of data."""
        self._write(self._path(name), "ab", data)

    def read_at(self, name: str, offset: int, n: int) -> bytes:
        """Return up to n bytes from offset, fewer at the end."""
        with open(self._path(name), "rb") as file:
            file.seek(offset)
            return file.read(n)

    def size(self, name: str) -> int:
        """Return the length in bytes."""
        return os.stat(self._path(name))[6]

    def remove(self, name: str) -> None:
        """Delete the file."""
        os.remove(self._path(name))

    def names(self) -> list:
        """Return the names of all whole files, in no order."""
        return [name for name in os.listdir(self._root) if not name.endswith(_NEW)]
