"""A whole site in the heap of a simulated node, 500 KB: room that is left, and nothing that grows.

MicroPython only. Words have 64 bits here; on a board the same things take about half.
"""

import gc
import os
import sys

START_MS = (1 << 30) - 5000
TICK_MASK = (1 << 30) - 1
FREE_BYTES = 80 * 1024
GROWN_BYTES = 512  # less than a byte for every other step
WARM_STEPS = 700
STEPS = 2000
HOME = "build/test_heap"
SETTINGS = (
    '{"site":"f1","node":"b01","bus_host":"127.0.0.1","mqtt_host":"127.0.0.1","battery_rated_w":5000,'
    '"battery_wh":6400,"pv_rated_w":4000,"price_per_kwh":[' + "0.1," * 12 + "0.3," * 11 + "0.3]}"
)


class Hardware:
    """What a board hands in, without a board; nothing here connects, for no round of bus or link is asked for."""

    def __init__(self):
        from hal import kernels_viper
        from hal.store import Store

        self.store = Store(HOME)
        self.store.save("settings.json", SETTINGS.encode())
        self.store.save("key", bytes(32))
        self.kernels = kernels_viper
        self.outputs = self.random = self
        self.contactor_closed = True
        self.kept, self.n_sets, self.lost_sets = 0, 360, 0
        self.epoch_s = 20_000 * 86_400

    def wiring(self, v_nominal_v, f0_hz):
        from islet.measure.wiring import single_phase

        return single_phase(0.2 / 16, 0.05 / 16, v_nominal_v=v_nominal_v, f0_hz=f0_hz)

    def set_contactor(self, closed):
        self.contactor_closed = closed

    def set_shed(self, level):
        self.level = level

    def stream(self, host, port):
        from hal.net import TcpStream

        return TcpStream(host, port, lambda: 0)

    def mqtt(self, host, port, client_id):
        from hal.mqtt import MqttClient

        return MqttClient(host, port, client_id)


def square_wave():
    """Return 100 ms of 50 Hz on all channels."""
    from array import array

    window = array("H", bytes(2 * 4 * 360))
    for k in range(len(window)):
        window[k] = 48_000 if k // 144 % 2 == 0 else 16_000
    return window


def clean():
    """Empty the node's home."""
    for folder in ("build", HOME):
        try:
            os.mkdir(folder)
        except OSError:
            continue
    for name in os.listdir(HOME):
        os.remove(HOME + "/" + name)


def live(site, hw, steps, now_ms):
    """Run the cycle as tasks do: bus values by hand, step, a slice of the plan; return the tick it ends at."""
    image = site.node.image
    for k in range(steps):
        now_ms = (now_ms + 100) & TICK_MASK
        hw.epoch_s += k % 10 == 0
        image.pv_w.set(0.0, now_ms)
        image.battery_w.set(site.node.wishes.battery_w, now_ms)
        image.soc_pu.set(0.5, now_ms)
        site.step(hw, now_ms, 100)
        site.plan()
    return now_ms


def test_a_site_leaves_room_and_does_not_grow():
    clean()
    before = set(sys.modules)
    import boot  # as a board starts: it keeps the heap in one piece while modules load
    from islet import app

    boot.board.safe()
    assert app.run is not None
    assert len(set(sys.modules) - before) > 40
    hw = Hardware()
    hw.window = square_wave()
    from islet.site import Site

    site = Site(hw)
    gc.collect()
    gc.threshold(-1)  # as app.py does
    assert gc.mem_free() > FREE_BYTES, gc.mem_free()
    now_ms = live(site, hw, WARM_STEPS, START_MS)
    site.outbox.spill()  # messages wait in flash
    gc.collect()
    at_first, left = gc.mem_alloc(), gc.mem_free()
    live(site, hw, STEPS, now_ms)
    site.outbox.spill()
    gc.collect()
    assert gc.mem_alloc() - at_first < GROWN_BYTES, gc.mem_alloc() - at_first
    assert left > FREE_BYTES, left
    assert site.node.outlook.planned >= 1
    assert site.reports.seq >= 4  # 270 s, a report a minute
    print("heap: %d bytes free of %d" % (left, left + at_first))
