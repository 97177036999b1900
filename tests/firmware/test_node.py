"""The node as a whole over made-up windows: what it does when a bus falls silent, a lease lives, a value lies."""

from island_world import settings
from measure_waves import dead, near, sampled, sine

from islet.base.clock import add_ms
from islet.base.lease import Lease
from islet.control.limits import net_load_w
from islet.measure import kernels
from islet.measure.wiring import single_phase
from islet.names import (
    COMM,
    FORMING,
    GRID,
    NOT_IMPLEMENTED,
    OK,
    OPENING,
    OVERRIDE_CLOSE,
    OVERRIDE_NONE,
    R_ENVELOPE,
    R_SELF_CONSUME,
    R_STALE_INPUT,
    STALE,
    SUSPECT,
)
from islet.node import Node
from islet.state.parts import Part, Parts
from islet.state.quantity import Quantity

START_MS = (1 << 30) - 5000
VOLT = 230.0
OPPOSITE = 3.14159265


def window(grid_w, load_w, volt=VOLT):
    """Return 100 ms of a closed contactor with these powers at unity power factor."""
    wave = sine(volt) if volt else dead
    grid = sine(abs(grid_w) / VOLT, phase_rad=0.0 if grid_w >= 0 else OPPOSITE)
    return sampled(wave, wave, grid if grid_w else dead, sine(load_w / VOLT) if load_w else dead)


class Pins:
    closed = True
    level = 0

    def set_contactor(self, closed):
        self.closed = closed

    def open_contactor(self):
        self.closed = False

    def set_shed(self, level):
        self.level = level

    def set_bond(self, closed):
        self.bonded = closed

    def set_genset(self, run):
        self.runs = run


class House:
    """A node whose buses are read by hand; `polled` says whether they still answer. It is the node's inputs, too."""

    override = OVERRIDE_NONE
    sync_relay_ok = bond_closed = genset_live = False
    ats_on_grid = True

    def __init__(self, grid_w=1000.0, load_w=1000.0, **changed):
        self.pins = Pins()
        self.leases = {}
        changed.setdefault("step_max_ms", 0)
        s = settings(**changed)
        self.pv, self.battery, self.car, self.engine = (
            Part(4000.0),
            Part(5000.0),
            Quantity(10_000),
            Quantity(10_000),
        )
        parts = Parts([self.pv], [self.battery], [(self.car, True)], [(self.engine, False)])
        wiring = single_phase(0.2 / 16, 0.05 / 16)
        self.node = Node(s, kernels, wiring, self.pins, self.leases, parts)
        self.window = window(grid_w, load_w)
        self.kept, self.n_sets, self.lost_sets = 0, 360, 0
        self.now_ms = START_MS
        self.polled = True
        self.own_w = None  # what the battery gives of its own accord
        self.pv_w = self.car_w = self.engine_w = 0.0
        self.pv_quality = OK
        self.soc_pu = 0.6
        self.epoch_s = 0

    @property
    def contactor_closed(self):
        return self.pins.closed

    def step(self, dt_ms=100, times=1):
        """Poll, then step; the battery delivers what it was asked."""
        node = self.node
        for _ in range(times):
            self.now_ms = add_ms(self.now_ms, dt_ms)
            if self.polled:
                self.pv.pv_w.set(self.pv_w, self.now_ms, self.pv_quality)
                own_w = self.battery.wishes.battery_w if self.own_w is None else self.own_w
                self.battery.battery_w.set(own_w, self.now_ms)
                self.battery.soc_pu.set(self.soc_pu, self.now_ms)
                self.car.set(self.car_w, self.now_ms)
                self.engine.set(self.engine_w, self.now_ms)
            node.step(self, self.now_ms, dt_ms)
        return node.wishes


