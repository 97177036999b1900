"""PV inverters of other kinds than the simulated one: what they have decides how they are read and limited.

Offsets by hand from the SunSpec model definitions. 103: PhVphA 10, V_SF 13, W 14, W_SF 15, Hz 16, Hz_SF 17, VAr 20,
VAr_SF 21, WH 24 (2), WH_SF 26, St 38. 120: WRtg 3, WRtg_SF 4. 121: WMax 2, WMax_SF 22. 122: WAval 31, WAval_SF 32.
123: WMaxLimPct 5, WinTms 6, RvrtTms 7, RmpTms 8, Ena 9, WMaxLimPct_SF 23. 701: InvSt 4, W 10, Var 12, LNV 16,
Hz 17 (2), TotWhInj 19 (4), VL1 47, V_SF 114, Hz_SF 115, W_SF 116, Var_SF 119, TotWh_SF 120. 702: WMaxRtg 2, W_SF 45.
704: WMaxLimPctEna 14, WMaxLimPct 15, Rvrt 16, EnaRvrt 17, RvrtTms 18 (2), WMaxLimPct_SF 54.
"""

import errno

from der_world import MISSING, Der, failure, near

from islet.drivers import roles
from islet.drivers.pv_inverter import PvInverter
from islet.names import COMM, NEVER, NOT_IMPLEMENTED, OK

DER_MODELS = (1, 701, 702, 704)


def _der(**options) -> Der:
    """A device of IEEE 1547-2018: 3000 W of 5000 W, percent in hundredths."""
    one = Der(PvInverter, DER_MODELS, **options)
    one.put(701, 4, 3)
    one.put(701, 10, 3000)
    one.put(701, 12, -450)
    one.put(701, 16, 2305)
    one.put(701, 17, 0, 50_020)
    one.put(701, 19, 0, 0, 0x0001, 0x86A0)  # 100000 tens of Wh
    one.put(701, 47, 2317)
    one.put(701, 114, -1, -3, 0)
    one.put(701, 119, 0, 1)
    one.put(702, 2, 500)
    one.put(702, 45, 1)
    one.put(704, 54, -2)
    return one


def _older(**options) -> Der:
    one = Der(PvInverter, (1, 103, 120, 123), **options)
    one.put(103, 14, 2500, 0)
    one.put(103, 38, 4)
    one.put(120, 3, 4000, 0)
    one.put(123, 23, -2)
    return one


def test_a_device_of_the_700_series_is_read():
    one = _der()
    assert one.quality("w") == NEVER
    one.start()
    one.poll(100)
    assert (one.image.pv_w.value, one.image.pv_w.quality) == (3000, OK)
    assert one.image.pv_available_w.quality == NEVER
    assert (one.value("var"), one.value("state"), one.value("rated_w")) == (-450, roles.RUNNING, 5000)
    assert near(one.value("hz"), 50.02)
    assert near(one.value("v"), 231.7)  # the first phase, not the mean
    assert one.value("yield_wh") == 1_000_000
    assert isinstance(one.value("yield_wh"), int)


def test_its_limit_is_one_write_with_the_reversion_time_in_two_registers():
    one = _der(reversion_s=70_000)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply(0) == [(704, 14, [1, 2000, 10_000, 0, 1, 4464])]  # 70000 = 1 * 65536 + 4464
    assert one.apply(1000) == []
    one.wishes.pv_limit_w = 1666.7  # 33.334 %, never rounded up
    assert one.apply(2000) == [(704, 14, [1, 3333, 10_000, 0, 1, 4464])]
    assert one.apply(35_002_000) == [(704, 14, [1, 3333, 10_000, 0, 1, 4464])]
    one.wishes.pv_limit_w = 6000.0
    assert one.apply(35_003_000) == [(704, 14, [0, 10_000, 10_000, 0, 0, 0])]
    assert one.apply(99_000_000) == []
    assert (one.driver.writes, one.driver.mismatches) == (4, 0)


