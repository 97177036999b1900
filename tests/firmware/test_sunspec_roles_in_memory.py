"""Meters, and the driver for a role on a SunSpec unit with devices in a chain.

Offsets by hand from the SunSpec model definitions. 203: AphA 3, A_SF 6, PhVphA 8, V_SF 15, Hz 16, Hz_SF 17, W 18,
W_SF 22, VA 23, VA_SF 27, VAR 28, VAR_SF 32, TotWhExp 38 (2), TotWhImp 46 (2), TotWh_SF 54. 213: AphA 4, PhVphA 12,
Hz 26, W 28, VA 36, VAR 44, TotWhExp 60, TotWhImp 68, all of two registers.
"""

import asyncio
import errno
from struct import pack, unpack

from der_world import MISSING, Der, failure, near

from islet.drivers import roles
from islet.drivers.sunspec_meter import SunSpecMeter
from islet.drivers.sunspec_roles import SunSpecBattery, open_device
from islet.names import COMM, NOT_IMPLEMENTED, OK


def _meter(models: tuple = (1, 203)) -> Der:
    """It imports 3150 W, 410 var and has imported 42949672900 Wh, exported 5 kWh."""
    one = Der(SunSpecMeter, models)
    one.put(203, 2, 1400, 456)
    one.put(203, 6, -2)
    one.put(203, 7, 2300, 2312)
    one.put(203, 15, -1, 4999, -2, 315)
    one.put(203, 22, 1, 318)
    one.put(203, 27, 1, 41)
    one.put(203, 32, 1)
    one.put(203, 38, 0, 50)
    one.put(203, 46, 0x1999, 0x9999)  # 429496729
    one.put(203, 54, 2)
    return one


def _floats(one: Der, values: dict) -> None:
    for offset, value in values.items():
        one.put(213, offset, *unpack(">HH", pack(">f", value)))


def test_a_meter_of_integers():
    one = _meter()
    one.start()
    reads = len(one.client.reads)
    one.poll(100)
    assert len(one.client.reads) == reads + 1
    assert (one.value("w"), one.value("var"), one.value("va")) == (3150, 410, 3180)
    assert near(one.value("v"), 231.2)
    assert near(one.value("a"), 4.56)
    assert near(one.value("hz"), 49.99)
    assert (one.value("import_wh"), one.value("export_wh")) == (42_949_672_900, 5000)
    assert type(one.value("import_wh")) is int
    assert (one.driver.writes, one.driver.mismatches) == (0, 0)
    asyncio.run(one.driver.apply(one.wishes, 100))
    assert one.client.writes == []


def test_a_meter_of_floats():
    one = Der(SunSpecMeter, (1, 213))
    _floats(
        one, {4: 4.5, 12: 231.25, 26: 50.0, 28: -1234.5, 36: 1300.0, 44: -17.0, 60: 5000.0, 68: 16777216.0}
    )
    one.start()
    one.poll()
    assert (one.value("w"), one.value("var"), one.value("va")) == (-1234.5, -17, 1300)
    assert (one.value("v"), one.value("a"), one.value("hz")) == (231.25, 4.5, 50)
    assert (one.value("import_wh"), one.value("export_wh")) == (16_777_216, 5000)
    assert type(one.value("import_wh")) is int
    _floats(one, {28: float("nan"), 68: float("inf")})
    one.poll()
    assert one.quality("w") == NOT_IMPLEMENTED
    assert one.quality("import_wh") != OK


def test_what_a_meter_has_not():
    one = _meter()
    one.put(203, 3, 0x8000)
    one.put(203, 8, 0x8000)
    one.put(203, 38, 0, 0)
    one.put(203, 32, 0x8000)
    one.start()
    one.poll()
    assert near(one.value("v"), 230.0)  # the mean of the phases instead
    for name in ("a", "var", "export_wh"):
        assert one.quality(name) == NOT_IMPLEMENTED
    assert one.quality("w") == one.quality("import_wh") == OK
    one.driver.lose(None)
    assert one.quality("w") == one.quality("a") == COMM


def test_the_total_current_is_the_phase_s_where_there_is_but_one():
    one = Der(SunSpecMeter, (1, (201, 105)))
    one.put(201, 2, 456, 0x8000)
    one.put(201, 6, -2)
    one.start()
    one.poll()
    assert near(one.value("a"), 4.56)


def test_a_meter_turns_into_one_of_floats():
    """Fronius, by a setting: the guard sees it, the bus starts the driver again."""
    one = _meter()
    one.start()
    one.poll()
    one.lay((1, 213))
    _floats(one, {28: 700.0})
    assert failure(one.poll).errno == errno.ENODEV
    one.start()
    one.poll()
    assert one.value("w") == 700


