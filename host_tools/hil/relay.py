"""A TCP relay on loopback that fails when told: connections refused, requests swallowed, or answered by refusals."""

import asyncio
from struct import pack, unpack_from

from host_tools.hil.side import Listener

_MBAP = 7
_FAILURE = 4


class ModbusRelay(Listener):
    """Hands Modbus TCP frames on to a port; `fault` is empty, refused, silent or exception."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.fault = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection, a request at a time, until it ends."""
        if self.fault == "refused":
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            while True:
                frame = await _frame(reader)
                if self.fault == "refused":
                    return
                if self.fault == "silent":
                    continue
                if self.fault:
                    writer.write(frame[:4] + pack(">HBBB", 3, frame[6], frame[_MBAP] | 0x80, _FAILURE))
                    continue
                far_writer.write(frame)
                writer.write(await _frame(far_reader))
        finally:
            far_writer.close()


async def _frame(reader: asyncio.StreamReader) -> bytes:
    """Return one frame whole; IncompleteReadError at the connection's end."""
    head = await reader.readexactly(_MBAP)
    return head + await reader.readexactly(unpack_from(">H", head, 4)[0] - 1)
