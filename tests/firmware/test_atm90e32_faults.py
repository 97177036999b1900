"""ATM90E32AS: faults of line and chip, tried at every transfer; no energy may be lost by them."""

import errno

from atm90e32_bench import START_MS, error_of, fill, near, setup_of, started
from atm90e32_chip import Chip

from islet.base.clock import add_ms
from islet.drivers.atm90e32 import Atm90e32


def counted(driver):
    """Return the counts of all energies, in units of 11.25 J."""
    total = 0
    for phase in driver.phases:
        for energy in phase.energies():
            mj = (energy.wh * 3600 + energy.j) * 1000 + energy.mj
            assert mj % 11250 == 0
            total += mj // 11250
    return total


ENERGIES = (
    tuple(range(0x81, 0x84)) + tuple(range(0x85, 0x88)) + tuple(range(0x89, 0x8C)) + tuple(range(0x8D, 0x90))
)


def pour(chip):
    """Add energy to every register, another amount to each; return the sum."""
    for k in range(12):
        chip.regs[ENERGIES[k]] += 3 * k  # the first stays at zero
    return 198


def survives(driver, chip, fault, allowed):
    """Read through one fault and once more without; nothing may be lost or counted twice."""
    before = counted(driver)
    poured = pour(chip)
    chip.arm(**fault)
    assert error_of(driver.read, add_ms(START_MS, 2000)) in allowed, fault
    chip.arm()
    for _ in range(4):
        error_of(driver.read, add_ms(START_MS, 3000))
    driver.read(add_ms(START_MS, 9000))
    assert counted(driver) - before == poured, fault
    assert chip.resets == 2


def transfers_of_a_read(driver, chip):
    pour(chip)
    before = chip.transfers
    driver.read(add_ms(START_MS, 1500))
    return chip.transfers - before


def test_no_energy_is_lost_by_a_flipped_bit_wherever_it_falls():
    chip = Chip()
    fill(chip)
    driver = started(chip)
    total = transfers_of_a_read(driver, chip)
    assert 200 < total < 400
    for number in range(total):
        survives(driver, chip, {"flip": (number, number % 16)}, (None, errno.EAGAIN))
    assert driver.link.retries >= total // 2
    assert driver.link.doubts == 0


def test_no_energy_is_lost_when_the_line_reads_ones_or_the_chip_misses_transfers():
    chip = Chip()
    fill(chip)
    driver = started(chip)
    total = transfers_of_a_read(driver, chip)
    broken = (None, errno.EIO, errno.ENODEV, errno.EAGAIN)
    for number in range(0, total, 2):
        survives(driver, chip, {"dead": (number, number + 9, 0xFF)}, broken)
        survives(driver, chip, {"deaf": (number, number + 9)}, broken)
        survives(driver, chip, {"dead": (number, total + 200, 0xFF)}, (errno.ENODEV, errno.EIO))
    assert driver.link.recovered > 0
    assert driver.link.doubts == 0


def test_a_line_stuck_at_zero_is_noticed_and_the_doubt_counted():
    chip = Chip()
    fill(chip)
    driver = started(chip)
    total = transfers_of_a_read(driver, chip)
    doubtful = 0
    for number in range(0, total - 12, 3):
        before, doubts = counted(driver), driver.link.doubts
        poured = pour(chip)
        chip.arm(dead=(number, number + 9, 0))
        assert error_of(driver.read, add_ms(START_MS, 2000)) in (errno.ENODEV, errno.EIO, errno.EAGAIN), (
            number
        )
        chip.arm()
        for _ in range(4):
            error_of(driver.read, add_ms(START_MS, 3000))
        driver.read(add_ms(START_MS, 9000))
        lost = poured - (counted(driver) - before)
        assert lost == 0 or driver.link.doubts > doubts, number
        doubtful += 1 if lost else 0
    assert doubtful < total // 6


def test_a_full_register_does_not_block_for_ever():
    chip = Chip()
    driver = started(chip)
    chip.regs[0x81] = 0xFFFF
    failures = 0
    while error_of(driver.read, add_ms(START_MS, 2000)) is not None:
        failures += 1
        assert failures < 60
    assert failures > 40
    assert driver.link.doubts == 1


