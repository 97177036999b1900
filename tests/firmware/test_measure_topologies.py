"""Split-phase and three-phase meters, with an input for each voltage or one for all; by hand, phase by phase."""

from math import acos, cos, pi, radians, sqrt

from measure_waves import AMPS_PER_CODE, VOLTS_PER_CODE, Stream, coded, near, sine

from islet.measure import kernels
from islet.measure.meter import Meter
from islet.measure.wiring import (
    BUS_V,
    CIRCUIT_I,
    GRID_I,
    GRID_V,
    LOAD_I,
    SINGLE,
    SPLIT,
    THREE,
    Channel,
    Wiring,
)
from islet.names import NEVER, OK
from islet.state.image import Image

TURN = 2.0 * pi


def volt(name: str, phase: int, kind: int = BUS_V) -> Channel:
    return Channel(name, kind, phase, VOLTS_PER_CODE, 230.0)


def ampere(name: str, phase: int, kind: int = CIRCUIT_I) -> Channel:
    return Channel(name, kind, phase, AMPS_PER_CODE, 60.0)


def measure(wiring: Wiring, waves: list, windows: int = 3) -> tuple:
    meter, image = Meter(kernels, wiring), Image()
    channels = [(waves[k], wiring.channels[k].per_code) for k in range(wiring.stride)]
    source = Stream(channels, wiring.history(), together=wiring.simultaneous)
    for _ in range(windows):
        source.feed(meter, image)
    return meter, image


def test_split_phase_legs_and_the_load_between_them() -> None:
    # 120 V legs, 180 degrees apart; 10 A on leg 1 at PF 1, 5 A at 60 degrees on leg 2, a 240 V load of 20 A.
    channels = (volt("l1", 1), volt("l2", 2), ampere("a", 1), ampere("b", 2), ampere("oven", 12))
    wiring = Wiring(channels, SPLIT, v_nominal_v=120.0, f0_hz=60.0)
    waves = [
        sine(120.0, 60.0),
        sine(120.0, 60.0, pi),
        sine(10.0, 60.0),
        sine(5.0, 60.0, pi - radians(60.0)),
        sine(20.0, 60.0),
    ]
    meter, _ = measure(wiring, waves)
    a, b, oven = meter.currents
    assert near(a.active_w, 1200.0, 1.0)
    assert near(b.active_w, 300.0, 1.0)
    assert near(b.reactive_var, 519.6, 1.0)
    assert near(oven.active_w, 4800.0, 3.0)
    assert near(oven.volts_v, 240.0, 0.2)
    assert near(oven.power_factor, 1.0, 0.002)


def test_split_phase_with_one_voltage_input() -> None:
    channels = (volt("l1", 1), ampere("b", 2), ampere("oven", 12))
    wiring = Wiring(channels, SPLIT, v_nominal_v=120.0, f0_hz=60.0)
    meter, _ = measure(wiring, [sine(120.0, 60.0), sine(5.0, 60.0, pi), sine(20.0, 60.0)])
    assert near(meter.currents[0].active_w, 600.0, 1.0)
    assert near(meter.currents[1].active_w, 4800.0, 3.0)


def three_phase(inputs: int, together: bool = False) -> Wiring:
    channels = [volt("l%d" % p, p) for p in (1, 2, 3)][:inputs]
    channels += [ampere("i%d" % p, p, LOAD_I) for p in (1, 2, 3)]
    return Wiring(channels, THREE, simultaneous=together)


def three_waves(hz: float) -> tuple:
    # 230 V each; 10 A at PF 1, 6 A at PF 0.8 lagging, 4 A at PF 0.5 leading
    volts = [sine(230.0, hz, 0.3 - k * TURN / 3.0) for k in range(3)]
    angles = (0.0, -acos(0.8), acos(0.5))
    amps = [sine(a, hz, 0.3 - k * TURN / 3.0 + angles[k]) for k, a in enumerate((10.0, 6.0, 4.0))]
    return volts, amps


