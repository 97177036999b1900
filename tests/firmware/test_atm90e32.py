"""ATM90E32AS: what it is told and the scales of what it tells, by data sheet and application note."""

import math

from atm90e32_bench import START_MS, fill, near, setup_of, started
from atm90e32_chip import Chip

from islet.base.clock import add_ms
from islet.drivers.atm90e32_setup import PhaseSetup


def test_the_set_up_is_that_of_the_sheets():
    chip = Chip()
    phases = (
        PhaseSetup(
            pga=4, u_gain=0xE41B, i_gain=40000, u_offset=-2, i_offset=3, pq_gain=0x1475, delay_cycles=0x24
        ),
        PhaseSetup(pga=2, p_offset=-1, q_offset=5, p1_offset=-7, p1_gain=-300, delay_cycles=-3),
        PhaseSetup(),
    )
    started(chip, setup_of(phases=phases, f0_hz=60))
    regs = chip.regs
    assert chip.resets == 2  # power-on and the soft reset
    assert regs[0x00] == 1
    assert regs[0x7F] == 0
    assert regs[0x31] == 0x0861
    assert regs[0x32] == 0xC468
    assert regs[0x33] == 0x1087  # 3P4W of 46103A page 20, with the bit of 60 Hz
    assert regs[0x34] == 0b000110  # I1 4x, I2 2x, I3 1x
    assert regs[0x35] == regs[0x36] == regs[0x37] == 5156  # 1.65 W / 0.00032, 46103A 5.1
    assert regs[0x38] == regs[0x39] == regs[0x3A] == 344  # 0.11 W
    assert regs[0x61] == 0xE41B
    assert regs[0x62] == 40000
    assert regs[0x63] == 0xFFFE
    assert regs[0x64] == 3
    assert regs[0x47] == 0x1475
    assert regs[0x48] == 0x24
    assert regs[0x4A] == 0x8003
    assert regs[0x4C] == 0
    assert regs[0x43] == 0xFFFF
    assert regs[0x44] == 5
    assert regs[0x52] == 0xFFF9
    assert regs[0x55] == 0xFED4
    assert regs[0x0C] == 5900
    assert regs[0x0D] == 6100
    assert regs[0x216] == 0x5183
    assert regs[0x219] == 0x01C1
    assert regs[0x2FF] == 0


def test_thresholds_of_sag_and_loss():
    chip = Chip()
    started(chip)
    # 46103A 5.2 with Ugain 32768: Vth x 100 x sqrt 2 / 2; 179.4 V and 23 V
    assert chip.regs[0x08] == 12685
    assert chip.regs[0x09] == 1626
    chip = Chip()
    half = PhaseSetup(u_gain=0x4000)
    started(chip, setup_of(phases=(half, half, half)))
    assert chip.regs[0x08] == 25371


def test_wrong_settings_are_told_all_at_once():
    try:
        setup_of(phases=(PhaseSetup(pga=3), PhaseSetup(u_gain=0, ugain=1), PhaseSetup()), f0_hz=55, times=0)
    except ValueError as error:
        text = str(error)
    for words in ("phase A: pga", "phase B: unknown ugain", "phase B: a gain", "f0_hz", "times"):
        assert words in text, words
    for wrong in (
        {"meter_constant": 1600},
        {"meter_constant": 3333},
        {"start_w": 30},
        {"sag_ms": 300},
        {"sgm": 1},
    ):
        try:
            setup_of(**wrong)
        except ValueError:
            continue
        raise AssertionError(wrong)


def test_scales_of_every_value():
    chip = Chip()
    fill(chip)
    driver = started(chip)
    a = driver.phases[0]
    assert near(a.rms_v, 230.005)  # 23000 x 0.01 V + 128/256 of the last digit
    assert near(a.rms_a, 5.00025)  # 5000 x 1 mA + 64/256
    assert near(a.active_w, -1000.0)
    assert near(a.reactive_var, 500.0)
    assert near(a.apparent_va, 1150.0)
    assert near(a.fundamental_w, -960.0)
    assert near(a.harmonic_w, -40.0)
    assert near(a.power_factor, -0.87)
    assert near(a.angle_rad, 153.6 * math.pi / 180)
    assert near(driver.phases[1].voltage_angle_rad, -120 * math.pi / 180)
    assert near(driver.phases[2].voltage_angle_rad, 120 * math.pi / 180)
    assert near(driver.hz, 49.98)
    assert driver.temperature_degc == -5.0
    assert near(driver.neutral_a, 1.234)
    assert driver.phases[1].power_factor != driver.phases[1].power_factor  # no current: nan
    assert driver.stamp_ms == add_ms(START_MS, 1000)


