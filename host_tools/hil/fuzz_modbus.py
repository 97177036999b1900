"""Fuzzing of all that reads what a Modbus device says: `python -m host_tools.hil.fuzz_modbus --frames 1000000`.

Coverage does not guide it (fuzz_coverage does that): right answers are spoiled at random, length and check sum put
right again half of the time, and whole devices lie in their maps. It ends with code 1 when anything but OSError or
ValueError came out, or when one input took more memory than LIMITS says. The last line is JSON.
"""

import json
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from struct import pack
from typing import Any

import click

from host_tools.hil import hostile
from host_tools.hil.hostile import REQUESTS, UNIT, LateWire, Mutator, Wire, right_pdu, rtu_frame, run
from host_tools.hil.hostile_map import HostileDevice
from host_tools.scan import output
from host_tools.scan.progress import Progress
from host_tools.scan.reader import Reader
from host_tools.scan.search import search
from host_tools.sunspec.images import AnyModel
from host_tools.sunspec.upy.scan import scan
from islet.drivers import modbus, modbus_rtu, modbus_tcp
from islet.drivers.modbus_rtu import ModbusRtu
from islet.drivers.modbus_tcp import ModbusTcp
from islet.drivers.sunspec import SunSpecDevice

SEED = 1
REFUSED = 0.1  # of the answers before they are spoiled
_FOR_EVER_S = float("inf")
SHARES = {"pdu": 0.35, "tcp": 0.2, "rtu": 0.2, "walk": 0.1, "points": 0.1, "scan": 0.05}
# bytes that may be taken at once, by Python's objects too: a frame, exceptions, 64 models, a model of 1024 registers
LIMITS = {"pdu": 4096, "tcp": 8192, "rtu": 8192, "walk": 16_384, "points": 1 << 22, "scan": 1 << 23}
OVER_DEVICE = ("walk", "points", "scan")


@dataclass
class Tally:
    """What came of a target: frames, how they ended, what must not happen, the most memory that one input took."""

    frames: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    unexpected: Counter[str] = field(default_factory=Counter)
    largest_bytes: int = 0
    seconds: float = 0.0


class Clients:
    """The clients on transports that give what they are told."""

    def __init__(self, seed: int) -> None:
        self.mutator = Mutator(seed)
        self.wire, self.line = Wire(modbus_tcp.ADU_MAX), LateWire(modbus_rtu.ADU_MAX)
        self.tcp, self.rtu = ModbusTcp(self.wire), ModbusRtu(self.line, latency_ms=0)
        self._transaction = 0
        self._buffer = bytearray(modbus.PDU_MAX + 300)

    def prepare_pdu(self) -> Callable[[], Any]:
        """Return the check of a spoiled PDU as the clients do it."""
        request, body = self._request()
        data = self.mutator.spoiled(body[1:])
        self._buffer[: len(data)] = data
        _, arguments, function, size = request
        if size:
            return lambda: modbus.check_data(self._buffer, 0, len(data), function, size)
        echo = hostile.ECHO[function]
        return lambda: modbus.check_write(self._buffer, 0, len(data), function, arguments[1], echo)

    def prepare_rtu(self) -> Callable[[], Any]:
        """Return a request on a serial line whose answer is spoiled before or behind its check sum."""
        request, body = self._request()
        if self.mutator.random.random() < 0.5:
            self.line.coming = rtu_frame(self.mutator.spoiled(body)[: hostile.MOST_PIECE])
        else:
            self.line.coming = self.mutator.spoiled(rtu_frame(body))
        run(self.rtu.connect())
        return self._call(self.rtu, request)

    def prepare_tcp(self) -> Callable[[], Any]:
        """Return a request whose answer is spoiled before or behind its head, on a connection kept while it lasts."""
        request, body = self._request()
        if not self.tcp.connected:
            run(self.tcp.connect())
        self._transaction = (self._transaction + 1) & 0xFFFF
        spoiled = self.mutator.random.random() < 0.5
        body = self.mutator.spoiled(body) if spoiled else body
        frame = pack(">HHH", self._transaction, 0, len(body)) + body
        self.wire.left += frame if spoiled else self.mutator.spoiled(frame)
        return self._call(self.tcp, request)

    def _request(self) -> tuple[hostile.Request, bytes]:
        """Return a request with unit and PDU of its answer, one time in ten a refusal."""
        source = self.mutator.random
        request = source.choice(REQUESTS)
        if source.random() < REFUSED:
            return request, bytes([UNIT, request[2] | modbus.ERROR_FLAG, source.randrange(256)])
        return request, bytes([UNIT]) + right_pdu(request, source.randbytes(8))

    def _call(self, client: Any, request: hostile.Request) -> Callable[[], Any]:
        name, arguments, _, _ = request
        return lambda: run(getattr(client, name)(*arguments))


