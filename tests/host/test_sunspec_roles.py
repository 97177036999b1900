"""Roles over a pymodbus server: images of real devices and standard maps, read and told; pysunspec2 says the same."""

import asyncio
import math
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from struct import pack
from types import SimpleNamespace
from typing import Any

import pytest
from pymodbus.constants import ExcCodes
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP
from sunspec_server import MapServer, Request

from hal.net import TcpStream
from host_tools.plant.register_map import RegisterMap
from host_tools.sunspec import maps
from islet.base.reading import Reading
from islet.drivers import roles
from islet.drivers.bus import BusTask
from islet.drivers.modbus import ILLEGAL_ADDRESS, ModbusError
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec_meter import METERS
from islet.drivers.sunspec_roles import open_device
from islet.names import NOT_IMPLEMENTED, OK
from islet.state.image import Image
from islet.state.wishes import Wishes

BASE = maps.BASE
MISSING = 0xFFFF
LATER_MS = 1000
# of a three-phase inverter by model 160 of four inputs, as a GEN24 with a battery has them: MPPT 1, MPPT 2, StCha 3,
# StDisCha 4
INPUTS = (b"MPPT 1", b"MPPT 2", b"StCha 3", b"StDisCha 4")

Registers = dict[int, int]


def _ticks_ms() -> int:
    return int(time.monotonic() * 1000) & 0x3FFFFFFF


class Memory:
    """The interface of a Modbus client over {address: register}."""

    def __init__(self, registers: Registers) -> None:
        self.registers = registers
        self.writes: list[tuple[int, list[int]]] = []

    async def read(self, _unit: int, address: int, count: int) -> bytes:
        """Return registers; exception 2 for one that is not listed."""
        try:
            return pack(f">{count}H", *(self.registers[address + i] & MISSING for i in range(count)))
        except KeyError:
            raise ModbusError(ILLEGAL_ADDRESS) from None

    async def write(self, _unit: int, address: int, values: list[int]) -> None:
        """Hold what is written."""
        self.writes.append((address, values))
        self.registers.update(enumerate(values, address))


class Rig:
    """A server of unit 1, a driver for a role of it on a bus of its own, and pysunspec2 beside it."""

    def __init__(self, server: MapServer, port: int, role: str, **options: Any) -> None:
        bus = {name: options.pop(name) for name in ("valid_ms",) if name in options}
        self.server, self._port = server, port
        self.client = ModbusTcp(TcpStream("127.0.0.1", port, _ticks_ms, 1000))
        self.driver = open_device(self.client, 1, role, **options)
        names = ("pv_w", "pv_available_w", "battery_w", "battery_hz", "soc_pu")
        self.image = SimpleNamespace(**{name: Reading() for name in names})
        self.wishes = SimpleNamespace(
            pv_limit_w=1e9,
            battery_w=0.0,
            forming=False,
            form_hz=50.0,
            form_v=230.0,
            pv_var=0.0,
            battery_var=0.0,
            form_droop_pu=0.0,
            form_v_droop_pu=0.0,
        )
        self.safe = SimpleNamespace(**{**vars(self.wishes), "pv_limit_w": 0.0})
        self.bus = BusTask(
            self.client, [self.driver], self.image, self.wishes, random.Random(1), safe=self.safe, **bus
        )

    async def round(self, now_ms: int, renew: bool = True) -> None:
        """Poll and write once."""
        await self.bus.poll(now_ms)
        if renew:
            self.bus.renew(now_ms)
        await self.bus.flush(now_ms)

    async def peer(self, model_id: int, names: tuple[str, ...]) -> list[Any]:
        """Return values as pysunspec2 has them, None for what is not implemented."""

        def scan() -> list[Any]:
            device = SunSpecModbusClientDeviceTCP(slave_id=1, ipaddr="127.0.0.1", ipport=self._port)
            device.scan()
            found = [getattr(device.models[model_id][0], name).cvalue for name in names]
            device.close()
            return found

        return await asyncio.to_thread(scan)

    def value(self, name: str) -> Any:
        """Return a reading's value, None unless it is good."""
        reading = self.driver.readings[name]
        return reading.value if reading.quality == OK else None