def test_without_a_timer_none_is_written():
    """The bus gives it the safe value when the wishes lapse; here the lease is only written again."""
    one = _der()
    one.put(704, 18, MISSING, MISSING)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply(0) == [(704, 14, [1, 2000])]
    assert one.apply(30_000) == [(704, 14, [1, 2000])]


def test_an_older_device_with_the_limit_of_the_700_series():
    one = Der(PvInverter, (1, 103, 120, 702, 704))
    one.put(103, 14, 250, 1)
    one.put(103, 38, 5)
    one.put(120, 3, 4000, 0)
    one.put(702, 2, 5000)
    one.put(704, 54, 0)
    one.start()
    one.poll()
    assert (one.image.pv_w.value, one.value("state")) == (2500, roles.THROTTLED)
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(704, 14, [1, 20, 100, 0, 0, 60])]


def test_the_older_limit_is_taken_where_both_are():
    one = Der(PvInverter, (1, 103, 120, 123, 701, 702, 704))
    one.put(120, 3, 4000, 0)
    one.put(123, 23, -2)
    one.put(702, 2, 4000)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [2500, 0, 60, 0, 1])]


def test_percent_of_what_the_installer_has_set():
    """123 is in percent of WMax (121), which may be below the rating: 1000 W of 2500 W are 40 %."""
    one = Der(PvInverter, (1, 103, 120, 121, 123))
    one.put(120, 3, 4000, 0)
    one.put(121, 2, 250)
    one.put(121, 22, 1)
    one.put(123, 23, -1)
    one.start()
    assert one.driver.rated_w == 2500
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [400, 0, 60, 0, 1])]
    one.put(121, 2, MISSING)
    one.start()
    assert one.driver.rated_w == 4000


def test_times_that_a_device_has_not_are_not_written():
    """KACO has no WinTms and RmpTms (0xFFFF), SMA no times at all; written they would never read back."""
    one = _older()
    one.put(123, 6, MISSING, 300, MISSING)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [2500]), (123, 7, [60]), (123, 9, [1])]
    one = _older()
    for offset in (6, 7, 8):
        del one.client.registers[one.at[123] + offset]  # not even readable
    one.start()
    assert one.driver.can_limit
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [2500]), (123, 9, [1])]


def test_a_limit_that_does_not_read_back_is_not_enabled():
    one = _older()
    one.put(123, 6, MISSING, MISSING, MISSING)
    one.start()
    one.client.lay = lambda address, values: None  # accepts and ignores
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [2500])]
    assert one.apply(1000) == [(123, 5, [2500])]
    assert one.driver.mismatches == 2


def test_a_scale_that_cannot_say_100_percent():
    """10**-3 would need 100000 in 16 bits, 10**3 has nothing between 0 and 1000 %: such a limit is not used."""
    for scale, usable in ((-2, True), (2, True), (-3, False), (3, False)):
        one = _older()
        one.put(123, 23, scale)
        one.start()
        assert one.driver.can_limit is usable
        one = _der()
        one.put(704, 54, scale)
        one.start()
        assert one.driver.can_limit is usable


def test_the_reversion_time_of_16_bits_is_clamped():
    one = _older(reversion_s=86_400)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == [(123, 5, [2500, 0, 0xFFFE, 0, 1])]


def test_what_is_not_there_at_night_is_looked_for_in_the_morning():
    one = _older()
    one.put(123, 5, *([MISSING] * 5))
    one.put(123, 23, 0x8000)
    one.put(103, 14, 0x8000)
    one.put(103, 38, 2)
    one.start()
    one.poll(0)
    assert (one.driver.asleep, one.driver.can_limit, one.value("state")) == (True, False, roles.OFF)
    one.wishes.pv_limit_w = 1000.0
    assert one.apply() == []
    one.put(123, 5, 10_000, 0, 0, 0, 0)
    one.put(123, 23, -2)
    one.poll(1000)
    assert one.apply() == []  # it still sleeps
    one.put(103, 14, 900)
    one.put(103, 38, 4)
    one.poll(2000)
    assert one.apply(2000) == [(123, 5, [2500, 0, 60, 0, 1])]
    reads = len(one.client.reads)
    one.poll(3000)
    assert len(one.client.reads) == reads + 1  # looked for once


