"""Drivers and bus task over devices in memory; register values by hand from the SunSpec model definitions."""

import asyncio
import errno

from sunspec_memory import build_map

from islet.base.clock import add_ms
from islet.drivers.battery_inverter import FORMING, BatteryInverter
from islet.drivers.bus import BusTask
from islet.drivers.bus_budget import BACKOFF_MAX_MS
from islet.drivers.modbus import ILLEGAL_VALUE, ModbusError
from islet.drivers.pv_inverter import PvInverter
from islet.drivers.sunspec import SunSpecDevice
from islet.names import COMM, NEVER, NOT_IMPLEMENTED, OK, SUSPECT
from islet.state.image import Image
from islet.state.wishes import Wishes

PV_101, PV_120, PV_123 = 40070, 40122, 40150
BAT_701, BAT_702, BAT_704, BAT_713, BAT_FORM = 40070, 40225, 40277, 40344, 40353
PV_LIMIT = PV_123 + 5
START_MS = (1 << 30) - 5000  # five seconds before the ticks wrap


class Half:
    """A random source that always gives the middle."""

    def random(self) -> float:
        return 0.5


def _pv_map():
    client = build_map(40000, [(1, 66), (101, 50), (120, 26), (123, 24)])
    client.lay(PV_101 + 14, [2500, 0])
    client.lay(PV_101 + 38, [4])
    client.lay(PV_120 + 3, [4000, 0])
    client.lay(PV_123 + 23, [-2 & 0xFFFF])
    return client


def _battery_map():
    client = build_map(40000, [(1, 66), (701, 153), (702, 50), (704, 65), (713, 7), (64900, 8)])
    client.lay(BAT_701 + 4, [3])
    client.lay(BAT_701 + 10, [-1200 & 0xFFFF])
    client.lay(BAT_701 + 17, [0, 49980])
    client.lay(BAT_701 + 115, [-3 & 0xFFFF, 0])
    client.lay(BAT_702 + 2, [5000])
    client.lay(BAT_702 + 45, [0])
    client.lay(BAT_704 + 55, [0])
    client.lay(BAT_713 + 4, [6250])
    client.lay(BAT_713 + 8, [-2 & 0xFFFF])
    client.lay(BAT_FORM + 5, [1])
    return client


class World:
    """One device on one bus; runs coroutines to their end."""

    def __init__(self, client, kind, **options) -> None:
        self.client = client
        self.device = kind(SunSpecDevice(client, 1), **options)
        self.image = Image()
        self.wishes = Wishes()
        self.wishes.pv_limit_w = 4000.0
        self.bus = BusTask(client, [self.device], self.image, self.wishes, Half(), 1000)
        self.now_ms = START_MS

    def run(self, after_ms: int = 0) -> list:
        """Let time pass, poll and flush once; return what was written."""
        self.now_ms = add_ms(self.now_ms, after_ms)
        self.client.writes = []
        asyncio.run(self.bus.poll(self.now_ms))
        asyncio.run(self.bus.flush(self.now_ms))
        return self.client.writes


def test_pv_day_and_night():
    world = World(_pv_map(), PvInverter)
    assert world.image.pv_w.quality == NEVER
    world.run()
    assert world.image.pv_w.value == 2500
    assert world.image.pv_w.quality == OK
    assert world.image.pv_available_w.quality == NEVER  # no model of this device tells
    assert not world.device.asleep
    world.client.lay(PV_101 + 14, [0x8000])
    world.run(1000)
    assert world.image.pv_w.quality == SUSPECT  # producing by its state, yet without a value
    world.client.lay(PV_101 + 38, [2])
    world.run(1000)
    assert world.image.pv_w.quality == NOT_IMPLEMENTED
    assert world.device.asleep
    world.client.lay(PV_101 + 14, [7])
    world.client.lay(PV_101 + 38, [4])
    world.run(1000)
    assert (world.image.pv_w.value, world.image.pv_w.quality) == (7, OK)