class Fuzz:
    """All targets; `steps` by name."""

    def __init__(self, seed: int = SEED) -> None:
        clients, self._device = Clients(seed), HostileDevice(seed)
        self._client = ModbusTcp(self._device)
        self.tallies = {name: Tally() for name in SHARES}
        self._prepare: dict[str, Callable[[], Callable[[], Any]]] = {
            "pdu": clients.prepare_pdu,
            "tcp": clients.prepare_tcp,
            "rtu": clients.prepare_rtu,
            "walk": lambda: self._over_device(lambda: SunSpecDevice(self._client, UNIT).discover()),
            "points": lambda: self._over_device(lambda: scan(AnyModel(self._client, UNIT), lambda *_: None)),
            "scan": lambda: self._over_device(self._scan),
        }

    def _over_device(self, make: Callable[[], Any]) -> Callable[[], Any]:
        self._device.change()
        run(self._client.connect())
        return lambda: run(make())

    async def _scan(self) -> None:
        reader = Reader(self._client, _FOR_EVER_S)
        outcome = await search(reader, (UNIT,), [], Progress())
        json.loads(output.as_json(outcome.devices))
        list(output.text_lines(outcome.devices))

    def run(self, name: str, frames: int) -> Tally:
        """Give a target so many frames, or a few more."""
        tally, began_s = self.tallies[name], time.perf_counter()
        wanted = tally.frames + frames
        while tally.frames < wanted:
            self._one(name, tally)
        tally.seconds += time.perf_counter() - began_s
        return tally

    def _one(self, name: str, tally: Tally) -> None:
        before = self._device.frames
        work = self._prepare[name]()
        tracemalloc.reset_peak()
        level = tracemalloc.get_traced_memory()[0]
        end = _end_of(work)
        taken_bytes = tracemalloc.get_traced_memory()[1] - level
        tally.largest_bytes = max(tally.largest_bytes, taken_bytes)
        tally.frames += (self._device.frames - before) if name in OVER_DEVICE else 1
        tally.ends[end] += 1
        if taken_bytes > LIMITS[name]:
            tally.unexpected[f"{name}: more than {LIMITS[name]} bytes"] += 1
        if not end.startswith(("value", "OSError", "ModbusError", "ValueError")):
            tally.unexpected[end] += 1


def _end_of(work: Callable[[], Any]) -> str:
    """Return how it ended: value, or the kind of exception with its errno or code."""
    try:
        work()
    except modbus.ModbusError as error:
        return f"ModbusError {error.code if error.code <= 11 else 'above 11'}"
    except OSError as error:
        return f"OSError {error.errno}"
    except Exception as error:  # what this is looking for
        return repr(error)[:100]
    return "value"


@click.command()
@click.option("--frames", default=1_000_000, show_default=True, help="How many, over all targets.")
@click.option("--seed", default=SEED, show_default=True)
def main(frames: int, seed: int) -> None:
    """Fuzz, tell target by target, exit with 1 when something came out that must not."""
    tracemalloc.start()
    fuzz = Fuzz(seed)
    for name, share in SHARES.items():
        tally = fuzz.run(name, round(frames * share))
        print(
            f"{name}: {tally.frames} frames in {tally.seconds:.0f} s, at most {tally.largest_bytes} bytes at once"
        )
        print(f"  {dict(tally.ends.most_common())}", flush=True)
    wrong = sum((tally.unexpected for tally in fuzz.tallies.values()), Counter())
    told = {
        "frames": sum(tally.frames for tally in fuzz.tallies.values()),
        "unexpected": dict(wrong),
        "largest_bytes": {name: tally.largest_bytes for name, tally in fuzz.tallies.items()},
        "seconds": round(sum(tally.seconds for tally in fuzz.tallies.values()), 1),
    }
    print(json.dumps(told))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
