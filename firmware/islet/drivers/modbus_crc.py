"""CRC-16 of Modbus RTU (Modbus over Serial Line V1.02, clause 6.2.2)."""

from array import array

_POLYNOMIAL = 0xA001  # 0x8005, low bit first
_START = 0xFFFF


class Crc16:
    """A table of 512 bytes, made once."""

    def __init__(self) -> None:
        self._table = array("H", bytes(512))
        for k in range(256):
            crc = k
            for _ in range(8):
                crc = (crc >> 1) ^ (_POLYNOMIAL if crc & 1 else 0)
            self._table[k] = crc

    def of(self, buf, n: int) -> int:
        """Return the CRC of buf's first n bytes; 0 when its last two are their own CRC. Allocates nothing."""
        table = self._table
        crc = _START
        for k in range(n):
            crc = (crc >> 8) ^ table[(crc ^ buf[k]) & 0xFF]
        return crc
