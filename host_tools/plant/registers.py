"""The inverters of N buildings on Modbus TCP, a port each: unit 1 PV, unit 2 battery; pymodbus serves."""

import asyncio
from functools import partial
from typing import cast

import numpy as np
from pymodbus.constants import ExcCodes
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from host_tools.plant.params import PlantParams
from host_tools.plant.register_map import BASE
from host_tools.plant.register_unit import Unit
from host_tools.plant.types import Commands, Truth

PV_UNIT = 1
BATTERY_UNIT = 2
PV_MODELS = (1, 101, 120, 123)
BATTERY_MODELS = (1, 701, 702, 704, 713, 64900)
_FORM = 64900
_DROOP_PU = 0.01

# states of model 101 and 701
_ST_OFF, _ST_SLEEPING, _ST_MPPT, _ST_THROTTLED = 1, 2, 4, 5
_INV_OFF, _INV_RUNNING, _INV_FAULT = 0, 3, 6
_READ = (3, 4)
_WRITE = (6, 16)


# writing one of these begins the reversion time anew
_PV_TIMER = ("WMaxLimPct", "WMaxLimPct_RvrtTms", "WMaxLim_Ena")
_BATTERY_TIMER = ("WSetEna", "WSetRvrtTms")


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

    def __init__(self, n: int, ratings: PlantParams) -> None:
        """Ratings are arrays [n]."""
        self._n = n
        self._ratings = ratings
        self.pv = Unit(PV_MODELS, n)
        self.battery = Unit(BATTERY_MODELS, n)
        self._servers: list[ModbusTcpServer] = []
        self._name_plates()
        self._set_up_pv()
        self._set_up_battery()

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
        self._publish_pv(truth)
        self._publish_battery(truth)

    def commands(self, commands: Commands) -> None:
        """Fill what comes by Modbus: battery set-point, PV limit, forming at a frequency and voltage."""
        enabled = self.pv.get(123, "WMaxLim_Ena") == 1
        limit_w = self.pv.get(123, "WMaxLimPct") / 10_000.0 * self._ratings.pv_rated_w
        commands.pv_limit_w = np.where(enabled, limit_w, self._ratings.pv_rated_w)
        commands.battery_enabled = self.battery.get(704, "WSetEna") == 1
        commands.battery_w = self.battery.get(704, "WSet")
        commands.form = self.battery.get(_FORM, "Ena") == 1
        commands.form_hz = self.battery.get(_FORM, "HzSet") / 1000.0
        commands.form_v = self.battery.get(_FORM, "VSet") / 10.0
        commands.droop_pu = self.battery.get(_FORM, "DroopPu") / 10_000.0

    def advance(self, dt_s: float) -> None:
        """Let dt_s of virtual time pass; a command whose reversion time is over falls back."""
        self._advance_pv(dt_s)
        self._advance_battery(dt_s)

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

    def _name_plates(self) -> None:
        for unit, model in ((self.pv, "PV inverter"), (self.battery, "Battery inverter")):
            for name, text in (("Mn", "Islet plant"), ("Md", model), ("Vr", "1"), ("SN", "0")):
                unit.map.put_text(unit.registers, 1, name, text)

    def _set_up_pv(self) -> None:
        pv, rated_w = self.pv, self._ratings.pv_rated_w
        pv.put(101, A_SF=-2, V_SF=-1, W_SF=0, Hz_SF=-2, WH_SF=0, Tmp_SF=0, St=_ST_SLEEPING, Evt1=0, Evt2=0)
        pv.put(120, DERTyp=4, WRtg=rated_w, WRtg_SF=0, VARtg=rated_w, VARtg_SF=0)
        pv.put(123, Conn=1, WMaxLimPct=10_000, WMaxLimPct_SF=-2, WMaxLim_Ena=0, OutPFSet_Ena=0, VArPct_Ena=0)
        pv.put(123, WMaxLimPct_WinTms=0, WMaxLimPct_RvrtTms=0, WMaxLimPct_RmpTms=0)
        pv.restart_on(123, _PV_TIMER)
        pv.allow(123, "WMaxLimPct", 0, 10_000)
        pv.allow(123, "WMaxLimPct_WinTms", 0, 300)
        pv.allow(123, "WMaxLimPct_RvrtTms", 0, 28_800)
        pv.allow(123, "WMaxLimPct_RmpTms", 0, 300)
        pv.allow(123, "WMaxLim_Ena", 0, 1)

    def _set_up_battery(self) -> None:
        battery, rated_w = self.battery, self._ratings.battery_rated_w
        battery.put(701, ACType=0, St=1, ConnSt=1, Alrm=0, A_SF=-2, V_SF=-1, Hz_SF=-3, W_SF=0)
        battery.put(702, WMaxRtg=rated_w, VAMaxRtg=rated_w, WChaRteMaxRtg=rated_w, WDisChaRteMaxRtg=rated_w)
        battery.put(
            702, VNomRtg=self._ratings.v_nominal_v * 10.0, W_SF=0, VA_SF=0, V_SF=-1, IntIslandCatRtg=1
        )
        battery.put(
            704, WSetEna=0, WSetMod=1, WSet=0, WSetRvrt=0, WSetEnaRvrt=0, WSetRvrtTms=0, WSetRvrtRem=0
        )
        battery.put(704, WSet_SF=0)
        battery.put(713, WHRtg=self._ratings.battery_wh, SoH=10_000, Sta=0, WH_SF=0, Pct_SF=-2)
        battery.put(_FORM, Ena=0, HzSet=self._ratings.f0_hz * 1000.0, VSet=self._ratings.v_nominal_v * 10.0)
        battery.put(_FORM, St=1, DroopPu=_DROOP_PU * 10_000.0)
        battery.restart_on(704, _BATTERY_TIMER)
        for name in ("WSetEna", "WSetEnaRvrt"):
            battery.allow(704, name, 0, 1)
        battery.allow(704, "WSetMod", 1, 1)  # watts only
        for name in ("WSet", "WSetRvrt"):
            battery.allow(704, name, -rated_w, rated_w)
        battery.allow(704, "WSetRvrtTms", 0, 0xFFFFFFFE)
        battery.allow(_FORM, "Ena", 0, 1)
        battery.allow(_FORM, "HzSet", 45_000, 65_000)
        battery.allow(_FORM, "VSet", 1000, 2800)

    def _publish_pv(self, truth: Truth) -> None:
        """An inverter without sun or supply says so, and has no measurements, as real ones do."""
        awake = truth.pv_on & (truth.pv_available_w > 0.0) & truth.energised
        held = (self.pv.get(123, "WMaxLim_Ena") == 1) & (truth.pv_w < truth.pv_available_w - 1.0)
        state = np.where(held, _ST_THROTTLED, _ST_MPPT)
        dark = np.where(truth.pv_available_w > 0.0, _ST_OFF, _ST_SLEEPING)
        watt = np.where(awake, truth.pv_w, np.nan)
        volt = np.where(awake, truth.bus_v, np.nan)
        ampere = np.abs(watt) / np.maximum(volt, 1.0)
        self.pv.put(101, W=watt, PhVphA=volt * 10.0, A=ampere * 100.0, AphA=ampere * 100.0)
        self.pv.put(101, Hz=np.where(awake, truth.bus_hz, np.nan) * 100.0, St=np.where(awake, state, dark))

    def _publish_battery(self, truth: Truth) -> None:
        volt = np.where(truth.energised, truth.bus_v, np.nan)
        hz_raw = np.where(truth.energised, truth.bus_hz, np.nan) * 1000.0
        battery_state = truth.battery_state
        running = np.select([battery_state == 0, battery_state == 3], [_INV_OFF, _INV_FAULT], _INV_RUNNING)
        self.battery.put(701, W=truth.battery_w, LNV=volt * 10.0, Hz=hz_raw, InvSt=running)
        self.battery.put(701, A=truth.battery_w / np.maximum(volt, 1.0) * 100.0)
        self.battery.put(713, SoC=truth.soc_pu * 10_000.0, WHAvail=truth.soc_pu * self._ratings.battery_wh)
        self.battery.put(_FORM, St=battery_state.astype(np.float64), Hz=hz_raw)

    def _advance_pv(self, dt_s: float) -> None:
        pv = self.pv
        enabled, limit_s = pv.get(123, "WMaxLim_Ena") == 1, pv.get(123, "WMaxLimPct_RvrtTms")
        over = pv.run_timers(enabled & (limit_s > 0), limit_s, dt_s)
        pv.put(123, WMaxLim_Ena=np.where(over, 0, enabled))

    def _advance_battery(self, dt_s: float) -> None:
        battery = self.battery
        enabled, limit_s = battery.get(704, "WSetEna") == 1, battery.get(704, "WSetRvrtTms")
        over = battery.run_timers(enabled & (limit_s > 0), limit_s, dt_s)
        set_w, revert_w = battery.get(704, "WSet"), battery.get(704, "WSetRvrt")
        battery.put(704, WSet=np.where(over, revert_w, set_w))
        battery.put(704, WSetEna=np.where(over, battery.get(704, "WSetEnaRvrt"), enabled))
        battery.put(704, WSetRvrtRem=battery.left_s)