@asynccontextmanager
async def _rig(registers: Registers, role: str, hook: Any = None, **options: Any) -> AsyncIterator[Rig]:
    async with MapServer({1: registers}, hook) as (server, port):
        rig = Rig(server, port, role, **options)
        try:
            yield rig
        finally:
            rig.client.close()


def _map(*models: int) -> tuple[RegisterMap, Registers]:
    """Return where points lie, and registers with none of them implemented."""
    laid = RegisterMap(models)
    return laid, dict(enumerate(laid.blank(1)[0].tolist(), BASE))


def _put(laid: RegisterMap, registers: Registers, model_id: int, **raw: int) -> None:
    for name, value in raw.items():
        place = laid.places[model_id, name]
        for i in range(place.size):
            registers[BASE + place.at + i] = (value >> 16 * (place.size - 1 - i)) & 0xFFFF


def _near(value: Any, expected: Any) -> bool:
    if value is None or expected is None:
        return value is expected
    return math.isclose(value, expected, rel_tol=1e-9)


@pytest.mark.parametrize(
    ("name", "model_id"), [("fimer_pvs", 103), ("kaco_86tl3", 103), ("sma_sb36_day", 101)]
)
async def test_a_real_inverter(name: str, model_id: int) -> None:
    """Read as pysunspec2 reads it; half of WMax is asked, and only what the device has is written."""
    images = maps.images()
    if name not in images:
        pytest.skip(f"no image {name} of a real device beside the project")
    async with _rig(images[name], roles.INVERTER, reversion_s=120) as rig:
        rig.wishes.pv_limit_w = 1.0
        await rig.round(0)
        rig.wishes.pv_limit_w = rig.driver.rated_w / 2
        await rig.round(LATER_MS)
        names = ("W", "VAr", "Hz", "PhVphA", "WH", "St")
        *values, state = await rig.peer(model_id, names)
        for reading, expected in zip(("w", "var", "hz", "v", "yield_wh"), values, strict=True):
            assert _near(rig.value(reading), expected), reading
        assert (rig.value("state"), state) == (roles.RUNNING, 4)
        assert (rig.image.pv_w.value, rig.value("available_w")) == (values[0], None)
        assert await rig.peer(121, ("WMax",)) == [rig.driver.rated_w]
        pct, enabled, *times = await rig.peer(
            123, ("WMaxLimPct", "WMaxLim_Ena", "WMaxLimPct_WinTms", "WMaxLimPct_RvrtTms", "WMaxLimPct_RmpTms")
        )
        before = [images[name][address] for address in sorted(images[name])]
        assert (pct, enabled) == (50, 1)
        assert (
            times
            == {
                "fimer_pvs": [0, 120, 0],
                "kaco_86tl3": [None, 120, None],
                "sma_sb36_day": [None, None, None],
            }[name]
        )
        changed = sum(a != b for a, b in zip(before, rig.server.units[1].values(), strict=True))
        assert 1 <= changed <= 4
        assert rig.driver.mismatches == 0
        assert rig.driver.dc is not None
        assert all(reading.quality in (OK, NOT_IMPLEMENTED) for _, _, reading in rig.driver.dc.ports)


