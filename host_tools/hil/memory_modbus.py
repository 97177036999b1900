"""Modbus TCP in RAM: the firmware's client on one side, a device server's registers on the other."""

import errno
from struct import pack, unpack_from

from host_tools.plant.register_map import BASE
from host_tools.plant.register_unit import Unit

READ, WRITE_ONE, WRITE = (3, 4), 6, 16
_MBAP = 7
_ILLEGAL_FUNCTION, _ILLEGAL_ADDRESS, _FAILURE, _NOBODY = 1, 2, 4, 11
_READ_MAX = 125


class MemoryBus:
    """The units behind one connection; `fault` is empty, refused, silent or exception (as a case's modbus_lost)."""

    def __init__(self, units: dict[int, Unit], building: int = 0) -> None:
        self._units = units
        self._building = building
        self.fault = ""
        self.requests = 0

    def reach(self) -> None:
        """Raise OSError when nobody listens."""
        if self.fault == "refused":
            raise OSError(errno.ECONNREFUSED, "nobody listens")

    def answer(self, frame: bytes) -> bytes:
        """Return the answer to one frame; empty for silence."""
        self.reach()
        self.requests += 1
        if self.fault == "silent":
            return b""
        pdu = exception(frame[_MBAP], _FAILURE) if self.fault else self._pdu(frame[_MBAP - 1], frame[_MBAP:])
        return frame[:4] + pack(">HB", len(pdu) + 1, frame[_MBAP - 1]) + pdu

    def _pdu(self, number: int, pdu: bytes) -> bytes:
        unit, function = self._units.get(number), pdu[0]
        if unit is None:
            return exception(function, _NOBODY)
        if function in READ:
            return self._read(unit, pdu)
        if function not in (WRITE_ONE, WRITE):
            return exception(function, _ILLEGAL_FUNCTION)
        address, word = unpack_from(">HH", pdu, 1)
        values = [word] if function == WRITE_ONE else list(unpack_from(f">{word}H", pdu, 6))
        refused = unit.write(self._building, address - BASE, values)
        return exception(function, int(refused)) if refused else pdu[:5]

    def _read(self, unit: Unit, pdu: bytes) -> bytes:
        address, count = unpack_from(">HH", pdu, 1)
        at = address - BASE
        if not 0 <= at < at + count <= unit.map.length or count > _READ_MAX:
            return exception(pdu[0], _ILLEGAL_ADDRESS)
        words = unit.registers[self._building, at : at + count].astype(">u2").tobytes()
        return pack(">BB", pdu[0], len(words)) + words


def exception(function: int, code: int) -> bytes:
    """Return the PDU of a refusal."""
    return bytes([function | 0x80, code])


class MemoryStream:
    """As hal.net.TcpStream, to a MemoryBus: an answer is there at once, or not at all."""

    def __init__(self, bus: MemoryBus) -> None:
        self._bus = bus
        self._answer = b""
        self._open = False

    async def connect(self) -> None:
        """Open the connection."""
        self._bus.reach()
        self._answer, self._open = b"", True

    async def send(self, buf: bytearray, n: int) -> None:
        """Send a frame, and have its answer waiting."""
        if not self._open:
            raise OSError(errno.ENOTCONN, "not connected")
        self._answer += self._bus.answer(bytes(buf[:n]))

    async def receive_into(self, buf: bytearray, n: int) -> None:
        """Fill the first n bytes of buf; ETIMEDOUT when nothing came."""
        if len(self._answer) < n:
            raise OSError(errno.ETIMEDOUT, "silence")
        memoryview(buf)[:n] = self._answer[:n]
        self._answer = self._answer[n:]

    def close(self) -> None:
        """Close the connection."""
        self._open = False
