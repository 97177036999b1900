"""Power of waveforms whose power is known by hand: cases/metering, and the limits of a class 1 meter."""

import json
import os
from math import acos, pi, radians, sqrt

from measure_waves import AMPS_PER_CODE, STEP, VOLTS_PER_CODE, dead, near, sampled, sine

from islet.measure import kernels
from islet.measure.meter import Meter
from islet.measure.wiring import single_phase
from islet.state.image import Image

CASES = __file__.rsplit("/", 2)[0] + "/cases/metering"


def measured(v, i_grid, i_load, gains=(1.0, 1.0, 1.0, 1.0), leads=(0.0, 0.0, 0.0, 0.0), noise=0.0) -> tuple:
    """Return the meter and the image after a window; the grid side has the bus voltage."""
    wiring = single_phase(VOLTS_PER_CODE, AMPS_PER_CODE, noise)
    names = [channel.name for channel in wiring.channels]
    wiring.calibrate({names[k]: {"gain": gains[k], "lead_rad": leads[k]} for k in range(4)})
    meter = Meter(kernels, wiring)
    image = Image()
    meter.measure(sampled(v, v, i_grid, i_load), 0, 360, image, 1000)
    return meter, image


def find(meter: Meter, name: str):
    """Return the current of a name."""
    return next(current for current in meter.currents if current.channel.name == name)


def wave(part: dict, hz: float):
    harmonics = [(order, rms, radians(deg)) for order, rms, deg in part.get("harmonics", ())]
    return sine(part["rms"], hz, radians(part["deg"]), harmonics, part.get("offset", 0.0))


def check(case: dict) -> None:
    given = case["parameters"]
    v, i = wave(given["v"], given["hz"]), wave(given["i"], given["hz"])
    meter, image = measured(v, i, i)
    for power in meter.currents:
        got = {
            "v": meter.bus.rms_v,
            "a": power.rms_a,
            "w": power.active_w,
            "var": power.reactive_var,
            "va": power.apparent_va,
            "pf": power.power_factor,
            "hz": image.bus_hz.value,
        }
        for name, (wanted, tolerance) in case["expected"].items():
            assert near(got[name], wanted, tolerance), (case["source"], name, got[name], wanted)


def test_cases() -> None:
    names = sorted(os.listdir(CASES))
    assert len(names) >= 5
    for name in names:
        with open(CASES + "/" + name + "/case.json") as f:
            check(json.load(f))


def test_image_has_the_signs_of_the_house() -> None:
    # The grid feeds 5 A at PF 0.8 lagging, the load draws 10 A at PF 1; then the building exports 5 A.
    v = sine(230.0)
    lag = acos(0.8)
    _, image = measured(v, sine(5.0, phase_rad=-lag), sine(10.0))
    assert near(image.grid_w.value, 920, 2)  # 230 * 5 * 0.8
    assert near(image.grid_var.value, 690, 2)  # 230 * 5 * 0.6: the grid injects what an inductive load takes
    assert near(image.metered_load_w.value, 2300, 2)
    assert isinstance(image.grid_w.value, int)
    _, image = measured(v, sine(5.0, phase_rad=pi), sine(0.0))
    assert near(image.grid_w.value, -1150, 2)
    assert image.metered_load_w.value == 0


def error_pu(amps: float, pf: float, lagging: bool, hz: float) -> float:
    angle = acos(pf) * (-1.0 if lagging else 1.0)
    i = sine(amps, hz, 0.7 + angle)
    meter, _ = measured(sine(230.0, hz, 0.7), i, i)
    true_w = 230.0 * amps * pf
    return max(
        abs(find(meter, "grid_i").active_w / true_w - 1.0), abs(find(meter, "load_i").active_w / true_w - 1.0)
    )


