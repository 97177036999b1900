"""DC sides: inputs of model 160 and ports of model 714, hybrids among them.

Offsets by hand from the SunSpec model definitions. 160: DCW_SF 4, N 8, inputs of 20 registers from 10: IDStr 1 (8),
DCW 11. 714: NPrt 4, DCW_SF 17, ports of 25 registers from 20: PrtTyp 0, DCW 12. 103: W 14, W_SF 15, St 38.
"""

import errno

from der_world import MISSING, Der, failure

from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec_dc import BOTH, CHARGING, DISCHARGING, OTHER, PV
from islet.names import NEVER, NOT_IMPLEMENTED, OK


def _text(text: str) -> list:
    data = text.encode()
    data = data + b"\0" * (16 - len(data))
    return [data[i] << 8 | data[i + 1] for i in range(0, 16, 2)]


def _mppt(inputs: tuple, length: int = 0) -> Der:
    """A device with inputs (name, W or MISSING), 2000 W AC."""
    one = Der(PvInverter, (1, 103, (160, length or 8 + 20 * len(inputs))))
    one.put(103, 14, 2000, 0)
    one.put(103, 38, 4)
    one.put(160, 8, len(inputs))
    for i, (name, watt) in enumerate(inputs):
        one.put(160, 11 + 20 * i, *_text(name))
        one.put(160, 21 + 20 * i, watt)
    return one


def _ports(ports: tuple) -> Der:
    """A device with ports (type, W)."""
    one = Der(PvInverter, (1, 103, (714, 18 + 25 * len(ports))))
    one.put(103, 14, 2000, 0)
    one.put(103, 38, 4)
    _lay_ports(one, ports)
    return one


def _lay_ports(one: Der, ports: tuple) -> None:
    one.put(714, 4, len(ports))
    for i, (kind, watt) in enumerate(ports):
        one.put(714, 20 + 25 * i, kind)
        one.put(714, 32 + 25 * i, watt)


def _seen(one: Der) -> list:
    return [(number, kind, reading.value) for number, kind, reading in one.driver.dc.ports]


def test_inputs_of_an_inverter():
    one = _mppt((("MPPT 1", 1200), ("", 900)))
    one.start()
    assert one.driver.dc.storage.quality == NEVER
    one.poll()
    assert _seen(one) == [(1, PV, 1200), (2, PV, 900)]
    assert not one.driver.dc.has_storage
    assert one.image.pv_w.value == 2000


def test_a_hybrid_of_fronius():
    """Inputs StCha and StDisCha: it charges with 1500 W, so of 2000 W AC PV has given 3500 W."""
    one = _mppt((("MPPT 1", 3000), ("MPPT 2", 600), ("StCha 3", 1500), ("StDisCha 4", 0)))
    one.start()
    one.poll(100)
    assert _seen(one)[2:] == [(3, CHARGING, -1500), (4, DISCHARGING, 0)]
    assert (one.driver.dc.storage.value, one.driver.dc.storage.quality) == (-1500, OK)
    assert (one.image.pv_w.value, one.image.pv_w.quality) == (3500, OK)
    one.put(160, 21 + 40, 0)
    one.put(160, 21 + 60, 800)
    one.poll(200)
    assert one.image.pv_w.value == 1200
    one.put(160, 21 + 60, MISSING)  # then nobody can tell them apart: the sum is PV's
    one.poll(300)
    assert one.driver.dc.storage.quality == NOT_IMPLEMENTED
    assert one.image.pv_w.value == 2000


def test_more_inputs_than_the_model_is_long():
    """N says 500; the length says two."""
    one = _mppt((("MPPT 1", 1200), ("MPPT 2", 900)))
    one.put(160, 8, 500)
    one.start()
    one.poll()
    assert len(one.driver.dc.ports) == 2


def test_an_absurd_length_is_bounded():
    one = _mppt((("MPPT 1", 1200),), length=2008)
    one.start()
    one.poll()
    assert len(one.driver.dc.ports) == 16


def test_ports_of_a_der():
    # PrtTyp: PV 0, ESS 1, EV 2
    one = _ports(((0, 2600), (1, -700), (2, 5)))
    one.start()
    one.poll()
    assert _seen(one) == [(1, PV, 2600), (2, BOTH, -700), (3, OTHER, 5)]
    assert one.image.pv_w.value == 2700  # 2000 W AC, and 700 W into the battery


def test_714_changes_its_length_with_daylight():
    """At night there is no port; by day the guard sees another length, and the device is discovered anew."""
    one = Der(PvInverter, (1, 103, (714, 18)))
    one.put(103, 38, 2)
    one.start()
    one.poll()
    assert one.driver.dc.ports == []
    one.lay((1, 103, (714, 18 + 50)))
    one.put(103, 14, 2000, 0)
    one.put(103, 38, 4)
    _lay_ports(one, ((0, 1500), (0, 600)))
    error = failure(one.poll)
    assert error.errno == errno.ENODEV
    one.start()
    one.poll()
    assert _seen(one) == [(1, PV, 1500), (2, PV, 600)]


def test_nothing_is_written_to_a_model_that_has_moved():
    """123 lies behind 714: between two polls its place may have become another model's."""
    models = (1, 103, (714, 68), 120, 123)
    one = Der(PvInverter, models)
    one.put(120, 3, 4000, 0)
    one.put(123, 23, -2)
    one.start()
    one.wishes.pv_limit_w = 1000.0
    assert one.apply(0) == [(123, 5, [2500, 0, 60, 0, 1])]
    for behind in ((), ((126, 226),)):  # its old place cannot be read, or is within another model
        one.lay((1, 103, (714, 18), 120, 123) + behind)
        one.wishes.pv_limit_w = 2000.0
        error = failure(one.apply, 1000)
        assert (error.errno, error.args[1]) == (errno.ENODEV, "the map changed")
        assert one.client.writes == []


def test_a_dc_model_that_cannot_be_read_is_left_alone():
    """SMA refuses registers: the inverter is read without them, not given up."""
    for model_id in (160, 714):
        one = Der(PvInverter, (1, 103, (model_id, 68)))
        one.put(103, 14, 2000, 0)
        one.put(103, 38, 4)
        for address in range(one.at[model_id] + 2, one.at[model_id] + 70):
            del one.client.registers[address]
        one.client.lay(one.at[model_id] + 70, [0xFFFF, 0])
        one.start()
        one.poll()
        assert (one.image.pv_w.value, one.image.pv_w.quality) == (2000, OK)
        one.put(103, 14, 2100)
        one.poll()
        assert one.image.pv_w.value == 2100
