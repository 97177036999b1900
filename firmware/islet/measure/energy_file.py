"""How energy counters are saved: their bytes, and two copies written in turn so that one is always whole."""

import struct
from array import array
from binascii import crc32
from errno import ENOENT

from islet.names import WH_J

REGISTERS = 6  # import, export, quadrants 1 to 4
WORDS = REGISTERS * 3
MAX_POINTS = 16
MAX_FORMER = 16
MAX_NAME_BYTES = 16
UJ_PER_J = 1_000_000
_MAGIC = b"EC02"
_HEAD = "<4sIB"
_HEAD_BYTES = struct.calcsize(_HEAD)
_CRC_BYTES = 4
_REGISTER = "<II"
_REGISTER_BYTES = struct.calcsize(_REGISTER)
_POINT_BYTES = 1 + MAX_NAME_BYTES + 1 + REGISTERS * _REGISTER_BYTES
MAX_BYTES = _HEAD_BYTES + (MAX_POINTS + MAX_FORMER) * _POINT_BYTES + _CRC_BYTES
_OLD_MAGIC = b"EC01"
_OLD = "<4sIHHIHH"  # one point; import and export in Wh, J, mJ
_OLD_BYTES = struct.calcsize(_OLD)


def wrong_name(name: str) -> str:
    """Return what is wrong with a point's name, or nothing."""
    return (
        "" if 1 <= len(name.encode()) <= MAX_NAME_BYTES else "name %r: 1 to %d bytes" % (name, MAX_NAME_BYTES)
    )


def encode(saves: int, points) -> bytes:
    """Return the bytes of (name, words) pairs; `saves` says which of two copies is newer.

    A point is its name, a mask of the registers that ever counted, and 8 bytes for each of those: Wh, and the
    microjoules below a watt-hour.
    """
    data = bytearray(struct.pack(_HEAD, _MAGIC, saves, len(points)))
    for name, words in points:
        counted = [r for r in range(REGISTERS) if words[r * 3] or words[r * 3 + 1] or words[r * 3 + 2]]
        text = name.encode()
        data.append(len(text))
        data.extend(text)
        data.append(sum([1 << r for r in counted]))
        for r in counted:
            data.extend(struct.pack(_REGISTER, words[r * 3], words[r * 3 + 1] * UJ_PER_J + words[r * 3 + 2]))
    data.extend(struct.pack("<I", crc32(data)))
    return bytes(data)


def decode(data: bytes) -> tuple:
    """Return (saves, [(name, words)]); reads the former format too. Raises ValueError for all that is not whole."""
    if not _CRC_BYTES + 4 < len(data) <= MAX_BYTES:
        raise ValueError("energy: length")
    end = len(data) - _CRC_BYTES
    if struct.unpack_from("<I", data, end)[0] != crc32(memoryview(data)[:end]):
        raise ValueError("energy: CRC")
    if data[:4] == _OLD_MAGIC and end == _OLD_BYTES:
        return 0, [("grid", _old_words(struct.unpack_from(_OLD, data)))]
    if data[:4] != _MAGIC or end < _HEAD_BYTES:
        raise ValueError("energy: not counters")
    _, saves, n = struct.unpack_from(_HEAD, data)
    if n > MAX_POINTS + MAX_FORMER:
        raise ValueError("energy: too many points")
    points: list = []
    at = _HEAD_BYTES
    for _ in range(n):
        at = _point(data, at, end, points)
    if at != end or len({name for name, _ in points}) != n:
        raise ValueError("energy: not counters")
    return saves, points


def _old_words(values) -> array:
    words = array("I", [0] * WORDS)
    for register in (0, 1):
        wh, j, mj = values[1 + 3 * register : 4 + 3 * register]
        words[register * 3] = wh
        words[register * 3 + 1] = j
        words[register * 3 + 2] = mj * 1000
    return words


def _point(data: bytes, at: int, end: int, points: list) -> int:
    """Read one point from `at` on; return where the next begins."""
    name_end = at + 1 + data[at]
    if not at + 1 < name_end < end or data[at] > MAX_NAME_BYTES:
        raise ValueError("energy: name")
    name, mask, at = str(data[at + 1 : name_end], "utf8"), data[name_end], name_end + 1
    words = array("I", [0] * WORDS)
    for register in range(REGISTERS):
        if mask >> register & 1:
            if at + _REGISTER_BYTES > end:
                raise ValueError("energy: register")
            wh, rest_uj = struct.unpack_from(_REGISTER, data, at)
            at += _REGISTER_BYTES
            words[register * 3] = wh
            words[register * 3 + 1] = rest_uj // UJ_PER_J
            words[register * 3 + 2] = rest_uj % UJ_PER_J
            if words[register * 3 + 1] >= WH_J:
                raise ValueError("energy: register")
    points.append((name, words))
    return at


class EnergyFile:
    """Two copies in a store, `name` and `name.1`, of which only the older is ever written.

    A power cut spoils that one at most: what is restored is the last save that returned, or the one that was being
    written. When a copy rots, the one before it is taken, one save older.
    """

    def __init__(self, store, name: str = "energy") -> None:
        """Hand in a store with size, load and overwrite; restore() must come before the first save()."""
        self._store = store
        self._names = (name, name + ".1")
        self._next = -1
        self.damaged = 0  # copies that restore() found and that were not whole

    def restore(self, energies) -> None:
        """Give the newest whole copy to energies; raises OSError(ENOENT) without any, ValueError if none is whole."""
        self.damaged = 0
        copies = [self._read(name) for name in self._names]
        newest = 0 if copies[0][0] >= copies[1][0] else 1
        data = copies[newest][1]
        self._next = 1 - newest if data else 0
        if data:
            energies.from_bytes(data)
        elif self.damaged:
            raise ValueError("energy: no whole copy")
        else:
            raise OSError(ENOENT)

    def _read(self, name: str) -> tuple:
        """Return (saves, data) of a whole copy, or (-1, b"")."""
        try:
            size = self._store.size(name)
            if not size:  # made, and cut before it was first written
                return -1, b""
            if size > MAX_BYTES:
                raise ValueError("energy: length")
            data = self._store.load(name)
            return decode(data)[0], data
        except OSError as error:
            self.damaged += error.args[0] != ENOENT
        except ValueError:
            self.damaged += 1
        return -1, b""

    def save(self, energies) -> None:
        """Write the older copy; what was counted by now is safe once this returns. Raises OSError, ValueError."""
        if self._next < 0:
            raise ValueError("energy: save before restore")
        energies.saves += 1
        self._store.overwrite(self._names[self._next], energies.to_bytes())
        self._next = 1 - self._next