def test_a_turned_transformer_turns_every_sign_and_times_scales_the_current():
    chip = Chip()
    fill(chip)
    one = PhaseSetup(turned=True)
    driver = started(chip, setup_of(phases=(one, PhaseSetup(), PhaseSetup()), times=2, meter_constant=6400))
    a = driver.phases[0]
    assert near(a.rms_v, 230.005)
    assert near(a.rms_a, 10.0005)
    assert near(a.active_w, 2000.0)
    assert near(a.reactive_var, -1000.0)
    assert near(a.apparent_va, 2300.0)
    assert near(a.power_factor, 0.87)
    assert near(a.angle_rad, -26.4 * math.pi / 180)
    chip.power_w[0] = 1000  # forward for the chip
    chip.run(7200)
    driver.read(add_ms(START_MS, 2000))
    assert (a.active_neg.wh, a.active_neg.j) == (4, 0)
    assert a.active_pos.j == 0


def test_a_phase_that_is_not_wired_is_left_alone():
    chip = Chip()
    fill(chip)
    driver = started(chip, setup_of(phases=(PhaseSetup(), PhaseSetup(present=False), PhaseSetup())))
    assert chip.regs[0x33] == 0x0085
    lone = Chip()
    started(lone, setup_of(phases=(PhaseSetup(), PhaseSetup(present=False), PhaseSetup(present=False))))
    assert lone.regs[0x33] == 0x0084  # bit 2 is phase A
    b = driver.phases[1]
    assert b.rms_v != b.rms_v
    assert b.active_w != b.active_w
    chip.regs[0x82] = 5
    driver.read(add_ms(START_MS, 2000))
    assert chip.regs[0x82] == 5
    assert b.active_pos.j == 0


def test_states_and_what_happened_between_two_reads():
    chip = Chip()
    driver = started(chip)
    chip.regs[0x71] = 0x0200
    chip.regs[0x72] = 0x4000 | 0x0100  # sag on A, loss on C
    chip.regs[0x74] = 0x2000  # a sag on B came and went
    driver.read(add_ms(START_MS, 1300))
    a, b, c = driver.phases
    assert driver.sequence_wrong
    assert a.sag
    assert not a.lost
    assert c.lost
    assert not c.sag
    assert not b.sag
    assert b.sagged
    assert not a.sagged
    assert chip.regs[0x74] == 0
    chip.regs[0x74] = 0x0100  # a loss on C began or ended
    driver.read(add_ms(START_MS, 1600))
    assert not b.sagged
    assert c.sagged


def test_a_value_updated_between_its_two_words_is_read_whole():
    chip = Chip()
    chip.put(0xB1, 0x0001FFFF)
    driver = started(chip)
    whole = driver.phases[0].active_w
    assert near(whole, 0x0001FFFF * 0.00032)
    for number in range(40):
        chip.put(0xB1, 0x0001FFFF)
        chip.arm(update=(number, 0xB1, 0x0002, 0xC1, 0x0003))
        driver.read(add_ms(START_MS, 2000))
        value = driver.phases[0].active_w
        assert near(value, whole) or near(value, 0x00020003 * 0.00032), number


def test_energy_is_counted_to_the_millijoule():
    chip = Chip()
    driver = started(chip)
    chip.power_w[:] = [5000, -300, 0]
    chip.power_var[:] = [-70, 0, 40]
    for second in range(60):
        chip.run(1000)
        driver.read(add_ms(START_MS, 2000 + 1000 * second))
    a, b, c = driver.phases
    # 300 kJ is 26666 counts of 11.25 J: 299992.5 J; 18 kJ is 1600 counts; 4200 J is 373; 2400 J is 213
    assert (a.active_pos.wh, a.active_pos.j, a.active_pos.mj) == (83, 1192, 500)
    assert (b.active_neg.wh, b.active_neg.j, b.active_neg.mj) == (5, 0, 0)
    assert (a.reactive_neg.wh, a.reactive_neg.j, a.reactive_neg.mj) == (1, 596, 250)
    assert (c.reactive_pos.wh, c.reactive_pos.j, c.reactive_pos.mj) == (0, 2396, 250)
    assert b.active_pos.wh == a.active_neg.wh == 0


def test_the_fullest_register_stays_in_small_ints():
    chip = Chip()
    driver = started(chip)
    chip.regs[0x81] = 65534
    driver.read(add_ms(START_MS, 2000))
    energy = driver.phases[0].active_pos
    assert (energy.wh, energy.j, energy.mj) == (204, 2857, 500)  # 65534 x 11.25 J = 737257.5 J
