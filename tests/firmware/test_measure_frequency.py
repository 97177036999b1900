"""Frequency and phase of voltages whose formula is known."""

from array import array
from math import pi

from measure_waves import AMPS_PER_CODE, VOLTS_PER_CODE, dead, near, sampled, sine

from islet.measure import kernels
from islet.measure.meter import Meter
from islet.measure.phasor import wrap_rad
from islet.measure.wiring import single_phase
from islet.names import NOT_IMPLEMENTED, OK
from islet.state.image import Image


def measured(v_grid, v_bus) -> tuple:
    meter = Meter(kernels, single_phase(VOLTS_PER_CODE, AMPS_PER_CODE))
    image = Image()
    meter.measure(sampled(v_grid, v_bus, dead, dead), 0, 360, image, 1000)
    return meter, image


def test_wrap() -> None:
    assert near(wrap_rad(3.0 * pi / 2.0), -pi / 2.0, 1e-6)
    assert near(wrap_rad(-7.0 * pi / 4.0), pi / 4.0, 1e-6)


def test_frequency_from_47_to_53_hz() -> None:
    hz = 47.0
    while hz <= 53.0:
        _, image = measured(sine(230.0, hz, 1.0), sine(230.0, 100.0 - hz, -2.0))
        assert near(image.grid_hz.value, hz, 0.01)  # ATM90E32 datasheet: 0.01 Hz
        assert near(image.bus_hz.value, 100.0 - hz, 0.01)
        hz += 0.37


def test_frequency_holds_with_harmonics_and_offset() -> None:
    fifth_and_seventh = ((5, 6.9, 0.4), (7, 3.45, -1.0))
    _, image = measured(sine(230.0, 49.7, 0.5, fifth_and_seventh), sine(230.0, 50.3, 0.5, offset=8.0))
    assert near(image.grid_hz.value, 49.7, 0.01)
    assert near(image.bus_hz.value, 50.3, 0.01)


def test_phase_and_slip_at_the_end_of_the_window() -> None:
    # The channel skew alone is 1/14400 s = 1.25 deg at 50 Hz: within 0.3 deg means it was taken out.
    for grid_rad, bus_rad in ((0.0, 0.0), (0.3, -0.2), (3.0, -3.0), (-1.6, 1.5)):
        meter, image = measured(sine(230.0, 50.0, grid_rad), sine(230.0, 50.1, bus_rad))
        assert near(wrap_rad(meter.grid.phase_rad - grid_rad), 0.0, 0.005)
        assert near(wrap_rad(image.slip_rad.value - (grid_rad - bus_rad)), 0.0, 0.005)
        assert -pi <= image.slip_rad.value <= pi


def test_dead_grid_has_no_frequency_and_keeps_the_last() -> None:
    meter, image = measured(sine(230.0, 49.9), sine(230.0))
    last = image.grid_hz.value
    meter.measure(sampled(sine(11.0, 49.9), sine(230.0), dead, dead), 0, 360, image, 1100)  # 4.8 % of nominal
    assert image.grid_v.quality == OK
    assert near(image.grid_v.value, 11.0, 0.1)
    assert image.grid_hz.quality == NOT_IMPLEMENTED
    assert image.slip_rad.quality == NOT_IMPLEMENTED
    assert image.bus_hz.quality == OK
    assert image.grid_hz.value == last != 0.0
    meter.measure(
        sampled(sine(12.0, 49.9), sine(230.0), dead, dead), 0, 360, image, 1200
    )  # 5.2 %: alive again
    assert image.grid_hz.quality == OK
    assert image.slip_rad.quality == OK


def test_voltage_lost_within_the_window_is_not_the_old_voltage() -> None:
    # 230 V for 60 of 100 ms: rms over the window 230 * sqrt(0.6) = 178 V, and no frequency
    live = sine(230.0)
    _, image = measured(lambda t_s: live(t_s) if t_s < -0.04 else 0.0, live)
    assert near(image.grid_v.value, 178.2, 1.0)
    assert image.grid_hz.quality == NOT_IMPLEMENTED


def test_a_dip_is_not_a_low_frequency() -> None:
    live = sine(230.0, 50.0, 1.0)
    _, image = measured(lambda t_s: 0.0 if -0.065 < t_s < -0.035 else live(t_s), live)
    assert image.grid_hz.quality == NOT_IMPLEMENTED


def test_window_that_does_not_fit_is_refused() -> None:
    meter = Meter(kernels, single_phase(VOLTS_PER_CODE, AMPS_PER_CODE), 360)
    most = meter.max_sets
    for codes, kept, n_sets in ((4 * most + 4, 99, most + 1), (4 * 359, 0, 360), (8, 0, 2), (1440, 360, 360)):
        try:
            meter.measure(array("H", [32768] * codes), kept, n_sets, Image(), 0)
        except ValueError:
            continue
        raise AssertionError("measured a window that does not fit")