@pytest.mark.parametrize("kind", ["values", "mixed", "missing"])
@pytest.mark.parametrize("model_id", METERS)
async def test_meters(model_id: int, kind: str) -> None:
    """Random values, each of them or half of them not implemented."""
    fill = {"values": maps.values(model_id), "mixed": maps.mixed(model_id), "missing": maps.missing}[kind]
    async with _rig(maps.standard_map((1, model_id), fill), roles.METER) as rig:
        await rig.round(0)
        await rig.round(LATER_MS)
        rows = {"w": "W", "var": "VAR", "va": "VA", "hz": "Hz"}
        for reading, expected in zip(rows, await rig.peer(model_id, tuple(rows.values())), strict=True):
            assert _near(rig.value(reading), expected), reading
        phase, mean, amps, total = await rig.peer(model_id, ("PhVphA", "PhV", "AphA", "A"))
        assert _near(rig.value("v"), mean if phase is None else phase)
        assert _near(rig.value("a"), total if amps is None and model_id in (201, 211) else amps)
        counters = await rig.peer(model_id, ("TotWhImp", "TotWhExp"))
        for reading, expected in zip(("import_wh", "export_wh"), counters, strict=True):
            value = rig.value(reading)
            assert (value is None) == (expected is None or kind == "missing"), reading
            if value is not None:
                assert type(value) is int
                assert -1 < value - expected < 1, reading
        assert kind == "missing" or any(reading.quality == OK for reading in rig.driver.readings.values())
        assert rig.bus.members[0].errors == 0


def _der(**hybrid: int) -> tuple[RegisterMap, Registers]:
    """Return an IEEE 1547-2018 device with 701, 702, 704 and 713, ratings of 5 kW and 3 kW to charge."""
    laid, registers = _map(1, 701, 702, 704, 713)
    _put(laid, registers, 701, ACType=0, InvSt=3, W=-1200, Var=20, LNV=2310, Hz=50_012, TotWhInj=10**13 + 7)
    _put(laid, registers, 701, V_SF=-1, Hz_SF=-3, W_SF=0, Var_SF=1, TotWh_SF=-1, A_SF=-2)
    _put(laid, registers, 702, WMaxRtg=5000, WChaRteMaxRtg=3000, W_SF=0)
    _put(laid, registers, 704, WMaxLimPctEna=0, WMaxLimPct=1000, WMaxLimPctRvrt=1000, WMaxLimPctEnaRvrt=0)
    _put(laid, registers, 704, WMaxLimPctRvrtTms=0, WSetEna=0, WSetMod=1, WSet=0, WSetRvrt=0, WSetEnaRvrt=0)
    _put(laid, registers, 704, WSetRvrtTms=0, WMaxLimPct_SF=-1, WSet_SF=0)
    _put(laid, registers, 713, SoC=6250, Pct_SF=-2)
    _put(laid, registers, 704, **hybrid)
    return laid, registers


async def test_a_limit_by_704() -> None:
    """pysunspec2 reads back what was asked: 25 % of 5 kW, and a day in the full 32 bits."""
    _, registers = _der()
    async with _rig(registers, roles.INVERTER, reversion_s=86_400) as rig:
        await rig.round(0)
        rig.wishes.pv_limit_w = 1250.0
        await rig.round(LATER_MS)
        names = ("WMaxLimPctEna", "WMaxLimPct", "WMaxLimPctRvrt", "WMaxLimPctEnaRvrt", "WMaxLimPctRvrtTms")
        assert await rig.peer(704, names) == [1, 25, 100, 0, 86_400]
        assert all(one.count == 6 for one in rig.server.writes)
        rig.wishes.pv_limit_w = 1e9
        await rig.round(2 * LATER_MS)
        assert await rig.peer(704, names) == [0, 100, 100, 0, 0]
        values = await rig.peer(701, ("W", "Var", "Hz", "LNV"))
        assert [rig.value(name) for name in ("w", "var", "hz", "v")] == pytest.approx(values)
        assert rig.value("yield_wh") == 10**12  # tenths, exact and rounded down


async def test_a_battery_by_704() -> None:
    _, registers = _der()
    async with _rig(registers, roles.BATTERY, reversion_s=70_000) as rig:
        rig.wishes.battery_w = -2500.0
        await rig.round(0)
        await rig.round(LATER_MS)
        names = ("WSetEna", "WSetMod", "WSet", "WSetRvrt", "WSetEnaRvrt", "WSetRvrtTms")
        assert await rig.peer(704, names) == [1, 1, -2500, 0, 1, 70_000]
        assert (rig.image.battery_w.value, rig.image.soc_pu.value) == (-1200, 0.625)
        assert rig.value("discharge_wh") == 10**12
        assert (rig.driver.can_form, rig.driver.writes, rig.driver.mismatches) == (False, 2, 0)


