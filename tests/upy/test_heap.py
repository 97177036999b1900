"""A site with four devices on two lines in a simulated node's heap, 800 KB: room that is left, nothing that grows.

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
    '{"site":"f1","node":"b01","mqtt_host":"127.0.0.1","battery_rated_w":5000,'
    '"battery_wh":6400,"pv_rated_w":4000,"price_per_kwh":[' + "0.1," * 12 + "0.3," * 11 + "0.3]}"
)
DEVICES = (
    '{"lines":[{"name":"bus","kind":"tcp","host":"127.0.0.1"},{"name":"wire","kind":"rtu","device":"/dev/x"}],'
    '"devices":['
    '{"name":"pv","line":"bus","unit":1,"role":"inverter","driver":"sunspec","rated_w":4000},'
    '{"name":"battery","line":"bus","unit":2,"role":"battery","driver":"sunspec","rated_w":5000},'
    '{"name":"oven","line":"wire","unit":3,"role":"meter","driver":"m"},'
    '{"name":"box","line":"wire","unit":4,"role":"charger","driver":"c"}]}'
)
PLACE = ',4,%d,"f32",2,0,1,1,1,0,[],[],0,0,0]'
METER = (
    '{"v":1,"name":"m","role":"meter","unit":1,"most":60,"hole":60,"gap_ms":0,"do":[],"read":['
    + ",".join(
        [
            '["%s"' % name + PLACE % at
            for name, at in (("w", 52), ("v", 0), ("a", 6), ("hz", 70), ("import_wh", 72))
        ]
    )
)
CHARGER = METER.replace('"meter"', '"charger"').replace('"hz"', '"limit_a"').replace("import_wh", "total_wh")


class Hardware:
    """What a board hands in, without a board; nothing here connects, for no round of bus or link is asked for."""

    erases = True
    metering = None

    def __init__(self):
        from hal import kernels_viper
        from hal.store import Store

        self.store = Store(HOME)
        self.store.save("settings.json", SETTINGS.encode())
        self.store.save("devices.json", DEVICES.encode())
        self.store.save("profile_m", METER.encode() + b"]}")
        self.store.save("profile_c", CHARGER.encode() + b"]}")
        self.store.save("key", bytes(32))
        self.kernels = kernels_viper
        self.outputs = self.random = self
        self.contactor_closed = True
        self.kept, self.n_sets, self.lost_sets = 0, 360, 0
        self.override = 0
        self.sync_relay_ok = self.bond_closed = self.genset_live = False
        self.ats_on_grid = True
        self.epoch_s = 20_000 * 86_400
        self.lockstep = False

    def ticks_ms(self):
        return 0

    async def sleep_ms(self, span_ms):
        return None

    def wiring(self, v_nominal_v, f0_hz):
        from islet.measure.wiring import single_phase

        return single_phase(0.2 / 16, 0.05 / 16, v_nominal_v=v_nominal_v, f0_hz=f0_hz)

    def set_contactor(self, closed):
        self.contactor_closed = closed

    def open_contactor(self):
        self.contactor_closed = False

    def attach(self, guard):
        self.guard = guard

    def set_shed(self, level):
        self.level = level

    def set_bond(self, closed):
        self.bonded = closed

    def set_genset(self, run):
        self.runs = run

    def stream(self, host, port):
        from hal.net import TcpStream

        return TcpStream(host, port, lambda: 0)

    def serial(self, device, baud, parity, stop_bits):
        from hal.serial import SerialPort

        return SerialPort(device, lambda: 0, baud)

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
    pv, battery = [one.part for one in site.hookup.bound[:2]]
    power = site.hookup.bound[3].device.readings["w"]
    for k in range(steps):
        now_ms = (now_ms + 100) & TICK_MASK
        hw.epoch_s += k % 10 == 0
        pv.pv_w.set(0.0, now_ms)
        battery.battery_w.set(battery.wishes.battery_w, now_ms)
        battery.soc_pu.set(0.5, now_ms)
        power.set(-7000.0, now_ms)
        hw.guard.step(hw.window, 0, 360)
        site.step(hw, now_ms, 100)
        site.tend()
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