def test_a_solaredge_turns_the_powers_of_its_meter_over():
    """Negative is import there; the counters keep their names. Its inverter is the first of the chain."""
    models = (1, 103, (1, 65), 203)
    one = _meter(models)
    one.put(1, 2, 0x536F, 0x6C61, 0x7245, 0x6467, 0x6500)  # "SolarEdge"
    one.driver = open_device(one.client, 1, roles.METER, number=1)
    one.start()
    one.poll()
    assert (one.value("w"), one.value("var"), one.value("va")) == (-3150, -410, 3180)
    assert (one.value("import_wh"), one.value("export_wh")) == (42_949_672_900, 5000)


def _open(one: Der, role: str, **options):
    one.driver = open_device(one.client, 1, role, **options)
    one.start()
    one.poll()
    return one.driver


def test_a_chain_of_an_inverter_and_its_meter():
    one = _meter((1, 103, (1, 65), 203))
    one.put(103, 14, 900, 0)
    one.put(103, 38, 4)
    assert _open(one, roles.INVERTER).role == roles.INVERTER
    assert (one.image.pv_w.value, one.value("w")) == (900, 900)
    assert _open(one, roles.METER, number=1).role == roles.METER
    assert one.value("w") == 3150
    for role, number, text in (
        (roles.METER, 0, "no meter model"),
        (roles.INVERTER, 1, "no inverter model"),
        (roles.BATTERY, 0, "model 701 is missing"),
        (roles.METER, 2, "no such device in the chain"),
    ):
        one.driver = open_device(one.client, 1, role, number)
        error = failure(one.start)
        assert (error.errno, error.args[1]) == (errno.ENODEV, text)


def test_a_map_at_an_odd_base():
    one = _meter()
    registers = {address - 35_000: word for address, word in one.client.registers.items()}
    one.client.registers.clear()
    one.client.registers.update(registers)
    _open(one, roles.METER, base=5000)
    assert one.value("w") == 3150


def test_roles_without_models():
    for role in (roles.CHARGER, roles.GENSET, roles.SWITCH):
        error = failure(open_device, None, 1, role)
        assert (error.errno, error.args[1]) == (errno.ENODEV, "SunSpec has no models of a " + role)


def test_every_driver_has_the_names_of_its_role():
    for role in (roles.INVERTER, roles.BATTERY, roles.METER):
        driver = open_device(None, 1, role)
        assert driver.role == role
        assert sorted(driver.readings) == sorted(roles.readings(role))
        told = roles.commands(role)
        assert sorted(driver.commands.safe if told else ()) == sorted(told)
        driver.lose(None)  # before it was ever started


def _newer(one: Der) -> None:
    one.put(701, 10, -1200)
    one.put(702, 2, 5000)
    one.put(713, 4, 6250)
    one.put(713, 8, -2)


def test_a_battery_by_either_series_and_a_change_between_them():
    one = Der(SunSpecBattery, (1, 701, 702, 704, 713))
    _newer(one)
    readings = one.driver.readings
    one.start()
    one.poll(100)
    assert (one.image.battery_w.value, one.driver.rated_w, one.driver.can_form) == (-1200, 5000, False)
    one.wishes.battery_w = 1000.0
    assert one.apply()[-1] == (704, 22, [1, 1, 0, 1000, 0, 0])
    one.lay((1, 103, 120, 124))
    one.put(120, 2, 81)
    one.put(103, 14, 700, 0)
    one.put(124, 2, 4000)
    assert failure(one.poll).errno == errno.ENODEV
    one.driver.lose(one.image)
    one.start()
    one.poll(300)
    assert (one.image.battery_w.value, one.driver.rated_w) == (700, 4000)
    assert one.apply() == [(124, 12, [25, -25 & 0xFFFF, 0, 60, 0]), (124, 5, [3])]
    assert one.driver.readings is readings
    assert readings["w"].value == 700
    assert one.driver.writes == 4


def test_a_hybrid_with_both_series_is_told_by_the_newer():
    one = Der(SunSpecBattery, (1, 103, 124, 701, 702, 704, 713))
    _newer(one)
    one.start()
    one.poll()
    one.wishes.battery_w = 1000.0
    assert one.apply()[-1][0] == 704
    assert one.value("w") == -1200


def test_a_missing_meter_model_is_not_a_wrong_one():
    one = Der(SunSpecMeter, (1, 103))
    one.put(1, 2, MISSING)
    assert failure(one.start).args[1] == "no meter model"
