"""Discovery and decoding over a map in memory; codes by the SunSpec Device Information Model V1.2."""

import asyncio
import errno

from sunspec_memory import MARK, Registers, build_map

from islet.drivers import sunspec_map, sunspec_points
from islet.drivers.modbus import ModbusError
from islet.drivers.sunspec import Points, SunSpecDevice
from islet.drivers.sunspec_types import UINT16, UINT32
from islet.names import NOT_IMPLEMENTED, OK


def _failure(work):
    try:
        asyncio.run(work)
    except OSError as error:
        return error
    raise AssertionError("it did not fail")


def _discover(client: Registers) -> dict:
    return asyncio.run(SunSpecDevice(client, 1).discover())


def test_bases():
    for base in (40000, 0, 50000):
        assert _discover(build_map(base, [(1, 66), (101, 50)])) == {1: (base + 2, 66), 101: (base + 70, 50)}


def test_no_map():
    assert _failure(SunSpecDevice(Registers({40000: 1, 40001: 2}), 1).discover()).errno == errno.ENODEV


def test_walk_by_the_length_read():
    # Fronius and SolarEdge have 65 registers in model 1; models may come in any order
    assert _discover(build_map(40000, [(1, 65), (123, 24), (101, 50)])) == {
        1: (40002, 65),
        123: (40069, 24),
        101: (40095, 50),
    }


def test_second_model_1_is_another_device():
    assert sorted(_discover(build_map(40000, [(1, 65), (103, 50), (1, 65), (203, 105)]))) == [1, 103]


def test_refusal_ends_a_map_without_end_mark():
    assert sorted(_discover(build_map(40000, [(1, 66), (101, 50)], end=()))) == [1, 101]


def test_first_of_two_instances_is_kept():
    assert _discover(build_map(40000, [(1, 66), (124, 24), (124, 24)]))[124] == (40070, 24)


def test_number_of_models_is_bounded():
    # zeros for ever look like model 0 of length 0
    client = Registers(dict.fromkeys(range(40000, 40400), 0))
    client.lay(40000, MARK)
    _discover(client)
    assert len(client.reads) == 1 + sunspec_map.MODELS_MAX


def test_length_past_the_address_space_ends():
    client = Registers({})
    client.lay(40000, MARK)
    client.lay(40002, [1, 0xFFFF])
    assert _discover(client) == {1: (40002, 0xFFFF)}


async def _points(client, model_id: int, names: tuple) -> Points:
    device = SunSpecDevice(client, 1)
    await device.discover()
    found = Points(device, model_id, names)
    client.reads.clear()
    await found.read()
    return found


def _inverter(w: int, w_sf: int, st: int) -> Registers:
    client = build_map(40000, [(101, 50)])
    client.registers[40002 + 14] = w & 0xFFFF
    client.registers[40002 + 15] = w_sf & 0xFFFF
    client.registers[40002 + 38] = st
    return client


def test_scale_factors():
    for raw, exponent, watt in ((1234, 0, 1234), (1234, 1, 12340), (-12345, -1, -1234.5), (5, -10, 5e-10)):
        found = asyncio.run(_points(_inverter(raw, exponent, 4), 101, ("W", "St")))
        assert abs(found.value["W"] - watt) <= abs(watt) * 1e-6
        assert found.ok("W")
        assert found.value["St"] == 4


def test_not_implemented_is_quality():
    for raw, exponent in ((-0x8000, 0), (100, -0x8000), (100, 11), (100, -11)):
        found = asyncio.run(_points(_inverter(raw, exponent, 2), 101, ("W", "St")))
        assert found.quality == {"W": NOT_IMPLEMENTED, "St": OK}


def test_a_point_comes_and_goes():
    async def day():
        client = _inverter(700, 0, 4)
        found = await _points(client, 101, ("W",))
        client.registers[40002 + 14] = 0x8000
        await found.read()
        night = (found.value["W"], found.quality["W"])
        client.registers[40002 + 14] = 5
        await found.read()
        return night, found.value["W"], found.quality["W"]

    assert asyncio.run(day()) == ((700, NOT_IMPLEMENTED), 5, OK)