def check_three(meter: Meter, image: Image, tolerance_w: float) -> None:
    wanted = ((2300.0, 0.0), (1104.0, 828.0), (460.0, -796.7))
    for k, (watt, var) in enumerate(wanted):
        current = meter.currents[k]
        assert near(current.active_w, watt, tolerance_w), (current.channel.name, current.active_w)
        assert near(current.reactive_var, var, tolerance_w), (current.channel.name, current.reactive_var)
    assert near(image.metered_load_w.value, 3864.0, 2.0 * tolerance_w)


def test_three_phases_round_robin_and_at_once() -> None:
    for hz in (49.0, 50.0, 51.0):
        for together in (False, True):
            volts, amps = three_waves(hz)
            meter, image = measure(three_phase(3, together), volts + amps)
            check_three(meter, image, 1.5)


def test_three_phases_with_one_voltage_input() -> None:
    for hz in (48.7, 50.0, 51.0):
        volts, amps = three_waves(hz)
        meter, image = measure(three_phase(1), volts[:1] + amps, 4)
        check_three(meter, image, 2.5)


def test_what_flows_in_each_phase_is_told() -> None:
    # three grid currents, of L2 two CTs on a load; what no CT sees stays unread, and a load between phases is in none
    channels = [volt("l%d" % p, p) for p in (1, 2, 3)] + [ampere("g%d" % p, p, GRID_I) for p in (1, 2, 3)]
    channels += [ampere("a", 2, LOAD_I), ampere("b", 2, LOAD_I), ampere("c", 12, LOAD_I)]
    volts, amps = three_waves(50.0)
    more = [sine(2.0, 50.0, 0.3 - TURN / 3.0), sine(3.0, 50.0, 0.3 - TURN / 3.0), sine(1.0)]
    _, image = measure(Wiring(channels, THREE), volts + amps + more)
    for k, (watt, ampere_) in enumerate(((2300.0, 10.0), (1104.0, 6.0), (460.0, 4.0))):
        assert near(image.phase_grid_w[k].value, watt, 2.0)
        assert near(image.phase_grid_a[k].value, ampere_, 0.02)
    assert near(image.phase_load_w[1].value, 230.0 * 5.0, 2.0)
    assert image.phase_load_w[0].quality == image.phase_load_w[2].quality == NEVER


def test_a_load_between_two_phases() -> None:
    # 10 A in phase with U12 = 230 * sqrt(3) V, which leads U1 by 30 degrees: 3984 W
    channels = [volt("l%d" % p, p) for p in (1, 2, 3)] + [ampere("welder", 12)]
    volts, _ = three_waves(50.0)
    meter, _ = measure(Wiring(channels, THREE), volts + [sine(10.0, 50.0, 0.3 + radians(30.0))])
    welder = meter.currents[0]
    assert near(welder.active_w, 230.0 * sqrt(3.0) * 10.0, 3.0)
    assert near(welder.reactive_var, 0.0, 3.0)
    assert near(welder.volts_v, 398.4, 0.3)


def test_three_voltages_and_twelve_currents() -> None:
    # circuit n draws n + 1 amperes at n * 5 degrees on phase n % 3 + 1
    channels = [volt("l%d" % p, p) for p in (1, 2, 3)]
    channels += [ampere("c%d" % n, n % 3 + 1) for n in range(12)]
    volts, _ = three_waves(50.0)
    amps = [sine(n + 1.0, 50.0, 0.3 - (n % 3) * TURN / 3.0 - radians(5.0 * n)) for n in range(12)]
    meter, _ = measure(Wiring(channels, THREE), volts + amps)
    for n, current in enumerate(meter.currents):
        assert near(current.active_w, 230.0 * (n + 1.0) * cos(radians(5.0 * n)), 2.5), n
        assert near(current.rms_a, n + 1.0, 0.01)