async def test_a_battery_without_a_timer_is_reverted_by_the_bus() -> None:
    """The last command would stay for ever: when control is silent, the bus wishes 0 W."""
    laid, registers = _der(WSetRvrtTms=0xFFFFFFFF, WSetRvrtRem=0xFFFFFFFF)
    async with _rig(registers, roles.BATTERY, valid_ms=10_000) as rig:
        rig.wishes.battery_w = 2000.0
        for now_ms in range(0, 5000, 1000):
            await rig.round(now_ms)
        assert await rig.peer(704, ("WSetEna", "WSet")) == [1, 2000]
        written = {one.address - BASE - laid.places[704, "ID"].at for one in rig.server.writes}
        assert written == {22}
        for now_ms in range(5000, 16_000, 1000):
            await rig.round(now_ms, renew=False)
        assert await rig.peer(704, ("WSetEna", "WSet")) == [1, 0]
        assert rig.bus.lapses == 1


async def test_a_battery_that_ignores_its_set_point() -> None:
    """Answered well and forgotten: each try is a mismatch, none is taken for done, and reading goes on."""
    _, registers = _der()
    async with _rig(registers, roles.BATTERY) as rig:
        rig.server.drops_writes = True
        rig.wishes.battery_w = 2000.0
        for now_ms in range(0, 3000, 1000):
            await rig.round(now_ms)
        assert rig.driver.mismatches >= 3
        assert rig.image.battery_w.quality == OK
        rig.server.drops_writes = False
        await rig.round(3000)
        assert await rig.peer(704, ("WSetEna", "WSet")) == [1, 2000]


def _hybrid() -> Registers:
    """Return a hybrid of the older series: 1 kW into the grid, PV 1800 W, the battery charges with 700 W."""
    laid, registers = _map(1, 103, 120, 124)
    _put(laid, registers, 103, W=100, W_SF=1, Hz=5001, Hz_SF=-2, St=4, PhVphA=2310, V_SF=-1, WH=5, WH_SF=3)
    _put(laid, registers, 120, DERTyp=82, WRtg=10_000, WRtg_SF=0)
    _put(laid, registers, 124, WChaMax=8000, WChaMax_SF=0, StorCtl_Mod=0, ChaState=415, ChaState_SF=-1)
    _put(laid, registers, 124, OutWRte=10_000, InWRte=10_000, InOutWRte_RvrtTms=0, InOutWRte_SF=-2)
    at = BASE + laid.length - 2
    words = [160, 88, 0, 0, 0, 0, 0, 0, len(INPUTS), 0]
    for i, name in enumerate(INPUTS):
        text = name.ljust(16, b"\0")
        words += [i + 1, *(int.from_bytes(text[k : k + 2], "big") for k in range(0, 16, 2))]
        words += [0, 0, (1300, 500, 700, 0)[i], 0, 0, 0, 0, 0x8000, 4, 0, 0]
    registers.update(enumerate([*words, 0xFFFF, 0], at))
    return registers


async def test_a_hybrid_as_a_battery() -> None:
    """Window, mode and time as pysunspec2 reads them back; WinTms and RmpTms, not implemented, are left alone."""
    async with _rig(_hybrid(), roles.BATTERY, reversion_s=90) as rig:
        names = (
            "StorCtl_Mod",
            "OutWRte",
            "InWRte",
            "InOutWRte_RvrtTms",
            "InOutWRte_WinTms",
            "InOutWRte_RmpTms",
        )
        for now_ms, asked_w, rates in (
            (0, 2000.0, (25, -25)),
            (1000, -4000.0, (-50, 50)),
            (2000, 0.0, (0, 0)),
        ):
            rig.wishes.battery_w = asked_w
            await rig.round(now_ms)
            assert await rig.peer(124, names) == [3, *rates, 90, None, None]
        assert (rig.image.battery_w.value, rig.image.soc_pu.value) == (-700, pytest.approx(0.415))
        assert rig.image.battery_hz.value == pytest.approx(50.01)
        assert rig.driver.mismatches == 0


