"""Time from a server: one question and its answer, SNTP version 4 (RFC 4330), without blocking the loop."""

import asyncio
import errno
import socket
import struct

PORT = 123
PACKET_BYTES = 48
ASK = 0x23  # leap 0, version 4, client
SERVER = 4
LEAP_UNKNOWN = 3
ERA_S = 2_208_988_800  # from 1900 to 1970
ERA_1_S = 1 << 32  # the 32 bits begin anew in 2036
STEP_MS = 50


async def ask(host: str, wait_ms: int = 2000, port: int = PORT) -> int:
    """Return UTC in s since 1970 as the server has it; OSError: nobody answers, or not with a time."""
    address = socket.getaddrinfo(host, port, 0, socket.SOCK_DGRAM)[0][-1]
    asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        asked.setblocking(False)
        packet = bytearray(PACKET_BYTES)
        packet[0] = ASK
        asked.sendto(packet, address)
        return epoch_s(await _answer(asked, wait_ms))
    finally:
        asked.close()


async def _answer(asked, wait_ms: int) -> bytes:
    for _ in range(wait_ms // STEP_MS):
        await asyncio.sleep(STEP_MS / 1000)
        try:
            return asked.recv(PACKET_BYTES)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
    raise OSError(errno.ETIMEDOUT)


def epoch_s(packet: bytes) -> int:
    """Return UTC in s since 1970 of a server's answer; OSError(EIO) when it is none, or the server has no time."""
    if (
        len(packet) < PACKET_BYTES
        or packet[0] & 7 != SERVER
        or packet[0] >> 6 == LEAP_UNKNOWN
        or not packet[1]
    ):
        raise OSError(errno.EIO)
    stamp = struct.unpack(">I", packet[40:44])[0]
    if not stamp:
        raise OSError(errno.EIO)
    if not stamp >> 31:  # RFC 4330, 3: a clear first bit means the era from 2036 on
        stamp += ERA_1_S
    return stamp - ERA_S