def test_silent_bus_the_battery_retreats_by_a_ramp():
    """By hand: 1000 W of load are covered; 10 s after the last answer 5000 W / 10 s is 50 W less a step."""
    house = House()
    wishes = house.step(times=20)
    assert near(wishes.battery_w, 1000.0, 5.0)
    assert wishes.battery_reason == R_SELF_CONSUME
    start_w = wishes.battery_w
    house.polled = False
    house.step(dt_ms=1000, times=10)
    assert near(wishes.battery_w, start_w, 5.0)
    assert wishes.battery_reason == R_SELF_CONSUME
    start_w = wishes.battery_w
    for k in range(1, 4):
        house.step()
        assert wishes.battery_reason == R_STALE_INPUT
        assert near(wishes.battery_w, start_w - 50.0 * k, 0.5)
    house.step(times=20)
    assert wishes.battery_w == 0.0
    assert house.node.image.soc_pu.quality == STALE
    assert house.node.reasons()["why"] == R_STALE_INPUT
    assert house.pins.closed


def test_it_comes_back_with_the_bus():
    house = House()
    house.polled = False
    house.step(times=2)
    assert house.node.wishes.battery_reason == R_STALE_INPUT
    house.polled = True
    wishes = house.step(times=10)
    assert near(wishes.battery_w, 1000.0, 5.0)


def test_export_lease_caps_pv_and_lapses_by_a_ramp():
    """By hand: full battery, 1000 W load. Declared export 3000 W leaves PV 4000 W, the lease of 500 W 1500 W.

    The envelope moves by export_rated_w / 60 s = 100 W a second.
    """
    house = House(grid_w=-3000.0, export_rated_w=6000, default_export_w=3000)
    house.pv_w, house.soc_pu = 4000.0, 1.0
    wishes = house.step(dt_ms=1000, times=3)
    assert near(wishes.pv_limit_w, 4000.0, 15.0)
    house.leases["envelope"] = Lease({"import_w": 9200.0, "export_w": 500.0}, house.now_ms, 60_000)
    house.step(dt_ms=1000, times=10)
    assert near(house.node._export_w.value, 2000.0, 0.1)
    house.step(dt_ms=1000, times=20)
    assert near(house.node.limits.pv_allowed_w, 1500.0, 15.0)
    assert wishes.pv_limit_w <= 1515.0
    assert wishes.pv_reason == R_ENVELOPE
    house.step(dt_ms=1000, times=29)
    assert near(house.node._export_w.value, 500.0, 0.1)  # lives to its last second
    house.step(dt_ms=1000, times=6)
    assert near(house.node._export_w.value, 1100.0, 0.1)  # 60 s are over: six seconds of ramp
    house.step(dt_ms=1000, times=60)  # the limit rises at 4000 W a minute
    assert near(wishes.pv_limit_w, 4000.0, 15.0)


def charging_house():
    """Return a house with a plan to charge now: an hour for nothing, then 23 dear ones, 1000 W all day."""
    house = House(import_rated_w=12_000, default_import_w=8000, price_per_kwh=[0.0] + [1.0] * 23)
    house.epoch_s = 20_000 * 86_400
    house.soc_pu = 0.35
    for slot in range(-96, 0):
        house.node.outlook.load.learn(house.epoch_s + 1800 * slot, 1000.0 + slot % 2)
    house.step()
    while not house.node.outlook.advance(house.epoch_s, house.soc_pu, 64):
        pass
    return house


def test_import_lease_caps_charging_and_lapses_by_a_ramp():
    """By hand: 1000 W load; under a lease of 1500 W import the battery takes 500 W, without it more.

    The envelope moves by import_rated_w / 60 s = 200 W a second.
    """
    house = charging_house()
    wishes = house.step(dt_ms=1000, times=5)
    free_w = wishes.battery_w
    assert free_w < -1000.0
    house.leases["envelope"] = Lease({"import_w": 1500.0, "export_w": 500.0}, house.now_ms, 40_000)
    house.step(dt_ms=1000, times=35)
    assert near(wishes.battery_w, -500.0, 10.0)
    assert wishes.battery_reason == R_ENVELOPE
    house.step(dt_ms=1000, times=4)
    assert near(wishes.battery_w, -500.0, 10.0)
    house.step(dt_ms=1000, times=2)
    assert near(wishes.battery_w, -900.0, 10.0)  # two seconds of ramp
    house.step(dt_ms=1000, times=30)
    assert near(wishes.battery_w, free_w, 10.0)


def test_negative_load_is_a_fault_and_is_not_clipped():
    house = House(grid_w=-1000.0)
    house.step()
    load_w = house.node.image.load_w
    assert load_w.quality == SUSPECT
    assert near(load_w.value, -1000.0, 5.0)
    house = House(grid_w=-30.0)
    house.step()
    assert house.node.image.load_w.quality == OK  # within what meters may miss


