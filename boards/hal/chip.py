"""What all boards with a chip share: files, clock, lines, network, watchdog, the record of how the node stands."""

import asyncio
import json
import os
import random
import struct
import time

import machine

from hal import lines, sntp, tail
from hal.mqtt import MqttClient
from hal.net import TcpStream
from hal.pacer import Pacer
from hal.pins import Outputs, Pinout
from hal.serial import SerialPort
from hal.store import Store
from islet.base.vitals import Vitals

HOME = "/islet"
NETWORK = "network.json"
BUS_TIMEOUT_MS = 2000
EPOCH_S = 946_684_800 if time.gmtime(0)[0] == 2000 else 0  # ESP32 counts from 2000, RP2040 from 1970
CLOCK_FLOOR_S = 1_690_000_000  # a clock that says less was never set: this firmware is younger
ASK_S, ASK_AGAIN_S = 6 * 3600, 60  # of the time server
CONNECT_S, CONNECT_AGAIN_S = 20, (1, 2, 5, 10, 30)
WATCHDOG_MS = 8000  # of 8388 at most on an RP2040
FAIL_PAUSE_MS = 5000  # before a reset, so that the console can be read


def log(text: str) -> None:
    """Print a line that says when."""
    print("islet %s %s" % (time.ticks_ms(), text))


class Clock:
    """UTC by the chip's clock, or nothing while that was never set."""

    def epoch_s(self) -> int:
        """Return s since 1970, 0 when they are not known."""
        now_s = time.time() + EPOCH_S
        return now_s if now_s > CLOCK_FLOOR_S else 0

    def set(self, epoch_s: int) -> None:
        """Set the chip's clock."""
        y, month, day, hour, minute, second, weekday, _ = time.gmtime(epoch_s - EPOCH_S)
        machine.RTC().datetime((y, month, day, weekday, hour, minute, second, 0))


class Network:
    """Keeps the way to the broker open; make(config) returns what connects, with connect() and isconnected()."""

    def __init__(self, config: dict, make, clock: Clock) -> None:
        self._config, self._make, self._clock = config, make, clock

    async def keep(self) -> None:
        """Connect, connect again after a break, and ask for the time."""
        nic = None
        tries = 0
        asked_s = 0
        while True:
            try:
                if nic is None:
                    nic = self._make(self._config)
                if nic.isconnected() or await self._reach(nic):
                    tries = 0
                    asked_s = await self._ask(asked_s)
                    await asyncio.sleep(1)
                    continue
                log("network: no connection")
            except OSError as error:
                log("network: %r" % error)
            await asyncio.sleep(CONNECT_AGAIN_S[min(tries, len(CONNECT_AGAIN_S) - 1)])
            tries += 1

    async def _reach(self, nic) -> bool:
        nic.connect()
        for _ in range(10 * CONNECT_S):
            if nic.isconnected():
                log("network: up")
                return True
            await asyncio.sleep(0.1)
        return False

    async def _ask(self, left_s: int) -> int:
        """Ask for the time when it is due; return in how many seconds it is due again."""
        server = self._config.get("time_server")
        if left_s > 0 or not server:
            return left_s - 1
        try:
            self._clock.set(await sntp.ask(server))
            return ASK_S
        except OSError as error:
            log("time server: %r" % error)
            return ASK_AGAIN_S


class Hardware:
    """What app.py is handed, but for what differs between chips: sampler, pacer, lines, watchdog."""

    lockstep = False
    erases = True  # the store is flash: an erase stops interrupts
    metering = None  # an energy chip's, on a board without samples
    random = random
    pacer: Pacer  # by the chip's sampler

    def __init__(self, pinout: Pinout, make_wiring, serial_lines: tuple, make_nic) -> None:
        """make_wiring(v_nominal_v, f0_hz, set_hz) tells what is connected; serial_lines are rows of lines.named().

        make_nic(config) returns the network's interface. OSError when the store cannot be opened.
        """
        self.outputs = Outputs(pinout)
        self._pinout, self._make_wiring = pinout, make_wiring
        self._lines = lines.named(serial_lines)
        self._watchdog: machine.WDT | None = None
        self.store = Store(HOME, os.sync)
        self.clock = Clock()
        self.status = bytearray(tail.TAIL_BYTES)
        self.vitals = Vitals()
        self._make_nic = make_nic

    def _network(self) -> dict:
        try:
            return json.loads(self.store.load(NETWORK))
        except OSError:
            return {"kind": "none"}

    def jobs(self) -> list:
        """Return what the board does beside the node's own tasks."""
        config = self._network()
        if config["kind"] == "none":
            return []
        return [Network(config, self._make_nic, self.clock).keep()]

    def serial(self, device: str, baud: int, parity: str, stop_bits: int) -> SerialPort:
        """Return a serial line by its name; ValueError when the board has it not."""
        return lines.port(self._lines, device, baud, parity, stop_bits)

    def stream(self, host: str, port: int) -> TcpStream:
        """Return a transport to a device on the bus."""
        return TcpStream(host, port, time.ticks_ms, BUS_TIMEOUT_MS)

    def mqtt(self, host: str, port: int, client_id: str) -> MqttClient:
        """Return a client of the broker."""
        return MqttClient(host, port, client_id, keepalive_s=60)

    def ticks_ms(self) -> int:
        """Return ticks that go on within a cycle, for measuring what takes time on a line."""
        return time.ticks_ms()  # type: ignore[return-value]

    def ticks_us(self) -> int:
        """Return ticks that wrap at 2**30, for measuring run times."""
        return time.ticks_us()  # type: ignore[return-value]

    async def sleep_ms(self, span_ms: int) -> None:
        """Let other tasks run for that long."""
        await asyncio.sleep_ms(span_ms)

    def feed_watchdog(self) -> None:
        """Tell the watchdog, which runs from the first call on, that every task met its deadline."""
        if self._watchdog is None:
            self._watchdog = machine.WDT(timeout=WATCHDOG_MS)
            log("running")
        self._watchdog.feed()
        self.pacer.fed += 1

    def tell(self, pins: int, shed: int, state: int, pace_ms: int, counts: tuple) -> None:
        """Write how the node stands where a rig or a debugger finds it."""
        struct.pack_into(tail.TAIL, self.status, 0, tail.STEP, pins, shed, state, pace_ms, *counts)

    def fail(self, error: Exception) -> None:
        """Tell the console and reset."""
        log("failed: %r" % error)
        time.sleep_ms(FAIL_PAUSE_MS)
        machine.reset()
