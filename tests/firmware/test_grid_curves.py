"""A device's own curves brought into force in small steps; registers in memory that adopt as models 705 to 712 say.

Offsets by hand: Ena 2, request 3, result 4. 705: NPt 5, NCrv 6, RvrtCrv 11, V_SF 12, DeptRef_SF 13, RspTms_SF 14,
sets of 10 + 2 * 4 registers from 15, ReadOnly at 9. 712: NPt 5, NCrv 6, RvrtCrv 11, W_SF 12, DeptRef_SF 13.
"""

import asyncio
import errno

from der_world import MISSING
from island_world import settings
from sunspec_memory import MARK, Registers

from islet.base.clock import add_ms
from islet.drivers.grid_curves import GridCurves, wanted
from islet.drivers.modbus import ModbusError
from islet.drivers.sunspec import SunSpecDevice
from islet.drivers.sunspec_curves import FREQ_DROOP, VOLT_VAR, VOLT_WATT, WATT_VAR

BASE = 40_000
AT = BASE + 2 + 68
SETS, POINTS, FIRST = 3, 4, 15
SIZE = 10 + 2 * POINTS


class Device(Registers):
    """Models 1 and 705; adopts a requested set when the result is read."""

    def __init__(self, model: int = VOLT_VAR, points: int = POINTS) -> None:
        Registers.__init__(self, {})
        self.size = 10 + 2 * points
        self.model = model
        self.refuse = False
        self.outcome = 1
        self.points = points
        self.reset()

    def reset(self) -> None:
        self.wanted = 0
        length = FIRST - 2 + SETS * self.size
        head = [self.model, length, 0, 0, 1, self.points, SETS, 0, 0, 0, 0, 0, -2 & 0xFFFF, -2 & 0xFFFF, 0]
        sets = [int(at == 0 and k == 9) for at in range(SETS) for k in range(self.size)]
        self.lay(BASE, MARK + [1, 66] + [0] * 66 + head + sets + [0xFFFF, 0])

    async def write(self, unit: int, address: int, values: list) -> None:
        if self.refuse:
            raise ModbusError(4)
        await Registers.write(self, unit, address, values)
        if address == AT + 3:
            self.wanted = values[0]
            self.registers[AT + 4] = 0

    async def read(self, unit: int, address: int, count: int):
        if self.wanted and address <= AT + 4 < address + count:
            first, chosen = AT + FIRST, AT + FIRST + (self.wanted - 1) * self.size
            for k in range(self.size):
                if k != 9 and self.outcome == 1:
                    self.registers[first + k] = self.registers[chosen + k]
            self.registers[AT + 4] = self.outcome
            self.wanted = 0
        return await Registers.read(self, unit, address, count)


class World:
    def __init__(self, device: Device, rows: tuple) -> None:
        self.client = device
        self.device = SunSpecDevice(device, 1)
        asyncio.run(self.device.discover())
        self.curves = GridCurves(self.device, rows)
        self.curves.start()
        self.now_ms = (1 << 30) - 3000

    def run(self, times: int, dt_ms: int = 1000) -> GridCurves:
        for _ in range(times):
            self.now_ms = add_ms(self.now_ms, dt_ms)
            asyncio.run(self.curves.step(self.now_ms))
        return self.curves

    def active(self) -> list:
        return [self.client.registers[AT + FIRST + k] for k in range(self.client.size)]


def volt_var_rows() -> tuple:
    return wanted(settings(volt_var="b"))


def test_what_settings_want():
    assert wanted(settings()) == ()
    rows = dict(wanted(settings(volt_var="b", volt_watt="on", grid_code="ieee1547_3")))
    assert sorted(rows) == [VOLT_VAR, VOLT_WATT, FREQ_DROOP, WATT_VAR]
    assert rows[WATT_VAR] == ()  # off
    values = dict(rows[VOLT_VAR])
    assert (values["ActPt"], values["DeptRef"], values["RspTms"]) == (4, 3, 5.0)
    assert (values["Pt[1].V"], values["Pt[1].Var"], values["Pt[4].Var"]) == (92.0, 44.0, -44.0)
    assert dict(rows[FREQ_DROOP])["DbOf"] == 0.036
    assert dict(dict(wanted(settings(grid_code="en50549")))[FREQ_DROOP])["DbOf"] == 0.2


