"""What a wiring and a calibration refuse, and that all errors are told together."""

from islet.measure.wiring import BUS_V, GRID_I, SINGLE, THREE, Channel, Wiring, single_phase


def refused(make) -> str:
    try:
        make()
    except ValueError as error:
        return str(error)
    raise AssertionError("taken")


def test_all_errors_together() -> None:
    channels = (
        Channel("v", BUS_V, 2, 0.01),
        Channel("i", GRID_I, 12, 0.0),
        Channel("i", 9, 1, 0.01),
        Channel("a name of many letters", GRID_I, 1, 0.01),
    )
    said = refused(lambda: Wiring(channels, SINGLE, set_hz=100.0))
    for part in (
        "set_hz is 100.0",
        "no voltage input is on phase 1",
        "v: phase 2 is not one of this system",
        "i: phase 12 is not one",
        "i: per_code is 0.0",
        "'i' must be 1 to 16 letters and be used once",
        "i: kind 9 is unknown",
        "'a name of many letters'",
    ):
        assert part in said, (part, said)


def test_numbers_of_inputs() -> None:
    assert "0 voltage inputs" in refused(lambda: Wiring((Channel("i", GRID_I, 1, 0.1),), SINGLE))
    many = [Channel("v", BUS_V, 1, 0.1)] + [Channel("i%d" % n, GRID_I, 1, 0.1) for n in range(13)]
    assert "13 current inputs, at most 12" in refused(lambda: Wiring(many, THREE))
    assert "system is 7" in refused(lambda: Wiring(many, 7))


def test_calibration_is_taken_whole_or_not_at_all() -> None:
    wiring = single_phase(0.2, 0.05)
    wiring.calibrate({"grid_i": {"gain": -1.01, "lead_rad": 0.02}, "bus_v": {"gain": 0.99}})
    assert wiring.channels[wiring.index("grid_i")].scale == -1.01 * 0.05
    assert wiring.calibration()["bus_v"]["gain"] == 0.99
    before = wiring.calibration()
    wrong = {
        "grid_i": {"gain": 1.5, "phase": 1},
        "bus_v": {"gain": 0.1},
        "load_i": {"lead_rad": "x", "offset_w": float("nan")},
        "solar": {},
        "grid_v": 3,
    }
    said = refused(lambda: wiring.calibrate(wrong))
    for part in (
        "grid_i.phase is not a value",
        "bus_v.gain is 0.1",
        "load_i.lead_rad is 'x'",
        "load_i.offset_w is nan",
        "solar is not a channel",
        "grid_v must be an object",
    ):
        assert part in said, (part, said)
    assert wiring.calibration() == before
    assert "called 'solar'" in refused(lambda: wiring.index("solar"))


def test_history_holds_a_cycle_at_the_lowest_frequency() -> None:
    # 1.35 cycles of 80 sets at 45 Hz; and two thirds of one more where phases are looked up in the past
    assert single_phase(0.2, 0.05).history() == 108 + 2
    channels = (Channel("v", BUS_V, 1, 0.1), Channel("i", GRID_I, 3, 0.1))
    assert Wiring(channels, THREE).history() == 108 + 54 + 2
