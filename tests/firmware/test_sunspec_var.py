"""Reactive set-points and droops written to inverters in memory.

Offsets by hand from the SunSpec model definitions. 702: WMaxRtg 2, VAMaxRtg 7, VarMaxInjRtg 8, VarMaxAbsRtg 9,
WChaRteMaxRtg 10. 704: VarSetEna 35, VarSetMod 36, VarSet 38 (2), VarSetRvrt 40 (2), VarSetPct 42, VarSetPctRvrt 43,
VarSetEnaRvrt 44, VarSetRvrtTms 45 (2), VarSet_SF 57, VarSetPct_SF 58. 120: WRtg 3, VARtg 5, VArRtgQ1 7, VArRtgQ4 10.
123: VArWMaxPct 15, VArMaxPct 16, times 18 to 20, VArPct_Mod 21, VArPct_Ena 22, WMaxLimPct_SF 23, VArPct_SF 25.
64900: Ena 2, HzSet 3, VSet 4, DroopPu 7, VDroopPu 8.
"""

from der_world import MISSING, Der

from islet.drivers.battery_inverter import BatteryInverter
from islet.drivers.modbus import ILLEGAL_ADDRESS
from islet.drivers.pv_inverter import PvInverter


def battery(models: tuple = (1, 701, 702, 704, 713), **options) -> Der:
    """5 kW, 5 kVA, 2.2 kvar, following; the first apply has written its power."""
    one = Der(BatteryInverter, models, **options)
    one.put(702, 2, 5000)
    one.put(702, 7, 5000, 2200, 2200, 5000)
    one.start()
    return one


def settled(one: Der, now_ms: int = 0) -> Der:
    one.apply(now_ms)
    return one


def test_nothing_is_written_or_asked_before_the_first_var():
    one = settled(battery())
    reads = len(one.client.reads)
    assert one.apply(1000) == []
    assert len(one.client.reads) == reads


def test_var_with_its_reversion_first_and_its_enabling_last():
    one = settled(battery(reversion_s=100_000))
    one.wishes.battery_var = -1500.0
    assert one.apply(1000) == [
        (704, 44, [1, 1, 20_864]),  # a day at most: 86400 = 65536 + 20864
        (704, 38, [0xFFFF, 0xFA24, 0, 0]),  # -1500
        (704, 35, [1, 4]),
    ]
    one.wishes.battery_var = -1505.0  # less than 0.5 % of 2.2 kvar further
    assert one.apply(2000) == []
    one.wishes.battery_var = 9000.0
    assert one.apply(3000)[1] == (704, 38, [0, 2200, 0, 0])  # what it can give


def test_a_lease_is_renewed_and_nothing_disables():
    one = settled(battery())  # 60 s
    one.wishes.battery_var = 1000.0
    one.apply(0)
    assert one.apply(29_000) == []
    again = [item for item in one.apply(30_000) if item[1] >= 35]
    assert again == [(704, 44, [1, 0, 60]), (704, 38, [0, 1000, 0, 0]), (704, 35, [1, 4])]
    one.wishes.battery_var = 0.0
    assert [item for item in one.apply(31_000) if item[1] == 35] == [(704, 35, [0, 4])]
    assert [item for item in one.apply(90_000) if item[1] >= 35] == []  # no lease on nothing


def test_in_percent_where_var_are_not_implemented():
    one = battery()
    one.put(704, 38, 0x8000, 0)
    one.put(704, 58, -1)
    settled(one)
    one.wishes.battery_var = 1250.0  # 25 % of 5 kVA
    assert one.apply(1000) == [(704, 44, [1, 0, 60]), (704, 42, [250, 0]), (704, 35, [1, 3])]


def test_without_a_timer_no_timer_is_written():
    one = battery()
    one.put(704, 45, MISSING, MISSING)
    settled(one)
    one.wishes.battery_var = 100.0
    assert one.apply(1000) == [(704, 38, [0, 100]), (704, 35, [1, 4])]


def test_a_device_without_reactive_set_points_is_left_alone():
    one = battery()
    one.put(704, 38, 0x8000, 0)
    one.put(704, 42, 0x8000)
    settled(one)
    one.wishes.battery_var = 1000.0
    assert one.apply(1000) == []


def test_an_older_inverter_in_percent_of_its_power():
    one = Der(PvInverter, (1, 101, 120, 123))
    one.put(120, 3, 4000)
    one.put(120, 5, 4000)
    one.put(120, 7, 1760, 0, 0, -1760)
    one.put(123, 23, -2)
    one.put(123, 25, -2)
    one.start()
    one.apply(0)
    one.wishes.pv_var = -880.0  # 22 % of 4 kW
    assert one.apply(1000) == [(123, 15, [-2200 & 0xFFFF]), (123, 18, [0, 60, 0, 1, 1])]
    one.wishes.pv_var = -4000.0
    assert one.apply(2000)[0] == (123, 15, [-4400 & 0xFFFF])
    one.put(123, 15, 0x8000)  # not implemented: percent of what var it has
    one.start()
    one.apply(3000)
    one.wishes.pv_var = 440.0
    assert one.apply(4000) == [(123, 16, [2500]), (123, 18, [0, 60, 0, 2, 1])]


FORMS = ((1, 701, 702, 704, 713, (64900, 8)),)


def former() -> Der:
    one = battery(*FORMS)
    one.wishes.forming = True
    one.wishes.form_hz, one.wishes.form_v = 50.0, 230.0
    one.poll()
    return one


def test_droops_go_before_forming_and_once():
    one = former()
    one.wishes.form_droop_pu, one.wishes.form_v_droop_pu = 0.01, 0.025
    assert one.apply(0) == [(64900, 7, [100]), (64900, 8, [250]), (64900, 2, [1, 50_000, 2300])]
    assert one.apply(1000) == []
    one.wishes.form_droop_pu = 0.02
    assert one.apply(2000) == [(64900, 7, [200])]


def test_a_droop_of_0_and_a_point_that_is_not_there_are_left_alone():
    one = former()
    one.put(64900, 8, MISSING)
    one.poll()
    one.wishes.form_v_droop_pu = 0.02
    assert one.apply(0) == [(64900, 2, [1, 50_000, 2300])]


def test_a_droop_that_is_refused_does_not_keep_the_island_from_being_formed():
    one = former()
    one.client.refuse = lambda address, values: ILLEGAL_ADDRESS if address == one.at[64900] + 7 else 0
    one.wishes.form_droop_pu = 0.01
    assert one.apply(0) == [(64900, 7, [100]), (64900, 2, [1, 50_000, 2300])]
    assert one.apply(1000) == []  # and is not tried again


def test_no_var_while_forming():
    one = former()
    one.wishes.battery_var = 1000.0
    assert [item for item in one.apply(0) if item[0] == 704] == []
