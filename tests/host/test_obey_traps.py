"""Traps of devices that do not do as they are told: each on a pymodbus server."""

from typing import Any

import pytest
from device_house import ENA, LIMIT, PV, house, ready
from pymodbus.constants import ExcCodes
from sunspec_server import MapServer, registers_of

from host_tools.plant.register_unit import Unit
from islet.drivers import roles
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec_roles import open_device
from islet.names import OK


def writes_answered(code: ExcCodes) -> Any:
    return lambda request: code if request.values is not None else None


def _battery() -> dict[int, int]:
    """Return a battery inverter of the 700 series that takes WSet and a reversion time."""
    unit = Unit((1, 701, 702, 704, 713), 1)
    unit.put(701, W=0, W_SF=0, Hz=50_000, Hz_SF=-3, InvSt=3)
    unit.put(702, WMaxRtg=5000, W_SF=0)
    unit.put(704, WSetEna=0, WSetMod=1, WSet=0, WSetRvrt=0, WSetEnaRvrt=0, WSetRvrtTms=0, WSet_SF=0)
    unit.put(713, SoC=5000, Pct_SF=-2)
    return registers_of(unit)


async def test_a_battery_whose_heartbeat_and_reversion_are_ignored() -> None:
    """FranklinWH: all is accepted, the last command would stay for ever; the bus takes it back and reads it so."""
    server = MapServer({1: _battery()})
    wset = 40277 + 24  # behind 1, 701 and 702

    def make(client: ModbusTcp, unit: int) -> Any:
        return open_device(client, unit, roles.BATTERY)

    async with house(server, open_with=make, valid_ms=10_000) as one:
        one.wishes.battery_w = -2000.0
        for now_ms in range(0, 5000, 1000):
            await one.round(now_ms, 4000.0)
        assert [server.units[1][wset + i] for i in (0, 1)] == [0xFFFF, 0xF830]
        for now_ms in range(5000, 17_000, 1000):
            await one.round(now_ms)  # control is gone, the bus lives
        assert [server.units[1][wset + i] for i in (0, 1)] == [0, 0]
        assert server.units[1][wset - 2] == 1  # held at 0 W, not left to itself
        assert (one.bus.lapses, one.bus.counters()["mismatches"]) == (1, 0)


async def test_a_limit_whose_reversion_is_ignored_is_lifted_by_the_controller() -> None:
    """The device takes everything and has no timer that works: the last command would stay for ever."""
    server = MapServer({1: PV})
    async with house(server, valid_ms=10_000) as one:
        registers = server.units[1]
        await one.round(0)
        for now_ms in range(0, 5000, 1000):
            await one.round(now_ms, 1000.0)
        assert (registers[LIMIT], registers[ENA]) == (2500, 1)  # 25.00 % of 4000 W
        for now_ms in range(5000, 14_000, 1000):
            await one.round(now_ms)  # control is gone, the bus lives
        assert registers[ENA] == 1
        for now_ms in range(14_000, 17_000, 1000):
            await one.round(now_ms)
        assert registers[ENA] == 0
        assert one.bus.lapses >= 1


async def test_a_lease_is_renewed_in_time() -> None:
    """The reversion time of 60 s is begun anew every 30 s, though the limit does not move."""
    server = MapServer({1: PV})
    async with house(server) as one:
        for now_ms in range(0, 121_000, 1000):
            await one.round(now_ms, 1000.0)
        limits = [request for request in server.writes if request.address == LIMIT]
        assert len(limits) == 5  # at 0, 30, 60, 90 and 120 s
        assert all(request.values == (2500, 0, 60, 0, 1) for request in limits)


async def test_values_that_do_not_read_back() -> None:
    """Writes are answered well and forgotten: each is counted, tried again, and never taken for done."""
    server = MapServer({1: PV})
    server.drops_writes = True
    async with house(server) as one:
        assert await ready(one)
        assert await one.inverters[0].device.write(123, 5, [2500]) is False
        for now_ms in range(1000, 5000, 1000):
            await one.round(now_ms, 1000.0)
        assert one.bus.counters()["mismatches"] >= 2
        assert one.images.pv_w.quality == OK
        server.drops_writes = False
        for now_ms in range(5000, 120_000, 1000):
            await one.round(now_ms, 1000.0)
        assert (server.units[1][LIMIT], server.units[1][ENA]) == (2500, 1)
        assert await one.inverters[0].device.write(123, 5, [2400]) is True


@pytest.mark.parametrize("code", [ExcCodes.ILLEGAL_ADDRESS, ExcCodes.ILLEGAL_VALUE, ExcCodes.DEVICE_FAILURE])
async def test_a_bad_write_is_refused(code: ExcCodes) -> None:
    """2, 3 or 4 in answer to a write: reading goes on at its rate, the write is tried again ever more rarely."""
    server = MapServer({1: PV}, hook=writes_answered(code))
    async with house(server) as one:
        for now_ms in range(0, 60_000, 1000):
            await one.round(now_ms, 1000.0)
            assert one.images.pv_w.quality == OK
        assert one.bus.members[0].polls == 60
        assert 3 <= len(server.writes) <= 9
        assert server.units[1][LIMIT] == PV[LIMIT]
        server.hook = None
        for now_ms in range(60_000, 125_000, 1000):
            await one.round(now_ms, 1000.0)
        assert server.units[1][LIMIT] == 2500
