"""Battery inverters of the 700 series as they are sold: without the vendor model that forms a grid.

Offsets by hand from the SunSpec model definitions. 701: InvSt 4, W 10, Var 12, LNV 16, Hz 17 (2), TotWhInj 19 (4),
TotWhAbs 23 (4), V_SF 114, Hz_SF 115, W_SF 116, Var_SF 119, TotWh_SF 120. 702: WMaxRtg 2, WChaRteMaxRtg 10, W_SF 45.
704: WSetEna 22, WSetMod 23, WSet 24 (2), WSetRvrt 26 (2), WSetPct 28, WSetPctRvrt 29, WSetEnaRvrt 30,
WSetRvrtTms 31 (2), WSet_SF 55, WSetPct_SF 56. 702: WMax 26.
713: SoC 4, Pct_SF 8. 802: SoC 11, SoC_SF 56.
"""

import errno

from der_world import MISSING, Der, failure, near

from islet.drivers import roles
from islet.drivers.battery_inverter import FAULT, FOLLOWING, OFF, BatteryInverter
from islet.names import COMM, NEVER, NOT_IMPLEMENTED, OK

MODELS = (1, 701, 702, 704, 713)


def _battery(models: tuple = MODELS, **options) -> Der:
    """It charges with 1200 W; rated 5000 W, to charge 3000 W; set-points in tens of watts."""
    one = Der(BatteryInverter, models, **options)
    one.put(701, 4, 3)
    one.put(701, 10, -1200)
    one.put(701, 12, 300)
    one.put(701, 16, 2310)
    one.put(701, 17, 0, 49_980)
    one.put(701, 19, 0, 0, 0, 70_000 & 0xFFFF, 0, 0, 1, 0)
    one.put(701, 47, MISSING)
    one.put(701, 114, -1, -3, 0)
    one.put(701, 119, 0, -1)
    one.put(702, 2, 5000)
    one.put(702, 10, 3000)
    one.put(704, 55, 1)
    if 713 in one.at:
        one.put(713, 4, 6250)
        one.put(713, 8, -2)
    return one


def test_it_is_read_without_a_forming_model():
    one = _battery()
    one.start()
    one.poll(100)
    assert not one.driver.can_form
    assert (one.image.battery_w.value, one.image.battery_w.quality) == (-1200, OK)
    assert near(one.image.battery_hz.value, 49.98)
    assert near(one.image.soc_pu.value, 0.625)
    assert one.driver.state == FOLLOWING
    assert one.quality("var") == NEVER  # not asked for
    one.put(701, 4, 6)
    one.poll(200)
    assert (one.driver.state, one.value("state")) == (FAULT, roles.FAULT)
    one.put(701, 4, 7)  # standby
    one.poll(300)
    assert (one.driver.state, one.value("state")) == (OFF, roles.OFF)


def test_with_all_that_the_role_may_tell():
    one = _battery(details=True)
    one.start()
    one.poll(100)
    assert (one.value("w"), one.value("var"), one.value("rated_w")) == (-1200, 300, 5000)
    assert near(one.value("v"), 231.0)  # VL1 is not implemented: the mean
    assert (one.value("discharge_wh"), one.value("charge_wh")) == (446, 6553)  # 4464 and 65536 tenths
    one.driver.lose(None)
    assert one.quality("w") == COMM


def test_a_scale_factor_that_no_value_needs_is_not_asked_for_again():
    """No Var and no Var_SF: after the first reading one request for 701 and one for 713."""
    one = _battery(details=True)
    one.put(701, 12, 0x8000)
    one.put(701, 119, 0x8000)
    one.start()
    one.poll(0)
    reads = len(one.client.reads)
    one.poll(100)
    assert len(one.client.reads) == reads + 2
    assert one.quality("var") == NOT_IMPLEMENTED
    one.put(701, 12, 300)
    one.put(701, 119, 0)
    one.poll(200)
    assert (one.value("var"), one.quality("var")) == (300, OK)


def test_a_set_point_with_its_reversion_in_two_registers():
    one = _battery(reversion_s=100_000)
    one.start()
    one.wishes.battery_w = -1500.0
    assert one.apply(0) == [
        (704, 30, [1, 1, 34_464]),  # 100000 = 65536 + 34464
        (704, 22, [1, 1, 0xFFFF, 0xFF6A, 0, 0]),  # -150 tens of W
    ]
    one.wishes.battery_w = 9000.0
    assert one.apply(1000) == [(704, 22, [1, 1, 0, 500, 0, 0])]
    one.wishes.battery_w = -9000.0  # no more than it may charge with
    assert one.apply(2000) == [(704, 22, [1, 1, 0xFFFF, 0xFED4, 0, 0])]