def test_arithmetic_within_class_1() -> None:
    # IEC 62053-21, class 1, single-phase, Ib = 10 A, Imax = 60 A; its share of Ib, PF, limit in %
    base_a = 10.0
    points = (
        (0.05, 1.0, True, 1.5),
        (0.1, 1.0, True, 1.0),
        (1.0, 1.0, True, 1.0),
        (6.0, 1.0, True, 1.0),
        (0.1, 0.5, True, 1.5),
        (0.2, 0.5, True, 1.0),
        (6.0, 0.5, True, 1.0),
        (0.1, 0.8, False, 1.5),
        (0.2, 0.8, False, 1.0),
        (6.0, 0.8, False, 1.0),
    )
    for hz in (47.0, 50.0, 51.3):
        for share, pf, lagging, limit in points:
            assert error_pu(share * base_a, pf, lagging, hz) * 100.0 < limit


def test_arithmetic_is_ten_times_better_than_class_1_at_base_current() -> None:
    for hz in (47.0, 49.21875, 50.0, 53.0):
        assert error_pu(10.0, 0.5, True, hz) < 0.001


def test_ct_phase_is_taken_out() -> None:
    # A CT that leads by 1 deg at PF 0.5 lagging reads 3 % too much: 230 * 10 * cos(59 deg) = 1184.6
    lead = radians(1.0)
    v = sine(230.0)
    i = sine(10.0, phase_rad=radians(-60.0) + lead)
    meter, _ = measured(v, i, i)
    assert near(find(meter, "grid_i").active_w, 1184.6, 1.0)
    meter, _ = measured(v, i, i, leads=(0.0, 0.0, lead, lead))
    for power in meter.currents:
        assert near(power.active_w, 1150.0, 1.0)
        assert near(power.reactive_var, 1991.9, 1.0)


def test_gains_scale_each_channel() -> None:
    meter, image = measured(sine(230.0), sine(10.0), sine(10.0), gains=(1.01, 0.99, 1.1, 0.9))
    assert near(image.grid_v.value, 232.3, 0.1)
    assert near(image.bus_v.value, 227.7, 0.1)
    assert near(find(meter, "grid_i").active_w, 2300.0 * 0.99 * 1.1, 2.0)
    assert near(find(meter, "load_i").active_w, 2300.0 * 0.99 * 0.9, 2.0)


def test_a_transformer_turned_over_is_turned_back() -> None:
    # A voltage transformer the wrong way round, told by a negative gain: voltages and powers as if it were right.
    v = sine(230.0, phase_rad=0.5)
    meter, image = measured(
        sine(230.0, phase_rad=0.5 + pi), sine(10.0, phase_rad=0.5), dead, gains=(-1, -1, 1, 1)
    )
    assert near(image.bus_v.value, 230.0, 0.1)
    assert near(meter.bus.fundamental_v, 230.0, 0.1)
    assert near(meter.bus.phase_rad, 0.5, 0.01)
    assert near(find(meter, "grid_i").active_w, 2300.0, 2.0)
    right, _ = measured(v, sine(10.0, phase_rad=0.5), dead)
    assert near(find(meter, "grid_i").active_w, find(right, "grid_i").active_w, 1.0)


def test_noise_leaves_the_rms_current() -> None:
    # A square of +-2 codes at the sampling rate stands for noise of 2 codes rms = 0.1 A, on 0.3 A of signal.
    signal = sine(0.3)

    def noisy(t_s: float) -> float:
        return signal(t_s) + (0.1 if round(t_s * 3600.0 - 0.5) % 2 else -0.1)

    meter, _ = measured(sine(230.0), noisy, dead)
    assert near(find(meter, "grid_i").rms_a, sqrt(0.3**2 + 0.1**2), 0.005)
    meter, _ = measured(sine(230.0), noisy, dead, noise=2.0 * STEP)
    assert near(find(meter, "grid_i").rms_a, 0.3, 0.005)
    assert find(meter, "load_i").rms_a == 0.0
    assert (
        find(meter, "load_i").power_factor != find(meter, "load_i").power_factor
    )  # not a number without current


def test_dead_bus_measures_zero_watts() -> None:
    meter, image = measured(dead, dead, dead)
    assert image.grid_w.value == 0
    assert meter.bus.rms_v == 0.0
