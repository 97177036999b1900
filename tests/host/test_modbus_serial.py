"""The RTU client on a serial line to pymodbus's server, on MicroPython and CPython: every function, every fault."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.constants import ExcCodes

from host_tools.hil.paced_line import PacedLine, Pieces, as_it_is
from host_tools.hil.rtu_rig import REFUSED_AT, UNIT, bit, holding, input_register, rtu_frame, served
from host_tools.hil.script import command, environment
from host_tools.hil.unixport import ROOT

pytestmark = pytest.mark.needs("micropython")
BAUD = 115_200
LIMIT_S = 60
SPOILED_AT = 2000  # a read from SPOILED_AT + k is answered by the k-th fault
WELL = 300  # a read from here is not
VALUE = "value"

_SCRIPT = """
import asyncio, errno, json, sys, time
from hal.serial import SerialPort
from islet.drivers.modbus import ModbusError
from islet.drivers.modbus_rtu import ModbusRtu
path, baud, manner, todo = sys.argv[1:]
def monotonic_us():
    return time.monotonic_ns() // 1000 % 2**30
async def main():
    ticks_us = getattr(time, "ticks_us", monotonic_us)
    port = SerialPort(path, ticks_us, int(baud), blocking=manner == "blocking")
    client = ModbusRtu(port, 300, 20, 150)
    await client.connect()
    with open(todo) as file:
        calls = json.load(file)
    for size, name, arguments in calls:
        before = client.discarded
        try:
            data = await getattr(client, name)(*arguments)
            result = list(data[:size]) if data else None
        except ModbusError as error:
            result = "exception %d" % error.code
        except OSError as error:
            result = errno.errorcode[error.errno]
        print(json.dumps([result, client.discarded - before]))
    client.close()
asyncio.run(main())
"""
Call = tuple[int, str, list[Any]]


@pytest.fixture(params=["blocking", "sleeping", "cpython"])
def ask(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[PacedLine, list[Call]], list[list[Any]]]:
    """Return a function that has calls (bytes wanted, method, arguments) made; [result, discarded] of each."""
    script, todo = tmp_path / "ask.py", tmp_path / "calls.json"
    script.write_text(_SCRIPT)

    def asked(line: PacedLine, calls: list[Call], baud: int = BAUD) -> list[list[Any]]:
        todo.write_text(json.dumps(calls))
        words, variables = _how(script, line.client, baud, request.param, todo)
        done = subprocess.run(
            words, env=variables, capture_output=True, text=True, timeout=LIMIT_S, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return [json.loads(text) for text in done.stdout.splitlines()]

    return asked


def _how(script: Path, path: str, baud: int, manner: str, todo: Path) -> tuple[list[str], dict[str, str]]:
    """Return a command and its environment."""
    if manner != "cpython":
        return command(script, path, baud, manner, todo), environment()
    places = os.pathsep.join(str(ROOT / folder) for folder in ("firmware", "boards", "boards/cpython"))
    words = [sys.executable, str(script), path, str(baud), manner, str(todo)]
    return words, {**os.environ, "PYTHONPATH": places}


def octets(values: list[int]) -> list[int]:
    return [byte for value in values for byte in divmod(value, 256)]


def packed(bits: list[bool]) -> list[int]:
    return [
        sum(on << place for place, on in enumerate(bits[k : k + 8])) for k in range(0, len(bits), 8)
    ]  # bit 0 first, clause 6.1 of the protocol


def test_every_function(ask: Any) -> None:
    """What is read is what the server has; what was written is found there by pymodbus's own client."""
    bits = [True, False, True, True, False, False, True, True, True, False]
    calls: list[tuple[Call, list[int] | None]] = [
        ((250, "read", [UNIT, 10, 125]), octets([holding(k) for k in range(10, 135)])),
        ((4, "read_input", [UNIT, 7, 2]), octets([input_register(7), input_register(8)])),
        ((250, "read_bits", [UNIT, 3, 2000]), packed([bit(k) for k in range(3, 2003)])),
        ((2, "read_bits", [UNIT, 5, 11, 2]), packed([bit(k) for k in range(5, 16)])),
        ((0, "write", [UNIT, 100, list(range(1, 124))]), None),
        ((0, "write_single", [UNIT, 300, 0xFFFF]), None),
        ((0, "write_coil", [UNIT, 400, not bit(400)]), None),
        ((0, "write_bits", [UNIT, 500, bits]), None),
        ((6, "read_write", [UNIT, 600, 3, 601, [5]]), octets([holding(600), 5, holding(602)])),
        ((0, "write_single", [0, 700, 77]), None),
        ((2, "read", [UNIT, 700, 1]), octets([77])),
    ]
    with PacedLine(BAUD) as line, served(line, BAUD):
        results = ask(line, [call for call, _ in calls])
        assert results == [[expected, 0] for _, expected in calls]
        assert line.tally.collisions == 0
        assert line.tally.shortest_gap_s >= line.silence_s
        _check_written(line.client, bits)


