"""Answers of a time server: what is taken as a time, and what is not (RFC 4330, 4 and 5)."""

import struct

from hal.sntp import epoch_s


def packet(seconds: int, first: int = 0x24, stratum: int = 1) -> bytes:
    """Return an answer whose transmit timestamp is `seconds` of an era; 0x24: no leap second, version 4, server."""
    return bytes([first, stratum]) + bytes(38) + struct.pack(">II", seconds, 1 << 31)


def refused(data: bytes) -> bool:
    try:
        epoch_s(data)
    except OSError:
        return True
    return False


def test_seconds_since_1970() -> None:
    # RFC 868: 2,208,988,800 is 00:00 on 1 January 1970 and 2,629,584,000 on 1 May 1983, 420,595,200 s later
    assert epoch_s(packet(2_208_988_800)) == 0
    assert epoch_s(packet(2_629_584_000)) == 420_595_200


def test_second_era() -> None:
    # RFC 4330, 3: with the first bit clear the time is after 6:28:16 on 7 February 2036, which is 2,085,978,496
    assert epoch_s(packet(1)) == 2_085_978_496 + 1


def test_what_is_no_time() -> None:
    assert refused(packet(3_900_000_000)[:47])
    assert refused(packet(3_900_000_000, first=0x23))  # a client's
    assert refused(packet(3_900_000_000, first=0xE4))  # its clock was never set
    assert refused(packet(3_900_000_000, stratum=0))  # kiss of death
    assert refused(packet(0))
