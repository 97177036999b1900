"""Traps in what a device's map says: each on a pymodbus server, met by the firmware's drivers on a bus."""

from typing import Any

import pytest
from device_house import CONN, ENA, LIMIT, MISSING, MISSING_W, MODEL_123, PV, RVRT, STATE, W, house, until
from sunspec_server import MapServer

from islet.drivers import roles
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec_roles import open_device
from islet.names import NOT_IMPLEMENTED, OK


def _words(*models: tuple[int, int], end: tuple[int, ...] = (0xFFFF, 0)) -> dict[int, int]:
    """Return a map of models (id, length) that hold zeros."""
    words = [0x5375, 0x6E53]
    for model_id, length in models:
        words += [model_id, length] + [0] * length
    return dict(enumerate([*words, *end], 40000))


async def test_a_chain_without_a_clean_end_marker() -> None:
    """SolarEdge has its meter behind a second model 1, SMA refuses what follows: two devices of a unit, both read."""
    registers = _words((1, 65), (101, 50), (1, 65), (203, 105), end=())
    registers.update({40069 + 14: 900, 40069 + 38: 4, 40188 + 18: 315, 40188 + 22: 1})

    def make(client: ModbusTcp, number: int) -> Any:
        return open_device(client, 1, (roles.INVERTER, roles.METER)[number], number)

    async with house(MapServer({1: registers}), (0, 1), open_with=make) as one:
        await until(one, 0, 3000)
        inverter, meter = one.inverters
        assert (inverter.readings["w"].value, meter.readings["w"].value) == (900, 3150)
        assert one.images.pv_w.value == 900
        assert [member.errors for member in one.bus.members] == [0, 0]


async def test_unreadable_registers_inside_123() -> None:
    """SMA: the times of the limit can neither be read nor written; the rest is found, and the limit holds."""
    registers = {at: word for at, word in PV.items() if at not in (LIMIT + 1, LIMIT + 2, LIMIT + 3)}
    server = MapServer({1: registers})
    async with house(server) as one:
        await one.round(0, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        before = len(server.requests)
        await one.round(1000, 1000.0)
        assert len(server.requests) == before + 1  # what is refused is asked for once
        assert one.bus.counters()["errors"] == 0


async def test_714_changes_its_length_with_daylight() -> None:
    """Two ports by day, none at night: seen by the guard, discovered anew, and what follows 714 is found again."""
    day = _words((1, 66), (101, 50), (714, 68), (120, 26), (123, 24))
    night = _words((1, 66), (101, 50), (714, 18), (120, 26), (123, 24))
    for words, at in ((day, 40122 + 70), (night, 40122 + 20)):  # 120, then 123 behind it
        words.update({W: 900, STATE: 4, at + 3: 4000, at + 28 + 23: -2 & 0xFFFF})
    day.update({40122 + 4: 2, 40122 + 20 + 12: 600, 40122 + 45 + 12: 350})
    server = MapServer({1: {**day}})
    async with house(server) as one:
        await until(one, 0, 1500)
        inverter = one.inverters[0]
        assert [port[2].value for port in inverter.dc.ports] == [600, 350]
        server.units[1].update(night)
        await until(one, 1500, 4000)
        assert inverter.dc.ports == []
        await one.round(4000, 1000.0)
        assert server.units[1][40122 + 20 + 28 + 5] == 2500  # the limit of where 123 is now
        server.units[1].update(day)
        await until(one, 4500, 8000)
        assert [port[2].value for port in inverter.dc.ports] == [600, 350]
        assert (one.images.pv_w.quality, one.bus.members[0].errors) == (OK, 2)


async def test_at_night_values_are_not_implemented() -> None:
    """W, Hz, V and the limit are gone: quality and not zero, nothing written; in the morning the limit is there."""
    dark = {W: MISSING_W, 40086: MISSING, 40080: MISSING, STATE: 2, MODEL_123 + 23: MISSING_W}
    dark.update(dict.fromkeys(range(LIMIT, ENA + 1), MISSING))
    server = MapServer({1: {**PV, **dark}})
    async with house(server) as one:
        for now_ms in range(0, 3000, 1000):
            await one.round(now_ms, 1000.0)
        assert [one.inverters[0].readings[name].quality for name in ("w", "hz", "v")] == [NOT_IMPLEMENTED] * 3
        assert one.images.pv_w.quality == NOT_IMPLEMENTED
        assert server.writes == []
        server.units[1].update(PV)
        await one.round(3000, 1000.0)
        assert (one.images.pv_w.value, one.images.pv_w.quality) == (2500, OK)
        assert server.units[1][LIMIT] == 2500
        assert one.bus.counters()["errors"] == 0


async def test_an_integer_model_turns_into_one_of_floats() -> None:
    """Fronius, by a setting, while it is read: at no time is a float taken for an integer."""
    floats = _words((1, 66), (111, 60))
    floats.update({40070 + 22: 0x451C, 40070 + 23: 0x4000, 40070 + 48: 4})  # 2500.0 in binary32
    server = MapServer({1: PV})
    async with house(server) as one:
        await one.round(0)
        server.units[1].update(floats)
        for now_ms in range(500, 4000, 500):
            await one.round(now_ms)
            assert one.images.pv_w.value == 2500
        assert one.images.pv_w.quality == OK
        assert isinstance(one.images.pv_w.value, float)
        assert one.bus.members[0].errors == 1


@pytest.mark.parametrize("unit", [126, 71, 200])
async def test_units_that_are_not_1(unit: int) -> None:
    """126 (SMA), 71 (Kostal), 200 (a Fronius meter): an entry's own; unit 1 answers 0x0B there."""
    server = MapServer({unit: PV})
    async with house(server, (unit, 1)) as one:
        await until(one, 0, 3000)
        assert one.images.pv_w.value == 2500
        assert [member.failures > 0 for member in one.bus.members] == [False, True]


async def test_control_registers_tell_no_state() -> None:
    """Limit 0, Conn 0, Ena 1 and no timers, as an SB3.6 showed while it produced: what counts is the measurement."""
    contradicting = {**PV, CONN: 0, LIMIT: 0, RVRT: 0xFFFF, ENA: 1}
    server = MapServer({1: contradicting})
    async with house(server) as one:
        await one.round(0)
        assert one.images.pv_w.value == 2500
        assert one.images.pv_w.quality == OK
        assert not one.inverters[0].asleep
        await one.round(1000, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        assert server.units[1][CONN] == 0  # not ours