def test_pv_limit_is_one_write_and_is_renewed():
    world = World(_pv_map(), PvInverter, reversion_s=60)
    assert world.run() == [(PV_LIMIT, [10000, 0, 0, 0, 0])]  # free at the rating, whatever was left behind
    assert world.run(100_000) == []
    world.wishes.pv_limit_w = 1000.0
    assert world.run(100) == [(PV_LIMIT, [2500, 0, 60, 0, 1])]
    assert world.run(29_900) == []
    assert world.run(100) == [(PV_LIMIT, [2500, 0, 60, 0, 1])]
    world.wishes.pv_limit_w = 1004.0  # within the resolution of 5 W
    assert world.run(100) == []
    world.wishes.pv_limit_w = 1333.3  # 33.3325 %, never rounded up
    assert world.run(100) == [(PV_LIMIT, [3333, 0, 60, 0, 1])]
    world.wishes.pv_limit_w = -1.0
    assert world.run(100) == [(PV_LIMIT, [0, 0, 60, 0, 1])]
    world.wishes.pv_limit_w = 9000.0
    assert world.run(100) == [(PV_LIMIT, [10000, 0, 0, 0, 0])]


def test_pv_without_limit_model_still_measures():
    client = build_map(40000, [(1, 66), (102, 50)])
    client.lay(PV_101 + 14, [900, 0])
    client.lay(PV_101 + 38, [4])
    world = World(client, PvInverter)
    world.wishes.pv_limit_w = 0.0
    assert world.run() == []
    assert world.image.pv_w.value == 900
    assert not world.device.can_limit


def test_battery_measures_with_signs_of_the_house():
    world = World(_battery_map(), BatteryInverter)
    world.run()
    assert world.image.battery_w.value == -1200  # charging
    assert abs(world.image.battery_hz.value - 49.98) < 1e-4
    assert abs(world.image.soc_pu.value - 0.625) < 1e-6
    assert world.device.rated_w == 5000


def test_battery_set_point_has_its_reversion_first():
    world = World(_battery_map(), BatteryInverter, reversion_s=60)
    world.wishes.battery_w = -1500.0
    follow, revert, power = (BAT_FORM + 2, [0]), BAT_704 + 30, BAT_704 + 22
    assert world.run() == [follow, (revert, [1, 0, 60]), (power, [1, 1, 0xFFFF, 0xFA24, 0, 0])]
    world.wishes.battery_w = 2000.0
    assert world.run(100) == [(power, [1, 1, 0, 2000, 0, 0])]
    assert world.run(29_800) == []
    assert world.run(100) == [(revert, [1, 0, 60]), (power, [1, 1, 0, 2000, 0, 0])]
    world.wishes.battery_w = 1e6
    assert world.run(100) == [(power, [1, 1, 0, 5000, 0, 0])]


def test_battery_forms():
    world = World(_battery_map(), BatteryInverter)
    world.wishes.forming, world.wishes.form_hz, world.wishes.form_v = True, 50.0, 230.0
    world.client.lay(BAT_FORM + 5, [2])
    assert world.run() == [(BAT_FORM + 2, [1, 50000, 2300])]
    assert world.device.state == FORMING
    assert world.run(10_000) == []
    world.wishes.form_hz = 50.001
    assert world.run(100) == [(BAT_FORM + 2, [1, 50001, 2300])]
    world.wishes.forming = False
    written = world.run(100)
    assert written[0] == (BAT_FORM + 2, [0])
    assert written[-1] == (BAT_704 + 22, [1, 1, 0, 0, 0, 0])
    world.wishes.forming = True
    assert world.run(100) == [(BAT_FORM + 2, [1, 50001, 2300])]


def test_a_wish_that_changes_during_its_write_is_written_next():
    world = World(_battery_map(), BatteryInverter)
    world.wishes.forming, world.wishes.form_hz, world.wishes.form_v = True, 50.0, 230.0
    world.client.lay(BAT_FORM + 5, [2])
    write = world.client.write

    async def slow(unit, address, values):
        await write(unit, address, values)
        world.wishes.form_hz = 50.2  # control steps meanwhile

    world.client.write = slow
    assert world.run() == [(BAT_FORM + 2, [1, 50000, 2300])]
    world.client.write = write
    assert world.run(100) == [(BAT_FORM + 2, [1, 50200, 2300])]


def test_polls_only_when_due_across_the_wrap_of_ticks():
    world = World(_pv_map(), PvInverter)
    for _ in range(101):
        world.run(100)
    assert world.now_ms < 10_000  # the ticks have wrapped
    assert world.bus.counters()["polls"] == 11
    world.run(60_000)
    assert world.bus.counters()["polls"] == 12


