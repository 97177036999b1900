"""ADS131M04: what it is told, codes, CRC, and a chip that fails or loses its settings."""

import errno

from ads131m04_bench import error_of, numbers, started, window_of
from ads131m04_chip import Chip

from islet.drivers.ads131m04 import Ads131m04
from islet.drivers.ads131m04_link import crc_table
from islet.drivers.ads131m04_setup import ChipSetup


def test_set_rates_and_volts_of_the_data_sheet():
    # table 8-2 and equation 10
    rates = (
        (8_192_000, 1024, 4000.0),
        (8_192_000, 64, 64000.0),
        (4_096_000, 512, 4000.0),
        (2_048_000, 8192, 125.0),
    )
    for clkin_hz, osr, set_hz in rates:
        assert ChipSetup(clkin_hz, osr).set_hz == set_hz
    volts = ChipSetup(gains=(1, 2, 32, 128)).volts_per_code
    for k, full_v in ((0, 1.2), (1, 0.6), (2, 0.0375), (3, 0.009375)):  # table 8-1
        assert abs(volts[k] * 32768 / full_v - 1) < 1e-6


def test_the_set_up_is_that_of_the_data_sheet():
    chip = Chip(4_096_000)
    chip.locked = True
    started(
        chip,
        osr=256,
        gains=(1, 2, 4, 128),
        phases=(0, 100, -128, -1),
        offsets=(0, 0x123456, -2, 0),
        gain_corrections=(1.0, 1.5, 0.0, 1.25),
    )
    regs = chip.regs
    assert regs[0x02] == 0x2110
    assert regs[0x03] == 0x0F05  # all channels, OSR code 1, low power up to 4.15 MHz
    assert regs[0x04] == 0x7210
    assert regs[0x06] == 0x0600
    assert [regs[0x09 + 5 * k] for k in range(4)] == [0, 100 << 6, 0xE000, 0xFFC0]
    assert (regs[0x0F], regs[0x10]) == (0x1234, 0x5600)
    assert (regs[0x14], regs[0x15]) == (0xFFFF, 0xFE00)
    assert (regs[0x0C], regs[0x11], regs[0x16], regs[0x1B]) == (0x8000, 0xC000, 0, 0xA000)  # table 8-6
    assert not chip.locked
    chip = Chip(2_048_000)
    started(chip, osr=64)
    assert chip.regs[0x03] == 0x0F20
    chip = Chip()
    started(chip, osr=8192)
    assert chip.regs[0x03] == 0x0F1A


def test_wrong_settings_are_told_all_at_once():
    try:
        ChipSetup(100, 1000, gains=(1, 1, 1, 3), phases=(0, 0, 0, 600), offsets=(1 << 23,) * 4, gain=1)
    except ValueError as error:
        text = str(error)
    for words in ("unknown gain", "clkin_hz", "osr", "a gain is", "a phase", "24 bits"):
        assert words in text, words
    for wrong in ({"gains": (1, 1)}, {"gain_corrections": (2.0,) * 4}, {"osr": 128, "phases": (64, 0, 0, 0)}):
        try:
            ChipSetup(8_192_000, **wrong)
        except ValueError:
            continue
        raise AssertionError(wrong)


def test_codes_are_rounded_and_clamped():
    # table 8-10; the upper 16 of 24 bits, halves upwards
    cases = (
        (0x7FFFFF, 65535),
        (0x7FFF80, 65535),
        (0x7FFF7F, 65535),
        (0x7FFE7F, 65534),
        (0, 32768),
        (0x7F, 32768),
    )
    cases += ((0x80, 32769), (-1, 32768), (-128, 32768), (-129, 32767), (-0x800000, 1), (-0x7FFF80, 1))
    cases += ((-0x7FFE80, 2), (0x000100, 32769))
    chip = Chip(source=lambda n, k: cases[code][0])
    driver = Ads131m04(chip, chip.cs, chip.ticks_us, ChipSetup())
    chip.advance(10_000_000)
    chip.unsettled = 0
    chip.off[0] = chip.off[1] = 0
    window = window_of(2)
    for code in range(len(cases)):
        chip.waiting = 2
        chip.off[0] = 0
        assert driver.read_set(window, 4)
        assert list(window[4:8]) == [cases[code][1]] * 4, cases[code]
        assert list(window[0:4]) == [0] * 4


def test_the_crc_is_ccitt():
    crc = 0xFFFF
    table = crc_table()
    for byte in b"123456789":
        crc = ((crc << 8) & 0xFF00) ^ table[(crc >> 8) ^ byte]
    assert crc == 0x29B1  # the published check value of this CRC


def test_every_flipped_bit_of_a_frame_is_seen():
    chip = Chip()
    driver = started(chip)
    window = window_of(1)
    for bit in range(136):
        chip.arm(flip=(0, bit))
        assert not driver.read_set(window, 0), bit
        assert driver.read_set(window, 0)
    assert driver.crc_errors == 136
    assert 1 not in list(window)


def test_no_chip_and_another_chip():
    for answer in (0x00, 0xFF):
        chip = Chip()
        chip.absent = answer
        assert error_of(started, chip) == errno.ENODEV
        chip.absent = -1
        driver = started(chip)
        driver.capture(window_of(5), 0, 5, chip.ready)
        chip.arm(dead=(3, 99, answer))
        assert error_of(driver.capture, window_of(50), 0, 50, chip.ready) == errno.ENODEV
    chip = Chip()
    chip.id = 0x2251  # two channels
    assert error_of(started, chip) == errno.ENODEV
    chip = Chip()
    chip.arm(dead=(0, 99, 0x5A))
    assert error_of(started, chip) == errno.EIO


def test_a_register_that_takes_no_write_is_refused():
    for address in (0x02, 0x03, 0x0A, 0x1C):
        chip = Chip()
        chip.deny = address
        setup = ChipSetup(osr=512, offsets=(0x100,) * 4, gain_corrections=(1.1,) * 4)
        driver = Ads131m04(chip, chip.cs, chip.ticks_us, setup)
        assert error_of(driver.start) == errno.EIO, address


def test_starting_survives_spoiled_frames():
    for number in range(60):
        chip = Chip()
        chip.arm(flip=(number, 7 * number % 144))
        started(chip)
        assert chip.regs[0x02] == 0x2110


def test_lost_settings_are_written_again():
    for fault in ("reset", "bit", "lock"):
        chip = Chip()
        driver = started(chip, osr=512)
        window = window_of(30)
        driver.capture(window, 0, 30, chip.ready)
        if fault == "reset":
            chip.power_up()
        elif fault == "bit":
            chip.change(0x04, 0x0001)
        else:
            chip.locked = True
        assert error_of(driver.capture, window, 0, 30, chip.ready) == errno.EAGAIN, fault
        assert driver.restarts == 1
        assert chip.regs[0x03] == 0x0F0A
        assert chip.regs[0x04] == 0
        assert driver.capture(window, 0, 30, chip.ready) == 0
        seen = numbers(window, 0, 30)
        assert seen[29] - seen[0] == 29


def test_an_error_of_the_bus_releases_the_chip():
    chip = Chip()
    driver = started(chip)

    def broken(out, into):
        raise OSError(errno.ETIMEDOUT, "stuck")

    chip.write_readinto = broken
    assert error_of(driver.read_set, window_of(1), 0) == errno.ETIMEDOUT
    assert not chip.selected
