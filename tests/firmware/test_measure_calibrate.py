"""Steps of a calibration by hand calculation, what they refuse, and the file they end in."""

from math import cos, pi, sin

from islet.measure import calibrate as c
from islet.measure import calibration
from islet.measure.reference import Mean, Reference
from islet.measure.wiring import BUS_V, GRID_I, Channel, Wiring

VOLTS = 230.0


def channels() -> tuple:
    """Return a voltage and a current of 60 A."""
    return Channel("bus_v", BUS_V, 1, 0.01, 230.0), Channel("grid_i", GRID_I, 1, 0.003, 60.0, 16.0)


def mean(v=VOLTS, a=30.0, lag_rad=0.0, hz=50.0, parts=10, spread=0.0, added_w=0.0) -> Mean:
    """Return readings whose power swings by the share `spread` of VA from part to part, half up and half down."""
    found = Mean()
    for k in range(parts):
        swing = spread if k % 2 else -spread
        w = v * a * (cos(lag_rad) + swing) + added_w
        found.add(v, a * a, w, v * a * sin(lag_rad), hz)
    return found


def refused(call, *arguments) -> str:
    """Return what a ValueError says."""
    try:
        call(*arguments)
    except ValueError as error:
        return str(error)
    raise AssertionError("was not refused")


def gain(readings: Mean, reference: dict, voltage_done: bool = False) -> dict:
    """Do the gain step."""
    voltage, current = channels()
    return c.gain_step(voltage, current, readings, Reference(reference), voltage_done)


def phase(readings: Mean, reference: dict) -> dict:
    """Do the phase step."""
    voltage, current = channels()
    return c.phase_step(voltage, current, readings, Reference(reference))


def offset(readings: Mean, reference: dict, known=(0.0, 0.0, 0.0)) -> dict:
    """Do the offset step."""
    voltage, current = channels()
    return c.offset_step(voltage, current, readings, Reference(reference), list(known))


def near(found: float, expected: float, share: float = 1e-5) -> bool:
    """Return whether a float of 32 bits may be that."""
    return abs(found - expected) <= share * max(1.0, abs(expected))


def test_gains_are_true_over_read():
    """231.15 / 230 = 1.005; 29.25 / 30 = 0.975. From W alone: 6761.1375 / 6900 / 1.005 = 0.975."""
    found = gain(mean(), {"v": 231.15, "a": 29.25})
    assert near(found["bus_v"]["gain"], 1.005)
    assert near(found["grid_i"]["gain"], 0.975)
    by_w = gain(mean(), {"v": 231.15, "w": 6761.1375})
    assert near(by_w["grid_i"]["gain"], 0.975)
    assert list(gain(mean(), {"a": 29.25}, True)) == ["grid_i"]


def test_gains_build_on_those_before():
    """The readings have the old gain in them: 0.98 * 29.25 / 30 = 0.9555. A turned CT keeps its sign."""
    voltage, current = channels()
    current.gain = -0.98
    found = c.gain_step(voltage, current, mean(), Reference({"a": 29.25}), True)
    assert near(found["grid_i"]["gain"], -0.9555)


def test_once_the_offset_is_known_gain_comes_from_power():
    """It is out of the power but not out of the current: 6831 / 6900 = 0.99."""
    voltage, current = channels()
    current.offset_w = 7.0
    found = c.gain_step(voltage, current, mean(), Reference({"a": 30.0, "w": 6831.0}), True)
    assert near(found["grid_i"]["gain"], 0.99)


def test_a_voltage_has_a_gain_of_its_own():
    """218.5 / 230 = 0.95."""
    voltage, _ = channels()
    assert near(c.voltage_step(voltage, mean(a=0.0), Reference({"v": 218.5}))["bus_v"]["gain"], 0.95)
    assert "V is needed" in refused(c.voltage_step, voltage, mean(a=0.0), Reference({"a": 1.0}))
    assert "-20.0 % off" in refused(c.voltage_step, voltage, mean(a=0.0), Reference({"v": 184.0}))


def test_phase_is_what_the_reading_lags_less():
    """A CT that leads by 0.02 rad reads a load of 60 degrees as 60 degrees less 0.02."""
    true_rad = pi / 3.0
    readings = mean(lag_rad=true_rad - 0.02)
    assert near(phase(readings, {"pf": 0.5})["grid_i"]["lead_rad"], 0.02)
    w, var = 6900.0 * cos(true_rad), 6900.0 * sin(true_rad)
    assert near(phase(readings, {"w": w, "var": var})["grid_i"]["lead_rad"], 0.02)
    assert near(phase(readings, {"v": 230.0, "a": 30.0, "w": w})["grid_i"]["lead_rad"], 0.02)
    leading = mean(lag_rad=-true_rad - 0.02)
    assert near(phase(leading, {"pf": 0.5})["grid_i"]["lead_rad"], 0.02)