def test_a_curve_is_written_adopted_verified_and_then_left_alone():
    """Category B in hundredths of a percent: 92 % and 44 % are 9200 and 4400."""
    world = World(Device(), volt_var_rows())
    assert not world.curves.own
    world.run(8)
    assert world.active() == [
        4, 3, 1, 10_000, 0, 0, 0, 0, 5, 1,
        9200, 4400, 9800, 0, 10_200, 0, 10_800, -4400 & 0xFFFF,
    ]  # fmt: skip
    assert world.client.registers[AT + 2] == 1
    assert world.curves.own
    assert (world.curves.adopted, world.curves.lost, world.curves.failures) == (1, 0, 0)
    written = len(world.client.writes)
    world.run(200)
    assert len(world.client.writes) == written


def test_one_that_holds_them_already_gets_nothing():
    world = World(Device(), volt_var_rows())
    world.run(8)
    world.client.writes.clear()
    world.curves.start()  # the node has restarted
    assert not world.curves.own
    world.run(2)
    assert world.curves.own
    assert world.client.writes == []


def test_a_device_that_restarted_gets_them_again_and_it_is_counted():
    world = World(Device(), volt_var_rows())
    world.run(8)
    world.client.reset()
    world.run(70)
    assert world.curves.own
    assert (world.curves.adopted, world.curves.lost) == (2, 1)
    assert world.client.registers[AT + 2] == 1


def test_no_step_holds_up_the_line():
    """None reads or writes more than a handful of times; the result is read 2 s after the request."""
    world = World(Device(), volt_var_rows())
    for _ in range(8):
        before = len(world.client.reads) + len(world.client.writes)
        world.run(1)
        assert len(world.client.reads) + len(world.client.writes) - before <= 14


def test_refusals_are_counted_and_tried_again_after_5_minutes():
    world = World(Device(), volt_var_rows())
    world.client.refuse = True
    world.run(250)
    assert (world.curves.own, world.curves.failures) == (False, 1)
    world.client.refuse = False
    world.run(70)
    assert world.curves.own
    for outcome in (2, 0):  # failed, and in progress for ever
        world = World(Device(), volt_var_rows())
        world.client.outcome = outcome
        world.run(20)
        assert (world.curves.own, world.curves.adopted, world.curves.failures) == (False, 0, 1)
        assert world.client.registers[AT + 2] == 0


def test_too_few_points_and_points_that_are_optional():
    world = World(Device(points=2), volt_var_rows())
    assert not world.run(20).own
    assert world.curves.failures == 1
    device = Device()
    for at in range(SETS):
        device.registers[AT + FIRST + at * SIZE + 2] = MISSING  # Pri
        device.registers[AT + FIRST + at * SIZE + 3] = MISSING  # VRef
    world = World(device, volt_var_rows())
    assert world.run(8).own
    assert world.active()[2:4] == [MISSING, MISSING]


def test_what_excludes_volt_var_is_put_out_of_force():
    world = World(Device(WATT_VAR), volt_var_rows())
    world.client.registers[AT + 2] = 1
    world.run(3)
    assert world.client.registers[AT + 2] == 0
    assert not world.curves.own  # it has no volt-var


def silence(world: World) -> OSError:
    try:
        world.run(1)
    except OSError as error:
        return error
    raise AssertionError("the silence was hidden")


def test_a_device_that_does_not_answer_is_the_bus_tasks_to_know():
    world = World(Device(), volt_var_rows())
    world.client.broken = errno.ETIMEDOUT
    assert silence(world).errno == errno.ETIMEDOUT
    assert world.curves.failures == 0