def test_what_percent_are_of_is_told_in_the_morning():
    """At night WMax (121) is not there, and 1000 W are 25 % of WRtg; by day they are 40 % of it."""
    one = Der(PvInverter, (1, 103, 120, 121, 123))
    one.put(103, 38, 2)
    one.put(120, 3, 4000, 0)
    one.put(121, 2, MISSING)
    one.put(123, 23, -2)
    one.start()
    one.poll(0)
    one.wishes.pv_limit_w = 1000.0
    assert one.apply(0) == [(123, 5, [2500, 0, 60, 0, 1])]
    one.put(103, 38, 4)
    one.put(121, 2, 2500)
    one.poll(1000)
    assert one.apply(1000) == [(123, 5, [4000, 0, 60, 0, 1])]


def test_what_it_never_has_is_not_looked_for_all_day():
    one = _older()
    one.put(123, 6, MISSING, 300, MISSING)
    one.start()
    one.poll(0)
    reads = len(one.client.reads)
    one.poll(1000)
    assert len(one.client.reads) == reads + 1


def test_an_inverter_that_says_0_w_at_night_is_looked_at_in_the_morning_too():
    one = _older()
    one.put(123, 23, 0x8000)
    one.put(103, 14, 0)
    one.put(103, 38, 2)
    one.start()
    one.poll(0)
    assert (one.driver.asleep, one.image.pv_w.value, one.image.pv_w.quality) == (False, 0, OK)
    one.put(123, 23, -2)
    one.put(103, 38, 4)
    one.poll(1000)
    assert one.driver.can_limit


def test_available_power():
    one = Der(PvInverter, (1, 101, 122))
    one.put(101, 14, 800, 0)
    one.put(101, 38, 5)
    one.put(122, 31, 260, 1)
    one.start()
    one.poll(100)
    assert (one.image.pv_available_w.value, one.image.pv_available_w.quality) == (2600, OK)
    one.put(122, 31, MISSING)
    one.poll(200)
    assert (one.image.pv_available_w.value, one.image.pv_available_w.quality) == (2600, NOT_IMPLEMENTED)
    one.driver.lose(one.image)
    assert one.quality("available_w") == one.quality("w") == COMM


def test_counters_are_exact_where_floats_are_not():
    """123456789 tenths of Wh: a 32-bit float has no 12345678 beside 12345679, and the counter must never round up."""
    one = Der(PvInverter, (1, 101))
    one.put(101, 24, 0x075B, 0xCD15, -1)
    one.start()
    one.poll()
    assert (one.value("yield_wh"), type(one.value("yield_wh"))) == (12_345_678, int)
    one.put(101, 24, 0xFFFF, 0xFFFF, 3)
    one.poll()
    assert one.value("yield_wh") == 4_294_967_295_000
    far = _der()
    far.put(701, 19, 0x1000, 0, 0, 0x0013)  # 2**60 + 19, in tenths
    far.put(701, 120, -1)
    far.start()
    far.poll()
    assert far.value("yield_wh") == 115_292_150_460_684_699
    one.put(101, 24, 0, 0)  # an accumulator at 0 is not implemented
    one.poll()
    assert one.quality("yield_wh") == NOT_IMPLEMENTED


def test_commands_instead_of_wishes():
    one = _older()
    one.start()
    assert one.apply(0, wishes=False) == []  # nothing was asked
    one.driver.commands.ask("limit_w", 2000.0, 1000, 10_000)
    assert one.apply(1000, wishes=False) == [(123, 5, [5000, 0, 60, 0, 1])]
    assert one.apply(11_000, wishes=False) == [(123, 5, [10_000, 0, 0, 0, 0])]  # the lease is over


def test_a_device_without_an_inverter_model():
    error = failure(Der(PvInverter, (1, 203)).start)
    assert (error.errno, error.args[1]) == (errno.ENODEV, "no inverter model")