def test_offset_is_the_power_without_a_load():
    """Noise: 0.3 A rms are 100 codes of 0.003 A, with 16 codes known before: sqrt(100**2 + 16**2) = 101.27."""
    readings = mean(a=0.3, lag_rad=pi / 2, added_w=7.0)
    found = offset(readings, {})["grid_i"]
    assert near(found["offset_w"], 7.0, 1e-4)
    assert near(found["noise_codes"], 101.272)
    assert sorted(found) == ["noise_codes", "offset_w"]


def test_offset_is_taken_out_of_the_steps_before():
    """At 7000 W of gain step 7 W were too much: gain by 7000 / 6993. At 3500 W and 6062.178 var: 60 degrees.

    Without the 7 W the angle is atan2(6062.178, 3493) = 1.0480638, 0.0008663 more: the lead becomes that smaller.
    """
    readings = mean(a=0.3, lag_rad=pi / 2, added_w=7.0)
    found = offset(readings, {}, (7000.0, 3500.0, 6062.178))["grid_i"]
    assert near(found["gain"], 7000.0 / 6993.0)
    assert near(found["lead_rad"], -0.0008663, 1e-6)


def test_points_are_powers_as_the_reference_has_them():
    """230 V and 20 A at PF 0.5: 2300 W and 3983.7 var."""
    reference = Reference({"v": 230.0, "a": 20.0, "pf": 0.5})
    found = c.point(c.PHASE, [4600.0, 0.0, 0.0], mean(lag_rad=1.0), reference)
    assert all(near(x, y, 1e-4) for x, y in zip(found, [4600.0, 2300.0, 3983.717]))  # noqa: B905
    assert near(c.point(c.GAIN, [0.0, 1.0, 2.0], mean(), Reference({"v": 230.0, "a": 20.0}))[0], 4600.0)


def test_steps_keep_their_order():
    """Gain, phase, offset; any may be done again."""
    assert refused(c.check_order, 0, c.PHASE) == "phase comes after gain: do that first"
    assert refused(c.check_order, 1, c.OFFSET) == "offset comes after phase: do that first"
    assert refused(c.check_order, 0, c.OFFSET) == "offset comes after phase: do that first"
    for stage, step in ((0, 1), (1, 1), (1, 2), (2, 3), (3, 1), (3, 3)):
        c.check_order(stage, step)


def test_readings_that_no_step_may_use():
    """Each with its sentence; all are told at once."""
    good = {"v": 230.0, "a": 30.0}
    assert "3 sub-windows were read, 5 are needed" in refused(gain, mean(parts=3), good)
    assert "there is no voltage: 20.0 V" in refused(gain, mean(v=20.0), good)
    assert "the frequency is 0.00 Hz, must be 45 to 65" in refused(gain, mean(hz=0.0), good)
    clipped = mean()
    clipped.clipped = 12
    assert "12 samples are clipped" in refused(gain, clipped, good)
    wandering = mean()
    wandering.add(VOLTS, 900.0, 6900.0, 0.0, 50.3)
    assert "not steady: 50.00 to 50.30 Hz, at most 0.2" in refused(gain, wandering, good)
    both = refused(gain, mean(a=2.0, lag_rad=1.0), good)
    assert "the current is too small: 2.00 A, must be 6.00 to 60.00" in both
    assert "the power factor is 0.540, for gain it must be above 0.98" in both
    assert "too large: 70.00 A" in refused(gain, mean(a=70.0), good)


def test_unsteady_readings():
    """Ten parts, up and down by x: the standard error is x / sqrt(9); 0.0018 of VA give 0.06 %, 0.0012 0.04 %."""
    assert "power is unsteady: its mean is known to 0.060 %" in refused(
        gain, mean(spread=0.0018), {"v": 230.0, "a": 30.0}
    )
    gain(mean(spread=0.0012), {"v": 230.0, "a": 30.0})
    still = mean(a=0.1, spread=0.3)  # 6.9 W up and down: 2.3 W
    assert "known to 2.30 W, must be 1.38" in refused(offset, still, {})


def test_references_that_cannot_be_right():
    """Each with its sentence."""
    assert "30.0 % off the nominal scale of bus_v" in refused(gain, mean(), {"v": 299.0, "a": 30.0})
    assert "-50.0 % off the nominal scale of grid_i" in refused(gain, mean(), {"v": 230.0, "a": 15.0})
    assert "V is needed" in refused(gain, mean(), {"a": 30.0})
    assert "A or W is needed" in refused(gain, mean(), {"v": 230.0})
    assert "power factor is 0.900, for gain" in refused(gain, mean(), {"v": 230.0, "a": 30.0, "pf": 0.9})
    assert "power factor is 0.700, for phase it must be 0.4 to 0.6" in refused(
        phase, mean(lag_rad=pi / 3), {"pf": 0.7}
    )
    assert "PF is needed" in refused(phase, mean(lag_rad=pi / 3), {"v": 230.0})
    assert "would lead by -6.5 degrees" in refused(phase, mean(lag_rad=pi / 3), {"pf": 0.595})  # acos: 53.5
    assert "1.500 A flow, for the offset at most 1.200" in refused(offset, mean(a=0.0), {"a": 1.5})
    assert "are no offset, at most 138.0" in refused(offset, mean(a=0.5, lag_rad=pi / 2, added_w=150.0), {})
    assert "more than is read" in refused(offset, mean(a=0.1, lag_rad=pi / 2), {"a": 0.3, "w": 0.0})


