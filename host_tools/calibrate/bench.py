"""The simulated bench: a device's process on the unix port, and a source, loads and transducers with known errors."""

import contextlib
import math
import socket
import struct
import subprocess
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from host_tools.calibrate.upy.samples import bench_wiring
from host_tools.errors import RunError
from host_tools.hil.script import command, environment
from host_tools.plant.adc import e11_widths, rp2040
from host_tools.plant.meter_signal import MeterSignal, Wave

DEVICE = Path(__file__).parent / "upy" / "device.py"
HEAP_KB = 1000
STOP_TIMEOUT_S = 3.0
DIGITS = 5  # of the reference meter's readings


class Load(NamedTuple):
    """What is connected: V at the terminals, A through each CT, and by how much the current lags."""

    v: float = 230.0
    a: float = 0.0
    lag_rad: float = 0.0
    harmonic_pu: float = 0.0  # third harmonic of the current


@dataclass(frozen=True)
class Faults:
    """What is wrong with the bench's transducers, and with its supply."""

    gains: tuple[tuple[str, float], ...] = ()
    leads_rad: tuple[tuple[str, float], ...] = ()
    crosstalk_a: float = 0.0  # picked up by each current input, in phase with the voltage
    hz: float = 50.013  # locked to the sampling, it would meet few codes
    adc_seed: int = 0
    reversed_ct: bool = False

    @classmethod
    def drawn(cls, seed: int) -> "Faults":
        """Return a bench whose errors are drawn: gains within 4 %, CTs leading by 0.2 to 2 degrees."""
        rng = np.random.default_rng([seed, 7])
        names = [(channel.name, channel.is_voltage()) for channel in bench_wiring().channels]
        gains = tuple((name, 1.0 + float(rng.uniform(-0.04, 0.04))) for name, _ in names)
        leads = tuple((n, math.radians(float(rng.uniform(0.2, 2.0)))) for n, is_v in names if not is_v)
        crosstalk_a = float(rng.uniform(0.01, 0.05))
        return cls(gains, leads, crosstalk_a, 50.0 + float(rng.uniform(-0.03, 0.03)), seed)


class Bench:
    """A transport to the simulated device; `connect` changes the load between two requests."""

    def __init__(self, home: Path, faults: Faults = Faults(), seed: int = 0) -> None:
        """Start the device, whose store is the folder; RunError when it does not start."""
        self.load = Load()
        self._wiring = bench_wiring()
        self._faults = faults
        gains, leads = dict(faults.gains), dict(faults.leads_rad)
        sign = {
            c.name: -1.0 if faults.reversed_ct and not c.is_voltage() else 1.0 for c in self._wiring.channels
        }
        names = [channel.name for channel in self._wiring.channels]
        errors = {n: (sign[n] * gains.get(n, 1.0), leads.get(n, 0.0)) for n in names}
        adc = rp2040(e11_widths(faults.adc_seed))
        self._signal = MeterSignal(self._wiring, {}, faults.hz, seed, adc, errors)
        self._stop = threading.Event()
        home.mkdir(parents=True, exist_ok=True)
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - closed by close()
        self.connect(self.load)
        self._start(home)

    def _start(self, home: Path) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._server.settimeout(0.2)
        port = self._server.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self._process = subprocess.Popen(
            command(DEVICE, port, home, heap_kb=HEAP_KB),
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
        )

    def connect(self, load: Load) -> None:
        """Connect a load to both currents; what they pick up from the voltage is added."""
        self.load = load
        waves = {}
        for channel in self._wiring.channels:
            if channel.is_voltage():
                waves[channel.name] = Wave(load.v)
                continue
            base = max(load.a, 1e-6)  # crosstalk is told in shares of the current
            parts = [(1.0, self._faults.crosstalk_a / base, load.lag_rad)]  # turned back to the voltage
            if load.harmonic_pu:
                parts.append((3.0, load.harmonic_pu, 0.0))
            waves[channel.name] = Wave(base, -load.lag_rad, tuple(parts))
        self._signal.waves = waves

    def reference(self) -> dict[str, float]:
        """Return what a reference meter shows: the truth, to DIGITS digits."""
        load = self.load
        a = load.a * math.sqrt(1.0 + load.harmonic_pu**2)
        w, var = (load.v * load.a * f(load.lag_rad) for f in (math.cos, math.sin))
        told = {"v": load.v, "a": a, "w": w, "var": var}
        told |= {"pf": w / (load.v * a)} if a else {}
        return {name: float(f"{value:.{DIGITS}g}") for name, value in told.items()}

    def _serve(self) -> None:
        """Give the device the windows it asks for, until the bench closes."""
        with contextlib.suppress(OSError), self._server:
            device = self._accept()
            while device and (head := device.recv(2)):
                sets = struct.unpack("<H", head)[0]
                device.sendall(self._signal.codes(sets).astype("<u2").tobytes())

    def _accept(self) -> socket.socket | None:
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                return self._server.accept()[0]
        return None

    def exchange(self, line: bytes) -> bytes:
        """Send a line to the device, return its answer's."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        answer = b""
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(line)
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        if not answer:
            self._log.seek(0)
            raise RunError(f"the simulated device ended:\n{self._log.read().decode(errors='replace')[-800:]}")
        return answer

    def close(self) -> None:
        """End the device."""
        self._stop.set()
        for stream in (self._process.stdin, self._process.stdout):
            if stream:
                with contextlib.suppress(BrokenPipeError):
                    stream.close()
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._thread.join()
        self._log.close()
