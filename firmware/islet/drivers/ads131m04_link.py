"""Frames of an ADS131M04 (TI SBAS890D, 8.5.1): six words of 24 bits, each checked by the CRC at its end."""

import errno
from array import array

FRAME_BYTES = 18
TRIES = 4
_NULL = 0x0000
_RESET = 0x0011
_RESET_DONE = 0xFF24
_UNLOCK = 0x0655
_RREG = 0xA000
_WREG = 0x6000
_WREG_DONE = 0x4000


def unpack(frame, table, window, at: int) -> bool:
    """Write the four codes of a frame to window[at:at + 4]; False, and nothing written, when its CRC is wrong.

    A code is 32768 plus the upper 16 of 24 bits, rounded, 1..65535. CRC: x16 + x12 + x5 + 1, seed 0xFFFF, over
    the five words before it (8.3.12); table: `crc_table()`. A native twin may take this function's place.
    """
    crc = 0xFFFF
    for i in range(15):
        crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ frame[i]]
    if crc != (frame[15] << 8) | frame[16]:
        return False
    k = 3
    while k < 15:
        code = (((frame[k] ^ 0x80) << 8) | frame[k + 1]) + (frame[k + 2] >> 7)
        window[at] = 1 if code < 1 else (65535 if code > 65535 else code)
        at += 1
        k += 3
    return True


def crc_table() -> array:
    """Return the 256 steps of the CRC by a byte."""
    table = array("H", bytes(512))
    for byte in range(256):
        crc = byte << 8
        for _ in range(8):
            crc = ((crc << 1) ^ 0x1021) & 0xFFFF if crc & 0x8000 else crc << 1
        table[byte] = crc
    return table


class Link:
    """Commands to one chip and their responses; EIO after TRIES spoiled frames, ENODEV when nothing answers."""

    def __init__(self, spi, cs, unpack_frame) -> None:
        self.frame = bytearray(FRAME_BYTES)  # as received last
        self.table = crc_table()
        self.spoiled = 0  # frames whose CRC was wrong
        self._spi = spi
        self._cs = cs
        self._unpack = unpack_frame
        self._null = bytearray(FRAME_BYTES)
        self._out = bytearray(FRAME_BYTES)
        self._spare = array("H", bytes(8))

    def exchange(self) -> None:
        """Send NULL and receive a frame."""
        self._send(self._null)

    def decode(self, window, at: int) -> bool:
        """Write the channels of the last frame to window[at:at + 4]; False when it came spoiled."""
        if self._unpack(self.frame, self.table, window, at):
            return True
        self.spoiled += 1
        return False

    def response(self) -> int:
        """Return the first word of the last frame: after NULL that is STATUS."""
        return (self.frame[0] << 8) | self.frame[1]

    def ask(self, command: int = _NULL, data: int = 0) -> int:
        """Send a command and return its response, which comes with the next frame."""
        for _ in range(TRIES):
            self._command(command, data)
            self.exchange()
            if self.decode(self._spare, 0):
                return self.response()
        self.fail()
        return 0

    def reset(self, wait_us) -> None:
        """Unlock, for a locked chip ignores a reset, then reset and see it acknowledged."""
        self.ask(_UNLOCK)
        for _ in range(TRIES):
            self._command(_RESET, 0)
            wait_us(50)  # tREGACQ is 5 us (6.7)
            self.exchange()
            if self.decode(self._spare, 0) and self.response() == _RESET_DONE:
                self._expect(_UNLOCK, 0, _UNLOCK)
                return
        self.fail()

    def identify(self) -> None:
        """Raise ENODEV unless the chip is one with four channels (8.6.1)."""
        if self.ask(_RREG) & 0xFF00 != 0x2400:
            raise OSError(errno.ENODEV, "not an ADS131M04")

    def configure(self, words) -> None:
        """Write words (address, value, ...), each acknowledged, and read all back; EIO when they differ."""
        at = 0
        while at < len(words):
            address = words[at] << 7
            self._expect(_WREG | address, words[at + 1], _WREG_DONE | address)
            at += 2
        at = 0
        while at < len(words):
            if self.ask(_RREG | words[at] << 7) != words[at + 1]:
                raise OSError(errno.EIO, "a register differs")
            at += 2

    def fail(self) -> None:
        """Raise ENODEV when the last frame is all zeros or all ones, else EIO."""
        first = self.frame[0]
        if first in (0x00, 0xFF) and all(byte == first for byte in self.frame):
            raise OSError(errno.ENODEV, "no chip answers")
        raise OSError(errno.EIO, "frames are spoiled")

    def _expect(self, command: int, data: int, answer: int) -> None:
        for _ in range(TRIES):
            if self.ask(command, data) == answer:
                return
        raise OSError(errno.EIO, "a command is not acknowledged")

    def _command(self, command: int, data: int) -> None:
        out = self._out
        out[0] = command >> 8
        out[1] = command & 0xFF
        out[3] = data >> 8
        out[4] = data & 0xFF
        self._send(out)

    def _send(self, out) -> None:
        self._cs(0)
        try:
            self._spi.write_readinto(out, self.frame)
        finally:
            self._cs(1)