def test_a_reversed_ct_is_told():
    """The power is negative, the reference's is not; when both are, energy flows out and all is well."""
    reversed_ct = mean(lag_rad=pi)
    assert "grid_i reads -6900 W against the reference's direction: its CT is reversed" in refused(
        gain, reversed_ct, {"v": 230.0, "a": 30.0}
    )
    gain(reversed_ct, {"v": 230.0, "a": 30.0, "w": -6900.0})


def test_a_reference_that_contradicts_itself():
    """In each way."""
    assert "7000 W are more than 230 V times 30 A" in refused(Reference, {"v": 230, "a": 30, "w": 7000})
    assert "W / (V A) is 0.500, but pf is 0.600" in refused(
        Reference, {"v": 230, "a": 30, "w": 3450, "pf": 0.6}
    )
    assert "pf is 1.2, must be -1 to 1" in refused(Reference, {"pf": 1.2})
    assert "v is -230" in refused(Reference, {"v": -230})
    assert "v is 'x', must be a number" in refused(Reference, {"v": "x"})
    assert "volts is not a reading" in refused(Reference, {"volts": 230})
    assert "must be a number" in refused(Reference, {"a": float("nan")})


def full() -> dict:
    """Return a calibration with all that one may hold."""
    found = calibration.empty()
    found["date"], found["reference"] = "2026-05-01", "a meter of class 0.2"
    found["channels"] = {"grid_i": {"gain": 0.975, "lead_rad": 0.02, "offset_w": 7.0, "noise_codes": 18.5}}
    found["stages"] = {"grid_i": 3, "bus_v": 1}
    found["points"] = {"load_i": [7000.0, 3500.0, 6062.0]}
    found["adc_codes"], found["adc_widths"] = [511, 1535, 2559, 3583], [10.0, 9.0, 9.0, 10.0]
    return found


def test_the_file_holds_what_the_wiring_takes():
    """Dumped, loaded and given to the wiring."""
    found = calibration.load(calibration.dump(full()))
    assert found == full()
    wiring = Wiring(channels())
    wiring.calibrate(found["channels"])
    assert wiring.channels[1].lead_rad == found["channels"]["grid_i"]["lead_rad"]
    assert calibration.load(calibration.dump(calibration.empty())) == calibration.empty()


def test_tables_come_from_measured_widths_or_from_the_default():
    """Code 511 of widths 10 is wider than of 9.8."""
    assert calibration.table(calibration.empty())[1000] == 16000
    default = calibration.table(calibration.empty(), (511, 1535), (3.0, 3.0))
    measured = calibration.table(full(), (511, 1535), (3.0, 3.0))
    assert len({calibration.table(calibration.empty())[1000], default[1000], measured[1000]}) == 3


def test_a_damaged_file_is_refused():
    """Each bit of it turned, each end of it cut off."""
    data = calibration.dump(full())
    for at in range(len(data)):
        for bit in (1, 0x80):
            broken = bytearray(data)
            broken[at] ^= bit
            assert "damaged" in refused(calibration.load, bytes(broken))
    for size in range(0, len(data), 7):
        assert "damaged" in refused(calibration.load, data[:size])
    assert "at most 4096" in refused(calibration.load, bytes(5000))


def test_wrong_content_is_refused():
    """With the name of what is wrong."""
    for key, value, words in (
        ("version", 2, "version is 2, must be 1"),
        ("date", 5, "date must be text"),
        ("reference", "x" * 121, "at most 120"),
        ("channels", [], "channels must be an object"),
        ("channels", {"a": 1}, "channels.a must be an object"),
        ("stages", {"a": 4}, "stages.a is 4, must be 0 to 3"),
        ("points", {"a": [1.0]}, "points.a must be 3 numbers"),
        ("adc_widths", [10.0], "1 widths for 4 codes"),
        ("adc_widths", [10.0, 9.0, 9.0, 99.0], "code 3583 is 99"),
        ("more", 1, "more is unknown"),
    ):
        wrong = full()
        wrong[key] = value
        assert words in refused(calibration.dump, wrong), (key, value)
    missing = full()
    missing.pop("stages")
    assert "stages is missing" in refused(calibration.dump, missing)