def _check_written(path: str, bits: list[bool]) -> None:
    client = ModbusSerialClient(path, baudrate=BAUD, timeout=2)
    assert client.connect()  # type: ignore[no-untyped-call]
    try:
        held = client.read_holding_registers(100, count=123, device_id=UNIT)
        assert held.registers == list(range(1, 124))
        assert client.read_holding_registers(300, count=1, device_id=UNIT).registers == [0xFFFF]
        assert client.read_coils(400, count=1, device_id=UNIT).bits[0] is not bit(400)
        assert client.read_coils(500, count=10, device_id=UNIT).bits[:10] == bits
    finally:
        client.close()  # type: ignore[no-untyped-call]


def test_every_exception_code(ask: Any) -> None:
    """The code comes through for reads and writes, and the next request is answered."""
    codes = sorted(code.value for code in ExcCodes)
    calls: list[Call] = [(2, "read", [UNIT, REFUSED_AT + code, 1]) for code in codes]
    calls += [(0, "write_single", [UNIT, REFUSED_AT + code, 1]) for code in codes]
    with PacedLine(BAUD) as line, served(line, BAUD):
        results = ask(line, [*calls, (2, "read", [UNIT, WELL, 1])])
    assert results == [[f"exception {code}", 0] for code in codes * 2] + [[octets([holding(WELL)]), 0]]


def _flip(frame: bytes, at: int) -> bytes:
    return frame[:at] + bytes([frame[at] ^ 0x10]) + frame[at + 1 :]


_OTHER = rtu_frame(9, b"\x03\x04\xde\xad\xbe\xef")
_SHORT = rtu_frame(UNIT, b"\x03\x02\xde\xad")
_INPUT = rtu_frame(UNIT, b"\x04\x04\xde\xad\xbe\xef")
_REFUSAL_OF_OTHER = rtu_frame(9, b"\x83\x02")
_GAP_S = 0.01
FAULTS: list[tuple[str, Callable[[bytes], Pieces], str, int]] = [
    ("value corrupt", lambda f: [(0, _flip(f, 4))], "EIO", 1),
    ("CRC corrupt", lambda f: [(0, _flip(f, len(f) - 1))], "EIO", 1),
    ("unit corrupt", lambda f: [(0, _flip(f, 0))], "ETIMEDOUT", 1),
    ("function corrupt", lambda f: [(0, _flip(f, 1))], "EIO", 1),
    ("length corrupt", lambda f: [(0, _flip(f, 2))], "EIO", 1),
    ("cut by one byte", lambda f: [(0, f[:-1])], "EIO", 1),
    ("cut after the unit", lambda f: [(0, f[:1])], "EIO", 1),
    ("a byte lost", lambda f: [(0, f[:4] + f[5:])], "EIO", 1),
    ("a byte doubled", lambda f: [(0, f[:4] + f[3:])], "EIO", 1),
    ("silence", lambda f: [], "ETIMEDOUT", 0),
    ("another unit's late answer only", lambda f: [(0, _OTHER)], "ETIMEDOUT", 1),
    ("another unit's late answer first", lambda f: [(0, _OTHER), (_GAP_S, f)], VALUE, 1),
    ("another unit's, no gap", lambda f: [(0, _OTHER + f)], VALUE, 1),
    ("another unit's refusal first", lambda f: [(0, _REFUSAL_OF_OTHER), (_GAP_S, f)], VALUE, 1),
    ("late answer of another length first", lambda f: [(0, _SHORT), (_GAP_S, f)], VALUE, 1),
    ("late answer of another function first", lambda f: [(0, _INPUT), (_GAP_S, f)], VALUE, 1),
    ("noise first", lambda f: [(0, b"\x55\xaa\x00\xff\x55\x55\x55"), (2 * _GAP_S, f)], VALUE, 1),
    ("delayed within the latency", lambda f: [(0.12, f)], VALUE, 0),
    ("a pause inside", lambda f: [(0, f[:6]), (0.02, f[6:])], VALUE, 0),
    ("doubled", lambda f: [(0, f + f)], VALUE, 0),
    ("a byte more", lambda f: [(0, f + b"\x00")], VALUE, 0),
]


