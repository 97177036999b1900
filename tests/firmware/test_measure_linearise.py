"""Tables and code widths of a converter: by hand, and from ramps whose counts are known."""

from array import array

from islet.measure.linearise import (
    BOARD_CODES,
    BOARD_WIDTHS,
    GENERIC_WIDTHS,
    WIDE_CODES,
    Histogram,
    plain_table,
    wide_code_table,
)


def refused(call, *arguments) -> str:
    """Return what a ValueError says."""
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("was not refused")


def ramp(widths: dict, count: int, first: int = 100, last: int = 3995) -> array:
    """Return samples of a ramp: each code as often as it is wide, `count` times where it is 1."""
    raw = array("H")
    for code in range(first, last + 1):
        raw.extend(array("H", [code] * int(count * widths.get(code, 1) + 0.5)))
    return raw


def counted(raw: array) -> Histogram:
    """Return a histogram of samples."""
    histogram = Histogram()
    histogram.add(raw, 0, 1, len(raw))
    return histogram


def test_an_even_converter_has_sixteen_codes_a_code():
    """Zero volts, code 2048, is 32768; the ends are the rails."""
    table = plain_table()
    assert (len(table), table[0], table[1], table[2048], table[4094], table[4095]) == (
        4096, 1, 16, 32768, 65504, 65535,
    )  # fmt: skip
    assert wide_code_table((1, 1, 1, 1)) == table


def test_entries_are_centres_of_spans():
    """By hand: four widths of 11.23 leave (4096 - 44.92) / 4092 = 0.99 LSB for each other code.

    Code 511 spans 505.89..517.12, centre 511.505; 16 * 511.505 - 8 = 8176.08.
    Code 1000 spans 1000.24..1001.23 (11.23 - 0.99 = 10.24 more below it): 16 * 1000.735 - 8 = 16003.76.
    Code 3000 has three such below: it begins at 2970 + 30.72, its centre is 3001.215: 48011.44.
    """
    table = wide_code_table((11.23, 11.23, 11.23, 11.23))
    assert WIDE_CODES[0] == 511
    assert (table[511], table[1000], table[3000]) == (8176, 16004, 48011)
    assert (table[0], table[4095]) == (1, 65535)


def test_a_table_never_falls():
    """Also with a code that is missing together with half of its neighbour."""
    for table in (wide_code_table(GENERIC_WIDTHS), wide_code_table(BOARD_WIDTHS, BOARD_CODES)):
        assert all(table[k] <= table[k + 1] for k in range(4095))
        assert all(1 < table[k] < 65535 for k in range(1, 4095))


def test_widths_that_no_converter_has_are_refused():
    """With the code and the bounds in the sentence."""
    assert "4 codes" in refused(wide_code_table, (9, 9, 9))
    assert "code 1535 is 99, must be -4 to 40" in refused(wide_code_table, (9, 99, 9, 9))
    assert "code 511 is True" in refused(wide_code_table, (True, 9, 9, 9))
    assert "rises" in refused(wide_code_table, (9, 9), (1535, 511))
    assert "rises" in refused(wide_code_table, (9,), (4095,))
    assert "lists of 1 to 8" in refused(wide_code_table, [1.0] * 9, list(range(100, 109)))
    assert "lists" in refused(wide_code_table, "9999")
    assert "is nan" in refused(wide_code_table, (float("nan"), 9, 9, 9))


def test_widths_of_a_ramp_are_found():
    """Codes 9 times as often as others; an LSB is (4092 + 4 * 9) / 4096 ordinary codes, so 9 are 8.9302 LSB."""
    codes, widths = counted(ramp(dict.fromkeys(WIDE_CODES, 9), 8)).widths(8)
    assert codes == WIDE_CODES
    assert all(abs(width - 8.9302) < 0.001 for width in widths)


def test_wide_codes_one_higher_are_found():
    """As the erratum's text has them: 512, 1536, 2560, 3584. Widths 10, 8, 8, 9 of ordinary codes."""
    given = {512: 10, 1536: 8, 2560: 8, 3584: 9}
    codes, widths = counted(ramp(given, 8)).widths(8)
    assert codes == (512, 1536, 2560, 3584)
    lsb = 4096 / (4092 + 35)
    assert all(abs(w - lsb * given[c]) < 0.001 for c, w in zip(codes, widths))  # noqa: B905


def test_a_missing_code_at_mid_scale_is_found():
    """It gets a place of its own, of width 0."""
    given = dict.fromkeys(WIDE_CODES, 9)
    given[2047] = 0
    codes, widths = counted(ramp(given, 8)).widths(8)
    assert codes == BOARD_CODES
    assert abs(widths[2]) < 0.001


def test_channels_and_windows_add_up():
    """The second of two channels, in two windows, with an error flag of the FIFO in bit 15."""
    raw = ramp(dict.fromkeys(WIDE_CODES, 9), 8)
    window = array("H", bytes(4 * len(raw)))
    for k in range(len(raw)):
        window[2 * k] = 4095
        window[2 * k + 1] = raw[k] | 0x8000
    histogram = Histogram()
    half = len(raw) // 2
    histogram.add(window, 1, 2, half)
    histogram.add(window[2 * half :], 1, 2, len(raw) - half)
    assert histogram.total == len(raw)
    assert histogram.widths(8) == counted(raw).widths(8)


def test_signals_that_cannot_tell_are_refused():
    """Each with its reason."""
    wide = dict.fromkeys(WIDE_CODES, 9)
    assert "nothing was counted" in refused(Histogram().widths)
    assert "8 counts a code, 800 are needed" in refused(counted(ramp(wide, 8)).widths)
    assert "clipped" in refused(counted(ramp(wide, 8, 0)).widths, 8)
    assert "clipped" in refused(counted(ramp(wide, 8, 100, 4095)).widths, 8)
    low = refused(counted(ramp(wide, 8, 450, 3600)).widths, 8)
    assert low == "the signal swings from code 450 to 3600, must go beyond 447 and 3647"
    comb = {code: 0 if code % 40 else 40 for code in range(448, 576)}  # a frequency locked to the sampling
    assert "sweeps code 511 unevenly" in refused(counted(ramp(comb, 8)).widths, 1)
