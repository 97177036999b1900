"""What the tests of the ladder share: homes whose battery is the slack, by shares of a load or by groups in watts."""

from island_world import Hand, settings

from islet.control.ladder import Ladder
from islet.names import FORMING, GRID, ISLAND, OPENING

SERVED = (1.0, 0.75, 0.35, 0.0)


class Home(Hand):
    """A home whose groups are set by hand (W), with a battery that is the slack, and what else gives."""

    def __init__(self, groups=(350.0, 400.0, 250.0), soc_pu=1.0, **changed):
        Hand.__init__(self)
        self.s = settings(**changed)
        self.ladder = Ladder(self.s)
        self.shed = self.ladder.shed
        self.groups, self.soc_pu = list(groups), soc_pu
        self.pv_w = self.car_w = self.genset_w = 0.0
        self.charges = False  # the battery's charge follows its power
        self.phases = None  # parts of the load on each phase
        self.critical_lost_s = 0.0

    def run(self, state, times=1, dt_ms=100):
        """Step in a state; return the level wished."""
        image = self.image
        for _ in range(times):
            self.see(dt_ms)
            kept = self.groups[: 3 - self.wishes.shed_level]
            load_w = sum(kept) if self.bus[0] else 0.0
            self.critical_lost_s += 0.0 if self.bus[0] and kept else dt_ms / 1000
            battery_w = load_w - self.pv_w - self.car_w - self.genset_w
            image.metered_load_w.set(load_w, self.now_ms)
            image.battery_w.set(battery_w, self.now_ms)
            image.pv_w.set(self.pv_w, self.now_ms)
            image.ev_w.set(self.car_w, self.now_ms)
            image.chp_w.set(self.genset_w, self.now_ms)
            for k in range(3 if self.phases else 0):
                image.phase_load_w[k].set(load_w * self.phases[k], self.now_ms)
            if self.charges:
                self.soc_pu -= (
                    battery_w * dt_ms / 3_600_000 / 6400 / (0.9**0.5 if battery_w > 0 else 1 / 0.9**0.5)
                )
            self.ladder.step(image, self.wishes, state, self.now_ms, dt_ms)
        return self.wishes.shed_level

    def islanded(self):
        """Live on the grid, lose it, form; return the level wished in the first step."""
        self.run(GRID, times=20)
        self.lose_grid()
        level = self.run(OPENING)
        self.run(FORMING)
        self.bus = (230.0, 50.0)
        self.run(ISLAND, times=15)
        return level


class House(Hand):
    """A house whose groups draw their shares of load_w; no cold load, and shares that stay, unless told."""

    def __init__(self, load_w, soc_pu=1.0, **changed):
        Hand.__init__(self)
        changed.setdefault("cold_load_pu", 1.0)
        self.ladder = Ladder(settings(**changed))
        self.shed, self.loads = self.ladder.shed, self.ladder.loads
        self.load_w, self.soc_pu, self.pv_w, self.pv_w_low = load_w, soc_pu, 0.0, 0.0

    def pv_low_wh(self, _epoch_s, span_s):
        """Return an even forecast of PV."""
        return self.pv_w_low * span_s / 3600

    def run(self, state, dt_ms=100, times=1):
        """Step in a state; return the level wished."""
        for _ in range(times):
            self.see(dt_ms)
            served_w = self.load_w * SERVED[self.wishes.shed_level]
            self.image.metered_load_w.set(served_w, self.now_ms)
            self.image.battery_w.set(served_w - self.pv_w, self.now_ms)
            self.ladder.step(self.image, self.wishes, state, self.now_ms, dt_ms, self)
        return self.wishes.shed_level

    def islanded(self):
        """Live on the grid for a while, lose it, form; return the level wished in the first step."""
        self.run(GRID, times=10)
        self.lose_grid()
        level = self.run(OPENING)
        self.run(FORMING)
        self.bus = (230.0, 50.0)
        return level
