"""Energy counters in integers that carry their remainder."""

import struct
from binascii import crc32

from islet.names import WH_J

_BODY = "<4sIHHIHH"
_MAGIC = b"EC01"
_BODY_SIZE = struct.calcsize(_BODY)


class Counter:
    """One register: `wh`, `j` below 3600 and `mj` below 1000; it never goes backwards."""

    def __init__(self, wh: int = 0, j: int = 0, mj: int = 0) -> None:
        self.wh = wh
        self.j = j
        self.mj = mj

    def add(self, power_w: int, dt_ms: int) -> None:
        """Add whole watts over a span; stays small ints up to 2**20 - 1 W (1 MW) over 1000 s."""
        mj = self.mj + power_w * (dt_ms % 1000)
        j = self.j + power_w * (dt_ms // 1000) + mj // 1000
        self.mj = mj % 1000
        self.j = j % WH_J
        self.wh += j // WH_J


class EnergyCounter:
    """Energy imported and exported at the point of interconnection, exact to the millijoule."""

    def __init__(self) -> None:
        self.imported = Counter()
        self.exported = Counter()

    @property
    def import_wh(self) -> int:
        """Whole watt-hours imported."""
        return self.imported.wh

    @property
    def export_wh(self) -> int:
        """Whole watt-hours exported."""
        return self.exported.wh

    def add(self, power_w: float, dt_ms: int) -> None:
        """Count a power in whole watts (positive imports) over dt_ms; raises ValueError for dt_ms < 0."""
        if dt_ms < 0:
            raise ValueError("time runs forward")
        whole_w = round(power_w)
        if whole_w > 0:
            self.imported.add(whole_w, dt_ms)
        elif whole_w < 0:
            self.exported.add(-whole_w, dt_ms)

    def to_bytes(self) -> bytes:
        """Return the counters for saving, closed by a CRC-32."""
        a = self.imported
        b = self.exported
        body = struct.pack(_BODY, _MAGIC, a.wh, a.j, a.mj, b.wh, b.j, b.mj)
        return body + struct.pack("<I", crc32(body))

    @classmethod
    def from_bytes(cls, data: bytes) -> "EnergyCounter":
        """Return the saved counters; raises ValueError when they are not whole."""
        if len(data) != _BODY_SIZE + 4 or data[:4] != _MAGIC:
            raise ValueError("energy: not a counter")
        if struct.unpack_from("<I", data, _BODY_SIZE)[0] != crc32(data[:_BODY_SIZE]):
            raise ValueError("energy: CRC")
        _, a_wh, a_j, a_mj, b_wh, b_j, b_mj = struct.unpack_from(_BODY, data, 0)
        counter = cls()
        counter.imported = Counter(a_wh, a_j, a_mj)
        counter.exported = Counter(b_wh, b_j, b_mj)
        return counter
