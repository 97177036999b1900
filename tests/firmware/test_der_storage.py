"""Hybrids with the storage model of the older series.

Offsets by hand from the SunSpec model definitions. 124: WChaMax 2, StorCtl_Mod 5, ChaState 8, OutWRte 12, InWRte 13,
WinTms 14, RvrtTms 15, RmpTms 16, WChaMax_SF 18, ChaState_SF 22, InOutWRte_SF 25. 103: W 14, W_SF 15, Hz 16, Hz_SF 17,
St 38. 120: DERTyp 2. 160: inputs of 20 registers from 10, IDStr 1 (8), DCW 11. 802: SoC 11, SoC_SF 56.
"""

import errno

from der_world import MISSING, Der, failure, near

from islet.drivers import roles
from islet.drivers.storage_inverter import FOLLOWING, OFF, StorageInverter
from islet.names import COMM, NOT_IMPLEMENTED, OK

MODELS = (1, 103, 120, 124, (160, 88))
NAMES = (
    (0x4D50, 0x5054, 0x2031),  # "MPPT 1"
    (0x4D50, 0x5054, 0x2032),
    (0x5374, 0x4368, 0x6120, 0x3300),  # "StCha 3", as in a GEN24's answer
    (0x5374, 0x4469, 0x7343, 0x6861, 0x2034),  # "StDisCha 4"
)


def _storage(models: tuple = MODELS, **options) -> Der:
    """Percent in hundredths of 10 kW; it discharges with 800 W, PV gives 1200 W; charged to 62.5 %."""
    one = Der(StorageInverter, models, **options)
    one.put(103, 14, 2000, 0, 5001, -2)
    one.put(103, 38, 4)
    one.put(124, 2, 1000)
    one.put(124, 8, 6250)
    one.put(124, 18, 1)
    one.put(124, 22, -2)
    one.put(124, 25, -2)
    if 120 in one.at:
        one.put(120, 2, 82)
    if 160 in one.at:
        for i, name in enumerate(NAMES):
            one.put(160, 11 + 20 * i, *name)
        one.put(160, 21, 1200)
        one.put(160, 21 + 60, 800)
    return one


def _running(**options) -> Der:
    one = _storage(**options)
    one.start()
    one.poll()
    return one


def test_it_is_read():
    one = _running()
    assert (one.image.battery_w.value, one.image.battery_w.quality) == (800, OK)
    assert near(one.image.battery_hz.value, 50.01)
    assert near(one.image.soc_pu.value, 0.625)
    assert (one.value("rated_w"), one.value("state")) == (10_000, roles.RUNNING)
    assert (one.driver.state, one.driver.can_form) == (FOLLOWING, False)
    one.put(160, 21 + 40, 300)
    one.put(160, 21 + 60, 0)
    one.put(103, 38, 8)
    one.poll()
    assert one.image.battery_w.value == -300  # it charges
    assert one.driver.state == OFF
    one.driver.lose(one.image)
    assert one.image.battery_w.quality == one.quality("w") == COMM


def test_a_set_point_is_a_window_without_width():
    one = _running()
    one.wishes.battery_w = 2500.0
    # at most 25 % out, and at least 25 %: then -25 % in
    assert one.apply(0) == [(124, 12, [2500, -2500 & 0xFFFF, 0, 60, 0]), (124, 5, [3])]
    one.wishes.battery_w = 2504.0  # within the resolution of 5 W
    assert one.apply(1000) == []
    one.wishes.battery_w = -1000.0
    assert one.apply(2000) == [(124, 12, [-1000 & 0xFFFF, 1000, 0, 60, 0]), (124, 5, [3])]
    assert one.apply(31_900) == []
    assert one.apply(32_000)[0] == (124, 12, [-1000 & 0xFFFF, 1000, 0, 60, 0])  # half of 60 s is over
    one.wishes.battery_w = 0.0
    assert one.apply(33_000) == [(124, 12, [0, 0, 0, 60, 0]), (124, 5, [3])]
    one.wishes.battery_w = -1e6
    assert one.apply(34_000)[0] == (124, 12, [-10_000 & 0xFFFF, 10_000, 0, 60, 0])


def test_a_set_point_is_rounded_towards_0():
    # 1234.7 W of 10 kW are 12.347 %
    one = _running()
    for asked_w, rate in ((1234.7, 1234), (-1234.7, -1234)):
        one.wishes.battery_w = asked_w
        assert one.apply()[0][2][:2] == [rate & 0xFFFF, -rate & 0xFFFF]