async def test_a_hybrid_as_an_inverter_and_a_battery() -> None:
    """What both tell is what the AC side gives: 1700 W of PV, less 700 W into the battery."""
    registers = _hybrid()
    async with _rig(registers, roles.INVERTER) as pv, _rig(registers, roles.BATTERY) as battery:
        await pv.round(0)
        await battery.round(0)
        assert (pv.image.pv_w.value, battery.image.battery_w.value) == (1700, -700)
        assert await pv.peer(103, ("W",)) == [1000]


async def test_a_hybrid_that_takes_no_negative_bounds() -> None:
    """Exception 3: then the window reaches from 0 to what is asked, and that is kept."""

    def hook(request: Request) -> ExcCodes | None:
        negative = request.values is not None and any(value > 0x7FFF for value in request.values)
        return ExcCodes.ILLEGAL_VALUE if negative else None

    async with _rig(_hybrid(), roles.BATTERY, hook) as rig:
        for now_ms, asked_w, rates in ((0, 2000.0, [25, 0]), (1000, -4000.0, [0, 50])):
            rig.wishes.battery_w = asked_w
            await rig.round(now_ms)
            assert await rig.peer(124, ("OutWRte", "InWRte")) == rates
        refused = [one for one in rig.server.writes if any(value > 0x7FFF for value in one.values or ())]
        assert len(refused) == 1
        assert rig.bus.members[0].errors == 0


CHAINS = (
    (roles.INVERTER, (1, 103, 120, 123)),
    (roles.INVERTER, (1, 113, 120, 121, 122, 123, 160)),
    (roles.INVERTER, (1, 701, 702, 704, 714)),
    (roles.BATTERY, (1, 701, 702, 704, 802, 714)),
    (roles.BATTERY, (1, 103, 120, 124, 160)),
    (roles.METER, (1, 203)),
    (roles.METER, (1, 211)),
)


@pytest.mark.parametrize(("role", "models"), CHAINS)
async def test_registers_of_chance(role: str, models: tuple[int, ...]) -> None:
    """Any scale, rating and state, some changed while it runs: OSError at most, and registers that are 16 bits."""
    started = 0
    for seed in range(40):
        source = random.Random(seed)
        client = Memory(maps.standard_map(models, source.choice([maps.values(seed), maps.mixed(seed)])))
        driver, image, wishes = open_device(client, 1, role), Image(), Wishes()
        with suppress(OSError):
            await driver.start()
            started += 1
            for now_ms in range(0, 160_000, 40_000):
                await driver.poll(image, now_ms)
                wishes.battery_w, wishes.pv_limit_w = source.uniform(-1e5, 1e5), source.uniform(-10, 1e5)
                await driver.apply(wishes, now_ms)
                for address in source.sample(sorted(client.registers)[72:], 40):
                    client.registers[address] = source.choice([0, MISSING, 0x8000, source.randrange(65536)])
        assert all(0 <= value <= MISSING for _, values in client.writes for value in values)
    assert started > 10


async def test_models_of_neither_role() -> None:
    for role, text in ((roles.METER, "no meter model"), (roles.BATTERY, "model 701 is missing")):
        _, registers = _map(1, 103, 120)
        async with _rig(registers, role) as rig:
            await rig.client.connect()
            with pytest.raises(OSError, match=text):
                await rig.driver.start()
    open_inverter = partial(open_device, None, 1)
    with pytest.raises(OSError, match="SunSpec has no models of a charger"):
        open_inverter(roles.CHARGER)
