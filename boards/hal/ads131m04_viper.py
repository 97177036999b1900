"""Native twin of islet.drivers.ads131m04_link.unpack: same codes, same verdict; MicroPython only."""

# ruff: noqa: F821
# mypy: disable-error-code="name-defined"


@micropython.viper
def unpack(frame: ptr8, table: ptr16, window: ptr16, at: int) -> bool:
    """Write the four codes of an ADS131M04 frame to window[at:at + 4]; False when its CRC is wrong."""
    crc = 0xFFFF
    i = 0
    while i < 15:
        crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ frame[i]]
        i += 1
    if crc != (frame[15] << 8) | frame[16]:
        return False
    k = 3
    while k < 15:
        code = (((frame[k] ^ 0x80) << 8) | frame[k + 1]) + (frame[k + 2] >> 7)
        if code < 1:
            code = 1
        if code > 65535:
            code = 65535
        window[at] = code
        at += 1
        k += 3
    return True
