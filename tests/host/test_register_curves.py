"""Curves, reactive set-points and droops of the plant: pysunspec2 as the peer, drivers that write, what is obeyed.

Widths of models by hand from the SunSpec definitions: 705 with 3 sets of 4 points is 13 + 3 * (10 + 8) registers.
"""

import asyncio

import numpy as np
import pytest
import sunspec2.device
from pymodbus.client import AsyncModbusTcpClient
from sunspec2.modbus.client import SunSpecModbusClientDeviceTCP
from test_registers import _served, _ticks_ms, _truth, vendor_models  # noqa: F401

from hal.net import TcpStream
from host_tools.plant.dynamics.commands import DynCommands
from host_tools.plant.params import PlantParams
from host_tools.plant.register_map import RegisterMap
from host_tools.plant.registers import DeviceServer
from host_tools.plant.types import Commands
from host_tools.stability.opender_compare import settings
from islet.drivers.battery_inverter import BatteryInverter
from islet.drivers.grid_curves import GridCurves, wanted
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.state.wishes import Wishes

N = 2


class House:
    """The second building's devices on a server with curves, and its drivers."""

    def __init__(self, server: DeviceServer, port: int) -> None:
        client = ModbusTcp(TcpStream("127.0.0.1", port, _ticks_ms, 2000))
        self.server, self.client, self.now_ms = server, client, 0
        pv, battery = SunSpecDevice(client, 1), SunSpecDevice(client, 2)
        self.pv, self.battery = PvInverter(pv), BatteryInverter(battery)
        rows = wanted(settings(volt_var="b", volt_watt="on", grid_code="ieee1547_2"))
        self.curves = GridCurves(battery, rows)
        self.battery.grid_curves = [self.curves]
        self.wishes = Wishes()
        self.wishes.pv_limit_w = 4000.0

    async def start(self) -> None:
        await self.client.connect()
        for driver in (self.pv, self.battery):
            await driver.start()
            await driver.poll(None, 0)

    async def run(self, seconds: int) -> DynCommands:
        """Apply once a second, let time pass and return what the plant is told."""
        for _ in range(seconds):
            self.now_ms += 1000
            for driver in (self.pv, self.battery):
                await driver.apply(self.wishes, self.now_ms)
            self.server.advance(1.0)
        commands = DynCommands(**vars(Commands.idle(np.array([4000.0] * N))))
        self.server.commands(commands)
        return commands


async def _house() -> tuple[DeviceServer, House]:
    server = DeviceServer(N, PlantParams.uniform(N), curves=True)
    ports = await server.start()
    server.publish(_truth(N))
    house = House(server, ports[1])
    await house.start()
    return server, house


def test_widths_and_counts() -> None:
    counts = {705: {"NCrv": 3, "NPt": 4}}
    found = RegisterMap((705,), counts)
    assert found.length == 2 + 2 + 13 + 3 * (10 + 8) + 2
    assert found.places[705, "Crv[2].Pt[1].V"].at == 2 + 15 + 18 + 10
    with pytest.raises(ValueError, match="group Crv repeats"):
        RegisterMap((705,))


async def test_pysunspec2_reads_all_sets(vendor_models: None) -> None:  # noqa: F811
    server = DeviceServer(1, PlantParams.uniform(1), curves=True)
    (port,) = await server.start()

    def read() -> dict[int, sunspec2.device.Model]:
        device = SunSpecModbusClientDeviceTCP(slave_id=2, ipaddr="127.0.0.1", ipport=port, timeout=5)
        device.scan()
        device.close()
        return {number: models[0] for number, models in device.models.items() if isinstance(number, int)}

    found = await asyncio.to_thread(read)
    await server.stop()
    assert list(found) == [1, 701, 702, 704, 713, 64900, 705, 706, 711, 712]
    assert [len(found[number].Crv) for number in (705, 706, 712)] == [3, 3, 3]
    assert [one.ReadOnly.value for one in found[705].Crv] == [1, 0, 0]
    assert found[705].Crv[0].Pt[1].V.cvalue == pytest.approx(108.0)
    assert found[706].Crv[2].Pt[0].W.cvalue == pytest.approx(100.0)
    assert found[711].Ctl[0].DbOf.cvalue == pytest.approx(0.036)
    assert found[711].Ctl[0].KOf.cvalue == pytest.approx(0.05)
    assert found[64900].VDroopPu.cvalue == pytest.approx(0.02)


