"""Limits by phase by hand: a main fuse of 25 A, 230 V; heat is the integral of (i/In)^2 - 1.05^2 over seconds."""

from island_world import Hand, settings

from islet.control.fuse import Heat
from islet.control.limits import NO_LIMIT_W
from islet.control.phases import NO_LIMIT_A, Phases
from islet.names import GRID, ISLAND, R_MAIN_FUSE, R_NONE, STALE


class Board(Hand):
    """A distribution board whose currents are set by hand; None for a phase without an input."""

    def __init__(self, grid_a=(10.0, 10.0, 10.0), load_w=(None, None, None), **changed):
        Hand.__init__(self)
        changed.setdefault("main_fuse_a", 25)
        self.phases = Phases(settings(**changed))
        self.grid_a, self.load_w, self.sign = list(grid_a), list(load_w), 1.0
        self.battery_w, self.pv_w, self.group_a = 0.0, 0.0, 5.0
        self.helps = False  # the battery does as it is told

    def run(self, seconds, state=GRID, dt_ms=100):
        """Let seconds pass and return the phases."""
        image = self.image
        for _ in range(int(seconds * 1000 / dt_ms + 0.5)):
            self.see(dt_ms)
            image.contactor_closed = state == GRID
            if self.helps and self.phases.battery_lo_w > -NO_LIMIT_W:
                self.battery_w = self.phases.battery_lo_w
            for k in range(3):
                if self.grid_a[k] is not None:
                    amps = self.grid_a[k] - (self.battery_w / 690.0 if self.helps else 0.0)
                    image.phase_grid_a[k].set(amps, self.now_ms)
                    image.phase_grid_w[k].set(self.sign * 230.0 * amps, self.now_ms)
                if self.load_w[k] is not None:
                    image.phase_load_w[k].set(self.load_w[k], self.now_ms)
            image.battery_w.set(self.battery_w, self.now_ms)
            image.pv_w.set(self.pv_w, self.now_ms)
            self.phases.step(image, state, self.group_a, self.now_ms, dt_ms)
        return self.phases


def until(board, what, most_s=200.0):
    """Return the seconds until what(phases) is true."""
    spent_ms = 0
    while not what(board.run(0.1)):
        spent_ms += 100
        assert spent_ms < most_s * 1000
    return spent_ms / 1000


def test_heat_by_hand():
    # at 1.45: 2.1025 - 1.1025 = 1.0 a second; at 2.55: 5.4; at 1.13: 0.1744
    for current_pu, rate in ((1.45, 1.0), (2.55, 5.4), (1.13, 0.1744)):
        heat = Heat()
        for _ in range(20):
            heat.step(current_pu, 100)
        assert abs(heat.value - 2 * rate) < 1e-3, current_pu


def test_heat_falls_and_is_bounded():
    heat = Heat()
    heat.step(10.0, 60_000)
    assert heat.value == 24.0
    heat.step(0.0, 10_000)
    assert abs(heat.value - (24.0 - 11.025)) < 1e-3
    heat.step(0.0, 60_000)
    assert heat.value == 0.0


def test_a_fuse_is_never_acted_on_below_its_margin():
    board = Board((26.0, 20.0, 20.0))  # 1.04
    phases = board.run(3600, dt_ms=1000)
    assert (phases.heat, phases.ev_stop, phases.reason) == (0.0, False, R_NONE)


def test_a_motor_start_passes():
    board = Board((75.0, 10.0, 10.0))  # 3 times for 0.4 s: 0.4 * (9 - 1.1025) = 3.2
    assert not board.run(0.4).ev_stop
    board.grid_a[0] = 10.0
    assert not board.run(10).ev_stop


def test_cars_first_then_the_battery_then_groups():
    # at 1.45: after 4, 8 and 16 s, while IEC 60898-1 lets a breaker hold for up to an hour
    board = Board((10.0, 36.25, 10.0))
    assert abs(until(board, lambda p: p.ev_stop) - 4.0) < 0.25
    assert board.phases.battery_lo_w == -NO_LIMIT_W
    assert board.phases.reason == R_MAIN_FUSE
    assert abs(until(board, lambda p: p.battery_lo_w > -NO_LIMIT_W) - 4.0) < 0.25
    assert board.phases.grid_level == 0
    assert abs(until(board, lambda p: p.grid_level == 1) - 8.0) < 0.25


def test_far_beyond_the_rating_all_goes_within_three_seconds():
    # at 2.55, where a breaker opens after 1 to 60 s: 16 / 5.4 = 2.96 s
    board = Board((63.75, 10.0, 10.0))
    assert abs(until(board, lambda p: p.grid_level == 1) - 2.96) < 0.2
    assert board.phases.ev_stop


def test_the_battery_brings_the_worst_phase_under_the_fuse():
    # 36.25 A to 0.95 * 25 = 23.75 A: 12.5 A on each of three phases are 8625 W, of a battery that has 10 kW
    board = Board((36.25, 20.0, 20.0), battery_rated_w=10_000)
    board.helps = True
    phases = board.run(60)
    assert abs(phases.battery_lo_w - 8625.0) < 20.0
    assert phases.grid_level == 0
    board.grid_a[0] = 10.0
    phases = board.run(60)
    assert (
        abs(phases.battery_lo_w + 2587.5) < 20.0
    )  # it may charge with the 3.75 A that the other two have left
    board.grid_a[:] = [2.0, 2.0, 2.0]
    phases = board.run(60)
    assert phases.battery_lo_w == -NO_LIMIT_W  # 21.75 A are 15 kW: more than it can charge with


