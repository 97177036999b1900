"""The waveform generator, the RP2040's converter and the numpy reference, against formulas and published figures."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from host_tools.plant.adc import CODES, WIDE_CODES, board_widths, centre_table, e11_widths, rp2040
from host_tools.plant.meter_reference import delayed, frequency_hz, in_units, read
from host_tools.plant.meter_signal import Adc, MeterSignal, Wave

QUIET = Adc(16, 0.0)
PLAIN = np.arange(CODES) * 16.0


def wiring(*names: str, simultaneous: bool = False, system: int = 1) -> Any:
    """Return a wiring of voltages (v...) of 0.2 V and currents (i...) of 0.05 A a code of 12 bits."""
    channels = [
        SimpleNamespace(
            name=name,
            kind=1 if name[0] == "v" else 3,
            phase=int(name[1:] or 1),
            per_code=(0.2 if name[0] == "v" else 0.05) / 16.0,
            noise_codes=16.0 * np.sqrt(1.0 + 1.0 / 12.0),
        )
        for name in names
    ]
    return SimpleNamespace(
        channels=channels, stride=len(names), set_hz=3600.0, simultaneous=simultaneous, system=system
    )


def test_a_sine_is_its_formula() -> None:
    """sqrt(2) * 230 V * cos(2 pi 50 t + 0.3) at n / 3600 s, in 16-bit codes of 0.2 / 16 V, about 32768."""
    codes = MeterSignal(wiring("v"), {"v": Wave(230.0, 0.3)}, adc=QUIET).codes(100)
    t = np.arange(100) / 3600.0
    wanted = 32768.0 + np.sqrt(2.0) * 230.0 * np.cos(2.0 * np.pi * 50.0 * t + 0.3) / 0.0125
    assert codes.dtype == np.uint16
    assert np.abs(codes[:, 0] - wanted).max() <= 0.5


def test_codes_go_on_in_time() -> None:
    """Two calls give what one gives, noise and bursts included; another seed gives another noise."""
    waves = {"v": Wave(230.0), "i": Wave(10.0, burst=(2, 2))}
    one = MeterSignal(wiring("v", "i"), waves, seed=3).codes(700)
    two = MeterSignal(wiring("v", "i"), waves, seed=3)
    assert np.array_equal(one, np.vstack([two.codes(123), two.codes(577)]))
    assert not np.array_equal(one, MeterSignal(wiring("v", "i"), waves, seed=4).codes(700))


def test_round_robin_is_late_by_its_place() -> None:
    """Channel 1 of 4 is sampled a quarter of a set later: 1.25 degrees at 50 Hz and 3600 sets a second."""
    names = ("v", "i", "i2", "i3")
    waves = {"v": Wave(230.0), "i": Wave(10.0)}
    for simultaneous, late_deg in ((False, 1.25), (True, 0.0)):
        x = MeterSignal(wiring(*names, simultaneous=simultaneous), waves, adc=QUIET).codes(72) - 32768.0
        turn = np.exp(-2j * np.pi * np.arange(72) / 72.0)
        assert np.degrees(np.angle(turn @ x[:, 1]) - np.angle(turn @ x[:, 0])) == pytest.approx(
            late_deg, abs=0.01
        )


def test_transducers_have_gain_and_lead() -> None:
    """A CT of 1.01 that leads by a degree turns the phasor by a degree."""
    signal = MeterSignal(wiring("i"), {"i": Wave(10.0)}, adc=QUIET, errors={"i": (1.01, np.radians(1.0))})
    x = signal.codes(72)[:, 0] - 32768.0
    phasor = np.exp(-2j * np.pi * np.arange(72) / 72.0) @ x / 36.0 / np.sqrt(2.0) * 0.05 / 16.0
    assert abs(phasor) == pytest.approx(10.1, abs=1e-3)
    assert np.degrees(np.angle(phasor)) == pytest.approx(1.0, abs=0.01)


def test_frequency_steps_and_ramps_without_a_jump_of_phase() -> None:
    """50 Hz for 0.01 s, then 50.5 Hz for 0.02 s, then from 49 Hz with 2 Hz/s: cycles by hand."""
    signal = MeterSignal(wiring("v"), {"v": Wave(230.0)})
    signal.set_hz(50.5, after_s=0.01)
    signal.set_hz(49.0, after_s=0.03, hz_per_s=2.0)
    cycles = signal.cycles_at(np.array([0.0, 0.01, 0.02, 0.03, 0.53]))
    assert cycles == pytest.approx([0.0, 0.5, 1.005, 1.51, 1.51 + 24.5 + 0.25])
    assert [signal.hz_at(t) for t in (0.005, 0.02, 0.53)] == pytest.approx([50.0, 50.5, 50.0])
    with pytest.raises(ValueError, match="in order"):
        signal.set_hz(50.0, after_s=0.02)


def test_a_wave_may_have_its_own_frequency_and_drift() -> None:
    """60 Hz beside 50; the amplitude grows by 10 % in a second."""
    signal = MeterSignal(
        wiring("v", "v2"), {"v": Wave(230.0), "v2": Wave(100.0, hz=60.0, drift_pu_s=0.1)}, adc=QUIET
    )
    values = signal.values(3600)
    line = np.abs(np.fft.rfft(values[:, 1]))
    assert int(line.argmax()) == 60
    assert np.sqrt((values[3540:, 1] ** 2).mean()) == pytest.approx(110.0, rel=2e-3)


def test_power_is_that_of_all_orders_and_q_of_the_fundamental() -> None:
    """230 V * 10 A at 60 degrees, and a fifth of 10 % on 40 % in phase: P = 1150 + 92 W, Q1 = 1991.9 var."""
    fifth = (5.0, 0.1, 0.0)
    i = Wave(10.0, -np.pi / 3.0, ((5.0, 0.4, 5.0 * np.pi / 3.0),))
    signal = MeterSignal(wiring("v", "i"), {"v": Wave(230.0, harmonics=(fifth,)), "i": i})
    assert signal.true_power("i") == pytest.approx((1150.0 + 92.0, 1991.86), abs=0.01)


@pytest.mark.parametrize(
    "wave",
    [Wave(20.0, 0.4, half_wave=True), Wave(20.0, 0.4, burst=(2, 2)), Wave(20.0, 0.4, drift_pu_s=0.2)],
)
def test_power_of_odd_waves_is_the_mean_of_the_product(wave: Wave) -> None:
    """By brute force: the mean of v * i of the samples over a second of whole bursts, channels at one instant."""
    signal = MeterSignal(wiring("v", "i", simultaneous=True), {"v": Wave(230.0), "i": wave})
    values = signal.values(3600 * 2)
    product = (values[:, 0] * values[:, 1]).mean()
    assert signal.true_power("i")[0] == pytest.approx(product, rel=2e-3)


def test_line_to_line_power() -> None:
    """10 A between L1 and L2 of three phases, 30 degrees ahead of L1: 398.4 V * 10 A, from one or three voltages."""
    shift = 2.0 * np.pi / 3.0
    i = Wave(10.0, np.pi / 6.0)
    three = {"v1": Wave(230.0), "v2": Wave(230.0, -shift), "i12": i}
    for waves in (three, {"v1": Wave(230.0), "i12": i}):
        p_w, q_var = MeterSignal(wiring(*waves, system=3), waves).true_power("i12")
        assert p_w == pytest.approx(np.sqrt(3.0) * 2300.0)
        assert q_var == pytest.approx(0.0, abs=1e-6)
    legs = {"v1": Wave(120.0), "i12": Wave(10.0)}
    assert MeterSignal(wiring(*legs, system=2), legs).true_power("i12")[0] == pytest.approx(2400.0)


def test_a_wave_of_no_channel_is_refused() -> None:
    """All names are told."""
    with pytest.raises(ValueError, match="no such channel: a, b"):
        MeterSignal(wiring("v"), {"b": Wave(1.0)}, errors={"a": (1.0, 0.0)})


def test_quantising_and_noise_have_their_variance() -> None:
    """12 bits: 1/12 of a code squared and the noise squared; zero volts is code 2048, the ends are held."""
    still = MeterSignal(wiring("v"), {}).codes(20_000)[:, 0].astype(float)
    assert still.mean() == pytest.approx(2048.0, abs=0.03)
    assert still.var() == pytest.approx(1.0 + 1.0 / 12.0, rel=0.04)
    high = Adc(12, 0.0).convert(np.array([-9e3, -2048.0, 0.49, 0.51, 2047.0, 9e3]))
    assert high.tolist() == [0, 0, 2048, 2049, 4095, 4095]


def test_widths_are_the_spans_of_the_codes() -> None:
    """A ramp meets a code as often as it is wide; widths of one are the even converter."""
    widths = e11_widths(5)
    ramp = np.arange(-2048.5, 2047.5, 1.0 / 16.0)
    counts = np.bincount(rp2040(widths, 0.0).convert(ramp + 1.0 / 32.0), minlength=CODES) / 16.0
    assert np.abs(counts - widths).max() <= 0.07
    even = Adc(12, 0.0, np.ones(CODES))
    assert np.array_equal(even.convert(ramp + 0.01), Adc(12, 0.0).convert(ramp + 0.01))
    with pytest.raises(ValueError, match="one width a code"):
        Adc(12, 0.0, np.ones(7)).thresholds()


@pytest.mark.parametrize("make", [e11_widths, board_widths])
def test_devices_differ_within_what_was_measured(make: Any) -> None:
    """Widths of five boards were 9.9..11.1, 9.0..9.6, 8.8..9.2 and 9.5..11.1 LSB; full scale is kept."""
    boards = np.array([make(seed) for seed in range(200)])
    assert boards.sum(axis=1) == pytest.approx(CODES)
    assert boards.min() >= 0.0
    wide = boards[:, list(WIDE_CODES)]
    for mean, low, high in zip(wide.mean(axis=0), (9.9, 9.0, 8.8, 9.5), (11.1, 9.6, 9.2, 11.1), strict=True):
        assert low < mean < high
    assert wide.std(axis=0).min() > 0.1
    assert np.array_equal(make(3), boards[3])


def effective_bits(adc: Adc, crest: float) -> float:
    """Return ENOB by sine fit (IEEE 1241 9.4): log2(2**12 / (rms of the residue * sqrt(12)))."""
    n = 40_000
    angle = 2.0 * np.pi * 37.0 * np.arange(n) / n
    wave = crest * np.cos(angle) - 0.5 + adc.noise_codes * np.random.default_rng(2).standard_normal(n)
    columns = np.column_stack([np.cos(angle), np.sin(angle), np.ones(n)])
    codes = adc.convert(wave).astype(float)
    residue = codes - columns @ np.linalg.lstsq(columns, codes, rcond=None)[0]
    return float(np.log2(4096.0 / (residue.std() * np.sqrt(12.0))))


def test_effective_bits_are_those_published() -> None:
    """The datasheet has 8.7, M. Omo 8.84 to 8.92 by sine fit; without wide codes the noise alone leaves 10.1."""
    for make in (e11_widths, board_widths):
        assert 8.6 < effective_bits(rp2040(make(1)), 2040.0) < 9.0
    assert effective_bits(Adc(12, 1.0), 2040.0) == pytest.approx(10.15, abs=0.05)


def gain(adc: Adc, crest: float) -> float:
    """Return the fundamental of the codes over that of the wave."""
    n = 200_000
    angle = 2.0 * np.pi * 37.0 * np.arange(n) / n
    codes = adc.convert(crest * np.cos(angle) + np.random.default_rng(3).standard_normal(n))
    return float(2.0 * (codes * np.cos(angle)).mean() / crest)


def test_wide_codes_shift_the_gain_by_about_a_percent() -> None:
    """Below 512 codes no wide code is met, and the others are 1 % narrower than an LSB."""
    adc = rp2040(e11_widths(1))
    assert 0.7 < 100.0 * (gain(adc, 300.0) / gain(adc, 1700.0) - 1.0) < 1.3


def test_the_table_of_centres_takes_the_shift_away() -> None:
    """What a table can do at best, under 0.01 % from small to large waves."""
    widths = board_widths(1)
    table = centre_table(widths) / 16.0
    n = 200_000
    angle = 2.0 * np.pi * 37.0 * np.arange(n) / n
    noise = np.random.default_rng(3).standard_normal(n)
    for crest in (85.0, 300.0, 1700.0):
        codes = rp2040(widths).convert(crest * np.cos(angle) + noise)
        ideal = 2.0 * ((crest * np.cos(angle) + noise) * np.cos(angle)).mean()
        assert 2.0 * (table[codes] * np.cos(angle)).mean() / ideal == pytest.approx(1.0, abs=1e-4)


def test_delay_moves_a_wave() -> None:
    """A quarter of a set at 50, 450 and 1250 Hz of 3600."""
    n = np.arange(1000)
    for hz in (50.0, 450.0, 1250.0):
        w = 2.0 * np.pi * hz / 3600.0
        assert delayed(np.cos(w * n), 0.25) == pytest.approx(np.cos(w * (n[40:-40] - 0.25)), abs=2e-4)


def test_reference_reads_what_was_sent() -> None:
    """PF 0.5 at 49.3 Hz with harmonics in the voltage, 12 bits and an LSB of noise, 10 s."""
    own = wiring("v", "i", "i2", "i3")
    v = Wave(230.0, 0.7, ((5.0, 0.03, 0.0), (7.0, 0.015, 1.0)))
    signal = MeterSignal(own, {"v": v, "i3": Wave(10.0, 0.7 - np.pi / 3.0)}, hz=49.3, seed=1)
    values = in_units(own, signal.codes(36_000), PLAIN)
    reading = read(own, values, "v", "i3")
    rms_v = 230.0 * np.sqrt(1.0 + 0.03**2 + 0.015**2)
    assert reading.p_w == pytest.approx(1150.0, rel=2e-4)
    assert reading.rms_v == pytest.approx(rms_v, rel=1e-4)
    assert reading.rms_a == pytest.approx(10.0, rel=1e-4)
    assert reading.power_factor == pytest.approx(1150.0 / rms_v / 10.0, abs=1e-4)


@pytest.mark.parametrize("hz", [45.0, 49.97, 60.3, 65.0])
def test_reference_frequency(hz: float) -> None:
    """A tenth of a millihertz over a second, from half a hertz off."""
    v = Wave(230.0, 0.7, ((3.0, 0.05, 0.0), (5.0, 0.03, 0.0)))
    signal = MeterSignal(wiring("v"), {"v": v}, hz=hz, seed=1)
    samples = in_units(signal.wiring, signal.codes(3600), PLAIN)[:, 0]
    assert frequency_hz(samples, 3600.0, hz + 0.4) == pytest.approx(hz, abs=1e-4)


def test_a_half_wave_has_no_harmonics_of_its_own() -> None:
    """Its series would not be known."""
    with pytest.raises(ValueError, match="half wave"):
        replace(Wave(1.0, half_wave=True), harmonics=((3.0, 0.1, 0.0),)).phasors()