class Spoiler:
    """Chooses the fault of an answer by the address that was asked for."""

    def __init__(self) -> None:
        self._address = 0

    def on_request(self, frame: bytes) -> Pieces:
        """Let the request pass, and remember its address."""
        self._address = int.from_bytes(frame[2:4], "big")
        return as_it_is(frame)

    def on_answer(self, frame: bytes) -> Pieces:
        """Return what comes of the answer."""
        fault = self._address - SPOILED_AT
        return FAULTS[fault][1](frame) if 0 <= fault < len(FAULTS) else as_it_is(frame)


@pytest.fixture
def spoiled_line() -> Iterator[PacedLine]:
    """Yield a line that spoils answers by their address, with the server at its end."""
    spoiler = Spoiler()
    with (
        PacedLine(BAUD, on_answer=spoiler.on_answer, on_request=spoiler.on_request) as line,
        served(line, BAUD),
    ):
        yield line


def test_every_fault_of_a_frame(ask: Any, spoiled_line: PacedLine) -> None:
    """Each fault has its outcome, no wrong value is taken, and the request after it is answered by its own answer."""
    calls: list[Call] = []
    for k in range(len(FAULTS)):
        calls += [(4, "read", [UNIT, SPOILED_AT + k, 2]), (4, "read", [UNIT, WELL + k, 2])]
    results = ask(spoiled_line, calls)
    assert len(results) == len(calls)
    for k, (name, _, outcome, discarded) in enumerate(FAULTS):
        expected: Any = outcome
        if outcome == VALUE:
            expected = octets([holding(SPOILED_AT + k), holding(SPOILED_AT + k + 1)])
        assert results[2 * k] == [expected, discarded], name
        assert results[2 * k + 1][0] == octets([holding(WELL + k), holding(WELL + k + 1)]), f"after {name}"
    after_doubled = next(2 * k + 1 for k, fault in enumerate(FAULTS) if fault[0] == "doubled")
    assert results[after_doubled][1] == 1  # the second copy


def test_a_copy_that_comes_late_is_no_answer_to_another_question(ask: Any) -> None:
    """It comes 10 ms after the answer, with the next request on its way; its length tells it from the answer."""
    calls: list[Call] = [(2 * count, "read", [UNIT, WELL, count]) for count in (2, 3, 4)]
    with PacedLine(BAUD, on_answer=lambda f: [(0, f), (_GAP_S, f)]) as line, served(line, BAUD):
        results = ask(line, calls)
    assert [data for data, _ in results] == [octets([holding(WELL + k) for k in range(n)]) for n in (2, 3, 4)]
    assert [discarded for _, discarded in results] == [0, 1, 1]


def test_babble_is_an_error_and_no_value(ask: Any) -> None:
    """Noise instead of an answer, for longer than any frame: a time-out."""
    noise = bytes((k * 73 + 41) & 0xFF | 0x40 for k in range(600))
    with PacedLine(BAUD, on_answer=lambda _: [(0.0, noise)]) as line, served(line, BAUD):
        ((result, discarded),) = ask(line, [(2, "read", [UNIT, WELL, 1])])
    assert result == "ETIMEDOUT"
    assert discarded <= 16


def test_long_babble_is_the_trouble_of_whom_was_asked(ask: Any) -> None:
    """A third of a second of noise ends with the request that it answers; the next one is answered as ever."""
    noise = bytes((k * 73 + 41) & 0xFF | 0x40 for k in range(4000))
    answers = iter([noise])
    with PacedLine(BAUD, on_answer=lambda f: [(0.0, next(answers, f))]) as line, served(line, BAUD):
        spoiled, well = ask(line, [(2, "read", [UNIT, WELL, 1]), (2, "read", [UNIT, WELL + 1, 1])])
    assert spoiled[0] == "ETIMEDOUT"
    assert well == [octets([holding(WELL + 1)]), 0]


def test_a_line_of_9600_baud(ask: Any) -> None:
    """The longest answer, 256 ms on the wire, needs no time-out of its own."""
    with PacedLine(9600) as line, served(line, 9600):
        ((result, _),) = ask(line, [(250, "read", [UNIT, 0, 125])], 9600)
        assert line.tally.shortest_gap_s >= line.silence_s
    assert result == octets([holding(k) for k in range(125)])


def test_a_line_that_goes_away(ask: Any) -> None:
    """No such tty: an error, no trace."""
    line = PacedLine(BAUD)
    line.client = "/dev/no_such_tty"
    with pytest.raises(AssertionError, match=r"ENOENT|No such file"):
        ask(line, [])