async def test_the_drivers_curves_are_what_the_plant_obeys() -> None:
    server, house = await _house()
    try:
        commands = await house.run(40)
        assert house.curves.own
        assert house.curves.adopted == 3
        told = commands.battery_curves
        for name in ("volt_var", "volt_watt", "freq_watt"):
            assert getattr(told, name).tolist() == [False, True], name
        np.testing.assert_allclose(np.asarray(told.vv_v_pu)[:, 1], [0.92, 0.98, 1.02, 1.08])
        np.testing.assert_allclose(np.asarray(told.vv_var_pu)[:, 1], [0.44, 0.0, 0.0, -0.44])
        np.testing.assert_allclose(np.asarray(told.vw_v_pu)[:, 1], [1.06, 1.10, 1.10, 1.10])
        np.testing.assert_allclose(np.asarray(told.vw_w_pu)[:, 1], [1.0, 0.2, 0.2, 0.2])
        np.testing.assert_allclose([told.dbof_hz[1], told.kof[1]], [0.036, 0.05])
        server.restart(np.array([False, True]))
        assert (await house.run(1)).battery_curves.volt_var.tolist() == [False, False]
        commands = await house.run(130)
        assert commands.battery_curves.volt_var.tolist() == [False, True]
        assert house.curves.lost == 3
    finally:
        await server.stop()


async def test_reactive_set_points_and_their_reversion() -> None:
    server, house = await _house()
    try:
        house.wishes.battery_var, house.wishes.pv_var = -1500.0, 800.0
        commands = await house.run(1)
        assert commands.battery_var.tolist() == [0.0, -1500.0]
        assert commands.pv_var.tolist() == [0.0, 800.0]
        house.wishes.battery_var, house.wishes.pv_var = 9000.0, -9000.0
        commands = await house.run(1)
        assert commands.battery_var[1] == pytest.approx(0.44 * 5000.0)
        assert commands.pv_var[1] == pytest.approx(-0.44 * 4000.0)
        server.advance(61.0)
        server.commands(commands)
        assert commands.battery_var.tolist() == [0.0, 0.0]  # VarSetRvrt
        assert commands.pv_var.tolist() == [0.0, 0.0]
        assert house.pv.mismatches + house.battery.mismatches == 0
    finally:
        await server.stop()


async def test_droops_reach_the_plant() -> None:
    server, house = await _house()
    try:
        house.wishes.forming, house.wishes.form_hz, house.wishes.form_v = True, 50.1, 231.0
        house.wishes.form_droop_pu, house.wishes.form_v_droop_pu = 0.025, 0.04
        commands = await house.run(1)
        assert commands.form.tolist() == [False, True]
        np.testing.assert_allclose(commands.droop_pu, [0.01, 0.025])
        np.testing.assert_allclose(commands.q_droop_pu, [0.02, 0.04])
    finally:
        await server.stop()


async def test_the_active_set_and_nonsense_are_refused() -> None:
    """Set 1 is read-only; droop beyond 10 %, a fourth set and a curve of 5 points are out of range."""
    server = DeviceServer(1, PlantParams.uniform(1), curves=True)
    (port,) = await server.start()
    client = AsyncModbusTcpClient("127.0.0.1", port=port)
    await client.connect()
    try:
        places = server.battery.map.places
        for model, name, value, code in (
            (705, "Crv[1].ActPt", 4, 2),
            (705, "Crv[2].ReadOnly", 1, 2),
            (705, "Crv[2].ActPt", 5, 3),
            (705, "AdptCrvReq", 4, 3),
            (705, "Ena", 2, 3),
            (64900, "DroopPu", 1001, 3),
            (704, "VarSetMod", 0, 3),
        ):
            answer = await client.write_registers(40000 + places[model, name].at, [value], device_id=2)
            assert (answer.isError(), answer.exception_code) == (True, code), name
    finally:
        client.close()
        await server.stop()


async def test_what_has_no_room_for_them_is_filled_as_ever() -> None:
    async with _served() as (server, _):
        commands = Commands.idle(np.array([4000.0]))
        server.commands(commands)
        assert not hasattr(commands, "battery_var")
        assert commands.droop_pu.tolist() == [0.01]