def test_no_chip():
    for answer in (0x00, 0xFF):
        chip = Chip()
        chip.absent = answer
        driver = Atm90e32(chip, chip.cs, setup_of())
        assert error_of(driver.read, 0) == errno.ENODEV
        chip.absent = -1
        driver = started(chip)
        chip.absent = answer
        assert error_of(driver.read, add_ms(START_MS, 2000)) == errno.ENODEV


def test_noise_on_the_line_is_an_error_of_transfer():
    chip = Chip()
    driver = started(chip)
    noisy = Noise(chip)
    driver.link._spi = noisy
    assert error_of(driver.read, add_ms(START_MS, 3000)) == errno.EIO


class Noise:
    """A line on which no two answers are the same."""

    def __init__(self, chip):
        self.chip = chip
        self.step = 0

    def write_readinto(self, out, into):
        self.chip.write_readinto(out, into)
        self.step += 1
        into[3] ^= 1 + self.step % 7


def test_a_reset_is_noticed_and_the_set_up_written_again():
    chip = Chip()
    fill(chip)
    driver = started(chip)
    for glitch in ("power", "bit"):
        if glitch == "power":
            chip.power_up()
        else:
            chip.regs[0x61] ^= 0x0100  # a gain changes by itself: the chip's CRC tells
        now_ms = add_ms(START_MS, 2000)
        assert error_of(driver.read, now_ms) == errno.EAGAIN
        assert chip.regs[0x61] == 0x8000
        assert chip.regs[0x00] == 1
        assert chip.regs[0x35] == 5156
        assert (
            error_of(driver.read, add_ms(now_ms, 600)) == errno.EAGAIN
        )  # means over 16 cycles not there yet
        driver.read(add_ms(now_ms, 701))
        assert near(driver.phases[0].active_w, -1000.0)
    assert driver.restarts == 2


def test_a_changed_setting_costs_no_energy():
    chip = Chip()
    driver = started(chip)
    chip.regs[0x81] = 100
    chip.regs[0x69] ^= 1
    assert error_of(driver.read, add_ms(START_MS, 2000)) == errno.EAGAIN
    driver.read(add_ms(START_MS, 3000))
    assert driver.phases[0].active_pos.j == 1125


def test_an_internal_error_needs_a_reset():
    chip = Chip()
    driver = started(chip)
    chip.regs[0x79] = 2
    assert error_of(driver.read, add_ms(START_MS, 2000)) == errno.EAGAIN
    assert chip.resets == 3
    assert chip.regs[0x00] == 0
    assert error_of(driver.read, add_ms(START_MS, 2051)) == errno.EAGAIN
    assert chip.regs[0x00] == 1
    driver.read(add_ms(START_MS, 2800))


def test_a_chip_that_runs_as_wanted_is_taken_over_with_its_energy():
    chip = Chip()
    started(chip)
    chip.regs[0x81] = 320
    driver = Atm90e32(chip, chip.cs, setup_of())  # the board was reset, the chip was not
    driver.read(5)
    assert chip.resets == 2
    assert driver.phases[0].active_pos.wh == 1
    other = Atm90e32(chip, chip.cs, setup_of(f0_hz=60))
    assert error_of(other.read, 5) == errno.EAGAIN
    assert chip.resets == 3


def test_settings_that_do_not_read_back_are_refused():
    chip = Chip()
    driver = Atm90e32(chip, chip.cs, setup_of())
    assert error_of(driver.read, 0) == errno.EAGAIN
    whole = chip.write_register

    def weak(address, value):
        whole(address, value)
        if address == 0x61:
            chip.regs[0x61] ^= 1  # LastSPIData was right, the register is not

    chip.write_register = weak
    assert error_of(driver.read, 60) == errno.EIO


def test_an_error_of_the_bus_itself_releases_the_chip():
    chip = Chip()
    driver = started(chip)

    def broken(out, into):
        raise OSError(errno.ETIMEDOUT, "stuck")

    whole = chip.write_readinto
    chip.write_readinto = broken
    assert error_of(driver.read, add_ms(START_MS, 2000)) == errno.ETIMEDOUT
    assert not chip.selected
    chip.write_readinto = whole
    driver.read(add_ms(START_MS, 2100))