def test_pv_asleep_counts_as_zero():
    house = House()
    house.pv_w, house.pv_quality = 777.0, NOT_IMPLEMENTED
    house.step()
    image = house.node.image
    assert (image.pv_w.value, image.pv_w.quality) == (0.0, OK)
    assert image.load_w.quality == OK
    assert near(image.load_w.value, 1000.0, 5.0)
    assert near(image.residual_w.value, 0.0, 5.0)


def test_pv_that_does_not_answer_is_not_zero():
    house = House()
    house.pv_quality = COMM
    house.step()
    assert house.node.image.load_w.quality != OK
    assert house.node.image.residual_w.quality != OK


def test_dead_grid_opens_in_the_same_step():
    house = House()
    house.step(times=3)
    house.window = window(0.0, 0.0, volt=0.0)
    house.step()
    assert not house.pins.closed
    assert house.node.island.state == OPENING


def test_the_fast_path_opens_by_itself_and_the_machine_follows():
    house = House()
    house.step(times=3)
    guard = house.node.guard
    assert guard.armed
    guard.step(sampled(dead, dead, dead, dead), 0, 72)  # 20 ms of a dead grid, before any window is measured
    assert guard.holding
    assert not house.pins.closed
    assert house.node.island.state == GRID
    house.step()
    assert house.node.island.state in (OPENING, FORMING)
    assert house.node.image.guard_open
    house.step()
    assert not guard.armed
    assert not guard.holding  # the machine's own order keeps it open now


def test_the_fast_path_leaves_a_building_alone_whose_transfer_is_not_the_boards():
    for changed in ({"transfer_owner": "inverter"}, {"transfer_owner": "ats"}):
        house = House(**changed)
        house.step()
        assert not house.node.guard.armed
    house = House()
    house.override = OVERRIDE_CLOSE
    house.step()
    assert not house.node.guard.armed


def test_ride_through_has_no_fast_opening():
    guard = House(loss_profile="ride_through", grid_code="ieee1547_2").node.guard
    guard.armed = True
    guard.step(sampled(dead, dead, dead, dead), 0, 72)
    assert guard.suspect
    assert not guard.holding


def test_a_car_and_an_engine_in_the_balance():
    """By hand: grid 1000 W, engine 2000 W beside the load CT, car -1500 W behind it.

    The house takes 1000 + 2000 - 1500 = 1500 W, its load CT sees 3000 W, and grid and battery give 3000 - 2000 W.
    """
    house = House(grid_w=1000.0, load_w=3000.0)
    house.engine_w, house.car_w = 2000.0, -1500.0
    house.step()
    image = house.node.image
    assert near(image.load_w.value, 1500.0, 5.0)
    assert near(image.residual_w.value, 0.0, 10.0)
    assert near(net_load_w(image, house.now_ms), 1000.0, 10.0)
    image.metered_load_w.degrade(COMM)  # without a load CT the same from the others
    assert near(net_load_w(image, house.now_ms), 1000.0, 10.0)


def test_a_silent_charger_leaves_control_and_a_silent_engine_does_not():
    house = House()
    house.step()
    house.car.degrade(COMM)
    house.polled = False
    house.step()
    image = house.node.image
    assert image.load_w.quality != OK
    assert near(net_load_w(image, house.now_ms), 1000.0, 10.0)
    assert house.node.wishes.battery_reason == R_SELF_CONSUME
    house.engine.degrade(COMM)
    house.step()
    assert house.node.wishes.battery_reason == R_STALE_INPUT


def test_a_battery_that_is_only_read_balances_nothing_and_need_not_obey():
    house = House(battery_rated_w=0, battery_wh=0, grid_w=1800.0)
    house.battery.control = False
    house.own_w = -800.0
    house.step(dt_ms=1000, times=100)
    assert house.node.wishes.battery_w == 0.0
    assert house.battery.wishes.battery_w == 0.0
    assert house.node.reasons()["fault"] == "none"
    for _ in range(40):
        house.node.outlook.advance(1_700_000_000, 0.5, 64)