def test_mismatch_is_counted_and_written_again():
    world = World(_pv_map(), PvInverter)
    world.run()
    lay = world.client.lay
    world.client.lay = lambda address, values: None  # accepts and ignores, as some devices do
    world.wishes.pv_limit_w = 1000.0
    for _ in range(3):
        assert world.run(100) == [(PV_LIMIT, [2500, 0, 60, 0, 1])]
    assert world.bus.counters()["mismatches"] == 3
    world.client.lay = lay
    assert len(world.run(100)) == 1
    assert world.run(100) == []
    assert world.bus.counters()["errors"] == 0


def test_a_refused_write_does_not_spoil_what_was_read():
    world = World(_pv_map(), PvInverter)
    world.run()
    write = world.client.write

    async def refuse(unit, address, values):
        world.client.writes.append((address, values))
        raise ModbusError(ILLEGAL_VALUE)

    world.client.write = refuse
    world.wishes.pv_limit_w = 1000.0
    tries = sum(len(world.run(100)) for _ in range(20))
    assert tries == 3  # after 0, 375 and 750 ms more, seen at the next 100 ms
    assert world.bus.counters()["errors"] == 3
    assert world.image.pv_w.quality == OK
    assert world.bus.counters()["polls"] == 3
    world.client.write = write
    assert sum(len(world.run(100)) for _ in range(20)) == 1
    world.wishes.pv_limit_w = 2000.0
    assert len(world.run(100)) == 1


def test_silence_degrades_and_backs_off():
    world = World(_battery_map(), BatteryInverter)
    world.run()
    world.client.broken = errno.ETIMEDOUT
    pauses, last = [], world.now_ms
    for _ in range(4000):
        errors = world.bus.counters()["errors"]
        world.run(100)
        if world.bus.counters()["errors"] > errors:
            pauses.append((world.now_ms - last) & 0x3FFFFFFF)
            last = world.now_ms
    for quantity in (world.image.battery_w, world.image.battery_hz, world.image.soc_pu):
        assert quantity.quality == COMM
    assert world.image.battery_w.value == -1200
    # half to all of 500 ms doubling, here three quarters, seen at the next 100 ms
    assert pauses[1:6] == [400, 800, 1500, 3000, 6000]
    assert 30_000 < max(pauses) <= BACKOFF_MAX_MS


def test_a_lost_connection_is_made_anew_and_everything_written_again():
    world = World(_pv_map(), PvInverter)
    world.wishes.pv_limit_w = 1000.0
    world.run()
    world.client.broken = errno.ECONNRESET
    assert world.run(1000) == []
    assert world.image.pv_w.quality == COMM
    world.client.broken = 0
    reads = len(world.client.reads)
    assert world.run(400) == [(PV_LIMIT, [2500, 0, 60, 0, 1])]
    assert world.client.reads[reads] == (40000, 2)  # discovered again
    assert world.image.pv_w.quality == OK
    assert world.bus.counters()["connects"] == 1


def test_a_silent_device_leaves_the_others_their_rate():
    good, dead = _pv_map(), _battery_map()
    image, wishes = Image(), Wishes()

    class Both:
        """One client, two units: 2 never answers."""

        connected = True
        discarded = 0

        async def connect(self):
            self.connected = True

        def close(self):
            self.connected = False

        async def read(self, unit, address, count):
            if unit == 2:
                raise OSError(errno.ETIMEDOUT, "silent")
            return await good.read(unit, address, count)

        async def write(self, unit, address, values):
            await good.write(unit, address, values)

    client = Both()
    devices = [BatteryInverter(SunSpecDevice(client, 2)), PvInverter(SunSpecDevice(client, 1))]
    bus = BusTask(client, devices, image, wishes, Half(), 1000)
    for k in range(100):
        asyncio.run(bus.poll(add_ms(START_MS, 100 * k)))
    assert bus.members[1].polls == 10
    assert bus.members[1].errors == 0
    assert 3 <= bus.members[0].errors <= 6
    assert image.battery_w.quality == NEVER
    assert dead.reads == []


def test_three_time_outs_in_a_row_reconnect():
    world = World(_pv_map(), PvInverter)
    world.run()
    world.client.broken = errno.ETIMEDOUT
    for _ in range(30):
        world.run(100)
    assert not world.client.connected
    world.client.broken = 0
    world.run(10_000)
    assert world.bus.counters()["connects"] == 1
    assert world.image.pv_w.quality == OK
