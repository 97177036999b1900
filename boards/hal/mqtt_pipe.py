"""The socket that umqtt.simple sees: gathers its small writes, and gives it whole packets to read."""

import errno


class Starved(Exception):
    """umqtt.simple wants to read an answer that has not come yet."""


class Pipe:
    """The socket and the `socket` module umqtt.simple sees."""

    def __init__(self) -> None:
        self.out = bytearray()
        self._packet = b""
        self._at = 0

    def socket(self):
        """Return itself: the connection is made elsewhere."""
        return self

    def getaddrinfo(self, host: str, port: int) -> tuple:
        """Return one address that nobody uses."""
        return ((None,),)

    def connect(self, address: None) -> None:
        """Begin afresh."""
        self.out = bytearray()
        self.feed(b"")

    def setblocking(self, flag: bool) -> None:
        """Do nothing: reads here never block."""

    def write(self, data, size=None) -> None:
        """Gather data, its first size bytes when size is given."""
        self.out.extend(data if size is None else memoryview(data)[:size])

    def feed(self, packet: bytes) -> None:
        """Hand over one whole packet to be read, or take it back with b""."""
        self._packet = packet
        self._at = 0

    def read(self, size: int) -> bytes:
        """Return size bytes of the packet; OSError beyond its end, Starved when there is none."""
        if not self._packet:
            raise Starved
        end = self._at + size
        if size < 0 or end > len(self._packet):
            raise OSError(errno.EIO)
        data = self._packet[self._at : end]
        self._at = end
        return data


def packet_bytes(data: bytearray, limit: int) -> int:
    """Return the length of the first packet, 0 until known; OSError over limit (MQTT 3.1.1, 2.2.3)."""
    size = 0
    for i in range(1, min(len(data), 5)):
        size |= (data[i] & 0x7F) << 7 * (i - 1)
        if not data[i] & 0x80:
            if 1 + i + size > limit:
                raise OSError(errno.ENOBUFS)
            return 1 + i + size
    if len(data) >= 5:
        raise OSError(errno.EIO)
    return 0