def test_times_that_a_device_has_not_are_not_written():
    """GEN24: no WinTms, no RmpTms."""
    one = _storage()
    one.put(124, 14, MISSING, 0, MISSING)
    one.start()
    one.poll()
    one.wishes.battery_w = 1000.0
    assert one.apply() == [(124, 12, [1000, -1000 & 0xFFFF]), (124, 15, [60]), (124, 5, [3])]


def test_the_reversion_time_of_16_bits_is_clamped():
    one = _running(reversion_s=86_400)
    one.wishes.battery_w = 1000.0
    assert one.apply()[0][2][3] == 0xFFFE


def test_a_device_that_refuses_negative_bounds():
    """Then charging and discharging are limited, from 0 to what is wished."""
    one = _running()
    offset = one.at[124] + 12
    one.client.refuse = lambda address, values: 3 if address == offset and max(values) > 0x7FFF else 0
    one.wishes.battery_w = 2000.0
    assert one.apply(0)[1:] == [(124, 12, [2000, 0, 0, 60, 0]), (124, 5, [3])]
    one.wishes.battery_w = -1500.0
    assert one.apply(1000) == [(124, 12, [0, 1500, 0, 60, 0]), (124, 5, [3])]


def test_another_refusal_changes_nothing():
    """4, or 3 without a negative bound: it is for the bus to hold back, and the window stays what it was."""
    for code, asked_w in ((4, 500.0), (3, 0.0)):
        one = _running()
        one.client.refuse = lambda address, values, code=code: code
        one.wishes.battery_w = asked_w
        assert failure(one.apply).errno == errno.EIO
        assert len(one.client.writes) == 1
        one.client.refuse = None
        one.wishes.battery_w = 500.0
        assert one.apply()[0] == (124, 12, [500, -500 & 0xFFFF, 0, 60, 0])


def test_the_window_is_not_in_force_before_it_reads_back():
    one = _running()
    one.client.lay = lambda address, values: None
    one.wishes.battery_w = 2000.0
    assert one.apply() == [(124, 12, [2000, -2000 & 0xFFFF, 0, 60, 0])]
    assert one.driver.mismatches == 1
    assert len(one.apply()) == 1


def test_its_reference_moves():
    """WChaMax is a setting: the same power is another share of it."""
    one = _running()
    one.wishes.battery_w = 1000.0
    one.apply(0)
    one.put(124, 2, 500)
    one.poll(1000)
    assert one.apply(1000)[0] == (124, 12, [2000, -2000 & 0xFFFF, 0, 60, 0])
    one.put(124, 2, MISSING)
    one.poll(2000)
    assert one.apply(40_000) == []
    assert one.quality("rated_w") == NOT_IMPLEMENTED


def test_the_charge_from_model_802_where_it_is():
    one = _storage((1, 103, 124, 802))
    one.put(802, 11, 705)
    one.put(802, 56, -1)
    one.start()
    one.poll()
    assert near(one.image.soc_pu.value, 0.705)


def test_a_scale_that_cannot_say_100_percent():
    for scale, usable in ((-2, True), (-3, False), (3, False), (0x8000, False)):
        one = _storage()
        one.put(124, 25, scale)
        one.start()
        one.poll()
        assert one.driver.can_set is usable
        one.wishes.battery_w = 1000.0
        assert len(one.apply()) == (2 if usable else 0)


def test_a_battery_that_cannot_be_told_from_pv():
    """DERTyp 82 or 4 and no inputs: the AC side is not the battery's; with another type it is."""
    for der_type, quality in (
        (82, NOT_IMPLEMENTED),
        (4, NOT_IMPLEMENTED),
        (MISSING, NOT_IMPLEMENTED),
        (81, OK),
    ):
        one = _storage((1, 103, 120, 124))
        one.put(120, 2, der_type)
        one.start()
        one.poll()
        assert one.image.battery_w.quality == quality
    assert one.image.battery_w.value == 2000
    one = _storage((1, 103, 124))
    one.start()
    one.poll()
    assert one.image.battery_w.quality == NOT_IMPLEMENTED


def test_no_window_while_an_island_is_to_be_formed():
    one = _running()
    one.wishes.forming = True
    assert one.apply() == []


def test_commands_instead_of_wishes():
    one = _running()
    assert one.apply(0, wishes=False) == []
    one.driver.commands.ask("power_w", 500.0, 0, 5000)
    assert one.apply(0, wishes=False)[0] == (124, 12, [500, -500 & 0xFFFF, 0, 60, 0])
    assert one.apply(5000, wishes=False)[0] == (124, 12, [0, 0, 0, 60, 0])


def test_models_that_are_missing():
    for models in ((1, 103, 120), (1, 120, 124)):
        error = failure(Der(StorageInverter, models).start)
        assert (error.errno, error.args[1]) == (errno.ENODEV, "no storage model, or no inverter's")