def test_without_a_timer_only_the_set_point_is_written():
    for offset, words in ((31, (MISSING, MISSING)), (26, (0x8000, 0)), (30, (MISSING,))):
        one = _battery()
        one.put(704, offset, *words)
        one.start()
        one.wishes.battery_w = 2000.0
        assert one.apply(0) == [(704, 22, [1, 1, 0, 200])]
        assert one.apply(29_000) == []
        assert one.apply(30_000) == [(704, 22, [1, 1, 0, 200])]


def test_a_device_that_takes_percent_alone():
    """Percent of WMax, which is set to 4000 W: enabled after the value is written."""
    one = _battery()
    one.put(704, 24, 0x8000, 0)
    one.put(704, 56, -1)
    one.put(702, 26, 4000)
    one.start()
    one.wishes.battery_w = -1501.0  # 37.525 %
    assert one.apply(0) == [(704, 30, [1, 0, 60]), (704, 28, [-375 & 0xFFFF, 0]), (704, 22, [1, 0])]
    one.wishes.battery_w = 5000.0
    assert one.apply(1000) == [(704, 28, [1000, 0]), (704, 22, [1, 0])]
    one.put(704, 29, 0x8000)
    one.put(702, 26, MISSING)
    one.start()
    assert one.apply(2000) == [(704, 28, [1000]), (704, 22, [1, 0])]
    one.wishes.battery_w = 2500.0
    assert one.apply(3000) == [(704, 28, [500]), (704, 22, [1, 0])]  # of WMaxRtg
    one.put(704, 55, 0x8000)
    one.put(704, 56, -5)
    assert failure(one.start).args[1] == "no rating or scale factor"


def test_the_charge_from_model_802():
    one = _battery((1, 701, 702, 704, 802))
    one.put(802, 11, 555)
    one.put(802, 56, -1)
    one.start()
    one.poll()
    assert near(one.image.soc_pu.value, 0.555)
    one.put(802, 11, MISSING)
    one.poll()
    assert one.image.soc_pu.quality == NOT_IMPLEMENTED


def test_models_that_are_missing():
    for missing in (701, 702, 704):
        one = Der(BatteryInverter, tuple([model for model in MODELS if model != missing]))
        error = failure(one.start)
        assert (error.errno, error.args[1]) == (errno.ENODEV, "model %d is missing" % missing)
    error = failure(Der(BatteryInverter, (1, 701, 702, 704)).start)
    assert error.args[1] == "model 802 is missing"  # 713 would do as well


def test_a_scale_that_cannot_say_the_rating():
    """5000 W in 10**-6 W would be 5 * 10**9, beyond 32 bits."""
    one = _battery()
    one.put(704, 55, -6)
    error = failure(one.start)
    assert (error.errno, error.args[1]) == (errno.ENODEV, "the rating does not fit its set-point")
    one.put(704, 28, 0x8000)
    one.put(704, 55, 0x8000)
    assert failure(one.start).args[1] == "no rating or scale factor"


def test_nothing_is_asked_of_a_device_that_is_to_form_a_grid_and_cannot():
    one = _battery()
    one.start()
    one.wishes.forming = True
    assert one.apply() == []


def test_a_hybrid_is_read_and_not_told():
    """WSet is the power of the whole device: PV of 2600 W and a battery that charges with 700 W behind it."""
    one = _battery(MODELS + ((714, 18 + 50),))
    one.put(701, 10, 1900)
    one.put(714, 4, 2)
    one.put(714, 20, 0)
    one.put(714, 32, 2600)
    one.put(714, 45, 1)
    one.put(714, 57, -700)
    one.start()
    one.poll()
    assert one.image.battery_w.value == -700
    one.wishes.battery_w = 1000.0
    assert one.apply() == []
    assert not one.driver.can_set


def test_a_dc_port_of_the_battery_alone_changes_nothing():
    one = _battery(MODELS + ((714, 18 + 25),))
    one.put(714, 4, 1)
    one.put(714, 20, 1)
    one.put(714, 32, -1150)
    one.start()
    one.poll()
    assert one.image.battery_w.value == -1200  # the AC side
    one.wishes.battery_w = 1000.0
    assert len(one.apply()) == 2


def test_commands_instead_of_wishes():
    one = _battery()
    one.start()
    assert one.apply(0, wishes=False) == []
    one.driver.commands.ask("power_w", 500.0, 0, 5000)
    assert one.apply(0, wishes=False)[-1] == (704, 22, [1, 1, 0, 50, 0, 0])
    assert one.apply(5000, wishes=False) == [(704, 22, [1, 1, 0, 0, 0, 0])]
