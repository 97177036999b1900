"""Checked register access to an ATM90E32AS: LastSPIData after every transfer (Atmel-46103A, section 2).

One transfer is 32 bits: bit 31 reads, 10 bits of address, 16 of data (46003B 4.2.1). LastSPIData keeps the word of
the transfer before, and a read-to-clear register is cleared only once its word is kept there (46003B 4.2.2).
With a pull-up on SDO a broken line reads as ones, and no energy is lost; one stuck at zero may cost one reading.
"""

import errno

TRIES = 4
GIVE_UP = 50  # failed calls after which an energy of ones is given up: the register may truly be full
_READ = 0x8000
_LAST_SPI = 0x78
_SOFT_RESET = 0x70
_RESET_KEY = 0x789A
_ACCESS = 0x7F
_ACCESS_KEY = 0x55AA
_MAP_I = 0x01
_DEAD = (0, 0xFFFF)  # what a line without a chip reads
_TEMP_SENSOR = (0x2FF, 0x55AA, 0x216, 0x5183, 0x219, 0x01C1, 0x2FF, 0x0000)  # 46103A 7.1


class Link:
    """Registers of one chip; EIO after TRIES bad transfers, ENODEV when all answers are ones or all are zeros."""

    def __init__(self, spi, cs) -> None:
        self.retries = 0  # transfers done again
        self.recovered = 0  # energies found in LastSPIData after a failed read
        self.doubts = 0  # energies that a dead line may have swallowed
        self.pending = -1  # number of the energy register whose read failed
        self._spi = spi
        self._cs = cs
        self._out = bytearray(4)
        self._in = bytearray(4)
        self._left = GIVE_UP

    def read(self, address: int) -> int:
        """Return a register; all zeros or ones are believed only when ChannelMapI reads right after them."""
        for _ in range(TRIES):
            value = self._transfer(_READ | address, 0)
            if self._transfer(_READ | _LAST_SPI, 0) == value:
                if value in _DEAD and self._transfer(_READ | _MAP_I, 0) in _DEAD:
                    raise OSError(errno.ENODEV, "no chip answers")
                return value
            self.retries += 1
        raise OSError(errno.EIO, "transfers fail")

    def write(self, address: int, value: int) -> None:
        """Write a register, as often as it takes to see its word in LastSPIData."""
        for _ in range(TRIES):
            self._transfer(address, value)
            if self._transfer(_READ | _LAST_SPI, 0) == value:
                return
            self.retries += 1
        raise OSError(errno.EIO, "transfers fail")

    def pair(self, address: int, raw, at: int) -> None:
        """Put a high word and its low word (16 addresses above) at raw[at], of the same update of the chip."""
        high = self.read(address)
        raw[at + 1] = self.read(address + 16)
        raw[at] = self.read(address)
        if raw[at] != high:  # updated meanwhile; the next update is 0.3 s away
            raw[at + 1] = self.read(address + 16)

    def take(self, address: int, number: int) -> int:
        """Return and clear an energy register; when it fails, `pending` is its number and `recover` is due."""
        self._clear_last()  # so that a failed read leaves the energy in LastSPIData, or zero
        self.pending = number
        self._left = GIVE_UP
        return self._settle(self._transfer(_READ | address, 0))

    def recover(self) -> int:
        """Return the energy that a failed `take` left in LastSPIData; 0 when the chip never saw that read."""
        value = self._settle(self._transfer(_READ | _LAST_SPI, 0))
        if value:
            self.recovered += 1
        return value

    def identify(self) -> int:
        """Return ChannelMapI; ENODEV when it reads all zeros or all ones."""
        value = self._transfer(_READ | _MAP_I, 0)
        if value in _DEAD:
            raise OSError(errno.ENODEV, "no chip answers")
        return self.read(_MAP_I)

    def reset(self) -> None:
        """Send the soft reset; the chip answers again after 40 ms at most (46003B table 19)."""
        self._transfer(_SOFT_RESET, _RESET_KEY)  # clears LastSPIData: no check

    def holds(self, words) -> bool:
        """Return whether registers hold `words` (address, value, ...) and access to them is closed."""
        at = 0
        while at < len(words):
            if self.read(words[at]) != words[at + 1]:
                return False
            at += 2
        return self.read(_ACCESS) != _ACCESS_KEY

    def configure(self, words) -> None:
        """Open access, write words (address, value, ...) and read them back, close; EIO when they differ."""
        self.write(_ACCESS, _ACCESS_KEY)
        self._write_all(_TEMP_SENSOR)
        self._write_all(words)
        self.write(_ACCESS, 0)  # the chip now latches its CRC and watches it (46003B 5.2.1)
        if not self.holds(words):
            raise OSError(errno.EIO, "transfers fail")

    def _write_all(self, words) -> None:
        at = 0
        while at < len(words):
            self.write(words[at], words[at + 1])
            at += 2

    def _settle(self, value: int) -> int:
        """Return the word in LastSPIData once it reads twice the same (46103A figure 1); `pending` is settled.

        Ones are a dead line: the word is kept for the next try. Zeros may be one too, and asking the chip for
        something else to know it overwrites the word.
        """
        for _ in range(TRIES):
            last = self._transfer(_READ | _LAST_SPI, 0)
            if last == value:
                break
            self.retries += 1
            value = last
        else:
            raise OSError(errno.EIO, "transfers fail")
        if value == 0xFFFF and self._left:
            self._left -= 1
            raise OSError(errno.ENODEV, "no chip answers")
        self.pending = -1
        if value == 0 and self._transfer(_READ | _MAP_I, 0) in _DEAD:
            value = 0xFFFF
        if value == 0xFFFF:
            self.doubts += 1
            raise OSError(errno.ENODEV, "no chip answers")
        return value

    def _clear_last(self) -> None:
        """Bring LastSPIData to zero: SoftReset always reads as zero."""
        for _ in range(TRIES):
            if self._transfer(_READ | _SOFT_RESET, 0) == 0 and self._transfer(_READ | _LAST_SPI, 0) == 0:
                return
            self.retries += 1
        raise OSError(errno.EIO, "transfers fail")

    def _transfer(self, address: int, value: int) -> int:
        """Send one transfer and return its data."""
        out = self._out
        answer = self._in
        out[0] = address >> 8
        out[1] = address & 0xFF
        out[2] = value >> 8
        out[3] = value & 0xFF
        self._cs(0)
        try:
            self._spi.write_readinto(out, answer)
        finally:
            self._cs(1)
        return (answer[2] << 8) | answer[3]