def test_one_read_for_points_that_lie_together():
    client = _inverter(700, 0, 4)
    asyncio.run(_points(client, 101, ("W", "St")))
    assert client.reads == [(40016, 25)]


def test_static_scale_factors_are_read_once():
    async def twice():
        client = build_map(40000, [(701, 153)])
        client.lay(40002 + 17, [0, 50012])
        client.lay(40002 + 115, [-3 & 0xFFFF])
        found = await _points(client, 701, ("Hz",))
        reads = list(client.reads)
        await found.read()
        return reads, client.reads[len(reads) :], found.value["Hz"]

    first, second, hz = asyncio.run(twice())
    assert first == [(40117, 1), (40019, 2)]
    assert second == [(40019, 2)]
    assert abs(hz - 50.012) < 1e-4


def test_spans_never_cut_a_point_and_stay_within_125():
    rows = [_row("a", 0, 1), _row("b", 124, 2), _row("c", 125, 1), _row("d", 400, 1)]
    names = [[row[0] for row in span] for span in sunspec_points.spans(rows, 1000)]
    assert names == [["a"], ["b", "c"], ["d"]]
    assert [[row[0] for row in span] for span in sunspec_points.spans(rows, 126)] == [["a"], ["b", "c"]]
    assert [[row[0] for row in span] for span in sunspec_points.spans(rows, 125)] == [["a"]]
    assert len(sunspec_points.spans([_row("a", 0, 1), _row("b", 123, 2)], 200)) == 1


def _row(name: str, offset: int, registers: int) -> tuple:
    return (name, offset, UINT16 if registers == 1 else UINT32, registers, 0, "", False)


def test_unreadable_registers_inside_a_model():
    # SMA refuses some registers of model 123: the rest is read alone, the refused point is not implemented
    async def read():
        client = build_map(40000, [(123, 24)])
        client.registers[40002 + 5] = 80
        del client.registers[40002 + 7]
        found = await _points(client, 123, ("WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena"))
        client.reads.clear()
        await found.read()
        return found, client.reads

    found, reads = asyncio.run(read())
    assert found.quality == {"WMaxLimPct": OK, "WMaxLimPct_RvrtTms": NOT_IMPLEMENTED, "WMaxLim_Ena": OK}
    assert found.value["WMaxLimPct"] == 80
    assert reads == [(40007, 1), (40011, 15)]


def test_busy_device_is_not_taken_apart():
    class Busy(Registers):
        async def read(self, unit, address, count):
            if count > 2:
                raise ModbusError(6)
            return await Registers.read(self, unit, address, count)

    client = Busy(_inverter(1, 0, 4).registers)
    assert _failure(_points(client, 101, ("W", "St"))).code == 6


def test_strings():
    client = build_map(40000, [(1, 66)])
    client.lay(40002 + 2, [0x4162, 0x6300])
    found = asyncio.run(_points(client, 1, ("Mn", "Md")))
    assert found.value["Mn"] == b"Abc"
    assert found.quality["Md"] == NOT_IMPLEMENTED


def test_write_reads_back():
    class Deaf(Registers):
        async def write(self, unit, address, values):
            pass

    async def write(kind):
        client = kind(build_map(40000, [(123, 24)]).registers)
        device = SunSpecDevice(client, 1)
        await device.discover()
        return await device.write(123, 5, [50, 0, 60, 0, 1])

    assert asyncio.run(write(Registers))
    assert not asyncio.run(write(Deaf))


def test_to_raw_needs_a_scale_factor():
    async def raw(exponent):
        client = build_map(40000, [(704, 65)])
        client.registers[40002 + 55] = exponent & 0xFFFF
        return (await _points(client, 704, ("WSet",))).to_raw("WSet", -1500)

    assert asyncio.run(raw(0)) == -1500
    assert asyncio.run(raw(1)) == -150
    assert asyncio.run(raw(-1)) == -15000
    assert _failure(raw(-0x8000)).errno == errno.EOPNOTSUPP
