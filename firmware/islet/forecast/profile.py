"""What the forecasts share: slots of the day, day-profiles that forget, and their saved form."""

import math
import struct
from array import array
from binascii import crc32

from islet.forecast.skill import Skill

DAY_S = 86_400


def zeros(n: int) -> array:
    """Return n float zeros."""
    return array("f", [0.0] * n)


def slot_of(local_s: int, slot_s: int) -> int:
    """Return the index of the slot of the day that local time falls in."""
    return local_s % DAY_S // slot_s


def is_weekend(local_s: int) -> bool:
    """Return whether local time is on a Saturday or Sunday (1 January 1970 was a Thursday)."""
    return (local_s // DAY_S + 4) % 7 in (0, 6)


def plausible(power_w: float) -> bool:
    """Return whether a reading is a finite number, not negative."""
    return not math.isnan(power_w) and 0.0 <= power_w < 1e9


class Spread:
    """Day-ahead error by slot of day: mean absolute size, and where its 10 % and 90 % quantiles lie."""

    def __init__(self, slots: int) -> None:
        self.size_w = zeros(slots)
        self.low = -1.3  # quantiles of error / size, over all slots
        self.high = 1.3

    def add(self, slot: int, error_w: float, rate: float) -> None:
        """Learn from one error (actual - forecast); rate is the weight of the newest."""
        size = self.size_w[slot]
        if size > 1.0:
            ratio = error_w / size
            self.low += 0.02 * (0.1 if ratio > self.low else -0.9)
            self.high += 0.02 * (0.9 if ratio > self.high else -0.1)
        self.size_w[slot] = size + rate * (abs(error_w) - size)


class DayForecast:
    """What load and PV forecasts share: slots, quantiles around the expectation, saving, restoring."""

    magic = b""

    def __init__(self, slot_s: int, utc_offset_s: int) -> None:
        """slot_s divides the day; local days begin at midnight of UTC + utc_offset_s."""
        self.slot_s = slot_s
        self.slots = DAY_S // slot_s
        self.skill = Skill(3 * self.slots)
        self.spread = Spread(self.slots)
        self.rejected = 0  # readings that could not be true
        self._utc_offset_s = utc_offset_s
        self._yesterday_w = zeros(self.slots)
        self._days = zeros(self.slots)  # how many times each slot was learned
        self._learned_s = 0  # begin of the newest slot learned

    def size_w(self, epoch_s: int) -> float:
        """Return the mean absolute day-ahead error (W) of the slot of day holding epoch_s (UTC)."""
        return self.spread.size_w[slot_of(epoch_s + self._utc_offset_s, self.slot_s)]

    def predict_quantiles(
        self,
        epoch_s: int,
        expected_w: array,
        low_w: array,
        high_w: array,
    ) -> None:
        """Fill the 10 % and 90 % quantiles (W, >= 0) around expected_w, as predict filled it."""
        for i in range(len(expected_w)):
            size = self.size_w(epoch_s + i * self.slot_s)
            low_w[i] = max(0.0, expected_w[i] + self.spread.low * size)
            high_w[i] = max(0.0, expected_w[i] + self.spread.high * size)

    def to_bytes(self) -> bytes:
        """Return the learned state with a CRC-32."""
        skill = self.skill
        return pack(
            self.magic,
            self._arrays(),
            (self.spread.low, self.spread.high, skill.model_mse, skill.naive_mse, skill.count),
        )

    def from_bytes(self, data: bytes) -> None:
        """Restore what to_bytes returned; raises ValueError, and changes nothing, when it is damaged."""
        low, high, model_mse, naive_mse, count = unpack(self.magic, data, self._arrays(), 5)
        self.spread.low = low
        self.spread.high = high
        self.skill.restore(model_mse, naive_mse, int(count))

    def _arrays(self) -> tuple:
        return (self._yesterday_w, self._days, self.spread.size_w)

    def _missed(self, epoch_s: int) -> int:
        """Return how many slots, a day's at most, lie between the newest learned and epoch_s."""
        return max(0, min((epoch_s - self._learned_s) // self.slot_s - 1, self.slots))


def pack(magic: bytes, arrays: tuple, scalars: tuple) -> bytes:
    """Return magic, arrays of floats and scalar floats, little-endian, closed by a CRC-32."""
    count = sum(len(values) for values in arrays) + len(scalars)
    data = bytearray(len(magic) + 4 * count + 4)
    data[: len(magic)] = magic
    at = len(magic)
    for values in arrays + (scalars,):
        for value in values:
            struct.pack_into("<f", data, at, value)
            at += 4
    struct.pack_into("<I", data, at, crc32(memoryview(data)[:at]) & 0xFFFFFFFF)
    return bytes(data)


def unpack(magic: bytes, data: bytes, arrays: tuple, scalars: int) -> list:
    """Fill the arrays, return the scalars; ValueError, and nothing filled, if size, magic or CRC differ."""
    size = len(magic) + 4 * (sum(len(values) for values in arrays) + scalars)
    if len(data) != size + 4 or data[: len(magic)] != magic:
        raise ValueError("forecast state: wrong kind or length")
    if struct.unpack_from("<I", data, size)[0] != crc32(data[:size]) & 0xFFFFFFFF:
        raise ValueError("forecast state: CRC differs")
    at = len(magic)
    for values in arrays:
        for i in range(len(values)):
            values[i] = struct.unpack_from("<f", data, at)[0]
            at += 4
    return [struct.unpack_from("<f", data, at + 4 * i)[0] for i in range(scalars)]