def test_the_worst_phase_stands_for_a_side() -> None:
    channels = [volt("g1", 1, GRID_V), volt("g2", 2, GRID_V), volt("b1", 1), ampere("i1", 1, GRID_I)]
    waves = [sine(231.0), sine(200.0, 50.0, -TURN / 3.0), sine(236.0), sine(5.0)]
    _, image = measure(Wiring(channels, THREE), waves)
    assert near(image.grid_v.value, 200.0, 0.2)
    assert near(image.bus_v.value, 236.0, 0.2)
    assert near(image.grid_w.value, 1180, 1)  # against the bus voltage


def test_a_meter_without_a_contactor() -> None:
    _, image = measure(Wiring((volt("v", 1), ampere("i", 1, GRID_I)), SINGLE), [sine(230.0), sine(2.0)])
    assert near(image.grid_v.value, 230.0, 0.1)
    assert near(image.slip_rad.value, 0.0, 1e-6)
    assert near(image.grid_w.value, 460, 1)


def test_distortion_of_voltage_and_current() -> None:
    # 8 % and 6 %: 10 % of the voltage. A third of 30 %, of the current; below 2 % of its rating it is unknown.
    v = sine(230.0, 50.0, 0.2, ((5, 18.4, 0.5), (7, 13.8, 1.0)))
    i = sine(10.0, 50.0, 0.2, ((3, 3.0, 0.5),))
    wiring = Wiring((volt("v", 1), ampere("i", 1), ampere("small", 1)), SINGLE)
    meter, _ = measure(wiring, [v, i, sine(1.0)])
    assert near(meter.voltages[0].thd_pu, 0.10, 0.002)
    assert near(meter.voltages[0].fundamental_v, 230.0, 0.1)
    assert near(meter.voltages[0].rms_v, 230.0 * sqrt(1.01), 0.1)
    assert near(meter.currents[0].thd_pu, 0.30, 0.003)
    assert near(meter.currents[0].fundamental_a, 10.0, 0.01)
    assert meter.currents[1].thd_pu != meter.currents[1].thd_pu


def test_total_power_beside_that_of_the_fundamental() -> None:
    # A fifth of 10 % in the voltage and 40 % in the current, in phase: 4 % of power on top (IEC 62053-21 table 8)
    v = sine(230.0, 50.0, 0.2, ((5, 23.0, 1.0),))
    i = sine(10.0, 50.0, 0.2, ((5, 4.0, 1.0),))
    meter, _ = measure(Wiring((volt("v", 1), ampere("i", 1)), SINGLE), [v, i])
    assert near(meter.currents[0].fundamental_w, 2300.0, 1.0)
    assert near(meter.currents[0].active_w, 2392.0, 4.0)


def test_offset_of_power_is_taken_off() -> None:
    wiring = Wiring((volt("v", 1), ampere("i", 1)), SINGLE)
    wiring.calibrate({"i": {"offset_w": 12.5}})
    meter = Meter(kernels, wiring)
    channels = ((sine(230.0), VOLTS_PER_CODE), (sine(10.0), AMPS_PER_CODE))
    meter.measure(coded(channels), 0, 360, Image(), 0)
    assert near(meter.currents[0].active_w, 2287.5, 1.0)


def test_one_voltage_input_knows_the_other_side_only_while_they_are_one() -> None:
    """230 V on the grid's side, contactor open: nothing is said of the bus, least of all that they are in step."""
    wiring = Wiring((volt("v", 1, GRID_V), ampere("a", 1, GRID_I)))
    meter, image = Meter(kernels, wiring), Image()
    source = Stream([(sine(230.0), VOLTS_PER_CODE), (sine(10.0), AMPS_PER_CODE)], wiring.history())
    image.contactor_closed = True
    for _ in range(3):
        source.feed(meter, image)
    assert near(image.bus_v.value, 230.0, 0.5)
    assert image.bus_v.quality == image.bus_hz.quality == OK
    assert image.slip_rad.quality != OK  # one voltage has no angle to itself
    assert image.metered_load_w.quality != OK  # no current input is on the load
    image.contactor_closed = False
    source.feed(meter, image)
    assert image.grid_v.quality == image.grid_hz.quality == OK
    assert image.bus_v.quality != OK
    assert image.bus_hz.quality != OK
    assert image.slip_rad.quality != OK
