"""A pymodbus server of register maps for tests: counts what is asked, refuses what is not there, can misbehave."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, cast

from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.server.requesthandler import ServerRequestHandler
from pymodbus.simulator import DataType, SimData, SimDevice

from host_tools.plant.register_map import BASE
from host_tools.plant.register_unit import Unit
from host_tools.plant.registers import port_of

Registers = Mapping[int, int]
WRITES = (5, 6, 15, 16, 22, 23)


@dataclass(frozen=True)
class Request:
    """One request as the server saw it; values None for a read."""

    unit: int
    function: int
    address: int
    count: int
    values: tuple[int, ...] | None
    at_s: float


Hook = Callable[[Request], ExcCodes | None]


class _OneClient(ServerRequestHandler):
    """A second connection is closed as soon as it is there."""

    def callback_connected(self) -> None:
        super().callback_connected()
        if len(self.server.active_connections) > 1:
            self.loop.call_soon(self.close)


class _Server(ModbusTcpServer):
    one_client = False

    def callback_new_connection(self) -> ServerRequestHandler:
        kind = _OneClient if self.one_client else ServerRequestHandler
        return kind(self, self.trace_packet, self.trace_pdu, self.trace_connect)


class MapServer:
    """Units with registers {address: value}; an address not listed gets exception 2, another unit 0x0B."""

    def __init__(
        self, units: Mapping[int, Registers], hook: Hook | None = None, one_client: bool = False
    ) -> None:
        """hook may refuse a request with an exception code before it is carried out."""
        self.requests: list[Request] = []
        self.hook = hook
        self.drops_writes = False
        self.units = {unit: dict(registers) for unit, registers in units.items()}
        self._one_client = one_client
        self._server: _Server | None = None

    async def start(self, address: tuple[str, int] = ("127.0.0.1", 0)) -> int:
        """Listen and return the port."""
        self._server = _Server(self.devices(), address=address)
        self._server.one_client = self._one_client
        await self._server.serve_forever(background=True)
        return port_of(self._server)

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._server:
            await self._server.shutdown()

    async def __aenter__(self) -> tuple["MapServer", int]:
        return self, await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @property
    def writes(self) -> list[Request]:
        """What tried to write."""
        return [one for one in self.requests if one.function in WRITES]

    def devices(self) -> list[SimDevice]:
        """Return the units for pymodbus; also for a server of another kind than TCP."""
        nobody = SimDevice(0, SimData(0, count=65536, datatype=DataType.REGISTERS), action=_nobody)
        return [nobody] + [
            SimDevice(unit, _blocks(registers), action=partial(self._serve, unit))
            for unit, registers in self.units.items()
        ]

    async def _serve(
        self,
        unit: int,
        function: int,
        start: int,
        address: int,
        count: int,
        current: list[int],
        values: list[int] | list[bool] | None,
    ) -> ExcCodes | None:
        written = None if values is None else tuple(int(value) for value in values)
        request = Request(unit, function, address, count, written, time.monotonic())
        if values is None and function in WRITES and function != 23:  # pymodbus reads before it answers
            return None
        self.requests.append(request)
        code = self.hook(request) if self.hook else None
        if code is not None:
            return code
        registers = self.units[unit]
        if written is not None and not self.drops_writes:
            registers.update(zip(range(address, address + count), written, strict=True))
        held = [registers[at] for at in range(address, address + count)]
        current[address - start : address - start + count] = held
        if values is not None:
            values[:] = cast(Any, held)
        return None


def _blocks(registers: Registers) -> list[SimData]:
    """Return the runs of consecutive addresses."""
    runs: list[list[int]] = []
    for address in sorted(registers):
        if runs and runs[-1][-1] == address - 1:
            runs[-1].append(address)
        else:
            runs.append([address])
    return [SimData(run[0], count=len(run), datatype=DataType.REGISTERS) for run in runs]


async def _nobody(*_: object) -> ExcCodes:
    return ExcCodes.GATEWAY_NO_RESPONSE


def registers_of(unit: Unit, base: int = BASE, end: bool = True) -> dict[int, int]:
    """Return the map of a unit's first building; without its end mark if asked."""
    row = unit.registers[0].tolist()
    return {base + i: int(value) for i, value in enumerate(row if end else row[:-2])}


def pv_unit(w: float = 2500.0, state: int = 4, rated_w: float = 4000.0) -> Unit:
    """Return a PV inverter with models 1, 101, 120 and 123 that produces w."""
    unit = Unit((1, 101, 120, 123), 1)
    for name, text in (("Mn", "Acme"), ("Md", "Sun 4"), ("Vr", "1.2"), ("SN", "S-1")):
        unit.map.put_text(unit.registers, 1, name, text)
    unit.put(101, W=w, W_SF=0, A_SF=-2, V_SF=-1, Hz_SF=-2, WH_SF=0, Tmp_SF=0, St=state, Evt1=0, Evt2=0)
    unit.put(101, A=w / 2.3, AphA=w / 2.3, PhVphA=2300, Hz=5001, WH=123456)
    unit.put(120, DERTyp=4, WRtg=rated_w, WRtg_SF=0, VARtg=rated_w, VARtg_SF=0)
    unit.put(123, Conn=1, WMaxLimPct=10_000, WMaxLimPct_SF=-2, WMaxLim_Ena=0, OutPFSet_Ena=0, VArPct_Ena=0)
    unit.put(123, WMaxLimPct_WinTms=0, WMaxLimPct_RvrtTms=0, WMaxLimPct_RmpTms=0)
    return unit
