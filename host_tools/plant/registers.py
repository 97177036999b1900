"""The inverters of N buildings on Modbus TCP, a port each: unit 1 PV, unit 2 battery; pymodbus serves."""

import asyncio
from functools import partial
from typing import cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from host_tools.plant.params import PlantParams
from host_tools.plant.register_devices import BatteryDevice, PvDevice, fill
from host_tools.plant.register_map import BASE
from host_tools.plant.register_unit import Unit
from host_tools.plant.types import Bools, Commands, Truth

PV_UNIT = 1
BATTERY_UNIT = 2
_READ = (3, 4)
_WRITE = (6, 16)


async def _serve(
    unit: Unit,
    building: int,
    function: int,
    start: int,
    address: int,
    count: int,
    current: list[int],
    values: list[int] | list[bool] | None,
) -> ExcCodes | None:
    """Answer pymodbus: refresh the registers about to be read, or take a write."""
    at = address - start
    if values is None and function in _READ + _WRITE:
        current[at : at + count] = unit.registers[building, at : at + count].tolist()
        return None
    if function not in _WRITE:
        return ExcCodes.ILLEGAL_FUNCTION
    return unit.write(building, at, [int(value) for value in values or ()])


async def _nobody(*_request: object) -> ExcCodes:
    """Answer for a unit that does not exist, as a gateway does."""
    return ExcCodes.GATEWAY_NO_RESPONSE


def port_of(server: ModbusTcpServer) -> int:
    """Return the port on which a pymodbus server listens."""
    # pymodbus declares the transport of a listening server as a stream; it is asyncio's server
    listening = cast(asyncio.Server, server.transport)
    return int(listening.sockets[0].getsockname()[1])


class DeviceServer:
    """Devices of n buildings on loopback: publish() shows them the truth, commands() tells what was asked."""

    def __init__(self, n: int, ratings: PlantParams, curves: bool = False) -> None:
        """Ratings are arrays [n]; curves: the battery inverters have grid-support curves of their own."""
        self._n = n
        self._devices_pv = PvDevice(n, ratings)
        self._devices_battery = BatteryDevice(n, ratings, curves)
        self.pv = self._devices_pv.unit
        self.battery = self._devices_battery.unit
        self._servers: list[ModbusTcpServer] = []
        for unit, model in ((self.pv, "PV inverter"), (self.battery, "Battery inverter")):
            for name, text in (("Mn", "Islet plant"), ("Md", model), ("Vr", "1"), ("SN", "0")):
                unit.map.put_text(unit.registers, 1, name, text)

    async def start(self) -> list[int]:
        """Listen on n free ports of 127.0.0.1 and return them in the order of the buildings."""
        for building in range(self._n):
            server = ModbusTcpServer(self._devices(building), address=("127.0.0.1", 0))
            await server.serve_forever(background=True)
            self._servers.append(server)
        return [port_of(server) for server in self._servers]

    async def stop(self) -> None:
        """Close all ports and connections."""
        for server in self._servers:
            await server.shutdown()  # type: ignore[no-untyped-call]
        self._servers = []

    def publish(self, truth: Truth) -> None:
        """Show the devices what is true now; only points that change are written."""
        self._devices_pv.publish(truth)
        self._devices_battery.publish(truth)

    def commands(self, commands: Commands) -> None:
        """Fill what comes by Modbus: set-points, PV limit, forming; reactive power and curves where it has them."""
        fill(commands, self._devices_pv, self._devices_battery)

    def advance(self, dt_s: float) -> None:
        """Let dt_s of virtual time pass; a command whose reversion time is over falls back."""
        self._devices_pv.advance(dt_s)
        self._devices_battery.advance(dt_s)

    def restart(self, where: Bools) -> None:
        """Let the devices of these buildings start anew: they forget what was written to them."""
        self._devices_pv.restart(where)
        self._devices_battery.restart(where)

    def _devices(self, building: int) -> list[SimDevice]:
        nobody = SimDevice(0, SimData(BASE, count=2, datatype=DataType.REGISTERS), action=_nobody)
        return [nobody] + [
            SimDevice(
                number,
                SimData(BASE, count=unit.map.length, datatype=DataType.REGISTERS),
                action=partial(_serve, unit, building),
            )
            for number, unit in ((PV_UNIT, self.pv), (BATTERY_UNIT, self.battery))
        ]
