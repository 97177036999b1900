"""Balance: grid power lands in the intent's band, in one step, whatever the forecast said."""

from islet.control.balance import Balance
from islet.control.band import Band
from islet.names import COMM, R_IDLE, R_NO_PLAN, R_PEAK_SHAVE, R_RESERVE, R_SELF_CONSUME, R_STALE_INPUT
from islet.plan.intent import Intent
from islet.state.image import Image
from islet.state.wishes import Wishes


class Settings:
    battery_rated_w = 5000.0


class Rig:
    def __init__(self, load_w, pv_w=0.0):
        self.image, self.wishes, self.band, self.intent = Image(), Wishes(), Band(), Intent()
        self.image.metered_load_w.set(load_w, 0)
        self.image.pv_w.set(pv_w, 0)
        self.image.apart_w.set(0.0, 0)
        self.image.feeder_w.set(0.0, 0)
        self.image.soc_pu.set(0.5, 0)
        self.band.reset(-5000.0, 5000.0)
        self.balance = Balance(Settings)

    def step(self, dt_ms=100, now_ms=0):
        self.balance.step(self.image, self.wishes, self.band, self.intent, now_ms, dt_ms)
        return self.wishes.battery_w, self.wishes.battery_reason


def test_without_a_plan_own_energy_is_used_first():
    assert Rig(1200.0, 300.0).step() == (900.0, R_SELF_CONSUME)
    assert Rig(300.0, 1200.0).step() == (-900.0, R_SELF_CONSUME)
    assert Rig(300.0, 300.0).step() == (0.0, R_NO_PLAN)


def test_grid_is_brought_to_the_nearer_edge():
    for load_w, battery_w in ((3000.0, 1000.0), (1200.0, 0.0), (100.0, -400.0)):
        rig = Rig(load_w)
        rig.intent.set(500.0, 2000.0)
        assert rig.step()[0] == battery_w


def test_reasons_follow_the_intent():
    rig = Rig(3000.0)
    rig.intent.set(500.0, 2000.0)
    assert rig.step()[1] == R_PEAK_SHAVE
    rig.image.metered_load_w.set(1000.0, 0)
    assert rig.step() == (0.0, R_IDLE)


def test_band_decides_over_the_intent_and_says_so():
    rig = Rig(3000.0)
    rig.band.shrink(-5000.0, 800.0, R_RESERVE)
    assert rig.step() == (800.0, R_RESERVE)


def test_same_input_same_answer():
    rig = Rig(3000.0)
    first = rig.step()
    for _ in range(50):
        assert rig.step() == first


def test_lost_input_ramps_to_zero_in_ten_seconds_from_the_rating():
    for lost in ("pv_w", "soc_pu", "metered_load_w"):
        rig = Rig(6000.0)
        assert rig.step()[0] == 5000.0
        getattr(rig.image, lost).degrade(COMM)
        assert rig.step(1000) == (4500.0, R_STALE_INPUT)
        assert rig.step(60_000) == (0.0, R_STALE_INPUT)
        assert rig.step(100) == (0.0, R_STALE_INPUT)


def test_lost_input_while_charging_rises_to_zero():
    rig = Rig(0.0, 4000.0)
    assert rig.step()[0] == -4000.0
    rig.image.pv_w.degrade(COMM)
    assert rig.step(1000)[0] == -3500.0


def test_old_reading_counts_as_lost():
    rig = Rig(2000.0)
    rig.step()
    assert rig.step(60_000, 10_001) == (0.0, R_STALE_INPUT)