def test_a_battery_that_is_too_small_leaves_the_rest_to_the_groups():
    board = Board((36.25, 20.0, 20.0))  # 5 kW: 7.2 A of the 12.5, so 29 A or 1.16 are left
    board.helps = True
    phases = board.run(100)
    assert phases.battery_lo_w == 5000.0
    assert phases.grid_level == 1


def test_groups_come_back_when_they_fit_on_the_worst_phase():
    board = Board((40.0, 10.0, 10.0))
    board.run(30)
    assert board.phases.grid_level == 1
    board.grid_a[0], board.group_a = 15.0, 10.0  # 25 A are more than 23.75
    assert board.run(200).grid_level == 1
    board.group_a = 8.0
    assert board.run(1).grid_level == 0


def test_cars_come_back_after_the_minimum_off_time_with_what_is_left():
    board = Board((40.0, 10.0, 10.0))
    until(board, lambda p: p.ev_stop)
    board.grid_a[0] = 12.0
    assert board.run(295, dt_ms=1000).ev_stop
    phases = board.run(10, dt_ms=1000)
    assert not phases.ev_stop
    assert 11.7 <= phases.ev_limit_a <= 14.0  # 23.75 - 12, and a little more each second
    board.grid_a[0] = 21.0  # the car takes 9: 2.75 A are left
    before_a = phases.ev_limit_a
    board.run(1)
    assert abs(phases.ev_limit_a - before_a - 2.75 / 30) < 0.02
    board.grid_a[0] = 25.5  # above what is aimed at: less for the car, but not nothing
    board.run(200, dt_ms=1000)
    assert phases.ev_limit_a == 6.0
    board.grid_a[0] = 5.0
    board.run(200, dt_ms=1000)
    assert phases.ev_limit_a == NO_LIMIT_A  # it does not matter any more


def test_cars_that_overload_it_again_wait_longer():
    board = Board((40.0, 10.0, 10.0))
    until(board, lambda p: p.ev_stop)
    board.grid_a[0] = 10.0
    board.run(330, dt_ms=1000)
    assert not board.phases.ev_stop
    board.grid_a[0] = 40.0
    until(board, lambda p: p.ev_stop)
    board.grid_a[0] = 10.0
    assert board.run(580, dt_ms=1000).ev_stop  # 600 s now
    assert not board.run(30, dt_ms=1000).ev_stop


def test_export_that_heats_the_fuse_stops_no_car_and_holds_the_battery_back():
    board = Board((36.25, 10.0, 10.0))
    board.sign, board.battery_w, board.pv_w = -1.0, 2000.0, 9000.0
    phases = board.run(10)
    assert not phases.ev_stop
    assert phases.battery_lo_w == -NO_LIMIT_W
    assert phases.battery_hi_w < 2000.0
    assert phases.pv_cap_w == NO_LIMIT_W
    phases = board.run(10)
    assert phases.grid_level == 0
    assert abs(phases.pv_cap_w - (9000.0 - 12.5 * 230.0 * 3)) < 1.0  # 375 W: at last PV is cut


def test_off_the_grid_and_without_a_fuse_nothing_is_held():
    for board, state in (
        (Board((60.0, 10.0, 10.0)), ISLAND),
        (Board((60.0, 10.0, 10.0), main_fuse_a=0), GRID),
    ):
        phases = board.run(30, state)
        assert (phases.heat, phases.ev_stop, phases.grid_level) == (0.0, False, 0)
        assert phases.reason == R_NONE
    board = Board((60.0, 10.0, 10.0))
    board.run(30)
    assert board.phases.grid_level == 1
    phases = board.run(0.1, ISLAND)
    assert (phases.grid_level, phases.ev_stop, phases.battery_lo_w) == (0, False, -NO_LIMIT_W)


def test_a_single_phase_has_one_fuse():
    board = Board((36.25, None, None), battery_rated_w=5000)
    board.run(8.5)
    old_w = board.phases.battery_lo_w
    board.run(0.1)
    assert abs(board.phases.battery_lo_w - old_w - 0.025 * 12.5 * 230.0) < 0.5  # one phase: 72 W a step


def test_a_blind_phase_keeps_its_heat():
    board = Board((36.25, None, None))
    board.run(5)
    heat = board.phases.heat
    board.grid_a[0] = None
    board.image.phase_grid_a[0].degrade(STALE)
    phases = board.run(60)
    assert phases.heat == heat
    assert phases.ev_stop


def test_the_inverter_s_share_of_a_phase():
    board = Board(load_w=(1000.0, 1500.0, 200.0), battery_rated_w=9000)
    phases = board.run(0.1)
    assert (phases.count, phases.worst_w, phases.known) == (3, 1500.0, True)
    assert phases.rated_w() == 3000.0
    board = Board(load_w=(1000.0, 1500.0, 200.0), battery_rated_w=9000, phase_rated_w=4000)
    assert board.run(0.1).rated_w() == 4000.0
    board = Board(load_w=(1000.0, None, None))
    phases = board.run(0.1)
    assert not phases.known  # the total says it all
    assert phases.rated_w() == 5000.0
