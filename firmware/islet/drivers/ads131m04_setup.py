"""Settings of an ADS131M04 as register words (TI SBAS890D, sections 6.3, 8.3, 8.6)."""

from array import array

_MODE = 0x02
_CLOCK = 0x03
_GAIN = 0x04
_CFG = 0x06
_THRESHOLD_LSB = 0x08  # holds the DC block filter, off
_CH0_CFG = 0x09  # CFG, OCAL high, low, GCAL high, low of each channel in turn

_MODE_RUN = 0x2110  # register CRC on, CCITT, reset flag cleared, 24 bits, time-out on, DRDY low until read
_CHANNELS_ON = 0x0F00
_OSR64 = 0x0020
_CFG_PLAIN = 0x0600  # global chop and current detection off


class ChipSetup:
    """`words` is address, value, ... in the order of writing; `set_hz`; `volts_per_code` of each window code."""

    def __init__(self, clkin_hz: int = 8_192_000, osr: int = 1024, **channels) -> None:
        """Four values each: gains (1, 2, 4 .. 128), phases, offsets (24-bit codes, subtracted), gain_corrections.

        phases: -osr/2 .. osr/2 - 1 and within -512..511 periods of CLKIN/2; positive samples later (8.3.10).
        gain_corrections: 0 <= x < 2. osr: 64, 128 .. 8192; of 16384 (table 8-2) the register's description says
        16256, so it is left out. Raises ValueError with all errors.
        """
        gains = channels.pop("gains", (1, 1, 1, 1))
        phases = channels.pop("phases", (0, 0, 0, 0))
        offsets = channels.pop("offsets", (0, 0, 0, 0))
        corrections = channels.pop("gain_corrections", (1.0, 1.0, 1.0, 1.0))
        errors = ["unknown %s" % word for word in sorted(channels)]
        errors += _errors(clkin_hz, osr, gains, phases, offsets, corrections)
        if errors:
            raise ValueError("; ".join(errors))
        self.set_hz = clkin_hz / 2 / osr  # 8.3.7, table 8-2
        self.period_ns = 2_000_000 * osr // (clkin_hz // 1000)
        self.volts_per_code = tuple([1.2 / gain / 32768 for gain in gains])  # 8.5.1.9, equation 10
        self.words = _registers(clkin_hz, osr, gains, phases, offsets, corrections)


def _errors(clkin_hz: int, osr: int, gains, phases, offsets, corrections) -> list:
    found = []
    if not 300_000 <= clkin_hz <= 8_400_000:
        found.append("clkin_hz is 300000..8400000 (6.3)")
    if osr not in (64, 128, 256, 512, 1024, 2048, 4096, 8192):
        found.append("osr is 64, 128 .. 8192")
    if any(len(four) != 4 for four in (gains, phases, offsets, corrections)):
        return found + ["gains, phases, offsets, gain_corrections have four values each"]
    if any(gain not in (1, 2, 4, 8, 16, 32, 64, 128) for gain in gains):
        found.append("a gain is 1, 2, 4 .. 128")
    limit = min(osr // 2, 512)
    if any(not -limit <= phase < limit for phase in phases):
        found.append("a phase is %d..%d at this osr" % (-limit, limit - 1))
    if any(not -0x800000 <= offset <= 0x7FFFFF for offset in offsets):
        found.append("an offset has 24 bits")
    if any(not 0.0 <= value < 2.0 for value in corrections):
        found.append("a gain correction is 0 <= x < 2")
    return found


def _registers(clkin_hz: int, osr: int, gains, phases, offsets, corrections) -> array:
    """Return address, value, ... in the order of writing; MODE last, for it starts the watch over the others."""
    power = 2 if clkin_hz > 4_150_000 else (1 if clkin_hz > 2_080_000 else 0)  # 6.3
    code, steps = 0, osr >> 8
    while steps:
        code, steps = code + 1, steps >> 1
    clock = _CHANNELS_ON | (_OSR64 if osr == 64 else code << 2) | power
    gain = 0
    for k in range(4):
        steps = gains[k] >> 1
        while steps:
            gain, steps = gain + (1 << 4 * k), steps >> 1
    words = [_CLOCK, clock, _GAIN, gain, _CFG, _CFG_PLAIN, _THRESHOLD_LSB, 0]
    for k in range(4):
        base = _CH0_CFG + 5 * k
        factor = min(round(corrections[k] * 0x800000), 0xFFFFFF)  # table 8-6
        words += [base, phases[k] << 6 & 0xFFFF]
        words += [base + 1, offsets[k] >> 8 & 0xFFFF, base + 2, offsets[k] << 8 & 0xFF00]
        words += [base + 3, factor >> 8, base + 4, factor << 8 & 0xFF00]
    return array("H", words + [_MODE, _MODE_RUN])
